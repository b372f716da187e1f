"""What the recogniser stand-in compares: the shape of the spectrum every 20 ms, whatever the loudness.

Mel cepstra as in ETSI ES 201 108 (front-end for speech recognition), at telephone bandwidth, with the steady
noise of each band taken out.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
Frames = NDArray[np.float32]
"""Shape (frames, CEPSTRA), one row every 20 ms."""
Bands = NDArray[np.float32]
"""Power of mel bands, shape (frames, BANDS) or (BANDS,)."""

RATE_HZ = 8000
HOP_SAMPLES = 160
WINDOW_SAMPLES = 256
BLOCK_SAMPLES = 80
"""10 ms, the grain of levels and pauses."""
BANDS = 20
CEPSTRA = 13
DYNAMIC_RANGE_DB = 32.0
"""Softer than this below the loudest is silence: a telephone line at 10 dB of noise holds no more."""
PAUSE_BLOCKS = 12
"""Silence that may part two phrases, 120 ms: twice the closure of a plosive, less than a comma."""
NOISE_EXCESS = 2.0
"""How many times the mean noise is taken out: noise fluctuates about its mean."""
SILENCE_DB = -64.0
"""dBFS; nothing softer is ever speech."""
SOFTEST = 10 ** (-DYNAMIC_RANGE_DB / 10)
"""The same range as a share of the loudest power."""


@dataclass(frozen=True, slots=True)
class Span:
    """Speech between two pauses, in samples at 8 kHz."""

    start: int
    end: int


def _mel(hz: float) -> float:
    return 2595.0 * math.log10(1 + hz / 700.0)


@cache
def _filters(rate_hz: int) -> Bands:
    mels = np.linspace(_mel(120), _mel(3700), BANDS + 2, dtype=np.float64)
    edges = 700.0 * (np.power(10.0, mels / 2595.0) - 1)
    bins = np.fft.rfftfreq(WINDOW_SAMPLES * rate_hz // RATE_HZ, 1 / rate_hz)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters: Bands = (np.maximum(0.0, np.minimum(rising, falling)) * (RATE_HZ / rate_hz) ** 2).astype(np.float32)
    return filters


def _cosines() -> Frames:
    order = np.arange(CEPSTRA)[None, :]
    band = np.arange(BANDS)[:, None]
    basis: Frames = (np.cos(np.pi * order * (band + 0.5) / BANDS) * np.sqrt(2.0 / BANDS)).astype(np.float32)
    basis[:, 0] *= 0.35  # loudness counts, but less than colour
    return basis


_COSINES = _cosines()


def sound_of(pcm: bytes) -> Sound:
    """s16le to floats, full scale = 1.0; an odd last byte is dropped."""
    return np.frombuffer(pcm[: len(pcm) & ~1], "<i2").astype(np.float32) / 32768.0


def levels_db(sound: Sound) -> NDArray[np.float32]:
    """Level of each whole 10 ms block, dBFS."""
    blocks = len(sound) // BLOCK_SAMPLES
    power = (sound[: blocks * BLOCK_SAMPLES].reshape(blocks, BLOCK_SAMPLES) ** 2).mean(axis=1)
    return np.asarray(10 * np.log10(power + 1e-10), np.float32)


def spans(sound: Sound, pause_blocks: int = PAUSE_BLOCKS) -> list[Span]:
    """The stretches of speech in `sound`, parted by pauses of at least `pause_blocks` · 10 ms."""
    levels = levels_db(sound)
    if not len(levels):
        return []
    peak = float(levels.max())
    noise = float(np.percentile(levels, 5))
    threshold = max(SILENCE_DB, peak - DYNAMIC_RANGE_DB, min(noise + 5.0, peak - 8.0))
    loud = np.flatnonzero(levels > threshold)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > pause_blocks)
    starts = np.concatenate(([loud[0]], loud[breaks + 1]))
    ends = np.concatenate((loud[breaks], [loud[-1]])) + 1
    return [
        Span(int(start) * BLOCK_SAMPLES, int(end) * BLOCK_SAMPLES)
        for start, end in zip(starts, ends, strict=True)
        if end - start >= 3
    ]


def bands_of(sound: Sound, rate_hz: int = RATE_HZ, hop_s: float = HOP_SAMPLES / RATE_HZ) -> Bands:
    """Power of the mel bands in windows of 32 ms, the same at any rate; never empty."""
    size = WINDOW_SAMPLES * rate_hz // RATE_HZ
    if len(sound) < size:
        sound = np.pad(sound, (0, size - len(sound)))
    windows = np.lib.stride_tricks.sliding_window_view(sound, size)[:: round(hop_s * rate_hz)]
    power = np.abs(np.fft.rfft(windows * _hann(size), axis=1)) ** 2
    return power.astype(np.float32) @ _filters(rate_hz)


@cache
def _hann(size: int) -> Sound:
    return np.hanning(size).astype(np.float32)


def loudest_of(bands: Bands) -> float:
    """Power that counts as the loudest of `bands`: clicks are no measure."""
    return float(np.percentile(bands.max(axis=1), 95)) + 1e-12


def shape_of(sound: Sound) -> Bands:
    """Mel bands of undisturbed speech as shares of the loudest, `SOFTEST` to 1."""
    bands = bands_of(sound)
    return np.asarray(np.clip(bands / loudest_of(bands), SOFTEST, 1.0), np.float32)


def cepstra_of(shares: Bands) -> Frames:
    """Mel cepstra of band powers, shape (…, BANDS), given as shares of the loudest."""
    return np.asarray((10 * np.log10(shares) / DYNAMIC_RANGE_DB + 0.5) @ _COSINES, np.float32)


def noise_of(sound: Sound, pieces: list[Span]) -> Frames | None:
    """Mean power of each band outside of the `pieces` of speech; None where too little is left to tell."""
    quiet = np.ones(len(sound), bool)
    for piece in pieces:
        quiet[max(0, piece.start - WINDOW_SAMPLES) : piece.end + WINDOW_SAMPLES] = False
    left = sound[quiet]
    if len(left) < 4 * WINDOW_SAMPLES:
        return None
    return np.asarray(bands_of(left).mean(axis=0), np.float32)


def frames_of(sound: Sound, noise: Frames | None = None) -> Frames:
    """Mel cepstra of `sound`, about one row every 20 ms; never empty.

    Args:
        noise: power of each band to take out, from `noise_of`; estimated from the softest frames when None.
    """
    bands = bands_of(sound)
    steady: Frames = np.zeros(BANDS, np.float32)
    if noise is not None:
        steady = NOISE_EXCESS * noise
    elif len(bands) > 40:
        steady = np.percentile(bands, 5, axis=0).astype(np.float32)
    speech = np.maximum(bands - steady, 0.0)
    return cepstra_of(np.clip(speech / loudest_of(speech), SOFTEST, 1.0))


def offset_of(sound: Sound) -> float:
    """How far from zero the quietest moments rest, full scale = 1.0.

    A line rests within 0.001. Silence of one G.711 law decoded by the other rests at 0.022 (A as µ) or 0.026.
    """
    count = len(sound) // BLOCK_SAMPLES
    if count < 3:
        return 0.0
    blocks = sound[: count * BLOCK_SAMPLES].reshape(count, BLOCK_SAMPLES)
    quietest = np.argsort(blocks.std(axis=1))[: max(3, count // 10)]
    return abs(float(np.median(blocks.mean(axis=1)[quietest])))
