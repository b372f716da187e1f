"""What a sine sweep shows: pass-band, stop-band, delay, alignment; and that the filter is the one designed."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ext.resample import Resampler
from tests.reference import resample as reference
from tests.reference import resample_design
from tests.reference.sweep import (
    AMPLITUDE,
    level_db,
    middle,
    pass_band_frequencies,
    split_tone,
    stop_band_frequencies,
    tone,
)

PAIRS = [
    (24000, 8000),
    (22050, 8000),
    (16000, 8000),
    (44100, 8000),
    (48000, 8000),
    (11025, 8000),
    (12000, 8000),
    (8000, 16000),
    (8000, 24000),
    (8000, 11025),
]


def resample(source_hz: int, target_hz: int, pcm: bytes) -> NDArray[np.float64]:
    resampler = Resampler(source_hz, target_hz)
    return np.frombuffer(resampler.process(pcm) + resampler.flush(), "<i2").astype(float)


@pytest.mark.parametrize(("source_hz", "target_hz"), PAIRS)
def test_pass_band_is_flat_to_a_twentieth_of_a_db(source_hz: int, target_hz: int) -> None:
    levels = [
        split_tone(resample(source_hz, target_hz, tone(source_hz, frequency_hz)), target_hz, frequency_hz)[0]
        for frequency_hz in pass_band_frequencies(source_hz, target_hz, 24)
    ]
    assert max(map(abs, levels)) <= 0.05


@pytest.mark.parametrize(("source_hz", "target_hz"), [pair for pair in PAIRS if pair[0] > pair[1]])
def test_aliases_are_90_db_down_from_the_lower_nyquist_frequency(source_hz: int, target_hz: int) -> None:
    worst = max(
        level_db(resample(source_hz, target_hz, tone(source_hz, f)))
        for f in stop_band_frequencies(source_hz, target_hz, 32)
    )
    assert worst <= -90.0


@pytest.mark.parametrize(("source_hz", "target_hz"), [pair for pair in PAIRS if pair[0] < pair[1]])
def test_images_are_90_db_down(source_hz: int, target_hz: int) -> None:
    """Nothing but the tone itself comes out: what is left after its best fit is 90 dB below it."""
    for frequency_hz in np.linspace(200, 0.425 * source_hz, 16):
        out = resample(source_hz, target_hz, tone(source_hz, frequency_hz))
        _, rest = split_tone(out, target_hz, frequency_hz)
        assert 20 * np.log10(np.sqrt(np.mean(rest**2)) / (AMPLITUDE / np.sqrt(2))) <= -90.0


@pytest.mark.parametrize(("source_hz", "target_hz"), PAIRS)
def test_output_is_aligned_with_the_input_and_held_back_under_4_ms(source_hz: int, target_hz: int) -> None:
    frequency_hz = 997.0
    out = resample(source_hz, target_hz, tone(source_hz, frequency_hz, 20000))
    times_s = np.arange(len(out)) / target_hz
    ideal = 20000 * np.sin(2 * np.pi * frequency_hz * times_s + 0.3)
    assert np.max(np.abs(middle(out) - middle(ideal))) <= 75  # 0.03 dB; a hundredth of a sample would be 157
    resampler = Resampler(source_hz, target_hz)
    assert resampler.delay_ms <= 4.0
    count = source_hz // 10
    held_back = count * target_hz / source_hz - len(resampler.process(bytes(2 * count))) / 2
    assert held_back / target_hz * 1000 == pytest.approx(resampler.delay_ms, abs=1000 / target_hz)


def test_dc_and_full_scale_pass_exactly_and_overshoot_saturates() -> None:
    for source_hz, target_hz in PAIRS:
        steady = middle(resample(source_hz, target_hz, np.full(4000, -32768, "<i2").tobytes()))
        assert set(steady) == {-32768.0}
    square = np.tile(np.repeat(np.array([32767, -32768], "<i2"), 60), 20)
    out = resample(24000, 8000, square.tobytes())
    # Gibbs ringing would leave 16 bits by 9 %; wrapped around it would show as a step of nearly 65 536.
    assert out.max() == 32767
    assert out.min() == -32768
    assert np.max(np.abs(np.diff(out))) < 45000


def test_the_filter_is_the_one_that_the_design_gives() -> None:
    """By its response: the programme's solution may differ in its last digits with another solver."""
    used = np.array(reference.PROTOTYPE)
    frequencies = np.linspace(0.0, 10.0, 20000)
    wanted = resample_design.response(resample_design.design(), frequencies)
    assert np.max(np.abs(resample_design.response(used, frequencies) - wanted)) <= 1e-7


def test_the_design_leaves_room_for_16_bits() -> None:
    used = np.array(reference.PROTOTYPE)
    in_pass = resample_design.response(used, np.linspace(0.0, resample_design.PASS_EDGE, 5000))
    in_stop = resample_design.response(used, np.linspace(resample_design.STOP_EDGE, 30.0, 100000))
    assert np.max(np.abs(20 * np.log10(np.abs(in_pass)))) <= 0.0305
    assert 20 * np.log10(np.max(np.abs(in_stop))) <= -102.1


@pytest.mark.parametrize(("source_hz", "target_hz"), [*PAIRS, (192000, 4000), (22050, 8001)])
def test_no_sum_of_products_can_overflow(source_hz: int, target_hz: int) -> None:
    """A row of samples that all work together, at full scale, stays inside 31 bits."""
    phases = target_hz // math.gcd(source_hz, target_hz)
    for phase in range(0, phases, 1 + phases // 50):
        taps = reference.taps_of(source_hz, target_hz, phase)
        assert sum(high for _, high, _ in taps) == reference.ONE
        assert sum(low for _, _, low in taps) == 0
        assert sum(32768 * abs(high) + 128 * abs(low) for _, high, low in taps) + reference.ONE // 2 < 2**31
        assert all(-32768 <= part <= 32767 for _, *parts in taps for part in parts)
