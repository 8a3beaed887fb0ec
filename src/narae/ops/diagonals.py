"""Diagonals and triangles of matrices."""

from __future__ import annotations

import numpy as np

from narae.base.limits import afford
from narae.base.types import TensorLike
from narae.ops.reductions import sum as total
from narae.ops.scatter import scatter
from narae.ops.shapes import transpose
from narae.primitives.record import constant, normalize_axis
from narae.primitives.records import index as I
from narae.primitives.records import logic as L
from narae.primitives.records import shape as S
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of


@public
def tril(x: TensorLike, k: int = 0) -> Tensor:
    """x with zeros above a diagonal of its last two axes.

    x: (..., n, m) -> (..., n, m).

    Args:
        x: a tensor of rank 2 or more.
        k: which diagonal: 0 the main one, above 0 to its right, below 0 under it.

    Returns: a tensor of x's shape and dtype.

    Raises:
        IndexError: a rank below 2.

    >>> import narae
    >>> narae.ops.tril([[1, 2], [3, 4]]).tolist()
    [[1, 0], [3, 4]]
    """
    x = as_tensor(x)
    return L.select(tensor_of(_triangle(x, k)), x, constant(0, x.dtype))


@public
def triu(x: TensorLike, k: int = 0) -> Tensor:
    """x with zeros below a diagonal of its last two axes.

    x: (..., n, m) -> (..., n, m).

    Args:
        x: a tensor of rank 2 or more.
        k: which diagonal: 0 the main one, above 0 to its right, below 0 under it.

    Returns: a tensor of x's shape and dtype.

    Raises:
        IndexError: a rank below 2.

    >>> import narae
    >>> narae.ops.triu([[1, 2], [3, 4]]).tolist()
    [[1, 2], [0, 4]]
    """
    x = as_tensor(x)
    return L.select(tensor_of(~_triangle(x, k - 1)), x, constant(0, x.dtype))


def _triangle(x: Tensor, k: int) -> np.ndarray:
    """True on and below the k-th diagonal of the last two axes."""
    afford(x.shape[-2] * x.shape[-1], 1)
    return np.tri(x.shape[-2], x.shape[-1], k, dtype=bool)


@public
def diagonal(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of the matrices in two axes, as the last axis.

    x: (n, m, ...) -> (..., min(n, m)) for offset 0.

    Args:
        x: a tensor of rank 2 or more.
        offset: which diagonal: 0 the main one, above 0 to its right, below 0 under it.
        axis1: the axis of the matrices' rows.
        axis2: the axis of their columns.

    Returns: a tensor of x's dtype.

    Raises:
        ValueError: a rank below 2.
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.diagonal([[1, 2], [3, 4]]).tolist()
    [1, 4]
    """
    x = as_tensor(x)
    if x.ndim < 2:
        raise ValueError(f"diagonal takes a tensor of rank 2 or more, got shape {x.shape}")
    a, b = normalize_axis(axis1, x.ndim), normalize_axis(axis2, x.ndim)
    rest = [i for i in range(x.ndim) if i not in (a, b)]
    moved = transpose(x, (a, b, *rest))
    afford(2 * x.shape[a] * x.shape[b])
    rows, columns = (np.diagonal(g, offset) for g in np.indices((x.shape[a], x.shape[b])))
    index = tensor_of(np.stack([rows, columns], -1).astype(np.int32))
    out = I.gather(moved, index)
    return S.move_axis(out, 0, out.ndim - 1)  # type: ignore[return-value]


@public
def diag(x: TensorLike, k: int = 0) -> Tensor:
    """A matrix with a vector on a diagonal; or the diagonal of a matrix.

    x: (n,) -> (n + |k|, n + |k|); (n, m) -> (min(n, m),) for k = 0.

    Args:
        x: a vector or a matrix.
        k: which diagonal: 0 the main one, above 0 to its right, below 0 under it.

    Returns: a tensor of x's dtype.

    Raises:
        ValueError: x is neither.

    >>> import narae
    >>> narae.ops.diag([1, 2]).tolist()
    [[1, 0], [0, 2]]
    """
    x = as_tensor(x)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError(f"diag takes a vector or a matrix, got shape {x.shape}")
    size = x.shape[0] + abs(k)
    afford(x.shape[0])
    places = np.arange(x.shape[0])
    rows, columns = (places, places + k) if k >= 0 else (places - k, places)
    return scatter(tensor_of(np.stack([rows, columns], -1).astype(np.int32)), x, (size, size))


@public
def diagflat(x: TensorLike, k: int = 0) -> Tensor:
    """A matrix with the flattened x on a diagonal.

    x: n elements -> (n + |k|, n + |k|).

    Args:
        x: a tensor of any shape.
        k: which diagonal: 0 the main one, above 0 to its right, below 0 under it.

    Returns: a matrix of x's dtype.

    >>> import narae
    >>> narae.ops.diagflat([[1], [2]]).tolist()
    [[1, 0], [0, 2]]
    """
    x = as_tensor(x)
    return diag(S.reshape(x, shape=(x.size,)), k)


@public
def trace(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of the diagonal of the matrices in two axes.

    x: (n, m, ...) -> (...).

    Args:
        x: a tensor of rank 2 or more.
        offset: which diagonal: 0 the main one, above 0 to its right, below 0 under it.
        axis1: the axis of the matrices' rows.
        axis2: the axis of their columns.

    Returns: a tensor of x's dtype, 32 bits of narrow integers.

    Raises:
        ValueError: a rank below 2.
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.trace([[1, 2], [3, 4]]).item()
    5
    """
    return total(diagonal(x, offset, axis1, axis2), -1)
