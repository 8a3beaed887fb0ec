"""Matrices as products of simpler ones; leading axes are a batch."""

from __future__ import annotations

from typing import Any

from narae.base.types import TensorLike
from narae.ops.diagonals import tril, triu
from narae.ops.products import matmul
from narae.ops.shapes import swapaxes
from narae.primitives.records import linalg as R
from narae.tensor.promote import floated
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor


@public
def cholesky(x: TensorLike, upper: bool = False) -> Tensor:
    """The triangle L with x = L Lᵀ, or U = Lᵀ, of positive definite matrices.

    x: (..., n, n) -> (..., n, n), float32 or float64.

    Args:
        x: symmetric positive definite matrices, of which the lower triangle is read; others give NaN.
        upper: whether the upper triangle U is given, with x = Uᵀ U.

    Raises:
        ShapeError: the matrices are not square.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.cholesky([[4.0]]).tolist()
    [[2.0]]
    """
    lower = R.cholesky(floated(x))
    return swapaxes(lower, -1, -2) if upper else lower


@public
def cholesky_inverse(x: TensorLike, upper: bool = False) -> Tensor:
    """The inverse of L Lᵀ, from its Cholesky factor L; of Uᵀ U from U.

    x: (..., n, n) -> (..., n, n), float32 or float64.

    Args:
        x: the factor, as `cholesky` gives it; its other triangle is not looked at.
        upper: whether it is the upper triangle U.

    Raises:
        ShapeError: the matrices are not square.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.cholesky_inverse([[2.0]]).tolist()
    [[0.25]]
    """
    factor = floated(x)
    lower = swapaxes(triu(factor), -1, -2) if upper else tril(factor)
    return R.inv(matmul(lower, swapaxes(lower, -1, -2)))


@public
def lu_factor(x: TensorLike) -> tuple[Tensor, Tensor]:
    """L and U with P x = L U, by elimination with partial pivoting. It has no gradient.

    x: (..., m, n) -> (..., m, n) and (..., min(m, n)) of int32.

    Args:
        x: matrices, float32 or float64.

    Returns: U and, below its diagonal, L, whose own diagonal is 1; and the row that each row changed places with, in
    order.

    Raises:
        ShapeError: x has fewer than two axes.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.lu_factor([[2.0]])[0].tolist()
    [[2.0]]
    """
    return R.lu_factor(floated(x))


@public
def qr(x: TensorLike, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """Q of orthonormal columns and R triangular with x = Q R.

    x: (..., m, n) -> Q (..., m, k) and R (..., k, n), float32 or float64; k is min(m, n), or m for 'complete'.

    Args:
        x: matrices.
        mode: 'reduced' or 'complete'; a gradient is known for reduced factors of m >= n.

    Returns: Q and R.

    Raises:
        ValueError: there is no such mode.
        ShapeError: x has fewer than two axes.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> [abs(t).tolist() for t in narae.ops.qr([[2.0]])]
    [[[1.0]], [[2.0]]]
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr takes a mode of 'reduced' or 'complete', got {mode!r}")
    return R.qr(floated(x), complete=mode == "complete")


@public
def svd(x: TensorLike, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular values s, descending, with their vectors: x = u diag(s) vᵀ.

    x: (..., m, n) -> u (..., m, m), s (..., k), vᵀ (..., n, n), k = min(m, n), float32 or float64.

    Args:
        x: matrices.
        full_matrices: whether u and vᵀ are square; else they are (..., m, k) and (..., k, n).
        compute_uv: whether vectors are wanted; else s alone is given.

    Returns: u, s and vᵀ; or s.

    Raises:
        ShapeError: x has fewer than two axes.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.svd([[2.0]], compute_uv=False).tolist()
    [2.0]
    """
    x = floated(x)
    return R.svd(x, full=bool(full_matrices)) if compute_uv else R.singular_values(x)


@public
def eigh(x: TensorLike) -> tuple[Tensor, Tensor]:
    """Eigenvalues, ascending, and eigenvectors of symmetric matrices: x = v diag(w) vᵀ.

    x: (..., n, n) -> w (..., n) and v (..., n, n), float32 or float64.

    Args:
        x: symmetric matrices.

    Returns: w, and v with an eigenvector in each column.

    Raises:
        ShapeError: the matrices are not square.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.eigh([[2.0, 0.0], [0.0, 1.0]])[0].tolist()
    [1.0, 2.0]
    """
    return R.eigh(floated(x))
