"""A batch of arrays at hand, and how epochs lie in passes over the data."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from narae.base import trees
from narae.models.data.checks import spec_of
from narae.models.data.protocols import RowIndex, Specs, Triple


class TreeBatch:
    """A Batch of arrays at hand, (x, y, sample_weight)."""

    __slots__ = ("_tree", "size", "wrapped")

    def __init__(self, tree: Triple, wrapped: bool = False) -> None:
        """wrapped: whether the source gave (x,), and not x."""
        self._tree, self.wrapped = tree, wrapped
        first = next((leaf for leaf in trees.flatten(tree) if leaf is not None), None)
        if first is None:
            raise ValueError("a batch without arrays: the source gave None")
        self.size = first.shape[0] if first.ndim else 1

    def tree(self) -> Triple:
        """(x, y, sample_weight) as arrays."""
        return self._tree

    def specs(self) -> Specs:
        """`tree()` with a Spec, or None, for each leaf."""
        return trees.map_tree(spec_of, self._tree)

    def part(self, rows: RowIndex) -> TreeBatch:
        """Some of the rows: a slice, or indices."""
        part = trees.map_tree(lambda leaf: None if leaf is None else leaf[rows], self._tree)
        return TreeBatch(part, self.wrapped)

    def write(self, buffers: Sequence[np.ndarray]) -> None:
        """Fill a program's inputs: the leaves in order, None left out, cast where dtypes differ."""
        leaves = [leaf for leaf in trees.flatten(self._tree) if leaf is not None]
        for leaf, buffer in zip(leaves, buffers, strict=True):
            np.copyto(buffer, leaf, casting="unsafe")


def part_of_pass(epoch: int, steps: int, count: int) -> tuple[int, int, int]:
    """Where an epoch of `steps` batches lies in passes of `count` batches: the pass, its first batch
    there, and how many it has. An epoch ends with its pass: the last one of a pass may be short.

    >>> [part_of_pass(epoch, 9, 10) for epoch in range(3)]
    [(0, 0, 9), (0, 9, 1), (1, 0, 9)]
    """
    passed, place = divmod(epoch, -(-count // steps))
    first = place * steps
    return passed, first, min(steps, count - first)


def warn_ran_out(why: str) -> None:
    """Say that an epoch ends early."""
    warnings.warn(
        f"Your input ran out of data; interrupting training: {why}. A run takes `steps_per_epoch` "
        "times `epochs` batches: repeat the data, or ask for fewer steps",
        stacklevel=4,
    )
