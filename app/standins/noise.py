"""The noise of a line: followed while nobody speaks, told apart from speech, and guessed underneath it.

What stays (a room full of people, a motor) is known by its mean. What comes and goes (cars) drags its own slowest
parts along, even under speech, which leaves every band of the spectrum alone once a second ("minimum statistics",
R. Martin, 2001).
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from app.standins.features import BLOCK_SAMPLES, SILENCE_DB, Bands, Sound, bands_of, levels_db

MEAN_BLOCKS = 5
"""Powers are averaged over so many frames of 20 ms before the lowest is looked for."""
LOWEST_FRAMES = 50
"""The lowest of a second: no speech fills a band for longer."""
STEADY_DB = 1.5
UNSTEADY_SHARE = 0.55
"""The lowest of noise that stays the same varies by so much: at least, and of how far it lies below the mean."""
LEAST = 1e-9
"""Power of a band that is as good as none."""

SPEECH_DB = 3.0
"""How far, as the mean of all bands, speech begins above the noise."""
STILL_SPEECH_DB = 1.4
"""The same while somebody speaks: the soft parts of words drown."""
_SMOOTHING = 0.15
"""Of each block of 10 ms: words are longer than a crackle."""
_PER_BLOCK = 0.02
"""How fast the mean follows what is not speech: half a second."""
_RISE_PER_BLOCK = 0.02
"""How fast it is raised where even the lowest of the last second lies above it: that is no speech."""
SYLLABLE_BLOCKS = 25
"""Within so many blocks of 10 ms every voice is at its own level once."""
BACKGROUND_DB = 13.0
"""What is so much softer for longer than a syllable is somebody else; one voice's soft words are louder."""
BACKGROUND_BLOCKS = 20
"""So much of it counts."""
_LEARNING_BLOCKS = 30
"""Nothing is speech before so much noise was heard."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What a line sounds like while nobody speaks.

    Attributes:
        mean: power of each band.
        lowest: the same at its lowest within a second.
    """

    mean: Bands
    lowest: Bands

    def under(self, bands: Bands) -> Bands:
        """The noise in each frame of speech: `mean`, louder or softer as the lowest parts there are."""
        lowest = _lowest(bands)
        drift_db = 10 * np.log10((lowest + LEAST) / (self.lowest + LEAST)).mean(axis=1)
        depth_db = 10 * np.log10((self.mean + LEAST) / (self.lowest + LEAST)).mean()
        steady_db = max(STEADY_DB, UNSTEADY_SHARE * float(depth_db))
        drift_db = np.sign(drift_db) * np.maximum(0.0, np.abs(drift_db) - steady_db)
        return np.asarray(np.maximum(self.mean * np.power(10.0, drift_db / 10)[:, None], LEAST), np.float32)


def above_noise_db(bands: Bands, noise: Bands) -> Bands:
    """How far each frame stands out, as the mean of all bands, dB; 0 for what is not above the noise anywhere."""
    return np.asarray(10 * np.log10(np.maximum(bands / noise, 1.0)).mean(axis=-1), np.float32)


def _lowest(bands: Bands) -> Bands:
    means = _sliding(bands, MEAN_BLOCKS).mean(axis=-1)
    lowest = _sliding(_sliding(means, LOWEST_FRAMES).min(axis=-1), LOWEST_FRAMES).max(axis=-1)
    return np.asarray(_sliding(lowest, LOWEST_FRAMES // 2).mean(axis=-1), np.float32)


def _sliding(bands: Bands, size: int) -> Bands:
    padded = np.pad(bands, ((size // 2, size - 1 - size // 2), (0, 0)), "edge")
    return np.lib.stride_tricks.sliding_window_view(padded, size, axis=0)


def background_of(sound: Sound) -> tuple[Noise, int, int] | None:
    """Somebody else's voice behind one that is much louder: an echo, a television.

    Returns:
        Its noise, and the samples between which the louder voice speaks; None where there is only one.
    """
    levels = levels_db(sound)
    if len(levels) < 2 * SYLLABLE_BLOCKS:
        return None
    around = np.pad(levels, SYLLABLE_BLOCKS // 2, "edge")
    envelope = np.lib.stride_tricks.sliding_window_view(around, SYLLABLE_BLOCKS).max(axis=1)[: len(levels)]
    loud = envelope > float(np.percentile(envelope, 98)) - BACKGROUND_DB
    soft = ~loud & (levels > SILENCE_DB)
    if soft.sum() < BACKGROUND_BLOCKS:
        return None
    voice = np.flatnonzero(loud)
    bands = bands_of(sound)
    covered = np.flatnonzero(soft[:-2] & soft[1:-1] & soft[2:])  # a window is 32 ms long, and begins every 20
    covered = covered[covered % 2 == 0] // 2
    if not len(covered):
        return None
    mean = bands[covered[covered < len(bands)]].mean(axis=0)
    start, end = int(voice[0]) * BLOCK_SAMPLES, (int(voice[-1]) + 1) * BLOCK_SAMPLES
    return Noise(mean + np.float32(LEAST), mean + np.float32(LEAST)), start, end


class NoiseTracker:
    """Follows the noise of a line block by block (10 ms), and says what stands out from it."""

    def __init__(self) -> None:
        self._blocks = 0
        self._above_db = 0.0

    def step(self, bands: Bands, in_speech: bool) -> bool:
        """Takes the bands of the next block; returns whether it is speech.

        Args:
            in_speech: whether somebody was speaking.
        """
        self._blocks += 1
        if self._blocks == 1:
            self._mean, self._smooth, self._lowest_mean = bands + LEAST, bands, bands
            self._lows: deque[Bands] = deque(maxlen=LOWEST_FRAMES // 5)
            self._floors: deque[Bands] = deque(maxlen=LOWEST_FRAMES // 5)
        self._smooth = self._smooth + 0.18 * (bands - self._smooth)
        if self._blocks % 10 == 1:
            self._lows.append(self._smooth)
            self._lowest = np.min(self._lows, axis=0)
            self._floors.append(self._lowest)
            self._floor = np.max(self._floors, axis=0)
        above_db = 10 * float(np.log10(np.maximum(bands / self._mean, 1.0)).sum()) / len(bands)
        self._above_db += _SMOOTHING * (above_db - self._above_db)
        is_speech = self._above_db > (STILL_SPEECH_DB if in_speech else SPEECH_DB) and self._blocks > _LEARNING_BLOCKS
        if not is_speech:
            rate = _PER_BLOCK if self._above_db < STILL_SPEECH_DB else _PER_BLOCK / 4
            rate = max(rate, 1 / self._blocks)
            self._mean = self._mean + rate * (bands - self._mean)
            self._lowest_mean = self._lowest_mean + rate * (self._floor - self._lowest_mean)
        elif self._blocks % 10 == 1:
            raised = 10 * _RISE_PER_BLOCK * np.maximum(2 * self._lowest - self._mean, 0.0)
            self._mean = self._mean + raised
        return is_speech

    @property
    def noise(self) -> Noise:
        """As it is now."""
        return Noise(self._mean, self._lowest_mean)
