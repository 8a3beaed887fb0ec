"""Tensors joined along an axis."""

from __future__ import annotations

from collections.abc import Sequence

from narae.base.errors import ShapeError, differing
from narae.base.types import TensorLike
from narae.ops.shapes import expand_dims, ravel, reshape
from narae.primitives.record import normalize_axis
from narae.primitives.records import shape as S
from narae.tensor.promote import promoted
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor


@public
def concatenate(xs: Sequence[TensorLike] | Tensor, axis: int | None = 0) -> Tensor:
    """Tensors one after the other along an axis that they have.

    xs: (..., n, ...), (..., m, ...) -> (..., n + m, ...).

    Args:
        xs: tensors whose lengths are equal but along the axis; their dtypes meet in one.
        axis: the axis, of length n + m + ... in the result; None: each is made a vector first.

    Returns: a tensor of the dtype in which they meet.

    Raises:
        ShapeError: other lengths differ, or the axis is none of theirs.

    >>> import narae
    >>> narae.ops.concatenate([[1, 2], [3]]).tolist()
    [1, 2, 3]
    """
    tensors = promoted(*xs)
    if axis is None:
        tensors, axis = [ravel(t) for t in tensors], 0
    return S.concatenate(*tensors, axis=normalize_axis(axis, tensors[0].ndim))


@public
def append(x1: TensorLike, x2: TensorLike, axis: int | None = None) -> Tensor:
    """x2 after x1 along an axis.

    x1: (..., n, ...), x2: (..., m, ...) -> (..., n + m, ...).

    Args:
        x1: the first tensor.
        x2: the second; its lengths are x1's but along the axis.
        axis: the axis; None: both are made vectors first.

    Returns: a tensor of the dtype in which they meet.

    Raises:
        ShapeError: other lengths differ, or the axis is none of theirs.

    >>> import narae
    >>> narae.ops.append([1, 2], [3]).tolist()
    [1, 2, 3]
    """
    return concatenate([x1, x2], axis)


@public
def stack(x: Sequence[TensorLike] | Tensor, axis: int = 0) -> Tensor:
    """Tensors of one shape along a new axis.

    x: k tensors of (a, b) -> (k, a, b) for axis 0, (a, b, k) for axis -1.

    Args:
        x: the tensors; their dtypes meet in one.
        axis: where the new axis is in the result's shape.

    Returns: a tensor of the dtype in which they meet.

    Raises:
        ShapeError: their shapes differ, or the result has no such axis.

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
def hstack(xs: Sequence[TensorLike] | Tensor) -> Tensor:
    """Tensors side by side: along axis 1, vectors along their own.

    xs: (a, n, ...), (a, m, ...) -> (a, n + m, ...); (n,), (m,) -> (n + m,).

    Args:
        xs: tensors of equal lengths but along that axis; numbers count as vectors of one.

    Returns: a tensor of the dtype in which they meet.

    Raises:
        ShapeError: other lengths differ.

    >>> import narae
    >>> narae.ops.hstack([[1, 2], [3]]).tolist()
    [1, 2, 3]
    """
    tensors = [expand_dims(t, 0) if t.ndim == 0 else t for t in promoted(*xs)]
    return concatenate(tensors, 0 if tensors[0].ndim == 1 else 1)


@public
def vstack(xs: Sequence[TensorLike] | Tensor) -> Tensor:
    """Tensors one below the other: along axis 0, vectors as rows.

    xs: (n, a, ...), (m, a, ...) -> (n + m, a, ...); k vectors (n,) -> (k, n).

    Args:
        xs: tensors of equal lengths but along axis 0.

    Returns: a tensor of the dtype in which they meet.

    Raises:
        ShapeError: other lengths differ.

    >>> import narae
    >>> narae.ops.vstack([[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    """
    return concatenate([reshape(t, (1, -1)) if t.ndim < 2 else t for t in promoted(*xs)], 0)


@public
def dstack(xs: Sequence[TensorLike] | Tensor) -> Tensor:
    """Tensors behind each other: along axis 2.

    xs: (a, b, n), (a, b, m) -> (a, b, n + m); k matrices (a, b) -> (a, b, k); k vectors (n,) -> (1,
    n, k).

    Args:
        xs: tensors of equal lengths but along axis 2.

    Returns: a tensor of the dtype in which they meet.

    Raises:
        ShapeError: other lengths differ.

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
def column_stack(xs: Sequence[TensorLike] | Tensor) -> Tensor:
    """Vectors as the columns of a matrix; matrices side by side.

    xs: k vectors (n,) -> (n, k); (a, n), (a, m) -> (a, n + m).

    Args:
        xs: vectors of one length, matrices of as many rows, or both.

    Returns: a tensor of the dtype in which they meet.

    Raises:
        ShapeError: lengths differ.

    >>> import narae
    >>> narae.ops.column_stack([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    return concatenate([reshape(t, (-1, 1)) if t.ndim < 2 else t for t in promoted(*xs)], 1)
