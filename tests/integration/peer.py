"""The far end of a connection, byte by byte: an Asterisk, or somebody who pretends to be one."""

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Self, cast
from uuid import UUID

TIMEOUT_S = 10.0
"""For what must happen; a test that waits so long has failed."""


def frame(kind: int, payload: bytes = b"") -> bytes:
    """An AudioSocket frame, as `res_audiosocket.h` draws it."""
    return struct.pack(">BH", kind, len(payload)) + payload


def hello(call_uuid: UUID) -> bytes:
    """The first frame of every call."""
    return frame(0x01, call_uuid.bytes)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One frame of the server."""

    at_s: float
    kind: int
    payload: bytes


class Peer(asyncio.Protocol):
    """One connection to the server.

    Attributes:
        frames: what the server sent, whole frames.
        rest: bytes after the last whole frame.
        chunks_bytes: length of every piece of bytes as it arrived.
        ended: the server closed its direction, or all of it.
        error: what ended the connection, if it was no end of stream.
    """

    def __init__(self, *, keeps_open: bool = False) -> None:
        self._keeps_open = keeps_open
        self._loop = asyncio.get_running_loop()
        self._speaking: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()
        self._arrival = asyncio.Event()
        self.frames: list[Arrived] = []
        self.rest = b""
        self.chunks_bytes: list[int] = []
        self.ended = asyncio.Event()
        self.error: Exception | None = None

    @classmethod
    async def connect(
        cls,
        port: int,
        *,
        local_host: str = "127.0.0.1",
        receive_buffer_bytes: int = 0,
        keeps_open: bool = False,
    ) -> Self:
        """Connects from `local_host`.

        Args:
            receive_buffer_bytes: of the kernel, for a peer that does not read; 0 leaves it alone.
            keeps_open: does not answer the server's end of stream with its own.
        """
        loop = asyncio.get_running_loop()
        plug = socket.socket()
        plug.setblocking(False)
        try:
            if receive_buffer_bytes:
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
            plug.bind((local_host, 0))
            await asyncio.wait_for(loop.sock_connect(plug, ("127.0.0.1", port)), TIMEOUT_S)
        except BaseException:
            plug.close()
            raise
        _, peer = await loop.create_connection(lambda: cls(keeps_open=keeps_open), sock=plug)
        return peer

    @property
    def pcm(self) -> bytes:
        """All the sound of the server."""
        return b"".join(one.payload for one in self.frames if one.kind == 0x10)

    @property
    def sounds(self) -> int:
        """Frames of sound."""
        return sum(one.kind == 0x10 for one in self.frames)

    def send(self, data: bytes) -> None:
        """Sends bytes, if there is still somebody to send them to."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def say(self, call_uuid: UUID) -> None:
        """Says which call this is, and then speaks (silence) 50 times a second like any telephone."""
        self.send(hello(call_uuid))
        self.speak()

    def speak(self, kind: int = 0x10, payload: bytes = bytes(320), ptime_ms: int = 20) -> None:
        """Sends the frame again and again, until this ends."""
        self._speaking = asyncio.create_task(self._speak(frame(kind, payload), ptime_ms / 1000), name="peer speaks")

    def be_silent(self) -> None:
        """Sends no more frames."""
        if self._speaking is not None:
            self._speaking.cancel()

    def stop_reading(self) -> None:
        """Leaves everything in the kernel from now on."""
        self._transport.pause_reading()

    def read_on(self) -> None:
        """Takes what waits there, and what comes."""
        self._transport.resume_reading()

    def finish(self) -> None:
        """Closes this direction: what a caller's hang-up looks like."""
        self.be_silent()
        if not self._transport.is_closing():
            self._transport.write_eof()

    def reset(self) -> None:
        """Ends the connection with a RST: zero linger (socket(7))."""
        self.be_silent()
        plug = self._transport.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def heard(self, sounds: int) -> None:
        """Waits for so many frames of sound, in all."""
        async with asyncio.timeout(TIMEOUT_S):
            while self.sounds < sounds:
                self._arrival.clear()
                await self._arrival.wait()

    async def end(self, timeout_s: float = TIMEOUT_S) -> None:
        """Waits for the server to close."""
        await asyncio.wait_for(self.ended.wait(), timeout_s)

    async def close(self) -> None:
        """Leaves nothing behind."""
        self.be_silent()
        self._transport.abort()
        await asyncio.wait_for(self._lost.wait(), TIMEOUT_S)
        if self._speaking is not None:
            await asyncio.wait([self._speaking])

    def assert_polite_end(self) -> None:
        """Sound, one 0x00, the end of the stream; not a byte more."""
        assert [one.kind for one in self.frames] == [0x10] * self.sounds + [0x00]
        assert self.frames[-1].payload == b""
        assert self.rest == b""
        assert self.ended.is_set()

    def assert_only_sound(self) -> None:
        """Nothing but whole frames of 20 ms, each in one piece."""
        assert {(one.kind, len(one.payload)) for one in self.frames} <= {(0x10, 320)}
        assert all(size % 323 == 0 for size in self.chunks_bytes)

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self.chunks_bytes.append(len(data))
        self.rest += data
        at_s = self._loop.time()
        while len(self.rest) >= 3:
            kind, length = struct.unpack(">BH", self.rest[:3])
            if len(self.rest) < 3 + length:
                break
            self.frames.append(Arrived(at_s, kind, self.rest[3 : 3 + length]))
            self.rest = self.rest[3 + length :]
        self._arrival.set()

    def eof_received(self) -> bool:
        self.ended.set()
        return self._keeps_open

    def connection_lost(self, error: Exception | None) -> None:
        self.error = error
        self.ended.set()
        self._lost.set()

    async def _speak(self, data: bytes, ptime_s: float) -> None:
        due_s = self._loop.time()
        while not self.ended.is_set() and not self._transport.is_closing():
            self._transport.write(data)
            due_s += ptime_s
            await asyncio.sleep(due_s - self._loop.time())
