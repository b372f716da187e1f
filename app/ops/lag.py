"""How late an event loop is, second by second, and whether it is too late to take on more. Pure."""

WINDOW_S = 1.0


class Lag:
    """The worst lateness of each second.

    One hiccup is no overload: two whole seconds in a row must be bad.
    """

    def __init__(self) -> None:
        self._ends_s = 0.0
        self._worst_s = 0.0
        self._before_s = (0.0, 0.0)

    def note(self, lateness_s: float, now_s: float) -> None:
        """Something ran so late, in seconds of a monotonic clock."""
        self._roll(now_s)
        self._worst_s = max(self._worst_s, lateness_s)

    def worst_s(self, now_s: float) -> float:
        """The worst of the last second and of the one that is under way."""
        self._roll(now_s)
        return max(self._worst_s, self._before_s[0])

    def over(self, limit_s: float, now_s: float) -> bool:
        """The last two whole seconds were both worse than the limit."""
        self._roll(now_s)
        return min(self._before_s) > limit_s

    def _roll(self, now_s: float) -> None:
        if now_s < self._ends_s:
            return
        # A stall longer than a second is noted at its end, by the sample that it made late.
        self._before_s = (self._worst_s, self._before_s[0]) if now_s < self._ends_s + WINDOW_S else (0.0, self._worst_s)
        self._worst_s = 0.0
        self._ends_s = now_s + WINDOW_S
