"""One telephone of a load: an AudioSocket connection that costs little and notes when the bot's frames arrive.

`app.audiosocket.client` is the faithful Asterisk; this one trades its checks for room: hundreds of them fit on a core.
"""

import asyncio
import os
import socket
import time
from array import array
from typing import cast
from uuid import UUID

from app.caller.load_sound import FRAME_BYTES
from ext.frames import KIND_SLIN_8000, KIND_TERMINATE, KIND_UUID, build

HEADER_BYTES = 3
USUAL_BYTES = HEADER_BYTES + FRAME_BYTES
USUAL_HEADER = build(KIND_SLIN_8000, bytes(FRAME_BYTES))[:HEADER_BYTES]
LISTEN_EVERY = 25
"""One frame in so many (half a second) is looked into for speech."""
SPEECH_PEAK = 400
"""Samples below are comfort noise (-70 dBFS peaks at about 50) or silence."""


class Channel(asyncio.Protocol):
    """A call of the load.

    Args:
        call_uuid: sent as the first frame.

    Attributes:
        at_s: monotonic arrival times of the bot's frames, kept while `noting`.
        sizes_bytes: their payloads' sizes.
        noting: keep times and sizes.
        frames: frames that ever arrived.
        sent_bytes: caller's sound that left.
        listened, spoke: frames looked into, and those of them that carried speech.
        odd: frames of other kinds, by kind.
        asked_s: when the UUID left; 0.0 before.
        first_s: when the first frame arrived; 0.0 before.
        ended: the bot said 0x00.
        closed_s: when the connection went; 0.0 while it is there.
        stuck: frames that could not be sent because the server did not read.
        heard_or_gone: the first frame arrived, or none ever will.
        gone: the connection is closed.
    """

    __slots__ = (
        "_descriptor",
        "_rest",
        "_seen",
        "_transport",
        "asked_s",
        "at_s",
        "call_uuid",
        "closed_s",
        "ended",
        "first_s",
        "frames",
        "gone",
        "heard_or_gone",
        "listened",
        "noting",
        "odd",
        "sent_bytes",
        "sizes_bytes",
        "spoke",
        "stuck",
    )

    def __init__(self, call_uuid: UUID) -> None:
        self.call_uuid = call_uuid
        self.at_s: array[float] = array("d")
        self.sizes_bytes: array[int] = array("H")
        self.noting = False
        self.frames = self.sent_bytes = self.listened = self.spoke = self.stuck = 0
        self.odd: dict[int, int] = {}
        self.asked_s = self.first_s = self.closed_s = 0.0
        self.ended = False
        self.heard_or_gone, self.gone = asyncio.Event(), asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._descriptor = -1
        self._rest = b""
        self._seen = 0

    @property
    def open(self) -> bool:
        """Connected, and the bot has not ended the call."""
        return self._descriptor >= 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Sends the UUID."""
        self._transport = cast(asyncio.Transport, transport)
        connected = transport.get_extra_info("socket")
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._descriptor = connected.fileno()
        self.asked_s = time.monotonic()
        self._transport.write(build(KIND_UUID, self.call_uuid.bytes))

    def send(self, frame: bytes) -> None:
        """Sends 20 ms of the caller, past the transport: nothing but this waits to be written."""
        if self._descriptor < 0:
            return
        try:
            whole = os.write(self._descriptor, frame) == len(frame)
        except BlockingIOError:
            self.stuck += 1
            return
        except OSError:
            return  # the transport tells of it
        if whole:
            self.sent_bytes += FRAME_BYTES
        else:  # Asterisk writes once without waiting: a full socket drops the call
            self.stuck += 1
            self.hang_up()

    def hang_up(self) -> None:
        """Closes, as Asterisk does."""
        self._descriptor = -1
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Notes the frames; nearly always it is exactly one."""
        at_s = time.monotonic()
        if not self._rest and len(data) == USUAL_BYTES and data.startswith(USUAL_HEADER):
            self.frames += 1
            if self.noting:
                self.at_s.append(at_s)
                self.sizes_bytes.append(FRAME_BYTES)
            self._seen += 1
            if self._seen == LISTEN_EVERY:
                self._listen(data[HEADER_BYTES:])
            if not self.first_s:
                self._first(at_s)
            return
        self._cut(self._rest + data, at_s)

    def eof_received(self) -> None:
        """The bot closed its direction; the transport closes ours."""
        self._descriptor = -1

    def connection_lost(self, error: Exception | None) -> None:
        """The call is over."""
        self._descriptor = -1
        self.closed_s = time.monotonic()
        self.heard_or_gone.set()
        self.gone.set()

    def _first(self, at_s: float) -> None:
        self.first_s = at_s
        self.heard_or_gone.set()

    def _cut(self, data: bytes, at_s: float) -> None:
        at, end = 0, len(data)
        while end - at >= HEADER_BYTES:
            size = data[at + 1] << 8 | data[at + 2]
            after = at + HEADER_BYTES + size
            if after > end:
                break
            kind = data[at]
            if kind == KIND_SLIN_8000:
                self.frames += 1
                if not self.first_s:
                    self._first(at_s)
                if self.noting:
                    self.at_s.append(at_s)
                    self.sizes_bytes.append(size)
                self._seen += 1
                if self._seen >= LISTEN_EVERY and size % 2 == 0:
                    self._listen(data[at + HEADER_BYTES : after])
            else:
                self.odd[kind] = self.odd.get(kind, 0) + 1
                self.ended = self.ended or kind == KIND_TERMINATE
            at = after
        self._rest = data[at:]

    def _listen(self, pcm: bytes) -> None:
        self._seen = 0
        self.listened += 1
        samples = memoryview(pcm).cast("h")
        self.spoke += max(map(abs, samples), default=0) > SPEECH_PEAK
