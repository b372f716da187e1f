"""An event loop whose clock jumps to the next timer instead of waiting: time-outs are tested without time passing."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """Tells how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise AssertionError("everybody waits for something that no timer brings")
        self.now_s += max(timeout, 0.0)
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """One thread, no sockets, no waiting."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """The clock, in seconds; starts at 1000."""
        return self._jumping.now_s

    def stall(self, seconds: float) -> None:
        """The process gets no processor for so long."""
        self._jumping.now_s += seconds


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` on a loop of its own to its end."""
    loop = JumpingLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
