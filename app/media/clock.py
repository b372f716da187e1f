"""One 20 ms clock for all the calls of a process.

AudioSocket has no clock but ours (Asterisk writes what it gets the moment it arrives), so frames leave on absolute
deadlines: a late tick does not move the ones after it, and a stall is skipped, never made up for in a burst.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

FRAME_S = 0.020
"""Packet time: 20 ms, 160 samples at 8 kHz (AudioSocket's own, `res_audiosocket.c`)."""
MAX_CATCH_UP_FRAMES = 2
"""At most 40 ms are ever sent ahead of real time; what a longer stall missed is dropped."""


@dataclass(slots=True)
class ClockStats:
    """What the clock saw since it started.

    Attributes:
        ticks: deadlines served.
        skipped: deadlines that a stall swallowed.
        worst_lateness_s: the latest tick.
    """

    ticks: int = 0
    skipped: int = 0
    worst_lateness_s: float = 0.0


class FrameClock:
    """Calls every member once each 20 ms, in one pass, on the running loop.

    Args:
        on_lateness: told the lateness in seconds of every pass (one call a pass, not one a member).
    """

    def __init__(self, on_lateness: Callable[[float], None] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._members: dict[int, Callable[[], None]] = {}
        self._next_key = 0
        self._deadline_s = 0.0
        self._timer: asyncio.Handle | None = None
        self._passing = False
        self._on_lateness = on_lateness
        self.stats = ClockStats()

    def join(self, tick: Callable[[], None]) -> int:
        """Adds a member; `tick` runs on the next pass and must not block. One that raises is thrown out.

        Returns:
            The key for `leave`.
        """
        key = self._next_key
        self._next_key += 1
        self._members[key] = tick
        if self._timer is None and not self._passing:
            self._deadline_s = self._loop.time()
            self._timer = self._loop.call_soon(self._pass)
        return key

    def leave(self, key: int) -> None:
        """Removes a member; unknown keys are ignored. Without members the clock sleeps."""
        self._members.pop(key, None)
        if not self._members and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pass(self) -> None:
        lateness_s = self._loop.time() - self._deadline_s
        self._passing = True
        for key, tick in tuple(self._members.items()):
            if key not in self._members:
                continue  # one before it in this pass made it leave
            try:
                tick()
            except Exception as error:
                # One call's mistake must not stop the clock of all the others.
                self._members.pop(key, None)
                self._loop.call_exception_handler({"message": "a member of the frame clock raised", "exception": error})
        self._passing = False
        self.stats.ticks += 1
        self.stats.worst_lateness_s = max(self.stats.worst_lateness_s, lateness_s)
        if self._on_lateness is not None:
            self._on_lateness(lateness_s)
        self._deadline_s += FRAME_S
        behind = int((self._loop.time() - self._deadline_s) / FRAME_S)
        if behind > MAX_CATCH_UP_FRAMES:
            self.stats.skipped += behind
            self._deadline_s += behind * FRAME_S
        if self._members:
            self._timer = self._loop.call_at(self._deadline_s, self._pass)
        else:
            self._timer = None
