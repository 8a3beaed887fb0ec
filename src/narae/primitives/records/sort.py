"""Order: sort, argsort, the largest few, and places in a sorted list. NaN counts as the largest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.errors import DtypeError, ShapeError
from narae.base.types import Namespace
from narae.graph.ir import Spec, Value
from narae.primitives import costs, rows
from narae.primitives.notation import over
from narae.primitives.record import record
from narae.primitives.records.index import put_along
from narae.primitives.samples import cases

_AXIS = cases(
    ((3, 4), {"axis": 1}), ((5,), {"axis": 0}), ((2, 3, 4), {"axis": 1}), ((0, 3), {"axis": 0})
)


def _sort_vjp(ct: Value, out: Value, x: Value, *, axis: int) -> Value:
    return put_along(argsort(x, axis=axis), ct, axis=axis, shape=x.shape)


# Ascending; equal elements keep their order.
sort = record(
    "sort",
    lambda x, *, axis: x,
    lambda xp, x, *, axis: xp.sort(x, axis=axis),
    vjp=(_sort_vjp,),
    samples=_AXIS,
    cost=costs.of_a_sort,
    shown=over("sort"),
    exact=True,
    rows=rows.beside,
)
argsort = record(
    "argsort",
    lambda x, *, axis: Spec(x.shape, "int32"),
    lambda xp, x, *, axis: xp.argsort(x, axis=axis, stable=True).astype(np.int32),
    samples=_AXIS,
    cost=costs.of_a_sort,
    shown=over("argsort"),
    flat=True,
    rows=rows.beside,
)


def _top_k_rule(x: Spec, *, k: int) -> tuple[Spec, Spec]:
    if not x.shape or not 0 <= k <= x.shape[-1]:
        raise ShapeError(
            f"the top {k} of a last axis takes at least {k} elements there, got shape {x.shape}"
        )
    shape = (*x.shape[:-1], k)
    return Spec(shape, x.dtype), Spec(shape, "int32")


def _top_k(xp: Namespace, x: np.ndarray, *, k: int) -> tuple[Any, Any]:
    # The mirrored axis sorted, read backwards: descending, and of equals the first one first.
    order = xp.argsort(x[..., ::-1], axis=-1, stable=True)[..., ::-1][..., :k]
    index = x.shape[-1] - 1 - order
    return xp.take_along_axis(x, index, axis=-1), index.astype(np.int32)


def _top_k_vjp(ct: Sequence[Value], out: Sequence[Value], x: Value, *, k: int) -> Value:
    return put_along(out[1], ct[0], axis=x.ndim - 1, shape=x.shape)


# The k largest of the last axis in descending order, and their positions.
top_k = record(
    "top_k",
    _top_k_rule,
    _top_k,
    vjp=(_top_k_vjp,),
    samples=cases(((3, 4), {"k": 2}), ((5,), {"k": 5}), ((2, 0), {"k": 0})),
    oracle=lambda x, *, k: (
        -np.sort(-x, axis=-1)[..., :k],
        np.argsort(-x, axis=-1, kind="stable")[..., :k].astype("int32"),
    ),
    cost=costs.of_a_sort,
    exact=True,
    rows=rows.before_last(1),
)


def _search_rule(ordered: Spec, x: Spec, *, side: str) -> Spec:
    if len(ordered.shape) != 1:
        raise ShapeError(f"searchsorted takes a sorted list of rank 1, got shape {ordered.shape}")
    if ordered.dtype != x.dtype:
        raise DtypeError(f"searchsorted takes one dtype, got {ordered.dtype} and {x.dtype}")
    return Spec(x.shape, "int32")


def _search(xp: Namespace, ordered: np.ndarray, x: np.ndarray, *, side: str) -> Any:
    return xp.searchsorted(ordered, x, side=side).astype(np.int32)


def _search_samples(rng: np.random.Generator) -> list[Any]:
    ordered = np.sort(rng.integers(0, 9, 6)) * 1.0
    return [
        ((ordered, rng.integers(-1, 11, (2, 3)) * 1.0), {"side": side})
        for side in ("left", "right")
    ]


# Where x would go in a sorted list: before its equals (left) or after them (right).
searchsorted = record(
    "searchsorted",
    _search_rule,
    _search,
    samples=_search_samples,
    oracle=lambda ordered, x, *, side: (
        (ordered < x[..., None]) if side == "left" else (ordered <= x[..., None])
    ).sum(-1),
    cost=costs.of_a_sort,
    flat=True,
    rows=rows.searching,
)
