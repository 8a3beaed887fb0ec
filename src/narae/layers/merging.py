"""Layers of several inputs: sums, products, extremes, concatenation, dot products."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Unpack

from narae import ops
from narae.base.arguments import whole
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import Config, Ints, Shape, TensorLike
from narae.layers.base import Layer
from narae.layers.calling import masks_of
from narae.layers.options import LayerOptions
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
                f"{type(self).__name__} takes a list of inputs, got one of shape {input_shape}"
            )
        if len(input_shape) < self.least:
            raise ValueError(
                f"{type(self).__name__} takes at least {self.least} inputs, got {len(input_shape)}"
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
                raise ShapeError(f"{type(self).__name__} cannot merge inputs of shapes {got}")
            unknown = None in lengths and (axis > 0 or not known)
            out.append(None if unknown else wide.pop() if wide else 1)
        return tuple(out)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """The merged inputs."""
        if not isinstance(inputs, (list, tuple)):
            raise ValueError(
                f"{type(self).__name__} takes a list of inputs, got {type(inputs).__name__}"
            )
        rank = max(len(x.shape) for x in inputs)
        return self.merge([_raised(x, rank) for x in inputs])

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
                f"{type(self).__name__}.compute_mask takes a list of inputs and a list with a mask or None for each, "
                f"got {_told(inputs)} and {_told(mask)}"
            )
        return list(mask)


def _told(value: object) -> str:
    listed = isinstance(value, (list, tuple))
    return f"a list of {len(value)}" if listed else f"a {type(value).__name__}"


def _wide(x: Tensor) -> Tensor | None:
    """The mask on a tensor, of the tensor's shape; None without one."""
    mask = masks_of(x)
    return None if mask is None else ops.broadcast_to(ops.expand_dims(mask, -1), x.shape)


def _raised(x: Tensor, rank: int) -> Tensor:
    missing = rank - len(x.shape)
    return x if not missing else ops.reshape(x, (x.shape[0], *(1,) * missing, *x.shape[1:]))


