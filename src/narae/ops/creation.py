"""Tensors from nothing but a shape: zeros, ranges, grids."""

from __future__ import annotations

import numpy as np

from narae.base.arguments import lengths
from narae.base.dtypes import np_dtype, standardize_dtype
from narae.base.limits import afford
from narae.base.types import DTypeLike, IntLike, ShapeLike, TensorLike
from narae.primitives.records import shape as S
from narae.tensor.promote import to
from narae.tensor.public_names import exported
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of


@exported
def zeros(shape: ShapeLike | IntLike, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor of zeros.

    -> shape.

    Args:
        shape: the lengths of its axes, or one for a vector.
        dtype: its dtype; None: floatx.

    Returns: the tensor.

    Raises:
        ValueError: a length below 0, or no such dtype.

    >>> import narae
    >>> narae.ops.zeros((2,)).tolist()
    [0.0, 0.0]
    """
    return full(shape, 0, standardize_dtype(dtype))


@exported
def ones(shape: ShapeLike | IntLike, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor of ones.

    -> shape.

    Args:
        shape: the lengths of its axes, or one for a vector.
        dtype: its dtype; None: floatx.

    Returns: the tensor.

    Raises:
        ValueError: a length below 0, or no such dtype.

    >>> import narae
    >>> narae.ops.ones((2,)).tolist()
    [1.0, 1.0]
    """
    return full(shape, 1, standardize_dtype(dtype))


@exported
def empty(shape: ShapeLike | IntLike, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor whose numbers do not matter yet; they are 0, for narae leaves no memory unset.

    -> shape.

    Args:
        shape: the lengths of its axes, or one for a vector.
        dtype: its dtype; None: floatx.

    Returns: the tensor.

    Raises:
        ValueError: a length below 0, or no such dtype.

    >>> import narae
    >>> narae.ops.empty((2,)).shape
    (2,)
    """
    return zeros(shape, dtype)


@public
def full(
    shape: ShapeLike | IntLike, fill_value: TensorLike, dtype: DTypeLike | None = None
) -> Tensor:
    """A tensor of one value, or of values that broadcast.

    fill_value: a shape that broadcasts to `shape` -> shape.

    Args:
        shape: the lengths of its axes, or one for a vector.
        fill_value: the value, or values along the last axes.
        dtype: its dtype; None: floatx.

    Returns: the tensor.

    Raises:
        ValueError: a length below 0, or no such dtype.
        ShapeError: fill_value does not broadcast to the shape.

    >>> import narae
    >>> narae.ops.full((2,), 3.0).tolist()
    [3.0, 3.0]
    """
    return S.broadcast_to(
        to(as_tensor(fill_value), standardize_dtype(dtype)), shape=lengths("a new tensor", shape)
    )


def _like(x: TensorLike, value: TensorLike, dtype: DTypeLike | None) -> Tensor:
    x = as_tensor(x)
    return full(x.shape, value, x.dtype if dtype is None else dtype)


@public
def zeros_like(x: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """Zeros in x's shape.

    x: (...) -> (...).

    Args:
        x: the tensor whose shape is taken.
        dtype: the dtype of the zeros; None: x's.

    Returns: the tensor.

    >>> import narae
    >>> narae.ops.zeros_like([1, 2]).tolist()
    [0, 0]
    """
    return _like(x, 0, dtype)


@public
def ones_like(x: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """Ones in x's shape.

    x: (...) -> (...).

    Args:
        x: the tensor whose shape is taken.
        dtype: the dtype of the ones; None: x's.

    Returns: the tensor.

    >>> import narae
    >>> narae.ops.ones_like([1, 2]).tolist()
    [1, 1]
    """
    return _like(x, 1, dtype)


@public
def empty_like(x: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor of x's shape whose numbers do not matter yet; they are 0.

    x: (...) -> (...).

    Args:
        x: the tensor whose shape is taken.
        dtype: its dtype; None: x's.

    Returns: the tensor.

    >>> import narae
    >>> narae.ops.empty_like([1, 2]).shape
    (2,)
    """
    return _like(x, 0, dtype)


@public
def full_like(x: TensorLike, fill_value: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """One value in x's shape.

    x: (...) -> (...).

    Args:
        x: the tensor whose shape is taken.
        fill_value: the value, or values that broadcast to x's shape.
        dtype: the dtype of the result; None: x's.

    Returns: the tensor.

    Raises:
        ShapeError: fill_value does not broadcast to x's shape.

    >>> import narae
    >>> narae.ops.full_like([1, 2], 7).tolist()
    [7, 7]
    """
    return _like(x, fill_value, dtype)


@exported
def eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """Ones on a diagonal of a matrix, zeros elsewhere.

    -> (N, M).

    Args:
        N: its rows.
        M: its columns; None: as many as rows.
        k: which diagonal: 0 the main one, above 0 to its right, below 0 under it.
        dtype: its dtype; None: floatx.

    Returns: the matrix.

    >>> import narae
    >>> narae.ops.eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    afford(N * (N if M is None else M))
    return tensor_of(np.eye(N, M, k, dtype=np_dtype(standardize_dtype(dtype))))


@exported
def identity(n: int, dtype: DTypeLike | None = None) -> Tensor:
    """The identity matrix: ones on the diagonal, zeros elsewhere.

    -> (n, n).

    Args:
        n: its rows and columns.
        dtype: its dtype; None: floatx.

    Returns: the matrix.

    >>> import narae
    >>> narae.ops.identity(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return eye(n, dtype=dtype)


@exported
def tri(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """Ones on and below a diagonal of a matrix, zeros above.

    -> (N, M).

    Args:
        N: its rows.
        M: its columns; None: as many as rows.
        k: which diagonal: 0 the main one, above 0 to its right, below 0 under it.
        dtype: its dtype; None: floatx.

    Returns: the matrix.

    >>> import narae
    >>> narae.ops.tri(2).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    afford(N * (N if M is None else M))
    return tensor_of(np.tri(N, M, k, dtype=np_dtype(standardize_dtype(dtype))))
