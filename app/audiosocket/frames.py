"""AudioSocket frames, typed and judged; the bytes themselves are parsed in `ext.frames`.

Wire facts: `res_audiosocket.c` and `docs/audiosocket.md`. Kind (1 byte), length (2 bytes, big-endian), payload.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.errors import PeerError
from ext.frames import (
    KIND_DTMF,
    KIND_SLIN_8000,
    KIND_TERMINATE,
    KIND_UUID,
    FrameParser,
    build,
    sample_rate_hz,
)

Codec = Literal["slin", "ulaw", "alaw"]
"""What comes under kind 0x10: s16le, or the G.711 bytes of a channel driver that was told `c(ulaw)` or `c(alaw)`."""

DTMF_DIGITS = frozenset(b"0123456789*#ABCD")
TERMINATE_FRAME = build(KIND_TERMINATE, b"")
UUID_BYTES = 16
UUID_HEADER = bytes((KIND_UUID, 0, UUID_BYTES))
"""How every stream begins; what begins otherwise is no Asterisk, and its "length" is not waited for."""


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The first frame of every connection: who this call is."""

    call_uuid: UUID


@dataclass(frozen=True, slots=True)
class AudioArrived:
    """Sound of the caller: mono at `rate_hz`, any whole number of samples, as it came over the wire."""

    sound: bytes
    rate_hz: int


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """A key of the caller's telephone."""

    digit: str


@dataclass(frozen=True, slots=True)
class Terminated:
    """The peer ends the call with a frame; today's Asterisk just closes instead."""


Event = CallStarted | AudioArrived | DigitPressed | Terminated


class FrameReader:
    """Turns the peer's bytes, split anywhere, into events.

    Attributes:
        codec: what the peer sends under kind 0x10.
    """

    def __init__(self) -> None:
        self.codec: Codec = "slin"
        self.parser = FrameParser()
        """Once the call has started, sound goes from it straight to a sink (`ext.frames.Receiver`)."""
        self._head = b""
        self._started = False

    @property
    def mid_frame(self) -> bool:
        """A frame has begun and not ended: an end of stream now cuts it."""
        return self.parser.pending_bytes > 0

    def receive(self, data: bytes) -> Iterator[Event]:
        """Takes the next bytes; to be iterated to its end or its error.

        What came before a mistake is yielded first, so that the peer's way of cutting its bytes changes nothing.

        Raises:
            PeerError: with reason `first_kind`, `bad_uuid`, `second_uuid`, `odd_audio`, `bad_dtmf` or `unknown_kind`.
        """
        if len(self._head) < len(UUID_HEADER):
            self._check_head(data)
        for kind, payload in self.parser.feed(data):
            yield self.judge(kind, payload)

    def _check_head(self, data: bytes) -> None:
        """Judges the first header as its bytes come."""
        self._head += data[: len(UUID_HEADER) - len(self._head)]
        if self._head[:1] not in (b"", UUID_HEADER[:1]):
            raise PeerError("first_kind", f"0x{self._head[0]:02x} where the UUID belongs")
        if not UUID_HEADER.startswith(self._head):
            raise PeerError("bad_uuid", f"its header is {self._head.hex(' ')}, not {UUID_HEADER.hex(' ')}")

    def judge(self, kind: int, payload: bytes) -> Event:
        """What a frame means.

        Raises:
            PeerError: see `receive`.
        """
        if not self._started:
            self._started = True
            return CallStarted(UUID(bytes=payload))
        if rate_hz := sample_rate_hz(kind):
            one_byte = kind == KIND_SLIN_8000 and self.codec != "slin"
            if len(payload) % 2 and not one_byte:
                raise PeerError("odd_audio", f"{len(payload)} bytes of 16-bit audio")
            return AudioArrived(payload, rate_hz)
        if kind == KIND_DTMF:
            if len(payload) != 1 or payload[0] not in DTMF_DIGITS:
                raise PeerError("bad_dtmf", f"payload {payload[:8]!r}")
            return DigitPressed(payload.decode("ascii"))
        if kind == KIND_TERMINATE:
            return Terminated()
        if kind == KIND_UUID:
            raise PeerError("second_uuid", "one connection is one call")
        raise PeerError("unknown_kind", f"0x{kind:02x}")
