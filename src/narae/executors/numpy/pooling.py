"""Own lowerings of windows that are reduced, of their gradients, and of overlap-add."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from narae.executors.numpy.calls import Arrays, BlockLoop, Call, call
from narae.executors.numpy.lowerings import lowering
from narae.executors.shared.memory import Scratch
from narae.executors.shared.params import Params
from narae.graph.ir import Node

_COMBINE = {"sum": np.add, "max": np.maximum, "min": np.minimum}
Index = tuple[slice, ...]


def _strided(first: int, count: int, step: int) -> slice:
    """`count` places from `first` on."""
    return slice(first, first + (count - 1) * step + 1, step) if count else slice(0, 0)


def _neutral(kind: str, dtype: np.dtype) -> Any:
    """What leaves the other operand of a sum, max or min as it is."""
    if kind == "sum":
        return 0
    if dtype.kind in "iu":
        return np.iinfo(dtype).min if kind == "max" else np.iinfo(dtype).max
    return -np.inf if kind == "max" else np.inf


def _inside(image: np.ndarray, x: np.ndarray, params: Params) -> np.ndarray:
    """The view of a padded array without its padding."""
    index = [slice(None)] * image.ndim
    for a, (lo, _) in zip(params["axes"], params["padding"], strict=True):
        index[a] = slice(lo, lo + x.shape[a])
    return image[tuple(index)]


def _padded(x: np.ndarray, params: Params, scratch: Scratch) -> np.ndarray:
    """Scratch for x with its padding; x itself where there is none."""
    shape = list(x.shape)
    for a, (lo, hi) in zip(params["axes"], params["padding"], strict=True):
        shape[a] += lo + hi
    return x if tuple(shape) == x.shape else scratch.take(tuple(shape), x.dtype)


def _filled(
    x: np.ndarray, fill: float, params: Params, scratch: Scratch
) -> tuple[np.ndarray, list[Call]]:
    image = _padded(x, params, scratch)
    if image is x:
        return x, []
    return image, [
        call(np.copyto, image, np.asarray(fill, x.dtype)),
        call(np.copyto, _inside(image, x, params), x),
    ]


@lowering("reduce_window")
def _reduce_window(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    """A box is a window of each axis in turn: as many passes as the sum of its sides."""
    params, (x,), (out,) = node.params, ins, outs
    combine = _COMBINE[params["kind"]]
    before, calls = _filled(x, _neutral(params["kind"], x.dtype), params, scratch)
    last = len(params["axes"]) - 1
    if last < 0:
        return [*calls, call(np.copyto, out, before)]
    for i, (a, k, s, d) in enumerate(
        zip(*(params[key] for key in ("axes", "window", "strides", "dilation")), strict=True)
    ):
        shape = (*before.shape[:a], out.shape[a], *before.shape[a + 1 :])
        after = out if i == last else scratch.take(shape, x.dtype)
        taps = [before[(*(slice(None),) * a, _strided(t * d, out.shape[a], s))] for t in range(k)]
        calls.append(call(np.copyto, after, taps[0]))
        calls += [call(combine, after, tap, out=after) for tap in taps[1:]]
        before = after
    return calls


def _taps(shape: tuple[int, ...], params: Params) -> Iterator[Index]:
    """The slices of a padded array that hold element k of every window, for each k in order."""
    axes, strides, dilation = params["axes"], params["strides"], params["dilation"]
    for index in np.ndindex(*params["window"]):
        target = [slice(None)] * len(shape)
        for a, i, s, d in zip(axes, index, strides, dilation, strict=True):
            target[a] = _strided(i * d, shape[a], s)
        yield tuple(target)


@lowering("place_extremes")
def _place_extremes(
    node: Node, ins: Arrays, outs: Arrays, scratch: Scratch
) -> Sequence[Call | BlockLoop]:
    """Each tap in turn takes the cotangent where it is the first to equal its window's peak."""
    (ct, x, peak), (out,), params = ins, outs, node.params
    # padding never equals a peak that is in the array: NaN equals nothing
    image, calls = _filled(x, np.nan if x.dtype.kind not in "iu" else 0, params, scratch)
    total = out if image is x else scratch.take(image.shape, ct.dtype)
    free, hit = (scratch.take(peak.shape, np.dtype(bool)) for _ in range(2))
    bits = np.dtype(f"i{ct.dtype.itemsize}")
    mask = scratch.take(peak.shape, bits)
    part = mask.view(ct.dtype)
    taps = [
        [
            call(np.equal, image[tap], peak, out=hit),
            call(np.logical_and, hit, free, out=hit),
            call(np.greater, free, hit, out=free),
            call(np.copyto, mask, hit),
            call(np.negative, mask, out=mask),
            call(np.bitwise_and, mask, ct.view(bits), out=mask),
            call(np.add, total[tap], part, out=total[tap]),
        ]
        for tap in _taps(peak.shape, params)
    ]
    start = [call(np.copyto, total, 0), call(np.copyto, free, True)]
    end = [] if total is out else [call(np.copyto, out, _inside(total, x, params))]
    return [*calls, *start, BlockLoop(taps), *end]


@lowering("fold_windows")
def _fold_windows(
    node: Node, ins: Arrays, outs: Arrays, scratch: Scratch
) -> Sequence[Call | BlockLoop]:
    """Element (o, k) of an axis goes to o * stride + k * dilation. The loop runs over the shorter
    of the two on each axis, whole slices at a time."""
    (x,), (out,), params = ins, outs, node.params
    kept = list(range(out.ndim))
    looped, counts, placed = [], [], []
    for i, (a, s, d) in enumerate(
        zip(*(params[key] for key in ("axes", "strides", "dilation")), strict=True)
    ):
        tap = out.ndim + i
        short, long, step, other = (tap, a, d, s) if x.shape[tap] <= x.shape[a] else (a, tap, s, d)
        kept[a] = long
        looped.append(short)
        counts.append(x.shape[short])
        placed.append((a, step, x.shape[long], other))
    parts = x.transpose(*looped, *kept)
    blocks = []
    for index in np.ndindex(*counts):
        target = [slice(None)] * out.ndim
        for i, (a, step, count, other) in zip(index, placed, strict=True):
            target[a] = _strided(i * step, count, other)
        place = out[tuple(target)]
        blocks.append([call(np.add, place, parts[index], out=place)])
    return [call(np.copyto, out, 0), *([BlockLoop(blocks)] if blocks else [])]
