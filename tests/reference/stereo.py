"""Two tracks together, sample by sample."""

import struct
from itertools import zip_longest


def _samples(pcm: bytes, channels: int = 1) -> list[int]:
    if len(pcm) % (2 * channels):
        raise ValueError(
            f"pcm must hold whole 16-bit samples of {channels} channels: got {len(pcm)} bytes,"
            f" not a multiple of {2 * channels}"
        )
    return [value for (value,) in struct.iter_unpack("<h", pcm)]


def _pcm(samples: list[int]) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


def mix(first: bytes, second: bytes) -> bytes:
    """The sum, saturated."""
    pairs = zip_longest(_samples(first), _samples(second), fillvalue=0)
    return _pcm([max(-32768, min(32767, a + b)) for a, b in pairs])


def interleave(left: bytes, right: bytes) -> bytes:
    """Left, right, left, right…"""
    pairs = zip_longest(_samples(left), _samples(right), fillvalue=0)
    return _pcm([sample for pair in pairs for sample in pair])


def deinterleave(stereo: bytes) -> tuple[bytes, bytes]:
    """Every second sample from the first on, and from the second on."""
    samples = _samples(stereo, 2)
    return _pcm(samples[::2]), _pcm(samples[1::2])
