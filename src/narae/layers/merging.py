"""Layers of several inputs: sums, products, extremes, concatenation, dot products."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Unpack

from narae import ops
from narae.base.errors import ShapeError
from narae.base.language import tr
from narae.base.registry import builtin
from narae.base.types import Shape, TensorLike
from narae.layers.base import Layer
from narae.layers.options import LayerOptions
from narae.tensor.masks import get_keras_mask
from narae.tensor.tensor import Tensor


class Merge(Layer):
    """Base of the merging layers: a list of at least two inputs that broadcast."""

    def __init__(self, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that there are several inputs, of shapes that meet."""
        if not isinstance(input_shape, (list, tuple)) or not isinstance(
            input_shape[0], (list, tuple)
        ):
            raise ValueError(
                tr(
                    "{kind} takes a list of inputs, got one of shape {input_shape}",
                    kind=type(self).__name__,
                    input_shape=input_shape,
                )
            )
        if len(input_shape) < self.least:
            raise ValueError(
                tr(
                    "{kind} takes at least {least} inputs, got {count}",
                    kind=type(self).__name__,
                    least=self.least,
                    count=len(input_shape),
                )
            )
        self._merged(input_shape)

    least = 1

    def _merged(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        """The broadcast shape. An input of lower rank is aligned after the batch axis."""
        rank = max(map(len, shapes))
        padded = [(s[0], *(1,) * (rank - len(s)), *s[1:]) for s in shapes]
        out: list[int | None] = []
        for axis, lengths in enumerate(zip(*padded, strict=True)):
            known = {n for n in lengths if n is not None}
            wide = known - {1} if axis else known  # batches are never repeated
            if len(wide) > 1:
                got = ", ".join(str(tuple(s)) for s in shapes)
                raise ShapeError(
                    tr(
                        "{kind} cannot merge inputs of shapes {got}",
                        kind=type(self).__name__,
                        got=got,
                    )
                )
            unknown = None in lengths and (axis > 0 or not known)
            out.append(None if unknown else wide.pop() if wide else 1)
        return tuple(out)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """The merged inputs."""
        if not isinstance(inputs, (list, tuple)):
            raise ValueError(
                tr(
                    "{kind} takes a list of inputs, got {kind2}",
                    kind=type(self).__name__,
                    kind2=type(inputs).__name__,
                )
            )
        rank = max(len(x.shape) for x in inputs)
        return self.merge([_to_rank(x, rank) for x in inputs])

    def merge(self, inputs: list[Any]) -> Tensor:
        """One tensor of many, of equal rank."""
        return functools.reduce(self.pair, inputs)

    def pair(self, x: Tensor, y: Tensor) -> Tensor:
        """One tensor of two."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        """The broadcast shape."""
        return self._merged(input_shape)

    def compute_mask(
        self, inputs: Sequence[Tensor], mask: Sequence[Tensor | None] | None = None
    ) -> Tensor | None:
        """Masked where all inputs are. Raises ValueError unless inputs and masks are lists of one length."""
        masks = self._masks(inputs, mask)
        if any(one is None for one in masks):
            return None
        return functools.reduce(ops.logical_or, masks) if masks else None

    def _masks(self, inputs: Sequence[Tensor], mask: Sequence[Tensor | None] | None) -> list[Any]:
        """One mask, or None, for each input."""
        if mask is None:
            return [None]
        listed = all(isinstance(given, (list, tuple)) for given in (inputs, mask))
        if not listed or len(inputs) != len(mask):
            raise ValueError(
                tr(
                    "{kind}.compute_mask takes a list of inputs and a list with a mask or None for each, got "
                    "{described} and {described2}",
                    kind=type(self).__name__,
                    described=_described(inputs),
                    described2=_described(mask),
                )
            )
        return list(mask)


def _described(value: object) -> str:
    listed = isinstance(value, (list, tuple))
    return f"a list of {len(value)}" if listed else f"a {type(value).__name__}"


def _full_mask(x: Tensor) -> Tensor | None:
    """The mask on a tensor, of the tensor's shape; None without one."""
    mask = get_keras_mask(x)
    return None if mask is None else ops.broadcast_to(ops.expand_dims(mask, -1), x.shape)


def _to_rank(x: Tensor, rank: int) -> Tensor:
    missing = rank - len(x.shape)
    return x if not missing else ops.reshape(x, (x.shape[0], *(1,) * missing, *x.shape[1:]))


@builtin("keras.layers")
class Add(Merge):
    """The sum of the inputs.

    x: a list of tensors of shapes that broadcast -> the broadcast shape. A tensor of lower rank gets axes of length
    1 after the batch's; batches are never repeated.

    >>> import numpy as np
    >>> Add()([np.ones((1, 2)), np.ones((1, 2))]).tolist()
    [[2.0, 2.0]]
    """

    def pair(self, x: Tensor, y: Tensor) -> Tensor:
        """x + y."""
        return ops.add(x, y)


@builtin("keras.layers")
class Subtract(Merge):
    """The first input minus the second.

    x: a list of tensors of shapes that broadcast -> the broadcast shape. A tensor of lower rank gets axes of length
    1 after the batch's; batches are never repeated. There are two.

    >>> import numpy as np
    >>> Subtract()([np.ones((1, 2)), np.ones((1, 2))]).tolist()
    [[0.0, 0.0]]
    """

    least = 2

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that there are exactly two inputs."""
        super().build(input_shape)
        if len(input_shape) != 2:
            raise ValueError(tr("Subtract takes two inputs, got {count}", count=len(input_shape)))

    def pair(self, x: Tensor, y: Tensor) -> Tensor:
        """x - y."""
        return ops.subtract(x, y)


@builtin("keras.layers")
class Multiply(Merge):
    """The product of the inputs, element by element; masked places count as 1, and as 0 where all inputs are
    masked.

    x: a list of tensors of shapes that broadcast -> the broadcast shape. A tensor of lower rank gets axes of length
    1 after the batch's; batches are never repeated.

    >>> import numpy as np
    >>> Multiply()([np.full((1, 2), 3.0), np.full((1, 2), 2.0)]).tolist()
    [[6.0, 6.0]]
    """

    def merge(self, inputs: list[Any]) -> Tensor:
        """The product of what is there: masked places count as 1, and as 0 where all inputs are masked."""
        masks: list[Any] = [_full_mask(x) for x in inputs]
        parts = [
            x if mask is None else ops.where(mask, x, ops.cast(1, x.dtype))
            for x, mask in zip(inputs, masks, strict=True)
        ]
        out = functools.reduce(ops.multiply, parts)
        if any(mask is None for mask in masks):
            return out
        there = functools.reduce(ops.logical_or, masks)
        return ops.where(there, out, ops.cast(0, out.dtype))


@builtin("keras.layers")
class Average(Merge):
    """The mean of the inputs.

    x: a list of tensors of shapes that broadcast -> the broadcast shape. A tensor of lower rank gets axes of length
    1 after the batch's; batches are never repeated.

    >>> import numpy as np
    >>> Average()([np.zeros((1, 2)), np.ones((1, 2))]).tolist()
    [[0.5, 0.5]]
    """

    def merge(self, inputs: list[Any]) -> Tensor:
        """The sum over the number of inputs."""
        return functools.reduce(ops.add, inputs) / len(inputs)


class _Extreme(Merge):
    """Base of Maximum and Minimum: of the inputs that are there at a place."""

    def merge(self, inputs: list[Any]) -> Tensor:
        """One after the other; a masked place takes the other's number."""
        out: Tensor = inputs[0]
        there: Any = _full_mask(out)
        for x in inputs[1:]:
            mask = _full_mask(x)
            x = x if mask is None else ops.where(mask, x, out)
            out = out if there is None else ops.where(there, out, x)
            if there is not None:
                there = None if mask is None else ops.logical_or(there, mask)
            out = self.pair(out, x)
        return out


@builtin("keras.layers")
class Maximum(_Extreme):
    """The largest of the inputs, element by element; masked places do not count.

    x: a list of tensors of shapes that broadcast -> the broadcast shape. A tensor of lower rank gets axes of length
    1 after the batch's; batches are never repeated.

    >>> import numpy as np
    >>> Maximum()([np.zeros((1, 2)), np.ones((1, 2))]).tolist()
    [[1.0, 1.0]]
    """

    def pair(self, x: Tensor, y: Tensor) -> Tensor:
        """max(x, y)."""
        return ops.maximum(x, y)


@builtin("keras.layers")
class Minimum(_Extreme):
    """The smallest of the inputs, element by element; masked places do not count.

    x: a list of tensors of shapes that broadcast -> the broadcast shape. A tensor of lower rank gets axes of length
    1 after the batch's; batches are never repeated.

    >>> import numpy as np
    >>> Minimum()([np.zeros((1, 2)), np.ones((1, 2))]).tolist()
    [[0.0, 0.0]]
    """

    def pair(self, x: Tensor, y: Tensor) -> Tensor:
        """min(x, y)."""
        return ops.minimum(x, y)


def add(inputs: Sequence[TensorLike], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """The sum of a list of tensors: the layer `Add` as a function.

    Args:
        inputs: tensors, known or symbolic, of shapes that broadcast.

    Returns: a tensor of the broadcast shape.

    Raises:
        ValueError: inputs are no list.
        ShapeError: the shapes do not broadcast.

    >>> import numpy as np
    >>> add([np.ones((1, 2)), np.ones((1, 2))]).tolist()
    [[2.0, 2.0]]
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[TensorLike], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """The first of two tensors minus the second: the layer `Subtract` as a function.

    Args:
        inputs: two tensors, known or symbolic, of shapes that broadcast.

    Returns: a tensor of the broadcast shape.

    Raises:
        ValueError: there are not two inputs.
        ShapeError: the shapes do not broadcast.

    >>> import numpy as np
    >>> subtract([np.ones((1, 2)), np.ones((1, 2))]).tolist()
    [[0.0, 0.0]]
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[TensorLike], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """The product of a list of tensors, element by element: the layer `Multiply` as a function.

    Args:
        inputs: tensors, known or symbolic, of shapes that broadcast.

    Returns: a tensor of the broadcast shape.

    Raises:
        ValueError: inputs are no list.
        ShapeError: the shapes do not broadcast.

    >>> import numpy as np
    >>> multiply([np.ones((1, 2)), np.ones((1, 2))]).tolist()
    [[1.0, 1.0]]
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[TensorLike], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """The mean of a list of tensors: the layer `Average` as a function.

    Args:
        inputs: tensors, known or symbolic, of shapes that broadcast.

    Returns: a tensor of the broadcast shape.

    Raises:
        ValueError: inputs are no list.
        ShapeError: the shapes do not broadcast.

    >>> import numpy as np
    >>> average([np.ones((1, 2)), np.ones((1, 2))]).tolist()
    [[1.0, 1.0]]
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[TensorLike], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """The largest of a list of tensors, element by element: the layer `Maximum` as a function.

    Args:
        inputs: tensors, known or symbolic, of shapes that broadcast.

    Returns: a tensor of the broadcast shape.

    Raises:
        ValueError: inputs are no list.
        ShapeError: the shapes do not broadcast.

    >>> import numpy as np
    >>> maximum([np.ones((1, 2)), np.ones((1, 2))]).tolist()
    [[1.0, 1.0]]
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[TensorLike], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """The smallest of a list of tensors, element by element: the layer `Minimum` as a function.

    Args:
        inputs: tensors, known or symbolic, of shapes that broadcast.

    Returns: a tensor of the broadcast shape.

    Raises:
        ValueError: inputs are no list.
        ShapeError: the shapes do not broadcast.

    >>> import numpy as np
    >>> minimum([np.ones((1, 2)), np.ones((1, 2))]).tolist()
    [[1.0, 1.0]]
    """
    return Minimum(**kwargs)(inputs)
