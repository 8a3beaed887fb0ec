"""Convolution, channels last: one operation that is its own gradient in both operands."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from narae.base.errors import DtypeError, ShapeError, differing
from narae.base.types import KnownShape, Namespace
from narae.base.windows import dilated, laid_out
from narae.graph.ir import Node, Spec, Value
from narae.graph.notation import Term
from narae.primitives import rows
from narae.primitives.record import record, widened
from narae.primitives.records.shape import flip_axes, reshape, transpose
from narae.primitives.samples import cases

Pads = tuple[tuple[int, int], ...]


def positions(length: int, window: int, stride: int, dilation: int = 1) -> int:
    """How many windows fit an axis."""
    return max(0, (length - dilated(window, dilation)) // stride + 1)


def _rule(
    x: Spec,
    w: Spec,
    *,
    strides: KnownShape,
    padding: Pads,
    lhs_dilation: KnownShape,
    rhs_dilation: KnownShape,
    groups: int,
) -> Spec:
    """x: (N, *S, C), w: (*K, C / groups, F) -> (N, *O, F)."""
    rank = len(x.shape) - 2
    if x.dtype != w.dtype:
        raise DtypeError(f"conv takes operands of one dtype, got {x.dtype} and {w.dtype}")
    if rank < 1 or len(w.shape) != rank + 2:
        raise ShapeError(
            f"conv takes x (batch, *space, channels) and a kernel (*window, channels / groups, "
            f"filters) of equal rank, got {x.shape} and {w.shape}"
        )
    channels, filters = x.shape[-1], w.shape[-1]
    if w.shape[-2] * groups != channels or filters % groups:
        raise ShapeError(
            f"conv of {channels} channels in {groups} group(s) takes a kernel of "
            f"{channels / groups:g} input channels and filters that {groups} divides, got kernel "
            f"{w.shape}",
            lengths=differing((channels,), (w.shape[-2] * groups,)),
        )
    space = [
        positions(max(0, dilated(n, ld) + lo + hi), k, s, rd)
        for n, k, s, (lo, hi), ld, rd in zip(
            x.shape[1:-1], w.shape[:rank], strides, padding, lhs_dilation, rhs_dilation, strict=True
        )
    ]
    return Spec((x.shape[0], *space, filters), x.dtype)


def _with_borders(x: np.ndarray, padding: Pads, dilation: tuple[int, ...]) -> np.ndarray:
    """x with gaps in its spatial axes, padded with zeros (cropped where a width is negative)."""
    if all(d == 1 for d in dilation) and all(p == (0, 0) for p in padding):
        return x
    total, into, taken = laid_out(x.shape[1:-1], padding, dilation)
    out = np.zeros((x.shape[0], *total, x.shape[-1]), x.dtype)
    out[(slice(None), *into)] = x[(slice(None), *taken)]
    return out


def _forward(
    xp: Namespace,
    x: np.ndarray,
    w: np.ndarray,
    *,
    strides: KnownShape,
    padding: Pads,
    lhs_dilation: KnownShape,
    rhs_dilation: KnownShape,
    groups: int,
) -> Any:
    dtype = x.dtype
    x, w = widened(x, w)
    out = _convolved(x, w, strides, padding, lhs_dilation, rhs_dilation, groups)
    return out if out.dtype == dtype else out.astype(dtype)


def _convolved(
    x: np.ndarray,
    w: np.ndarray,
    strides: KnownShape,
    padding: Pads,
    lhs_dilation: KnownShape,
    rhs_dilation: KnownShape,
    groups: int,
) -> np.ndarray:
    window, (channels, filters) = w.shape[:-2], w.shape[-2:]
    x = _with_borders(x, padding, lhs_dilation)
    space = tuple(map(positions, x.shape[1:-1], window, strides, rhs_dilation))
    shape = (x.shape[0], *space, filters)
    if 0 in shape or 0 in w.shape:
        return np.zeros(shape, x.dtype)
    depthwise = channels == 1 and groups == filters
    wide = groups == 1 and channels >= _WIDE
    if (depthwise or wide) and math.prod(window) <= math.prod(space):
        kernel, product = (w[..., 0, :], np.multiply) if depthwise else (w, np.matmul)
        return _by_taps(x, kernel, product, shape, strides, rhs_dilation)
    return _by_columns(x, w, shape, strides, rhs_dilation, groups)


_WIDE = 4  # channels from which a product per tap beats copying all windows (measured)


def _by_taps(
    x: np.ndarray,
    w: np.ndarray,
    product: Callable[..., Any],
    shape: KnownShape,
    strides: KnownShape,
    dilation: KnownShape,
) -> np.ndarray:
    """The sum over the kernel's taps of the image, moved, times the tap: no window is copied."""
    rank = len(shape) - 2
    out, part = np.zeros(shape, x.dtype), np.empty(shape, x.dtype)
    for index in np.ndindex(*w.shape[:rank]):
        place = [
            slice(i * d, i * d + dilated(n, s), s)
            for i, d, n, s in zip(index, dilation, shape[1:-1], strides, strict=True)
        ]
        out += product(x[(slice(None), *place)], w[index], out=part)
    return out


