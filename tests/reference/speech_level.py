"""The active level of speech by ITU-T P.56, method B, from the Recommendation: the yardstick for all voices."""

import math

import numpy as np

RATE_HZ = 8000
TIME_CONSTANT_S = 0.03
HANGOVER_S = 0.2
MARGIN_DB = 15.9


def active_level_dbov(pcm: bytes) -> float:
    """Of s16le mono 8 kHz, dB relative to the power of a full-scale square wave (0 dBov, ITU-T G.100.1).

    The envelope (two smoothings in a row of the magnitude) is compared with thresholds a factor of 2 apart; activity
    lasts from above a threshold until 200 ms behind it. Sought is the threshold 15.9 dB below the level.
    """
    sound = np.frombuffer(pcm, "<i2").astype(np.float64) / 32768.0
    forget = math.exp(-1.0 / (RATE_HZ * TIME_CONSTANT_S))
    envelope = np.empty(len(sound))
    once = twice = 0.0
    for at, magnitude in enumerate(np.abs(sound)):
        once = forget * once + (1.0 - forget) * magnitude
        twice = forget * twice + (1.0 - forget) * once
        envelope[at] = twice
    energy = float(np.square(sound).sum())
    places = np.arange(len(sound))
    before: tuple[float, float] | None = None
    for power in range(15, 0, -1):
        threshold = 2.0**-power
        latest = np.maximum.accumulate(np.where(envelope >= threshold, places, -len(sound) - RATE_HZ))
        active = int(np.count_nonzero(places - latest <= HANGOVER_S * RATE_HZ))
        if not active:
            break
        level = 10.0 * math.log10(energy / active)
        distance = level - 20.0 * math.log10(threshold)
        if distance <= MARGIN_DB:
            if before is None:
                return level
            share = (before[0] - MARGIN_DB) / (before[0] - distance)
            return before[1] + share * (level - before[1])
        before = distance, level
    raise ValueError("no speech in this sound")
