"""The phrases that the recogniser stand-in knows: spoken by espeak-ng at the start, kept as spectra."""

import hashlib
import pickle
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from app.errors import ConfigError
from app.standins.features import HOP_SAMPLES, RATE_HZ, Sound, Span, shape_of, spans
from app.standins.noise import Noise
from app.standins.recogniser import Match, Recogniser
from app.standins.resampling import resample
from app.standins.templates import Template

DEFAULT_PHRASES = Path(__file__).with_name("phrases.yaml")
DEFAULT_VOICES = ("fr", "fr+f2", "fr+f4", "fr+m3")
RATE_WPM = 165
SHORT_WORDS = 2
"""Phrases of so few words are told apart by little: they are rendered in more voices and speeds."""
SHORT_VOICES = ("fr+f1", "fr+f3", "fr+m1", "fr+m7")
SHORT_RATES_WPM = (145, 185)
MAX_CLAUSES = 5
"""A phrase in more pieces than this is kept only whole and from each piece to its end."""
CACHE_VERSION = 3

SPOKEN_KEYS = ("say", "interject")
_SILENCE_MARK = re.compile(r"\s*\[[\d.]+\]\s*")
"""As scripts of callers write it: what is said on either side is heard on its own."""
_CLAUSE_END = re.compile(r"(?<=[,.!?;:…])\s+")


