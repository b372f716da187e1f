"""How late an event loop is, half second by half second, and whether it is too late to take on more. Pure."""

WINDOW_S = 0.5
BAD_IN_A_ROW = 3
"""Whatever lasts half a second or less touches two windows at most: one hiccup is no overload."""


class Lag:
    """The worst lateness of each half second."""

    def __init__(self) -> None:
        self._ends_s = 0.0
        self._worst_s = 0.0
        self._before_s = [0.0] * BAD_IN_A_ROW

    def note(self, lateness_s: float, now_s: float) -> None:
        """Something ran so late, in seconds of a monotonic clock."""
        if now_s >= self._ends_s:
            self._roll(now_s)
        if lateness_s > self._worst_s:
            self._worst_s = lateness_s

    def worst_s(self, now_s: float) -> float:
        """The worst of the last second, and of the half second that is under way."""
        self._roll(now_s)
        return max(self._worst_s, *self._before_s[-2:])

    def over(self, limit_s: float, now_s: float) -> bool:
        """The last three half seconds were all worse than the limit."""
        self._roll(now_s)
        return min(self._before_s) > limit_s

    def _roll(self, now_s: float) -> None:
        if now_s < self._ends_s:
            return
        missed = int((now_s - self._ends_s) / WINDOW_S)
        # A stall is noted at its end, by what it made late; windows without any sample say nothing.
        self._before_s = [*self._before_s, self._worst_s, *[0.0] * min(missed, BAD_IN_A_ROW)][-BAD_IN_A_ROW:]
        self._worst_s = 0.0
        self._ends_s += (1 + missed) * WINDOW_S
