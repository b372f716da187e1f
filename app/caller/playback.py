"""When a telephone sounds the frames that reach it."""

TOLERANCE_S = 0.060
"""Depth of the jitter buffer of a common telephone; frames within it sound without a gap."""


class Playback:
    """Puts frames that arrive at uneven times onto the one time line of an ear.

    A frame that comes too late leaves a gap before it; frames that come in a burst wait for each other, and
    silence among them is dropped until the backlog is gone.
    """

    def __init__(self) -> None:
        self._next_s = 0.0

    def place(self, at_s: float, duration_s: float, silent: bool) -> float | None:
        """Says when a frame that arrives at `at_s` begins to sound; None: it is dropped."""
        ahead_s = self._next_s - at_s
        if ahead_s < -TOLERANCE_S:
            start_s = at_s
        elif ahead_s > TOLERANCE_S and silent:
            return None
        else:
            start_s = self._next_s
        self._next_s = start_s + duration_s
        return start_s
