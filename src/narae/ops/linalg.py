"""Linear algebra on the last two axes; leading axes are a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narae.base.types import TensorLike
from narae.ops.keras_modules import with_all_names
from narae.ops.norms import norm
from narae.ops.reductions import max as largest
from narae.ops.reductions import sum
from narae.ops.shapes import expand_dims, squeeze
from narae.primitives.records import arithmetic as A
from narae.primitives.records import linalg as R
from narae.primitives.records import logic as L
from narae.tensor.promote import floated, promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor


@public
def det(x: TensorLike) -> Tensor:
    """The determinants of square matrices.

    x: (..., n, n) -> (...), float32 or float64.

    Args:
        x: square matrices.

    Raises:
        ShapeError: the matrices are not square.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.det([[2.0, 0.0], [0.0, 3.0]]).item()
    6.0
    """
    return R.det(floated(x))


@public
def inv(x: TensorLike) -> Tensor:
    """The inverses of square matrices.

    x: (..., n, n) -> (..., n, n), float32 or float64.

    Args:
        x: square matrices, not singular.

    Raises:
        ShapeError: the matrices are not square.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.inv([[2.0]]).tolist()
    [[0.5]]
    """
    return R.inv(floated(x))


def _systems(a: TensorLike, b: TensorLike) -> tuple[Tensor, Tensor, bool]:
    x, y = promoted(a, b, floating=True)
    vector = y.ndim == x.ndim - 1
    return x, expand_dims(y, -1) if vector else y, vector


@public
def solve(a: TensorLike, b: TensorLike) -> Tensor:
    """x with a x = b.

    a: (..., n, n), b: (..., n) or (..., n, k) -> b's shape, float32 or float64.

    Args:
        a: the matrices of the equations, not singular.
        b: the right sides: vectors where it has one axis less than `a`, else matrices of k columns.

    Raises:
        ShapeError: the matrices are not square, or b does not fit them.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.solve([[2.0]], [[6.0]]).tolist()
    [[3.0]]
    """
    x, y, vector = _systems(a, b)
    out = R.solve(x, y)
    return squeeze(out, -1) if vector else out


@public
def solve_triangular(a: TensorLike, b: TensorLike, lower: bool = False) -> Tensor:
    """x with a x = b for a triangular a; the other triangle is not looked at.

    a: (..., n, n), b: (..., n) or (..., n, k) -> b's shape, float32 or float64.

    Args:
        a: triangular matrices, with no 0 in the diagonal.
        b: the right sides: vectors where it has one axis less than `a`, else matrices of k columns.
        lower: whether the lower triangle counts, else the upper one.

    Raises:
        ShapeError: the matrices are not square, or b does not fit them.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.solve_triangular([[2.0]], [[6.0]]).tolist()
    [[3.0]]
    """
    x, y, vector = _systems(a, b)
    out = R.triangular_solve(x, y, lower=bool(lower))
    return squeeze(out, -1) if vector else out


@public
def slogdet(x: TensorLike) -> tuple[Tensor, Tensor]:
    """Sign and logarithm of the size of determinants, which themselves may overflow.

    x: (..., n, n) -> two of (...), float32 or float64.

    Args:
        x: square matrices.

    Returns: the signs (-1, 0 or 1), and log |det x| (-inf for a singular matrix).

    Raises:
        ShapeError: the matrices are not square.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> [t.item() for t in narae.ops.slogdet([[1.0]])]
    [1.0, 0.0]
    """
    return R.slogdet(floated(x))


@public
def logdet(x: TensorLike) -> Tensor:
    """The logarithm of the determinant of positive definite matrices.

    x: (..., n, n) -> (...), float32 or float64.

    Args:
        x: positive definite matrices; of others, the logarithm of the determinant's size.

    Raises:
        ShapeError: the matrices are not square.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.logdet([[1.0]]).item()
    0.0
    """
    return slogdet(x)[1]


@public
def pinv(x: TensorLike, rcond: float | None = None) -> Tensor:
    """The pseudo-inverse of Moore and Penrose: v diag(1/s) uᵀ over the singular values that count.

    x: (..., m, n) -> (..., n, m), float32 or float64.

    Args:
        x: matrices.
        rcond: singular values up to this part of the largest count as 0 (default: the dtype's eps times max(m, n)).

    Raises:
        ShapeError: x has fewer than two axes.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.pinv([[2.0]]).tolist()
    [[0.5]]
    """
    return R.pinv(floated(x), rcond)  # type: ignore[return-value]


@public
def lstsq(a: TensorLike, b: TensorLike, rcond: float | None = None) -> Tensor:
    """The x of least squares of a x - b; of several, the shortest.

    a: (..., m, n), b: (..., m) or (..., m, k) -> (..., n) or (..., n, k), float32 or float64.

    Args:
        a: the matrices of the equations.
        b: the right sides: vectors where it has one axis less than `a`, else matrices of k columns.
        rcond: singular values of `a` up to this part of the largest count as 0 (default: the dtype's eps times
            max(m, n)).

    Raises:
        ShapeError: `a` has fewer than two axes, or b does not fit it.
        DtypeError: numbers are float16 or bfloat16.

    >>> import narae
    >>> narae.ops.lstsq([[2.0]], [[6.0]]).numpy().round(3).tolist()
    [[3.0]]
    """
    x, y, vector = _systems(a, b)
    out = R.lstsq(x, y, rcond)
    return squeeze(out, -1) if vector else out  # type: ignore[return-value]


@public
def matrix_rank(x: TensorLike, tol: float | None = None) -> Tensor:
    """How many singular values are above a tolerance.

    x: (..., m, n) -> (...), int32.

    Args:
        x: matrices, float32 or float64.
        tol: the size up to which a singular value counts as 0 (default: the largest times the dtype's eps times
            max(m, n)).

    Raises:
        ShapeError: x has fewer than two axes.
        DtypeError: numbers are float16 or bfloat16.

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
def cdist(x: TensorLike, y: TensorLike) -> Tensor:
    """Euclid's distances of all rows of x from all rows of y.

    x: (..., n, d), y: (..., m, d) -> (..., n, m), of a float dtype.

    Args:
        x: n points of d coordinates.
        y: m points of d coordinates.

    Raises:
        ShapeError: the points have other numbers of coordinates, or leading axes that do not broadcast.

    >>> import narae
    >>> narae.ops.cdist([[0.0, 0.0]], [[3.0, 4.0]]).tolist()
    [[5.0]]
    """
    a, b = promoted(x, y, floating=True)
    return norm(A.subtract(expand_dims(a, -2), expand_dims(b, -3)), axis=-1)


__path__: list[str] = []  # `from` looks for missing names as it does in a package
with_all_names(__name__)

if TYPE_CHECKING:  # Keras's module of this name has more
    from narae.ops import *  # noqa: F403
