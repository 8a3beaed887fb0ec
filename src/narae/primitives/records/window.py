"""Sliding windows: as a view, added up again, and reduced (pooling)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from narae.base.dtypes import is_float, np_dtype
from narae.base.errors import ShapeError, differing
from narae.base.types import KnownShape, Namespace
from narae.base.windows import dilated
from narae.graph.ir import Node, Spec, Value
from narae.primitives import costs, rows
from narae.primitives.notation import over_windows
from narae.primitives.record import Summing, check_kind, record
from narae.primitives.records.conv import Pads, positions
from narae.primitives.records.shape import broadcast_to, reshape, slice_
from narae.primitives.samples import cases


def counted(
    shape: KnownShape,
    axes: KnownShape,
    window: KnownShape,
    strides: KnownShape,
    dilation: KnownShape,
) -> KnownShape:
    """`shape` with the number of windows in place of each of `axes`."""
    out = list(shape)
    for a, k, s, d in zip(axes, window, strides, dilation, strict=True):
        if k < 1 or s < 1 or d < 1:
            raise ShapeError(
                f"a window of {window}, strides {strides}, dilation {dilation}: all must be >= 1"
            )
        out[a] = positions(shape[a], k, s, d)
    return tuple(out)


def _windows_rule(
    x: Spec, *, axes: KnownShape, window: KnownShape, strides: KnownShape, dilation: KnownShape
) -> Spec:
    return Spec((*counted(x.shape, axes, window, strides, dilation), *window), x.dtype)


def _windows(
    xp: Namespace,
    x: np.ndarray,
    *,
    axes: KnownShape,
    window: KnownShape,
    strides: KnownShape,
    dilation: KnownShape,
) -> Any:
    shape = counted(x.shape, axes, window, strides, dilation)
    steps, inner = list(x.strides), []
    for a, s, d in zip(axes, strides, dilation, strict=True):
        inner.append(x.strides[a] * d)
        steps[a] *= s
    return as_strided(x, (*shape, *window), (*steps, *inner), writeable=False)


def _fold_rule(
    x: Spec,
    *,
    shape: KnownShape,
    axes: KnownShape,
    window: KnownShape,
    strides: KnownShape,
    dilation: KnownShape,
) -> Spec:
    wanted = (*counted(shape, axes, window, strides, dilation), *window)
    if x.shape != wanted:
        raise ShapeError(
            f"folding into {shape} takes windows of shape {wanted}, got {x.shape}",
            lengths=differing(x.shape, wanted),
        )
    return Spec(tuple(shape), x.dtype)


def _fold(
    xp: Namespace,
    x: np.ndarray,
    *,
    shape: KnownShape,
    axes: KnownShape,
    window: KnownShape,
    strides: KnownShape,
    dilation: KnownShape,
) -> Any:
    """Add the windows up: element (o, k) of an axis goes to o * stride + k * dilation.

    The loop runs over the shorter of the two, whole slices at a time.
    """
    out = np.zeros(shape, x.dtype)
    loops: list[
        tuple[int, int, int, int, int]
    ] = []  # looped axis of x, its length, its step; the other's
    for i, a in enumerate(axes):
        tap = len(shape) + i
        place = (a, x.shape[a], strides[i], x.shape[tap], dilation[i])
        inner = (tap, x.shape[tap], dilation[i], x.shape[a], strides[i])
        loops.append(inner if x.shape[tap] <= x.shape[a] else place)
    # The looped axes first, the kept one of each pair where the result has it.
    kept = list(range(len(shape)))
    for i, (a, loop) in enumerate(zip(axes, loops, strict=True)):
        kept[a] = len(shape) + i if loop[0] == a else a
    parts = np.transpose(x, [loop[0] for loop in loops] + kept)
    for index in np.ndindex(*(loop[1] for loop in loops)):
        target = [slice(None)] * len(shape)
        for a, i, (_, _, step, count, other) in zip(axes, index, loops, strict=True):
            target[a] = slice(i * step, i * step + dilated(count, other), other)
        out[tuple(target)] += parts[index]
    return out


_GRID: dict[str, Any] = {"axes": (0, 1), "window": (2, 3), "strides": (2, 1), "dilation": (1, 2)}
_LINE: dict[str, Any] = {"axes": (1,), "window": (3,), "strides": (2,), "dilation": (1,)}

# x's windows along `axes`: the axes count them, and the windows' own axes come last.
windows = record(
    "windows",
    _windows_rule,
    _windows,
    vjp=(lambda ct, out, x, **p: fold_windows(ct, shape=x.shape, **p),),
    samples=cases(((5, 6), _GRID), ((2, 7, 2), _LINE), ((2, 2, 2), _LINE)),
    view=True,
    shown=over_windows,
    exact=True,
    rows=rows.beside,
)
# Overlap-add of windows into zeros of `shape`: the transpose of `windows`.
fold_windows = record(
    "fold_windows",
    _fold_rule,
    _fold,
    vjp=(lambda ct, out, x, *, shape, **p: windows(ct, **p),),
    samples=cases(
        ((2, 2, 2, 3), {"shape": (5, 6), **_GRID}),
        ((2, 3, 2, 3), {"shape": (2, 7, 2), **_LINE}),
        ((4, 0, 2, 3), {"shape": (4, 2, 2), **_LINE}),
    ),
    kind=Summing,
    cost=costs.per_input,
    shown=over_windows,
    rows=rows.placing,
)

_COMBINE = {"sum": "add", "max": "maximum", "min": "minimum"}


def _pool_rule(
    x: Spec,
    *,
    kind: str,
    axes: KnownShape,
    window: KnownShape,
    strides: KnownShape,
    padding: Pads,
    dilation: KnownShape,
) -> Spec:
    check_kind(f"reduce_window of kind {kind}", x.dtype, "number")
    return Spec(
        counted(padded_shape(x.shape, axes, padding), axes, window, strides, dilation), x.dtype
    )


def padded_shape(shape: KnownShape, axes: KnownShape, padding: Pads) -> KnownShape:
    """`shape` with (before, after) added to each of `axes`."""
    out = list(shape)
    for a, (lo, hi) in zip(axes, padding, strict=True):
        out[a] += lo + hi
    return tuple(out)


def lowest(dtype: str, kind: str) -> Any:
    """What leaves the other operand of a sum, max or min as it is."""
    if kind == "sum":
        return 0
    if is_float(dtype):
        return -np.inf if kind == "max" else np.inf
    limits = np.iinfo(np_dtype(dtype))
    return limits.min if kind == "max" else limits.max


def _filled(x: np.ndarray, fill: float, axes: KnownShape, padding: Pads) -> np.ndarray:
    """x padded with one number; x itself where there is nothing to pad."""
    if all(p == (0, 0) for p in padding):
        return x
    out = np.full(padded_shape(x.shape, axes, padding), fill, x.dtype)
    _inside(out, x.shape, axes, padding)[...] = x
    return out


def _inside(image: np.ndarray, shape: KnownShape, axes: KnownShape, padding: Pads) -> np.ndarray:
    """The view of a padded array without its padding."""
    index = [slice(None)] * image.ndim
    for a, (lo, _) in zip(axes, padding, strict=True):
        index[a] = slice(lo, lo + shape[a])
    return image[tuple(index)]


def _pool(
    xp: Namespace,
    x: np.ndarray,
    *,
    kind: str,
    axes: KnownShape,
    window: KnownShape,
    strides: KnownShape,
    padding: Pads,
    dilation: KnownShape,
) -> Any:
    """A box is a window of each axis in turn: as many passes as the sum of its sides."""
    combine = getattr(np, _COMBINE[kind])
    out = _filled(x, lowest(x.dtype.name, kind), axes, padding)
    for a, k, s, d in zip(axes, window, strides, dilation, strict=True):
        count, before = positions(out.shape[a], k, s, d), out
        out = before[_tap(before.ndim, a, 0, count, s)].copy()
        for i in range(1, k):
            combine(out, before[_tap(out.ndim, a, i * d, count, s)], out=out)
    return out


def _tap(ndim: int, axis: int, first: int, count: int, step: int) -> tuple[slice, ...]:
    index = [slice(None)] * ndim
    index[axis] = slice(first, first + dilated(count, step), step)
    return tuple(index)


def _pool_vjp(ct: Value, out: Value, x: Value, *, kind: str, **params: Any) -> Value:
    if kind != "sum":
        return place_extremes(ct, x, out, **params)
    axes, window, padding = params["axes"], params["window"], params["padding"]
    spread = reshape(ct, shape=(*ct.shape, *(1,) * len(window)))
    spread = broadcast_to(spread, shape=(*ct.shape, *window))
    shape = padded_shape(x.shape, axes, padding)
    grid = {name: params[name] for name in ("axes", "window", "strides", "dilation")}
    return _cropped(fold_windows(spread, shape=shape, **grid), x.shape, axes, padding)


def _cropped(value: Value, shape: KnownShape, axes: KnownShape, padding: Pads) -> Value:
    if value.shape == shape:
        return value
    start = [0] * value.ndim
    for a, (lo, _) in zip(axes, padding, strict=True):
        start[a] = lo
    stop = tuple(a + n for a, n in zip(start, shape, strict=True))
    return slice_(value, start=tuple(start), stop=stop, step=(1,) * value.ndim)


def _taps(shape: KnownShape, params: dict[str, Any]) -> Any:
    """The slices of a padded array that hold element k of every window, for each k in order."""
    axes, strides, dilation = params["axes"], params["strides"], params["dilation"]
    for index in np.ndindex(*params["window"]):
        target = [slice(None)] * len(shape)
        for a, i, s, d in zip(axes, index, strides, dilation, strict=True):
            target[a] = slice(i * d, i * d + dilated(shape[a], s), s)
        yield tuple(target)


def _first_hits(x: np.ndarray, peak: np.ndarray, params: dict[str, Any]) -> Any:
    """For each tap: its slice, and where it is its window's first element equal to the peak."""
    free = np.ones(peak.shape, bool)
    # Padding never equals a peak that is in the array: NaN equals nothing.
    fill = np.nan if is_float(x.dtype.name) else 0
    image = _filled(x, fill, params["axes"], params["padding"])
    for tap in _taps(peak.shape, params):
        hit = (image[tap] == peak) & free
        free &= ~hit
        yield tap, hit


