"""The server's side of one AudioSocket connection: handshake, events in, frames out, the polite end."""

import asyncio
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol, cast
from uuid import UUID

from app.audiosocket.frames import (
    TERMINATE_FRAME,
    AudioArrived,
    CallStarted,
    Codec,
    DigitPressed,
    Event,
    FrameReader,
    Terminated,
)
from app.errors import PeerError
from ext.frames import FRAME_COST_S, Receiver, SoundSink
from ext.line import Line

SEND_BUFFER_BYTES = 8_192
"""The kernel's part of what is unsent (it takes twice this, its own overhead included: about half a second of
frames). Left alone it grows to megabytes, and a peer that reads nothing is noticed after two to four minutes."""
UNREAD_BYTES = 4_096
"""When so much waits behind a full kernel, the peer reads nothing: in a hiccup of the line it takes about a second to
get there."""
AT_ONCE = struct.pack("ii", 1, 0)
"""`struct linger` of socket(7): a close throws away what was not sent."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How much a peer may try ours.

    Attributes:
        uuid_s: a connection that has not said who it is by then is closed. Asterisk sends the UUID within 1 ms.
        end_s: after our 0x00 the peer closes; if it does not, we do.
        unread_s: a peer that still reads nothing then is dead, and feeding it would only fill memory. With the second
            that it takes to notice, 4 s of sound wait, whatever the wire's rate.
        ahead_s: sound comes in real time, and what a stalled line held back all at once: so much of it is forgiven.
    """

    uuid_s: float = 5.0
    end_s: float = 2.0
    unread_s: float = 3.0
    ahead_s: float = 10.0


class Leg(Protocol):
    """Whoever takes the call that came over a connection; `Connection.attach` gives it the sound."""

    def digit(self, digit: str) -> None:
        """A key of the caller's telephone."""

    def hung_up(self, reason: str) -> None:
        """The connection is gone; told exactly once.

        Reasons: `hangup`, `reset` (on a line that was sound), `lost`, `ended`, what `terminate` or `abort` were given,
        or a `PeerError` reason.
        """


class Host(Protocol):
    """Whose door the peers knock at."""

    def greet(self, connection: "Connection") -> bool:
        """A peer connected; False throws it out before a byte is read. May set its `codec`."""

    def admit(self, connection: "Connection", call_uuid: UUID) -> Leg:
        """The peer said its UUID: who takes the call? (A refusal is a leg, too.)"""

    def refuse(self, connection: "Connection", error: PeerError) -> None:
        """The peer broke the protocol and is thrown out, whether there was a call or not; told once at most."""

    def gone(self, connection: "Connection") -> None:
        """The connection is lost; told exactly once, after the leg was."""


