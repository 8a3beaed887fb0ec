"""Batches in an order that a seed names, whatever other sessions draw at the same time."""

from __future__ import annotations

import numpy as np

from narae.utils import PyDataset


class Batches(PyDataset):
    """The rows of x and y in batches, in another order in each pass: a function of (seed, pass) alone.

    >>> batches = Batches(np.arange(5), np.arange(5), size=2, seed=1)
    >>> len(batches), sorted(int(i) for b in range(3) for i in batches[b][0])
    (3, [0, 1, 2, 3, 4])
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, size: int, seed: int) -> None:
        super().__init__()
        self._x, self._y, self._size, self._seed = x, y, size, seed
        self._order, self._pass = np.arange(len(x)), 0
        self._shuffle()

    def __len__(self) -> int:
        """Batches in a pass; the last may be short."""
        return -(-len(self._x) // self._size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """One batch."""
        rows = self._order[index * self._size : (index + 1) * self._size]
        return self._x[rows], self._y[rows]

    def on_epoch_end(self) -> None:
        """Take the next order."""
        self._pass += 1
        self._shuffle()

    def _shuffle(self) -> None:
        generator = np.random.Generator(np.random.Philox(key=[self._seed, self._pass]))
        self._order = generator.permutation(len(self._x))
