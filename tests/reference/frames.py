"""AudioSocket frames, the plain way: keep all bytes, cut off whole frames."""

import struct

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
