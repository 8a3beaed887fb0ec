"""t-SNE, exact, in steps: neighbours stay beside each other, distances between groups mean little.

Source: van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9 (2008): equations 1 (p_j|i), 4 (q_ij), 5
(the gradient), section 3.1 (p_ij) and 3.4 (momentum, early exaggeration).
"""

from __future__ import annotations

import numpy as np

PERPLEXITY, STEPS = 30.0, 500
_RATE, _EXAGGERATION = 200.0, 4.0
_LEAST = 1e-12  # of a similarity


def distances(rows: np.ndarray) -> np.ndarray:
    """Squared distances between all rows: (n, d) -> (n, n).

    >>> distances(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist()
    [[0.0, 25.0], [25.0, 0.0]]
    """
    squares = np.sum(rows**2, axis=1)
    return np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0)


def conditional(rows: np.ndarray, perplexity: float) -> np.ndarray:
    """p_j|i: for each row Gaussian weights of the others that add up to 1, as wide as gives the perplexity, which
    is 2 to the power of a row's entropy in bits: how many neighbours it counts, about. (n, d) -> (n, n)."""
    squared, count = distances(rows), len(rows)
    np.fill_diagonal(squared, np.inf)
    wanted = np.log(perplexity)
    low, high = np.zeros(count), np.full(count, np.inf)
    scale = 1 / np.maximum(np.median(np.where(np.isinf(squared), 0, squared), axis=1), 1e-12)
    nearest = squared.min(axis=1, keepdims=True)
    for _ in range(50):  # the entropy falls as the scale grows: a bisection
        weights = np.exp(-(squared - nearest) * scale[:, None])
        shares = weights / weights.sum(axis=1, keepdims=True)
        entropy = -np.sum(shares * np.log(np.maximum(shares, 1e-300)), axis=1)
        wide = entropy > wanted
        low, high = np.where(wide, scale, low), np.where(wide, high, scale)
        scale = np.where(np.isinf(high), scale * 2, (low + np.where(np.isinf(high), low, high)) / 2)
    return shares


def affinities(rows: np.ndarray, perplexity: float) -> np.ndarray:
    """p_ij = (p_j|i + p_i|j) / 2n: symmetric, 1 together. (n, d) -> (n, n)."""
    shares = conditional(rows, perplexity)
    both = shares + shares.T
    return np.maximum(both / both.sum(), _LEAST)


def divergence(near: np.ndarray, points: np.ndarray) -> float:
    """KL(P || Q) of the affinities and those of points (n, 2), with Student's t."""
    pull = _pull(points)
    there = np.maximum(pull / pull.sum(), _LEAST)
    off = ~np.eye(len(near), dtype=bool)
    return float(np.sum(near[off] * np.log(near[off] / there[off])))


def gradient(near: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Of the divergence, by the points: 4 Σ_j (p_ij − q_ij)(y_i − y_j) / (1 + |y_i − y_j|²). (n, 2)."""
    pull = _pull(points)
    force = pull * (-1 / pull.sum())
    force += near
    force *= pull
    return 4 * (force.sum(axis=1)[:, None] * points - force @ points)


def _pull(points: np.ndarray) -> np.ndarray:
    pull = distances(points)
    pull += 1
    np.reciprocal(pull, out=pull)
    np.fill_diagonal(pull, 0)
    return pull


class Descent:
    """The way of the points downhill; `points` are where they are after `steps`.

    start: (n, 2), as PCA gives them: they are shrunk into the middle. Raises ValueError for fewer than 4 rows.

    >>> rows = np.repeat(np.eye(4) * 9, 5, axis=0) + np.arange(20)[:, None] % 5 / 9
    >>> descent = Descent(rows, rows[:, :2] + rows[:, 2:] / 2, perplexity=4)
    >>> before = descent.divergence()
    >>> descent.advance(100)
    >>> descent.divergence() < before, descent.steps
    (True, 100)
    """

    def __init__(
        self, rows: np.ndarray, start: np.ndarray, perplexity: float = PERPLEXITY, of: int = STEPS
    ) -> None:
        if len(rows) < 4:
            raise ValueError(f"t-SNE of {len(rows)} samples: take at least 4")
        rows = np.asarray(rows, np.float64)
        self._near = affinities(rows, min(perplexity, (len(rows) - 1) / 3))
        self._groups = self._near * _EXAGGERATION
        self.points = start * (1e-4 / max(float(start[:, 0].std()), 1e-12))
        self._move = np.zeros_like(self.points)
        self.steps, self._early = 0, of // 4
        self._rate = _RATE * min(1.0, len(rows) / 600)

    def advance(self, steps: int) -> None:
        """Go some steps: gradient descent with momentum 0.5, then 0.8; in the first quarter similarities count
        four times, so that groups form."""
        for _ in range(steps):
            early = self.steps < self._early
            slope = gradient(self._groups if early else self._near, self.points)
            self._move = (0.5 if early else 0.8) * self._move - self._rate * slope
            self.points = self.points + self._move
            self.points -= self.points.mean(axis=0)
            self.steps += 1

    def divergence(self) -> float:
        """KL(P || Q) of the points as they are."""
        return divergence(self._near, self.points)
