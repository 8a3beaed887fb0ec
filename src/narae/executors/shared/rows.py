"""Where a program finds the rows of its batches when it runs many steps at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Rows:
    """One input's rows: step s reads rows start + s B up to start + (s + 1) B of `array`, for
    batches of B, or the rows at those places of `order`. held: where a program may keep what it
    made of the array, for as long as the data's source lives."""

    array: np.ndarray
    order: np.ndarray | None = None
    start: int = 0
    held: dict[str, Any] | None = None


def overlap(array: np.ndarray) -> bool:
    """Whether an array's rows share memory, as windows of a series do: a copy would take far more.

    >>> series = np.arange(10)
    >>> overlap(np.lib.stride_tricks.sliding_window_view(series, 5)), overlap(series)
    (True, False)
    """
    first, last = np.lib.array_utils.byte_bounds(array)
    return array.nbytes > last - first
