"""The caller talks over the bot: who falls silent, and what becomes of what was cut."""

import asyncio
from math import inf

import structlog

from app.call.mouth import Mouth
from app.call.speaker import Speaker
from app.call.timers import Timers
from app.dialogue.backchannels import is_backchannel
from app.media.clock import FRAME_S
from app.ops import metrics

log = structlog.get_logger(__name__)

EARLY_ANSWER_S = 1.5
"""A "oui" over the last words of a question answers it."""
FALSE_ALARM_S = 2.0
"""No turn came so long after an interruption: it was none, and what it cut is said again."""


class BargeIn:
    """The interruptions of one call.

    Args:
        mouth: how much of the bot's words is still to be heard.
        speaker: falls silent.
        timers: an interrupted bot owes no answer yet.
    """

    def __init__(self, mouth: Mouth, speaker: Speaker, timers: Timers) -> None:
        self._mouth = mouth
        self._timers = timers
        self._speaker = speaker
        self._loop = asyncio.get_running_loop()
        self._unconfirmed = False
        """The bot was interrupted, and no turn has come of it yet."""
        self._held_s: float | None = None
        """How long it took to pause, for the voice that is heard now."""

    def hold(self, overlaps: bool, since_s: float) -> None:
        """The bot pauses while it is not known what the caller's voice over its own means, and goes on if nothing.

        Args:
            overlaps: that is the case just now.
            since_s: when the voice began.
        """
        overlaps = overlaps and self._mouth.busy
        if overlaps and not self._mouth.held:
            self._held_s = self._stop_s(since_s)
        elif self._mouth.held and not overlaps:
            self._held_s = None
            metrics.BARGE_INS.labels("resumed").inc()
        self._mouth.hold(overlaps)

    def stop(self, since_s: float) -> None:
        """The bot falls silent for a caller who has begun at `since_s`, by voice or by key."""
        stop_s = self._held_s if self._mouth.held and self._held_s is not None else self._stop_s(since_s)
        self._held_s = None
        self._speaker.hush()
        metrics.BARGE_INS.labels("confirmed").inc()
        metrics.BARGE_IN_STOP_S.observe(stop_s)
        log.info("interrupted by the caller", stop_ms=round(stop_s * 1000))
        self._timers.dead_air_at_s = inf

    def _stop_s(self, since_s: float) -> float:
        """To the last frame of the bot's, if it stops now."""
        return max(self._loop.time() + FRAME_S - since_s, 0.0)

    def interrupt(self, since_s: float) -> None:
        """The same, by words that mean something: a turn is expected of them."""
        self.stop(since_s)
        self._unconfirmed = True
        self._timers.silence_at_s = self._loop.time() + FALSE_ALARM_S

    def confirm(self) -> None:
        """The caller's turn is here."""
        self._unconfirmed = False

    def false_alarm(self) -> bool:
        """Silence has come; if of an interruption, it was a cough, or an echo that looked like a word.

        Returns:
            Whether what was cut is to be said again.
        """
        unconfirmed, self._unconfirmed = self._unconfirmed, False
        if unconfirmed:
            metrics.BARGE_INS.labels("resumed").inc()
        return unconfirmed

    def answers_early(self, text: str) -> bool:
        """Whether words over a yes-or-no question are its answer: they came over its last syllables, which are cut."""
        early = self._mouth.has_sound and self._mouth.remaining_s < EARLY_ANSWER_S and is_backchannel(text)
        if early:
            self._speaker.hush()
        return early