def _place(xp: Namespace, ct: np.ndarray, x: np.ndarray, peak: np.ndarray, **params: Any) -> Any:
    out = np.zeros(padded_shape(x.shape, params["axes"], params["padding"]), ct.dtype)
    for tap, hit in _first_hits(x, peak, params):
        out[tap] += np.where(hit, ct, ct.dtype.type(0))
    return _inside(out, x.shape, params["axes"], params["padding"])


def _pick(xp: Namespace, t: np.ndarray, x: np.ndarray, peak: np.ndarray, **params: Any) -> Any:
    image = _filled(t, 0, params["axes"], params["padding"])
    out = np.zeros(peak.shape, t.dtype)
    for tap, hit in _first_hits(x, peak, params):
        out += np.where(hit, image[tap], t.dtype.type(0))
    return out


_POOL: dict[str, Any] = {
    "axes": (0, 1),
    "window": (2, 3),
    "strides": (2, 1),
    "padding": ((1, 0), (1, 1)),
    "dilation": (1, 2),
}
_PLAIN: dict[str, Any] = {
    "axes": (1,),
    "window": (2,),
    "strides": (2,),
    "padding": ((0, 0),),
    "dilation": (1,),
}


def _pool_samples(rng: np.random.Generator) -> list[Any]:
    rows = [(rng.normal(size=(5, 6)), _POOL), (rng.normal(size=(2, 7, 2)), _PLAIN)]
    return [((x,), {"kind": kind, **params}) for x, params in rows for kind in _COMBINE]


