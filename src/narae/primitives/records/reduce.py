"""Reductions over axes, positions of extremes, and running sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base.errors import ShapeError
from narae.base.types import Namespace
from narae.graph.ir import Op, Spec, Value
from narae.primitives import costs, rows
from narae.primitives.notation import over
from narae.primitives.record import Summing, check_kind, constant, record
from narae.primitives.records.arithmetic import nonzero_or_one
from narae.primitives.records.logic import cast, equal, select
from narae.primitives.records.shape import (
    broadcast_to,
    concatenate,
    flip_axes,
    full,
    reshape,
    slice_,
)
from narae.primitives.samples import cases

_AXES = cases(
    ((3, 4), {"axes": (0,)}),
    ((2, 3, 4), {"axes": (0, 2)}),
    ((5,), {"axes": (0,)}),
    ((3, 4), {"axes": ()}),
)


_UFUNCS = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}


def kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with reduced axes of length 1."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def spread(reduced: Value, x: Value, axes: tuple[int, ...]) -> Value:
    """A reduction's result, along the axes that it was reduced over."""
    return broadcast_to(reshape(reduced, shape=kept(x.shape, axes)), shape=x.shape)


def _rule(name: str, takes: str, result: str | None, empty: bool) -> Any:
    def rule(x: Spec, *, axes: tuple[int, ...]) -> Spec:
        check_kind(name, x.dtype, takes)
        if not empty and any(x.shape[a] == 0 for a in axes):
            raise ShapeError(f"{name} over axes {axes} of shape {x.shape}: there is nothing in it")
        shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
        return Spec(shape, result or x.dtype)

    return rule


def _reduction(
    name: str,
    ufunc: str,
    takes: str = "any",
    result: str | None = None,
    empty: bool = True,
    **fields: Any,
) -> Any:
    def forward(xp: Namespace, x: np.ndarray, *, axes: tuple[int, ...]) -> Any:
        if xp is np:  # what np.sum and its like come to, after some checks
            found = _UFUNCS[ufunc].reduce(x, axis=axes)
        else:
            found = getattr(xp, ufunc)(x, axis=axes)
        return found if result or found.dtype == x.dtype else found.astype(x.dtype)

    def simplify(x: Value, *, axes: tuple[int, ...]) -> Value | None:
        one = all(x.shape[a] == 1 for a in axes) and x.dtype == (result or x.dtype)
        shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
        return reshape(x, shape=shape) if one else None

    rule = _rule(name, takes, result, empty)
    return record(
        name,
        rule,
        forward,
        samples=_AXES,
        simplify=simplify,
        cost=costs.per_input,
        rows=rows.reduction,
        **fields,
    )


def _extreme_vjp(ct: Value, out: Value, x: Value, *, axes: tuple[int, ...]) -> Value:
    hit = equal(x, spread(out, x, axes))  # ties share the cotangent equally
    count = reduce_sum(cast(hit, dtype=ct.dtype), axes=axes)
    return select(hit, spread(ct / count, x, axes), constant(0, ct.dtype))


def _prod_vjp(ct: Value, out: Value, x: Value, *, axes: tuple[int, ...]) -> Value:
    """d(prod)/dx_i is the product of the others: prod / x_i where no factor is zero."""
    zero = equal(x, constant(0, x.dtype))
    zeros = spread(reduce_sum(cast(zero, dtype=x.dtype), axes=axes), x, axes)
    rest = spread(reduce_prod(nonzero_or_one(x), axes=axes), x, axes)
    nothing = constant(0, ct.dtype)
    none = equal(zeros, constant(0, x.dtype))
    lone = equal(zeros, constant(1, x.dtype))
    others = select(
        none, rest / nonzero_or_one(x), select(lone, select(zero, rest, nothing), nothing)
    )
    return spread(ct, x, axes) * others


