"""Finds the phrase under noise: what the noise hides is hidden in the templates, too, before the two are compared.

The noise is added to the templates' spectra and once more to both sides ("parallel model combination", M. Gales and
S. Young, 1996): where it is louder than the voice both say nothing but noise. Where in the sound the phrase begins
and ends is part of the search, since soft beginnings and ends drown; what lies outside must sound like the noise.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.standins.features import BANDS, CEPSTRA, SOFTEST, Bands, Frames, Sound, bands_of, cepstra_of, loudest_of
from app.standins.noise import SPEECH_DB, STILL_SPEECH_DB, Noise, above_noise_db
from app.standins.templates import Templates
from app.standins.warping import warp

CANDIDATES = 24
"""How many survive the sieve."""
TEMPO_RANGE = (0.77, 1.3)
"""Lengths of what is heard over what is expected."""
LENGTH_SLACK = 4.0
"""Frames by which that may be off besides."""
EDGE = 4
"""Frames by which speech may reach beyond where it stands out."""
SYLLABLE = 11
"""Frames, 220 ms."""
CORE_SHARE = 0.9
"""A syllable that stands out as far as this share of the one that does most is surely the voice, not the noise."""
EDGES = 18
"""Most beginnings, and most ends, that are tried."""
EDGE_STEP = 4
GRID = 14
"""Points in time of the outline by which candidates are sieved: fewer than without noise, so many are tried."""
MARGIN = 10
"""Frames of noise that are looked at on either side of the speech."""
STRAY = 6.0
"""Frames by which a path may stray from even tempo, besides a share of the length."""
BAND = 0.12
PREFIX_BAND = 0.18
PREFIX_STARTS = 6
PAUSE_FRAMES = 6
PAUSE_SHARE = 0.4
"""A pause stands out from the noise by less than this share of what speech does."""
REST_FRAMES = 15
"""Frames that stand out beside a phrase before another one is looked for there."""
LONGEST_FRAMES = 600
"""Twelve seconds; what was before is forgotten."""
AGAINST_NOISE = 0.7
"""A phrase must explain its part of the sound so much better than noise alone does: share of the mean distance. Right
phrases are below (98 in 100: 0.69 in babble at 5 dB, else 0.53), of noise without speech one in ten."""
LEAST_LIMIT = 0.49
NOISE_LIMIT = 0.38
"""Largest mean distance, as a share of the range that the noise has left: what voices differ by, and so much of what
the noise itself strays from its mean."""


@dataclass(frozen=True, slots=True)
class Found:
    """The template that explains the sound best.

    Attributes:
        template: its number.
        likeness: 1.0 for the same sound, 0.6 for what is just like enough (as `Match.similarity`).
        start, end: frames of the sound.
        reached: frames of the template that were heard.
    """

    template: int
    likeness: float
    start: int
    end: int
    reached: int


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of frames that may hold a phrase: it begins from `since` to `core`, and ends from `core_end` on."""

    since: int
    core: int
    core_end: int
    until: int


