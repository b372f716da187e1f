"""The leg of a caller of whom it is not known yet whether there is a call: silence, until it is."""

import asyncio
from collections.abc import Callable

from app.audiosocket.connection import Connection, Leg
from app.media.clock import FrameClock
from ext.playout import PlayoutBuffer


class Doorstep:
    """Sends silence over `connection` and asks every 20 ms; whoever takes the call is its leg from then on.

    Args:
        decide: given the seconds since the UUID came, who takes the call; None if that can't be said yet. It must
            decide in the end.
        on_left: told if the connection is gone before it was decided.
    """

    def __init__(
        self,
        connection: Connection,
        clock: FrameClock,
        decide: Callable[[float], Leg | None],
        on_left: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._decide = decide
        self._on_left = on_left
        self._loop = asyncio.get_running_loop()
        self._came_s = self._loop.time()
        self._silence = PlayoutBuffer()
        self._leg: Leg | None = None
        self._on_clock = clock.join(self._tick)

    def digit(self, digit: str) -> None:
        """A key of the caller's telephone; nobody listens yet, or whoever took the call does."""
        if self._leg is not None:
            self._leg.digit(digit)

    def hung_up(self, reason: str) -> None:
        """The connection is gone."""
        self._clock.leave(self._on_clock)
        if self._leg is not None:
            self._leg.hung_up(reason)
        else:
            self._on_left()

    def _tick(self) -> None:
        try:
            self._leg = self._decide(self._loop.time() - self._came_s)
        except BaseException:
            self._connection.terminate("error")
            raise
        if self._leg is None:
            self._connection.send(self._silence.pull())
        else:
            self._clock.leave(self._on_clock)
