"""Matches sound against rendered phrases: a coarse sieve, then dynamic time warping of the few left.

It recognises only what it really hears. Sound that was damaged on its way (swapped bytes, wrong law, wrong
rate, lost pieces) falls below `ACCEPTED_SIMILARITY` and yields no words, or wrong ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.standins.features import (
    CEPSTRA,
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
from app.standins.seams import seam_score

GRID = 20
"""Points in time of the fixed-size outline by which candidates are sieved."""
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
UNEVEN_COST = 0.05
"""Added for each step that lingers or hurries: even tempo wins among equals."""
MAX_SPANS = 8
"""An utterance in more pieces than this is matched piece by piece."""

_FAR = np.float32(1e6)


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
class Template:
    """One rendering of a phrase, or of the part of it between two pauses.

    Attributes:
        words: as written.
        word_ends: for each word, the frame in which it ends.
        frames: what it sounds like.
        is_tail: reaches to the end of the phrase; only those can still be under way.
        is_whole: is all of the phrase.
    """

    words: tuple[str, ...]
    word_ends: tuple[int, ...]
    frames: Frames
    is_tail: bool
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class _Heard:
    """Sound to recognise: its pieces of speech, its noise, and how undamaged it is (1.0: whole)."""

    sound: Sound
    pieces: list[Span]
    noise: Frames | None
    soundness: float

    @classmethod
    def of(cls, pcm: bytes) -> "_Heard | None":
        sound = sound_of(pcm)
        pieces = spans(sound)
        if not pieces:
            return None
        seams = seam_score(sound[pieces[0].start : pieces[-1].end])
        loss = SEAM_LOSS * max(0.0, seams - SEAMS_FROM)
        loss += OFFSET_LOSS * max(0.0, offset_of(sound) - OFFSETS_FROM)
        return cls(sound, pieces, noise_of(sound, pieces), float(max(0.0, 1.0 - loss)))

    def frames(self, first: int, end: int) -> Frames:
        return frames_of(self.sound[self.pieces[first].start : self.pieces[end - 1].end], self.noise)

    def placed(self, shares: tuple[float, ...], first: int, end: int) -> tuple[float, ...]:
        """Shares of the time from piece `first` to `end`, as shares of the whole sound."""
        since, until, total = self.pieces[first].start, self.pieces[end - 1].end, len(self.sound)
        return tuple((since + share * (until - since)) / total for share in shares)


class Recogniser:
    """An immutable set of templates, laid out for numpy."""

    def __init__(self, templates: list[Template]) -> None:
        self.templates = templates
        self._lengths = np.array([len(template.frames) for template in templates], np.int32)
        self._starts = np.concatenate(([0], np.cumsum(self._lengths)))[:-1].astype(np.int64)
        self._frames = (
            np.concatenate([template.frames for template in templates])
            if templates
            else np.zeros((0, CEPSTRA), np.float32)
        )
        self._outlines = self._outline(np.arange(len(templates)), self._lengths.astype(np.float32))
        self._tails = np.flatnonzero([template.is_tail for template in templates])

    def recognise(self, pcm: bytes) -> Match:
        """The phrase or phrases that all of `pcm` (s16le 8 kHz mono) consists of."""
        heard = _Heard.of(pcm)
        if heard is None:
            return NOTHING
        count = len(heard.pieces)
        whole = self._whole(heard, 0, count)
        if count == 1 or whole.text:
            return whole
        joined = self._joined(heard, count)
        return joined if joined.text else whole

    def recognise_prefix(self, pcm: bytes) -> Match:
        """The words said so far in `pcm`, whose speaker may be in the middle of a phrase."""
        heard = _Heard.of(pcm)
        if heard is None:
            return NOTHING
        count = len(heard.pieces)
        match = self._prefix(heard, 0)
        if match.text or count == 1:
            return match
        return _chain([self._joined(heard, count - 1), self._prefix(heard, count - 1)])

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
        tempo = len(heard) / np.maximum(self._lengths, 1)
        slack = 2.5 / np.maximum(self._lengths, 1)
        fitting = np.flatnonzero((tempo > TEMPO_RANGE[0] - slack) & (tempo < TEMPO_RANGE[1] + slack))
        if not len(fitting):
            return NOTHING
        outline = _grid(heard)
        distances = np.square(self._outlines[fitting] - outline).sum(axis=1)
        chosen = fitting[np.argsort(distances)[:CANDIDATES]]
        costs, _ = self._warp(heard, chosen, self._lengths[chosen] / len(heard), whole=True)
        winner = int(np.argmin(costs))
        similarity = _similarity(float(costs[winner])) * sound.soundness
        if similarity < ACCEPTED_SIMILARITY:
            return Match("", similarity, 0.0)
        template = self.templates[chosen[winner]]
        frames = len(template.frames)
        ends = tuple(min(1.0, word_end / frames) for word_end in template.word_ends)
        return Match(" ".join(template.words), similarity, 1.0, sound.placed(ends, first, end))

    def _prefix(self, sound: "_Heard", first: int) -> Match:
        """Pieces from `first` on as the beginning of one phrase."""
        if not len(self._tails):
            return NOTHING
        heard = sound.frames(first, len(sound.pieces))
        outline = _grid(heard)
        best = np.full(len(self._tails), np.inf, np.float32)
        for tempo in (0.87, 1.0, 1.15):
            reach = np.minimum(len(heard) * tempo, self._lengths[self._tails]).astype(np.float32)
            shapes = self._outline(self._tails, reach)
            distances = np.square(shapes - outline).sum(axis=1)
            distances[self._lengths[self._tails] < len(heard) * 0.8] = np.inf
            best = np.minimum(best, distances)
        sieve = np.argsort(best)[:CANDIDATES]
        chosen = self._tails[sieve[np.isfinite(best[sieve])]]
        if not len(chosen):
            return NOTHING
        costs, reached = self._warp(heard, chosen, np.ones(len(chosen)), whole=False)
        winner = int(np.argmin(costs))
        similarity = _similarity(float(costs[winner])) * sound.soundness
        if similarity < ACCEPTED_SIMILARITY:
            return Match("", similarity, 0.0)
        template = self.templates[chosen[winner]]
        frame = int(reached[winner]) + 1
        said = sum(end <= frame + 3 for end in template.word_ends)
        ends = tuple(min(1.0, end / frame) for end in template.word_ends[:said])
        ends = sound.placed(ends, first, len(sound.pieces))
        return Match(" ".join(template.words[:said]), similarity, frame / len(template.frames), ends)

    def _outline(self, chosen: NDArray[np.int64], reach: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rows of GRID · CEPSTRA: the frames up to `reach` at GRID even points."""
        points = (np.arange(GRID, dtype=np.float32) + 0.5) / GRID
        index = self._starts[chosen][:, None] + (points[None, :] * reach[:, None]).astype(np.int64)
        return self._frames[index].reshape(len(chosen), GRID * CEPSTRA)

    def _warp(
        self, heard: Frames, chosen: NDArray[np.int64], tempo: NDArray[np.float64], whole: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Dynamic time warping of `heard` onto each chosen template; each heard frame moves on by 0, 1 or 2.

        Returns:
            For each: the mean distance along the best path, and the frame of the template that it ends in.
        """
        lengths = self._lengths[chosen]
        width = int(lengths.max())
        steps = np.arange(width)
        index = self._starts[chosen][:, None] + np.minimum(steps, lengths[:, None] - 1)
        expected = self._frames[index]
        # One product for each candidate: small enough that BLAS wakes none of its threads.
        products = np.matmul(heard, expected.transpose(0, 2, 1))
        squares = np.square(heard).sum(axis=1)[None, :, None] + np.square(expected).sum(axis=2)[:, None, :]
        distances = np.sqrt(np.maximum(squares - 2 * products, 0.0)).astype(np.float32)
        even = np.arange(len(heard))[None, :, None] * tempo[:, None, None]
        stray = np.maximum(3.0, BAND * lengths[:, None, None] if whole else PREFIX_BAND * even)
        distances[np.abs(steps - even) > stray] = _FAR
        distances[np.broadcast_to((steps >= lengths[:, None])[:, None, :], distances.shape)] = _FAR
        sums = np.full((len(chosen), width + 2), _FAR, np.float32)
        sums[:, 2:5] = distances[:, 0, :3]
        for row in distances.transpose(1, 0, 2)[1:]:
            sums[:, 2:] = row + np.minimum(
                np.minimum(sums[:, 2:] + UNEVEN_COST, sums[:, 1:-1]), sums[:, :-2] + UNEVEN_COST
            )
        ends = sums[:, 2:]
        if whole:
            ends = np.where(steps[None, :] >= lengths[:, None] - 3, ends, _FAR)
        reached = np.argmin(ends, axis=1)
        return ends[np.arange(len(chosen)), reached] / len(heard), reached


def _grid(heard: Frames) -> NDArray[np.float32]:
    points = ((np.arange(GRID) + 0.5) / GRID * len(heard)).astype(np.int64)
    return heard[points].reshape(GRID * CEPSTRA)


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
