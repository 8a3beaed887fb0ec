"""Linear algebra on the last two axes; leading axes are a batch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.ops.diagonals import tril, triu
from narae.ops.elsewhere import elsewhere
from narae.ops.norms import norm
from narae.ops.products import matmul
from narae.ops.reductions import max as largest
from narae.ops.reductions import sum
from narae.ops.shapes import expand_dims, squeeze, swapaxes
from narae.ops.table import unary
from narae.primitives.records import arithmetic as A
from narae.primitives.records import linalg as R
from narae.primitives.records import logic as L
from narae.tensor.promote import floated, promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor

_unary = partial(unary, __name__)

det = _unary("det", R.det, "The determinant.", "det([[2.0, 0.0], [0.0, 3.0]]).item()", "6.0")
inv = _unary("inv", R.inv, "The inverse matrix.", "inv([[2.0]]).tolist()", "[[0.5]]")


@public
def cholesky(x: Any, upper: bool = False) -> Tensor:
    """The lower triangle L with x = L Lᵀ (or the upper one), of a positive definite matrix.

    >>> import narae
    >>> narae.ops.cholesky([[4.0]]).tolist()
    [[2.0]]
    """
    lower = R.cholesky(floated(x))
    return swapaxes(lower, -1, -2) if upper else lower


@public
def cholesky_inverse(x: Any, upper: bool = False) -> Tensor:
    """The inverse of L Lᵀ, from its Cholesky factor.

    >>> import narae
    >>> narae.ops.cholesky_inverse([[2.0]]).tolist()
    [[0.25]]
    """
    factor = floated(x)
    lower = swapaxes(triu(factor), -1, -2) if upper else tril(factor)
    return R.inv(matmul(lower, swapaxes(lower, -1, -2)))


def _systems(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, bool]:
    x, y = promoted(a, b, floating=True)
    vector = y.ndim == x.ndim - 1
    return x, expand_dims(y, -1) if vector else y, vector


@public
def solve(a: Any, b: Any) -> Tensor:
    """x with a x = b; b a vector or a matrix.

    >>> import narae
    >>> narae.ops.solve([[2.0]], [[6.0]]).tolist()
    [[3.0]]
    """
    x, y, vector = _systems(a, b)
    out = R.solve(x, y)
    return squeeze(out, -1) if vector else out


@public
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Tensor:
    """x with a x = b for a triangular a; the other triangle is not looked at.

    >>> import narae
    >>> narae.ops.solve_triangular([[2.0]], [[6.0]]).tolist()
    [[3.0]]
    """
    x, y, vector = _systems(a, b)
    out = R.triangular_solve(x, y, lower=bool(lower))
    return squeeze(out, -1) if vector else out


@public
def slogdet(x: Any) -> tuple[Tensor, Tensor]:
    """Sign and logarithm of the determinant's size.

    >>> import narae
    >>> [t.item() for t in narae.ops.slogdet([[1.0]])]
    [1.0, 0.0]
    """
    return R.slogdet(floated(x))


@public
def logdet(x: Any) -> Tensor:
    """The logarithm of the determinant of a positive definite matrix.

    >>> import narae
    >>> narae.ops.logdet([[1.0]]).item()
    0.0
    """
    return slogdet(x)[1]


@public
def qr(x: Any, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """Q orthonormal and R triangular with x = Q R. mode: 'reduced' or 'complete'.

    >>> import narae
    >>> [abs(t).tolist() for t in narae.ops.qr([[2.0]])]
    [[[1.0]], [[2.0]]]
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr takes a mode of 'reduced' or 'complete', got {mode!r}")
    return R.qr(floated(x), complete=mode == "complete")


@public
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """u, s, vᵀ with x = u diag(s) vᵀ; s alone when compute_uv is False.

    >>> import narae
    >>> narae.ops.svd([[2.0]], compute_uv=False).tolist()
    [2.0]
    """
    x = floated(x)
    return R.svd(x, full=bool(full_matrices)) if compute_uv else R.singular_values(x)


@public
def eigh(x: Any) -> tuple[Tensor, Tensor]:
    """Eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix.

    >>> import narae
    >>> narae.ops.eigh([[2.0, 0.0], [0.0, 1.0]])[0].tolist()
    [1.0, 2.0]
    """
    return R.eigh(floated(x))


@public
def lu_factor(x: Any) -> tuple[Tensor, Tensor]:
    """L and U in one matrix, and the rows that were exchanged.

    >>> import narae
    >>> narae.ops.lu_factor([[2.0]])[0].tolist()
    [[2.0]]
    """
    return R.lu_factor(floated(x))


@public
def pinv(x: Any, rcond: float | None = None) -> Tensor:
    """The pseudo-inverse (Moore and Penrose).

    >>> import narae
    >>> narae.ops.pinv([[2.0]]).tolist()
    [[0.5]]
    """
    return R.pinv(floated(x), rcond)  # type: ignore[return-value]


@public
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Tensor:
    """The x of least squares of a x - b.

    >>> import narae
    >>> narae.ops.lstsq([[2.0]], [[6.0]]).numpy().round(3).tolist()
    [[3.0]]
    """
    x, y, vector = _systems(a, b)
    out = R.lstsq(x, y, rcond)
    return squeeze(out, -1) if vector else out  # type: ignore[return-value]


@public
def matrix_rank(x: Any, tol: float | None = None) -> Tensor:
    """How many singular values are above a tolerance.

    >>> import narae
    >>> narae.ops.matrix_rank([[1.0, 1.0], [1.0, 1.0]]).item()
    1
    """
    x = floated(x)
    values = R.singular_values(x)
    if tol is None:
        unit = float(np.finfo(np.float32 if x.dtype != "float64" else np.float64).eps)
        bound = largest(values, -1, True) * (unit * float(np.max(x.shape[-2:])))
    else:
        bound = to(tol, x.dtype)
    return sum(to(L.greater(values, bound), "int32"), -1)


@public
def cdist(x: Any, y: Any) -> Tensor:
    """The distances of all rows of x from all rows of y.

    >>> import narae
    >>> narae.ops.cdist([[0.0, 0.0]], [[3.0, 4.0]]).tolist()
    [[5.0]]
    """
    a, b = promoted(x, y, floating=True)
    return norm(A.subtract(expand_dims(a, -2), expand_dims(b, -3)), axis=-1)


__path__: list[str] = []  # `from` looks for missing names as it does in a package
elsewhere(__name__)

if TYPE_CHECKING:  # Keras's module of this name has more
    from narae.ops import *  # noqa: F403
