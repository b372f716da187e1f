"""What the bot says in one call: sentences to sound, sound to frames, and what of it was really heard."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from app.errors import ProviderError
from app.media.clock import FRAME_S
from app.media.phrases import PhraseCache
from app.ops import metrics
from app.providers.ladder import VoiceLadder
from ext.playout import PlayoutBuffer

log = structlog.get_logger(__name__)

COMFORT_NOISE_DB = -70.0
"""A line that is digitally silent sounds dead (ITU-T G.711 Appendix II asks for comfort noise)."""
QUEUE_FULL_WAIT_S = 0.2
SAMPLE_RATE_HZ = 8000


@dataclass(slots=True)
class Mark:
    """One sentence in the stream of sound."""

    text: str
    start_samples: int
    end_samples: int | None = None


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
    """

    def __init__(
        self,
        cache: PhraseCache,
        voice: VoiceLadder,
        on_first_sound: Callable[[float], None],
        on_done: Callable[[Said], None],
    ) -> None:
        self._cache = cache
        self._voice = voice
        self._on_first_sound = on_first_sound
        self._on_done = on_done
        self._playout = PlayoutBuffer(comfort_noise_db=COMFORT_NOISE_DB)
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._filler: asyncio.Task[None] | None = None
        self._marks: list[Mark] = []
        self._pushed_samples = 0
        self._base_samples = 0
        self._first_sound_s: float | None = None
        self._speech_start_samples = 0
        self._filling = False
        self._first_sound_told = False
        self._underruns = 0
        self.busy = False
        """A speech was begun and not yet heard to its end."""

    @property
    def remaining_s(self) -> float:
        """Sound that is queued; more may still be spoken."""
        return self._playout.queued_samples / SAMPLE_RATE_HZ

    @property
    def has_sound(self) -> bool:
        """Something of this speech has been made to sound."""
        return self.busy and bool(self._marks)

    @property
    def filling(self) -> bool:
        """Only a filler is being said: it is no answer, and no reason not to take the caller's words."""
        return self.busy and self._filling

    def say(self, sentences: Sequence[str] | AsyncGenerator[str, None]) -> None:
        """Starts a speech. One still under way is cut, but a filler is heard out first."""
        self._stop_task()
        if not (self.busy and self._filling):
            if self._playout.queued_samples:
                self._playout.interrupt()
            self._begin()
        self._filling = False
        self._speech_start_samples = self._pushed_samples
        self._task = asyncio.create_task(self._speak(sentences, self._playout.epoch), name="mouth")

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
        self._stop_task()
        started_s = self._first_sound_s
        played = self._playout.played_samples
        self._playout.interrupt()
        was_busy, self.busy = self.busy, False
        if not was_busy or started_s is None:
            return None
        return Said(self._heard(played - self._base_samples, cut=True), started_s, interrupted=True)

    def tick(self) -> bytes:
        """The next 20 ms: one whole AudioSocket frame."""
        frame = self._playout.pull()
        if self._playout.speaking and self.busy and not self._first_sound_told:
            now_s = self._loop.time()
            if self._first_sound_s is None:
                self._first_sound_s = now_s
            if self._playout.played_samples - self._base_samples > self._speech_start_samples:
                self._first_sound_told = True
                self._on_first_sound(now_s)
        if self.busy and self._playout.idle and (self._task is None or self._task.done()):
            self.busy = False
            heard = self._playout.played_samples - self._base_samples
            started_s = self._first_sound_s if self._first_sound_s is not None else self._loop.time()
            self._on_done(Said(self._heard(heard, cut=False), started_s, interrupted=False))
        if self._playout.underruns != self._underruns:
            metrics.PLAYOUT_UNDERRUNS.inc(self._playout.underruns - self._underruns)
            self._underruns = self._playout.underruns
        return frame

    async def close(self) -> None:
        """Stops speaking."""
        tasks = [task for task in (self._task, self._filler) if task is not None]
        self._stop_task()
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)

    def _begin(self) -> None:
        self._marks.clear()
        self._base_samples = self._playout.played_samples
        self._pushed_samples = 0
        self._first_sound_s = None
        self._first_sound_told = False
        self._filling = False
        self._speech_start_samples = 0
        self.busy = True

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
            self._playout.finish(self._playout.epoch)

    async def _speak_one(self, text: str, epoch: int) -> int:
        """Makes one sentence sound; returns the epoch in which the next one goes on."""
        if cached := self._cache.get(text):
            mark = self._start_mark(text)
            await self._push(cached, epoch)
        else:
            mark, pieces, own = None, [], True
            async with aclosing(self._voice.speak(text)) as stream:
                async for pcm, by_own_voice in stream:
                    if mark is not None and own and not by_own_voice:
                        epoch = await self._take_back(mark)
                        mark = None
                    mark = mark or self._start_mark(text)
                    own = by_own_voice
                    pieces.append(pcm)
                    await self._push(pcm, epoch)
            if own and pieces:
                self._cache.keep(text, b"".join(pieces))
        if mark is not None:
            mark.end_samples = self._pushed_samples
        self._playout.finish(epoch)
        return epoch

    async def _take_back(self, broken: Mark) -> int:
        """Drops what is queued of a sentence that its voice could not finish; returns the new epoch."""
        before_it_samples = broken.start_samples - (self._playout.played_samples - self._base_samples)
        if before_it_samples > 0:  # the sentences before it are heard first
            await asyncio.sleep(before_it_samples / SAMPLE_RATE_HZ + FRAME_S)
        epoch = self._playout.interrupt()
        self._pushed_samples = self._playout.played_samples - self._base_samples
        self._marks.remove(broken)
        return epoch

    async def _push(self, pcm: bytes, epoch: int) -> None:
        while pcm:
            accepted = self._playout.push(epoch, pcm, self._loop.time())
            self._pushed_samples += accepted
            pcm = pcm[accepted * 2 :]
            if pcm:
                if epoch != self._playout.epoch:
                    return
                await asyncio.sleep(QUEUE_FULL_WAIT_S)

    def _fill(self, text: str, pcm: bytes) -> None:
        if not self.busy:
            self._begin()
            self._filling = True
        mark = self._start_mark(text)
        self._pushed_samples += self._playout.push(self._playout.epoch, pcm, self._loop.time())
        mark.end_samples = self._speech_start_samples = self._pushed_samples
        self._playout.finish(self._playout.epoch)

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

    def _start_mark(self, text: str) -> Mark:
        mark = Mark(text, self._pushed_samples)
        self._marks.append(mark)
        return mark

    def _heard(self, played_samples: int, *, cut: bool) -> str:
        """The words of what left, by position: history is what was heard."""
        words = []
        for mark in self._marks:
            end = mark.end_samples if mark.end_samples is not None else self._pushed_samples
            if not cut or played_samples >= end:
                words.append(mark.text)
            elif played_samples > mark.start_samples:
                share = (played_samples - mark.start_samples) / max(end - mark.start_samples, 1)
                all_words = mark.text.split()
                words.append(" ".join(all_words[: max(1, int(len(all_words) * share))]) + "…")
        return " ".join(words)

    def _stop_task(self) -> None:
        for task in (self._task, self._filler):
            if task is not None:
                task.cancel()
        self._task = self._filler = None
