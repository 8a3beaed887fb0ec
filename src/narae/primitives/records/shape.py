"""Moving elements without computing: reshape, transpose, broadcast, slice, pad, concatenate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import np_dtype
from narae.base.errors import DtypeError, ShapeError, differing
from narae.base.language import tr
from narae.base.types import KnownShape, Namespace
from narae.graph.ir import Node, Spec, Value
from narae.graph.notation import Term
from narae.primitives import rows
from narae.primitives.notation import as_operand, listed, over
from narae.primitives.record import constant, normalize_axis, record, sum_to
from narae.primitives.samples import cases


def _left(shape: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, int] | None:
    """The lengths that differ, one of each, where all others of two shapes are the same."""
    a, b = Counter(shape), Counter(other)
    only_a, only_b = [*(a - b).elements()], [*(b - a).elements()]
    if len(only_a) == 1:
        return only_a[0], math.prod(only_b)
    return (math.prod(only_a), only_b[0]) if len(only_b) == 1 else None


def _reshape_rule(x: Spec, *, shape: tuple[int, ...]) -> Spec:
    if math.prod(shape) != x.size:
        raise ShapeError(
            tr(
                "cannot reshape {shape} ({size} elements) to {shape2} ({prod} elements)",
                shape=x.shape,
                size=x.size,
                shape2=shape,
                prod=math.prod(shape),
            ),
            lengths=_left(x.shape, tuple(shape)),
        )
    return Spec(tuple(shape), x.dtype)


def _reshape_simplify(x: Value, *, shape: tuple[int, ...]) -> Value | None:
    if x.shape == tuple(shape):
        return x
    if x.node is not None and x.node.op is reshape:
        return reshape(x.node.inputs[0], shape=shape)
    return None


reshape = record(
    "reshape",
    _reshape_rule,
    lambda xp, x, *, shape: xp.reshape(x, shape),
    vjp=(lambda ct, out, x, *, shape: reshape(ct, shape=x.shape),),
    simplify=_reshape_simplify,
    samples=cases(
        ((3, 4), {"shape": (2, 6)}), ((6,), {"shape": (1, 6, 1)}), ((0, 3), {"shape": (3, 0)})
    ),
    view=True,
    shown=as_operand,
    exact=True,
    rows=rows.reshape,
)


def _transpose_rule(x: Spec, *, axes: tuple[int, ...]) -> Spec:
    if sorted(axes) != list(range(len(x.shape))):
        raise ShapeError(
            tr(
                "transpose of rank {count} takes each axis once, got axes {axes}",
                count=len(x.shape),
                axes=axes,
            )
        )
    return Spec(tuple(x.shape[a] for a in axes), x.dtype)


def _transpose_simplify(x: Value, *, axes: tuple[int, ...]) -> Value | None:
    if axes == tuple(range(len(axes))):
        return x
    if x.node is not None and x.node.op is transpose:
        inner = x.node.params["axes"]
        return transpose(x.node.inputs[0], axes=tuple(inner[a] for a in axes))
    return None


def _shown_transpose(node: Node, operands: Sequence[Term]) -> Term:
    axes = node.params["axes"]
    if axes == (1, 0):
        return Term(f"{operands[0].within(0)}ᵀ")
    return Term(f"transpose({operands[0].text}; {listed(axes)})")


transpose = record(
    "transpose",
    _transpose_rule,
    lambda xp, x, *, axes: xp.transpose(x, axes),
    vjp=(lambda ct, out, x, *, axes: transpose(ct, axes=tuple(map(int, np.argsort(axes)))),),
    simplify=_transpose_simplify,
    samples=cases(((3, 4), {"axes": (1, 0)}), ((2, 3, 4), {"axes": (2, 0, 1)})),
    view=True,
    shown=_shown_transpose,
    exact=True,
    rows=rows.transpose,
)


def _broadcast_rule(x: Spec, *, shape: tuple[int, ...]) -> Spec:
    lead = len(shape) - len(x.shape)
    fits = lead >= 0 and all(n in (1, m) for n, m in zip(x.shape, shape[lead:], strict=True))
    if not fits:
        raise ShapeError(
            tr(
                "cannot broadcast {shape} to {shape2}: a length must match or be 1",
                shape=x.shape,
                shape2=shape,
            ),
            lengths=differing(x.shape, shape[max(lead, 0) :], beside=1),
        )
    return Spec(tuple(shape), x.dtype)


def _broadcast_simplify(x: Value, *, shape: tuple[int, ...]) -> Value | None:
    if x.shape == tuple(shape):
        return x
    if x.node is not None and x.node.op is broadcast_to:
        return broadcast_to(x.node.inputs[0], shape=shape)
    return None


broadcast_to = record(
    "broadcast_to",
    _broadcast_rule,
    lambda xp, x, *, shape: xp.broadcast_to(x, shape),
    vjp=(lambda ct, out, x, *, shape: sum_to(ct, x.shape),),
    simplify=_broadcast_simplify,
    samples=cases(((3, 1), {"shape": (2, 3, 4)}), ((), {"shape": (3,)}), ((4,), {"shape": (0, 4)})),
    view=True,
    shown=as_operand,
    exact=True,
    rows=rows.broadcast_to,
)


def _slice_rule(x: Spec, *, start: KnownShape, stop: KnownShape, step: KnownShape) -> Spec:
    return Spec(tuple(map(len, map(range, start, stop, step))), x.dtype)


def slices(start: KnownShape, stop: KnownShape, step: KnownShape) -> tuple[slice, ...]:
    """NumPy's slices; a stop of -1 under a negative step means 'to the first element'."""
    return tuple(
        slice(a, None if s < 0 and b < 0 else b, s)
        for a, b, s in zip(start, stop, step, strict=True)
    )


