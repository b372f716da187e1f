"""Matches sound against rendered phrases: a coarse sieve, then dynamic time warping of the few left.

It recognises only what it really hears. Sound that was damaged on its way (swapped bytes, wrong law, wrong
rate, lost pieces) falls below `ACCEPTED_SIMILARITY` and yields no words, or wrong ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.standins.features import (
    CEPSTRA,
    HOP_SAMPLES,
    RATE_HZ,
    Frames,
    Sound,
    Span,
    frames_of,
    noise_of,
    offset_of,
    sound_of,
    spans,
)
from app.standins.in_noise import Found, Masked, NoiseMatcher, Part
from app.standins.noise import Noise, background_of
from app.standins.seams import seam_score
from app.standins.templates import GRID, Template, Templates
from app.standins.warping import warp

CANDIDATES = 12
"""How many survive the sieve."""
ACCEPTED_SIMILARITY = 0.6
"""Right phrases by other voices, at other speeds, over other lines lie above; figures in docs/standins.md."""
DISTANCE_AT_ZERO = 1.9
"""Mean distance of cepstra along the best path that counts as similarity 0; unrelated speech: about half."""
TEMPO_RANGE = (0.77, 1.3)
"""Lengths of what is heard over what is expected: speed ±15 % and some slack at the ends."""
BAND = 0.12
"""How far, relative to its length, a path may stray from even tempo."""
SEAMS_FROM = 4.6
"""Seam score (`seams.seam_score`) from which sound counts as damaged; whole speech stays below."""
SEAM_LOSS = 0.25
"""Share of the similarity that each further unit of the score takes away."""
OFFSETS_FROM = 0.006
"""Resting offset (`features.offset_of`) from which sound counts as damaged."""
OFFSET_LOSS = 40.0
"""Share of the similarity that each further unit (full scale) takes away: 0.64 for a wrong law."""
PREFIX_BAND = 0.18
"""The same while a phrase is under way, and its tempo not yet known."""
BEFORE_SAMPLES = 1600
"""What is heard of the softer voice around the louder one."""
PAUSE_EDGE = 3
"""Frames of a pause in noise that may belong to either side."""
MAX_SPANS = 8
"""An utterance in more pieces than this is matched piece by piece."""


Shares = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What was recognised.

    Attributes:
        text: the words, "" when nothing was similar enough.
        similarity: 0 to 1 of the best candidate, accepted or not.
        coverage: how much of the phrase was heard, 1.0 for all of it.
        word_ends: for each word of `text`, when it ended, as a share (0 to 1) of the sound.
    """

    text: str
    similarity: float
    coverage: float
    word_ends: tuple[float, ...] = ()


