"""Reading and writing at computed places: take, gather, scatter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from narae.base.errors import DtypeError, ShapeError
from narae.base.types import KnownShape, Namespace
from narae.graph.ir import Spec, Value
from narae.primitives import costs, rows
from narae.primitives.notation import called, over, pattern
from narae.primitives.record import Summing, constant, record
from narae.primitives.records.logic import cast, equal
from narae.primitives.records.reduce import reduce_sum
from narae.primitives.records.shape import iota, reshape


def check_index(name: str, index: Spec) -> None:
    """Raise DtypeError unless the indices are integers."""
    if not index.dtype.startswith(("int", "uint")):
        raise DtypeError(f"{name} takes integer indices, got {index.dtype}; a cast before it?")


def _take_rule(x: Spec, index: Spec, *, axis: int) -> Spec:
    check_index("take", index)
    return Spec(x.shape[:axis] + index.shape + x.shape[axis + 1 :], x.dtype)


def checked(index: np.ndarray, length: int, what: str) -> Any:
    """Indices with negative ones counted from the end. Raises IndexError for one out of range."""
    low, high = (index.min(), index.max()) if index.size else (0, -1)
    if low < -length or high >= length:
        bad = int(high if high >= length else low)
        raise IndexError(f"{what}: index {bad} is out of range for an axis of length {length}")
    return np.where(index < 0, index + length, index) if low < 0 else index


def _take(xp: Namespace, x: np.ndarray, index: np.ndarray, *, axis: int) -> Any:
    if xp is np:
        index = checked(index, x.shape[axis], "take")
    return xp.take(x, index, axis=axis)


def _take_vjp(ct: Value, out: Value, x: Value, index: Value, *, axis: int) -> Value:
    return add_at(index, ct, axis=axis, shape=x.shape)


def _rows(rng: np.random.Generator) -> Any:
    x, index = rng.normal(size=(4, 3)), rng.integers(0, 3, (2, 2)).astype("int32")
    return [
        ((x, index), {"axis": 0}),
        ((x, index[0]), {"axis": 1}),
        ((x, np.asarray(2, "int32")), {"axis": 1}),
    ]


# x's slices along `axis` at the indices, which take the axis's place. Negative ones count from the
# end.
take = record(
    "take",
    _take_rule,
    _take,
    vjp=(_take_vjp, None),
    samples=_rows,
    shown=pattern("{0}[{1}]", 0, 0, 9),
    exact=True,
    index=1,
    rows=rows.take,
)


def _add_at(
    xp: Namespace, index: np.ndarray, updates: np.ndarray, *, axis: int, shape: KnownShape
) -> Any:
    if xp is not np:
        target = (slice(None),) * axis + (index,)
        return xp.zeros(shape, updates.dtype).at[target].add(updates)
    out = np.zeros(shape, updates.dtype)
    target: Any = (slice(None),) * axis + (index,)
    np.add.at(out, target, updates)
    return out


def _add_at_rows(rng: np.random.Generator) -> Any:
    index = np.asarray([0, 2, 2], "int32")
    return [
        ((index, rng.normal(size=(3, 3))), {"axis": 0, "shape": (4, 3)}),
        ((index, rng.normal(size=(4, 3))), {"axis": 1, "shape": (4, 3)}),
    ]


# Zeros of `shape` with the updates added at the indices along an axis: take's transpose.
add_at = record(
    "add_at",
    lambda index, updates, *, axis, shape: Spec(tuple(shape), updates.dtype),
    _add_at,
    vjp=(None, lambda ct, out, index, updates, *, axis, shape: take(ct, index, axis=axis)),
    samples=_add_at_rows,
    kind=Summing,
    tiled=True,
    cost=costs.per_input,
    shown=called("added_at"),
    index=0,
    rows=rows.scattering,
)


def _along_rule(x: Spec, index: Spec, *, axis: int) -> Spec:
    check_index("take_along_axis", index)
    if len(x.shape) != len(index.shape):
        raise ShapeError(
            f"take_along_axis takes equal ranks, got {x.shape} and indices {index.shape}"
        )
    return Spec(index.shape, x.dtype)


def _grid(index: np.ndarray, axis: int) -> tuple[Any, ...]:
    """The full index of a `take_along_axis`: a range on each other axis."""
    parts = []
    for a, n in enumerate(index.shape):
        lengths = [1] * index.ndim
        lengths[a] = n
        parts.append(index if a == axis else np.arange(n).reshape(lengths))
    return tuple(parts)


def _put_along(
    xp: Namespace, index: np.ndarray, updates: np.ndarray, *, axis: int, shape: KnownShape
) -> Any:
    if xp is not np:
        return xp.zeros(shape, updates.dtype).at[_grid(index, axis)].add(updates)
    out = np.zeros(shape, updates.dtype)
    np.add.at(out, _grid(index, axis), updates)
    return out


def _along_samples(rng: np.random.Generator) -> Any:
    index = rng.integers(0, 4, (2, 3)).astype("int32")
    return [((rng.normal(size=(4, 3)), index), {"axis": 0})]


def _along(xp: Namespace, x: np.ndarray, index: np.ndarray, *, axis: int) -> Any:
    if xp is np:
        index = checked(index, x.shape[axis], "take_along_axis")
    return xp.take_along_axis(x, index, axis=axis)


take_along = record(
    "take_along",
    _along_rule,
    _along,
    vjp=(
        lambda ct, out, x, index, *, axis: put_along(index, ct, axis=axis, shape=x.shape),
        None,
    ),
    samples=_along_samples,
    shown=over("take_along"),
    exact=True,
    index=1,
    rows=rows.beside,
)
put_along = record(
    "put_along",
    lambda index, updates, *, axis, shape: Spec(tuple(shape), updates.dtype),
    _put_along,
    vjp=(None, lambda ct, out, index, updates, *, axis, shape: take_along(ct, index, axis=axis)),
    samples=lambda rng: [
        (
            (np.asarray([[0, 3, 1], [0, 2, 1]], "int32"), rng.normal(size=(2, 3))),
            {"axis": 0, "shape": (4, 3)},
        )
    ],
    kind=Summing,
    shown=called("placed"),
    index=0,
    rows=rows.placing,
)


def flat_index(index: Value, shape: tuple[int, ...]) -> Value:
    """Positions in the flattened array from indices (..., k) into its first k axes."""
    k = index.shape[-1]
    strides = [math.prod(shape[i + 1 : k]) for i in range(k)]
    weighted = index * constant(strides, index.dtype)
    return reduce_sum(weighted, axes=(index.ndim - 1,))


def gather(x: Value, index: Value) -> Value:
    """x[index[..., 0], ..., index[..., k-1]]: index (..., k) into x's first k axes."""
    k = index.shape[-1]
    rows = reshape(x, shape=(math.prod(x.shape[:k]), *x.shape[k:]))
    return take(rows, flat_index(index, x.shape), axis=0)


def scatter_add(index: Value, updates: Value, shape: tuple[int, ...]) -> Value:
    """Zeros of `shape` with updates added at index (..., k), which names the first k axes."""
    k = index.shape[-1]
    rows = (math.prod(shape[:k]), *shape[k:])
    flat = flat_index(index, shape)
    return reshape(add_at(flat, updates, axis=0, shape=rows), shape=shape)


def one_hot_positions(index: Value, length: int, dtype: str) -> Value:
    """1 where the last axis's position equals the index; an index out of range gives zeros."""
    places = iota(size=length, dtype=index.dtype)
    column = reshape(index, shape=(*index.shape, 1))
    return cast(equal(column, places), dtype=dtype)
