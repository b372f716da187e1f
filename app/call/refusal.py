"""The leg of a caller for whom there is no room: one cached phrase, then the end."""

import asyncio
from collections.abc import Callable

from app.audiosocket.connection import Connection
from app.media.clock import FrameClock
from ext.playout import PlayoutBuffer

LAST_WORDS_PAUSE_BYTES = 4_800
"""0.3 s of silence after the phrase: the dialplan goes on at our 0x00, and a telephone's jitter buffer (up to some
200 ms) is thrown away with the call."""


class Refusal:
    """Says a phrase over `connection` and ends the call; never touches a provider.

    Args:
        pcm: the phrase, s16le mono 8 kHz; None ends the call at once.
        on_end: told when the connection is gone.
    """

    def __init__(
        self, connection: Connection, clock: FrameClock, pcm: bytes | None, on_end: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._on_end = on_end
        self._playout = PlayoutBuffer()
        self._on_clock = None
        if not pcm:
            connection.terminate()
            return
        self._playout.push(self._playout.epoch, pcm + bytes(LAST_WORDS_PAUSE_BYTES), asyncio.get_running_loop().time())
        self._playout.finish(self._playout.epoch)
        self._on_clock = clock.join(self._tick)

    def digit(self, digit: str) -> None:
        """Nobody listens."""

    def hung_up(self, reason: str) -> None:
        """The connection is gone."""
        self._clock.leave(self._on_clock)
        self._on_end()

    def _tick(self) -> None:
        if not self._playout.idle:
            self._connection.send(self._playout.pull())
        if self._playout.idle:
            self._clock.leave(self._on_clock)
            self._connection.terminate()
