"""A line that is never silent: when speech begins and ends there."""

import numpy as np

from app.standins.features import Sound
from app.standins.hearing import Block, Hearing
from tests.unit.standins.test_noise import hiss, said, vowel


def blocks(hearing: Hearing, sound: Sound, step: int = 320) -> list[Block]:
    pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    return [block for at in range(0, len(pcm), step) for block in hearing.feed(pcm[at : at + step])]


def test_a_noisy_line_is_known_by_its_noise() -> None:
    quiet, noisy = Hearing(8000), Hearing(8000)
    blocks(quiet, np.zeros(16000, np.float32))
    blocks(noisy, hiss(2.0))
    assert quiet.noise is None
    assert noisy.noise is not None
    blocks(noisy, np.zeros(32000, np.float32))
    assert noisy.noise is None


def test_speech_in_noise_begins_and_ends() -> None:
    hearing = Hearing(8000)
    sound = said(hiss(6.0, 0.05), 3.0, vowel(0.8))
    blocks(hearing, sound[:16000])
    hearing.rest()
    heard = blocks(hearing, sound[16000:])
    onsets = [block.onset_s for block in heard if block.onset_s is not None]
    assert len(onsets) == 1
    assert abs(onsets[0] - 3.0) < 0.12
    assert abs(heard[-1].speech_s - 3.8) < 0.2


def test_the_size_of_packets_changes_nothing() -> None:
    sound = said(hiss(5.0, 0.05), 3.0, vowel(0.8))
    assert blocks(Hearing(8000), sound, 160) == blocks(Hearing(8000), sound, 2 * 8000 * 5)


def test_other_rates_have_the_same_noise() -> None:
    low, high = Hearing(8000), Hearing(16000)
    slow = hiss(3.0)
    blocks(low, slow)
    blocks(high, np.repeat(slow, 2))
    assert low.noise is not None
    assert high.noise is not None
    difference_db = 10 * np.log10(high.noise.mean / low.noise.mean)
    assert np.abs(difference_db[:10]).max() < 3.0
