"""model(x) outside of training: the second call for a shape runs the compiled predict step.

Only for models whose layers are all narae's own and do nothing but compute: the code of others may
print, count, or do what a compiled step would do only once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base import trees
from narae.engine.scope import is_eager
from narae.layers.calling import outermost
from narae.tensor.tensor import Tensor, tensor_of

_OWN = "narae."
_NOTED = frozenset({"Lambda", "Masking", "ActivityRegularization"})  # leave more than an output


class Array:
    """One array as a batch: what `Steps.run` takes."""

    __slots__ = ("_array", "_specs")

    def __init__(self, array: np.ndarray, specs: Any) -> None:
        self._array, self._specs = array, specs

    def specs(self) -> Any:
        """(x, None, None) as specs."""
        return self._specs

    def part(self, rows: Any) -> Array:
        """Some of the rows: a slice, or indices."""
        return Array(self._array[rows], self._specs)

    def write(self, buffers: list[np.ndarray]) -> None:
        """Fill the program's input."""
        np.copyto(buffers[0], self._array, casting="unsafe")


def array_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> np.ndarray | None:
    """The one array that a model is called on outside of training, None for any other call."""
    if len(args) != 1 or any(k != "training" or v for k, v in kwargs.items()):
        return None
    x = args[0]
    if not is_eager() or not outermost():
        return None
    if type(x) is np.ndarray and (x.dtype.kind in "biuf" or x.dtype.name == "bfloat16"):
        return x
    if isinstance(x, Tensor) and getattr(x, "_keras_mask", None) is None:
        return x.data
    return None


def outputs(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a call of the model gives, by its compiled step; None where it is to be called as it is."""
    array = array_of(args, kwargs) if model.built else None
    return None if array is None else model._steps().call(array)


def is_own(layer: Any) -> bool:
    """Whether a layer is narae's."""
    return str(type(layer).__module__).startswith(_OWN)  # None for a class made by exec


def is_plain(model: Any) -> bool:
    """Whether calling the model does nothing but compute."""
    layers = list(model._flatten_layers(include_self=False))
    return all(map(_plain, layers)) and not model.losses


def _plain(layer: Any) -> bool:
    function = getattr(layer, "activation", None)
    return (
        is_own(layer)
        and type(layer).__name__ not in _NOTED
        and getattr(layer, "activity_regularizer", None) is None
        and (function is None or getattr(function, "__module__", "").startswith(_OWN))
    )


def owned(result: Any) -> Any:
    """A step's result as tensors of their own."""
    return trees.map_tree(lambda leaf: tensor_of(np.array(leaf)), result)
