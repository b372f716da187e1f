"""Sine sweeps: what a resampler makes of tones, whoever made the resampler.

Tones are at -0.1 dBFS, so that the 16-bit floor (98 dB below) stays out of the way of 85 dB.
"""

import numpy as np
from numpy.typing import NDArray

AMPLITUDE = 32767 * 10 ** (-0.1 / 20)
SECONDS = 0.25


def tone(rate_hz: int, frequency_hz: float, amplitude: float = AMPLITUDE) -> bytes:
    """A sine with 10 ms of fade at both ends, so that its edges add nothing off its frequency."""
    count = int(rate_hz * SECONDS)
    edge = rate_hz // 100
    envelope = np.ones(count)
    envelope[:edge] = np.sin(np.linspace(0, np.pi / 2, edge)) ** 2
    envelope[-edge:] = envelope[:edge][::-1]
    wave = amplitude * envelope * np.sin(2 * np.pi * frequency_hz * np.arange(count) / rate_hz + 0.3)
    return np.rint(wave).astype("<i2").tobytes()


def middle(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The steady part, away from the fades."""
    return samples[len(samples) // 8 : -len(samples) // 8]


def level_db(samples: NDArray[np.float64]) -> float:
    """Level relative to the sine that went in."""
    return float(20 * np.log10(max(np.sqrt(np.mean(middle(samples) ** 2)), 1e-9) / (AMPLITUDE / np.sqrt(2))))


def split_tone(samples: NDArray[np.float64], rate_hz: int, frequency_hz: float) -> tuple[float, NDArray[np.float64]]:
    """Level of the tone itself in dB relative to what went in, and all that is not the tone."""
    steady = middle(samples)
    angle = 2 * np.pi * frequency_hz * np.arange(len(steady)) / rate_hz
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    fit = np.linalg.lstsq(basis, steady, rcond=None)[0]
    return float(20 * np.log10(np.hypot(*fit) / AMPLITUDE)), steady - basis @ fit


def pass_band_frequencies(source_hz: int, target_hz: int, count: int) -> NDArray[np.float64]:
    """Up to 0.425 of the lower rate: 3.4 kHz at 8 kHz."""
    return np.linspace(100, 0.425 * min(source_hz, target_hz), count)


def stop_band_frequencies(source_hz: int, target_hz: int, count: int) -> NDArray[np.float64]:
    """From the lower Nyquist frequency up, half of them just above it."""
    nyquist_hz = target_hz / 2
    near, end = min(1.2 * nyquist_hz, 0.48 * source_hz), 0.49 * source_hz
    return np.concatenate([np.linspace(nyquist_hz, near, count // 2), np.linspace(near, end, count - count // 2)])
