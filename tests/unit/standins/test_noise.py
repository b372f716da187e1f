"""The noise of a line, and speech that stands out from it: synthetic bands and hiss, no voice."""

import numpy as np
import pytest

from app.standins.features import BANDS, Bands, Sound, bands_of
from app.standins.noise import Noise, NoiseTracker, above_noise_db, background_of

HOP_S = 0.010


def hiss(seconds: float, level: float = 0.02, seed: int = 4) -> Sound:
    return np.random.default_rng(seed).normal(0, level, int(8000 * seconds)).astype(np.float32)


def vowel(seconds: float, level: float = 0.2) -> Sound:
    time = np.arange(int(8000 * seconds)) / 8000
    tones = [np.sin(2 * np.pi * 140 * number * time) / number for number in range(1, 20)]
    return np.asarray(level * np.sum(tones, axis=0), np.float32)


def said(noise: Sound, at_s: float, voice: Sound) -> Sound:
    sound = noise.copy()
    sound[int(at_s * 8000) : int(at_s * 8000) + len(voice)] += voice
    return sound


def followed(sound: Sound) -> tuple[list[bool], NoiseTracker]:
    tracker, speech = NoiseTracker(), [False]
    for bands in bands_of(sound, hop_s=HOP_S):
        speech.append(tracker.step(bands, speech[-1]))
    return speech, tracker


def test_speech_stands_out_and_leaves_the_noise_as_it_was() -> None:
    speech, tracker = followed(said(hiss(4.0), 2.0, vowel(0.6)))
    assert not any(speech[:195])
    assert np.mean(speech[210:258]) > 0.95
    assert not any(speech[285:])
    alone = bands_of(hiss(4.0)).mean(axis=0)
    assert np.abs(10 * np.log10(tracker.noise.mean / alone)).mean() < 2.0


def test_soft_speech_goes_on_but_does_not_begin() -> None:
    loud, soft = vowel(0.4), vowel(0.4, 0.035)
    alone, _ = followed(said(hiss(4.0), 2.0, soft))
    behind, _ = followed(said(hiss(4.0), 2.0, np.concatenate((loud, soft))))
    assert sum(alone[200:245]) < 5
    assert sum(behind[240:280]) > 35


def test_noise_that_grew_louder_is_not_speech_for_ever() -> None:
    swell = hiss(6.0) * np.interp(np.arange(48000), [0, 16000, 32000], [1.0, 1.0, 4.0]).astype(np.float32)
    speech, _ = followed(swell)
    assert sum(speech) < 220
    assert not any(speech[-100:])


@pytest.mark.parametrize("gain_db", [-9.0, 0.0, 9.0])
def test_noise_under_speech_follows_its_lowest_parts(gain_db: float) -> None:
    _, tracker = followed(hiss(3.0))
    bands = bands_of(said(hiss(3.0, seed=9) * np.float32(10 ** (gain_db / 20)), 1.0, vowel(0.4)))
    under = tracker.noise.under(bands)
    assert under.shape == bands.shape
    moved_db = 10 * np.log10(under / tracker.noise.mean).mean()
    assert moved_db == pytest.approx(gain_db, abs=4.0)
    assert moved_db * gain_db >= 0


def test_only_what_is_above_counts() -> None:
    noise: Bands = np.ones(BANDS, np.float32)
    one_band = noise.copy()
    one_band[3] = 100.0
    assert above_noise_db(noise * 0.1, noise) == 0.0
    assert above_noise_db(one_band, noise) == pytest.approx(20 / BANDS, rel=1e-3)
    assert Noise(noise, noise).under(np.zeros((80, BANDS), np.float32)).min() > 0


def test_a_softer_voice_is_told_from_the_louder_one() -> None:
    other = said(np.zeros(32000, np.float32), 0.5, vowel(3.0, 0.02))
    behind = background_of(said(other, 1.5, vowel(1.0)))
    assert behind is not None
    noise, start, end = behind
    assert start / 8000 == pytest.approx(1.5, abs=0.15)
    assert end / 8000 == pytest.approx(2.5, abs=0.15)
    assert 10 * np.log10(noise.mean / bands_of(vowel(3.0, 0.02)).mean(axis=0)).mean() == pytest.approx(0.0, abs=1.5)


def test_one_voice_has_nobody_behind_it() -> None:
    soft_end = np.concatenate((vowel(1.0), vowel(0.3, 0.06)))
    assert background_of(said(np.zeros(24000, np.float32), 1.0, soft_end)) is None
    assert background_of(np.zeros(800, np.float32)) is None
