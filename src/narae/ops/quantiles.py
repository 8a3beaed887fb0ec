"""Quantiles, percentiles and medians, of all numbers or of those that are no NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from narae.base.types import Axis, TensorLike
from narae.primitives.record import constant, normalize_axes
from narae.primitives.records import arithmetic as A
from narae.primitives.records import index as I
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records.sort import sort
from narae.tensor.promote import floated, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


@public
def quantile(
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The q-quantiles over axes: below a part q of the numbers lie.

    x: (a, b, c), q: (k,) -> (k, a, c) for axis 1; (k, a, 1, c) with keepdims.

    Args:
        x: a tensor; integers are taken as floatx.
        q: parts in [0, 1], of any shape, known before it runs.
        axis: the axis or axes; None: all.
        method: what is taken between two neighbours: "linear": in between, by where q falls;
            "lower", "higher" or "nearest": one of them; "midpoint": the mean of both.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor, q's shape in front.

    Raises:
        IndexError: there are no numbers.
        ValueError: another method, or q outside [0, 1].
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.quantile([1.0, 2.0, 3.0], 0.5).item()
    2.0
    """
    methods = ("linear", "lower", "higher", "midpoint", "nearest")
    if method not in methods:
        raise ValueError(f"quantile takes a method of {', '.join(methods)}, got {method!r}")
    x = floated(x)
    axes = normalize_axes(axis, x.ndim)
    rest = [a for a in range(x.ndim) if a not in axes]
    moved = S.transpose(x, axes=(*rest, *axes))
    flat = S.reshape(
        moved, shape=(*(x.shape[a] for a in rest), math.prod(x.shape[a] for a in axes))
    )
    ordered = sort(flat, axis=flat.ndim - 1)
    shares = np.asarray(as_tensor(q)._known("quantile's q"), np.float64)
    _check_shares(shares)
    parts = [_at_share(ordered, float(s), method) for s in shares.reshape(-1)]
    shape = R.kept(x.shape, axes) if keepdims else tuple(x.shape[a] for a in rest)
    out = S.concatenate(*(S.reshape(p, shape=(1, *shape)) for p in parts), axis=0)
    return S.reshape(out, shape=(*shares.shape, *shape))


def _check_shares(shares: np.ndarray) -> None:
    """Raise ValueError unless all lie between 0 and 1."""
    if not np.all((shares >= 0) & (shares <= 1)):
        raise ValueError(f"a quantile takes q between 0 and 1, got {shares.tolist()}")


def _at_share(ordered: Tensor, share: float, method: str) -> Tensor:
    place = share * (ordered.shape[-1] - 1)
    low, high = math.floor(place), math.ceil(place)
    if method == "nearest":
        low = high = int(np.rint(place))
    elif method in ("lower", "higher"):
        low = high = low if method == "lower" else high
    first, second = (
        I.take(ordered, constant(i, "int32"), axis=ordered.ndim - 1) for i in (low, high)
    )
    if low == high:
        return first
    part = 0.5 if method == "midpoint" else place - low
    return first * (1 - part) + second * part


@public
def median(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The median over axes: the middle number, or the mean of the two in the middle.

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor; integers are taken as floatx.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor.

    Raises:
        IndexError: there are no numbers.
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.median([3.0, 1.0, 2.0]).item()
    2.0
    """
    return quantile(x, 0.5, axis, keepdims=keepdims)


@public
def percentile(
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The q-percentiles over axes: below q of a hundred numbers lie.

    x: (a, b, c), q: (k,) -> (k, a, c) for axis 1; (k, a, 1, c) with keepdims.

    Args:
        x: a tensor; integers are taken as floatx.
        q: parts in [0, 100], of any shape, known before it runs.
        axis: the axis or axes; None: all.
        method: what is taken between two neighbours: "linear": in between, by where q falls;
            "lower", "higher" or "nearest": one of them; "midpoint": the mean of both.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor, q's shape in front.

    Raises:
        IndexError: there are no numbers.
        ValueError: another method, or q outside [0, 100].
        ShapeError: an axis that x does not have.

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
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The q-quantiles over axes of what is no NaN; NaN where there is nothing else.

    x: (a, b, c), q: (k,) -> (k, a, c) for axis 1; (k, a, 1, c) with keepdims.

    Args:
        x: a tensor; integers are taken as floatx.
        q: parts in [0, 1], of any shape.
        axis: the axis or axes; None: all.
        method: what is taken between two neighbours: "linear": in between, by where q falls;
            "lower", "higher" or "nearest": one of them; "midpoint": the mean of both.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor, q's shape in front.

    Raises:
        ValueError: another method, or q outside [0, 1].
        ShapeError: an axis that x does not have.

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
        _check_shares(shares.data)
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
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The q-percentiles over axes of what is no NaN; NaN where there is nothing else.

    x: (a, b, c), q: (k,) -> (k, a, c) for axis 1; (k, a, 1, c) with keepdims.

    Args:
        x: a tensor; integers are taken as floatx.
        q: parts in [0, 100], of any shape.
        axis: the axis or axes; None: all.
        method: what is taken between two neighbours: "linear": in between, by where q falls;
            "lower", "higher" or "nearest": one of them; "midpoint": the mean of both.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor, q's shape in front.

    Raises:
        ValueError: another method, or q outside [0, 100].
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.nanpercentile([1.0, float("nan"), 3.0], 50).item()
    2.0
    """
    return nanquantile(x, to(q, "float64") * 0.01, axis, method, keepdims)


@public
def nanmedian(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The median over axes of what is no NaN: the middle number, or the mean of the two in the middle.

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor; integers are taken as floatx.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor; NaN where there is nothing else.

    Raises:
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.nanmedian([1.0, float("nan"), 3.0]).item()
    2.0
    """
    return nanquantile(x, 0.5, axis, "midpoint", keepdims)
