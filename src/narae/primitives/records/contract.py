"""The contraction of two tensors: every matrix product, `tensordot` and `einsum` is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import np_dtype
from narae.base.errors import DtypeError, ShapeError, differing
from narae.base.language import tr
from narae.base.types import Namespace
from narae.graph.ir import Node, Spec, Value
from narae.graph.notation import Term
from narae.primitives import rows
from narae.primitives.notation import listed
from narae.primitives.record import record, widened
from narae.primitives.records.shape import transpose
from narae.primitives.samples import cases

Axes = tuple[tuple[int, ...], tuple[int, ...]]


def free_axes(ndim: int, contract: tuple[int, ...], batch: tuple[int, ...]) -> tuple[int, ...]:
    """The axes that are neither contracted nor batched."""
    return tuple(a for a in range(ndim) if a not in contract and a not in batch)


def _rule(x: Spec, y: Spec, *, contract: Axes, batch: Axes) -> Spec:
    if x.dtype != y.dtype:
        raise DtypeError(
            tr(
                "a product takes operands of one dtype, got {dtype} and {dtype2}",
                dtype=x.dtype,
                dtype2=y.dtype,
            )
        )
    for (left, right), what in ((contract, "contracted"), (batch, "batch")):
        if [x.shape[a] for a in left] != [y.shape[a] for a in right]:
            raise ShapeError(
                tr(
                    "the {what} axes {left} of {shape} and {right} of {shape2} differ in length",
                    what=what,
                    left=left,
                    shape=x.shape,
                    right=right,
                    shape2=y.shape,
                ),
                lengths=differing([x.shape[a] for a in left], [y.shape[a] for a in right]),
            )
    free_x = free_axes(len(x.shape), contract[0], batch[0])
    free_y = free_axes(len(y.shape), contract[1], batch[1])
    lengths = [x.shape[a] for a in (*batch[0], *free_x)] + [y.shape[a] for a in free_y]
    return Spec(tuple(lengths), x.dtype)


def _forward(xp: Namespace, x: np.ndarray, y: np.ndarray, *, contract: Axes, batch: Axes) -> Any:
    """Batch axes first, then the free ones of x, then of y: one stacked matrix product."""
    dtype = x.dtype
    if xp is np:
        x, y = widened(x, y)
        if x.ndim == y.ndim == 2 and len(contract[0]) == 1 and not batch[0]:  # two matrices
            left = x if contract[0][0] == 1 else x.T
            out = np.matmul(left, y if contract[1][0] == 0 else y.T)
            return out if out.dtype == dtype else out.astype(dtype)
    free_x = free_axes(x.ndim, contract[0], batch[0])
    free_y = free_axes(y.ndim, contract[1], batch[1])
    stack = [x.shape[a] for a in batch[0]]
    rows, columns = [x.shape[a] for a in free_x], [y.shape[a] for a in free_y]
    inner = math.prod(x.shape[a] for a in contract[0])
    left = xp.reshape(
        xp.transpose(x, (*batch[0], *free_x, *contract[0])), (*stack, math.prod(rows), inner)
    )
    right = xp.reshape(
        xp.transpose(y, (*batch[1], *contract[1], *free_y)), (*stack, inner, math.prod(columns))
    )
    out = xp.reshape(xp.matmul(left, right), (*stack, *rows, *columns))
    return out if out.dtype == dtype else out.astype(dtype)


def _vjp(side: int) -> Any:
    def gradient(
        ct: Value, out: Value, x: Value, y: Value, *, contract: Axes, batch: Axes
    ) -> Value:
        mine, other = (x, y) if side == 0 else (y, x)
        free = free_axes(mine.ndim, contract[side], batch[side])
        free_other = free_axes(other.ndim, contract[1 - side], batch[1 - side])
        stacked = tuple(range(len(batch[0])))
        first = len(stacked) + (0 if side == 0 else ct.ndim - len(stacked) - len(free))
        used = tuple(a for a in range(len(stacked), ct.ndim) if not first <= a < first + len(free))
        # order of the product: batch, then ct's free axes or the other's contracted ones
        if side == 0:
            got = dot(ct, other, contract=(used, free_other), batch=(stacked, batch[1]))
            order = (*batch[0], *free, *_sorted_pairs(contract[1], contract[0]))
        else:
            got = dot(other, ct, contract=(free_other, used), batch=(batch[0], stacked))
            order = (*batch[1], *_sorted_pairs(contract[0], contract[1]), *free)
        return transpose(got, axes=tuple(map(int, np.argsort(order))))

    return gradient


def _sorted_pairs(keys: tuple[int, ...], partners: tuple[int, ...]) -> tuple[int, ...]:
    """The partners in the order of their keys: a product lists free axes in ascending order."""
    return tuple(partner for _, partner in sorted(zip(keys, partners, strict=True)))


def _cost(node: Node) -> int:
    inner = math.prod(node.inputs[0].shape[a] for a in node.params["contract"][0])
    return 2 * node.specs[0].size * inner


def _shown(node: Node, operands: Sequence[Term]) -> Term:
    """A matrix product with its transposes; other contractions by their axes."""
    (left, right), batch = node.params["contract"], node.params["batch"]
    shapes = [v.shape for v in node.inputs]
    first, stacked = len(batch[0]), batch[0] == batch[1] == tuple(range(len(batch[0])))
    if stacked and len(left) == 1 and all(len(s) - first <= 2 for s in shapes):
        ends = [len(s) - 1 for s in shapes]
        x = operands[0].within(0) + ("" if left[0] == ends[0] else "ᵀ")
        y = operands[1].within(0) + ("" if right[0] == first else "ᵀ")
        return Term(f"{x} · {y}", 2)
    if not batch[0] and len(left) == 1 and left[0] == len(shapes[0]) - 1 and right[0] == 0:
        return Term(f"{operands[0].within(0)} · {operands[1].within(0)}", 2)
    over = f"axes {listed(left)} with {listed(right)}"
    return Term(f"contract({operands[0].text}, {operands[1].text}; {over})")


# sum over the contracted axes of x and y, for each entry of the batch axes; see `_forward`.
dot = record(
    "dot",
    _rule,
    _forward,
    vjp=(_vjp(0), _vjp(1)),
    samples=cases(
        ((3, 4), (4, 2), {"contract": ((1,), (0,)), "batch": ((), ())}),
        ((5, 3, 4), (5, 4, 2), {"contract": ((2,), (1,)), "batch": ((0,), (0,))}),
        ((2, 3, 4), (4, 5, 2), {"contract": ((2, 0), (0, 2)), "batch": ((), ())}),
        ((3,), (2,), {"contract": ((), ()), "batch": ((), ())}),
        ((0, 4), (4, 2), {"contract": ((1,), (0,)), "batch": ((), ())}),
    ),
    tiled=True,
    cost=_cost,
    shown=_shown,
    rows=rows.contraction,
)


def _wide_rule(x: Spec, y: Spec, *, contract: Axes, batch: Axes, dtype: str, offset: int) -> Spec:
    shape = _rule(Spec(x.shape, dtype), Spec(y.shape, dtype), contract=contract, batch=batch).shape
    return Spec(shape, dtype)


def _wide_forward(
    xp: Namespace,
    x: np.ndarray,
    y: np.ndarray,
    *,
    contract: Axes,
    batch: Axes,
    dtype: str,
    offset: int,
) -> Any:
    x, y = x.astype(np_dtype(dtype)), y.astype(np_dtype(dtype))
    y = y + np_dtype(dtype).type(offset) if offset else y
    return _forward(xp, x, y, contract=contract, batch=batch)


def _wide_samples(rng: np.random.Generator) -> Any:
    whole = [rng.integers(-128, 128, shape).astype("int8") for shape in ((3, 8), (8, 2), (2, 5, 8))]
    plain = {"contract": ((1,), (0,)), "batch": ((), ()), "dtype": "int32", "offset": 0}
    turned = {"contract": ((2,), (1,)), "batch": ((), ()), "dtype": "int32"}
    return [
        ((rng.normal(size=(3, 4)), rng.normal(size=(4, 2))), {**plain, "dtype": "float64"}),
        ((whole[0], whole[1]), plain),
        ((whole[2], whole[0]), {**turned, "offset": 128}),
    ]


# `dot` of narrow numbers whose sums are of a wider dtype: halves in float32, small whole numbers in int32. offset:
# added to the numbers of y. Nobody records one: `primitives/narrow.py` puts it where an executor has instructions.
wide_dot = record(
    "wide_dot",
    _wide_rule,
    _wide_forward,
    samples=_wide_samples,
    tiled=True,
    flat=True,
    cost=_cost,
    shown=_shown,
    rows=rows.contraction,
)
