"""Ears that cost nothing: a WebSocket server that counts what it is sent, in place of Deepgram.

It shakes hands on any path, counts binary messages and their bytes, answers pings, closes and CloseStream, and never
says a word. One `bytes.find` or slice a message is all it does: the load's core must not be the limit.
"""

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass
from typing import cast

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""
TEXT, BINARY, CLOSE, PING = 0x1, 0x2, 0x8, 0x9
NORMAL_CLOSE = bytes((0x80 | CLOSE, 2)) + (1000).to_bytes(2, "big")
MAX_HEAD_BYTES = 16_384
CONTROL_LIMIT_BYTES = 4096
"""Text and control messages up to this size are looked into."""


@dataclass(slots=True)
class SinkCounts:
    """What came in, of all connections.

    Attributes:
        connections: open now.
        opened: ever opened.
        messages: binary ones.
        sound_bytes: their payload.
    """

    connections: int = 0
    opened: int = 0
    messages: int = 0
    sound_bytes: int = 0


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, counts: SinkCounts) -> None:
        self._counts = counts
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._skip_bytes = 0
        """Payload of a counted message that is still to come."""
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        self._transport = cast(asyncio.Transport, transport)
        self._counts.connections += 1
        self._counts.opened += 1

    def connection_lost(self, error: Exception | None) -> None:
        """Counts down."""
        self._counts.connections -= 1

    def data_received(self, data: bytes) -> None:
        """Takes whatever came."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        if not self._upgraded:
            data = self._shake_hands(data)
        if self._upgraded and data:
            self._take(data)

    def _shake_hands(self, data: bytes) -> bytes:
        head, end, rest = data.partition(b"\r\n\r\n")
        transport = cast(asyncio.Transport, self._transport)
        if not end:
            self._rest = data
            if len(data) > MAX_HEAD_BYTES:
                transport.abort()
            return b""
        _, *lines = head.split(b"\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        key = headers.get(b"sec-websocket-key")
        if key is None:
            transport.write(self._counted())
            transport.close()
            return b""
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        transport.write(answer + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        self._upgraded = True
        return rest

    def _counted(self) -> bytes:
        """A plain request is answered with the counts."""
        counts = self._counts
        body = json.dumps(
            {
                "connections": counts.connections - 1,  # without the one that asks
                "opened": counts.opened,
                "messages": counts.messages,
                "sound_bytes": counts.sound_bytes,
            }
        ).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def _take(self, data: bytes) -> None:
        at, end = self._skip_bytes, len(data)
        while at + 2 <= end:
            code, size, head = data[at] & 0x0F, data[at + 1] & 0x7F, 6  # a client's messages carry a mask of 4 bytes
            if size >= 126:
                head = 8 if size == 126 else 14
                if at + head > end:
                    break
                size = int.from_bytes(data[at + 2 : at + head - 4], "big")
            if code == BINARY or size > CONTROL_LIMIT_BYTES:
                if at + head > end:
                    break
                self._counts.messages += 1
                self._counts.sound_bytes += size
            else:
                if at + head + size > end:
                    break
                self._answer(code, data[at + head - 4 : at + head], data[at + head : at + head + size])
            at += head + size
        self._skip_bytes = max(0, at - end)
        self._rest = data[at:]

    def _answer(self, code: int, mask: bytes, masked: bytes) -> None:
        transport = cast(asyncio.Transport, self._transport)
        payload = bytes(byte ^ mask[number & 3] for number, byte in enumerate(masked))
        if code == PING:
            transport.write(bytes((0x8A, len(payload))) + payload)
        elif code == CLOSE or (code == TEXT and b"CloseStream" in payload):
            transport.write(NORMAL_CLOSE)
            if code == CLOSE:
                transport.close()