def _by_columns(
    x: np.ndarray,
    w: np.ndarray,
    shape: KnownShape,
    strides: KnownShape,
    dilation: KnownShape,
    groups: int,
) -> np.ndarray:
    """All windows side by side, times the kernel as a matrix: one product per group."""
    window, filters = w.shape[:-2], w.shape[-1]
    rank = len(window)
    spans = tuple(map(dilated, window, dilation))
    view = sliding_window_view(x, spans, axis=tuple(range(1, rank + 1)))
    steps = tuple(slice(None, None, s) for s in strides)
    gaps = tuple(slice(None, None, d) for d in dilation)
    view = view[(slice(None), *steps, slice(None), *gaps)]  # (N, *O, C, *K)
    view = view.reshape(*view.shape[: rank + 1], groups, -1, *window)
    order = (rank + 1, *range(rank + 1), *range(rank + 3, 2 * rank + 3), rank + 2)
    columns = view.transpose(order).reshape(groups, -1, math.prod(w.shape[:-1]))
    kernel = w.reshape(-1, groups, filters // groups).transpose(1, 0, 2)
    return np.matmul(columns, kernel).transpose(1, 0, 2).reshape(shape)


def _grouped(value: Value, axis: int, groups: int, into: int) -> Value:
    """One axis's groups moved before another axis: (.., g a, .., b, ..) -> (.., a, .., g b, ..)."""
    if groups == 1:
        return value
    shape = value.shape
    split = reshape(value, shape=(*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :]))
    order = [a for a in range(split.ndim) if a != axis]
    order.insert(order.index(into if into < axis else into + 1), axis)
    merged = list(shape)
    merged[axis] //= groups
    merged[into] *= groups
    return reshape(transpose(split, axes=tuple(order)), shape=tuple(merged))


def _swapped(value: Value, a: int, b: int) -> Value:
    order = list(range(value.ndim))
    order[a], order[b] = b, a
    return transpose(value, axes=tuple(order))


def _vjp_x(
    ct: Value,
    out: Value,
    x: Value,
    w: Value,
    *,
    strides: KnownShape,
    padding: Pads,
    lhs_dilation: KnownShape,
    rhs_dilation: KnownShape,
    groups: int,
) -> Value:
    """The cotangent, spread by the strides, convolved with the mirrored kernel."""
    rank = ct.ndim - 2
    mirrored = flip_axes(w, tuple(range(rank)))
    kernel = _swapped(_grouped(mirrored, rank + 1, groups, rank), rank, rank + 1)
    pads = []
    for i, (lo, _) in enumerate(padding):
        before = dilated(w.shape[i], rhs_dilation[i]) - 1 - lo
        wanted = dilated(x.shape[i + 1], lhs_dilation[i]) + dilated(w.shape[i], rhs_dilation[i]) - 1
        pads.append((before, wanted - dilated(ct.shape[i + 1], strides[i]) - before))
    return conv(
        ct,
        kernel,
        strides=lhs_dilation,
        padding=tuple(pads),
        lhs_dilation=strides,
        rhs_dilation=rhs_dilation,
        groups=groups,
    )


