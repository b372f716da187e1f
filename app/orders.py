"""What the supervisor and a worker say to each other, over one socket pair that also tells each of the other's end.

    supervisor → worker    the assignment (once), then orders: open, drain, cut, metrics
    worker → supervisor    ready (once), then a snapshot of its metrics for each order of them and when it leaves

One message is its length in four bytes and a pickled object: both ends are the same program, started by one another.
The settings go this way and not through the environment, where other processes of the same user could read the keys.
"""

import asyncio
import contextlib
import pickle
import socket
import struct
from dataclasses import dataclass
from typing import Any, Literal

from app.config import Settings

Order = Literal["open", "drain", "cut", "metrics"]
MESSAGE_MAX_BYTES = 8_000_000
READY = "ready"


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker is given.

    Attributes:
        settings: as the supervisor read them; nothing is read again.
        number: its own, from 0; number 0 does once what is to be done once for all.
        workers: how many there are.
        listener_fd: the shared listening socket.
        board_fd: the shared memory.
        ears_fd: the places at the recogniser (`Quota`).
        voices_fd: the places at the voice's provider.
    """

    settings: Settings
    number: int
    workers: int
    listener_fd: int
    board_fd: int
    ears_fd: int
    voices_fd: int

    @property
    def fds(self) -> tuple[int, ...]:
        """All that is shared."""
        return (self.listener_fd, self.board_fd, self.ears_fd, self.voices_fd)


class Channel:
    """One end of the socket pair."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, plug: socket.socket) -> "Channel":
        """Takes a connected socket over."""
        return cls(*await asyncio.open_connection(sock=plug))

    def tell(self, message: Any) -> None:
        """Sends a message; if the other end is gone, `hear` says so."""
        if self._writer.is_closing():  # uvloop's transport raises there; asyncio's own would not
            return
        data = pickle.dumps(message)
        self._writer.write(struct.pack(">I", len(data)) + data)

    async def hear(self) -> Any:
        """The next message; None when the other end is gone."""
        try:
            (length,) = struct.unpack(">I", await self._reader.readexactly(4))
            if length > MESSAGE_MAX_BYTES:
                return None
            return pickle.loads(await self._reader.readexactly(length))
        except (EOFError, OSError):
            return None

    def close(self) -> None:
        """Ends it; the other end hears None."""
        with contextlib.suppress(OSError):
            self._writer.close()
