"""Percentiles, correlations, and places and running totals of what is no NaN."""

from __future__ import annotations

import math
from typing import Any

from narae.base.dtypes import is_float
from narae.ops.reductions import all as every
from narae.ops.reductions import argmax, argmin, cumprod, cumsum, mean
from narae.ops.table import named
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.tensor.promote import floated
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


def _filled(x: Any, filling: float) -> tuple[Tensor, Tensor | None]:
    """x with NaN replaced, and where they were."""
    x = as_tensor(x)
    if not is_float(x.dtype):
        return x, None
    missing = L.isnan(x)
    return L.select(missing, constant(filling, x.dtype), x), missing


def _place(name: str, function: Any, filling: float, says: str, gives: str) -> Any:
    def place(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
        filled, missing = _filled(x, filling)
        out = function(filled, axis, keepdims)
        if missing is None:
            return out
        return L.select(every(missing, axis, keepdims), constant(-1, out.dtype), out)

    says = (
        f"The place of the {says} along an axis of what is no NaN; -1 where there is nothing else."
    )
    return named(place, name, __name__, says, f'{name}([2.0, float("nan"), 3.0]).item()', gives)


nanargmax = _place("nanargmax", argmax, -math.inf, "largest", "2")
nanargmin = _place("nanargmin", argmin, math.inf, "smallest", "0")


def _running(name: str, function: Any, filling: float, says: str, gives: str) -> Any:
    def running(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
        return function(_filled(x, filling)[0], axis, dtype)

    says = f"Running {says} along an axis (of the flattened x when not given), NaN left out."
    return named(running, name, __name__, says, f'{name}([2.0, float("nan"), 3.0]).tolist()', gives)


nancumsum = _running("nancumsum", cumsum, 0.0, "sums", "[2.0, 2.0, 5.0]")
nancumprod = _running("nancumprod", cumprod, 1.0, "products", "[2.0, 2.0, 6.0]")


@public
def corrcoef(x: Any) -> Tensor:
    """Pearson's correlations of the rows: (variables, observations) -> (variables, variables).

    >>> import narae
    >>> narae.ops.corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).numpy().round(4).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    x = floated(x)
    if x.ndim not in (1, 2):
        raise ValueError(f"corrcoef takes a matrix of variables by observations, got {x.shape}")
    rows: Any = S.reshape(x, shape=(1, x.size)) if x.ndim == 1 else x
    apart = rows - mean(rows, 1, True)
    length = A.sqrt(R.reduce_sum(A.square(apart), axes=(1,)))
    unit = apart / S.reshape(length, shape=(*length.shape, 1))
    out = unit @ S.transpose(unit, axes=(1, 0))
    one = constant(1, x.dtype)
    out = A.maximum(A.minimum(out, one), A.negative(one))  # rounding leads a little beyond
    return S.reshape(out, shape=()) if x.ndim == 1 else out
