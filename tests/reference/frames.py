"""AudioSocket frames, the plain way: keep all bytes, cut off whole frames."""

import struct
from collections.abc import Callable

RATES_HZ = {
    0x10: 8000,
    0x11: 12000,
    0x12: 16000,
    0x13: 24000,
    0x14: 32000,
    0x15: 44100,
    0x16: 48000,
    0x17: 96000,
    0x18: 192000,
}


def sample_rate_hz(kind: int) -> int:
    """Sample rate of an audio kind; 0 for any other."""
    return RATES_HZ.get(kind, 0)


def build(kind: int, payload: bytes) -> bytes:
    """Header and payload."""
    if not 0 <= kind <= 255:
        raise ValueError(f"kind must be 0 to 255, got {kind}")
    if len(payload) > 65535:
        raise ValueError(f"payload may hold 65535 bytes, got {len(payload)}")
    return struct.pack(">BH", kind, len(payload)) + payload


FRAME_COST_S = 0.002


class SoundSink:
    """Takes the sound that a parser finds; this one drops it."""

    def __init__(self) -> None:
        self.heard_s = 0.0
        self._codec = "slin"

    @property
    def codec(self) -> str:
        """What comes under kind 0x10."""
        return self._codec

    @codec.setter
    def codec(self, codec: str) -> None:
        if codec not in ("slin", "ulaw", "alaw"):
            raise ValueError(f"codec must be one of slin, ulaw, alaw, got {codec}")
        self._codec = codec

    def width_bytes(self, rate_hz: int) -> int:
        """Bytes of a sample."""
        return 1 if self._codec != "slin" and rate_hz == 8000 else 2

    def feed(self, sound: bytes, rate_hz: int, now_s: float) -> None:
        """The sound of one frame."""
        width = self.width_bytes(rate_hz)
        if len(sound) % width:
            raise ValueError(f"sound must hold whole 16-bit samples: got {len(sound)} bytes, not a multiple of {width}")
        self.heard_s += max(len(sound) / (width * rate_hz), FRAME_COST_S)
        self.take(sound, rate_hz, now_s)

    def take(self, sound: bytes, rate_hz: int, now_s: float) -> None:
        """What a real sink does with it."""


class FrameParser:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._pending = b""

    @property
    def pending_bytes(self) -> int:
        """Bytes of the incomplete frame."""
        return len(self._pending)

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Takes the next bytes; returns the frames they complete."""
        self._pending += data
        frames = []
        while len(self._pending) >= 3:
            kind, length = struct.unpack_from(">BH", self._pending)
            if len(self._pending) < 3 + length:
                break
            frames.append((kind, self._pending[3 : 3 + length]))
            self._pending = self._pending[3 + length :]
        return frames

    def feed_into(self, data: bytes, sink: SoundSink, now_s: float) -> list[tuple[int, bytes]]:
        """As `feed`, but plain sound goes to the sink, up to the first frame that is none."""
        others: list[tuple[int, bytes]] = []
        for kind, payload in self.feed(data):
            rate_hz = sample_rate_hz(kind)
            if others or not rate_hz or len(payload) % sink.width_bytes(rate_hz):
                others.append((kind, payload))
            else:
                sink.feed(payload, rate_hz, now_s)
        return others


class Receiver:
    """The reading side of a connection."""

    sink: SoundSink | None
    received_early: Callable[[bytes], None]
    received_others: Callable[[list[tuple[int, bytes]]], None]
    flooded: Callable[[], None]

    def __init__(self, parser: FrameParser, now: Callable[[], float], ahead_s: float) -> None:
        self._parser, self._now, self._ahead_s = parser, now, ahead_s
        self.sink = None
        self.ended = False
        self.ahead_until_s = self.counted_s = 0.0

    def data_received(self, data: bytes) -> None:
        """The next bytes of the peer."""
        if self.ended:
            return
        if self.sink is None:
            self.received_early(data)
            return
        now_s = self._now()
        if others := self._parser.feed_into(data, self.sink, now_s):
            self.received_others(others)
        if not (others and self.ended):
            self.watch_pace(now_s)

    def watch_pace(self, now_s: float) -> None:
        """Notices a peer that sends much faster than anybody can speak."""
        assert self.sink is not None
        new_s, self.counted_s = self.sink.heard_s - self.counted_s, self.sink.heard_s
        self.ahead_until_s = max(self.ahead_until_s, now_s - self._ahead_s) + new_s
        if self.ahead_until_s - now_s > self._ahead_s:
            self.flooded()
