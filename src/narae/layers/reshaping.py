"""Layers that move elements: Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from narae import ops
from narae.base.arguments import is_whole
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.settings import standardize_data_format
from narae.base.types import Config, Ints, Shape
from narae.layers.base import Layer
from narae.layers.input_spec import InputSpec
from narae.layers.options import LayerOptions
from narae.tensor.symbolic import KerasTensor
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class Flatten(Layer):
    """All axes but the first as one.

    x: (B, ...) -> (B, elements of a sample), (B,) -> (B, 1).

    Args:
        data_format: 'channels_first' moves the channels behind the axes of space first, so that the order of the
            elements is that of 'channels_last'; None: narae.config.image_data_format().

    Raises:
        ValueError: `data_format` is none of its names.

    >>> import narae
    >>> Flatten()(narae.ops.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Tensor) -> Tensor:
        """The flattened inputs; channels last in memory, whatever data_format says of the axes."""
        if self.data_format == "channels_first" and inputs.ndim > 2:
            inputs = ops.moveaxis(inputs, 1, -1)
        return ops.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, elements)."""
        known = [n for n in input_shape[1:] if n is not None]
        return (input_shape[0], math.prod(known) if len(known) == len(input_shape) - 1 else None)

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        """The dtype stays too."""
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)

    def get_config(self) -> Config:
        return {**super().get_config(), "data_format": self.data_format}


@builtin("keras.layers")
class Reshape(Layer):
    """Another shape for each sample; the order of its elements stays.

    x: (B, ...) -> (B, *target_shape).

    Args:
        target_shape: lengths of a sample; one of them may be -1, which is what remains.

    Raises:
        TypeError: `target_shape` is no length, nor a list of them.
        ValueError: a length is below -1, or two are -1.
        ShapeError: a sample has another number of elements.

    >>> import narae
    >>> Reshape((2, -1))(narae.ops.ones((5, 6))).shape
    (5, 2, 3)
    """

    def __init__(self, target_shape: Ints, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        if not isinstance(target_shape, (int, list, tuple, np.ndarray)):
            raise TypeError(f"Reshape takes a tuple of lengths, got {target_shape!r:.80}")
        target = (target_shape,) if isinstance(target_shape, int) else tuple(target_shape)
        fits = all(is_whole(n) and n >= -1 for n in target)
        if not fits or sum(n == -1 for n in target) > 1:
            raise ValueError(
                f"Reshape takes lengths of at least 0, and one -1 at most for what remains, got {target}"
            )
        self.target_shape = tuple(int(n) for n in target)
        self.built = True

    def _resolved(self, sample: tuple[Any, ...]) -> tuple[int | None, ...]:
        if None in sample:
            return tuple(None if n == -1 else n for n in self.target_shape)
        size, known = math.prod(sample), math.prod(n for n in self.target_shape if n != -1)
        fits = known and size % known == 0 if -1 in self.target_shape else size == known
        if not fits:
            raise ShapeError(
                f"Reshape cannot make {self.target_shape} of samples of shape {sample} ({size} elements)"
            )
        return tuple(size // known if n == -1 else n for n in self.target_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """The reshaped inputs."""
        return ops.reshape(inputs, (inputs.shape[0], *self._resolved(tuple(inputs.shape[1:]))))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, *target_shape)."""
        return (input_shape[0], *self._resolved(tuple(input_shape[1:])))

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        """The dtype stays too."""
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)

    def get_config(self) -> Config:
        return {**super().get_config(), "target_shape": self.target_shape}


@builtin("keras.layers")
class Permute(Layer):
    """The axes of each sample in another order.

    x: (B, ...) -> the same axes, axis i of a sample being axis dims[i - 1] of the input's.

    Args:
        dims: the axes in their new order, counted from 1; the batch's, 0, stays.

    Raises:
        TypeError: `dims` is no list.
        ValueError: `dims` does not have each axis once.

    >>> import narae
    >>> Permute((2, 1))(narae.ops.ones((5, 2, 3))).shape
    (5, 3, 2)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        if not isinstance(dims, (list, tuple)):
            raise TypeError(f"Permute takes a list of axes, got dims={dims!r:.80}")
        fits = all(map(is_whole, dims)) and sorted(dims) == list(range(1, len(dims) + 1))
        if not fits:
            raise ValueError(f"Permute takes each axis from 1 once, got dims={dims!r:.80}")
        self.dims = tuple(int(d) for d in dims)
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Tensor) -> Tensor:
        """The transposed inputs."""
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The lengths in the new order."""
        return (input_shape[0], *(input_shape[d] for d in self.dims))

    def get_config(self) -> Config:
        return {**super().get_config(), "dims": self.dims}


@builtin("keras.layers")
class RepeatVector(Layer):
    """Each vector n times.

    x: (B, features) -> (B, n, features).

    Args:
        n: how often, a positive whole number.

    Raises:
        TypeError: `n` is no whole number.
        ValueError: `n` is not positive.

    >>> import narae
    >>> RepeatVector(3)(narae.ops.ones((5, 2))).shape
    (5, 3, 2)
    """

    def __init__(self, n: int, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        if isinstance(n, bool) or not isinstance(n, int):
            raise TypeError(f"RepeatVector takes a whole number, got {n!r}")
        if n <= 0:
            raise ValueError(f"RepeatVector takes a number of at least 1, got {n}")
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Tensor) -> Tensor:
        """The repeated inputs."""
        shape = (inputs.shape[0], self.n, inputs.shape[1])
        return ops.broadcast_to(ops.expand_dims(inputs, 1), shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, n, features)."""
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> Config:
        return {**super().get_config(), "n": self.n}
