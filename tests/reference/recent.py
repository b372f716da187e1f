"""The latest sound of a call, in Python."""

import struct

SIZES = (
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    16,
    17,
    19,
    21,
    23,
    25,
    28,
    31,
    34,
    37,
    41,
    45,
    50,
    55,
    60,
    66,
    73,
    80,
    88,
    97,
    107,
    118,
    130,
    143,
    157,
    173,
    190,
    209,
    230,
    253,
    279,
    307,
    337,
    371,
    408,
    449,
    494,
    544,
    598,
    658,
    724,
    796,
    876,
    963,
    1060,
    1166,
    1282,
    1411,
    1552,
    1707,
    1878,
    2066,
    2272,
    2499,
    2749,
    3024,
    3327,
    3660,
    4026,
    4428,
    4871,
    5358,
    5894,
    6484,
    7132,
    7845,
    8630,
    9493,
    10442,
    11487,
    12635,
    13899,
    15289,
    16818,
    18500,
    20350,
    22385,
    24623,
    27086,
    29794,
    32767,
)
assert len(SIZES) == 89
MOVES = [-1, -1, -1, -1, 2, 4, 6, 8]


class Codec:
    """IMA ADPCM: what comes out of it, sample by sample."""

    def __init__(self) -> None:
        self._predicted = 0
        self._step = 0

    def heard(self, sample: int) -> int:
        """The sample as it is after encoding and decoding."""
        size = SIZES[self._step]
        error = abs(sample - self._predicted)
        code, change = 0, size >> 3
        for bit in (4, 2, 1):
            if error >= size:
                code |= bit
                change += size
                error -= size
            size >>= 1
        change = -change if sample < self._predicted else change
        self._predicted = max(-32768, min(32767, self._predicted + change))
        self._step = max(0, min(88, self._step + MOVES[code]))
        return self._predicted


class RecentSound:
    """At most `limit_samples`, as they come out of the codec."""

    def __init__(self, limit_samples: int) -> None:
        if limit_samples < 1:
            raise ValueError(f"limit_samples must be at least 1, got {limit_samples}")
        self._limit = limit_samples
        self._codec = Codec()
        self._samples: list[int] = []

    @property
    def samples(self) -> int:
        """How many are kept."""
        return len(self._samples)

    def add(self, pcm: bytes) -> None:
        """Takes the next sound; the oldest goes."""
        if len(pcm) % 2:
            raise ValueError(f"pcm must hold whole 16-bit samples: got {len(pcm)} bytes, not a multiple of 2")
        samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)[-self._limit :]
        self._samples = (self._samples + [self._codec.heard(sample) for sample in samples])[-self._limit :]

    def keep(self, samples: int) -> None:
        """Forgets all but the latest."""
        self._samples = self._samples[max(0, len(self._samples) - max(samples, 0)) :]

    def pcm(self) -> bytes:
        """All that is kept."""
        return struct.pack(f"<{len(self._samples)}h", *self._samples)
