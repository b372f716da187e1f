"""Where the time of a turn goes: the stages of `voicebot_turn_latency_seconds`."""

import structlog

from app.dialogue.states import State
from app.ops import metrics

log = structlog.get_logger(__name__)


class TurnTimes:
    """The moments of a call's latest turn, in seconds of one clock.

    Attributes:
        awaits_answer: the turn has begun, and no frame of its answer has been noted yet.
        figures: of the latest turn that was answered, in ms, as the log tells them.
    """

    def __init__(self) -> None:
        self._speech_ended_s = self._turn_ended_s = self._understood_s = 0.0
        self.awaits_answer = False
        self.figures: dict[str, int] = {}

    def begin(self, speech_ended_s: float, turn_ended_s: float) -> None:
        """The caller's turn is taken.

        Args:
            speech_ended_s: the caller's voice stopped.
            turn_ended_s: it was decided that this was the end of the turn.
        """
        self.awaits_answer = True
        self._speech_ended_s = speech_ended_s
        self._turn_ended_s = self._understood_s = turn_ended_s
        metrics.TURN_LATENCY_S.labels("endpoint").observe(max(turn_ended_s - speech_ended_s, 0.0))

    def understood(self, now_s: float) -> None:
        """The intent is known."""
        self._understood_s = now_s
        metrics.TURN_LATENCY_S.labels("understanding").observe(now_s - self._turn_ended_s)

    def answered(self, now_s: float, state: State) -> None:
        """The first frame of the answer has left; `state` is where the dialogue stands by now."""
        self.awaits_answer = False
        metrics.TURN_LATENCY_S.labels("first_audio").observe(now_s - self._understood_s)
        metrics.TURN_LATENCY_S.labels("total").observe(max(now_s - self._speech_ended_s, 0.0))
        first_audio_ms, total_ms = _ms(now_s - self._understood_s), _ms(now_s - self._speech_ended_s)
        self.figures = {
            "endpoint_ms": self.endpoint_ms,
            "understanding_ms": self.understanding_ms,
            "first_audio_ms": first_audio_ms,
            "total_ms": total_ms,
        }
        log.info("turn answered", state=state.value, **self.figures)

    @property
    def endpoint_ms(self) -> int:
        """Silence that it took to be sure."""
        return _ms(self._turn_ended_s - self._speech_ended_s)

    @property
    def understanding_ms(self) -> int:
        """Time to the intent."""
        return _ms(self._understood_s - self._turn_ended_s)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
