"""Percentiles, correlations, and places and running totals of what is no NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from narae.base.dtypes import is_float
from narae.ops.promote import floated, to
from narae.ops.record import constant, normalize_axes
from narae.ops.records import arithmetic as A
from narae.ops.records import index as I
from narae.ops.records import logic as L
from narae.ops.records import reduce as R
from narae.ops.records import shape as S
from narae.ops.records.sort import sort
from narae.ops.reductions import all as every
from narae.ops.reductions import argmax, argmin, check_shares, cumprod, cumsum, mean, quantile
from narae.ops.symbolic import public
from narae.ops.table import named
from narae.ops.tensor import Tensor, as_tensor


@public
def percentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The q-percentiles (q in [0, 100]) over axes; `method` as in `quantile`.

    >>> import narae
    >>> narae.ops.percentile([1.0, 2.0, 3.0], 50).item()
    2.0
    """
    return quantile(x, to(q, "float64") * 0.01, axis, method, keepdims)


_PLACES: dict[str, Callable[[Any], tuple[Any, Any, Any]]] = {
    # the places of the two neighbours of a fractional place, and the second one's share
    "linear": lambda p: (A.floor(p), A.ceil(p), A.subtract(p, A.floor(p))),
    "lower": lambda p: (A.floor(p), A.floor(p), None),
    "higher": lambda p: (A.ceil(p), A.ceil(p), None),
    "midpoint": lambda p: (A.floor(p), A.ceil(p), constant(0.5, p.dtype)),
    "nearest": lambda p: (A.rint(p), A.rint(p), None),
}


@public
def nanquantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The q-quantiles (q in [0, 1]) over axes of what is no NaN; NaN where there is nothing else.

    >>> import narae
    >>> narae.ops.nanquantile([1.0, float("nan"), 3.0], 0.5).item()
    2.0
    """
    if method not in _PLACES:
        raise ValueError(f"nanquantile takes a method of {', '.join(_PLACES)}, got {method!r}")
    x = floated(x)
    axes = normalize_axes(axis, x.ndim)
    rest = [a for a in range(x.ndim) if a not in axes]
    moved = S.transpose(x, axes=(*rest, *axes))
    lead = tuple(x.shape[a] for a in rest)
    count = math.prod(x.shape[a] for a in axes)
    rows = S.reshape(moved, shape=(math.prod(lead), count))
    ordered = sort(rows, axis=1)  # NaN come last
    present = R.reduce_sum(L.cast(L.logical_not(L.isnan(rows)), dtype="float64"), axes=(1,))
    last = A.maximum(present - 1.0, constant(0, "float64"))  # none present: the first NaN
    shares = to(q, "float64")
    if shares.data is not None:
        check_shares(shares.data)
    flat = S.reshape(shares, shape=(1, shares.size))
    places = A.multiply(S.reshape(last, shape=(*last.shape, 1)), flat)
    low, high, part = _PLACES[method](places)
    first, second = (I.take_along(ordered, L.cast(p, dtype="int32"), axis=1) for p in (low, high))
    if part is not None:
        weight = L.cast(part, dtype=x.dtype)
        first = first * (1.0 - weight) + second * weight
    kept = R.kept(x.shape, axes) if keepdims else lead
    return S.reshape(S.transpose(first, axes=(1, 0)), shape=(*shares.shape, *kept))


@public
def nanpercentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The q-percentiles (q in [0, 100]) over axes of what is no NaN.

    >>> import narae
    >>> narae.ops.nanpercentile([1.0, float("nan"), 3.0], 50).item()
    2.0
    """
    return nanquantile(x, to(q, "float64") * 0.01, axis, method, keepdims)


@public
def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The middle one over axes of what is no NaN, or the mean of the two in the middle.

    >>> import narae
    >>> narae.ops.nanmedian([1.0, float("nan"), 3.0]).item()
    2.0
    """
    return nanquantile(x, 0.5, axis, "midpoint", keepdims)


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
