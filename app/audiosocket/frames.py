"""AudioSocket frames, typed and judged; the bytes themselves are parsed in `ext.frames`.

Wire facts: `res_audiosocket.c` and `docs/audiosocket.md`. Kind (1 byte), length (2 bytes, big-endian), payload.
"""

from dataclasses import dataclass
from uuid import UUID

from app.errors import PeerError
from ext.frames import KIND_DTMF, KIND_TERMINATE, KIND_UUID, FrameParser, build, sample_rate_hz

DTMF_DIGITS = frozenset(b"0123456789*#ABCD")
TERMINATE_FRAME = build(KIND_TERMINATE, b"")


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The first frame of every connection: who this call is."""

    call_uuid: UUID


@dataclass(frozen=True, slots=True)
class AudioArrived:
    """Sound of the caller: s16le mono at `rate_hz`, any even length."""

    pcm: bytes
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
    """Turns the peer's bytes, split anywhere, into events."""

    def __init__(self) -> None:
        self._parser = FrameParser()
        self._started = False

    @property
    def mid_frame(self) -> bool:
        """A frame has begun and not ended: an end of stream now cuts it."""
        return self._parser.pending_bytes > 0

    def receive(self, data: bytes) -> list[Event]:
        """Takes the next bytes.

        Raises:
            PeerError: with reason `first_kind`, `bad_uuid`, `second_uuid`, `odd_audio`, `bad_dtmf` or `unknown_kind`.
        """
        return [self._judge(kind, payload) for kind, payload in self._parser.feed(data)]

    def _judge(self, kind: int, payload: bytes) -> Event:
        if not self._started:
            return self._first(kind, payload)
        if rate_hz := sample_rate_hz(kind):
            if len(payload) % 2:
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

    def _first(self, kind: int, payload: bytes) -> Event:
        if kind != KIND_UUID:
            raise PeerError("first_kind", f"0x{kind:02x} where the UUID belongs")
        if len(payload) != 16:
            raise PeerError("bad_uuid", f"{len(payload)} bytes, not 16")
        self._started = True
        return CallStarted(UUID(bytes=payload))