def _slice_vjp(
    ct: Value, out: Value, x: Value, *, start: KnownShape, stop: KnownShape, step: KnownShape
) -> Value:
    if ct.shape == x.shape:  # all of it, in the one order or the other, which is turned again
        return slice_(ct, start=start, stop=stop, step=step)
    return unslice(ct, start=start, stop=stop, step=step, shape=x.shape)


def _slice_simplify(
    x: Value, *, start: KnownShape, stop: KnownShape, step: KnownShape
) -> Value | None:
    whole = (tuple(start), tuple(stop), tuple(step)) == ((0,) * x.ndim, x.shape, (1,) * x.ndim)
    return x if whole else None


def _shown_slice(node: Node, operands: Sequence[Term]) -> Term:
    ranges = (node.params["start"], node.params["stop"], node.params["step"])
    parts = [
        ":" if (a, b, s) == (0, n, 1) else f"{a}:{b}" + f":{s}" * (s != 1)
        for a, b, s, n in zip(*ranges, node.inputs[0].shape, strict=True)
    ]
    return Term(f"{operands[0].within(0)}[{', '.join(parts)}]")


# x[start:stop:step] on every axis, in absolute indices (stop may be -1 under a negative step).
slice_ = record(
    "slice",
    _slice_rule,
    lambda xp, x, *, start, stop, step: x[slices(start, stop, step)],
    vjp=(_slice_vjp,),
    simplify=_slice_simplify,
    samples=cases(
        ((5, 6), {"start": (1, 0), "stop": (4, 6), "step": (1, 2)}),
        ((5,), {"start": (4,), "stop": (-1,), "step": (-2,)}),
    ),
    view=True,
    shown=_shown_slice,
    exact=True,
    rows=rows.slice_,
)


def _unslice(
    xp: Namespace,
    x: np.ndarray,
    *,
    start: KnownShape,
    stop: KnownShape,
    step: KnownShape,
    shape: KnownShape,
) -> Any:
    out = np.zeros(shape, x.dtype)
    out[slices(start, stop, step)] = x
    return out


