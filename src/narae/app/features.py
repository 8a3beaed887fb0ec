"""What a network of the plane is given of a point: its coordinates, and functions of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

_FORMULAS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "x": lambda x, y: x,
    "y": lambda x, y: y,
    "x2": lambda x, y: x * x,
    "y2": lambda x, y: y * y,
    "xy": lambda x, y: x * y,
    # the plane is 2.4 wide: of sin x it would show hardly more than a straight line
    "sin_x": lambda x, y: np.sin(np.pi * x),
    "sin_y": lambda x, y: np.sin(np.pi * y),
}
FEATURES = tuple(_FORMULAS)


def features_of(points: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The named features of points (n, 2): (n, len(names)) of float32.

    >>> features_of(np.array([[2.0, 3.0]]), ("x", "xy", "y2")).tolist()
    [[2.0, 6.0, 9.0]]
    """
    x, y = np.asarray(points, np.float32).T
    return np.stack([_FORMULAS[name](x, y) for name in names], axis=1).astype(np.float32)