def _vjp_w(
    ct: Value,
    out: Value,
    x: Value,
    w: Value,
    *,
    strides: KnownShape,
    padding: Pads,
    lhs_dilation: KnownShape,
    rhs_dilation: KnownShape,
    groups: int,
) -> Value:
    """x convolved with the cotangent: channels as the batch, the batch as the channels."""
    rank = ct.ndim - 2
    image = _swapped(_grouped(x, rank + 1, groups, 0), 0, rank + 1)
    order = (*range(1, rank + 1), 0, rank + 1)
    pads = []
    for i, (lo, _) in enumerate(padding):
        wanted = dilated(w.shape[i], rhs_dilation[i]) + dilated(ct.shape[i + 1], strides[i]) - 1
        pads.append((lo, wanted - dilated(x.shape[i + 1], lhs_dilation[i]) - lo))
    got = conv(
        image,
        transpose(ct, axes=order),
        strides=rhs_dilation,
        padding=tuple(pads),
        lhs_dilation=lhs_dilation,
        rhs_dilation=strides,
        groups=groups,
    )
    return transpose(got, axes=order)


def _params(rank: int, **changed: Any) -> dict[str, Any]:
    ones = (1,) * rank
    plain = {
        "strides": ones,
        "padding": ((0, 0),) * rank,
        "lhs_dilation": ones,
        "rhs_dilation": ones,
    }
    return {**plain, "groups": 1, **changed}


def _cost(node: Node) -> int:
    # gaps between the input's elements are no numbers to multiply with
    gaps = math.prod(node.params["lhs_dilation"])
    return 2 * node.specs[0].size * math.prod(node.inputs[1].shape[:-1]) // gaps


_LARGE = (
    1 << 24
)  # multiplications, from which on a program is faster than NumPy's columns, copies included


def _large(out: Spec, x: Spec, w: Spec) -> bool:
    return out.size * math.prod(w.shape[:-1]) >= _LARGE and out.dtype in ("float32", "float64")


def _shown(node: Node, operands: Sequence[Term]) -> Term:
    extra = "".join(
        f", {name} {'×'.join(map(str, node.params[key]))}"
        for key, name in (("strides", "strides"), ("rhs_dilation", "dilation"))
        if any(n != 1 for n in node.params[key])
    )
    groups = node.params["groups"]
    extra += f", groups {groups}" if groups != 1 else ""
    return Term(f"conv({operands[0].text}, {operands[1].text}{extra})")


# out[n, o, f] = sum over k, c of laid_out(x)[n, o * strides + k * rhs_dilation, c] w[k, c, f],
# where filter f sees the channels of its group.
conv = record(
    "conv",
    _rule,
    _forward,
    vjp=(_vjp_x, _vjp_w),
    samples=cases(
        ((2, 5, 3), (2, 3, 4), _params(1)),
        (
            (2, 6, 4),
            (3, 2, 6),
            _params(1, strides=(2,), padding=((1, 2),), rhs_dilation=(2,), groups=2),
        ),
        ((1, 4, 5, 2), (3, 2, 2, 3), _params(2, strides=(2, 1), padding=((1, 1), (0, 1)))),
        ((1, 3, 2), (3, 1, 4), _params(1, padding=((-1, 4),), lhs_dilation=(3,), groups=2)),
        ((0, 5, 2), (2, 2, 1), _params(1)),
        ((1, 2, 2), (3, 2, 1), _params(1)),
    ),
    tiled=True,
    large=_large,
    cost=_cost,
    shown=_shown,
    rows=rows.first_only,
)
