"""Concatenate and Dot: several inputs joined along an axis, or summed away over one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from narae import ops
from narae.base.arguments import whole
from narae.base.errors import ShapeError
from narae.base.language import tr
from narae.base.registry import builtin
from narae.base.types import Config, Ints, Shape, TensorLike
from narae.layers.merging import Merge
from narae.layers.options import DotOptions, LayerOptions
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class Concatenate(Merge):
    """The inputs one after the other along an axis.

    x: a list of tensors of shapes that agree but for `axis` -> the same with the sum of the lengths.

    Args:
        axis: the axis along which they are joined; the batch's counts, 0.

    Raises:
        TypeError: `axis` is no whole number.
        ShapeError: the shapes differ elsewhere, or have not that axis.

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
                tr(
                    "Concatenate(axis={axis}) takes shapes that agree elsewhere, got {got}",
                    axis=self.axis,
                    got=got,
                )
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
    """Products of two inputs, summed over an axis of each, sample by sample.

    x: [(B, *left), (B, *right)] -> (B, *left without its axis, *right without its axis), (B, 1) where nothing
    remains.

    Args:
        axes: the axis of both, or one of each, which have one length; not the batch's.
        normalize: whether each is divided by its length along that axis first: the cosine of their angle.

    Raises:
        TypeError: `axes` is no whole number, nor a list of them.
        ValueError: `axes` are not one or two, or one is the batch's; there are not two inputs.
        ShapeError: the lengths along the axes differ.

    >>> import numpy as np
    >>> Dot(axes=1)([np.ones((1, 3)), np.ones((1, 3))]).tolist()
    [[3.0]]
    """

    least = 2

    def __init__(self, axes: Ints, normalize: bool = False, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, (int, list, tuple)):
            raise TypeError(tr("Dot takes an axis or two of them, got axes={axes!r}", axes=axes))
        pair = (axes, axes) if isinstance(axes, int) else axes
        if len(pair) != 2 or not all(isinstance(a, int) for a in pair):
            raise ValueError(tr("Dot takes an axis or two of them, got axes={axes!r}", axes=axes))
        self.axes = axes
        self.normalize = normalize

    def _axes(self, ranks: tuple[int, int]) -> tuple[int, int]:
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else tuple(self.axes)
        found = tuple(a % r for a, r in zip(pair, ranks, strict=True))
        if 0 in found:
            raise ValueError(
                tr("Dot keeps the batch axis 0 apart, got axes={axes}", axes=self.axes)
            )
        return found  # type: ignore[return-value]

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that the axes are of one length: an unknown one is not known to be that of a known one."""
        super().build(input_shape)
        self._require_equal(input_shape, *self._axes((len(input_shape[0]), len(input_shape[1]))))

    def _require_equal(self, shapes: Sequence[Shape], a: int, b: int) -> None:
        left, right = (tuple(shape) for shape in shapes)
        if left[a] != right[b]:
            raise ShapeError(
                tr(
                    "Dot(axes={axes}) of shapes {left} and {right}: lengths differ",
                    axes=self.axes,
                    left=left,
                    right=right,
                )
            )

    def _merged(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        if len(shapes) != 2:
            raise ValueError(tr("Dot takes two inputs, got {count}", count=len(shapes)))
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


def concatenate(
    inputs: Sequence[TensorLike], axis: int = -1, **kwargs: Unpack[LayerOptions]
) -> Tensor:
    """A list of tensors one after the other: the layer `Concatenate` as a function.

    Args:
        inputs: tensors, known or symbolic, of shapes that agree but for `axis`.
        axis: the axis along which they are joined; the batch's counts, 0.

    Returns: a tensor with the sum of the lengths along `axis`.

    Raises:
        TypeError: `axis` is no whole number.
        ShapeError: the shapes differ elsewhere, or have not that axis.

    >>> import numpy as np
    >>> concatenate([np.zeros((1, 1)), np.ones((1, 2))]).tolist()
    [[0.0, 1.0, 1.0]]
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Sequence[TensorLike], axes: Ints = -1, **kwargs: Unpack[DotOptions]) -> Tensor:
    """Products of two tensors, summed over an axis of each: the layer `Dot` as a function. normalize=True gives the
    cosine.

    Args:
        inputs: two tensors, known or symbolic.
        axes: the axis of both, or one of each; not the batch's.

    Returns: a tensor (B, *left without its axis, *right without its axis).

    Raises:
        TypeError: `axes` is no whole number, nor a list of them.
        ValueError: `axes` are not one or two, or one is the batch's; there are not two inputs.
        ShapeError: the lengths along the axes differ.

    >>> import numpy as np
    >>> dot([np.ones((1, 3)), np.ones((1, 3))]).tolist()
    [[3.0]]
    """
    return Dot(axes=axes, **kwargs)(inputs)
