"""Features, resampling and the search for pauses and damage."""

import numpy as np
import pytest

from app.standins.features import Sound, frames_of, offset_of, sound_of, spans
from app.standins.resampling import resample


def tone(hz: float, seconds: float, rate_hz: int = 8000, level: float = 0.3) -> Sound:
    return (level * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(np.float32)


@pytest.mark.parametrize(("rate_hz", "wanted_hz"), [(22050, 8000), (16000, 8000), (8000, 44100)])
def test_resampling_keeps_a_tone(rate_hz: int, wanted_hz: int) -> None:
    resampled = resample(tone(1000, 1.0, rate_hz), rate_hz, wanted_hz)
    assert len(resampled) == wanted_hz
    assert np.abs(resampled - tone(1000, 1.0, wanted_hz))[200:-200].max() < 0.01


def test_resampling_removes_what_cannot_be_held() -> None:
    assert np.abs(resample(tone(5000, 1.0, 22050), 22050, 8000))[200:-200].max() < 0.01


def test_loudness_hardly_changes_the_frames() -> None:
    sound = tone(500, 0.5) + tone(1500, 0.5, level=0.1)
    assert np.abs(frames_of(sound) - frames_of(sound * 0.25)).max() < 0.02


def test_spans_are_parted_by_pauses() -> None:
    quiet = np.zeros(1600, np.float32)
    sound = np.concatenate((quiet, tone(500, 0.3), quiet, tone(800, 0.2), quiet))
    assert [(span.start, span.end) for span in spans(sound)] == [(1600, 4000), (5600, 7200)]
    assert spans(np.zeros(8000, np.float32)) == []


def test_an_offset_is_noticed() -> None:
    sound = np.concatenate((np.zeros(1600, np.float32), tone(500, 0.5)))
    assert offset_of(sound) < 0.002
    assert offset_of(sound + np.float32(0.026)) == pytest.approx(0.026, abs=0.002)


def test_an_odd_byte_is_dropped() -> None:
    assert len(sound_of(b"\x01\x02\x03")) == 1