class Masked:
    """Sound with its noise: what can be compared with templates under the same noise."""

    def __init__(self, bands: Bands, noise: Bands, above_db: Bands) -> None:
        voice = np.maximum(bands - noise, 0.0)
        loudest = loudest_of(voice[above_db > min(SPEECH_DB, float(above_db.max()))] if above_db.max() > 0 else voice)
        shares = noise / loudest
        self.above_db = above_db
        self.mask: Bands = 2 * shares
        self.frames = cepstra_of(np.clip(bands / loudest, SOFTEST, 1.0 + shares) + shares)
        self.silence = cepstra_of(SOFTEST + self.mask)
        off = np.square(self.frames - self.silence).sum(axis=1)
        self.off_sums = np.concatenate(([0.0], np.cumsum(off))).astype(np.float32)
        self.off: Bands = np.sqrt(off)
        left_db = 10 * np.log10((1 + self.mask) / (SOFTEST + self.mask))
        self.range = float(left_db.mean()) / (-10 * np.log10(SOFTEST))
        quiet = above_db < STILL_SPEECH_DB
        self.limit = LEAST_LIMIT * self.range + NOISE_LIMIT * (float(self.off[quiet].mean()) if quiet.any() else 0.0)

    @classmethod
    def of(cls, sound: Sound, noise: Noise) -> Self | None:
        """None where nothing stands out from the noise."""
        bands = bands_of(sound)[-LONGEST_FRAMES:]
        under = noise.under(bands)
        above_db = np.convolve(above_noise_db(bands, under), np.full(3, 1 / 3), "same").astype(np.float32)
        if (above_db > SPEECH_DB).sum() < 3:
            return None
        return cls(bands, under, above_db)

    def part(self, since: int, until: int) -> Part | None:
        """The speech among these frames."""
        above_db = self.above_db[since:until]
        loose = np.flatnonzero(above_db > STILL_SPEECH_DB)
        if len(loose) < 3:
            return None
        syllables_db = np.convolve(above_db, np.full(SYLLABLE, 1 / SYLLABLE), "same")[: len(above_db)]
        core = np.flatnonzero(syllables_db >= CORE_SHARE * syllables_db.max())
        return Part(
            max(since, since + int(loose[0]) - EDGE),
            since + int(core[0]) + EDGE,
            max(since + int(core[0]) + 3, since + int(core[-1]) + 1 - EDGE),
            min(until, since + int(loose[-1]) + 1 + EDGE),
        )

    def rest(self, since: int, until: int) -> Part | None:
        """What is left beside a phrase, if it is long and stands out: another one."""
        loud = self.above_db[since:until] > SPEECH_DB
        return self.part(since, until) if loud.sum() >= REST_FRAMES else None

    def anywhere(self) -> Part:
        """All of the sound, where what stands out most may be none of the speech."""
        return Part(0, len(self.frames) - 3, 3, len(self.frames))

    def pause(self, part: Part) -> int | None:
        """The middle of the deepest pause (120 ms) within the speech; None if there is none to speak of."""
        speech = np.flatnonzero(self.above_db[part.since : part.until] > SPEECH_DB) + part.since
        if len(speech) < 3 * PAUSE_FRAMES:
            return None
        inner_db = self.above_db[speech[0] : speech[-1] + 1]
        smooth_db = np.convolve(inner_db, np.full(PAUSE_FRAMES, 1 / PAUSE_FRAMES), "valid")
        deepest = int(np.argmin(smooth_db))
        if smooth_db[deepest] > PAUSE_SHARE * float(inner_db.mean()):
            return None
        return int(speech[0]) + deepest + PAUSE_FRAMES // 2