@builtin("keras.layers")
class Add(Merge):
    """The sum of the inputs.

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

    >>> import numpy as np
    >>> Subtract()([np.ones((1, 2)), np.ones((1, 2))]).tolist()
    [[0.0, 0.0]]
    """

    least = 2

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that there are exactly two inputs."""
        super().build(input_shape)
        if len(input_shape) != 2:
            raise ValueError(f"Subtract takes two inputs, got {len(input_shape)}")

    def pair(self, x: Tensor, y: Tensor) -> Tensor:
        """x - y."""
        return ops.subtract(x, y)


@builtin("keras.layers")
class Multiply(Merge):
    """The product of the inputs, element by element.

    >>> import numpy as np
    >>> Multiply()([np.full((1, 2), 3.0), np.full((1, 2), 2.0)]).tolist()
    [[6.0, 6.0]]
    """

    def merge(self, inputs: list[Any]) -> Tensor:
        """The product of what is there: masked places count as 1, and as 0 where all inputs are masked."""
        masks = [_wide(x) for x in inputs]
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
        out, there = inputs[0], _wide(inputs[0])
        for x in inputs[1:]:
            mask = _wide(x)
            x = x if mask is None else ops.where(mask, x, out)
            out = out if there is None else ops.where(there, out, x)
            both = there is not None and mask is not None
            there = ops.logical_or(there, mask) if both else None
            out = self.pair(out, x)
        return out


@builtin("keras.layers")
class Maximum(_Extreme):
    """The largest of the inputs, element by element.

    >>> import numpy as np
    >>> Maximum()([np.zeros((1, 2)), np.ones((1, 2))]).tolist()
    [[1.0, 1.0]]
    """

    def pair(self, x: Tensor, y: Tensor) -> Tensor:
        """max(x, y)."""
        return ops.maximum(x, y)


@builtin("keras.layers")
class Minimum(_Extreme):
    """The smallest of the inputs, element by element.

    >>> import numpy as np
    >>> Minimum()([np.zeros((1, 2)), np.ones((1, 2))]).tolist()
    [[0.0, 0.0]]
    """

    def pair(self, x: Tensor, y: Tensor) -> Tensor:
        """min(x, y)."""
        return ops.minimum(x, y)


@builtin("keras.layers")
class Concatenate(Merge):
    """The inputs one after the other along an axis.

    >>> import numpy as np
    >>> Concatenate()([np.zeros((1, 1)), np.ones((1, 2))]).tolist()
    [[0.0, 1.0, 1.0]]
    """

    def __init__(self, axis: int = -1, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.axis = whole("Concatenate", "axis", axis)

    def _merged(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        rank, axis = len(shapes[0]), self.axis
        fits = all(len(s) == rank for s in shapes) and -rank <= axis < rank
        axis = axis % rank if fits else axis
        out: list[int | None] = []
        for i, lengths in enumerate(zip(*shapes, strict=False)):
            known = {n for n in lengths if n is not None}
            if i == axis:
                out.append(None if None in lengths else sum(lengths))
                continue
            fits = fits and len(known) <= 1
            out.append(lengths[0])
        if not fits:
            got = ", ".join(str(tuple(s)) for s in shapes)
            raise ShapeError(
                f"Concatenate(axis={self.axis}) takes shapes that agree elsewhere, got {got}"
            )
        return tuple(out)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """The concatenated inputs."""
        return ops.concatenate(list(inputs), axis=self.axis)

    def compute_mask(
        self, inputs: Sequence[Tensor], mask: Sequence[Tensor | None] | None = None
    ) -> Tensor | None:
        """The masks one after the other; an input without one is all there. Raises ValueError unless inputs and
        masks are lists of one length."""
        masks = self._masks(inputs, mask)
        if all(one is None for one in masks):
            return None
        wide = []
        for x, one in zip(inputs, masks, strict=True):
            if one is None:
                one = ops.ones_like(x, dtype="bool")
            elif len(one.shape) < len(x.shape):
                one = ops.logical_or(ops.expand_dims(one, -1), ops.zeros_like(x, dtype="bool"))
            wide.append(one)
        return ops.any(ops.concatenate(wide, axis=self.axis), axis=-1)

    def get_config(self) -> Config:
        return {**super().get_config(), "axis": self.axis}


@builtin("keras.layers")
class Dot(Merge):
    """Products of two inputs, summed over an axis of each; batch by batch.

    normalize: divide each by its length first (the cosine).

    >>> import numpy as np
    >>> Dot(axes=1)([np.ones((1, 3)), np.ones((1, 3))]).tolist()
    [[3.0]]
    """

    least = 2

    def __init__(self, axes: Ints, normalize: bool = False, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, (int, list, tuple)):
            raise TypeError(f"Dot takes an axis or two of them, got axes={axes!r}")
        pair = (axes, axes) if isinstance(axes, int) else axes
        if len(pair) != 2 or not all(isinstance(a, int) for a in pair):
            raise ValueError(f"Dot takes an axis or two of them, got axes={axes!r}")
        self.axes = axes
        self.normalize = normalize

    def _axes(self, ranks: tuple[int, int]) -> tuple[int, int]:
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else tuple(self.axes)
        found = tuple(a % r for a, r in zip(pair, ranks, strict=True))
        if 0 in found:
            raise ValueError(f"Dot keeps the batch axis 0 apart, got axes={self.axes}")
        return found  # type: ignore[return-value]

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that the axes are of one length: an unknown one is not known to be that of a known one."""
        super().build(input_shape)
        self._require_equal(input_shape, *self._axes((len(input_shape[0]), len(input_shape[1]))))

    def _require_equal(self, shapes: Sequence[Shape], a: int, b: int) -> None:
        left, right = (tuple(shape) for shape in shapes)
        if left[a] != right[b]:
            raise ShapeError(f"Dot(axes={self.axes}) of shapes {left} and {right}: lengths differ")

    def _merged(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        if len(shapes) != 2:
            raise ValueError(f"Dot takes two inputs, got {len(shapes)}")
        a, b = self._axes((len(shapes[0]), len(shapes[1])))
        left, right = list(shapes[0]), list(shapes[1])
        if None not in (left[a], right[b]):
            self._require_equal(shapes, a, b)
        del left[a], right[b]
        out = [*left, *right[1:]]
        return tuple(out if len(out) > 1 else [*out, 1])

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """The summed products."""
        x, y = inputs
        a, b = self._axes((len(x.shape), len(y.shape)))
        if self.normalize:
            x, y = ops.normalize(x, axis=a), ops.normalize(y, axis=b)
        x, y = ops.moveaxis(x, a, -1), ops.moveaxis(y, b, 1)
        flat_x = ops.reshape(x, (x.shape[0], -1, x.shape[-1]))
        flat_y = ops.reshape(y, (y.shape[0], y.shape[1], -1))
        out = ops.matmul(flat_x, flat_y)
        shape = (*x.shape[:-1], *y.shape[2:])
        return ops.reshape(out, shape if len(shape) > 1 else (*shape, 1))

    def compute_mask(
        self, inputs: Sequence[Tensor], mask: Sequence[Tensor | None] | None = None
    ) -> Tensor | None:
        """None: the summed axis took the masks along."""
        return None

    def get_config(self) -> Config:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _function(layer: Callable[..., Merge], verb: str) -> Callable[..., Any]:
    def merge(inputs: list[Tensor], **kwargs: Any) -> Tensor:
        return layer(**kwargs)(inputs)

    merge.__name__ = merge.__qualname__ = layer.__name__.lower()  # type: ignore[attr-defined]
    merge.__doc__ = f"{verb} of a list of tensors: `{layer.__name__}` as a function."  # type: ignore[attr-defined]
    return merge


add = _function(Add, "The sum")
subtract = _function(Subtract, "The difference")
multiply = _function(Multiply, "The product")
average = _function(Average, "The mean")
maximum = _function(Maximum, "The largest")
minimum = _function(Minimum, "The smallest")


def concatenate(inputs: Sequence[TensorLike], axis: int = -1, **kwargs: Any) -> Any:
    """A list of tensors one after the other: `Concatenate` as a function."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Sequence[TensorLike], axes: Ints = -1, **kwargs: Any) -> Any:
    """Summed products of two tensors: `Dot` as a function."""
    return Dot(axes=axes, **kwargs)(inputs)