def _cost(node: Node) -> int:
    return node.specs[0].size * math.prod(node.params["window"])


# The sum, max or min of each window along `axes`, padded with what changes nothing.
reduce_window = record(
    "reduce_window",
    _pool_rule,
    _pool,
    vjp=(_pool_vjp,),
    samples=_pool_samples,
    smooth=False,
    kind=Summing,
    cost=_cost,
    shown=over_windows,
    rows=rows.beside,
)


def _peaks(rng: np.random.Generator, of: str) -> list[Any]:
    rows = []
    for x, params in [
        (rng.normal(size=(5, 6)), _POOL),
        (rng.integers(0, 3, (2, 7, 2)) * 1.0, _PLAIN),
    ]:
        peak = _pool(np, x, kind="max", **params)
        moved = rng.normal(size=peak.shape if of == "peak" else x.shape)
        rows.append(((moved, x, peak), params))
    return rows


def _place_rule(ct: Spec, x: Spec, peak: Spec, **_: Any) -> Spec:
    return Spec(x.shape, ct.dtype)


# ct of each window at the place in x of the window's first element equal to its peak: the gradient
# of pooling by max or min, where the first of several equal elements takes all.
place_extremes = record(
    "place_extremes",
    _place_rule,
    _place,
    vjp=(lambda ct, out, t, x, peak, **p: pick_extremes(ct, x, peak, **p), None, None),
    samples=lambda rng: _peaks(rng, "peak"),
    tiled=True,
    shown=over_windows,
    rows=rows.beside,
)
# t at those places: the transpose of `place_extremes`.
pick_extremes = record(
    "pick_extremes",
    lambda t, x, peak, **_: Spec(peak.shape, t.dtype),
    _pick,
    vjp=(lambda ct, out, t, x, peak, **p: place_extremes(ct, x, peak, **p), None, None),
    samples=lambda rng: _peaks(rng, "x"),
    shown=over_windows,
    exact=True,
    rows=rows.beside,
)
