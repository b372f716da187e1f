"""Resampling straight from the formula in `ext/resample.pyx`, in float64, over the whole stream."""

import math
import struct
from functools import cache
from math import gcd

CUTOFF = 0.9165
KAISER_BETA = 8.1
SPAN_SAMPLES = 31


def _bessel_i0(x: float) -> float:
    """Sum over k of ((x/2)**k / k!)**2."""
    return math.fsum(((x / 2) ** k / math.factorial(k)) ** 2 for k in range(60))


@cache
def _phase(source_hz: int, target_hz: int, phase: int) -> list[tuple[int, float]]:
    """(input index relative to the output's whole input index, coefficient) of one phase."""
    lower_hz = min(source_hz, target_hz)
    phases = target_hz // gcd(source_hz, target_hz)
    half = math.ceil(SPAN_SAMPLES * source_hz / lower_hz)
    cutoff = CUTOFF * lower_hz / source_hz
    taps = []
    for offset in range(-half, half + 1):
        distance = phase / phases - offset
        if abs(distance) >= half:
            continue
        angle = math.pi * cutoff * distance
        sinc = 1.0 if distance == 0 else math.sin(angle) / angle
        taps.append((offset, sinc * _bessel_i0(KAISER_BETA * math.sqrt(1 - (distance / half) ** 2))))
    total = math.fsum(value for _, value in taps)
    return [(offset, value / total) for offset, value in taps]


class Resampler:
    """Keeps the whole input; every output is computed from the definition."""

    def __init__(self, source_hz: int, target_hz: int) -> None:
        for rate_hz in (source_hz, target_hz):
            if not 4000 <= rate_hz <= 192000:
                raise ValueError(f"sample rates must be 4000 to 192000 Hz, got {rate_hz}")
        self.source_hz = source_hz
        self.target_hz = target_hz
        self._half = math.ceil(SPAN_SAMPLES * source_hz / min(source_hz, target_hz))
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
        total = 0.0
        for offset, coefficient in _phase(self.source_hz, self.target_hz, phase):
            if 0 <= whole + offset < len(self._input):
                total += self._input[whole + offset] * coefficient
        return max(-32768, min(32767, round(total)))
