"""How a caller pauses: who stops within sentences is waited for a little longer than their longest pause. Pure."""

from math import inf

from app.dialogue.patience import UNFINISHED_S

PACE_S = 0.4
"""A pause of this length within a turn tells that the caller is one who pauses."""
PACE_MARGIN = 1.25
"""Their next pause may be longer by a quarter."""
PACE_FADES = 0.85
"""With every turn that has no such pause."""
GOES_ON_S = 1.6
"""A caller who speaks again so soon after a turn that was taken had not finished: that was a pause, too."""


class Pace:
    """Follows one call. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._ended_s = -inf
        """When the voice of the turn before ended."""
        self._longest_s = 0.0
        """Within turns, fading."""
        self._in_turn_s = 0.0
        """The longest in the turn under way."""

    def pause_s(self, *, in_turn: bool) -> float:
        """How long this caller may pause and go on all the same.

        Args:
            in_turn: pauses of the turn under way count, too: between a cough and a word they don't.
        """
        return PACE_MARGIN * max(self._longest_s, self._in_turn_s if in_turn else 0.0)

    def voice_began(self, now_s: float, ended_s: float | None) -> None:
        """The caller speaks.

        Args:
            ended_s: when they were last heard in this turn; None if it begins.
        """
        pause_s = now_s - (self._ended_s if ended_s is None else ended_s)
        if PACE_S <= pause_s < (GOES_ON_S if ended_s is None else UNFINISHED_S):
            self._in_turn_s = max(self._in_turn_s, pause_s)

    def turn_ended(self, speech_ended_s: float | None) -> None:
        """The turn was taken; None if what follows can't be more of it."""
        self._longest_s = max(self._longest_s * PACE_FADES, self._in_turn_s)
        self._ended_s = -inf if speech_ended_s is None else speech_ended_s

    def forget_turn(self) -> None:
        """What comes is another turn."""
        self._in_turn_s = 0.0
