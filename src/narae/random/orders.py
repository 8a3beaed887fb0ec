"""Orders in which data comes: a function of a seed and a counter, and of nothing that ran before."""

from __future__ import annotations

import numpy as np


def shuffle_rows(rows: np.ndarray, seed: int, passed: int) -> None:
    """Shuffle numbers (n,) in place, for pass `passed` over the data.

    >>> rows = np.arange(5)
    >>> shuffle_rows(rows, seed=1, passed=0)
    >>> sorted(rows.tolist())
    [0, 1, 2, 3, 4]
    """
    key = np.array([seed, passed], np.uint64)
    np.random.Generator(np.random.Philox(key=key)).shuffle(rows)
