"""Levels and gain from their definitions."""

import math
import struct


def _samples(pcm: bytes) -> list[int]:
    if len(pcm) % 2:
        raise ValueError(f"pcm must hold whole 16-bit samples: got {len(pcm)} bytes, not a multiple of 2")
    return [value for (value,) in struct.iter_unpack("<h", pcm)]


def rms_dbfs(pcm: bytes) -> float:
    """Root mean square in dB re 32768, not below -120."""
    samples = _samples(pcm)
    if not any(samples):
        return -120.0
    mean_square = sum(sample * sample for sample in samples) / len(samples)
    return max(-120.0, 20 * math.log10(math.sqrt(mean_square) / 32768))


def peak(pcm: bytes) -> int:
    """Largest magnitude."""
    return max((abs(sample) for sample in _samples(pcm)), default=0)


def _float32(value: float) -> float:
    """The nearest single-precision number."""
    (nearest,) = struct.unpack("<f", struct.pack("<f", value))
    return float(nearest)


def apply_gain(pcm: bytes, gain: float) -> bytes:
    """Multiplies in single precision, rounds half to even, saturates."""
    samples = _samples(pcm)
    if not math.isfinite(gain):
        raise ValueError(f"gain must be a finite number, got {gain} for {len(samples)} samples")
    # Beyond these, every sample but 0 saturates, and single precision may end.
    single = _float32(max(-65536.0, min(65536.0, gain)))
    products = [_float32(sample * single) for sample in samples]
    return struct.pack(f"<{len(samples)}h", *(round(max(-32768.0, min(32767.0, value))) for value in products))


def fade(pcm: bytes, start: float, end: float) -> bytes:
    """Multiplies by a line, in Q30 for the gain and Q15 for the product."""
    samples = _samples(pcm)
    if len(samples) > 1 << 27:
        raise ValueError(f"a fade may last {1 << 27} samples, got {len(samples)}")
    if not (0 <= start <= 1 and 0 <= end <= 1):
        raise ValueError(f"gains must be 0 to 1, got {start} and {end}")
    if not samples:
        return b""
    first = round(start * (1 << 30))
    step = math.trunc((round(end * (1 << 30)) - first) / len(samples))
    gains = [(first + math.trunc(step / 2) + i * step) >> 15 for i in range(len(samples))]
    faded = [(sample * gain + (1 << 14)) >> 15 for sample, gain in zip(samples, gains, strict=True)]
    return struct.pack(f"<{len(faded)}h", *faded)
