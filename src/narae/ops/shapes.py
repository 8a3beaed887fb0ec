"""Other shapes of the same elements: reshape, transpose, broadcast; and what a tensor's shape is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from narae.base.errors import ShapeError
from narae.primitives.record import normalize_axes, normalize_axis
from narae.primitives.records import shape as S
from narae.tensor.public_names import exported
from narae.tensor.symbolic import KerasTensor, public
from narae.tensor.tensor import Tensor, as_tensor


@public
def reshape(x: Any, newshape: Any) -> Tensor:
    """x in another shape with as many elements; one -1 is what remains.

    >>> import narae
    >>> narae.ops.reshape([1, 2, 3, 4], (2, -1)).tolist()
    [[1, 2], [3, 4]]
    """
    x = as_tensor(x)
    lengths = [newshape] if isinstance(newshape, (int, np.integer)) else list(newshape)
    shape = [-1 if n is None else int(n) for n in lengths]
    if shape.count(-1) > 1:
        raise ShapeError(f"reshape takes one -1 at most, got {tuple(shape)}")
    if -1 in shape:
        known = math.prod(n for n in shape if n != -1)
        if known == 0 or x.size % known:
            raise ShapeError(
                f"cannot reshape {x.shape} ({x.size} elements) to {tuple(shape)}: {known} does not divide it",
                divisor=known or None,
            )
        shape[shape.index(-1)] = x.size // known
    return S.reshape(x, shape=tuple(shape))


@public
def ravel(x: Any) -> Tensor:
    """x as a vector.

    >>> import narae
    >>> narae.ops.ravel([[1, 2], [3, 4]]).tolist()
    [1, 2, 3, 4]
    """
    x = as_tensor(x)
    return S.reshape(x, shape=(x.size,))


@public
def transpose(x: Any, axes: Any = None) -> Tensor:
    """The axes in another order; reversed when not given.

    >>> import narae
    >>> narae.ops.transpose([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    x = as_tensor(x)
    order = reversed(range(x.ndim)) if axes is None else (normalize_axis(a, x.ndim) for a in axes)
    return S.transpose(x, axes=tuple(order))


@public
def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged.

    >>> import narae
    >>> narae.ops.swapaxes([[1, 2], [3, 4]], 0, 1).tolist()
    [[1, 3], [2, 4]]
    """
    x = as_tensor(x)
    order = list(range(x.ndim))
    a, b = normalize_axis(axis1, x.ndim), normalize_axis(axis2, x.ndim)
    order[a], order[b] = b, a
    return S.transpose(x, axes=tuple(order))


@public
def moveaxis(x: Any, source: Any, destination: Any) -> Tensor:
    """Axes moved to other places, the others in order.

    >>> import narae
    >>> narae.ops.moveaxis(narae.ops.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_tensor(x)
    pair = [(v,) if isinstance(v, (int, np.integer)) else tuple(v) for v in (source, destination)]
    froms, tos = ([normalize_axis(a, x.ndim) for a in axes] for axes in pair)
    if len(froms) != len(tos):
        raise ValueError(
            f"moveaxis takes as many sources as destinations, got {source} and {destination}"
        )
    order = [a for a in range(x.ndim) if a not in froms]
    for to_, from_ in sorted(zip(tos, froms, strict=True)):
        order.insert(to_, from_)
    return S.transpose(x, axes=tuple(order))


@public
def expand_dims(x: Any, axis: Any) -> Tensor:
    """New axes of length 1, at places of the result.

    >>> import narae
    >>> narae.ops.expand_dims([1, 2], 0).shape
    (1, 2)
    """
    x = as_tensor(x)
    wanted = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    rank = x.ndim + len(wanted)
    places = normalize_axes(wanted, rank)
    rest = iter(x.shape)
    return S.reshape(x, shape=tuple(1 if i in places else next(rest) for i in range(rank)))


@public
def squeeze(x: Any, axis: Any = None) -> Tensor:
    """Without axes of length 1: all of them, or those named. Raises ShapeError for a longer one.

    >>> import narae
    >>> narae.ops.squeeze([[1, 2]]).shape
    (2,)
    """
    x = as_tensor(x)
    axes = (
        tuple(i for i, n in enumerate(x.shape) if n == 1)
        if axis is None
        else normalize_axes(axis, x.ndim)
    )
    long = [a for a in axes if x.shape[a] != 1]
    if long:
        raise ShapeError(
            f"squeeze drops axes of length 1; axis {long[0]} of shape {x.shape} is longer"
        )
    return S.reshape(x, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))


@public
def broadcast_to(x: Any, shape: Any) -> Tensor:
    """x repeated along axes of length 1, to a shape; None: a length of x's own.

    >>> import narae
    >>> narae.ops.broadcast_to([1, 2], (2, 2)).tolist()
    [[1, 2], [1, 2]]
    """
    x = as_tensor(x)
    own = (1,) * (len(shape) - x.ndim) + x.shape
    wide = (own[i] if n is None else int(n) for i, n in enumerate(shape))
    return S.broadcast_to(x, shape=tuple(wide))


@exported
def shape(x: Any) -> tuple[int | None, ...]:
    """The lengths of the axes; None for unknown ones of a symbolic tensor.

    >>> import narae
    >>> narae.ops.shape(narae.ops.ones((2, 3)))
    (2, 3)
    """
    return (
        tuple(x.shape) if isinstance(x, KerasTensor) or hasattr(x, "shape") else as_tensor(x).shape
    )


@public
def size(x: Any) -> Any:
    """The number of elements; of a symbolic tensor, a number to come.

    >>> import narae
    >>> narae.ops.size([1, 2, 3])
    3
    """
    return as_tensor(x).size


@exported
def ndim(x: Any) -> int:
    """The number of axes.

    >>> import narae
    >>> narae.ops.ndim([[1]])
    2
    """
    return x.ndim if hasattr(x, "ndim") else as_tensor(x).ndim
