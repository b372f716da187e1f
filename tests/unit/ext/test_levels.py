"""Levels and gain on sounds whose level is known."""

import math
import struct
from functools import partial
from types import ModuleType

import pytest

from ext import levels
from tests.reference import levels as reference


@pytest.fixture(params=[levels, reference], ids=["ext", "reference"])
def meter(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def test_zero_dbfs_is_the_full_scale_square_wave(meter: ModuleType) -> None:
    assert meter.rms_dbfs(struct.pack("<4h", -32768, -32768, -32768, -32768)) == pytest.approx(0.0, abs=1e-9)
    sine = struct.pack("<8000h", *(round(32767 * math.sin(math.pi * i / 4)) for i in range(8000)))
    assert meter.rms_dbfs(sine) == pytest.approx(-3.01, abs=0.01)


def test_the_floor(meter: ModuleType) -> None:
    assert meter.rms_dbfs(b"") == -120.0
    assert meter.rms_dbfs(bytes(320)) == -120.0
    # One step of 16 bits in a second of silence would be -129 dB.
    assert meter.rms_dbfs(b"\x01\x00" + bytes(2 * 7999)) == -120.0
    assert meter.rms_dbfs(struct.pack("<h", 1)) == pytest.approx(-90.31, abs=0.01)


def test_peak(meter: ModuleType) -> None:
    assert meter.peak(b"") == 0
    assert meter.peak(struct.pack("<3h", 5, -9, 7)) == 9
    assert meter.peak(struct.pack("<2h", 32767, -32768)) == 32768


def test_gain_rounds_to_nearest_and_saturates(meter: ModuleType) -> None:
    pcm = struct.pack("<6h", 1, 3, -3, 20000, -20000, -32768)
    assert struct.unpack("<6h", meter.apply_gain(pcm, 0.5)) == (0, 2, -2, 10000, -10000, -16384)
    assert struct.unpack("<6h", meter.apply_gain(pcm, 2.0)) == (2, 6, -6, 32767, -32768, -32768)
    assert struct.unpack("<6h", meter.apply_gain(pcm, -1.0)) == (-1, -3, 3, -20000, 20000, 32767)
    assert meter.apply_gain(pcm, 1.0) == pcm


def test_a_fade_goes_in_a_straight_line_and_does_not_click(meter: ModuleType) -> None:
    steady = struct.pack("<8h", *[16384] * 8)
    assert struct.unpack("<8h", meter.fade(steady, 0.0, 1.0)) == tuple(1024 + 2048 * i for i in range(8))
    assert struct.unpack("<8h", meter.fade(steady, 1.0, 0.0)) == tuple(1024 + 2048 * i for i in reversed(range(8)))
    assert meter.fade(steady, 1.0, 1.0) == steady
    assert meter.fade(steady, 0.0, 0.0) == bytes(16)
    assert meter.fade(b"", 0.0, 1.0) == b""
    full_scale = struct.pack("<999h", *[-32768] * 999)
    faded = struct.unpack("<999h", meter.fade(full_scale, 0.25, 1.0))
    assert sorted(faded, reverse=True) == list(faded)
    assert (faded[0], faded[-1]) == (-8204, -32755)


@pytest.mark.parametrize(("start", "end"), [(-0.1, 1.0), (0.0, 1.1), (math.nan, 0.0), (0.0, math.inf)])
def test_a_fade_never_amplifies(meter: ModuleType, start: float, end: float) -> None:
    with pytest.raises(ValueError, match="gains must be 0 to 1, got"):
        meter.fade(bytes(4), start, end)


@pytest.mark.parametrize("gain", [math.inf, -math.inf, math.nan])
def test_a_gain_must_be_a_number(meter: ModuleType, gain: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        meter.apply_gain(bytes(4), gain)


def test_half_a_sample_is_refused_with_both_numbers(meter: ModuleType) -> None:
    gain, fade = partial(meter.apply_gain, gain=1.0), partial(meter.fade, start=0.0, end=1.0)
    for measure in (meter.rms_dbfs, meter.peak, gain, fade):
        with pytest.raises(ValueError, match="got 3 bytes, not a multiple of 2"):
            measure(bytes(3))
