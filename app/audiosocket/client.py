"""The Asterisk side of one AudioSocket connection, as Asterisk behaves.

Facts from `res_audiosocket.c` and `app_audiosocket.c` (see `docs/audiosocket.md`): the UUID comes first, then
the caller's sound whatever the bot does; a caller who hangs up is a bare end of stream; what the real one
drops a call for (an illegal frame, a bot that does not read, two seconds of nothing), this one does too.
"""

import asyncio
import contextlib
import socket
import struct
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol, TypeVarTuple, cast
from uuid import UUID

from app.audiosocket.wires import Wire, WireCodec
from app.errors import MediaError, PeerError
from app.media.clock import FRAME_S, FrameClock
from ext.clock import Member
from ext.frames import (
    KIND_DTMF,
    KIND_SLIN_8000,
    KIND_TERMINATE,
    KIND_UUID,
    FrameParser,
    build,
    sample_rate_hz,
)
from ext.resample import Resampler

CONNECT_TIMEOUT_S = 2.0
"""`MAX_CONNECT_TIMEOUT_MSEC` of `res_audiosocket.c`."""
IDLE_TIMEOUT_S = 2.0
"""Asterisk's end of a call in which neither the caller nor the bot sends anything."""
CLOSE_TIMEOUT_S = 1.0
"""Longest wait for the bot's end of stream once the call is over."""
BYTES_PER_MS = 16
"""s16le mono at 8 kHz."""
TICK_MS = round(FRAME_S * 1000)
Told = TypeVarTuple("Told")
DTMF_DIGITS = "0123456789*#ABCD"
PTIMES_MS = (10, 20, 30, 40, 60)
"""Packet times of real telephones."""


class EndedBy(StrEnum):
    """Who or what ended a call."""

    BOT = "bot"
    CALLER = "caller"
    REFUSED = "refused"
    LOST = "lost"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class End:
    """How a call ended.

    Attributes:
        by: who or what.
        at_s: when, in seconds since the UUID was sent.
        detail: one line, for people.
    """

    by: EndedBy
    at_s: float
    detail: str


@dataclass(slots=True)
class Track:
    """One direction of the sound, frame by frame.

    Attributes:
        at_s: when each frame left or arrived, in seconds since the UUID was sent.
        sizes_bytes: length of each frame.
        pcm: all of them in one piece, s16le mono 8 kHz; empty when only times are kept.
        max_bytes: beyond this nothing is kept any more.
        frames: all frames, those not kept included.
    """

    max_bytes: int
    keeps_sound: bool = True
    at_s: "array[float]" = field(default_factory=lambda: array("d"))
    sizes_bytes: "array[int]" = field(default_factory=lambda: array("I"))
    pcm: bytearray = field(default_factory=bytearray)
    frames: int = 0
    _bytes: int = 0

    def add(self, at_s: float, pcm: bytes) -> None:
        """Takes the next frame."""
        self.frames += 1
        self._bytes += len(pcm)
        if self._bytes > self.max_bytes:
            return
        self.at_s.append(at_s)
        self.sizes_bytes.append(len(pcm))
        if self.keeps_sound:
            self.pcm += pcm


class CallerSide(Protocol):
    """Who is on the telephone: told on the loop, times in seconds since the UUID was sent; must not block."""

    def tick(self, at_s: float) -> None:
        """Called every 20 ms, right before the caller's frame leaves."""

    def hear(self, at_s: float, pcm: bytes) -> None:
        """A frame of the bot: s16le mono 8 kHz, any even length."""

    def ended(self, end: End) -> None:
        """The connection is gone; nothing follows."""


class Surroundings(Protocol):
    """What else is on the caller's line."""

    def hear(self, pcm: bytes) -> None:
        """The bot's next frame, as the caller's telephone sounds it."""

    def add_to(self, pcm: bytes) -> bytes:
        """The caller's next frame with what is heard besides, as long as before."""


