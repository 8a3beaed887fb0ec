"""Linear algebra on matrices in the last two axes, leading axes a batch: LAPACK through NumPy.

Gradients after M. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008), unless a line says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import HALVES
from narae.base.errors import DtypeError, NotYet, ShapeError, differing
from narae.base.types import KnownShape, Namespace
from narae.graph.ir import Spec, Value
from narae.primitives import costs, rows
from narae.primitives.record import check_kind, constant, record
from narae.primitives.records.arithmetic import nonzero_or_one, reciprocal
from narae.primitives.records.logic import greater, select
from narae.primitives.records.matrix import column, embed, matmul, row, swap, triangle
from narae.primitives.records.reduce import reduce_max
from narae.primitives.records.shape import broadcast_to


def _check_matrix(name: str, x: Spec, square: bool = True) -> None:
    check_kind(name, x.dtype, "float")
    if x.dtype in HALVES:
        raise DtypeError(f"{name} takes float32 or float64, got {x.dtype}; a cast before it?")
    if len(x.shape) < 2 or (square and x.shape[-1] != x.shape[-2]):
        what = "square matrices" if square else "matrices"
        raise ShapeError(
            f"{name} takes {what} in the last two axes, got shape {x.shape}",
            lengths=differing(x.shape[-1:], x.shape[-2:-1]),
        )


def _square(name: str, *results: Callable[[KnownShape], KnownShape]) -> Any:
    """The rule of square matrices to results whose shapes are functions of theirs."""

    def rule(x: Spec, **_: Any) -> Any:
        _check_matrix(name, x)
        specs = [Spec(result(x.shape), x.dtype) for result in results]
        return tuple(specs) if len(specs) > 1 else specs[0]

    return rule


def _same(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape


def _batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:-2]


def _vector(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:-1]


# Matrices whose singular values and eigenvalues lie apart, batched, and one of size 1.
def _regular(rng: np.random.Generator) -> list[Any]:
    shift = np.diag([3.0, 5.0, 8.0])
    return [
        ((rng.normal(size=(3, 3)) + shift,), {}),
        ((rng.normal(size=(2, 3, 3)) + shift,), {}),
        ((rng.normal(size=(1, 1)) + 4,), {}),
    ]


def _symmetric(x: np.ndarray) -> Any:
    return (x + np.swapaxes(x, -1, -2)) / 2


def _linalg(name: str) -> Any:
    return lambda xp, x: getattr(xp.linalg, name)(x)


def _cholesky_vjp(ct: Value, out: Value, x: Value) -> Value:
    """I. Murray, "Differentiation of the Cholesky decomposition" (2016), eq. 10."""
    half = triangle(matmul(swap(out), ct), diagonal=0.5)
    inner = half + swap(half)
    left = triangular_solve(swap(out), inner, lower=False)
    return swap(triangular_solve(swap(out), swap(left), lower=False)) * 0.5


# The lower factor of the symmetric part. LinAlgError (a ValueError) unless positive definite.
cholesky = record(
    "cholesky",
    _square("cholesky", _same),
    lambda xp, x: xp.linalg.cholesky(_symmetric(x)),
    vjp=(_cholesky_vjp,),
    samples=_regular,
    rows=rows.before_last(2),
    cost=costs.cubic(1 / 3),
)


def _inv_vjp(ct: Value, out: Value, x: Value) -> Value:
    return -matmul(matmul(swap(out), ct), swap(out))


inv = record(
    "inv",
    _square("inv", _same),
    _linalg("inv"),
    vjp=(_inv_vjp,),
    samples=_regular,
    rows=rows.before_last(2),
    cost=costs.cubic(2),
)
det = record(
    "det",
    _square("det", _batch),
    _linalg("det"),
    # the adjugate, by way of the inverse: infinite where the determinant is 0
    vjp=(lambda ct, out, x: column(column(ct * out)) * swap(inv(x)),),
    samples=_regular,
    rows=rows.before_last(2),
    cost=costs.cubic(2 / 3),
)
slogdet = record(
    "slogdet",
    _square("slogdet", _batch, _batch),
    lambda xp, x: tuple(xp.linalg.slogdet(x)),
    vjp=(lambda ct, out, x: column(column(ct[1])) * swap(inv(x)),),
    samples=_regular,
    rows=rows.before_last(2),
    cost=costs.cubic(2 / 3),
)


def _solve_rule(a: Spec, b: Spec, **_: Any) -> Spec:
    _check_matrix("solve", a)
    if a.dtype != b.dtype:
        raise DtypeError(f"solve takes one dtype, got {a.dtype} and {b.dtype}")
    if len(b.shape) < 2 or b.shape[:-1] != a.shape[:-1]:
        raise ShapeError(
            f"solve takes a (..., n, n) and b (..., n, k) of one batch, got {a.shape} and {b.shape}",
            lengths=differing(a.shape[:-1], b.shape[:-1]),
        )
    return b


def _solve_a(ct: Value, out: Value, a: Value, b: Value) -> Value:
    return -matmul(solve(swap(a), ct), swap(out))


def _systems(rng: np.random.Generator) -> list[Any]:
    return [((a, rng.normal(size=(*a.shape[:-1], 2))), {}) for (a,), _ in _regular(rng)]


solve = record(
    "solve",
    _solve_rule,
    lambda xp, a, b: xp.linalg.solve(a, b),
    vjp=(_solve_a, lambda ct, out, a, b: solve(swap(a), ct)),
    samples=_systems,
    oracle=lambda a, b: np.linalg.inv(a) @ b,
    rows=rows.before_last(2),
    cost=costs.of_a_solve(2 / 3),
)


def _triangular(xp: Namespace, a: np.ndarray, b: np.ndarray, *, lower: bool) -> Any:
    return xp.linalg.solve(xp.tril(a) if lower else xp.triu(a), b)


def _triangular_a(ct: Value, out: Value, a: Value, b: Value, *, lower: bool) -> Value:
    return -triangle(matmul(triangular_solve(swap(a), ct, lower=not lower), swap(out)), lower)


def _triangular_samples(rng: np.random.Generator) -> list[Any]:
    return [(arrays, {"lower": lower}) for arrays, _ in _systems(rng) for lower in (True, False)]


# x of a x = b, where only one triangle of a is looked at.
triangular_solve = record(
    "triangular_solve",
    _solve_rule,
    _triangular,
    vjp=(
        _triangular_a,
        lambda ct, out, a, b, *, lower: triangular_solve(swap(a), ct, lower=not lower),
    ),
    samples=_triangular_samples,
    oracle=lambda a, b, *, lower: np.linalg.inv(np.tril(a) if lower else np.triu(a)) @ b,
    rows=rows.before_last(2),
    cost=costs.of_a_solve(0),
)


def _qr_rule(x: Spec, *, complete: bool) -> tuple[Spec, Spec]:
    _check_matrix("qr", x, square=False)
    *batch, m, n = x.shape
    k = m if complete else min(m, n)
    return Spec((*batch, m, k), x.dtype), Spec((*batch, k, n), x.dtype)


def _qr_vjp(ct: Sequence[Value], out: Sequence[Value], x: Value, *, complete: bool) -> Value:
    """S. Walter, L. Lehmann, "Algorithmic differentiation of linear algebra functions" (2010)."""
    (ct_q, ct_r), (q, r) = ct, out
    if q.shape[-1] != r.shape[-1]:
        raise NotYet(
            "the gradient of qr is known for reduced factors of tall matrices, got shape "
            f"{x.shape}, complete={complete}"
        )
    m = matmul(r, swap(ct_r)) - matmul(swap(ct_q), q)
    mirrored = triangle(m) + swap(triangle(m, diagonal=0))
    return swap(triangular_solve(r, swap(ct_q + matmul(q, mirrored)), lower=False))


def _tall(rng: np.random.Generator) -> list[Any]:
    shapes = ((4, 3), (2, 3, 3), (2, 2, 4))
    return [
        ((rng.normal(size=s) + np.diag([3.0, 5.0, 8.0, 12.0])[: s[-2], : s[-1]],), {})
        for s in shapes
    ]


qr = record(
    "qr",
    _qr_rule,
    lambda xp, x, *, complete: tuple(xp.linalg.qr(x, mode="complete" if complete else "reduced")),
    vjp=(_qr_vjp,),
    samples=lambda rng: [(a, {"complete": False}) for a, _ in _tall(rng)[:2]],
    rows=rows.before_last(2),
    cost=costs.cubic(4),
)


def _svd_rule(x: Spec, *, full: bool) -> tuple[Spec, ...]:
    _check_matrix("svd", x, square=False)
    *batch, m, n = x.shape
    k = min(m, n)
    left, right = (m, n) if full else (k, k)
    return (
        Spec((*batch, m, left), x.dtype),
        Spec((*batch, k), x.dtype),
        Spec((*batch, right, n), x.dtype),
    )


def gaps(values: Value) -> Value:
    """F with F_ij = 1 / (values_j - values_i), and 0 on the diagonal and for equal values."""
    n = values.shape[-1]
    shape = (*values.shape, n)
    difference = broadcast_to(row(values), shape=shape) - broadcast_to(column(values), shape=shape)
    eye = constant(np.eye(n, dtype=bool), "bool")
    return select(eye, constant(0, values.dtype), reciprocal(nonzero_or_one(difference)))


def _svd_vjp(ct: Sequence[Value], out: Sequence[Value], x: Value, *, full: bool) -> Value:
    """J. Townsend, "Differentiating the singular value decomposition" (2016)."""
    (ct_u, ct_s, ct_v), (u, s, vt) = ct, out
    if u.shape[-1] != s.shape[-1] or vt.shape[-2] != s.shape[-1]:
        raise NotYet(
            "the gradient of svd with full_matrices=True is not known for shape "
            f"{x.shape}; full_matrices=False has one"
        )
    f, v = gaps(s * s), swap(vt)
    ct_v = swap(ct_v)
    left, right = matmul(swap(u), ct_u), matmul(vt, ct_v)
    inner = f * (left - swap(left)) * row(s) + column(s) * (f * (right - swap(right))) + embed(ct_s)
    inverse = reciprocal(s)
    total = matmul(u, matmul(inner, vt))
    if u.shape[-2] > s.shape[-1]:
        outside = ct_u - matmul(u, left)
        total = total + matmul(outside * row(inverse), vt)
    if v.shape[-2] > s.shape[-1]:
        outside = ct_v - matmul(v, right)
        total = total + matmul(u * row(inverse), swap(outside))
    return total


# u, s, vᵀ with x = u diag(s) vᵀ, s descending.
svd = record(
    "svd",
    _svd_rule,
    lambda xp, x, *, full: tuple(xp.linalg.svd(x, full_matrices=full)),
    vjp=(_svd_vjp,),
    samples=lambda rng: [(a, {"full": False}) for a, _ in _tall(rng)],
    rows=rows.before_last(2),
    cost=costs.cubic(22),
)


def _singular_vjp(ct: Value, out: Value, x: Value) -> Value:
    u, _, vt = svd(x, full=False)
    return matmul(u * row(ct), vt)


singular_values = record(
    "singular_values",
    lambda x: _svd_rule(x, full=False)[1],
    lambda xp, x: xp.linalg.svd(x, compute_uv=False),
    vjp=(_singular_vjp,),
    samples=_tall,
    oracle=lambda x: np.sqrt(
        np.linalg.eigvalsh(x @ np.swapaxes(x, -1, -2))[..., ::-1][..., : min(x.shape[-2:])]
    ),
    rows=rows.before_last(2),
    cost=costs.cubic(4),
)


def _eigh_vjp(ct: Sequence[Value], out: Sequence[Value], x: Value) -> Value:
    (ct_w, ct_v), (w, v) = ct, out
    inner = gaps(w) * matmul(swap(v), ct_v) + embed(ct_w)
    got = matmul(v, matmul(inner, swap(v)))
    return (got + swap(got)) * 0.5


# The eigenvalues, ascending, and eigenvectors (columns) of the symmetric part.
eigh = record(
    "eigh",
    _square("eigh", _vector, _same),
    lambda xp, x: tuple(xp.linalg.eigh(_symmetric(x))),
    vjp=(_eigh_vjp,),
    samples=_regular,
    rows=rows.before_last(2),
    cost=costs.cubic(9),
)


def _lu_rule(x: Spec) -> tuple[Spec, Spec]:
    _check_matrix("lu_factor", x)
    return x, Spec(x.shape[:-1], "int32")


def _lu(xp: Namespace, x: np.ndarray) -> tuple[Any, Any]:
    """Elimination with partial pivoting, a column at a time for the whole batch."""
    n = x.shape[-1]
    lu = x.reshape(-1, n, n).copy()
    pivots = np.zeros((len(lu), n), np.int32)
    batch = np.arange(len(lu))
    for k in range(n):
        best = k + np.argmax(np.abs(lu[:, k:, k]), axis=1)
        pivots[:, k] = best
        lu[batch, k], lu[batch, best] = lu[batch, best], lu[batch, k]
        divisor = lu[:, k, k, None]
        lu[:, k + 1 :, k] /= np.where(divisor == 0, 1, divisor)
        lu[:, k + 1 :, k + 1 :] -= lu[:, k + 1 :, k, None] * lu[:, k, None, k + 1 :]
    return lu.reshape(x.shape), pivots.reshape(x.shape[:-1])


def _lu_vjp(ct: Sequence[Value], out: Sequence[Value], x: Value) -> Value:
    raise NotYet("lu_factor has no gradient yet; solve, inv, det and qr have one")


# L (unit lower) and U in one matrix, and the row that each row changed places with, in order.
lu_factor = record(
    "lu_factor",
    _lu_rule,
    _lu,
    vjp=(_lu_vjp,),
    samples=_regular,
    rows=rows.before_last(2),
    cost=costs.cubic(2 / 3),
)


def pinv(x: Value, rcond: float | None = None) -> Value:
    """The Moore-Penrose inverse: (..., m, n) -> (..., n, m).

    Singular values up to rcond times the largest count as 0; by default the dtype's precision times
    the longer side.
    """
    u, s, vt = svd(x, full=False)
    if rcond is None:
        rcond = float(np.finfo(x.dtype).eps) * max(x.shape[-2:])
    largest = reduce_max(s, axes=(s.ndim - 1,))
    used = greater(s, column(largest) * rcond)
    inverse = select(used, reciprocal(select(used, s, constant(1, s.dtype))), constant(0, s.dtype))
    return matmul(swap(vt) * row(inverse), swap(u))


def lstsq(a: Value, b: Value, rcond: float | None = None) -> Value:
    """The x of least norm that minimises |a x - b|: (..., m, n), (..., m, k) -> (..., n, k)."""
    return matmul(pinv(a, rcond), b)
