"""Writing over part of a tensor: at indices, at a computed corner, and by the extreme."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from narae.base.errors import DtypeError, ShapeError, differing
from narae.base.types import KnownShape, Namespace
from narae.graph.ir import Spec, Value
from narae.primitives import costs, rows
from narae.primitives.record import constant, record
from narae.primitives.records.index import add_at, check_index, checked, take
from narae.primitives.records.logic import cast, equal, select
from narae.primitives.records.shape import full, iota, reshape
from narae.primitives.records.window import lowest


def _set_rule(x: Spec, index: Spec, updates: Spec, *, axis: int) -> Spec:
    check_index("set_at", index)
    wanted = x.shape[:axis] + index.shape + x.shape[axis + 1 :]
    if updates.shape != wanted:
        raise ShapeError(
            f"writing at indices {index.shape} of axis {axis} of {x.shape} takes updates of shape "
            f"{wanted}, got {updates.shape}",
            lengths=differing(updates.shape, wanted),
        )
    if updates.dtype != x.dtype:
        raise DtypeError(f"updates of {updates.dtype} for {x.dtype}; a cast before it?")
    return x


def _set_at(xp: Namespace, x: Any, index: np.ndarray, updates: np.ndarray, *, axis: int) -> Any:
    target = (slice(None),) * axis + (index,)
    if xp is not np:
        return x.at[target].set(updates)
    out = x.copy()
    out[(slice(None),) * axis + (checked(index, x.shape[axis], "set_at"),)] = updates
    return out


def _kept_vjp(ct: Value, out: Value, x: Value, index: Value, updates: Value, *, axis: int) -> Value:
    return set_at(ct, index, full(0, updates.shape, ct.dtype), axis=axis)


def _written_vjp(
    ct: Value, out: Value, x: Value, index: Value, updates: Value, *, axis: int
) -> Value:
    """Only the last of several updates of one place is in the result."""
    turn = reshape(iota(size=index.spec.size, dtype="int32"), shape=index.shape)
    last = set_at(full(0, (x.shape[axis],), "int32"), index, turn, axis=0)
    won = equal(take(last, index, axis=0), turn)
    won = reshape(won, shape=(*(1,) * axis, *index.shape, *(1,) * (x.ndim - axis - 1)))
    return select(won, take(ct, index, axis=axis), constant(0, ct.dtype))


def _set_samples(rng: np.random.Generator) -> list[Any]:
    x, index = rng.normal(size=(4, 3)), np.asarray([2, 0, 2], "int32")
    return [
        ((x, index, rng.normal(size=(3, 3))), {"axis": 0}),
        ((x, index, rng.normal(size=(4, 3))), {"axis": 1}),
        ((x, np.asarray(-1, "int32"), rng.normal(size=(3,))), {"axis": 0}),
    ]


# x with the updates in place of its slices at the indices along an axis; of equal ones the last
# stays.
set_at = record(
    "set_at",
    _set_rule,
    _set_at,
    vjp=(_kept_vjp, None, _written_vjp),
    samples=_set_samples,
    exact=True,
    rows=rows.set_at,
)


def _extreme_at(
    xp: Namespace,
    index: np.ndarray,
    updates: np.ndarray,
    *,
    axis: int,
    shape: KnownShape,
    kind: str,
) -> Any:
    start = lowest(updates.dtype.name, kind)
    target = (slice(None),) * axis + (index,)
    if xp is not np:
        at = xp.full(shape, start, updates.dtype).at[target]
        return at.max(updates) if kind == "max" else at.min(updates)
    out = np.full(shape, start, updates.dtype)
    combine: Any = np.maximum if kind == "max" else np.minimum
    combine.at(out, target, updates)
    return out


def _extreme_vjp(
    ct: Value, out: Value, index: Value, updates: Value, *, axis: int, shape: KnownShape, kind: str
) -> Value:
    hit = equal(updates, take(out, index, axis=axis))  # ties share the cotangent equally
    count = add_at(index, cast(hit, dtype=ct.dtype), axis=axis, shape=shape)
    share = take(ct, index, axis=axis) / take(count, index, axis=axis)
    return select(hit, share, constant(0, ct.dtype))


# The largest (smallest) update at each index along an axis of `shape`; -inf (inf) or the dtype's
# limit where nothing arrives.
extreme_at = record(
    "extreme_at",
    lambda index, updates, *, axis, shape, kind: Spec(tuple(shape), updates.dtype),
    _extreme_at,
    vjp=(None, _extreme_vjp),
    samples=lambda rng: [
        (
            (np.asarray([0, 2, 2, 1, 0]), rng.normal(size=(5, 3))),
            {"axis": 0, "shape": (3, 3), "kind": kind},
        )
        for kind in ("max", "min")
    ],
    smooth=False,
    cost=costs.per_input,
    exact=True,
    rows=rows.scattering,
)


def _corner_rule(x: Spec, start: Spec, shape: tuple[int, ...]) -> None:
    check_index("a dynamic slice", start)
    if start.shape != (len(x.shape),):
        raise ShapeError(
            f"a slice of {x.shape} takes {len(x.shape)} starts, got a start of shape {start.shape}"
        )
    if len(shape) != len(x.shape) or any(n > m for n, m in zip(shape, x.shape, strict=True)):
        raise ShapeError(f"a slice of shape {tuple(shape)} does not fit in {x.shape}")


def _dynamic_rule(x: Spec, start: Spec, *, shape: tuple[int, ...]) -> Spec:
    _corner_rule(x, start, shape)
    return Spec(tuple(shape), x.dtype)


def _window(x: np.ndarray, start: np.ndarray, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """The slices of a box of `shape` from `start`, moved to lie within x."""
    firsts = np.clip(start, 0, np.subtract(x.shape, shape)).tolist()
    return tuple(slice(a, a + n) for a, n in zip(firsts, shape, strict=True))


def _update_rule(x: Spec, start: Spec, updates: Spec) -> Spec:
    _corner_rule(x, start, updates.shape)
    if updates.dtype != x.dtype:
        raise DtypeError(f"updates of {updates.dtype} for {x.dtype}; a cast before it?")
    return x


def _dynamic_update(xp: Namespace, x: np.ndarray, start: np.ndarray, updates: np.ndarray) -> Any:
    out = x.copy()
    out[_window(x, start, updates.shape)] = updates
    return out


def _starts(
    rng: np.random.Generator, extra: Callable[[np.random.Generator], tuple[Any, Any]]
) -> list[Any]:
    x = rng.normal(size=(4, 5))
    return [
        ((x, np.asarray(start, "int32"), *extra(rng)[0]), extra(rng)[1])
        for start in ([1, 2], [3, -1])
    ]


# The box of `shape` of x from a computed corner, moved to lie within x.
dynamic_slice = record(
    "dynamic_slice",
    _dynamic_rule,
    lambda xp, x, start, *, shape: x[_window(x, start, shape)],
    vjp=(
        lambda ct, out, x, start, *, shape: dynamic_update(full(0, x.shape, ct.dtype), start, ct),
        None,
    ),
    samples=lambda rng: _starts(rng, lambda rng: ((), {"shape": (2, 3)})),
    exact=True,
    rows=rows.dynamic_slice,
)
# x with `updates` in place of that box.
dynamic_update = record(
    "dynamic_update",
    _update_rule,
    _dynamic_update,
    vjp=(
        lambda ct, out, x, start, u: dynamic_update(ct, start, full(0, u.shape, ct.dtype)),
        None,
        lambda ct, out, x, start, u: dynamic_slice(ct, start, shape=u.shape),
    ),
    samples=lambda rng: _starts(rng, lambda rng: ((rng.normal(size=(2, 3)),), {})),
    exact=True,
    rows=rows.dynamic_update,
)
