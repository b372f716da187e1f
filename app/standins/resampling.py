"""Resampling for the stand-ins alone: one Fourier transform over the whole sound.

It shares nothing with `ext.resample`, whose faults would otherwise cancel out against themselves.
"""

import numpy as np

from app.standins.features import Sound

GRAIN_HZ = 50
"""Lengths are padded to whole 20 ms, so that both rates hold a whole number of samples."""


def resample(sound: Sound, rate_hz: int, wanted_hz: int) -> Sound:
    """`sound` at `wanted_hz`, brick-wall filtered at the lower of the two Nyquist frequencies.

    Args:
        rate_hz: a multiple of 50, as is `wanted_hz`.
    """
    if rate_hz == wanted_hz or not len(sound):
        return sound
    grain = rate_hz // GRAIN_HZ
    grains = -(-len(sound) // grain)
    padded = np.pad(sound, (0, grains * grain - len(sound)))
    length = grains * (wanted_hz // GRAIN_HZ)
    spectrum = np.fft.rfft(padded)
    wanted = np.zeros(length // 2 + 1, spectrum.dtype)
    kept = min(len(spectrum), len(wanted)) - 1
    wanted[:kept] = spectrum[:kept]
    resampled = np.fft.irfft(wanted, length) * (length / len(padded))
    return resampled[: len(sound) * wanted_hz // rate_hz].astype(np.float32)
