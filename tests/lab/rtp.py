"""RTP packets of a telephone call (RFC 3550, 3551, 4733): built, read, and timed. Pure."""

import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from ext.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode
from tests.lab.g722 import G722

RATE_HZ = 8000
"""Of the clock, in G.722 too (RFC 3551, 4.5.2); all three codecs fill one byte with one of its ticks."""
HEADER = struct.Struct("!BBHII")
VERSION_2 = 0x80
MARKER = 0x80
EVENTS = 101
"""The usual dynamic payload type of telephone events."""
EVENT = struct.Struct("!BBH")
EVENT_END = 0x80
EVENT_VOLUME = 10
"""−10 dBm0, as telephones send it (RFC 4733, 2.3.4)."""
KEYS = "0123456789*#ABCD"
"""Their numbers as events (RFC 4733, 3.2)."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How one telephone codes its sound.

    Attributes:
        name: as in SDP.
        payload_type: static (RFC 3551, table 4).
        encode: s16le mono 8 kHz → one byte a sample.
        decode: the way back.
    """

    name: str
    payload_type: int
    encode: Callable[[bytes], bytes]
    decode: Callable[[bytes], bytes]


def codec_of(name: str) -> Codec:
    """A codec by Asterisk's name for it: "ulaw", "alaw", or "g722", which remembers what it has coded."""
    match name:
        case "ulaw":
            return Codec("PCMU", 0, ulaw_encode, ulaw_decode)
        case "alaw":
            return Codec("PCMA", 8, alaw_encode, alaw_decode)
        case "g722":
            g722 = G722()
            return Codec("G722", 9, g722.encode, g722.decode)
    raise ValueError(f"telephones here do not speak {name}")


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet that was read.

    Attributes:
        payload_type: of the payload.
        marker: the first one of a stretch of sound.
        sequence: 16 bits, wraps.
        timestamp: in samples, 32 bits, wraps.
        ssrc: whose stream it is.
        payload: without padding and extensions.
    """

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def read_packet(datagram: bytes) -> Packet | None:
    """Reads a packet; None for what is no RTP."""
    if len(datagram) < HEADER.size:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(datagram)
    if first & 0xC0 != VERSION_2:
        return None
    start = HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:  # an extension: two bytes of profile, two of length in words
        if len(datagram) < start + 4:
            return None
        start += 4 + 4 * struct.unpack_from("!H", datagram, start + 2)[0]
    end = len(datagram) - (datagram[-1] if first & 0x20 else 0)
    if start > end:
        return None
    return Packet(second & 0x7F, bool(second & MARKER), sequence, timestamp, ssrc, datagram[start:end])


class Sender:
    """Numbers the packets of one telephone.

    Args:
        codec: of its sound.
        ptime_ms: length of a packet.
        ssrc: of its stream.
    """

    def __init__(self, codec: Codec, ptime_ms: int, ssrc: int) -> None:
        self.samples = ptime_ms * RATE_HZ // 1000
        self._codec = codec
        self._ssrc = ssrc
        self._sequence = ssrc & 0xFFFF
        self._timestamp = ssrc
        self._talks = False
        self._event: tuple[int, int, int] | None = None

    def sound(self, pcm: bytes) -> bytes:
        """The next packet; `pcm` fills it."""
        if len(pcm) != 2 * self.samples:
            raise ValueError(f"{len(pcm)} bytes do not fill a packet of {self.samples} samples")
        marker, self._talks = not self._talks, True
        packet = self._packet(self._codec.payload_type, self._codec.encode(pcm), marker, self._timestamp)
        self.pass_over()
        return packet

    def silence(self) -> None:
        """A packet that a telephone with silence suppression does not send."""
        self._talks = False
        self.pass_over()

    def key(self, digit: str, packets: int, number: int) -> bytes:
        """Packet `number` (from 0) of a key that is held for `packets`; the last of them and later ones end it."""
        if number == 0:
            self._event = KEYS.index(digit), self._timestamp, 0
        assert self._event is not None
        code, began, _ = self._event
        last = number >= packets - 1
        duration = (min(number, packets - 1) + 1) * self.samples
        payload = EVENT.pack(code, EVENT_VOLUME | (EVENT_END if last else 0), duration)
        # All packets of an event carry the timestamp of its beginning (RFC 4733, 2.3).
        packet = self._packet(EVENTS, payload, number == 0, began)
        self.pass_over()
        return packet

    def pass_over(self) -> None:
        """A packet's time goes by."""
        self._timestamp = (self._timestamp + self.samples) & 0xFFFFFFFF

    def _packet(self, payload_type: int, payload: bytes, marker: bool, timestamp: int) -> bytes:
        second = payload_type | (MARKER if marker else 0)
        header = HEADER.pack(VERSION_2, second, self._sequence, timestamp, self._ssrc)
        self._sequence = (self._sequence + 1) & 0xFFFF
        return header + payload


@dataclass(slots=True)
class Arrivals:
    """When the packets of the other side came, and what they said of themselves.

    Attributes:
        at_s: arrival of each packet of sound.
        sequences: theirs, the wraps undone.
        timestamps: theirs in samples, the wraps undone.
        durations_s: length of each one's sound.
        strangers: packets with an unknown payload type.
    """

    at_s: "array[float]" = field(default_factory=lambda: array("d"))
    sequences: "array[int]" = field(default_factory=lambda: array("q"))
    timestamps: "array[int]" = field(default_factory=lambda: array("q"))
    durations_s: "array[float]" = field(default_factory=lambda: array("d"))
    strangers: int = 0

    def add(self, at_s: float, packet: Packet) -> None:
        """Takes the next packet."""
        self.at_s.append(at_s)
        self.sequences.append(_unwrapped(packet.sequence, self.sequences, 16))
        self.timestamps.append(_unwrapped(packet.timestamp, self.timestamps, 32))
        self.durations_s.append(len(packet.payload) / RATE_HZ)

    @property
    def lost(self) -> int:
        """Packets that never came."""
        return 0 if not self.sequences else max(self.sequences) - min(self.sequences) + 1 - len(set(self.sequences))

    def longest_gap_s(self, start_s: float, end_s: float) -> float:
        """The longest time without a packet between two moments."""
        inside = [at_s for at_s in self.at_s if start_s <= at_s <= end_s]
        return max((later - earlier for earlier, later in pairwise(inside)), default=0.0)


def _unwrapped(value: int, earlier: "array[int]", bits: int) -> int:
    if not earlier:
        return value
    step = (value - earlier[-1]) & ((1 << bits) - 1)
    return int(earlier[-1]) + (step if step < 1 << (bits - 1) else step - (1 << bits))