NOTHING = Match("", 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Heard:
    """Sound to recognise: its pieces of speech, its noise, and how undamaged it is (1.0: whole)."""

    sound: Sound
    pieces: list[Span]
    noise: Frames | None
    soundness: float

    @classmethod
    def of(cls, sound: Sound) -> "_Heard | None":
        pieces = spans(sound)
        if not pieces:
            return None
        soundness = _soundness(sound[pieces[0].start : pieces[-1].end], offset_of(sound))
        return cls(sound, pieces, noise_of(sound, pieces), soundness)

    def frames(self, first: int, end: int) -> Frames:
        return frames_of(self.sound[self.pieces[first].start : self.pieces[end - 1].end], self.noise)

    def placed(self, shares: Shares, first: int, end: int) -> Shares:
        """Shares of the time from piece `first` to `end`, as shares of the whole sound."""
        since, until, total = self.pieces[first].start, self.pieces[end - 1].end, len(self.sound)
        return tuple((since + share * (until - since)) / total for share in shares)


class Recogniser:
    """Knows an immutable set of templates."""

    def __init__(self, templates: list[Template]) -> None:
        self.templates = Templates(templates)
        self._in_noise = NoiseMatcher(self.templates)

    def recognise(self, pcm: bytes, noise: Noise | None = None) -> Match:
        """The phrase or phrases that all of `pcm` (s16le 8 kHz mono) consists of.

        Args:
            noise: of the line, if it is a noisy one.
        """
        sound = sound_of(pcm)
        if noise is not None:
            return self._under(noise, sound)
        if (behind := background_of(sound)) is not None and (match := self._before(*behind, sound, False)).text:
            return match
        heard = _Heard.of(sound)
        if heard is None:
            return NOTHING
        count = len(heard.pieces)
        whole = self._whole(heard, 0, count)
        if count == 1 or whole.text:
            return whole
        joined = self._joined(heard, count)
        return joined if joined.text else whole

    def recognise_prefix(self, pcm: bytes, noise: Noise | None = None) -> Match:
        """The words said so far in `pcm`, whose speaker may be in the middle of a phrase."""
        sound = sound_of(pcm)
        if noise is not None:
            return self._under(noise, sound, is_prefix=True)
        if (behind := background_of(sound)) is not None and (match := self._before(*behind, sound, True)).text:
            return match
        heard = _Heard.of(sound)
        if heard is None:
            return NOTHING
        count = len(heard.pieces)
        match = self._prefix(heard, 0)
        if match.text or count == 1:
            return match
        return _chain([self._joined(heard, count - 1), self._prefix(heard, count - 1)])

    def _before(self, noise: Noise, start: int, end: int, sound: Sound, is_prefix: bool) -> Match:
        """What the louder of two voices says, between these samples."""
        start, end = max(0, start - BEFORE_SAMPLES), min(len(sound), end + BEFORE_SAMPLES)
        match = self._under(noise, sound[start:end], is_prefix)
        ends = tuple((start + share * (end - start)) / len(sound) for share in match.word_ends)
        return replace(match, word_ends=ends)

    def _under(self, noise: Noise, sound: Sound, is_prefix: bool = False) -> Match:
        """The same on a noisy line: one phrase, or two with a pause between them."""
        heard = Masked.of(sound, noise)
        part = heard.part(0, len(heard.frames)) if heard is not None else None
        if heard is None or part is None:
            return NOTHING
        match, found = self._under_in(heard, part, sound, is_prefix)
        if found is not None:
            rests = [heard.rest(part.since, found.start), heard.rest(found.end, part.until)]
            around = [self._under_in(heard, rest, sound, False)[0] if rest is not None else NOTHING for rest in rests]
            return _chain([around[0], match, around[1]]) if any(rest.text for rest in around) else match
        others = [match] if is_prefix else [match, self._under_in(heard, heard.anywhere(), sound, False)[0]]
        if (pause := heard.pause(part)) is not None:
            halves = (heard.part(part.since, pause + PAUSE_EDGE), heard.part(pause - PAUSE_EDGE, part.until))
            both = [
                self._under_in(heard, half, sound, is_prefix and number == 1)[0]
                for number, half in enumerate(halves)
                if half is not None
            ]
            others.append(_chain(both))
        return max(others, key=lambda other: (len(other.text), other.similarity))

    def _under_in(self, heard: Masked, part: Part, sound: Sound, is_prefix: bool) -> tuple[Match, Found | None]:
        """What a part says, and where in it; nowhere if it says nothing."""
        found = self._in_noise.prefix(heard, part) if is_prefix else self._in_noise.whole(heard, part)
        if found is None:
            return NOTHING, None
        similarity = found.likeness
        if similarity >= ACCEPTED_SIMILARITY:
            similarity *= _soundness(sound[found.start * HOP_SAMPLES : found.end * HOP_SAMPLES])
        if similarity < ACCEPTED_SIMILARITY:
            return Match("", similarity, 0.0), None
        start, length, total = found.start, found.end - found.start, len(heard.frames)
        match = self._said(
            found.template,
            similarity,
            found.reached if is_prefix else None,
            lambda shares: tuple((start + share * length) / total for share in shares),
        )
        return match, found

    def _said(self, number: int, similarity: float, reached: int | None, placed: Callable[[Shares], Shares]) -> Match:
        """A template's words, or those of its first `reached` frames.

        Args:
            placed: shares of the time of the phrase, as shares of the whole sound.
        """
        template = self.templates.all[number]
        frames = len(template.shape) if reached is None else max(1, reached)
        words = template.words
        if reached is not None:
            words = words[: sum(end <= reached + 3 for end in template.word_ends)]
        ends = placed(tuple(min(1.0, end / frames) for end in template.word_ends[: len(words)]))
        return Match(" ".join(words), similarity, min(1.0, frames / len(template.shape)), ends)

    def _joined(self, heard: "_Heard", count: int) -> Match:
        """Reads the first `count` pieces as phrases, by dynamic programming over where they part."""
        if count > MAX_SPANS:
            return _chain([self._whole(heard, piece, piece + 1) for piece in range(count)])
        best: list[tuple[float, list[Match]]] = [(0.0, [])]
        for end in range(1, count + 1):
            options: list[tuple[float, list[Match]]] = []
            for start in range(end):
                match = self._whole(heard, start, end)
                length_s = (heard.pieces[end - 1].end - heard.pieces[start].start) / RATE_HZ
                gain = (match.similarity - 0.9 * ACCEPTED_SIMILARITY) * length_s
                if not match.text:
                    gain = -0.02 * (end - start)
                options.append((best[start][0] + gain, [*best[start][1], match]))
            best.append(max(options, key=lambda option: option[0]))
        return _chain(best[-1][1])

    def _whole(self, sound: "_Heard", first: int, end: int) -> Match:
        """Pieces `first` to `end` as one phrase."""
        heard = sound.frames(first, end)
        tempo = len(heard) / np.maximum(self.templates.lengths, 1)
        slack = 2.5 / np.maximum(self.templates.lengths, 1)
        fitting = np.flatnonzero((tempo > TEMPO_RANGE[0] - slack) & (tempo < TEMPO_RANGE[1] + slack))
        if not len(fitting):
            return NOTHING
        outline = _grid(heard)
        distances = np.square(self.templates.outlines[fitting] - outline).sum(axis=1)
        chosen = fitting[np.argsort(distances)[:CANDIDATES]]
        costs, _ = self._warp(heard, chosen, self.templates.lengths[chosen] / len(heard), whole=True)
        winner = int(np.argmin(costs))
        similarity = _similarity(float(costs[winner])) * sound.soundness
        if similarity < ACCEPTED_SIMILARITY:
            return Match("", similarity, 0.0)
        return self._said(chosen[winner], similarity, None, lambda shares: sound.placed(shares, first, end))

    def _prefix(self, sound: "_Heard", first: int) -> Match:
        """Pieces from `first` on as the beginning of one phrase."""
        if not len(self.templates.tails):
            return NOTHING
        heard = sound.frames(first, len(sound.pieces))
        outline = _grid(heard)
        best = np.full(len(self.templates.tails), np.inf, np.float32)
        for tempo in (0.87, 1.0, 1.15):
            reach = np.minimum(len(heard) * tempo, self.templates.lengths[self.templates.tails]).astype(np.float32)
            shapes = self.templates.outline(self.templates.tails, reach)
            distances = np.square(shapes - outline).sum(axis=1)
            distances[self.templates.lengths[self.templates.tails] < len(heard) * 0.8] = np.inf
            best = np.minimum(best, distances)
        sieve = np.argsort(best)[:CANDIDATES]
        chosen = self.templates.tails[sieve[np.isfinite(best[sieve])]]
        if not len(chosen):
            return NOTHING
        costs, reached = self._warp(heard, chosen, np.ones(len(chosen)), whole=False)
        winner = int(np.argmin(costs))
        similarity = _similarity(float(costs[winner])) * sound.soundness
        if similarity < ACCEPTED_SIMILARITY:
            return Match("", similarity, 0.0)
        count = len(sound.pieces)
        frame = int(reached[winner]) + 1
        return self._said(chosen[winner], similarity, frame, lambda shares: sound.placed(shares, first, count))

    def _warp(
        self, heard: Frames, chosen: NDArray[np.int64], tempo: NDArray[np.float64], whole: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        lengths = self.templates.lengths[chosen]
        even = np.arange(len(heard))[None, :, None] * tempo[:, None, None]
        stray = np.maximum(3.0, BAND * lengths[:, None, None] if whole else PREFIX_BAND * even)
        return warp(heard, self.templates.expected(chosen), lengths, tempo, stray, whole)


def _grid(heard: Frames) -> NDArray[np.float32]:
    points = ((np.arange(GRID) + 0.5) / GRID * len(heard)).astype(np.int64)
    return heard[points].reshape(GRID * CEPSTRA)


def _soundness(speech: Sound, offset: float = 0.0) -> float:
    """1.0 for whole sound, less for damaged."""
    loss = SEAM_LOSS * max(0.0, seam_score(speech) - SEAMS_FROM)
    loss += OFFSET_LOSS * max(0.0, offset - OFFSETS_FROM)
    return float(max(0.0, 1.0 - loss))


def _similarity(distance: float) -> float:
    return max(0.0, 1.0 - distance / DISTANCE_AT_ZERO)


def _chain(matches: list[Match]) -> Match:
    heard = [match for match in matches if match.text]
    if not heard:
        return max(matches, key=lambda match: match.similarity, default=NOTHING)
    return Match(
        " ".join(match.text for match in heard),
        sum(match.similarity for match in heard) / len(heard),
        sum(match.coverage for match in heard) / len(matches),
        tuple(end for match in heard for end in match.word_ends),
    )
