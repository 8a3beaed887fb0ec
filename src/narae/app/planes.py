"""Two classes of points in the plane, from counter-based random numbers: a seed names the points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from narae.app.knobs import PLANES
from narae.base.errors import unknown_name

EDGE = 1.2  # the plane that is shown is [-EDGE, EDGE] on both axes

# t: numbers (n,) in [0, 1); u: more of them; labels (n,) of 0 and 1 -> points (n, 2)
_Curve = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _ring(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def _spirals(t: np.ndarray, u: np.ndarray, label: np.ndarray) -> np.ndarray:
    # the square root spreads points evenly along the arm, which grows with its radius
    radius = np.sqrt(0.01 + 0.99 * t)
    return _ring(radius, 1.75 * 2 * np.pi * radius + np.pi * label)


def _circles(t: np.ndarray, u: np.ndarray, label: np.ndarray) -> np.ndarray:
    return _ring(np.where(label == 1, 0.45 * np.sqrt(t), 0.75 + 0.25 * t), 2 * np.pi * u)


def _moons(t: np.ndarray, u: np.ndarray, label: np.ndarray) -> np.ndarray:
    angle, sign = np.pi * t, 1.0 - 2.0 * label
    x, y = np.cos(angle) * sign - 0.5 * sign, np.sin(angle) * sign - 0.25 * sign
    return np.stack([x, y], axis=1) * 0.7


def _xor(t: np.ndarray, u: np.ndarray, label: np.ndarray) -> np.ndarray:
    x, y = 0.06 + 0.94 * t, 0.06 + 0.94 * np.abs(2 * u - 1)
    return np.stack([np.where(u < 0.5, -x, x), np.where((u < 0.5) == (label == 1), -y, y)], axis=1)


_SHAPES: dict[str, _Curve] = dict(zip(PLANES, (_spirals, _circles, _moons, _xor), strict=True))


def make_points(kind: str, count: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (count, 2) of float32, near [-1, 1], and labels (count,) of 0 and 1, half of each.

    noise: standard deviation of what is added to both coordinates. The same arguments give the same
    points, and more points begin with those of fewer. Raises ValueError for an unknown kind.

    >>> points, labels = make_points("moons", 4, 0.0, seed=1)
    >>> points.shape, labels.tolist()
    ((4, 2), [0, 1, 0, 1])
    """
    if kind not in _SHAPES:
        raise unknown_name("kind of points", kind, PLANES)
    # Philox counts (Salmon et al. 2011): a stream for each use, each read from its beginning.
    t, u = (_stream(seed, i).random(count) for i in (0, 1))
    shift = noise * _stream(seed, 2).normal(size=(count, 2))
    labels = np.arange(count, dtype=np.int32) % 2
    return (_SHAPES[kind](t, u, labels) + shift).astype(np.float32), labels


def _stream(seed: int, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, number]))


def grid(side: int) -> np.ndarray:
    """The middles of side x side cells of the plane, from the upper left, row by row: (side², 2).

    >>> np.allclose(grid(2)[:2], [[-EDGE / 2, EDGE / 2], [EDGE / 2, EDGE / 2]])
    True
    """
    middles = ((np.arange(side) + 0.5) / side * 2 - 1) * EDGE
    x, y = np.meshgrid(middles, -middles)
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