def phrases_in(tree: Any) -> Iterator[str]:
    """Every phrase in parsed YAML: strings in lists, and values of `SPOKEN_KEYS`, at any depth."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key in SPOKEN_KEYS and isinstance(value, str):
                yield from filter(None, _SILENCE_MARK.split(value))
            else:
                yield from phrases_in(value)
    elif isinstance(tree, list):
        for value in tree:
            if isinstance(value, str):
                yield value
            else:
                yield from phrases_in(value)


def load_phrases(*files: Path) -> list[str]:
    """The phrases of YAML files, in order, each once.

    Raises:
        ConfigError: a file that can't be read or holds no phrase.
    """
    found: dict[str, None] = {}
    for file in files:
        try:
            phrases = list(phrases_in(yaml.safe_load(file.read_text("utf-8"))))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigError([f"phrases file {file}: {error}"]) from error
        if not phrases:
            raise ConfigError([f"phrases file {file}: no phrase in it (a list of strings, or `say:` values)"])
        found.update(dict.fromkeys(phrases))
    return list(found)


def speak(text: str, voice: str, rate_wpm: int = 165, rate_hz: int = RATE_HZ) -> Sound:
    """`text` by espeak-ng, floats at `rate_hz`; blocks for a few milliseconds a sentence."""
    from app.providers.espeak import EspeakLibrary, Voice

    library = EspeakLibrary.shared()
    pieces: list[bytes] = []

    def keep(piece: bytes) -> bool:
        pieces.append(piece)
        return True

    library.synthesise(text, Voice(voice, rate_wpm), keep)
    spoken = np.frombuffer(b"".join(pieces), "<i2").astype(np.float32) / 32768.0
    return resample(spoken, library.sample_rate_hz, rate_hz)


class PhraseBank:
    """Known phrases; hears which of them a sound is.

    Args:
        phrases: as they are to be transcribed.
        voices: espeak voices that render each of them.
        cache_dir: where renderings are kept between runs; None keeps none.
        rates_wpm: how fast they speak; sound that is a quarter slower or faster is not recognised for sure.
    """

    def __init__(
        self,
        phrases: Iterable[str] | None = None,
        voices: Sequence[str] = DEFAULT_VOICES,
        cache_dir: Path | None = None,
        rates_wpm: Sequence[int] = (RATE_WPM,),
    ) -> None:
        self._rates_wpm = tuple(rates_wpm)
        self._voices = tuple(voices)
        self._cache_dir = cache_dir
        self.phrases: list[str] = []
        self._recogniser = Recogniser([])
        self.add(load_phrases(DEFAULT_PHRASES) if phrases is None else phrases)

    def add(self, phrases: Iterable[str]) -> None:
        """Learns more phrases; blocks while they are rendered, about 10 ms each. Safe beside `recognise`."""
        fresh = list(dict.fromkeys(phrase.strip() for phrase in phrases if phrase.strip()))
        fresh = [phrase for phrase in fresh if phrase not in set(self.phrases)]
        if fresh:
            templates = [*self._recogniser.templates.all, *self._rendered(fresh)]
            self._recogniser = Recogniser(templates)
            self.phrases = [*self.phrases, *fresh]

    def recognise(self, pcm: bytes, noise: Noise | None = None) -> Match:
        """What all of `pcm` (s16le 8 kHz mono) says, on a line with `noise`."""
        return self._recogniser.recognise(pcm, noise)

    def recognise_prefix(self, pcm: bytes, noise: Noise | None = None) -> Match:
        """The words said so far in `pcm`."""
        return self._recogniser.recognise_prefix(pcm, noise)

    def _rendered(self, phrases: list[str]) -> list[Template]:
        if self._cache_dir is None:
            return self._render(phrases)
        key = hashlib.sha256(repr((CACHE_VERSION, self._voices, self._rates_wpm, phrases)).encode()).hexdigest()[:16]
        file = self._cache_dir / f"phrases-{key}.pickle"
        if file.exists():
            cached: list[Template] = pickle.loads(file.read_bytes())
            return cached
        templates = self._render(phrases)
        self._cache_dir.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_bytes(pickle.dumps(templates, protocol=5))
        partial.replace(file)
        return templates

    def _render(self, phrases: list[str]) -> list[Template]:
        short = [phrase for phrase in phrases if len(phrase.split()) <= SHORT_WORDS]
        plan = [(voice, rate_wpm, phrases) for voice in self._voices for rate_wpm in self._rates_wpm]
        plan += [(voice, RATE_WPM, short) for voice in SHORT_VOICES if voice not in self._voices]
        plan += [(voice, rate_wpm, short) for voice in self._voices for rate_wpm in SHORT_RATES_WPM]
        templates = [
            template
            for voice, rate_wpm, wanted in plan
            for phrase in wanted
            for template in templates_of(phrase, speak(phrase, voice, rate_wpm))
        ]
        # A clause that is also a phrase of its own is left out: the two sound alike, and differ in punctuation.
        known = {_words(phrase): phrase for phrase in (*self.phrases, *phrases)}
        return [
            template
            for template in templates
            if known.get(_words(text := " ".join(template.words)), text) == text or template.is_whole
        ]


def _words(phrase: str) -> tuple[str, ...]:
    return tuple(word for raw in phrase.lower().split() if (word := raw.strip(",.!?;:…")))


def templates_of(phrase: str, sound: Sound) -> list[Template]:
    """The phrase whole, and every run of its clauses between pauses: a caller may be cut at any of them."""
    pieces = spans(sound)
    clauses = [clause.split() for clause in _CLAUSE_END.split(phrase)]
    if not pieces:
        return []
    if len(pieces) != len(clauses):
        pieces, clauses = [Span(pieces[0].start, pieces[-1].end)], [phrase.split()]
    count = len(pieces)
    runs = [
        (first, last)
        for first in range(count)
        for last in range(first, count)
        if count <= MAX_CLAUSES or last == count - 1
    ]
    tail = count - 1
    return [
        _template(sound, pieces[first : last + 1], clauses[first : last + 1], last == tail, last - first == tail)
        for first, last in runs
    ]


def _template(sound: Sound, pieces: list[Span], clauses: list[list[str]], is_tail: bool, is_whole: bool) -> Template:
    words = [word for clause in clauses for word in clause]
    ends: list[int] = []
    for piece, clause in zip(pieces, clauses, strict=True):
        weights = np.cumsum([len(word.strip(",.!?;:…")) + 1 for word in clause])
        for share in weights / weights[-1]:
            sample = piece.start - pieces[0].start + share * (piece.end - piece.start)
            ends.append(int(sample) // HOP_SAMPLES)
    shape = shape_of(sound[pieces[0].start : pieces[-1].end])
    return Template(tuple(words), tuple(ends), shape, is_tail, is_whole)
