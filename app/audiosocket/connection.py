"""The server's side of one AudioSocket connection: handshake, events in, frames out, the polite end."""

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol, cast
from uuid import UUID

from app.audiosocket.frames import TERMINATE_FRAME, AudioArrived, CallStarted, DigitPressed, FrameReader
from app.errors import PeerError
from ext.resample import Resampler

UUID_TIMEOUT_S = 5.0
"""A connection that has not said who it is by then is closed. Asterisk sends the UUID within 1 ms."""
END_TIMEOUT_S = 2.0
"""After our 0x00 the peer closes; if it does not, we do."""
MAX_UNSENT_BYTES = 65_536
"""4 s of sound that the peer did not read: it is dead, and feeding it would only fill memory."""


class Leg(Protocol):
    """Whoever takes the call that came over a connection."""

    def audio(self, pcm: bytes) -> None:
        """Sound of the caller, s16le mono 8 kHz, any even length."""

    def digit(self, digit: str) -> None:
        """A key."""

    def hung_up(self, reason: str) -> None:
        """The connection is gone; told exactly once. Reasons: `hangup`, `lost`, `ended`, or a `PeerError` reason."""


class Connection(asyncio.Protocol):
    """One TCP connection from an Asterisk.

    Args:
        admit: asked once, when the peer has said its UUID: returns who takes the call (a refusal is a leg, too).
        greet: asked when a peer connects, with its address; False throws it out before a byte is read.
        refuse: told why a connection was thrown out before there was a call (`PeerError.reason`), once.
    """

    def __init__(
        self,
        admit: Callable[["Connection", UUID], Leg],
        greet: Callable[["Connection"], bool],
        refuse: Callable[["Connection", PeerError], None],
    ) -> None:
        self._admit = admit
        self._greet = greet
        self._refuse = refuse
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._leg: Leg | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._resamplers: dict[int, Resampler] = {}
        self._ended = False
        """Our 0x00 is sent: nothing may follow it."""
        self._reason = ""
        self.peer: IPv4Address | IPv6Address | None = None
        self.greeted = False
        """The owner's note: this connection was let in …"""
        self.admitted = False
        """… and has said its UUID."""

    @property
    def open(self) -> bool:
        """Frames can still be sent."""
        return self._transport is not None and not self._ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer connected."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        name = transport.get_extra_info("peername")
        if name:
            address = ip_address(name[0].partition("%")[0])
            mapped = getattr(address, "ipv4_mapped", None)
            self.peer = mapped or address
        if not self._greet(self):
            self._ended = True
            self._transport.abort()
            return
        self._timer = self._loop.call_later(UUID_TIMEOUT_S, self._no_uuid)

    def data_received(self, data: bytes) -> None:
        """Bytes of the peer; after our end they are read and thrown away, as the peer must never find us full."""
        if self._ended:
            return
        try:
            for event in self._reader.receive(data):
                if isinstance(event, AudioArrived):
                    self._audio(event)
                elif isinstance(event, CallStarted):
                    self._start(event.call_uuid)
                elif isinstance(event, DigitPressed):
                    self._leg.digit(event.digit)  # type: ignore[union-attr]
                else:
                    self._close("hangup")
                if self._ended:
                    return
        except PeerError as error:
            self._throw_out(error)

    def eof_received(self) -> bool:
        """The caller hung up: Asterisk just closes."""
        if not self._ended:
            if self._reader.mid_frame:
                self._throw_out(PeerError("cut_frame", "the stream ended inside a frame"))
            elif self._leg is None:
                self._throw_out(PeerError("no_uuid", "closed before saying who it is"))
            else:
                self._reason = "hangup"
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is gone."""
        self._stop_timer()
        was_open = not self._ended
        self._ended = True
        self._transport = None
        leg, self._leg = self._leg, None
        if leg is not None:
            leg.hung_up(self._reason or ("lost" if error or was_open else "ended"))
        elif was_open and not self._reason:
            self._refuse(self, PeerError("no_uuid", "lost before saying who it is"))

    def send(self, frame: bytes) -> None:
        """Sends one whole frame, header included, in one write; does nothing when the peer is gone."""
        transport = self._transport
        if transport is None or self._ended:
            return
        transport.write(frame)
        if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._reason = "stuck_peer"
            transport.abort()

    def terminate(self) -> None:
        """Ends the call politely: 0x00, half-close, wait for the peer's end (the dialplan then goes on)."""
        transport = self._transport
        if transport is None or self._ended:
            return
        self._ended = True
        self._reason = self._reason or "ended"
        transport.write(TERMINATE_FRAME)
        if transport.can_write_eof():
            transport.write_eof()
        self._stop_timer()
        self._timer = self._loop.call_later(END_TIMEOUT_S, transport.abort)

    def abort(self, reason: str) -> None:
        """Cuts the connection at once."""
        if self._transport is not None:
            self._reason = self._reason or reason
            self._transport.abort()

    def _start(self, call_uuid: UUID) -> None:
        self._stop_timer()
        self._leg = self._admit(self, call_uuid)

    def _audio(self, event: AudioArrived) -> None:
        pcm = event.pcm
        if event.rate_hz != 8000:
            resampler = self._resamplers.get(event.rate_hz)
            if resampler is None:
                resampler = self._resamplers[event.rate_hz] = Resampler(event.rate_hz, 8000)
            pcm = resampler.process(pcm)
        if pcm:
            self._leg.audio(pcm)  # type: ignore[union-attr]

    def _no_uuid(self) -> None:
        self._throw_out(PeerError("uuid_timeout", f"no UUID within {UUID_TIMEOUT_S:.0f} s"))

    def _throw_out(self, error: PeerError) -> None:
        """The peer broke the protocol: said once, and the connection is closed."""
        if self._ended:
            return
        self._refuse(self, error)
        self._close(error.reason)

    def _close(self, reason: str) -> None:
        self._reason = reason
        self._ended = True
        if self._transport is not None:
            self._transport.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