def _extreme(name: str) -> Op:
    return _reduction(
        f"reduce_{name}",
        name,
        empty=False,
        vjp=(_extreme_vjp,),
        smooth=False,
        shown=over(name),
        exact=True,
    )


reduce_sum = _reduction(
    "reduce_sum",
    "sum",
    takes="number",
    kind=Summing,
    vjp=(lambda ct, out, x, *, axes: spread(ct, x, axes),),
    shown=over("Σ"),
)
reduce_prod = _reduction(
    "reduce_prod", "prod", takes="number", kind=Summing, vjp=(_prod_vjp,), shown=over("Π")
)
reduce_max = _extreme("max")
reduce_min = _extreme("min")
reduce_any = _reduction("reduce_any", "any", result="bool", shown=over("any"), flat=True)
reduce_all = _reduction("reduce_all", "all", result="bool", shown=over("all"), flat=True)


def _arg_rule(x: Spec, *, axis: int) -> Spec:
    if x.shape[axis] == 0:
        raise ShapeError(f"argmax and argmin need something along axis {axis} of shape {x.shape}")
    return Spec(x.shape[:axis] + x.shape[axis + 1 :], "int32")


_ARG = cases(((3, 4), {"axis": 1}), ((5,), {"axis": 0}), ((2, 3, 4), {"axis": 1}))


def _position(name: str) -> Op:
    return record(
        name,
        _arg_rule,
        lambda xp, x, *, axis: getattr(xp, name)(x, axis=axis).astype(np.int32),
        samples=_ARG,
        cost=costs.per_input,
        shown=over(name),
        flat=True,
        rows=rows.reduction,
    )


argmax = _position("argmax")
argmin = _position("argmin")


def _cumsum_vjp(ct: Value, out: Value, x: Value, *, axis: int) -> Value:
    return flip_axes(cumsum(flip_axes(ct, (axis,)), axis=axis), (axis,))


def _shifted(x: Value, axis: int, by: int, fill: float) -> Value:
    """x[i + by] along an axis (by may be negative), `fill` beyond the end."""
    n = x.shape[axis]
    by = max(-n, min(n, by))
    start, stop = [0] * x.ndim, list(x.shape)
    start[axis], stop[axis] = max(by, 0), n + min(by, 0)
    part = slice_(x, start=tuple(start), stop=tuple(stop), step=(1,) * x.ndim)
    edge = full(fill, (*x.shape[:axis], abs(by), *x.shape[axis + 1 :]), x.dtype)
    return concatenate(*((part, edge) if by > 0 else (edge, part)), axis=axis)


def _cumprod_vjp(ct: Value, out: Value, x: Value, *, axis: int) -> Value:
    """The product before i times g_i, where g_i = ct_i + x_(i+1) g_(i+1): no division by a factor.

    The recurrence is solved by doubling: after k rounds g reaches 2^k places ahead.
    """
    g, factor, reach = ct, _shifted(x, axis, 1, 0.0), 1
    while reach < x.shape[axis]:
        g = g + factor * _shifted(g, axis, reach, 0.0)
        factor = factor * _shifted(factor, axis, reach, 0.0)
        reach *= 2
    return _shifted(out, axis, -1, 1.0) * g


def _cumulative(name: str, **fields: Any) -> Any:
    def forward(xp: Namespace, x: np.ndarray, *, axis: int) -> Any:
        return getattr(xp, name)(x, axis=axis).astype(x.dtype)

    def rule(x: Spec, *, axis: int) -> Spec:
        check_kind(name, x.dtype, "number")
        return x

    fields.update(samples=_ARG, cost=costs.per_input, rows=rows.beside)
    return record(name, rule, forward, kind=Summing, **fields)


cumsum = _cumulative("cumsum", vjp=(_cumsum_vjp,), shown=over("cumulative Σ"))
cumprod = _cumulative("cumprod", vjp=(_cumprod_vjp,), shown=over("cumulative Π"))
