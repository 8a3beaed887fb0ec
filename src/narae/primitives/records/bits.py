"""Random bits: Threefry-2x32 with 20 rounds, made of ordinary integer operations.

Counter-based (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011):
the same key and counter give the same bits on every executor, in any order, on any number of
threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base.arrays import PARITY, ROTATIONS, turn
from narae.base.errors import DtypeError
from narae.base.types import KnownShape, Namespace
from narae.graph.ir import Spec
from narae.primitives.notation import called
from narae.primitives.record import broadcast_shapes, record

_BLOCK = 1 << 15  # numbers: what fits in a core's own cache, three times


def _rule(k0: Spec, k1: Spec, x0: Spec, x1: Spec) -> tuple[Spec, Spec]:
    if {s.dtype for s in (k0, k1, x0, x1)} != {"uint32"}:
        raise DtypeError("threefry takes uint32 keys and counters")
    out = Spec(broadcast_shapes(k0.shape, k1.shape, x0.shape, x1.shape), "uint32")
    return out, out


def _forward(
    xp: Namespace, k0: np.ndarray, k1: np.ndarray, x0: np.ndarray, x1: np.ndarray
) -> tuple[Any, Any]:
    if xp is np:
        return _enciphered(k0, k1, x0, x1)
    word = np.uint32
    keys = (k0, k1, k0 ^ k1 ^ PARITY)
    x0, x1 = x0 + keys[0], x1 + keys[1]
    for group in range(5):
        for r in ROTATIONS[group % 2]:
            x0 = x0 + x1
            x1 = ((x1 << word(r)) | (x1 >> word(32 - r))) ^ x0
        x0 = x0 + keys[(group + 1) % 3]
        x1 = x1 + keys[(group + 2) % 3] + word(group + 1)
    return x0, x1


def _enciphered(
    k0: np.ndarray, k1: np.ndarray, x0: np.ndarray, x1: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same on NumPy's arrays, in place: block by block where all have one key, since a hundred
    passes over what no cache holds take several times as long."""
    shape = np.broadcast_shapes(*(np.shape(a) for a in (k0, k1, x0, x1)))
    y0, y1 = (np.empty(shape, np.uint32) for _ in range(2))
    np.add(x0, k0, out=y0)
    np.add(x1, k1, out=y1)
    keys = (k0, k1, k0 ^ k1 ^ PARITY)
    if np.ndim(keys[2]):
        turn(y0, y1, keys, np.empty(shape, np.uint32))
        return y0, y1
    scratch, flat0, flat1 = (
        np.empty(min(_BLOCK, y0.size), np.uint32),
        y0.reshape(-1),
        y1.reshape(-1),
    )
    for start in range(0, y0.size, _BLOCK):
        block = flat0[start : start + _BLOCK]
        turn(block, flat1[start : start + _BLOCK], keys, scratch[: len(block)])
    return y0, y1


def _samples(rng: np.random.Generator) -> Any:
    def words(shape: KnownShape) -> Any:
        return np.asarray(rng.integers(0, 2**32, shape), "uint32")

    return [((words(()), words(()), words((5,)), words((5,))), {})]


# Two words from a key of two words and a counter of two words.
threefry = record(
    "threefry",
    _rule,
    _forward,
    samples=_samples,
    elementwise=True,
    shown=called("random_bits"),
    flat=True,
)
