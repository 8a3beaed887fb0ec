"""The lowering of the error function in float32: a polynomial, in place.

erf(x) / x is a smooth function of x²: of degree 16 in it, fitted on Chebyshev's nodes, it is
within 3 units in the last place on (-3.9, 3.9), beyond which erf is ±1 in float32. Coefficients
are computed here, when first used, from the library's erf.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from narae.executors.numpy.calls import Arrays, BlockLoop, Call, call
from narae.executors.numpy.lowerings import generic, lowering
from narae.executors.shared.memory import Scratch
from narae.graph.ir import Node

_EDGE, _DEGREE = 3.9, 16
_FLOAT = np.dtype(np.float32)


def _ratio(t: float) -> float:
    """erf(x) / x at x² = (t + 1) edge² / 2."""
    x = _EDGE * math.sqrt((t + 1) / 2)
    return math.erf(x) / x if x > 1e-9 else 2 / math.sqrt(math.pi)


@functools.cache
def _coefficients() -> list[np.ndarray]:
    from numpy.polynomial import chebyshev  # start-up

    series = chebyshev.chebinterpolate(np.vectorize(_ratio), _DEGREE)
    return [np.array(c, _FLOAT) for c in chebyshev.cheb2poly(series)]


_LOW, _HIGH, _SCALE, _ONE, _MINUS = (
    np.array(v, _FLOAT) for v in (-_EDGE, _EDGE, 2 / _EDGE**2, 1, -1)
)


@lowering("erf")
def _erf(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> Sequence[Call | BlockLoop]:
    if outs[0].dtype != _FLOAT:
        return generic(node, ins, outs)
    t, inside = (scratch.take(outs[0].shape, _FLOAT) for _ in range(2))
    return [call(erf, ins[0], outs[0], t, inside)]


def erf(x: np.ndarray, y: np.ndarray, t: np.ndarray, inside: np.ndarray) -> None:
    """The error function of float32 x, left in y; t and inside are scratch."""
    np.maximum(x, _LOW, out=inside)
    np.minimum(inside, _HIGH, out=inside)
    np.multiply(inside, inside, out=t)
    np.multiply(t, _SCALE, out=t)
    np.subtract(t, _ONE, out=t)
    coefficients = _coefficients()
    np.multiply(t, coefficients[-1], out=y)
    for c in coefficients[-2:0:-1]:  # Horner's scheme
        np.add(y, c, out=y)
        np.multiply(y, t, out=y)
    np.add(y, coefficients[0], out=y)
    np.multiply(y, inside, out=y)
    np.minimum(y, _ONE, out=y)
    np.maximum(y, _MINUS, out=y)