class NoiseMatcher:
    """Looks for templates in masked sound."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        every = np.arange(len(templates.lengths))
        index = templates.outline_index(every, templates.lengths.astype(np.float32), GRID)
        self._outlines = templates.shapes[index]

    def whole(self, heard: Masked, part: Part) -> Found | None:
        """The phrase that the part consists of."""
        begins = _points(part.since, min(part.core, part.until - 3))
        ends = _points(max(part.core_end, part.since + 3), part.until)
        starts, stops = (grid.ravel() for grid in np.meshgrid(begins, ends, indexing="ij"))
        spans = stops - starts
        lengths = self._templates.lengths
        slack = LENGTH_SLACK / np.maximum(lengths, 1)
        low, high = TEMPO_RANGE[0] - slack, TEMPO_RANGE[1] + slack
        fitting = np.flatnonzero((spans.max() / lengths > low) & (spans[spans > 2].min(initial=3) / lengths < high))
        if not len(fitting):
            return None
        since, until = int(begins[0]), int(ends[-1])
        even = (since + (np.arange(GRID) + 0.5) / GRID * (until - since)).astype(np.int64)
        expected = cepstra_of(self._outlines[fitting] + heard.mask[even])
        tempo = spans[None, :] / lengths[fitting, None]
        cost = _sieve(heard, expected.reshape(len(fitting), GRID * CEPSTRA), starts, stops, since, until)
        cost[(tempo <= low[fitting, None]) | (tempo >= high[fitting, None])] = np.inf
        which = np.argmin(cost, axis=1)
        cost = cost[np.arange(len(fitting)), which]
        best = np.argsort(cost)[:CANDIDATES]
        best = best[np.isfinite(cost[best])]
        if not len(best):
            return None
        return self._closest(heard, fitting[best], starts[which[best]], stops[which[best]], since, until)

    def prefix(self, heard: Masked, part: Part) -> Found | None:
        """The phrase that begins in the part and has not ended."""
        tails = self._templates.tails
        until = part.until
        begins = _points(part.since, min(part.core, until - 3))[:PREFIX_STARTS]
        spans = until - begins
        tails = tails[self._templates.lengths[tails] > spans.min() * 0.8]
        if not len(tails):
            return None
        since = int(begins[0])
        reach = np.minimum(self._templates.lengths[tails], spans.mean()).astype(np.float32)
        even = (since + (np.arange(GRID) + 0.5) / GRID * (until - since)).astype(np.int64)
        shapes = self._templates.shapes[self._templates.outline_index(tails, reach, GRID)]
        expected = cepstra_of(shapes + heard.mask[even]).reshape(len(tails), GRID * CEPSTRA)
        cost = _sieve(heard, expected, begins, np.full(len(begins), until), since, until)
        which = np.argmin(cost, axis=1)
        best = np.argsort(cost[np.arange(len(tails)), which])[:CANDIDATES]
        return self._closest(heard, tails[best], begins[which[best]], None, since, until)

    def _closest(
        self,
        heard: Masked,
        chosen: NDArray[np.int64],
        starts: NDArray[np.int64],
        stops: NDArray[np.int64] | None,
        since: int,
        until: int,
    ) -> Found:
        """Warps the sound, with some noise on either side, onto templates with as much silence on either side.

        Args:
            stops: where each ends; None if they are under way.
        """
        first, last = max(0, since - MARGIN), min(len(heard.frames), until + (MARGIN if stops is not None else 0))
        frames = heard.frames[first:last]
        before = starts - first
        after = last - stops if stops is not None else np.zeros(len(chosen), np.int64)
        lengths = self._templates.lengths[chosen]
        padded = (before + lengths + after).astype(np.int32)
        shapes = np.full((len(chosen), int(padded.max()), BANDS), SOFTEST, np.float32)
        for row, number, at, length in zip(shapes, chosen, before, lengths, strict=True):
            row[at : at + length] = self._templates.shape(int(number))
        # Template and sound run at nearly the same speed: each frame gets the noise of about its time.
        tempo = padded / len(frames) if stops is not None else np.ones(len(chosen))
        times = (np.arange(shapes.shape[1])[None, :] / tempo[:, None]).astype(np.int64)
        expected = cepstra_of(shapes + heard.mask[first + np.minimum(times, len(frames) - 1)])
        even = np.arange(len(frames))[None, :, None] * tempo[:, None, None]
        share = BAND * lengths[:, None, None] if stops is not None else PREFIX_BAND * even
        stray = np.asarray(STRAY + share, np.float64)
        costs, reached = warp(frames, expected, padded, tempo, stray, whole=stops is not None)
        winner = int(np.argmin(costs))
        start, stop = int(starts[winner]), int(stops[winner]) if stops is not None else until
        inside = float(heard.off[start:stop].sum())
        around = float(heard.off[first:last].sum()) - inside
        against_noise = (float(costs[winner]) * len(frames) - around) / (inside + 1e-6)
        return Found(
            int(chosen[winner]),
            max(0.0, 1.0 - 0.4 * max(against_noise / AGAINST_NOISE, float(costs[winner]) / heard.limit)),
            start,
            stop,
            int(min(lengths[winner], max(0, reached[winner] + 1 - before[winner]))),
        )


def _points(first: int, last: int) -> NDArray[np.int64]:
    count = max(2, min(EDGES, 1 + round((last - first) / EDGE_STEP)))
    return np.unique(np.linspace(first, max(first, last), count).round().astype(np.int64))


def _sieve(
    heard: Masked,
    expected: Frames,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    since: int,
    until: int,
) -> NDArray[np.float32]:
    """Distance of each template, shape (templates, spans), if it lies in each span and noise around it."""
    spans = stops - starts
    index = starts[:, None] + ((np.arange(GRID) + 0.5) / GRID * spans[:, None]).astype(np.int64)
    outlines = heard.frames[index].reshape(len(starts), GRID * CEPSTRA)
    inside = np.square(expected).sum(axis=1)[:, None] + np.square(outlines).sum(axis=1)[None, :]
    inside = (inside - 2 * expected @ outlines.T) / GRID
    sums = heard.off_sums
    around = sums[starts] - sums[since] + sums[until] - sums[stops]
    return np.asarray((inside * np.maximum(spans, 1) + around) / (until - since), np.float32)
