"""What phrases sound like, laid out for numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.standins.features import BANDS, CEPSTRA, Bands, Frames, cepstra_of

GRID = 20
"""Points in time of the fixed-size outline by which candidates are sieved."""


@dataclass(frozen=True, slots=True)
class Template:
    """One rendering of a phrase, or of the part of it between two pauses.

    Attributes:
        words: as written.
        word_ends: for each word, the frame in which it ends.
        shape: what it sounds like, undisturbed (`features.shape_of`).
        is_tail: reaches to the end of the phrase; only those can still be under way.
        is_whole: is all of the phrase.
    """

    words: tuple[str, ...]
    word_ends: tuple[int, ...]
    shape: Bands
    is_tail: bool
    is_whole: bool = True


class Templates:
    """An immutable set of them, end to end.

    Attributes:
        lengths: in frames.
        shapes: of all, shape (frames, BANDS).
        frames: the same as cepstra.
        tails: which of them can still be under way.
    """

    def __init__(self, templates: list[Template]) -> None:
        self.all = templates
        self.lengths = np.array([len(template.shape) for template in templates], np.int32)
        self._starts = np.concatenate(([0], np.cumsum(self.lengths)))[:-1].astype(np.int64)
        empty = np.zeros((0, BANDS), np.float32)
        self.shapes: Bands = np.concatenate([empty, *(template.shape for template in templates)])
        self.frames: Frames = cepstra_of(self.shapes)
        self.tails = np.flatnonzero([template.is_tail for template in templates])
        self.outlines = self.outline(np.arange(len(templates)), self.lengths.astype(np.float32))

    def outline(self, chosen: NDArray[np.int64], reach: NDArray[np.float32]) -> Frames:
        """Rows of GRID · CEPSTRA: the frames up to `reach` at GRID even points."""
        return self.frames[self.outline_index(chosen, reach)].reshape(len(chosen), GRID * CEPSTRA)

    def outline_index(
        self, chosen: NDArray[np.int64], reach: NDArray[np.float32], grid: int = GRID
    ) -> NDArray[np.int64]:
        """Where in `frames` and `shapes` so many even points of each are."""
        points = (np.arange(grid, dtype=np.float32) + 0.5) / grid
        return np.asarray(self._starts[chosen][:, None] + (points[None, :] * reach[:, None]).astype(np.int64))

    def shape(self, number: int) -> Bands:
        """Of one of them."""
        start = self._starts[number]
        return self.shapes[start : start + self.lengths[number]]

    def expected(self, chosen: NDArray[np.int64]) -> Frames:
        """The frames of each, as long as the longest: its last frame is repeated."""
        steps = np.arange(int(self.lengths[chosen].max()))
        return self.frames[self._starts[chosen][:, None] + np.minimum(steps, self.lengths[chosen][:, None] - 1)]
