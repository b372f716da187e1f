"""Dynamic time warping of what is heard onto a few candidates at once."""

import numpy as np
from numpy.typing import NDArray

from app.standins.features import Frames

UNEVEN_COST = 0.05
"""Added for each step that lingers or hurries: even tempo wins among equals."""
END_SLACK = 3
"""A path may begin and end so many frames inside of what is expected."""

_FAR = np.float32(1e6)


def warp(
    heard: Frames,
    expected: Frames,
    lengths: NDArray[np.int32],
    tempo: NDArray[np.float64],
    stray: NDArray[np.float64],
    whole: bool,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Warps `heard` onto each candidate; each heard frame moves on by 0, 1 or 2.

    Args:
        heard: shape (frames, CEPSTRA).
        expected: shape (candidates, longest, CEPSTRA).
        lengths: of each candidate, in frames.
        tempo: of each candidate, frames of it for each one heard.
        stray: how many frames a path may be away from even tempo; broadcast over (candidates, heard, longest).
        whole: all of the candidate must have been heard.

    Returns:
        For each: the mean distance along the best path, and the frame of the candidate that it ends in.
    """
    count, width = expected.shape[:2]
    steps = np.arange(width)
    # One product for each candidate: small enough that BLAS wakes none of its threads.
    products = np.matmul(heard, expected.transpose(0, 2, 1))
    squares = np.square(heard).sum(axis=1)[None, :, None] + np.square(expected).sum(axis=2)[:, None, :]
    distances = np.sqrt(np.maximum(squares - 2 * products, 0.0)).astype(np.float32)
    even = np.arange(len(heard))[None, :, None] * tempo[:, None, None]
    distances[np.abs(steps - even) > stray] = _FAR
    distances[np.broadcast_to((steps >= lengths[:, None])[:, None, :], distances.shape)] = _FAR
    sums = np.full((count, width + 2), _FAR, np.float32)
    sums[:, 2 : 2 + END_SLACK] = distances[:, 0, :END_SLACK]
    for row in distances.transpose(1, 0, 2)[1:]:
        sums[:, 2:] = row + np.minimum(np.minimum(sums[:, 2:] + UNEVEN_COST, sums[:, 1:-1]), sums[:, :-2] + UNEVEN_COST)
    ends = sums[:, 2:]
    if whole:
        ends = np.where(steps[None, :] >= lengths[:, None] - END_SLACK, ends, _FAR)
    reached = np.argmin(ends, axis=1)
    return ends[np.arange(count), reached] / len(heard), reached
