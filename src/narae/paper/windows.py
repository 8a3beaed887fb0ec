"""Running maxima, minima and means over windows of a picture, and its connected regions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Pick = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _running(values: np.ndarray, size: int, axis: int, pick: Pick, beyond: float) -> np.ndarray:
    """The pick of each window of `size` along an axis; beyond the border nothing is picked. Windows of 1, 2, 4, ...
    are made of two of half the size (van Herk 1992 does it in three steps; this in log2(size))."""
    if size <= 1:
        return values
    rows = np.moveaxis(values, axis, 0)
    edge = [(size // 2, size - 1 - size // 2)] + [(0, 0)] * (rows.ndim - 1)
    rows, width = np.pad(rows, edge, constant_values=beyond), 1
    while 2 * width <= size:
        rows, width = pick(rows[:-width], rows[width:]), 2 * width
    if size > width:
        rows = pick(rows[: width - size], rows[size - width :])
    return np.moveaxis(rows, 0, axis)


def largest(values: np.ndarray, size: int) -> np.ndarray:
    """The largest value in the square of `size` around each pixel (height, width, ...)."""
    for axis in (0, 1):
        values = _running(values, size, axis, np.maximum, -np.inf)
    return values


def smallest(values: np.ndarray, size: int) -> np.ndarray:
    """The smallest value in the square of `size` around each pixel (height, width, ...)."""
    for axis in (0, 1):
        values = _running(values, size, axis, np.minimum, np.inf)
    return values


def closed(values: np.ndarray, size: int) -> np.ndarray:
    """Without what is darker and narrower than `size`: straight edges of larger things stay where they are.

    >>> line = np.array([[9.0, 9, 1, 9, 9, 3, 3, 3, 3]])
    >>> closed(line, 3)[0].tolist()
    [9.0, 9.0, 9.0, 9.0, 9.0, 3.0, 3.0, 3.0, 3.0]
    """
    size |= 1  # the two windows lie on each other when both have a middle
    return smallest(largest(values, size), size)


def mean(values: np.ndarray, size: int) -> np.ndarray:
    """The mean over the square of `size` around each pixel, as far as it is in the picture (height, width)."""
    return _summed(values, size) / _summed(np.ones(values.shape, np.float32), size)


def _summed(values: np.ndarray, size: int) -> np.ndarray:
    for axis in (0, 1):
        rows = np.moveaxis(values, axis, 0).astype(np.float64)
        total = np.concatenate([np.zeros((1, *rows.shape[1:])), np.cumsum(rows, axis=0)])
        at = np.arange(len(rows))
        last = np.minimum(at + size - size // 2, len(rows))
        values = np.moveaxis(total[last] - total[np.maximum(at - size // 2, 0)], 0, axis)
    return values


def labelled(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Which region of connected pixels (8 neighbours) each pixel is in, 1, 2, ...; 0 where the mask is not; and how
    many there are.

    >>> labelled(np.array([[1, 0, 0, 1], [0, 1, 0, 1]], bool))
    (array([[1, 0, 0, 2],
           [0, 1, 0, 2]], dtype=int32), 2)
    """
    height, width = mask.shape
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    parent = _joined(rows, starts, ends, height, width)
    names = np.unique(parent, return_inverse=True)[1] + 1
    out = np.zeros((height, width + 1), np.int32)
    # a run adds its name where it begins, and takes it away where it ends
    np.add.at(out, (rows, starts), names)
    np.add.at(out, (rows, ends), -names)
    return np.cumsum(out, axis=1)[:, :width].astype(np.int32), int(names.max(initial=0))


def _joined(
    rows: np.ndarray, starts: np.ndarray, ends: np.ndarray, height: int, width: int
) -> np.ndarray:
    """For each run of pixels the first run that it is connected with."""
    # Runs in one line of numbers: those of the row above, one row further, that overlap are neighbours.
    line = rows.astype(np.int64) * (width + 2)
    first = np.searchsorted(line + ends, line + starts - (width + 2), side="left")
    last = np.searchsorted(line + starts, line + ends - (width + 2), side="right")
    parent = list(range(len(rows)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for run, (low, high) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        for other in range(low, high):
            one, two = sorted((root(run), root(other)))
            parent[two] = one
    return np.array([root(i) for i in range(len(parent))], np.int64)


def boxes(labels: np.ndarray, count: int) -> np.ndarray:
    """Around each region: (count, 4) of left, top, right, bottom, the last two beyond it."""
    out = np.empty((count, 4), np.int64)
    y, x = np.nonzero(labels)
    at = labels[y, x] - 1
    for column, (values, start, pick) in enumerate(
        (
            (x, 1 << 30, np.minimum),
            (y, 1 << 30, np.minimum),
            (x + 1, 0, np.maximum),
            (y + 1, 0, np.maximum),
        )
    ):
        found = np.full(count, start)
        pick.at(found, at, values)
        out[:, column] = found
    return out
