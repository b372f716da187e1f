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


def apply_gain(pcm: bytes, gain: float) -> bytes:
    """Multiplies, rounds half to even, saturates."""
    samples = _samples(pcm)
    if not math.isfinite(gain):
        raise ValueError(f"gain must be a finite number, got {gain} for {len(samples)} samples")
    # Clamp before rounding: round() of an overflow to infinity raises.
    scaled = [round(min(32767.0, max(-32768.0, sample * gain))) for sample in samples]
    return struct.pack(f"<{len(scaled)}h", *scaled)
