"""Elementwise steps in blocks: arrays larger than the cache are streamed once, and what a step
computes for itself alone lives in scratch of a block's size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from narae.base.dtypes import np_dtype
from narae.base.types import KnownShape
from narae.executors.numpy.calls import Call
from narae.executors.numpy.lowerings import lower, ufunc_of
from narae.executors.shared.memory import Scratch
from narae.graph.fuse import Step

BLOCK = 1 << 15  # elements; half a dozen float32 arrays of them fit a core's second cache


def lower_step(step: Step, arrays: Mapping[int, np.ndarray], scratch: Scratch) -> list[list[Call]]:
    """The step's calls, for each block in turn. The same calls each time, on other arrays."""
    uids = (*step.reads, *step.outputs)
    places = _slots(step)
    blocks = []
    for parts, shape in _blocks(step, {u: arrays[u] for u in uids}):
        mark = scratch.mark()
        slots = [scratch.take(shape, dtype) for dtype in places.dtypes]
        parts.update((u, slots[i]) for u, i in places.of.items())
        calls: list[Call] = []
        for node in step.nodes:
            inner = scratch.mark()
            ins = [parts[v.uid] for v in node.inputs]
            made = lower(node, ins, [parts[u] for u in node.uids], scratch)
            calls += cast("Sequence[Call]", made)  # loops are for what is not elementwise
            scratch.release(inner)
        scratch.release(mark)
        blocks.append(calls)
    return blocks


def _blocks(
    step: Step, whole: dict[int, np.ndarray]
) -> list[tuple[dict[int, np.ndarray], KnownShape]]:
    """The arrays of each block, by uid, and the block's shape."""
    shape = step.shape
    assert shape is not None
    size = math.prod(shape)
    if size <= 2 * BLOCK or _single(step):
        return [(dict(whole), shape)]
    whole, shape = _flat(whole, shape)
    axis = next(i for i, n in enumerate(shape) if n > 1)
    rows = max(1, BLOCK // math.prod(shape[axis + 1 :]))
    cuts = [(i, min(shape[axis], i + rows)) for i in range(0, shape[axis], rows)]
    blocks = []
    for begin, end in cuts:
        parts = {id(a): _part(a, shape, axis, begin, end) for a in whole.values()}
        block = (*shape[:axis], end - begin, *shape[axis + 1 :])
        blocks.append(({u: parts[id(a)] for u, a in whole.items()}, block))
    return blocks


def _single(step: Step) -> bool:
    """One ufunc reads and writes each array once as it is."""
    node = step.nodes[0]
    return len(step.nodes) == 1 and ufunc_of(node.op) is not None


def _flat(
    whole: dict[int, np.ndarray], shape: KnownShape
) -> tuple[dict[int, np.ndarray], KnownShape]:
    """The arrays with one axis, where all lie so that this is a view; else as they are."""
    flat: dict[int, np.ndarray] = {}
    for array in whole.values():
        if array.ndim == 0:
            flat[id(array)] = array
        elif array.size == 1 or not any(array.strides):  # one number for all elements
            flat[id(array)] = array[(slice(0, 1),) * array.ndim].reshape(())
        elif array.shape == shape and array.flags.c_contiguous:
            flat[id(array)] = array.reshape(-1)
        else:
            return whole, shape
    return {u: flat[id(a)] for u, a in whole.items()}, (math.prod(shape),)


def _part(array: np.ndarray, shape: KnownShape, axis: int, begin: int, end: int) -> np.ndarray:
    own = axis - (len(shape) - array.ndim)
    if own < 0 or array.shape[own] == 1:
        return array  # the same for all blocks
    return array[(slice(None),) * own + (slice(begin, end),)]


class _Slots:
    """Which slot of scratch each inner value has, and the dtype of each slot."""

    def __init__(self) -> None:
        self.of: dict[int, int] = {}
        self.dtypes: list[np.dtype] = []
        self._free: list[int] = []

    def take(self, uid: int, dtype: np.dtype) -> None:
        """A free slot of the dtype, the last one given back first: it is in the cache."""
        fitting = [i for i in reversed(self._free) if self.dtypes[i] == dtype]
        if fitting:
            self._free.remove(fitting[0])
            self.of[uid] = fitting[0]
        else:
            self.of[uid] = len(self.dtypes)
            self.dtypes.append(dtype)

    def give(self, uid: int) -> None:
        """Give back a value's slot."""
        self._free.append(self.of[uid])


def _slots(step: Step) -> _Slots:
    """Slots by lifetime. A ufunc may write over what it reads; other calls write apart from it."""
    last = {v.uid: place for place, node in enumerate(step.nodes) for v in node.inputs}
    slots = _Slots()
    for place, node in enumerate(step.nodes):
        dying = {v.uid for v in node.inputs if v.uid in slots.of and last[v.uid] == place}
        in_place = ufunc_of(node.op) is not None
        if in_place:
            _give(slots, dying)
        for uid, spec in zip(node.uids, node.specs, strict=True):
            if uid in step.inner:
                slots.take(uid, np_dtype(spec.dtype))
        if not in_place:
            _give(slots, dying)
        _give(slots, {u for u in node.uids if u in step.inner and u not in last})
    return slots


def _give(slots: _Slots, uids: set[int]) -> None:
    for uid in sorted(uids):
        slots.give(uid)
