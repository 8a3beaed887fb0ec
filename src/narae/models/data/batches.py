"""Batch and Source: what every kind of data becomes for the loops."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from narae.base import trees
from narae.models.data.checks import spec_of


class Batch:
    """Arrays (x, y, sample_weight) of one step; y and sample_weight may be None."""

    __slots__ = ("_tree", "size", "wrapped")

    def __init__(self, tree: tuple[Any, Any, Any], wrapped: bool = False) -> None:
        """wrapped: whether the source gave (x,), and not x."""
        self._tree, self.wrapped = tree, wrapped
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
        part = trees.map_tree(lambda leaf: None if leaf is None else leaf[rows], self._tree)
        return Batch(part, self.wrapped)

    def write(self, buffers: list[np.ndarray]) -> None:
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


class Source:
    """Batches, epoch by epoch."""

    steps: int | None = None  # batches per epoch, None while unknown
    asked: int | None = (
        None  # the batches per epoch that were asked for: `steps` are whole executions
    )
    batch_size: int | None = None  # None where the batches come ready-made
    samples: int | None = None  # of one pass over the data

    def epoch(self, number: int) -> Iterator[Any]:
        """The batches of one epoch."""
        raise NotImplementedError

    def peek(self) -> Any:
        """A batch as the first of an epoch will be, without taking it from the epoch."""
        raise NotImplementedError

    def reset(self, looked: bool) -> None:
        """Before the first epoch of a run. looked: whether a batch is looked at first, to build the model."""

    def ready(self) -> bool:
        """Whether another epoch has data; False, with a warning, when a generator is used up."""
        return True
