"""model(x) outside of training, and predictions for one array: the second call for a shape runs the compiled predict
step at once.

Only for models whose layers are all narae's own and do nothing but compute: the code of others may
print, count, or do what a compiled step would do only once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from narae.base import trees
from narae.engine.scope import is_eager
from narae.layers.calling import outermost
from narae.models.data.batches import RowIndex, Specs, Triple
from narae.tensor.masks import get_keras_mask
from narae.tensor.tensor import Tensor, tensor_of

if TYPE_CHECKING:
    from narae.base.types import Tensors, Tree


class ArrayBatch:
    """One array as a batch: what `StepPrograms.run` takes."""

    __slots__ = ("_array", "_specs")

    wrapped = False

    def __init__(self, array: np.ndarray, specs: Specs) -> None:
        self._array, self._specs = array, specs

    @property
    def size(self) -> int:
        """The samples."""
        return len(self._array)

    def tree(self) -> Triple:
        """(x, None, None)."""
        return self._array, None, None

    def specs(self) -> Specs:
        """(x, None, None) as specs."""
        return self._specs

    def part(self, rows: RowIndex) -> ArrayBatch:
        """Some of the rows: a slice, or indices."""
        return ArrayBatch(self._array[rows], self._specs)

    def write(self, buffers: Sequence[np.ndarray]) -> None:
        """Fill the program's input."""
        np.copyto(buffers[0], self._array, casting="unsafe")


def array_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> np.ndarray | None:
    """The one array that a model is called on outside of training, None for any other call."""
    if len(args) != 1 or any(k != "training" or v for k, v in kwargs.items()):
        return None
    x = args[0]
    if not is_eager() or not outermost():
        return None
    if is_plain_array(x):
        return x
    if isinstance(x, Tensor) and get_keras_mask(x) is None:
        return x.data
    return None


def is_plain_array(x: object) -> TypeGuard[np.ndarray]:
    """Whether x is an array of numbers, and nothing more."""
    return type(x) is np.ndarray and (x.dtype.kind in "biuf" or x.dtype.name == "bfloat16")


def copied(result: Tree[np.ndarray]) -> Tree[np.ndarray]:
    """A step's result as arrays of their own."""
    return trees.map_tree(np.array, result)


def owned(result: Tensors) -> Tensors:
    """A step's result as tensors of their own."""
    return trees.map_tree(lambda leaf: tensor_of(np.array(leaf)), result)
