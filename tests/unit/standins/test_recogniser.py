"""Recognition, on synthetic syllables: no voice is rendered here."""

import numpy as np

from app.standins.features import Sound
from app.standins.phrase_bank import templates_of
from app.standins.recogniser import Recogniser

PHRASES = {
    "un deux trois": (300, 900, 1500, 500, 2200, 700),
    "non": (450, 1100),
    "peut-être bien": (1800, 350, 950, 2500),
    "oui, merci": (2500, 600, 0, 800, 1900),
}


def syllables(pitches: tuple[int, ...], stretch: float = 1.0, level: float = 0.3) -> Sound:
    """Two-tone syllables of 150 ms each; 0 is a pause."""
    parts: list[Sound] = []
    for pitch in pitches:
        time = np.arange(int(1200 * stretch)) / 8000
        wave = np.sin(2 * np.pi * pitch * time) + 0.5 * np.sin(2 * np.pi * (3600 - pitch) * time)
        parts.append((level * wave * (pitch > 0)).astype(np.float32))
    return np.concatenate(parts)


def pcm(sound: Sound, margin: int = 2400) -> bytes:
    return (np.pad(sound, margin) * 20000).astype("<i2").tobytes()


TEMPLATES = [template for text, pitches in PHRASES.items() for template in templates_of(text, syllables(pitches))]
RECOGNISER = Recogniser(TEMPLATES)


def test_each_phrase_is_told_from_the_others() -> None:
    for text, pitches in PHRASES.items():
        match = RECOGNISER.recognise(pcm(syllables(pitches, 1.1, 0.1)))
        assert match.text == text
        assert match.similarity > 0.8
        assert len(match.word_ends) == len(text.split())
        assert list(match.word_ends) == sorted(match.word_ends)


def test_a_clause_and_two_phrases_in_a_row() -> None:
    assert RECOGNISER.recognise(pcm(syllables((800, 1900)))).text == "merci"
    both = syllables((450, 1100, 0, 0, 300, 900, 1500, 500, 2200, 700))
    assert RECOGNISER.recognise(pcm(both)).text == "non un deux trois"


def test_a_beginning() -> None:
    match = RECOGNISER.recognise_prefix(pcm(syllables((300, 900, 1500)), 0))
    assert "un deux trois".startswith(match.text)
    assert match.text
    assert 0.4 < match.coverage < 0.6


def test_what_is_not_known_has_no_text() -> None:
    assert RECOGNISER.recognise(pcm(syllables((1200, 1250, 1200, 1300)))).text == ""
    assert RECOGNISER.recognise(bytes(16000)).text == ""
    assert RECOGNISER.recognise(b"").text == ""
    damaged = np.frombuffer(pcm(syllables(PHRASES["un deux trois"])), "<i2").byteswap().tobytes()
    assert RECOGNISER.recognise(damaged).text == ""
    assert Recogniser([]).recognise(pcm(syllables((450, 1100)))).text == ""
    assert Recogniser([]).recognise_prefix(pcm(syllables((450, 1100)))).text == ""
