"""Points of the plane, from counter-based random numbers: a seed names the points. Their targets are classes,
or numbers that a formula gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from narae.base.errors import unknown_name

EDGE = 1.2  # the plane that is shown is [-EDGE, EDGE] on both axes

# t: numbers (n,) in [0, 1); u: more of them; labels (n,) of 0 to k - 1; k -> points (n, 2)
_Curve = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]


def _ring(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def _spirals(t: np.ndarray, u: np.ndarray, label: np.ndarray, k: int) -> np.ndarray:
    # the square root spreads points evenly along the arm, which grows with its radius; the more arms,
    # the less each of them turns
    radius = np.sqrt(0.01 + 0.99 * t)
    return _ring(radius, 2 * np.pi * (3.5 / k * radius + label / k))


def _circles(t: np.ndarray, u: np.ndarray, label: np.ndarray, k: int) -> np.ndarray:
    # a disc within k - 1 rings, with gaps between them
    pitch = 1 / (k - 2 / 11)
    disc = (1 - (k - 1) * pitch) * np.sqrt(t)
    ring = 1 - label * pitch - 5 / 11 * pitch * (1 - t)
    return _ring(np.where(label == k - 1, disc, ring), 2 * np.pi * u)


def _moons(t: np.ndarray, u: np.ndarray, label: np.ndarray, k: int) -> np.ndarray:
    angle, sign = np.pi * t, 1.0 - 2.0 * label
    x, y = np.cos(angle) * sign - 0.5 * sign, np.sin(angle) * sign - 0.25 * sign
    return np.stack([x, y], axis=1) * 0.7


def _xor(t: np.ndarray, u: np.ndarray, label: np.ndarray, k: int) -> np.ndarray:
    x, y = 0.06 + 0.94 * t, 0.06 + 0.94 * np.abs(2 * u - 1)
    return np.stack([np.where(u < 0.5, -x, x), np.where((u < 0.5) == (label == 1), -y, y)], axis=1)


def _blobs(t: np.ndarray, u: np.ndarray, label: np.ndarray, k: int) -> np.ndarray:
    # normal around its middle (Box and Muller 1958), but never beyond three deviations
    far = 0.11 * np.sqrt(-2 * np.log(1 - 0.989 * t))
    middle = _ring(np.full(len(t), 0.7), 2 * np.pi * (label + 0.5) / k)
    return middle + _ring(far, 2 * np.pi * u)


# The most classes that a kind has beside its curve.
_SHAPES: Mapping[str, tuple[_Curve, int]] = {
    "spirals": (_spirals, 8),
    "circles": (_circles, 8),
    "moons": (_moons, 2),
    "xor": (_xor, 2),
    "blobs": (_blobs, 8),
}


def _hills(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    out = np.zeros_like(x)
    for a, b, height in ((-0.5, 0.5, 1), (0.5, 0.5, -1), (0.5, -0.5, 1), (-0.5, -0.5, -1)):
        out += height * np.exp(-((x - a) ** 2 + (y - b) ** 2) / 0.12)
    return out


# x, y in [-1, 1] -> a number in [-1, 1]
_SURFACES: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "slope": lambda x, y: 0.6 * x + 0.4 * y,
    "hills": _hills,
    "sine": lambda x, y: np.sin(2 * np.pi * x) * np.cos(np.pi * y / 2),
    "saddle": lambda x, y: x * x - y * y,
}
PLANES, SURFACES = tuple(_SHAPES), tuple(_SURFACES)
SEVERAL = tuple(kind for kind, (_, most) in _SHAPES.items() if most > 2)


def make_points(
    kind: str, count: int, noise: float, seed: int, classes: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Points (count, 2) of float32, near [-1, 1], and labels (count,) of 0 to classes - 1, as many of each; of
    a kind of `SURFACES` the targets, numbers (count,).

    noise: standard deviation of what is added to both coordinates, of surfaces to the target. classes: moons
    and xor have two, whatever it is. The same arguments give the same points, and more points begin with those
    of fewer. Raises ValueError for an unknown kind.

    >>> points, labels = make_points("moons", 4, 0.0, seed=1)
    >>> points.shape, labels.tolist()
    ((4, 2), [0, 1, 0, 1])
    """
    if kind not in (*_SHAPES, *_SURFACES):
        raise unknown_name("kind of points", kind, (*PLANES, *SURFACES))
    t, u = (stream(seed, i).random(count) for i in (0, 1))
    if kind in _SURFACES:
        x, y = 2 * t - 1, 2 * u - 1
        targets = _SURFACES[kind](x, y) + noise * stream(seed, 2).normal(size=count)
        return np.stack([x, y], axis=1).astype(np.float32), targets.astype(np.float32)
    curve, most = _SHAPES[kind]
    k = min(classes, most)
    shift = noise * stream(seed, 2).normal(size=(count, 2))
    labels = np.arange(count, dtype=np.int32) % k
    return (curve(t, u, labels, k) + shift).astype(np.float32), labels


def classes_of(kind: str, classes: int) -> int:
    """How many classes a kind has where `classes` are asked for; 0 of surfaces.

    >>> classes_of("spirals", 5), classes_of("moons", 5), classes_of("saddle", 5)
    (5, 2, 0)
    """
    return 0 if kind in _SURFACES else min(classes, _SHAPES[kind][1])


def stream(seed: int, number: int) -> np.random.Generator:
    """Random numbers that (seed, number) name: Philox counts (Salmon et al. 2011), so that each use has a
    stream of its own, read from its beginning."""
    return np.random.Generator(np.random.Philox(key=[seed, number]))


def grid(side: int) -> np.ndarray:
    """The middles of side x side cells of the plane, from the upper left, row by row: (side², 2).

    >>> np.allclose(grid(2)[:2], [[-EDGE / 2, EDGE / 2], [EDGE / 2, EDGE / 2]])
    True
    """
    middles = ((np.arange(side) + 0.5) / side * 2 - 1) * EDGE
    x, y = np.meshgrid(middles, -middles)
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
