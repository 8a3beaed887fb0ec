"""Sample inputs for records: what the generated tests run on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

Sample = tuple[tuple[np.ndarray, ...], dict[str, Any]]
# In quotes: to name np.random loads it, which takes a tenth of what loading all of narae does.
Samples: TypeAlias = "Callable[[np.random.Generator], list[Sample]]"

# Shapes that broadcast: equal, of other rank, rank 0, both ways at once, empty.
_SHAPES = (((3, 4), (3, 4)), ((2, 3, 4), (3, 1)), ((), (5,)), ((1, 4), (3, 1)), ((0, 3), (3,)))


def _drawn(arity: int, draw: Callable[..., np.ndarray]) -> Samples:
    return lambda rng: [(tuple(draw(rng, s) for s in shapes[:arity]), {}) for shapes in _SHAPES]


def floats(arity: int, low: float = -2.0, high: float = 2.0) -> Samples:
    """Float arrays in [low, high]."""
    return _drawn(arity, lambda rng, shape: np.asarray(rng.uniform(low, high, shape)))


def ints(arity: int, low: int = -7, high: int = 8, dtype: str = "int32") -> Samples:
    """Integer arrays in [low, high)."""
    return _drawn(arity, lambda rng, shape: np.asarray(rng.integers(low, high, shape), dtype))


def bools(arity: int) -> Samples:
    """Boolean arrays."""
    return _drawn(arity, lambda rng, shape: np.asarray(rng.integers(0, 2, shape), bool))


def cases(*rows: tuple[Any, ...]) -> Samples:
    """Samples from (shape, ..., params) rows: floats in [-2, 2] of each shape."""
    return lambda rng: [
        (tuple(np.asarray(rng.uniform(-2, 2, shape)) for shape in shapes), params)
        for *shapes, params in rows
    ]