class Connection(Receiver, asyncio.Protocol):
    """One TCP connection from an Asterisk.

    Args:
        host: asked and told about this connection.
        patience: bounds of what the peer may do.
    """

    def __init__(self, host: Host, patience: Patience) -> None:
        self._host = host
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader()
        Receiver.__init__(self, self._reader.parser, self._loop.time, patience.ahead_s)
        self._transport: asyncio.Transport | None = None
        self._leg: Leg | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        """Runs while our frames wait for the peer to read them."""
        self._line: Line | None = None
        self._reason = ""
        self.peer: IPv4Address | IPv6Address | None = None
        self.call_uuid: UUID | None = None
        """What the peer said its call is."""

    @property
    def open(self) -> bool:
        """Frames can still be sent."""
        return self._transport is not None and not self.ended

    @property
    def codec(self) -> Codec:
        """What the peer sends under kind 0x10; to be set before the first frame."""
        return self._reader.codec

    @codec.setter
    def codec(self, codec: Codec) -> None:
        self._reader.codec = codec

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer connected."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        name = transport.get_extra_info("peername")
        if name:
            address = ip_address(name[0].partition("%")[0])
            mapped = getattr(address, "ipv4_mapped", None)
            self.peer = mapped or address
        if not self._host.greet(self):
            self.ended = True
            self._transport.abort()
            return
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._transport.set_write_buffer_limits(high=UNREAD_BYTES)
        self._timer = self._loop.call_later(self._patience.uuid_s, self._no_uuid)

    def received_early(self, data: bytes) -> None:
        """Bytes of the peer before there is a call; see `Receiver`."""
        try:
            for event in self._reader.receive(data):
                self._take(event)
                if self.ended:
                    return
        except PeerError as error:
            self._throw_out(error)

    def received_others(self, others: list[tuple[int, bytes]]) -> None:
        """Frames of the call to be judged one by one, in their order; see `Receiver`."""
        try:
            for kind, payload in others:
                self._take(self._reader.judge(kind, payload))
                if self.ended:
                    return
        except PeerError as error:
            self._throw_out(error)

    def flooded(self) -> None:
        """The peer sends much more than time has passed; see `Receiver`."""
        self._throw_out(PeerError("flood", f"more than {self._patience.ahead_s:g} s of frames ahead of real time"))

    def eof_received(self) -> bool:
        """The caller hung up: Asterisk just closes. It closes, too, when the network between us was cut for seconds and
        it gave the call up; then our frames have been waiting for it, which they never do on a sound line."""
        if not self.ended:
            if self._reader.mid_frame:
                self._throw_out(PeerError("cut_frame", "the stream ended inside a frame"))
            elif self._leg is None:
                self._throw_out(PeerError("no_uuid", "closed before saying who it is"))
            else:
                # Never a mere close: it would wait for a peer that does not read any more.
                self.abort("hangup" if self._unread is None else "lost")
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is gone."""
        self._stop_timer()
        was_open, was_sound = not self.ended, self._unread is None
        self._end(self._reason)
        self._transport = None
        leg, self._leg = self._leg, None
        if leg is not None:
            leg.hung_up(self._reason or ("reset" if was_sound and isinstance(error, ConnectionError) else "lost"))
        elif was_open:
            self._host.refuse(self, PeerError("no_uuid", "lost before saying who it is"))
        self._host.gone(self)

    def attach(self, line: Line) -> None:
        """From here on the caller's sound goes to the line, and the line's frames to the wire."""
        self._line = line
        self._listen(line.inbound)
        if self.open and self._transport is not None:
            line.write = self._transport.write

    def send(self, frame: bytes) -> None:
        """Sends one whole frame, header included, in one write; does nothing when the peer is gone."""
        if self._transport is not None and not self.ended:
            self._transport.write(frame)

    def pause_writing(self) -> None:
        """The peer reads nothing of what we send."""
        if not self.ended:
            self._unread = self._loop.call_later(self._patience.unread_s, self._stuck)

    def resume_writing(self) -> None:
        """It reads again."""
        self._has_read()

    def terminate(self, reason: str = "ended") -> None:
        """Ends the call politely: 0x00, half-close, wait for the peer's end (the dialplan then goes on).

        Args:
            reason: what the leg is told.
        """
        transport = self._transport
        if transport is None or self.ended:
            return
        self._end(reason)
        transport.write(TERMINATE_FRAME)
        if transport.can_write_eof():
            transport.write_eof()
        self._stop_timer()
        self._timer = self._loop.call_later(self._patience.end_s, transport.abort)

    def abort(self, reason: str) -> None:
        """Cuts the connection at once; the leg is told `reason`, unless the end had already begun."""
        if self._transport is not None:
            if not self.ended:
                self._end(reason)
            self._transport.abort()

    def _listen(self, sink: SoundSink) -> None:
        sink.codec = self.codec
        self.sink = sink

    def _end(self, reason: str) -> None:
        """Nothing is sent, and nothing taken, from here on."""
        self.ended = True
        self._reason = reason
        self._has_read()
        if self._line is not None:
            self._line.write = None

    def _take(self, event: Event) -> None:
        match event:
            case CallStarted():
                self._stop_timer()
                self.ahead_until_s = self._loop.time()
                self.call_uuid = event.call_uuid
                self._leg = self._host.admit(self, event.call_uuid)
                if self.sink is None:
                    self._listen(SoundSink())  # that is, nobody
            case AudioArrived():
                assert self.sink is not None
                now_s = self._loop.time()
                self.sink.feed(event.sound, event.rate_hz, now_s)
                self.watch_pace(now_s)
            case DigitPressed():
                assert self._leg is not None
                self.counted_s -= FRAME_COST_S
                self._leg.digit(event.digit)
                self.watch_pace(self._loop.time())
            case Terminated():
                self.abort("hangup")

    def _no_uuid(self) -> None:
        self._throw_out(PeerError("uuid_timeout", f"no UUID within {self._patience.uuid_s:g} s"))

    def _stuck(self) -> None:
        if self._transport is not None:
            # With a RST: what waits must not reach an Asterisk that comes back, followed by what looks like our end.
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self._throw_out(PeerError("stuck_peer", f"it has read nothing for {self._patience.unread_s:g} s and more"))

    def _has_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _throw_out(self, error: PeerError) -> None:
        """The peer broke the protocol: said once, and the connection is closed."""
        if self.ended:
            return
        self._host.refuse(self, error)
        self.abort(error.reason)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
