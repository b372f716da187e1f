"""What the bot says in one call: sentences to sound, sound to frames, and what of it was really heard."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from math import inf

import structlog

from app.call.spoken_ahead import SpokenAhead
from app.errors import ProviderError
from app.media.phrases import PhraseCache
from app.media.playout import Playout
from app.ops import metrics
from app.providers.ladder import VoiceLadder
from ext.playout import PlayoutBuffer

log = structlog.get_logger(__name__)

QUEUE_FULL_WAIT_S = 0.2
MAX_KEPT_CHARACTERS = 60
"""Sentences of up to 4 s may come again ("Merci, Pierre.") and are worth their memory."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was heard of one speech.

    Attributes:
        text: the words that left; a sentence cut short ends in "…".
        started_s: when its first sound left.
        interrupted: the caller cut it short.
    """

    text: str
    started_s: float
    interrupted: bool


class Mouth:
    """The bot's side of one call's sound.

    Args:
        cache: speech spoken before.
        voice: who speaks the rest.
        on_first_sound: the first frame of a speech (not of a filler) has just left, at this time.
        on_done: a speech was heard to its end.
        on_change: `follow` must look again.
        on_sentence: a sentence is about to sound.
    """

    def __init__(
        self,
        cache: PhraseCache,
        voice: VoiceLadder,
        on_first_sound: Callable[[float], None],
        on_done: Callable[[Said], None],
        on_change: Callable[[], None],
        on_sentence: Callable[[str], None],
    ) -> None:
        self._cache = cache
        self._voice = voice
        self._on_first_sound = on_first_sound
        self._on_done = on_done
        self._on_change = on_change
        self._on_sentence = on_sentence
        self._ahead: SpokenAhead | None = None
        """The next speech's first sentence, perhaps."""
        self._playout = Playout()
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._filler: asyncio.Task[None] | None = None
        self._stopping: set[asyncio.Task[None]] = set()
        self._answer_start_samples = 0
        """Where the answer begins in the speech: after the filler, if there was one."""
        self._filling = False
        self._first_sound_s: float | None = None
        self._first_sound_told = False
        self._underruns = 0
        self.busy = False
        """A speech was begun and not yet heard to its end."""

    @property
    def buffer(self) -> PlayoutBuffer:
        """Where the frames come from."""
        return self._playout.buffer

    @property
    def remaining_s(self) -> float:
        """Sound that is queued; more may still be spoken."""
        return self._playout.queued_s

    @property
    def has_sound(self) -> bool:
        """Something of this speech has been made to sound."""
        return self.busy and self._playout.has_sound

    @property
    def speaks(self) -> bool:
        """A speech is under way, not a mere filler: that is no answer, and no reason not to take the caller's words."""
        return self.busy and not self._filling

    @property
    def sounds(self) -> bool:
        """The caller hears something just now."""
        return self._playout.speaking

    @property
    def held(self) -> bool:
        """It waits in mid-sentence."""
        return self._playout.paused

    @property
    def said(self) -> str:
        """What was heard so far of the speech under way; "" when there is none."""
        return self._playout.heard_words(cut=True) if self.busy else ""

    @property
    def began_s(self) -> float:
        """When its first sound left; now, if none has."""
        return self._first_sound_s if self._first_sound_s is not None else self._loop.time()

    def hold(self, held: bool) -> None:
        """Falls silent with the next frame, or goes on where it did."""
        if held != self._playout.paused:
            self._playout.pause() if held else self._playout.resume()

    def prepare(self, text: str) -> None:
        """Has a sentence spoken that may be said next."""
        self.forget()
        if not self._cache.get(text):
            self._ahead = SpokenAhead(text, self._voice.speak(text))

    def forget(self) -> int:
        """What was prepared is not said.

        Returns:
            How many characters were spoken in vain.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return 0
        ahead.stop()
        return len(ahead.text)

    def say(self, sentences: Sequence[str] | AsyncGenerator[str, None]) -> None:
        """Starts a speech. One still under way is cut, but a filler is heard out first."""
        self._stop_tasks()
        if not (self.busy and self._filling):
            self._begin()
        self._filling = False
        self._answer_start_samples = self._playout.pushed_samples
        self._task = asyncio.create_task(self._speak(sentences, self._playout.epoch), name="mouth")
        self._task.add_done_callback(lambda _task: self._on_change())

    def fill(self, text: str) -> None:
        """Says a short phrase, as long as no speech under way has sound yet."""
        if self.has_sound:
            return
        if pcm := self._cache.get(text):
            self._fill(text, pcm)
        else:  # never spoken before, perhaps because the voice is down: the local one says it at once
            self._filler = asyncio.create_task(self._fill_locally(text), name="filler")

    def interrupt(self) -> Said | None:
        """Falls silent within a frame; returns what was heard of the speech, None if nothing."""
        self._stop_tasks()
        words = self._playout.interrupt()
        was_busy, self.busy = self.busy, False
        if not was_busy or self._first_sound_s is None:
            return None
        return Said(words, self._first_sound_s, interrupted=True)

    def follow(self, now_s: float) -> float:
        """A frame has left, and speech began or ended with it; or something else may have changed.

        Returns:
            When to look again at the latest.
        """
        playout = self._playout
        if playout.underruns != self._underruns:
            metrics.PLAYOUT_UNDERRUNS.inc(playout.underruns - self._underruns)
            self._underruns = playout.underruns
        if not self.busy:
            return inf
        if playout.speaking and not self._first_sound_told:
            self._note_sound(now_s)
        if playout.idle and (self._task is None or self._task.done()):
            self._finish_speech()
        # While a filler sounds, the answer's first frame is no change that the line would tell.
        return now_s if playout.speaking and not self._first_sound_told else inf

    async def close(self) -> None:
        """Stops speaking."""
        self.forget()
        self._stop_tasks()
        if self._stopping:
            await asyncio.wait(self._stopping, timeout=1.0)

    def _begin(self) -> None:
        self._playout.begin()
        self._answer_start_samples = 0
        self._filling = False
        self._first_sound_s = None
        self._first_sound_told = False
        self.busy = True

    def _note_sound(self, now_s: float) -> None:
        if self._first_sound_s is None:
            self._first_sound_s = now_s
        if self._playout.heard_samples > self._answer_start_samples:
            self._first_sound_told = True
            self._on_first_sound(now_s)

    def _finish_speech(self) -> None:
        self.busy = False
        started_s = self._first_sound_s if self._first_sound_s is not None else self._loop.time()
        self._on_done(Said(self._playout.heard_words(), started_s, interrupted=False))

    async def _speak(self, sentences: Sequence[str] | AsyncGenerator[str, None], epoch: int) -> None:
        try:
            if isinstance(sentences, AsyncGenerator):
                async with aclosing(sentences):
                    async for text in sentences:
                        epoch = await self._speak_one(text, epoch)
            else:
                for text in sentences:
                    epoch = await self._speak_one(text, epoch)
        except ProviderError as error:
            # Nobody could say it, not even the local voice: the dialogue goes on, the silence is noticed.
            log.error("speech lost", provider=error.provider, detail=error.detail)
        except Exception:
            log.exception("speech lost")
        else:
            return
        self._playout.end_sentence(self._playout.epoch)

    async def _speak_one(self, text: str, epoch: int) -> int:
        """Makes one sentence sound; returns the epoch in which the next one goes on."""
        if cached := self._cache.get(text):
            self._start_sentence(text)
            await self._push(cached, epoch)
            self._playout.end_sentence(epoch)
            return epoch
        pieces: list[bytes] = []
        started, own = False, True
        async with aclosing(self._spoken(text)) as stream:
            async for pcm, by_own_voice in stream:
                if started and own and not by_own_voice:
                    # The local voice says a broken sentence again, once those before it were heard.
                    await asyncio.sleep(self._playout.before_last_sentence_s)
                    epoch = self._playout.take_back_sentence()
                    started = False
                if not started:
                    self._start_sentence(text)
                    started = True
                own = by_own_voice
                if len(text) <= MAX_KEPT_CHARACTERS:
                    pieces.append(pcm)
                await self._push(pcm, epoch)
                del pcm  # as in the ladder: not kept while the next is waited for
        if own and pieces:
            self._cache.keep(text, b"".join(pieces))
        self._playout.end_sentence(epoch)
        return epoch

    def _spoken(self, text: str) -> AsyncGenerator[tuple[bytes, bool], None]:
        """The sound of a sentence: spoken ahead, or from now on."""
        ahead = self._ahead
        if ahead is None or ahead.text != text:
            return self._voice.speak(text)
        self._ahead = None
        return ahead.pieces()

    def _start_sentence(self, text: str) -> None:
        self._playout.start_sentence(text)
        self._on_sentence(text)

    async def _push(self, pcm: bytes, epoch: int) -> None:
        while True:
            pcm = self._playout.push(epoch, pcm, self._loop.time())
            if not pcm:
                return
            await asyncio.sleep(QUEUE_FULL_WAIT_S)

    def _fill(self, text: str, pcm: bytes) -> None:
        if not self.busy:
            self._begin()
            self._filling = True
        epoch = self._playout.epoch
        self._start_sentence(text)
        self._playout.push(epoch, pcm, self._loop.time())
        self._playout.end_sentence(epoch)
        self._answer_start_samples = self._playout.pushed_samples

    async def _fill_locally(self, text: str) -> None:
        pieces = []
        try:
            async with aclosing(self._voice.speak_locally(text)) as stream:
                async for pcm in stream:
                    pieces.append(pcm)
        except ProviderError as error:
            log.error("speech lost", provider=error.provider, detail=error.detail)
        if pieces and not self.has_sound:
            self._fill(text, b"".join(pieces))

    def _stop_tasks(self) -> None:
        for task in (self._task, self._filler):
            if task is not None and not task.done():
                task.cancel()
                self._stopping.add(task)
                task.add_done_callback(self._stopping.discard)
        self._task = self._filler = None
