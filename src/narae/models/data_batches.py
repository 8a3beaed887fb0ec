"""Batch and Source: what every kind of data becomes for the loops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from narae.base import trees
from narae.models.data_checks import spec_of


class Batch:
    """Arrays (x, y, sample_weight) of one step; y and sample_weight may be None."""

    __slots__ = ("_tree", "size")

    def __init__(self, tree: tuple[Any, Any, Any]) -> None:
        self._tree = tree
        first = next((leaf for leaf in trees.flatten(tree) if leaf is not None), None)
        if first is None:
            raise ValueError("a batch without arrays: the source gave None")
        self.size = first.shape[0] if first.ndim else 1

    def tree(self) -> tuple[Any, Any, Any]:
        """(x, y, sample_weight) as arrays."""
        return self._tree

    def specs(self) -> Any:
        """`tree()` with a Spec, or None, for each leaf."""
        return trees.map_tree(spec_of, self._tree)

    def part(self, rows: Any) -> Batch:
        """Some of the rows: a slice, or indices."""
        return Batch(trees.map_tree(lambda leaf: None if leaf is None else leaf[rows], self._tree))

    def write(self, buffers: list[np.ndarray]) -> None:
        """Fill a program's inputs: the leaves in order, None left out, cast where dtypes differ."""
        leaves = [leaf for leaf in trees.flatten(self._tree) if leaf is not None]
        for leaf, buffer in zip(leaves, buffers, strict=True):
            np.copyto(buffer, leaf, casting="unsafe")


class Source:
    """Batches, epoch by epoch."""

    steps: int | None = None  # batches per epoch, None while unknown
    batch_size: int | None = None  # None where the batches come ready-made
    samples: int | None = None  # of one pass over the data

    def epoch(self, number: int) -> Iterator[Any]:
        """The batches of one epoch."""
        raise NotImplementedError

    def peek(self) -> Any:
        """A batch as the first of an epoch will be, without taking it from the epoch."""
        raise NotImplementedError

    def ready(self) -> bool:
        """Whether another epoch has data; False, with a warning, when a generator is used up."""
        return True
