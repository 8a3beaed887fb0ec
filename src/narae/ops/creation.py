"""Tensors from nothing but a shape: zeros, ranges, grids."""

from __future__ import annotations

import numpy as np

from narae.base.arguments import lengths
from narae.base.dtypes import np_dtype, standardize_dtype
from narae.base.limits import afford
from narae.base.types import DTypeLike, ShapeLike, TensorLike
from narae.primitives.records import shape as S
from narae.tensor.promote import to
from narae.tensor.public_names import exported
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of


@exported
def zeros(shape: ShapeLike, dtype: DTypeLike | None = None) -> Tensor:
    """All 0.

    >>> import narae
    >>> narae.ops.zeros((2,)).tolist()
    [0.0, 0.0]
    """
    return full(shape, 0, standardize_dtype(dtype))


@exported
def ones(shape: ShapeLike, dtype: DTypeLike | None = None) -> Tensor:
    """All 1.

    >>> import narae
    >>> narae.ops.ones((2,)).tolist()
    [1.0, 1.0]
    """
    return full(shape, 1, standardize_dtype(dtype))


@exported
def empty(shape: ShapeLike, dtype: DTypeLike | None = None) -> Tensor:
    """Of a shape; all 0 (narae leaves no memory unset).

    >>> import narae
    >>> narae.ops.empty((2,)).shape
    (2,)
    """
    return zeros(shape, dtype)


@public
def full(shape: ShapeLike, fill_value: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """All one value, or values that broadcast; floatx when no dtype is given.

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
    """Zeros of x's shape.

    >>> import narae
    >>> narae.ops.zeros_like([1, 2]).tolist()
    [0, 0]
    """
    return _like(x, 0, dtype)


@public
def ones_like(x: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """Ones of x's shape.

    >>> import narae
    >>> narae.ops.ones_like([1, 2]).tolist()
    [1, 1]
    """
    return _like(x, 1, dtype)


@public
def empty_like(x: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor of x's shape; all 0.

    >>> import narae
    >>> narae.ops.empty_like([1, 2]).shape
    (2,)
    """
    return _like(x, 0, dtype)


@public
def full_like(x: TensorLike, fill_value: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """One value in x's shape.

    >>> import narae
    >>> narae.ops.full_like([1, 2], 7).tolist()
    [7, 7]
    """
    return _like(x, fill_value, dtype)


@exported
def eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """Ones on the k-th diagonal of an N × M matrix.

    >>> import narae
    >>> narae.ops.eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    afford(N * (N if M is None else M))
    return tensor_of(np.eye(N, M, k, dtype=np_dtype(standardize_dtype(dtype))))


@exported
def identity(n: int, dtype: DTypeLike | None = None) -> Tensor:
    """The identity matrix.

    >>> import narae
    >>> narae.ops.identity(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return eye(n, dtype=dtype)


@exported
def tri(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """Ones on and below the k-th diagonal of an N × M matrix.

    >>> import narae
    >>> narae.ops.tri(2).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    afford(N * (N if M is None else M))
    return tensor_of(np.tri(N, M, k, dtype=np_dtype(standardize_dtype(dtype))))
