"""Resamplers to compare ours with, all as a function from one chunk of a stream to what it brings out.

Each is fed what it likes best, ready-made, so that no conversion is charged to it: int16 arrays (soxr), float32 arrays
(samplerate, scipy). scipy keeps no state between chunks: its figures are those of a filter that clicks at every frame.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from math import gcd
from typing import Any

import numpy as np
import samplerate
import soxr
from numpy.typing import NDArray
from scipy.signal import resample_poly

from ext.resample import Resampler
from tests.reference.resample import taps_of
from tests.reference.sweep import (
    level_db,
    pass_band_frequencies,
    split_tone,
    stop_band_frequencies,
    tone,
)

FRAME_MS = 20


@dataclass(frozen=True, slots=True)
class Rival:
    """One resampler.

    Attributes:
        name: what the table calls it.
        open: makes a stream for two rates.
        chunk: sound in the form that the stream takes.
        streams: whether it keeps its state from chunk to chunk.
    """

    name: str
    open: Callable[[int, int], Callable[[Any], Any]]
    chunk: Callable[[NDArray[np.int16]], Any]
    streams: bool = True


@dataclass(frozen=True, slots=True)
class Quality:
    """What a resampler makes of a stream.

    Attributes:
        name: whose.
        source_hz: rate that goes in.
        target_hz: rate that comes out.
        held_back_ms: sound that has gone in and not come out, on average over the frames of a stream.
        held_back_most_ms: and at most.
        pass_band_db: largest deviation up to 0.425 of the lower rate.
        stop_band_db: loudest alias of a full-scale tone from the lower Nyquist frequency up.
    """

    name: str
    source_hz: int
    target_hz: int
    held_back_ms: float
    held_back_most_ms: float
    pass_band_db: float
    stop_band_db: float


def _as_bytes(samples: NDArray[np.int16]) -> bytes:
    return samples.tobytes()


def _as_is(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    return samples


def _as_floats(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    floats: NDArray[np.float32] = (samples / 32768).astype(np.float32)
    return floats


def _ours(source_hz: int, target_hz: int) -> Callable[[Any], Any]:
    return Resampler(source_hz, target_hz).process


def _soxr(quality: str, source_hz: int, target_hz: int) -> Callable[[Any], Any]:
    chunk: Callable[[Any], Any] = soxr.ResampleStream(
        source_hz, target_hz, 1, dtype="int16", quality=quality
    ).resample_chunk
    return chunk


def _samplerate(kind: str, source_hz: int, target_hz: int) -> Callable[[Any], Any]:
    return partial(samplerate.Resampler(kind, 1).process, ratio=target_hz / source_hz)


@cache
def _prototype(source_hz: int, target_hz: int) -> NDArray[np.float32]:
    """Our filter at the common multiple of both rates, as scipy wants it."""
    phases = target_hz // gcd(source_hz, target_hz)
    rows = [{offset: high + low / 256 for offset, high, low in taps_of(source_hz, target_hz, p)} for p in range(phases)]
    reach = phases * (1 + max(abs(offset) for row in rows for offset in row))
    taps = np.zeros(2 * reach + 1, np.float32)
    for phase, row in enumerate(rows):
        for offset, value in row.items():
            taps[reach + phase - phases * offset] = value / 16384
    return (taps / phases).astype(np.float32)


def _scipy(source_hz: int, target_hz: int) -> Callable[[Any], Any]:
    divisor = gcd(source_hz, target_hz)
    window = _prototype(source_hz, target_hz)
    return partial(resample_poly, up=target_hz // divisor, down=source_hz // divisor, window=window)


OURS = Rival("ext.resample", _ours, _as_bytes)
SOXR_HQ = Rival("soxr HQ", partial(_soxr, "HQ"), _as_is)
RIVALS = [
    SOXR_HQ,
    Rival("soxr VHQ", partial(_soxr, "VHQ"), _as_is),
    Rival("soxr QQ", partial(_soxr, "QQ"), _as_is),
    Rival("samplerate sinc_fastest", partial(_samplerate, "sinc_fastest"), _as_floats),
    Rival("samplerate sinc_medium", partial(_samplerate, "sinc_medium"), _as_floats),
    Rival("scipy resample_poly, our filter", _scipy, _as_floats, streams=False),
]


def _heard(made: Any) -> NDArray[np.float64]:
    """What a stream brought out, in steps of 16 bits."""
    if isinstance(made, bytes):
        return np.frombuffer(made, "<i2").astype(float)
    scale = 1 if made.dtype == np.int16 else 32768
    return np.asarray(made, float) * scale


def quality(rival: Rival, source_hz: int, target_hz: int, frequencies: int = 40) -> Quality:
    """Measures one resampler with sines, and with two seconds of silence in frames."""

    def through(pcm: bytes) -> NDArray[np.float64]:
        """A tone, pushed out by silence."""
        stream = rival.open(source_hz, target_hz)
        sound = np.frombuffer(pcm, "<i2")
        silence = np.zeros(source_hz // 2, np.int16)
        return np.rint(_heard(stream(rival.chunk(np.concatenate([sound, silence])))))[
            : len(sound) * target_hz // source_hz
        ]

    levels = [
        split_tone(through(tone(source_hz, f)), target_hz, f)[0]
        for f in pass_band_frequencies(source_hz, target_hz, frequencies)
    ]
    aliases = [level_db(through(tone(source_hz, f))) for f in stop_band_frequencies(source_hz, target_hz, frequencies)]
    held_back: list[float] = []
    stream = rival.open(source_hz, target_hz)
    frame = rival.chunk(np.zeros(source_hz * FRAME_MS // 1000, np.int16))
    made = 0
    for number in range(1, 101):
        made += len(_heard(stream(frame)))
        held_back.append(number * FRAME_MS - made * 1000 / target_hz)
    steady = held_back[len(held_back) // 2 :] if rival.streams else [0.0]
    return Quality(
        rival.name, source_hz, target_hz, float(np.mean(steady)), max(steady), max(map(abs, levels)), max(aliases)
    )
