"""Wakes a conversation at a moment between two ticks of its clock: what is decided then is in the very next frame."""

import asyncio
from collections.abc import Callable
from math import inf


class Alarm:
    """One timer, set anew whenever the conversation was looked at; never once a frame.

    Args:
        wake: told the time.
    """

    def __init__(self, wake: Callable[[float], None]) -> None:
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def set(self, at_s: float) -> None:
        """Only the latest moment counts; one that is past, or infinite, is left to the ticks."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._stopped and self._loop.time() < at_s < inf:
            self._timer = self._loop.call_at(at_s, self._ring)

    def stop(self) -> None:
        """It wakes nobody any more."""
        self._stopped = True
        self.set(inf)

    def _ring(self) -> None:
        self._timer = None
        self._wake(self._loop.time())
