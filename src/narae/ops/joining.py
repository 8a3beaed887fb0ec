"""Tensors joined along an axis."""

from __future__ import annotations

from typing import Any

from narae.base.errors import ShapeError, differing
from narae.ops.shapes import expand_dims, ravel, reshape
from narae.primitives.record import normalize_axis
from narae.primitives.records import shape as S
from narae.tensor.promote import promoted
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor


@public
def concatenate(xs: Any, axis: Any = 0) -> Tensor:
    """Tensors one after the other along an axis (None: as vectors).

    >>> import narae
    >>> narae.ops.concatenate([[1, 2], [3]]).tolist()
    [1, 2, 3]
    """
    tensors = promoted(*xs)
    if axis is None:
        tensors, axis = [ravel(t) for t in tensors], 0
    return S.concatenate(*tensors, axis=normalize_axis(axis, tensors[0].ndim))


@public
def append(x1: Any, x2: Any, axis: Any = None) -> Tensor:
    """x2 after x1 along an axis; as vectors when not given.

    >>> import narae
    >>> narae.ops.append([1, 2], [3]).tolist()
    [1, 2, 3]
    """
    return concatenate([x1, x2], axis)


@public
def stack(x: Any, axis: int = 0) -> Tensor:
    """Tensors of one shape along a new axis.

    >>> import narae
    >>> narae.ops.stack([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    tensors = promoted(*x)
    if len({t.shape for t in tensors}) != 1:
        others = (differing(tensors[0].shape, t.shape) for t in tensors)
        raise ShapeError(
            f"stack takes tensors of one shape, got {[t.shape for t in tensors]}",
            lengths=next(filter(None, others), None),
        )
    place = normalize_axis(axis, tensors[0].ndim + 1)
    return S.concatenate(*(expand_dims(t, place) for t in tensors), axis=place)


@public
def hstack(xs: Any) -> Tensor:
    """Tensors side by side: along axis 1, vectors along their own.

    >>> import narae
    >>> narae.ops.hstack([[1, 2], [3]]).tolist()
    [1, 2, 3]
    """
    tensors = [expand_dims(t, 0) if t.ndim == 0 else t for t in promoted(*xs)]
    return concatenate(tensors, 0 if tensors[0].ndim == 1 else 1)


@public
def vstack(xs: Any) -> Tensor:
    """Tensors one below the other: along axis 0, vectors as rows.

    >>> import narae
    >>> narae.ops.vstack([[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    """
    return concatenate([reshape(t, (1, -1)) if t.ndim < 2 else t for t in promoted(*xs)], 0)


@public
def dstack(xs: Any) -> Tensor:
    """Tensors behind each other: along axis 2.

    >>> import narae
    >>> narae.ops.dstack([[1, 2], [3, 4]]).shape
    (1, 2, 2)
    """
    wide = [
        reshape(t, (1, -1, 1)) if t.ndim < 2 else expand_dims(t, -1) if t.ndim == 2 else t
        for t in promoted(*xs)
    ]
    return concatenate(wide, 2)


@public
def column_stack(xs: Any) -> Tensor:
    """Vectors as the columns of a matrix; matrices side by side.

    >>> import narae
    >>> narae.ops.column_stack([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    return concatenate([reshape(t, (-1, 1)) if t.ndim < 2 else t for t in promoted(*xs)], 1)
