"""Linear algebra: what the factors are for, and the errors of what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from narae.base.errors import NotYet, ShapeError
from narae.engine.tape import grad
from narae.primitives.records import linalg as L
from narae.primitives.records.reduce import reduce_sum
from narae.tensor.tensor import tensor_of

RNG = np.random.default_rng(3)
A = RNG.normal(size=(2, 4, 4)) + 4 * np.eye(4)
EYE = np.broadcast_to(np.eye(4), A.shape)


def swapped(x: np.ndarray) -> np.ndarray:
    return np.swapaxes(x, -1, -2)


def test_factors_give_the_matrix_back() -> None:
    symmetric = A + swapped(A)
    low = L.cholesky(tensor_of(symmetric)).numpy()
    np.testing.assert_allclose(low @ swapped(low), symmetric, rtol=1e-10)
    assert np.array_equal(low, np.tril(low))
    w, v = (t.numpy() for t in L.eigh(tensor_of(symmetric)))
    np.testing.assert_allclose(v * w[:, None] @ swapped(v), symmetric, rtol=1e-9)
    for shape in ((5, 3), (3, 5), (2, 4, 4)):
        x = RNG.normal(size=shape)
        for full in (False, True):
            u, s, vt = (t.numpy() for t in L.svd(tensor_of(x), full=full))
            k = s.shape[-1]
            back = u[..., :k] * s[..., None, :] @ vt[..., :k, :]
            np.testing.assert_allclose(back, x, atol=1e-10)
            q, r = (t.numpy() for t in L.qr(tensor_of(x), complete=full))
            np.testing.assert_allclose(q @ r, x, atol=1e-10)
            assert np.array_equal(r, np.triu(r))
        np.testing.assert_allclose(L.singular_values(tensor_of(x)).numpy(), s, rtol=1e-9)


@pytest.mark.parametrize("shape", [(4, 4), (2, 3, 3), (1, 1)])
def test_lu_is_the_permuted_matrix(shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape)
    lu, pivots = (t.numpy() for t in L.lu_factor(tensor_of(x)))
    rows = x.copy().reshape(-1, *shape[-2:])
    for matrix, swaps in zip(rows, pivots.reshape(-1, shape[-1]), strict=True):
        for i, j in enumerate(swaps):
            matrix[[i, j]] = matrix[[j, i]]
    lower = np.tril(lu, -1) + np.eye(shape[-1])
    np.testing.assert_allclose((lower @ np.triu(lu)).reshape(rows.shape), rows, atol=1e-10)
    assert np.abs(lower).max() <= 1


@pytest.mark.oracle
def test_lu_equals_lapack() -> None:
    jax = pytest.importorskip("jax")
    x = A.astype("float32")
    lu, pivots = L.lu_factor(tensor_of(x))
    wanted, places = jax.scipy.linalg.lu_factor(x)
    np.testing.assert_allclose(lu.numpy(), wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(pivots.numpy(), places)


def test_determinants_agree() -> None:
    sign, log = L.slogdet(tensor_of(-A))
    np.testing.assert_allclose(sign.numpy() * np.exp(log.numpy()), L.det(tensor_of(-A)).numpy())


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_least_squares_equals_lapack_when_rank_is_missing_too(shape: tuple[int, int]) -> None:
    a, b = RNG.normal(size=shape), RNG.normal(size=(shape[0], 2))
    for matrix in (a, np.concatenate([a[:, :1], a[:, :-1]], axis=1)):  # a column twice
        got = L.lstsq(tensor_of(matrix), tensor_of(b)).numpy()
        np.testing.assert_allclose(got, np.linalg.lstsq(matrix, b, rcond=None)[0], atol=1e-9)
        np.testing.assert_allclose(
            L.pinv(tensor_of(matrix)).numpy(), np.linalg.pinv(matrix), atol=1e-9
        )


def test_the_gradient_of_svd_with_equal_values_is_finite() -> None:
    f = lambda x: reduce_sum(L.svd(x, full=False)[1], axes=(0,))
    np.testing.assert_allclose(grad(f)(tensor_of(np.eye(3))).numpy(), np.eye(3), atol=1e-12)


def test_errors_name_the_trouble() -> None:
    wide = tensor_of(np.zeros((2, 3)))
    with pytest.raises(ShapeError, match=r"inv takes square matrices.*\(2, 3\)"):
        L.inv(wide)
    with pytest.raises(ShapeError, match="one batch"):
        L.solve(tensor_of(EYE), tensor_of(np.zeros((4, 1))))
    with pytest.raises(ValueError, match="positive definite"):
        L.cholesky(tensor_of(-EYE))
    with pytest.raises(TypeError, match="float"):
        L.det(tensor_of(np.eye(2, dtype="int32")))
    with pytest.raises(NotYet, match="tall"):
        grad(lambda x: reduce_sum(L.qr(x, complete=False)[1], axes=(0, 1)))(wide)
    with pytest.raises(NotYet, match="full_matrices"):
        grad(lambda x: reduce_sum(L.svd(x, full=True)[1], axes=(0,)))(wide)
