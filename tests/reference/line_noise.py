"""A voice in the noise of its line: what stands out in eight bands of the spectrum, of noise that is followed."""

import math
from itertools import pairwise

import numpy as np

BANDS = 8
LOWEST_HZ, HIGHEST_HZ = 200.0, 3400.0
LEARNING_S = 0.4
MEAN_S, MEAN_IN_SPEECH_S = 1.3, 17.0
USUAL_S, USUAL_IN_SPEECH_S = 0.33, 100.0
SMOOTHING_S = 0.008
MOST_DB = 19.0
BEGINS_SPREADS, GOES_ON_SPREADS = 2.4, 1.25
BEGINS_DB, GOES_ON_DB = 3.0, 1.85
USUAL_DB, SPREAD_DB, LEAST_SPREAD_DB = 1.5, 1.0, 0.2
LEAST_POWER = 0.01


def _filters() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    def mel(hertz: float) -> float:
        return 2595.0 * math.log10(1.0 + hertz / 700.0)

    step = (mel(HIGHEST_HZ) - mel(LOWEST_HZ)) / BANDS
    edges = [700.0 * (math.pow(10.0, (mel(LOWEST_HZ) + edge * step) / 2595.0) - 1.0) for edge in range(BANDS + 1)]
    rows = []
    for low, high in pairwise(edges):
        middle = math.sqrt(low * high)
        turn = 2.0 * math.pi * middle / 8000
        width = math.sin(turn) * (high - low) / (2.0 * middle)
        rows.append((width / (1.0 + width), 2.0 * math.cos(turn) / (1.0 + width), -(1.0 - width) / (1.0 + width)))
    gain, near, far = np.array(rows, np.float32).T.copy()
    return gain, near, far


GAIN, NEAR, FAR = _filters()


class LineNoise:
    """The noise of one line."""

    def __init__(self) -> None:
        self._heard = [np.float32(0), np.float32(0)]
        self._made = self._before = np.zeros(BANDS, np.float32)
        self._mean = [0.0] * BANDS
        self._stands_out_db = 0.0
        self._usual_db, self._spread_db2 = USUAL_DB, SPREAD_DB**2
        self.known_s = 0.0

    def stands_out(self, pcm: bytes, *, speaking: bool, is_ours: bool) -> bool:
        """Whether a voice stands out in a packet."""
        power = self._power(pcm)
        length_s = len(pcm) / 16000
        if self.known_s == 0.0:
            if is_ours:
                return False
            self._mean = power
        above_db = sum(
            min(10.0 * math.log10(now / mean), MOST_DB)
            for now, mean in zip(power, self._mean, strict=True)
            if now > mean
        )
        self._stands_out_db += (above_db / BANDS - self._stands_out_db) * length_s / (length_s + SMOOTHING_S)
        spreads, least_db = (GOES_ON_SPREADS, GOES_ON_DB) if speaking else (BEGINS_SPREADS, BEGINS_DB)
        limit_db = max(self._usual_db + spreads * math.sqrt(self._spread_db2), least_db)
        is_speech = self._stands_out_db > limit_db and self.known_s > LEARNING_S
        if not is_ours:
            self.known_s += length_s
            self._learn(power, length_s, is_speech)
        return is_speech

    def _learn(self, power: list[float], length_s: float, is_speech: bool) -> None:
        share = length_s / (length_s + (MEAN_IN_SPEECH_S if is_speech else min(MEAN_S, self.known_s)))
        self._mean = [mean + (now - mean) * share for now, mean in zip(power, self._mean, strict=True)]
        share = length_s / (length_s + (USUAL_IN_SPEECH_S if is_speech else min(USUAL_S, self.known_s)))
        off_db = self._stands_out_db - self._usual_db
        self._usual_db += off_db * share
        spread_db2 = self._spread_db2 + (off_db * off_db - self._spread_db2) * share
        self._spread_db2 = max(spread_db2, LEAST_SPREAD_DB * LEAST_SPREAD_DB)

    def _power(self, pcm: bytes) -> list[float]:
        sums = np.zeros(BANDS, np.float32)
        for sample in np.frombuffer(pcm, "<i2").astype(np.float32):
            change = sample - self._heard[1]
            self._heard = [sample, self._heard[0]]
            made = GAIN * change + NEAR * self._made + FAR * self._before
            self._before, self._made = self._made, made
            sums += made * made
        dying = np.abs(self._made) < np.float32(1e-9)
        self._made = np.where(dying, np.float32(0), self._made)
        self._before = np.where(dying, np.float32(0), self._before)
        return [float(squares) / (len(pcm) // 2) + LEAST_POWER for squares in sums]
