"""The numbers of an array in a few."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from narae.base.types import TensorLike

_BINS = 24


@dataclass(frozen=True)
class Statistics:
    """min, max, mean and std are of the finite numbers (NaN where there are none); zeros, nans and infs
    are counts among `size`. histogram: counts of the finite numbers in equal parts from min to max."""

    size: int
    min: float
    max: float
    mean: float
    std: float
    zeros: int
    nans: int
    infs: int
    histogram: tuple[int, ...]

    @property
    def zero_share(self) -> float:
        """The share of zeros, in [0, 1]."""
        return self.zeros / self.size if self.size else 0.0

    @property
    def sound(self) -> bool:
        """Whether all are finite numbers."""
        return not self.nans and not self.infs


def statistics_of(array: TensorLike) -> Statistics:
    """The statistics of an array of numbers or booleans, of any shape.

    >>> found = statistics_of([0.0, 1.0, 3.0, float("nan")])
    >>> found.min, found.max, found.zero_share, found.nans
    (0.0, 3.0, 0.25, 1)
    """
    flat = np.asarray(array).reshape(-1)
    nans = infs = 0
    finite = flat
    if flat.dtype.kind not in "biu":
        wide = flat.astype(np.float64, copy=False) if flat.dtype.itemsize < 4 else flat
        good = np.isfinite(wide)
        if not good.all():
            nans = int(np.isnan(wide).sum())
            infs = len(flat) - int(good.sum()) - nans
        finite = wide[good] if nans or infs else wide
    if not finite.size:
        nothing = math.nan
        return Statistics(flat.size, nothing, nothing, nothing, nothing, 0, nans, infs, ())
    low, high = float(finite.min()), float(finite.max())
    with np.errstate(over="ignore", invalid="ignore"):  # the squares of the largest float64
        mean = float(finite.mean(dtype=np.float64))
        std = float(finite.std(dtype=np.float64))
    zeros = int(finite.size - np.count_nonzero(finite))
    bins = _histogram(finite, low, high)
    return Statistics(flat.size, low, high, mean, std, zeros, nans, infs, bins)


def _histogram(finite: np.ndarray, low: float, high: float) -> tuple[int, ...]:
    if not low < high or not math.isfinite(high - low):
        return (int(finite.size),)
    share = (finite.astype(np.float64) - low) / (high - low)  # of at most 1, however small both are
    place = np.minimum((share * _BINS).astype(np.int64), _BINS - 1)
    counts = np.bincount(place, minlength=_BINS)
    return tuple(int(n) for n in counts)


def norm(array: np.ndarray) -> float:
    """The Euclidean norm of all elements.

    >>> norm(np.array([[3.0], [4.0]]))
    5.0
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sqrt(np.sum(np.square(array, dtype=np.float64))))


def dead_share(activations: np.ndarray) -> float:
    """The share of units, along the last axis, that are 0 for the whole batch.

    >>> dead_share(np.array([[0.0, 1.0], [0.0, 0.0]]))
    0.5
    """
    rows = activations.reshape(-1, activations.shape[-1])
    return float(1 - rows.any(axis=0).mean()) if rows.size else 0.0
