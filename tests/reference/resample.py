"""Resampling straight from the formula in `ext/resample.pyx`, in whole numbers, over the whole stream."""

import math
import struct
from functools import cache
from math import gcd

SPAN = 29
PROTOTYPE = [
    *(0.0172413793, 0.0346007608, 0.0343683218, 0.0345805298, 0.0344086352),
    *(0.0345294073, 0.0344667747, 0.0344681146, 0.0345269264, 0.0344120622),
    *(0.0345749553, 0.0343743654, 0.0346000708, 0.0343636366, 0.0345969099),
    *(0.0343812357, 0.0345660923, 0.0344221394, 0.0345168166, 0.0344759450),
    *(0.0344636219, 0.0345240809, 0.0344266124, 0.0345392207, 0.0344765299),
    *(0.0331157524, 0.0212496218, 0.0062003056, 0.0005032772, 0.0000002641),
    *(-0.0000002641, 0.0000000329, 0.0000001778, -0.0000002553, 0.0000002612),
    *(-0.0000002351, 0.0000002000, -0.0000001652, 0.0000001376, -0.0000001401),
]
"""See `resample_design`."""

ONE = 1 << 14
"""What the high parts of a phase's coefficients add up to; the low parts, worth 1/256 of them, add up to 0."""


@cache
def taps_of(source_hz: int, target_hz: int, phase: int) -> list[tuple[int, int, int]]:
    """(input index relative to the output's whole input index, high part, low part) of one phase."""
    lower_hz = min(source_hz, target_hz)
    phases = target_hz // gcd(source_hz, target_hz)
    half = SPAN * source_hz / lower_hz
    shape = {}
    for offset in range(-math.ceil(half), math.ceil(half) + 1):
        distance = phase / phases - offset
        if abs(distance) < half:
            terms = (b * math.cos(math.pi * k * distance / half) for k, b in enumerate(PROTOTYPE))
            shape[offset] = math.fsum(terms)
    total = math.fsum(shape.values())
    whole = {offset: round(256 * ONE * value / total) for offset, value in shape.items()}
    highs = {offset: (value + 128) // 256 for offset, value in whole.items()}
    lows = {offset: value - 256 * highs[offset] for offset, value in whole.items()}
    nearest = 1 if 2 * phase > phases else 0
    highs[nearest] += ONE - sum(highs.values())
    lows[nearest] -= sum(lows.values())
    return [(offset, highs[offset], lows[offset]) for offset in whole]


class Resampler:
    """Keeps the whole input; every output is computed from the definition."""

    def __init__(self, source_hz: int, target_hz: int) -> None:
        for rate_hz in (source_hz, target_hz):
            if not 4000 <= rate_hz <= 192000:
                raise ValueError(f"sample rates must be 4000 to 192000 Hz, got {rate_hz}")
        self.source_hz = source_hz
        self.target_hz = target_hz
        self._half = math.ceil(SPAN * source_hz / min(source_hz, target_hz))
        self.reset()

    @property
    def ratio(self) -> float:
        """Output samples for one input sample."""
        return self.target_hz / self.source_hz

    @property
    def delay_ms(self) -> float:
        """Sound that `process` holds back."""
        return 0.0 if self.source_hz == self.target_hz else 1000 * self._half / self.source_hz

    def reset(self) -> None:
        """Forgets the stream."""
        self._input: list[int] = []
        self._emitted = 0

    def process(self, pcm: bytes) -> bytes:
        """All outputs whose taps lie inside the input so far."""
        if len(pcm) % 2:
            raise ValueError(f"pcm must hold whole 16-bit samples: got {len(pcm)} bytes, not a multiple of 2")
        if self.source_hz == self.target_hz:
            return pcm
        self._input += [value for (value,) in struct.iter_unpack("<h", pcm)]
        certain = len(self._input) - self._half
        return self._up_to(math.ceil(certain * self.target_hz / self.source_hz) if certain > 0 else 0)

    def flush(self) -> bytes:
        """The rest, up to the rounded length."""
        if self.source_hz == self.target_hz:
            return b""
        tail = self._up_to(math.floor(len(self._input) * self.target_hz / self.source_hz + 0.5))
        self.reset()
        return tail

    def _up_to(self, end: int) -> bytes:
        made = [self._output(index) for index in range(self._emitted, end)]
        self._emitted = max(self._emitted, end)
        return struct.pack(f"<{len(made)}h", *made)

    def _output(self, index: int) -> int:
        divisor = gcd(self.source_hz, self.target_hz)
        phases, step = self.target_hz // divisor, self.source_hz // divisor
        whole, phase = divmod(index * step, phases)
        total = ONE // 2
        for offset, high, low in taps_of(self.source_hz, self.target_hz, phase):
            if 0 <= whole + offset < len(self._input):
                sample = self._input[whole + offset]
                total += sample * high + (sample >> 8) * low
        return max(-32768, min(32767, total // ONE))
