"""What the caller says in one call: sound to voice activity and words, words to turns."""

import asyncio
from collections.abc import Callable

import structlog

from app.dialogue import fields
from app.dialogue.turns import FinalizeWanted, TurnEvent, Turns
from app.errors import ProviderError
from app.media.voice_activity import VoiceActivity
from app.ops import metrics
from app.providers.base import SpeechSession, SpeechToText, Transcript
from app.providers.ladder import open_ears

log = structlog.get_logger(__name__)

SILENCE_20_MS = bytes(320)
NO_AUDIO_S = 0.2
"""A phone that suppresses silence sends nothing: from here on we feed silence in its place."""
CLOSE_TIMEOUT_S = 3.0
MAX_WAITING_BYTES = 80_000
"""5 s of caller sound kept while the recogniser is being connected, and 5 s for the next one if this one dies."""
REOPENINGS = 2
"""How often in a row ears that died in mid-call are opened anew."""
HEALTHY_S = 30.0
"""Ears that lived so long died of something new."""


class Ears:
    """The caller's side of one call.

    Args:
        recogniser: where sound becomes words.
        on_event: turn events, on the loop; `FinalizeWanted` too, when the final words are being waited for.
        on_lost: nobody hears this caller any more.
    """

    def __init__(
        self,
        recogniser: SpeechToText,
        on_event: Callable[[TurnEvent], None],
        on_lost: Callable[[ProviderError], None],
    ) -> None:
        self._recogniser = recogniser
        self._on_event = on_event
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._voice = VoiceActivity()
        self.turns = Turns(fields.is_complete, recogniser.ends_turns)
        self._session: SpeechSession | None = None
        self._opening: asyncio.Task[None] | None = None
        self._waiting = bytearray()
        self._openings = 0
        self._opened_s = 0.0
        self._sent_bytes = 0
        self._unsure = bytearray()
        """The latest sound that was handed over and has no final words yet."""
        self._finalizing = False
        self._session_start_bytes = 0
        self._cut_bytes = 0
        self._last_audio_s = self.voice_ended_s = self._loop.time()
        self._closed = False
        self._lost = False
        """Given up: `_opening` closes the last session."""

    @property
    def voiced(self) -> bool:
        """The caller's voice is heard just now."""
        return self._voice.speaking

    def open(self) -> None:
        """Starts connecting; sound that arrives meanwhile waits."""
        self._openings += 1
        self._opening = asyncio.create_task(self._open(), name="ears")

    def audio(self, pcm: bytes) -> None:
        """Sound of the caller, s16le mono 8 kHz, any even length."""
        now_s = self._loop.time()
        self._last_audio_s = now_s
        self._listen(pcm, now_s)

    def tick(self, now_s: float) -> None:
        """Time passes; every 20 ms."""
        if now_s - self._last_audio_s > NO_AUDIO_S:
            self._listen(SILENCE_20_MS, now_s)
        self._tell(self.turns.on_tick(now_s))

    async def close(self) -> None:
        """Ends the stream; bounded, never raises."""
        self._closed = True
        if self._opening is not None:
            if not self._lost:
                self._opening.cancel()
            await asyncio.wait([self._opening], timeout=CLOSE_TIMEOUT_S)
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _open(self) -> None:
        try:
            session = await open_ears(self._recogniser, self._heard, self._died)
        except ProviderError as error:
            self._on_lost(error)
            return
        self._session = session
        self._opened_s = self._loop.time()
        # What the ears before these heard, but had not put into final words, is heard again.
        self._session_start_bytes = self._sent_bytes - len(self._unsure)
        session.send(bytes(self._unsure))
        if self._waiting:
            waiting, self._waiting = bytes(self._waiting), bytearray()
            self._forward(waiting)
        if self._finalizing:
            session.finalize()

    def _listen(self, pcm: bytes, now_s: float) -> None:
        if voiced := self._voice.feed(pcm):
            self.voice_ended_s = now_s
        self.turns.on_voice(voiced, now_s)
        self._forward(pcm)

    def _forward(self, pcm: bytes) -> None:
        if self._session is not None:
            self._sent_bytes += len(pcm)
            self._unsure += pcm
            del self._unsure[: max(0, len(self._unsure) - MAX_WAITING_BYTES)]
            self._session.send(pcm)
        else:
            self._waiting += pcm
            del self._waiting[: max(0, len(self._waiting) - MAX_WAITING_BYTES)]

    def _heard(self, transcript: Transcript) -> None:
        if self._closed:
            return
        # What comes late for a turn that has ended must not begin the next one.
        end_bytes = self._session_start_bytes + round(transcript.end_s * 8000) * 2
        if transcript.is_final:
            del self._unsure[: max(0, len(self._unsure) - max(0, self._sent_bytes - end_bytes))]
        self._finalizing = self._finalizing and not transcript.answers_finalize
        if end_bytes <= self._cut_bytes:
            return
        self._tell(
            self.turns.on_words(
                transcript.text,
                self._loop.time(),
                is_final=transcript.is_final,
                ends_turn=transcript.ends_turn,
                answers_finalize=transcript.answers_finalize,
            )
        )

    def _died(self, error: ProviderError) -> None:
        metrics.ERRORS.labels(error.provider, error.kind).inc()
        log.warning("provider failed", provider=error.provider, kind=error.kind, detail=error.detail)
        if self._closed:
            return
        if self._loop.time() - self._opened_s >= HEALTHY_S:
            self._openings = 1
        session, self._session = self._session, None
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
                if self._session is not None:
                    self._session.finalize()
            self._on_event(event)

    def turn_over(self) -> None:
        """The turn was taken: whatever the recogniser still says about the sound so far is late."""
        self._cut_bytes = self._sent_bytes
        self._unsure.clear()
        self._finalizing = False
