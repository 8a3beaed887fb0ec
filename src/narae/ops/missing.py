"""Reductions and running totals of what is no NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from narae.base.dtypes import is_float
from narae.base.types import Axis, DTypeLike, TensorLike
from narae.ops.reductions import all as every
from narae.ops.reductions import any, argmax, argmin, max, min, prod, sum
from narae.ops.running import cumprod, cumsum
from narae.ops.table import named
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.tensor.promote import floated, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


def _present(x: TensorLike, filling: float) -> tuple[Tensor, Tensor | None]:
    """x with NaN replaced, and where it was none."""
    x = as_tensor(x)
    if not is_float(x.dtype):
        return x, None
    missing = L.isnan(x)
    return L.select(missing, constant(filling, x.dtype), x), L.logical_not(missing)


def _ignoring(
    name: str, function: Callable[..., Any], filling: float, says: str, gives: str
) -> Any:
    def ignoring(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
        filled, there = _present(x, filling)
        out = function(filled, axis, keepdims)
        if there is None or math.isfinite(filling):
            return out
        return L.select(any(there, axis, keepdims), out, constant(float("nan"), out.dtype))

    return named(ignoring, name, __name__, says, f'{name}([3.0, float("nan"), 2.0]).item()', gives)


nansum = _ignoring("nansum", sum, 0.0, "The sum of what is no NaN.", "5.0")
nanprod = _ignoring("nanprod", prod, 1.0, "The product of what is no NaN.", "6.0")
nanmax = _ignoring("nanmax", max, -math.inf, "The largest of what is no NaN.", "3.0")
nanmin = _ignoring("nanmin", min, math.inf, "The smallest of what is no NaN.", "2.0")


@public
def nanmean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean of what is no NaN.

    >>> import narae
    >>> narae.ops.nanmean([3.0, float("nan"), 2.0]).item()
    2.5
    """
    filled, there = _present(floated(x), 0.0)
    assert there is not None  # of floats there is one
    count = sum(to(there, filled.dtype), axis, keepdims)
    return sum(filled, axis, keepdims) / count


@public
def nanvar(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance of what is no NaN.

    >>> import narae
    >>> narae.ops.nanvar([3.0, float("nan"), 1.0]).item()
    1.0
    """
    x = floated(x)
    return nanmean(A.square(x - nanmean(x, axis, True)), axis, keepdims)


@public
def nanstd(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The standard deviation of what is no NaN.

    >>> import narae
    >>> narae.ops.nanstd([3.0, float("nan"), 1.0]).item()
    1.0
    """
    return A.sqrt(nanvar(x, axis, keepdims))


def _filled(x: TensorLike, filling: float) -> tuple[Tensor, Tensor | None]:
    """x with NaN replaced, and where they were."""
    x = as_tensor(x)
    if not is_float(x.dtype):
        return x, None
    missing = L.isnan(x)
    return L.select(missing, constant(filling, x.dtype), x), missing


def _place(name: str, function: Any, filling: float, says: str, gives: str) -> Any:
    def place(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
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
    def running(x: TensorLike, axis: int | None = None, dtype: DTypeLike | None = None) -> Tensor:
        return function(_filled(x, filling)[0], axis, dtype)

    says = f"Running {says} along an axis (of the flattened x when not given), NaN left out."
    return named(running, name, __name__, says, f'{name}([2.0, float("nan"), 3.0]).tolist()', gives)


nancumsum = _running("nancumsum", cumsum, 0.0, "sums", "[2.0, 2.0, 5.0]")
nancumprod = _running("nancumprod", cumprod, 1.0, "products", "[2.0, 2.0, 6.0]")
