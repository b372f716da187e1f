"""Seams on the grid of packets."""

import numpy as np
import pytest

from app.standins.features import Sound
from app.standins.seams import seam_score


@pytest.fixture
def smooth() -> Sound:
    """Two seconds that can be predicted from sample to sample, as speech can."""
    noise = np.random.default_rng(3).normal(0, 0.1, 16000)
    return np.convolve(noise, np.hanning(12), "same").astype(np.float32)


def test_whole_sound_has_none(smooth: Sound) -> None:
    assert seam_score(smooth) < 4.6


@pytest.mark.parametrize("damage", ["blanked", "dropped", "swapped"])
def test_seams_are_noticed(smooth: Sound, damage: str) -> None:
    frames = smooth.reshape(-1, 160).copy()
    if damage == "blanked":
        frames[::3] = 0
    elif damage == "dropped":
        frames = np.delete(frames, np.s_[::3], axis=0)
    else:
        frames = frames.reshape(-1, 2, 160)[:, ::-1]
    assert seam_score(frames.ravel()) > 7


def test_one_lost_frame_is_forgiven(smooth: Sound) -> None:
    assert seam_score(np.delete(smooth, np.s_[8000:8160])) < 4.6


def test_too_short_to_tell() -> None:
    assert seam_score(np.zeros(800, np.float32)) == 0.0
