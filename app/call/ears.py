"""What the caller says in one call: sound to voice activity and words, words to turns."""

import asyncio
from collections.abc import Callable
from math import inf

import structlog

from app.dialogue.echo import Echo
from app.dialogue.states import Endpointing
from app.dialogue.turn_events import FinalizeWanted, TurnEvent
from app.dialogue.turn_words import Completeness
from app.dialogue.turns import Turns
from app.errors import ProviderError
from app.ops import metrics
from app.providers.base import SpeechSession, SpeechToText, Transcript
from app.providers.ladder import open_ears
from ext.line import Inbound
from ext.tracks import Tracks

log = structlog.get_logger(__name__)

CLOSE_TIMEOUT_S = 3.0
REOPENINGS = 2
"""How often in a row ears that died in mid-call are opened anew."""
ECHO_AGE_S = 0.6
"""The bot's own sound may come back so late, and its words seem to begin so much later than they did."""
HEALTHY_S = 30.0
"""Ears that lived so long died of something new."""


class Ears:
    """The caller's side of one call.

    Args:
        recogniser: where sound becomes words.
        tracks: record the caller.
        piece_ms: sound goes to the recogniser in pieces of this length.
        completeness: judges what the caller has said so far.
        words_only: the caller's voice alone does not make the bot pause.
        on_event: turn events, on the loop; `FinalizeWanted` too, when the final words are being waited for.
        on_change: words came, or `follow` must look again.
        on_lost: nobody hears this caller any more.

    Attributes:
        echo: to be told what the bot says.
    """

    def __init__(
        self,
        recogniser: SpeechToText,
        tracks: Tracks,
        piece_ms: int,
        completeness: Completeness,
        words_only: bool,
        on_event: Callable[[TurnEvent], None],
        on_change: Callable[[], None],
        on_lost: Callable[[ProviderError], None],
    ) -> None:
        self._recogniser = recogniser
        self._on_event = on_event
        self._on_change = on_change
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self.inbound = Inbound(tracks, piece_ms, None, self._loop.time())
        self.turns = Turns(completeness, recogniser.ends_turns, words_only=words_only)
        self.echo = Echo()
        self._bot_sounds = False
        self._bot_sounded_s = -inf
        self._voiced = False
        self._session: SpeechSession | None = None
        self._opening: asyncio.Task[None] | None = None
        self._openings = 0
        self._opened_s = 0.0
        self._unsent_from_samples = 0
        """While there is no recogniser: where the sound begins that waits for one, counted from the call's first."""
        self._finalizing = False
        self._session_start_samples = 0
        self._cut_samples = 0
        self._closed = False
        self._lost = False
        """Given up: `_opening` closes the last session."""

    @property
    def voiced(self) -> bool:
        """The caller's voice is heard just now."""
        return self.inbound.voice.speaking

    @property
    def voice_ended_s(self) -> float:
        """When the caller's voice was last heard."""
        return self.inbound.voice_ended_s

    def expect(self, endpointing: Endpointing) -> None:
        """What the bot asks for with what it says next."""
        self.turns.expects = endpointing
        if self._session is not None:
            self._session.expect(endpointing)

    def follow_bot(self, now_s: float, *, speaks: bool, sounds: bool) -> None:
        """What the bot does: needed when it changes.

        Args:
            now_s: the time.
            speaks: a speech is under way.
            sounds: the latest frame carried some of it.
        """
        self.turns.bot_speaks = speaks
        if sounds or self._bot_sounds:
            self._bot_sounded_s = now_s
        self._bot_sounds = sounds

    def follow(self, now_s: float) -> float:
        """Voice activity may have changed, or time passed.

        With the caller's first frame, or when none has come for 0.2 s, it is known what the recogniser will be sent:
        then it is connected. Sound that arrives meanwhile waits.

        Returns:
            When to look again at the latest.
        """
        inbound = self.inbound
        if self._opening is None and inbound.heard_hz and not self._closed:
            self._openings += 1
            self._opening = asyncio.create_task(self._open(), name="ears")
        self.turns.in_noise = inbound.voice.in_noise
        self.turns.bot_silent_since(now_s - inbound.voice.own_silence_s)
        if inbound.voice.speaking != self._voiced:
            self._voiced = inbound.voice.speaking
            self.turns.on_voice(self._voiced, inbound.voice_began_s if self._voiced else inbound.voice_ended_s)
        self._tell(self.turns.on_tick(now_s))
        return self.turns.deadline_s(now_s)

    async def close(self) -> None:
        """Ends the stream; bounded, never raises."""
        self._closed = True
        if self._opening is not None:
            if not self._lost:
                self._opening.cancel()
            await asyncio.wait([self._opening], timeout=CLOSE_TIMEOUT_S)
        session = self._without_session()
        if session is not None:
            await session.close()

    async def _open(self) -> None:
        try:
            session = await open_ears(self._recogniser, self._heard, self._died, self.inbound.heard_hz)
        except ProviderError as error:
            self._on_lost(error)
            return
        self._opened_s = self._loop.time()
        # What the ears before these heard, but had not put into final words, is heard again; so is what waited.
        recent = self.inbound.recent
        self._session_start_samples = self.inbound.handed_samples - recent.samples
        self._session = session
        session.expect(self.turns.expects)
        session.send(recent.pcm())
        if self._session is session:  # it may have died of that
            self.inbound.on_piece = session.send  # no line of ours in between: it is called 25 times a second
        if self._finalizing:
            session.finalize()

    def _without_session(self) -> SpeechSession | None:
        """From here on sound waits; returns the recogniser that it went to."""
        session, self._session = self._session, None
        self.inbound.on_piece = None
        self._unsent_from_samples = self.inbound.handed_samples
        return session

    @property
    def _sent_samples(self) -> int:
        """Up to where a recogniser has got the sound."""
        return self.inbound.handed_samples if self._session is not None else self._unsent_from_samples

    def _heard(self, transcript: Transcript) -> None:
        if self._closed:
            return
        # What comes late for a turn that has ended must not begin the next one.
        end_samples = self._session_start_samples + round(transcript.end_s * self.inbound.heard_hz)
        if transcript.is_final:
            self.inbound.recent.keep(self.inbound.handed_samples - min(end_samples, self._sent_samples))
        self._finalizing = self._finalizing and not transcript.answers_finalize
        if end_samples <= self._cut_samples:
            return
        self._tell(
            self.turns.on_words(
                self._without_echo(transcript),
                self._loop.time(),
                is_final=transcript.is_final,
                ends_turn=transcript.ends_turn,
                may_end_turn=transcript.may_end_turn,
                answers_finalize=transcript.answers_finalize,
            )
        )
        self._on_change()

    def _without_echo(self, transcript: Transcript) -> str:
        """The words, without those of the bot that came back over the line."""
        if not transcript.text:
            return ""
        start_samples = self._session_start_samples + transcript.start_s * self.inbound.heard_hz
        began_s = self._loop.time() - (self._sent_samples - start_samples) / self.inbound.heard_hz
        if not self._bot_sounds and began_s > self._bot_sounded_s + ECHO_AGE_S:
            return transcript.text
        inbound = self.inbound
        voiced = inbound.voice_ended_s > began_s
        if not voiced and inbound.voice.echo_heard:
            return ""  # nothing was louder than the bot's own sound that came back
        text = self.echo.without(transcript.text, voiced=voiced)
        if text != transcript.text and self.turns.overlaps:
            inbound.voice.echoes()
        return text

    def _died(self, error: ProviderError) -> None:
        metrics.ERRORS.labels(error.provider, error.kind).inc()
        log.warning("provider failed", provider=error.provider, kind=error.kind, detail=error.detail)
        if self._closed:
            return
        if self._loop.time() - self._opened_s >= HEALTHY_S:
            self._openings = 1
        session = self._without_session()
        if self._openings > REOPENINGS or session is None:
            if session is not None:
                self._lost = True
                self._opening = asyncio.create_task(session.close(), name="ears")
            self._on_lost(error)
            return
        self._openings += 1
        self._opening = asyncio.create_task(self._reopen(session), name="ears")

    async def _reopen(self, dead: SpeechSession) -> None:
        await dead.close()
        await self._open()

    def _tell(self, events: list[TurnEvent]) -> None:
        for event in events:
            if isinstance(event, FinalizeWanted):
                self._finalizing = True
                self.inbound.flush()
                if self._session is not None:
                    self._session.finalize()
            self._on_event(event)

    def turn_over(self) -> None:
        """The turn was taken: whatever the recogniser still says about the sound so far is late."""
        self.inbound.flush()
        self._cut_samples = self._sent_samples
        self.inbound.recent.keep(self.inbound.handed_samples - self._sent_samples)
        self._finalizing = False