# Zeros of `shape` with x at the slice: the transpose of slice, and padding of every kind.
unslice = record(
    "unslice",
    lambda x, *, start, stop, step, shape: Spec(tuple(shape), x.dtype),
    _unslice,
    vjp=(
        lambda ct, out, x, *, start, stop, step, shape: slice_(
            ct, start=start, stop=stop, step=step
        ),
    ),
    samples=cases(
        ((3, 3), {"start": (1, 0), "stop": (4, 6), "step": (1, 2), "shape": (5, 6)}),
        ((3,), {"start": (4,), "stop": (-1,), "step": (-2,), "shape": (5,)}),
    ),
    exact=True,
    rows=rows.unslice,
)


def _concat_rule(*xs: Spec, axis: int) -> Spec:
    first = xs[0]
    rest = [s.shape[:axis] + s.shape[axis + 1 :] for s in xs]
    if any(len(s.shape) != len(first.shape) for s in xs) or len(set(rest)) != 1:
        raise ShapeError(
            tr(
                "concatenate along axis {axis} takes shapes that agree elsewhere, got {value}",
                axis=axis,
                value=[s.shape for s in xs],
            ),
            lengths=next(filter(None, (differing(rest[0], other) for other in rest)), None),
        )
    if len({s.dtype for s in xs}) != 1:
        raise DtypeError(
            tr("concatenate takes one dtype, got {value}", value=[s.dtype for s in xs])
        )
    total = sum(s.shape[axis] for s in xs)
    return Spec((*first.shape[:axis], total, *first.shape[axis + 1 :]), first.dtype)


def _concat_vjp(i: int, ct: Value, out: Value, *xs: Value, axis: int) -> Value:
    offset = sum(x.shape[axis] for x in xs[:i])
    start, stop = [0] * ct.ndim, list(ct.shape)
    start[axis], stop[axis] = offset, offset + xs[i].shape[axis]
    return slice_(ct, start=tuple(start), stop=tuple(stop), step=(1,) * ct.ndim)


concatenate = record(
    "concatenate",
    _concat_rule,
    lambda xp, *xs, axis: xp.concatenate(xs, axis=axis),
    vjp=_concat_vjp,
    simplify=lambda *xs, axis: xs[0] if len(xs) == 1 else None,
    samples=cases(((2, 3), (2, 1), (2, 0), {"axis": 1}), ((2,), (3,), {"axis": 0})),
    shown=over("concatenate"),
    exact=True,
    rows=rows.beside,
)

iota = record(
    "iota",
    lambda *, size, dtype: Spec((size,), dtype),
    lambda xp, *, size, dtype: xp.arange(size, dtype=np_dtype(dtype)),
    samples=lambda rng: [
        ((), {"size": 5, "dtype": "int32"}),
        ((), {"size": 0, "dtype": "float32"}),
    ],
    flat=True,
)


def flip_axes(x: Value, axes: tuple[int, ...]) -> Any:
    """x with the order along some axes reversed: a slice with step -1."""
    start = tuple(n - 1 if i in axes else 0 for i, n in enumerate(x.shape))
    stop = tuple(-1 if i in axes else n for i, n in enumerate(x.shape))
    step = tuple(-1 if i in axes else 1 for i in range(x.ndim))
    return slice_(x, start=start, stop=stop, step=step)


def pad_zeros(x: Value, widths: Sequence[tuple[int, int]]) -> Any:
    """x with zeros before and after along each axis: widths are (before, after) pairs."""
    shape = tuple(a + n + b for n, (a, b) in zip(x.shape, widths, strict=True))
    start = tuple(a for a, _ in widths)
    stop = tuple(a + n for n, (a, _) in zip(x.shape, widths, strict=True))
    return unslice(x, start=start, stop=stop, step=(1,) * x.ndim, shape=shape)


def full(value: float, shape: tuple[int, ...], dtype: str) -> Any:
    """A constant of a shape: one number, broadcast, so that it takes no memory."""
    return broadcast_to(constant(value, dtype), shape=tuple(shape))


def move_axis(x: Value, source: int, target: int) -> Any:
    """x with one axis moved to another place."""
    source, target = normalize_axis(source, x.ndim), normalize_axis(target, x.ndim)
    order = [a for a in range(x.ndim) if a != source]
    order.insert(target, source)
    return transpose(x, axes=tuple(order))
