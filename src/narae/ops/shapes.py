"""Other shapes of the same elements: reshape, transpose, broadcast; and what a tensor's shape is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.errors import ShapeError
from narae.base.types import Axis, IntLike, Ints, ShapeLike, TensorLike
from narae.primitives.record import normalize_axes, normalize_axis
from narae.primitives.records import shape as S
from narae.tensor.public_names import exported
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


@public
def reshape(x: TensorLike, newshape: ShapeLike | IntLike) -> Tensor:
    """x in another shape with as many elements, in the same order (the last axis runs fastest).

    x: (...) -> newshape.

    Args:
        x: a tensor of any shape and dtype.
        newshape: the lengths wanted, or one for a vector; one of them may be -1 (or None): what
            remains.

    Returns: a tensor of that shape and x's dtype.

    Raises:
        ShapeError: more than one -1, or another number of elements than x has.

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
def ravel(x: TensorLike) -> Tensor:
    """x as a vector, the last axis running fastest.

    x: (a, b, ...) -> (a b ...,).

    Args:
        x: a tensor of any shape and dtype.

    Returns: a vector of x's elements and dtype.

    >>> import narae
    >>> narae.ops.ravel([[1, 2], [3, 4]]).tolist()
    [1, 2, 3, 4]
    """
    x = as_tensor(x)
    return S.reshape(x, shape=(x.size,))


@public
def transpose(x: TensorLike, axes: Sequence[int] | None = None) -> Tensor:
    """The axes in another order; reversed when not given.

    x: (n_0, n_1, ...) -> (n_axes[0], n_axes[1], ...).

    Args:
        x: a tensor of any shape and dtype.
        axes: x's axes in the order wanted, each once; negative ones count from the end; None: the
            last one first.

    Returns: a tensor of x's elements and dtype.

    Raises:
        ShapeError: an axis that x does not have, or not each of them once.

    >>> import narae
    >>> narae.ops.transpose([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    x = as_tensor(x)
    order = reversed(range(x.ndim)) if axes is None else (normalize_axis(a, x.ndim) for a in axes)
    return S.transpose(x, axes=tuple(order))


@public
def swapaxes(x: TensorLike, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged.

    x: (..., n, ..., m, ...) -> (..., m, ..., n, ...).

    Args:
        x: a tensor of any shape and dtype.
        axis1: one axis; negative ones count from the end.
        axis2: the other.

    Returns: a tensor of x's elements and dtype.

    Raises:
        ShapeError: an axis that x does not have.

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
def moveaxis(x: TensorLike, source: Ints, destination: Ints) -> Tensor:
    """Axes moved to other places, the others in order.

    x: (n, a, b) -> (a, b, n) for source 0 and destination -1.

    Args:
        x: a tensor of any shape and dtype.
        source: an axis of x, or several.
        destination: where each of them is in the result.

    Returns: a tensor of x's elements and dtype.

    Raises:
        ValueError: not as many sources as destinations.
        ShapeError: an axis that x does not have.

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
def expand_dims(x: TensorLike, axis: Ints) -> Tensor:
    """New axes of length 1, at places of the result.

    x: (a, b) -> (1, a, b) for axis 0, (a, b, 1) for axis -1.

    Args:
        x: a tensor of any shape and dtype.
        axis: where the new axis is in the result's shape, or several; negative ones count from the
            end.

    Returns: a tensor of x's elements and dtype.

    Raises:
        ShapeError: a place that the result's shape does not have, or one named twice.

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
def squeeze(x: TensorLike, axis: Axis = None) -> Tensor:
    """x without axes of length 1: all of them, or those named.

    x: (a, 1, b) -> (a, b).

    Args:
        x: a tensor of any shape and dtype.
        axis: the axis or axes left out; None: all of length 1.

    Returns: a tensor of x's elements and dtype.

    Raises:
        ShapeError: an axis named is longer than 1, or x does not have it.

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
def broadcast_to(x: TensorLike, shape: ShapeLike) -> Tensor:
    """x repeated along axes of length 1, and along new ones in front.

    x: (n, 1) -> (..., n, m).

    Args:
        x: a tensor whose lengths are those of `shape`, counted from the end, or 1.
        shape: the lengths wanted; None: x's own length there.

    Returns: a tensor of that shape and x's dtype.

    Raises:
        ShapeError: a length of x is neither 1 nor the one wanted.

    >>> import narae
    >>> narae.ops.broadcast_to([1, 2], (2, 2)).tolist()
    [[1, 2], [1, 2]]
    """
    x = as_tensor(x)
    own = (1,) * (len(shape) - x.ndim) + x.shape
    wide = (own[i] if n is None else int(n) for i, n in enumerate(shape))
    return S.broadcast_to(x, shape=tuple(wide))


@exported
def shape(x: TensorLike) -> tuple[int | None, ...]:
    """The lengths of a tensor's axes.

    x: (...) -> a tuple of x's rank.

    Args:
        x: a tensor, symbolic or not, a variable, an array or numbers.

    Returns: the lengths; None where a symbolic tensor's is not known.

    >>> import narae
    >>> narae.ops.shape(narae.ops.ones((2, 3)))
    (2, 3)
    """
    own = getattr(x, "shape", None)
    return as_tensor(x).shape if own is None else tuple(own)


@public
def size(x: TensorLike) -> Any:
    """The number of elements: the product of the lengths.

    x: (...) -> ().

    Args:
        x: a tensor, an array or numbers.

    Returns: a whole number; of a symbolic tensor, a number to come.

    >>> import narae
    >>> narae.ops.size([1, 2, 3])
    3
    """
    return as_tensor(x).size


@exported
def ndim(x: TensorLike) -> int:
    """The number of axes.

    x: (n_1, ..., n_r) -> r.

    Args:
        x: a tensor, symbolic or not, a variable, an array or numbers.

    Returns: the rank.

    >>> import narae
    >>> narae.ops.ndim([[1]])
    2
    """
    own = getattr(x, "ndim", None)
    return as_tensor(x).ndim if own is None else own