class AudioSocketClient(asyncio.Protocol):
    """One call, from the Asterisk's end of the wire.

    Args:
        call_uuid: sent as the first frame.
        clock: shared by all the clients of the process.
        caller: who is on the telephone.
        ptime_ms: packet time of the caller's telephone; one of `PTIMES_MS`.
        codec: what the caller's frames hold. The bot's are linear sound of any kind, which is all that Asterisk reads.
        surroundings: noise and echo on the caller's line; None: it is clean.
        suppress_silence: send nothing while the caller is silent, as telephones with silence suppression do.
        max_seconds: bounds what is queued and recorded.
        keeps_sound: record the sound itself, not only the times.
        now: monotonic seconds.

    Attributes:
        sent: the caller's frames.
        received: the bot's frames.
        end: how the call ended, None while it lasts.
        failure: what the caller's side raised, if it did; it ends the call.
    """

    def __init__(
        self,
        call_uuid: UUID,
        clock: FrameClock,
        caller: CallerSide,
        *,
        ptime_ms: int = 20,
        codec: WireCodec = "slin",
        surroundings: Surroundings | None = None,
        suppress_silence: bool = False,
        max_seconds: float = 300.0,
        keeps_sound: bool = True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if ptime_ms not in PTIMES_MS:
            raise ValueError(f"ptime_ms is {ptime_ms}, not one of {PTIMES_MS}")
        self.call_uuid = call_uuid
        # A bot is at most 40 ms ahead of real time: half as much again is more than any honest call holds.
        self._max_bytes = int(max_seconds * 1500 * BYTES_PER_MS)
        self.sent = Track(self._max_bytes, keeps_sound)
        self.received = Track(self._max_bytes, keeps_sound)
        self.end: End | None = None
        self.failure: Exception | None = None
        self._clock = clock
        self._caller = caller
        self._ptime_ms = ptime_ms
        self._wire = Wire(codec)
        self._surroundings = surroundings
        self._suppress_silence = suppress_silence
        self._now = now
        self._silence = bytes(ptime_ms * BYTES_PER_MS)
        self._queue = bytearray()
        self._credit_ms = 0
        self._parser = FrameParser()
        self._resamplers: dict[int, Resampler] = {}
        self._transport: asyncio.Transport | None = None
        self._on_clock: Member | None = None
        self._origin_s = 0.0
        self._last_activity_s = 0.0
        self._close_timer: asyncio.TimerHandle | None = None

    async def connect(self, host: str, port: int) -> None:
        """Opens the call as Asterisk does; the UUID has left when this returns.

        Raises:
            PeerError: with reason `unreachable`: refused, no route, unknown name, or not within 2 s.
        """
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await asyncio.get_running_loop().create_connection(lambda: self, host, port)
        except TimeoutError:
            raise PeerError("unreachable", f"{host}:{port} does not answer within {CONNECT_TIMEOUT_S:g} s") from None
        except OSError as error:
            raise PeerError("unreachable", f"{host}:{port}: {error.strerror or error}") from error

    # What the caller does.

    @property
    def queued_samples(self) -> int:
        """Caller sound that has not left yet; 0 means that the caller is silent."""
        return len(self._queue) // 2

    def play(self, pcm: bytes) -> None:
        """Queues caller sound, s16le mono 8 kHz; the last frame is filled up with silence.

        Raises:
            MediaError: more is queued than the longest call can hold.
        """
        if len(self._queue) + len(pcm) > self._max_bytes:
            raise MediaError(
                f"{len(pcm) / (1000 * BYTES_PER_MS):.0f} s of sound do not fit into the call's longest time"
            )
        self._queue += pcm

    def send_dtmf(self, digit: str) -> None:
        """Presses one key: 0–9, *, #, A–D."""
        if len(digit) != 1 or digit not in DTMF_DIGITS:
            raise ValueError(f"{digit!r} is no key of a telephone")
        if self._transport is not None and self.end is None:
            self._write(KIND_DTMF, digit.encode("ascii"))

    def hangup(self, *, abort: bool = False, by: EndedBy = EndedBy.CALLER) -> None:
        """Ends the call from this side: a bare end of stream, or a reset with `abort`. Ended ones stay so.

        Not a close, as Asterisk's: a frame of the bot that nobody has read yet would make a reset of it, now and then.
        """
        detail = "the caller hung up" if by is EndedBy.CALLER else "the longest time was reached"
        self._finish(by, detail, abort=abort, half_close=not abort)

    # What the wire does.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Sends the UUID, which starts the call's time, and joins the clock."""
        self._transport = cast(asyncio.Transport, transport)
        if (connected := transport.get_extra_info("socket")) is not None:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._origin_s = self._now()
        self._write(KIND_UUID, self.call_uuid.bytes)
        self._on_clock = self._clock.join(self._tick)

    def data_received(self, data: bytes) -> None:
        """Takes the bot's bytes; what Asterisk would not accept ends the call, as it does there."""
        at_s = self._now() - self._origin_s
        self._last_activity_s = at_s
        for kind, payload in self._parser.feed(data):
            if self.end is not None:
                return
            if kind == KIND_TERMINATE:
                refused = self.received.frames == 0
                detail = "the bot ended the call" if not refused else "the bot refused the call"
                self._finish(EndedBy.REFUSED if refused else EndedBy.BOT, detail, half_close=True)
            elif payload and len(payload) % 2 == 0 and (rate_hz := sample_rate_hz(kind)):
                pcm = payload if kind == KIND_SLIN_8000 else self._narrow(rate_hz, payload)
                self.received.add(at_s, pcm)
                if self._surroundings is not None:
                    self._surroundings.hear(pcm)
                self._tell(self._caller.hear, at_s, pcm)
            else:
                what = f"kind 0x{kind:02x}, {len(payload)} bytes"
                self._finish(EndedBy.LOST, f"the bot sent a frame that Asterisk drops calls for: {what}")

    def eof_received(self) -> None:
        """The bot closed; without a 0x00 before, that is no proper end."""
        if self.received.frames == 0:
            self._finish(EndedBy.REFUSED, "the bot closed the connection at once")
        self._finish(EndedBy.LOST, "the bot closed the connection without a 0x00")

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is gone: the call's last event."""
        why = str(error) if error else "closed"
        self._finish(EndedBy.LOST if self.received.frames else EndedBy.REFUSED, f"connection lost: {why}")
        if self._close_timer is not None:
            self._close_timer.cancel()
        assert self.end is not None
        self._tell(self._caller.ended, self.end)

    def _tick(self) -> None:
        transport = self._transport
        assert transport is not None
        at_s = self._now() - self._origin_s
        if transport.get_write_buffer_size() > 0:
            # Asterisk writes once without waiting: a full socket drops the call.
            self._finish(EndedBy.LOST, "the bot does not read: Asterisk drops such a call", abort=True)
        elif at_s - self._last_activity_s > IDLE_TIMEOUT_S:
            self._finish(EndedBy.LOST, "nobody sent anything for 2 s: Asterisk ends such a call")
        if self.end is None:
            self._tell(self._caller.tick, at_s)
        self._credit_ms += TICK_MS
        while self._credit_ms >= self._ptime_ms and self.end is None:
            self._credit_ms -= self._ptime_ms
            self._send_audio(at_s)

    def _send_audio(self, at_s: float) -> None:
        size = self._ptime_ms * BYTES_PER_MS
        if self._queue:
            pcm = bytes(self._queue[:size]).ljust(size, b"\0")
            del self._queue[:size]
        elif self._suppress_silence:
            return
        else:
            pcm = self._silence
        if self._surroundings is not None:
            pcm = self._surroundings.add_to(pcm)
        self.sent.add(at_s, pcm)
        self._write(self._wire.kind, self._wire.encode(pcm))

    def _write(self, kind: int, payload: bytes) -> None:
        assert self._transport is not None
        self._last_activity_s = self._now() - self._origin_s
        self._transport.write(build(kind, payload))

    def _narrow(self, rate_hz: int, pcm: bytes) -> bytes:
        """Wideband sound of the bot, brought to the 8 kHz that this caller's telephone has."""
        resampler = self._resamplers.get(rate_hz)
        if resampler is None:
            resampler = self._resamplers[rate_hz] = Resampler(rate_hz, 8000)
        return resampler.process(pcm)

    def _tell(self, listener: Callable[[*Told], None], *told: *Told) -> None:
        try:
            listener(*told)
        except Exception as error:  # kept for the owner of the call; the clock must go on for all the others
            self.failure = self.failure or error
            self._finish(EndedBy.LOST, f"the simulated caller failed: {error!r}", abort=True)

    def _give_up(self) -> None:
        """The call is over and the bot still keeps its end open."""
        if self.end is not None and self._transport is not None:
            self.end = replace(self.end, detail=f"{self.end.detail}; it did not close within {CLOSE_TIMEOUT_S:g} s")
            self._transport.abort()

    def _finish(self, by: EndedBy, detail: str, *, abort: bool = False, half_close: bool = False) -> None:
        if self.end is not None:
            return
        self.end = End(by, self._now() - self._origin_s, detail)
        self._clock.leave(self._on_clock)
        self._queue.clear()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if abort:
            if (connected := transport.get_extra_info("socket")) is not None:
                # Zero linger turns the close into a reset (socket(7)).
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
            return
        self._close_timer = asyncio.get_running_loop().call_later(CLOSE_TIMEOUT_S, self._give_up)
        if half_close:
            # The bot half-closes after its 0x00 and reads to our end of stream: answer it, await its own.
            with contextlib.suppress(OSError):
                transport.write_eof()
        else:
            transport.close()
