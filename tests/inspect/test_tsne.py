"""t-SNE by its definitions: perplexity, gradient, a divergence that falls, neighbours that stay."""

from __future__ import annotations

import numpy as np
import pytest

from narae.inspect.plots import tsne
from narae.inspect.plots.embedding import principal

RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(60, 7)) * RNG.uniform(0.1, 3, size=(60, 1))


@pytest.mark.parametrize("perplexity", [2.0, 5.0, 15.0])
def test_every_row_has_the_perplexity_that_was_asked_for(perplexity: float) -> None:
    shares = tsne.conditional(ROWS, perplexity)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert np.all(np.diag(shares) == 0)
    bits = -np.sum(np.where(shares > 0, shares * np.log2(np.maximum(shares, 1e-300)), 0), axis=1)
    np.testing.assert_allclose(2**bits, perplexity, rtol=1e-5)
    # by the definition: Gaussians of one width a row, which two ratios must agree on
    squared = np.square(ROWS[:, None] - ROWS).sum(axis=-1)
    for i in (0, 13):
        a, b, c = np.argsort(squared[i])[1:4]
        one = np.log(shares[i, a] / shares[i, b]) / (squared[i, b] - squared[i, a])
        two = np.log(shares[i, b] / shares[i, c]) / (squared[i, c] - squared[i, b])
        assert one == pytest.approx(two, rel=1e-6)


def test_affinities_are_symmetric_and_one_together() -> None:
    near = tsne.affinities(ROWS, 8)
    np.testing.assert_allclose(near, near.T)
    assert near.sum() == pytest.approx(1)


def test_the_gradient_is_the_difference_quotient_of_the_divergence() -> None:
    rows, points = ROWS[:12], RNG.normal(size=(12, 2))
    near = tsne.affinities(rows, 3)
    found, step = tsne.gradient(near, points), 1e-6
    for i, j in np.ndindex(*points.shape):
        shift = np.zeros_like(points)
        shift[i, j] = step
        up, down = (tsne.divergence(near, points + s) for s in (shift, -shift))
        assert found[i, j] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-7)


def test_the_divergence_falls_and_neighbours_stay() -> None:
    middles = RNG.normal(size=(5, 20)) * 4
    labels = np.repeat(np.arange(5), 30)
    rows = middles[labels] + RNG.normal(size=(150, 20))
    descent = tsne.Descent(rows, principal(rows).place(rows), perplexity=15, of=300)
    losses = [descent.divergence()]
    for _ in range(6):
        descent.advance(50)
        losses.append(descent.divergence())
    assert losses[-1] < 0.5 * losses[0]
    assert losses[-1] <= losses[-2] + 1e-3
    squared = tsne.distances(descent.points) + 1e9 * np.eye(150)
    assert (labels[squared.argmin(axis=1)] == labels).mean() > 0.98


def test_principal_components_are_the_covariances_eigenvectors() -> None:
    found = principal(ROWS)
    values, vectors = np.linalg.eigh(np.cov(ROWS.T))
    np.testing.assert_allclose(found.shares, values[:-3:-1] / values.sum())
    for i in (0, 1):
        assert abs(found.directions[i] @ vectors[:, -1 - i]) == pytest.approx(1)
    new = RNG.normal(size=(3, 7))
    np.testing.assert_allclose(found.place(new), (new - ROWS.mean(axis=0)) @ found.directions.T)


def test_too_few_samples_are_said() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        tsne.Descent(ROWS[:3], ROWS[:3, :2])
