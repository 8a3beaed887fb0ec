"""StackedRNNCells: cells one upon the other as a single cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, Unpack

from narae import ops
from narae.base import trees
from narae.base.registry import builtin
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, CustomObjects, Shape
from narae.layers.base import Layer
from narae.layers.calling import takes_training
from narae.layers.options import LayerOptions
from narae.layers.recurrence import States
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class StackedRNNCells(Layer):
    """A cell of cells: each takes the output of the one before, and keeps states of its own.

    inputs: (B, features), states: a list of each cell's -> the output of the last cell, and new states.

    Args:
        cells: the cells, the first one first.

    Raises:
        ValueError: they are no list of cells: one of them has no `call` or no `state_size`.

    >>> import narae
    >>> from narae import layers
    >>> stack = StackedRNNCells([layers.LSTMCell(4), layers.GRUCell(3)])
    >>> layers.RNN(stack)(narae.ops.ones((2, 5, 1))).shape
    (2, 3)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(f"StackedRNNCells takes a list of cells, got {cells!r:.80}")
        for cell in cells:
            for name in ("call", "state_size"):
                if not hasattr(cell, name):
                    raise ValueError(f"each of the cells has `{name}`, got {cell!r:.80}")
        self.cells = cells

    @property
    def state_size(self) -> list[Any]:
        """What each cell says of its states."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The width of the last cell's output."""
        return output_size(self.cells[-1])

    def build(self, input_shape: Shape) -> None:
        """Build the cells, each for the output of the one before."""
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
                cell.built = True
            input_shape = (input_shape[0], output_size(cell))

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """What each cell starts from: what its own method gives, or zeros.

        Args:
            batch_size: the number of samples.

        Returns: the states of each cell in a list.
        """
        states: list[Any] = []
        for cell in self.cells:
            own = getattr(cell, "get_initial_state", None)
            if own is not None:
                states.append(own(batch_size=batch_size))
            elif isinstance(cell.state_size, int):
                states.append(zeros_of(cell.state_size, batch_size, self.compute_dtype))
            else:
                sizes = cell.state_size
                states.append([zeros_of(n, batch_size, self.compute_dtype) for n in sizes])
        return states

    def call(
        self, inputs: Tensor, states: States, training: bool = False, **kwargs: Any
    ) -> tuple[Tensor, States]:
        """The output of the last cell, and the states of each."""
        after = []
        for cell, own in zip(self.cells, states, strict=True):
            options = {**kwargs, "training": training} if takes_training(cell) else kwargs
            function: Any = cell if callable(cell) else cell.call
            given = list(own) if trees.is_nested(own) else [own]
            inputs, new = function(inputs, given, **options)
            new = new if trees.is_nested(new) else [new]
            after.append(list(new) if trees.is_nested(own) else new[0])
        return inputs, after

    def get_config(self) -> Config:
        cells = [serialize_keras_object(cell) for cell in self.cells]
        return {**super().get_config(), "cells": cells}

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Self:
        """The cells that `get_config` described."""
        cells = [deserialize_keras_object(cell, custom_objects) for cell in config["cells"]]
        return super().from_config({**config, "cells": cells})


def output_size(cell: Any) -> Any:
    """The width of a cell's output: what it says, else that of its first state."""
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size
        size = size[0] if isinstance(size, (list, tuple)) else size
    return size


def zeros_of(size: int | Sequence[int], batch: int | None, dtype: str) -> Tensor:
    """A state of zeros: (B, size), or (B, ...) for a size that is several lengths."""
    return ops.zeros((batch, *trees.flatten(size)), dtype=dtype)
