"""What Flux (`/v2/listen`) says when, driven by the audio alone: no clock, no socket.

Rules from Deepgram's documentation "Flux: end of turn": Update every quarter second of audio, TurnResumed
only after EagerEndOfTurn, the text of EndOfTurn that of the eager one before it, the index rising after it.
"""

import math
from dataclasses import dataclass
from typing import Literal

from app.standins.hearing import Hearing
from app.standins.noise import Noise

CONFIDENCE_TIME_S = 0.33
"""Confidence in the end of a turn grows as 1 - exp(-silence / this): 0.7 after 400 ms of silence."""
DEFAULT_EOT_THRESHOLD = 0.7
DEFAULT_EOT_TIMEOUT_S = 5.0

FluxEventName = Literal["Update", "StartOfTurn", "EagerEndOfTurn", "TurnResumed", "EndOfTurn"]


@dataclass(frozen=True, slots=True)
class TurnEvent:
    """One TurnInfo to be.

    Attributes:
        event: its name.
        turn_index: of the turn.
        start_s, end_s: the audio window.
        pcm: sound of the turn so far, s16le at the stream's rate; empty while nobody speaks.
        lead_s: how long before `start_s` the sound in `pcm` begins.
        confidence: that the turn has ended.
        trigger: only of EndOfTurn.
        noise: of the line, if it is a noisy one.
    """

    event: FluxEventName
    turn_index: int
    start_s: float
    end_s: float
    pcm: bytes
    lead_s: float
    confidence: float
    trigger: str | None = None
    noise: Noise | None = None


class FluxStream:
    """Turns audio into the events of one connection.

    Args:
        rate_hz: of the s16le mono sound.
        update_every_s: seconds of audio between Updates.
    """

    def __init__(self, rate_hz: int, update_every_s: float = 0.25) -> None:
        self.eot_threshold = DEFAULT_EOT_THRESHOLD
        self.eager_eot_threshold: float | None = None
        self.eot_timeout_s = DEFAULT_EOT_TIMEOUT_S
        self.hearing = Hearing(rate_hz)
        self._update_every_s = update_every_s
        self._update_s = 0.0
        self._turn = 0
        self._turn_start_s = 0.0
        self._eager = False

    def feed(self, pcm: bytes) -> list[TurnEvent]:
        """Takes audio; returns what is to be said, in order."""
        events: list[TurnEvent] = []
        for block in self.hearing.feed(pcm):
            if block.onset_s is not None:
                self._turn_start_s = max(self._turn_start_s, block.onset_s)
                self._say("StartOfTurn", block.at_s, 0.0, events)
            elif self.hearing.in_speech:
                self._follow(block.at_s, block.at_s - block.speech_s, events)
            if block.at_s - self._update_s >= self._update_every_s - 1e-6:
                silence_s = block.at_s - block.speech_s
                self._say("Update", block.at_s, self._confidence(silence_s), events)
        self.hearing.forget(self._turn_start_s if self.hearing.in_speech else self.hearing.clock_s)
        return events

    def _confidence(self, silence_s: float) -> float:
        if not self.hearing.in_speech:
            return 0.0
        return 1.0 - math.exp(-max(0.0, silence_s) / CONFIDENCE_TIME_S)

    def _follow(self, at_s: float, silence_s: float, events: list[TurnEvent]) -> None:
        confidence = self._confidence(silence_s)
        if self._eager and silence_s <= 1e-6:
            self._eager = False
            self._say("TurnResumed", at_s, confidence, events)
        if self.eot_threshold < 1.0 and confidence >= self.eot_threshold:
            self._end(at_s, confidence, "model", events)
        elif silence_s >= self.eot_timeout_s:
            self._end(at_s, confidence, "timeout", events)
        elif self.eager_eot_threshold is not None and not self._eager and confidence >= self.eager_eot_threshold:
            self._eager = True
            self._say("EagerEndOfTurn", at_s, confidence, events)

    def _end(self, at_s: float, confidence: float, trigger: str, events: list[TurnEvent]) -> None:
        self._say("EndOfTurn", at_s, confidence, events, trigger)
        self._turn += 1
        self._turn_start_s = at_s
        self._eager = False
        self.hearing.rest()

    def _say(
        self,
        event: FluxEventName,
        at_s: float,
        confidence: float,
        events: list[TurnEvent],
        trigger: str | None = None,
    ) -> None:
        start_s = self._turn_start_s
        pcm = self.hearing.cut(start_s, at_s) if self.hearing.in_speech else b""
        lead_s = len(pcm) / 2 / self.hearing.rate_hz - (at_s - start_s)
        noise = self.hearing.noise
        events.append(TurnEvent(event, self._turn, start_s, at_s, pcm, lead_s, round(confidence, 4), trigger, noise))
        self._update_s = at_s

    def force_end(self) -> list[TurnEvent]:
        """Ends the turn under way, for ForceEndTurn; nothing if nobody spoke."""
        events: list[TurnEvent] = []
        if self.hearing.in_speech:
            self._end(self.hearing.clock_s, 1.0, "manual", events)
        return events

    def close(self) -> list[TurnEvent]:
        """The trailing Update of CloseStream; there is no EndOfTurn."""
        events: list[TurnEvent] = []
        if self.hearing.in_speech:
            self._say("Update", self.hearing.clock_s, 0.0, events)
        return events
