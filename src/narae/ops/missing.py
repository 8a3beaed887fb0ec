"""Reductions and running totals of what is no NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from narae.base.dtypes import is_float
from narae.base.types import Axis, DTypeLike, TensorLike
from narae.ops.reductions import all as every
from narae.ops.reductions import any, argmax, argmin, max, min, prod, sum
from narae.ops.running import cumprod, cumsum
from narae.ops.table import KEEPDIMS, REDUCED, AxisReduction, Reduction, named
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
    name: str, function: Callable[..., Tensor], filling: float, says: str, gives: str
) -> Reduction:
    def ignoring(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
        filled, there = _present(x, filling)
        out = function(filled, axis, keepdims)
        if there is None or math.isfinite(filling):
            return out
        return L.select(any(there, axis, keepdims), out, constant(float("nan"), out.dtype))

    none = {"nansum": "0", "nanprod": "1"}.get(name, "NaN")
    return named(
        ignoring,
        name,
        __name__,
        says,
        f'{name}([3.0, float("nan"), 2.0]).item()',
        gives,
        {
            "x": "a tensor of any dtype.",
            "axis": "the axis or axes; None: all.",
            "keepdims": KEEPDIMS,
        },
        f"a tensor; {none} where there is nothing else. Its dtype is that of `{name[3:]}`.",
        shapes=REDUCED,
        raises="ShapeError: an axis that x does not have.",
    )


nansum = _ignoring("nansum", sum, 0.0, "The sum over axes of what is no NaN.", "5.0")
nanprod = _ignoring("nanprod", prod, 1.0, "The product over axes of what is no NaN.", "6.0")
nanmax = _ignoring("nanmax", max, -math.inf, "The largest over axes of what is no NaN.", "3.0")
nanmin = _ignoring("nanmin", min, math.inf, "The smallest over axes of what is no NaN.", "2.0")


@public
def nanmean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axes of what is no NaN.

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor; integers and booleans are taken as floatx.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor; NaN where there is nothing else.

    Raises:
        ShapeError: an axis that x does not have.

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
    """The variance over axes of what is no NaN.

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor; integers and booleans are taken as floatx.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor; NaN where there is nothing else.

    Raises:
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.nanvar([3.0, float("nan"), 1.0]).item()
    1.0
    """
    x = floated(x)
    return nanmean(A.square(x - nanmean(x, axis, True)), axis, keepdims)


@public
def nanstd(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The standard deviation over axes of what is no NaN.

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor; integers and booleans are taken as floatx.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor; NaN where there is nothing else.

    Raises:
        ShapeError: an axis that x does not have.

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


def _place(
    name: str, function: AxisReduction, filling: float, says: str, gives: str
) -> AxisReduction:
    def place(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
        filled, missing = _filled(x, filling)
        out = function(filled, axis, keepdims)
        if missing is None:
            return out
        return L.select(every(missing, axis, keepdims), constant(-1, out.dtype), out)

    says = (
        f"The place of the {says} along an axis of what is no NaN; -1 where there is nothing else."
    )
    return named(
        place,
        name,
        __name__,
        says,
        f'{name}([2.0, float("nan"), 3.0]).item()',
        gives,
        {
            "x": "a tensor of any dtype.",
            "axis": "the axis; None: the flattened x.",
            "keepdims": KEEPDIMS,
        },
        "int32 places along the axis, from 0.",
        shapes=REDUCED,
        raises="ShapeError: there are no numbers along the axis, or x does not have it.",
    )


nanargmax = _place("nanargmax", argmax, -math.inf, "largest", "2")
nanargmin = _place("nanargmin", argmin, math.inf, "smallest", "0")


class Running(Protocol):
    """A function that gives running totals."""

    def __call__(
        self, x: TensorLike, axis: int | None = None, dtype: DTypeLike | None = None
    ) -> Tensor: ...


def _running(name: str, function: Running, filling: float, says: str, gives: str) -> Running:
    def running(x: TensorLike, axis: int | None = None, dtype: DTypeLike | None = None) -> Tensor:
        return function(_filled(x, filling)[0], axis, dtype)

    return named(
        running,
        name,
        __name__,
        f"Running {says} along an axis, NaN left out.",
        f'{name}([2.0, float("nan"), 3.0]).tolist()',
        gives,
        {
            "x": "a tensor; booleans are taken as int32.",
            "axis": "the axis; None: the flattened x, and a vector comes back.",
            "dtype": "what it is computed in; None: x's dtype.",
        },
        "a tensor of x's shape.",
        shapes="x: (..., n, ...) -> (..., n, ...).",
        raises="ShapeError: x does not have the axis.",
    )


nancumsum = _running("nancumsum", cumsum, 0.0, "sums", "[2.0, 2.0, 5.0]")
nancumprod = _running("nancumprod", cumprod, 1.0, "products", "[2.0, 2.0, 6.0]")
