"""Phrases under noise, on synthetic syllables: no voice is rendered here."""

import numpy as np
import pytest

from app.standins.features import Sound, bands_of
from app.standins.noise import Noise, NoiseTracker
from app.standins.phrase_bank import templates_of
from app.standins.recogniser import Recogniser
from tests.unit.standins.test_recogniser import PHRASES, TEMPLATES, syllables

RECOGNISER = Recogniser(TEMPLATES)
LENGTH = 8 * 8000


def surf(level: float, seed: int = 1) -> Sound:
    """Noise with a swell, softer towards high frequencies."""
    white = np.random.default_rng(seed).normal(0, 1, LENGTH)
    coloured = np.convolve(white, (1.0, 0.8, 0.6, 0.3), "same")
    swell = 1 + 0.3 * np.sin(2 * np.pi * np.arange(LENGTH) / 24000)
    rough = coloured * swell
    return np.asarray(level * rough / np.sqrt(np.mean(np.square(rough))), np.float32)


def heard(noise: Sound, *said: Sound, at_s: float = 4.0) -> tuple[bytes, Noise]:
    """The sound from 0.4 s before to 0.5 s after what is said, and the noise as it was until then."""
    tracker = NoiseTracker()
    start = int(at_s * 8000)
    for bands in bands_of(noise[: start - 3200], hop_s=0.010):
        tracker.step(bands, False)
    voice = np.concatenate(said)
    sound = noise.copy()
    sound[start : start + len(voice)] += voice
    cut = sound[start - 3200 : start + len(voice) + 4000]
    return (np.clip(cut, -1, 1) * 30000).astype("<i2").tobytes(), scaled(tracker.noise, 30000 / 32768)


def scaled(noise: Noise, gain: float) -> Noise:
    return Noise(noise.mean * np.float32(gain**2), noise.lowest * np.float32(gain**2))


def level_of(voice: Sound, snr_db: float) -> float:
    loud = voice[np.abs(voice) > 0]
    return float(np.sqrt(np.mean(np.square(loud))) * 10 ** (-snr_db / 20))


@pytest.mark.parametrize("snr_db", [15, 10, 5])
@pytest.mark.parametrize("text", [text for text in PHRASES if text != "non"])
def test_phrases_are_heard_through_noise(text: str, snr_db: float) -> None:
    voice = syllables(PHRASES[text], 1.05)
    pcm, noise = heard(surf(level_of(voice, snr_db)), voice)
    match = RECOGNISER.recognise(pcm, noise)
    assert match.text == text
    assert len(match.word_ends) == len(text.split())
    assert list(match.word_ends) == sorted(match.word_ends)
    assert 0.3 < match.word_ends[-1] <= 1.0


def test_noise_alone_says_nothing() -> None:
    for at_s in (3.0, 4.0, 5.0, 6.0):
        pcm, noise = heard(surf(0.1), np.zeros(8000, np.float32), at_s=at_s)
        assert RECOGNISER.recognise(pcm, noise).text == ""
        assert RECOGNISER.recognise_prefix(pcm, noise).text == ""


def test_what_is_not_known_has_no_text() -> None:
    voice = syllables((1200, 1250, 1200, 1300, 1250))
    pcm, noise = heard(surf(level_of(voice, 10)), voice)
    assert RECOGNISER.recognise(pcm, noise).text == ""


def test_damage_is_noticed_through_noise() -> None:
    voice = syllables(PHRASES["un deux trois"])
    pcm, noise = heard(surf(level_of(voice, 15)), voice)
    assert RECOGNISER.recognise(pcm, noise).text == "un deux trois"
    swapped = np.frombuffer(pcm, "<i2").byteswap().tobytes()
    assert RECOGNISER.recognise(swapped, noise).text == ""
    doubled = np.frombuffer(pcm, "<i2")[::2].tobytes()
    assert RECOGNISER.recognise(doubled, noise).text == ""


def test_two_phrases_and_a_beginning() -> None:
    pause = np.zeros(2400, np.float32)
    first, second = syllables(PHRASES["peut-être bien"]), syllables(PHRASES["un deux trois"])
    pcm, noise = heard(surf(level_of(first, 12)), first, pause, second)
    assert RECOGNISER.recognise(pcm, noise).text == "peut-être bien un deux trois"
    begun = syllables((300, 900, 1500))
    pcm, noise = heard(surf(level_of(begun, 12)), begun)
    match = RECOGNISER.recognise_prefix(pcm[:-8000], noise)
    assert match.text
    assert "un deux trois".startswith(match.text)


def test_nothing_is_known() -> None:
    pcm, noise = heard(surf(0.02), syllables((450, 1100)))
    assert Recogniser([]).recognise(pcm, noise).text == ""
    assert Recogniser([]).recognise_prefix(pcm, noise).text == ""
    assert RECOGNISER.recognise(b"", noise).text == ""


def test_the_templates_are_the_same_as_without_noise() -> None:
    quiet = Recogniser(templates_of("non", syllables(PHRASES["non"])))
    sound = np.pad(syllables(PHRASES["non"]), 2400)
    assert quiet.recognise((sound * 20000).astype("<i2").tobytes()).text == "non"
