"""Own lowerings of reads and writes at computed places. Indices are widened into scratch, once."""

from __future__ import annotations

import math

import numpy as np

from narae.executors.numpy.calls import Call, call
from narae.executors.numpy.lowerings import Arrays, lowering
from narae.executors.shared.memory import Scratch
from narae.graph.ir import Node

_WIDE = np.dtype(np.intp)


@lowering("take")
def _take(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    (x, index), (out,), axis = ins, outs, node.params["axis"]
    calls: list[Call] = []
    if not x.flags.c_contiguous:  # np.take would copy it into memory of its own
        copy = scratch.take(x.shape, x.dtype)
        calls.append(call(np.copyto, copy, x))
        x = copy
    wide = scratch.take(index.shape, _WIDE)
    calls.append(call(widen, index, wide, x.shape[axis], "take"))
    return [*calls, call(np.take, x, wide, axis, out, "clip")]  # 'clip' writes to out directly


@lowering("take_along")
def _take_along(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    (x, index), (out,), axis = ins, outs, node.params["axis"]
    calls: list[Call] = []
    if not x.flags.c_contiguous:
        copy = scratch.take(x.shape, x.dtype)
        calls.append(call(np.copyto, copy, x))
        x = copy
    places = scratch.take(index.shape, _WIDE)
    calls.append(call(widen, index, places, x.shape[axis], "take_along_axis"))
    calls += _flattened(places, x.shape, axis)
    return [*calls, call(np.take, x.reshape(-1), places, None, out, "clip")]


@lowering("add_at")
def _add_at(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    """Element by element on flat arrays, for which np.add.at has a fast loop."""
    (index, updates), (out,), axis = ins, outs, node.params["axis"]
    before, after = out.shape[:axis], out.shape[axis + 1 :]
    length, inner = out.shape[axis], math.prod(after)
    wide = scratch.take(index.shape, _WIDE)
    places = scratch.take((math.prod(before), index.size, inner), _WIDE)
    starts = np.arange(math.prod(before), dtype=_WIDE).reshape(-1, 1, 1) * (length * inner)
    offsets = starts + np.arange(inner, dtype=_WIDE)
    calls = [
        call(widen, index, wide, length, "add_at"),
        call(np.multiply, wide, np.array(inner, _WIDE), wide),
        call(np.add, wide.reshape(1, -1, 1), offsets, places),
    ]
    return [*calls, *_added(out, places, updates, scratch)]


@lowering("put_along")
def _put_along(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    (index, updates), (out,), axis = ins, outs, node.params["axis"]
    places = scratch.take(index.shape, _WIDE)
    calls = [call(widen, index, places, out.shape[axis], "put_along_axis")]
    calls += _flattened(places, out.shape, axis)
    return [*calls, *_added(out, places, updates, scratch)]


def _flattened(places: np.ndarray, shape: tuple[int, ...], axis: int) -> list[Call]:
    """Turn positions along an axis into positions in the flat array of `shape`, in place."""
    strides = [math.prod(shape[a + 1 :]) for a in range(len(shape))]
    base = np.zeros((1,) * places.ndim, _WIDE)
    for a, n in enumerate(places.shape):
        if a != axis:
            lengths = [1] * places.ndim
            lengths[a] = n
            base = base + np.arange(n, dtype=_WIDE).reshape(lengths) * strides[a]
    return [
        call(np.multiply, places, np.array(strides[axis], _WIDE), places),
        call(np.add, places, base, places),
    ]


def _added(
    out: np.ndarray, places: np.ndarray, updates: np.ndarray, scratch: Scratch
) -> list[Call]:
    calls = [call(np.copyto, out, 0)]
    if not updates.flags.c_contiguous:
        copy = scratch.take(updates.shape, updates.dtype)
        calls.append(call(np.copyto, copy, updates))
        updates = copy
    return [*calls, call(np.add.at, out.reshape(-1), places.reshape(-1), updates.reshape(-1))]


def widen(index: np.ndarray, wide: np.ndarray, length: int, what: str) -> None:
    """Leave the indices in `wide`, negative ones counted from the end. Raises IndexError for one
    out of range."""
    if not index.size:
        return
    low, high = index.min(), index.max()
    if low < -length or high >= length:
        bad = int(high if high >= length else low)
        raise IndexError(f"{what}: index {bad} is out of range for an axis of length {length}")
    np.copyto(wide, index, casting="unsafe")
    if low < 0:
        np.add(wide, length, out=wide, where=wide < 0)
