"""Fit the polynomials of the native executor's vector math: `python tools/fit_vectormath.py`.

Prints each polynomial's float32 coefficients, lowest power first, as they stand in
narae/executors/native/codegen/vectormath.py and trigonometry.py, and the largest error that the rounded
polynomial leaves in exact arithmetic, in units of 2**-24 of the function's value.

The fit is the minimax one, found on Chebyshev points by Lawson's iteration (least squares whose
weights grow where the error is large; C. L. Lawson 1961). Coefficients are rounded one after
the other from the lowest, and those that remain are fitted again around the rounded ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Map = Callable[[Array], Array]

erf = np.vectorize(math.erf)
erfc = np.vectorize(math.erfc)


@dataclass
class Fit:
    """known(x) + base(x) P(z(x)) stands for value(x) on [low, high]; `weight` scales its error,
    by default to a relative one."""

    low: float
    high: float
    degree: int
    value: Map
    known: Map
    base: Map
    z: Map
    weight: Map | None = None


def _square(x: Array) -> Array:
    return x * x


def _cube(x: Array) -> Array:
    return x * x * x


def _same(x: Array) -> Array:
    return x


FITS = {
    "EXP": Fit(-0.347, 0.347, 4, np.exp, lambda x: 1 + x, _square, _same),
    "EXPM1": Fit(-0.347, 0.347, 5, np.expm1, _same, _square, _same),
    "EXP2": Fit(-0.5, 0.5, 6, np.exp2, np.ones_like, _same, _same),
    "LOG1P": Fit(-1 / 3, 1 / 3, 7, np.log1p, lambda x: x - x * x / 2, _cube, _same),
    "TANH": Fit(1e-3, 0.625, 4, np.tanh, _same, _cube, _square),
    "SINH": Fit(1e-3, 1.0, 3, np.sinh, _same, _cube, _square),
    "ERF": Fit(1e-3, 1.0, 6, erf, _same, _same, _square),
    "LOG_ERFC": Fit(
        *(0.98, 4.0, 6, lambda x: -np.log(erfc(x)), np.zeros_like, np.ones_like, _same),
        weight=lambda x: erfc(x) / erf(x),
    ),
    "SCALED_ERFC": Fit(
        *(0.5, 10.1, 10, lambda x: np.exp(x * x) * erfc(x) * (1 + 2 * x)),
        *(np.ones_like, np.ones_like, lambda x: (x - 4) / (x + 4)),
    ),
    "SIN": Fit(1e-3, 0.786, 2, np.sin, _same, _cube, _square),
    "COS": Fit(1e-3, 0.786, 2, np.cos, lambda x: 1 - x * x / 2, lambda x: x**4, _square),
    "ARCTAN": Fit(1e-3, 1.0, 8, np.arctan, _same, _cube, _square),
}


def fitted(fit: Fit) -> tuple[list[float], float]:
    """The coefficients and the largest weighted error."""
    nodes = np.cos(np.pi * (np.arange(1000) + 0.5) / 1000)
    x = fit.low + (fit.high - fit.low) * (nodes + 1) / 2
    x = x[np.abs(x) > 1e-4]
    value = fit.value(x)
    weight = 1 / np.abs(value) if fit.weight is None else fit.weight(x)
    powers = (fit.base(x) * weight)[:, None] * fit.z(x)[:, None] ** np.arange(fit.degree + 1)
    rest = (value - fit.known(x)) * weight
    found: list[float] = []
    while len(found) <= fit.degree:
        free = powers[:, len(found) :]
        coefficient = float(np.float32(_minimax(free, rest)[0]))
        rest = rest - free[:, 0] * coefficient
        found.append(coefficient)
    return found, float(np.max(np.abs(rest)))


def _minimax(columns: Array, target: Array) -> Array:
    importance = np.full(len(target), 1 / len(target))
    best, least = np.zeros(columns.shape[1]), np.inf
    for _ in range(150):
        root = np.sqrt(importance)
        scale = np.linalg.norm(columns * root[:, None], axis=0)
        solved = np.linalg.lstsq(columns * root[:, None] / scale, target * root, rcond=None)[0]
        error = np.abs(target - columns @ (solved / scale))
        if error.max() < least:
            best, least = solved / scale, error.max()
        importance = importance * error
        importance /= importance.sum()
    return best


def main() -> None:
    """Print the table."""
    for name, fit in FITS.items():
        coefficients, error = fitted(fit)
        print(f"# largest error {error * 2**24:.3f}")
        print(f"{name} = (")
        for coefficient in coefficients:
            print(f"    {np.float32(coefficient)!s},")
        print(")")


if __name__ == "__main__":
    main()
