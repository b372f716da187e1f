"""One 20 ms clock for all the calls of a process.

AudioSocket has no clock but ours (Asterisk writes what it gets the moment it arrives), so frames leave on absolute
deadlines: a late pass does not move the ones after it, and a stall is skipped, never made up for in a burst. Calls are
spread over the 20 ms (`ext/clock.pyx`), so that a hundred of them don't fire at once.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ext.clock import Callback, Member, Wheel

FRAME_S = 0.020
"""Packet time: 20 ms, 160 samples at 8 kHz (AudioSocket's own, `res_audiosocket.c`)."""


@dataclass(frozen=True, slots=True)
class ClockStats:
    """What the clock saw since it started.

    Attributes:
        passes: places of the wheel served.
        skipped_frames: frames of each call that stalls swallowed.
        worst_lateness_s: the latest pass.
    """

    passes: int
    skipped_frames: int
    worst_lateness_s: float


class FrameClock:
    """Serves every member once each 20 ms, on the running loop.

    Args:
        on_lateness: told the lateness in seconds of every pass (one call a pass, not one a member).
        on_skipped: told how many frames of all members a stall has swallowed.
        now: monotonic seconds, the same clock as the loop's; the loop's own time has 1 ms and is that of the
            iteration's start, which hides how late a pass is.
    """

    def __init__(
        self,
        on_lateness: Callable[[float], None] | None = None,
        on_skipped: Callable[[int], None] | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._now = now or self._loop.time
        self._on_skipped = on_skipped
        self._wheel = Wheel(self._dropped, on_lateness)
        self._timer: asyncio.Handle | None = None
        self._due_s = 0.0
        self._passing = False

    @property
    def stats(self) -> ClockStats:
        """What it saw until now."""
        wheel = self._wheel
        return ClockStats(wheel.passes, wheel.skipped_frames, wheel.worst_lateness_s)

    def join(self, member: Member | Callable[[], object], lead_s: float = 0.0) -> Member:
        """Adds a member, which must not block. One that raises is thrown out.

        Args:
            lead_s: of equally empty places it gets the first that comes so long from now.

        Returns:
            The member, for `leave`.
        """
        if not isinstance(member, Member):
            member = Callback(member)
        self._wheel.join(member, self._now(), lead_s)
        if not self._passing:
            self._set_timer(self._wheel.next_due_s())
        return member

    def leave(self, member: Member | None) -> None:
        """Takes a member away; None and strangers are ignored. Without members the clock sleeps."""
        if member is None:
            return
        self._wheel.leave(member)
        if self._wheel.members == 0:
            self._stop()

    def _pass(self) -> None:
        self._timer = None
        self._passing = True
        skipped_frames = self._wheel.skipped_frames
        next_s = self._wheel.serve(self._now())
        self._passing = False
        if self._wheel.skipped_frames != skipped_frames and self._on_skipped is not None:
            self._on_skipped((self._wheel.skipped_frames - skipped_frames) * self._wheel.members)
        self._set_timer(next_s)

    def _set_timer(self, due_s: float | None) -> None:
        """Wakes the clock at `due_s`, unless it wakes before."""
        if due_s is None or (self._timer is not None and self._due_s <= due_s):
            return
        self._stop()
        self._due_s = due_s
        self._timer = self._loop.call_at(due_s, self._pass)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _dropped(self, member: Member, error: Exception) -> None:
        self._loop.call_exception_handler(
            {"message": "a member of the frame clock raised", "exception": error, "member": member}
        )
