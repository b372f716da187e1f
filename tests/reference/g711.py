"""ITU-T G.711 from its definition: decision values, intervals, and the middle of each interval.

Tables 1a/1b (A-law) and 2a/2b (mu-law) of the Recommendation give decision values x(n); interval n, counted
from 0, is [x(n), x(n+1)) here, and its quantised value is the middle. No code is shared with `ext`.
"""

import struct
from bisect import bisect_right
from itertools import pairwise


def _decisions(first_steps: list[int], first_step: int, segments: int) -> list[int]:
    """Decision values from 0 up: a first segment as given, then 16 steps a segment, each twice as wide."""
    values = [0]
    for step in first_steps:
        values.append(values[-1] + step)
    for segment in range(segments):
        for _ in range(16):
            values.append(values[-1] + (first_step << segment))
    return values


ULAW_DECISIONS = _decisions([1] + [2] * 15, 4, 7)
"""0, 1, 3, … 31, 35, … 8159: 14-bit magnitudes. The last is virtual."""

ALAW_DECISIONS = _decisions([2] * 32, 4, 6)
"""0, 2, 4, … 64, 68, … 4096: 13-bit magnitudes. The last is virtual."""


def _quantised(decisions: list[int]) -> list[int]:
    """Middle of each interval."""
    return [(low + high) // 2 for low, high in pairwise(decisions)]


# The first mu-law interval is half a step wide and stands for zero.
ULAW_VALUES = [0, *_quantised(ULAW_DECISIONS)[1:]]
ALAW_VALUES = _quantised(ALAW_DECISIONS)


def _samples(pcm: bytes) -> list[int]:
    if len(pcm) % 2:
        raise ValueError(f"pcm must hold whole 16-bit samples: got {len(pcm)} bytes, not a multiple of 2")
    return [value for (value,) in struct.iter_unpack("<h", pcm)]


def _ulaw_code(sample: int) -> int:
    value = sample >> 2
    interval = min(bisect_right(ULAW_DECISIONS, abs(value)) - 1, 127)
    sign = 0 if value < 0 else 0x80
    return sign | (0x7F - interval)


def _alaw_code(sample: int) -> int:
    value = sample >> 3
    magnitude = -value - 1 if value < 0 else value
    interval = min(bisect_right(ALAW_DECISIONS, magnitude) - 1, 127)
    sign = 0 if value < 0 else 0x80
    return (sign | interval) ^ 0x55


def _ulaw_sample(code: int) -> int:
    magnitude = ULAW_VALUES[0x7F - (code & 0x7F)] * 4
    return magnitude if code & 0x80 else -magnitude


def _alaw_sample(code: int) -> int:
    bits = code ^ 0x55
    magnitude = ALAW_VALUES[bits & 0x7F] * 8
    return magnitude if bits & 0x80 else -magnitude


def ulaw_encode(pcm: bytes) -> bytes:
    """Mu-law codes of s16le samples."""
    return bytes(_ulaw_code(sample) for sample in _samples(pcm))


def alaw_encode(pcm: bytes) -> bytes:
    """A-law codes of s16le samples."""
    return bytes(_alaw_code(sample) for sample in _samples(pcm))


def ulaw_decode(codes: bytes) -> bytes:
    """s16le samples of mu-law codes."""
    return b"".join(struct.pack("<h", _ulaw_sample(code)) for code in codes)


def alaw_decode(codes: bytes) -> bytes:
    """s16le samples of A-law codes."""
    return b"".join(struct.pack("<h", _alaw_sample(code)) for code in codes)
