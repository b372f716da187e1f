"""Finds sound that was cut and pasted on the 20 ms grid of its packets.

Speech can be predicted from its last few samples (linear prediction, order 12); where a frame is missing, swapped or
blanked it can't, and such places lie at the same position of every 20 or 40 ms. Speech itself knows no such grid.
"""

import numpy as np
from numpy.typing import NDArray

from app.standins.features import HOP_SAMPLES, Sound

ORDER = 12
WINDOW_SAMPLES = 400
"""50 ms for each predictor."""
LOCAL_SAMPLES = 41
"""Surprise is measured against that of the 5 ms around: pulses of the voice must not count."""


def _surprise(sound: Sound) -> Sound:
    """Error of linear prediction at each sample, one predictor every 20 ms."""
    margin = (WINDOW_SAMPLES - HOP_SAMPLES) // 2
    padded = np.pad(sound, (margin, margin + HOP_SAMPLES))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    tapered = windows[: len(sound) // HOP_SAMPLES] * np.hanning(WINDOW_SAMPLES)
    power = np.abs(np.fft.rfft(tapered, 512, axis=1)) ** 2
    correlations = np.fft.irfft(power, axis=1)[:, : ORDER + 1]
    lags = np.abs(np.arange(ORDER)[:, None] - np.arange(ORDER)[None, :])
    steadied = np.eye(ORDER) * (correlations[:, :1, None] * 1e-4 + 1e-6)
    predictors = np.linalg.solve(correlations[:, lags] + steadied, correlations[:, 1:, None])[:, ::-1, 0]
    count = len(predictors)
    past = np.lib.stride_tricks.sliding_window_view(np.pad(sound, (ORDER, 0)), ORDER + 1)
    past = past[: count * HOP_SAMPLES].reshape(count, HOP_SAMPLES, ORDER + 1)
    predicted = np.matmul(past[:, :, :-1], predictors[:, :, None])[:, :, 0]
    error: NDArray[np.float64] = past[:, :, -1] - predicted
    return error.astype(np.float32).ravel()


def seam_score(sound: Sound) -> float:
    """How surely `sound` has seams on a grid of 20 or 40 ms, in standard deviations.

    At most 4.7 for whole speech of any voice, over any line; 6 to 23 for every third frame blanked (measured on the
    default phrases, docs/standins.md). Of a single short word it can't tell.
    """
    if len(sound) < 4 * HOP_SAMPLES + WINDOW_SAMPLES:
        return 0.0
    error = np.square(_surprise(sound))
    sharpness = 10 * np.log10(error[1:] + error[:-1] + 1e-8)
    sums = np.cumsum(np.pad(sharpness, (LOCAL_SAMPLES // 2 + 1, LOCAL_SAMPLES // 2)))
    sharpness = sharpness - (sums[LOCAL_SAMPLES:] - sums[:-LOCAL_SAMPLES])[: len(sharpness)] / LOCAL_SAMPLES
    score = 0.0
    for period in (HOP_SAMPLES, 2 * HOP_SAMPLES):
        count = len(sharpness) // period
        if count < 4:
            continue
        folded = sharpness[: count * period].reshape(count, period)
        means = folded.mean(axis=0)
        spread = float(folded.std()) / np.sqrt(count) + 1e-6
        score = max(score, float(means.max() - np.median(means)) / spread)
    return float(score)
