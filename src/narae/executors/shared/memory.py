"""The memory of a program: its arena, its arrays, and scratch that all steps share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import np_dtype
from narae.graph.ir import Node, Spec, run
from narae.graph.plan import ALIGNMENT, Plan

ArrayMap = Mapping[int, np.ndarray]  # arrays of a program's values, by uid


def aligned(size: int) -> np.ndarray:
    """Bytes that begin at a cache line."""
    raw = np.empty(size + ALIGNMENT, np.uint8)
    shift = -raw.ctypes.data % ALIGNMENT
    return raw[shift : shift + size]


def array_in(
    memory: np.ndarray, offset: int, shape: tuple[int, ...], dtype: np.dtype
) -> np.ndarray:
    """A C-contiguous array in the bytes from `offset` on."""
    if 0 in shape:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, memory, offset)  # type: ignore[call-overload]


def span(array: np.ndarray) -> tuple[int, int]:
    """The addresses of an array's first byte and of the one behind its last, however it lies."""
    low, high = np.lib.array_utils.byte_bounds(array)
    return low, (high if array.size else low)


def kept_of(array: np.ndarray, steps: int) -> np.ndarray:
    """Memory for what an array is after each of many steps, (steps, ...), each lying as it does: a copy of its span
    is one of the array, transposed or not."""
    low, high = span(array)
    raw = np.empty(steps * (high - low), np.uint8)
    strides = (high - low, *array.strides)
    offset = array.__array_interface__["data"][0] - low
    if not raw.size:
        return np.empty((steps, *array.shape), array.dtype)
    return np.ndarray((steps, *array.shape), array.dtype, raw, offset, strides)  # type: ignore[call-overload]


class Scratch:
    """Arrays for the inside of one step at a time. `release` gives back what was taken since
    `mark`."""

    def __init__(self) -> None:
        self._free: list[np.ndarray] = []
        self._taken: list[np.ndarray] = []
        self._arrays: dict[Any, np.ndarray] = {}

    def take(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """An array of scratch; the same one when asked for the same at the same point."""
        size = int(np.prod(shape)) * dtype.itemsize
        fitting = [b for b in self._free if b.size >= size]
        buffer = min(fitting, key=lambda b: b.size) if fitting else aligned(size)
        self._free = [b for b in self._free if b is not buffer]
        self._taken.append(buffer)
        key = (id(buffer), shape, dtype)
        if key not in self._arrays:
            self._arrays[key] = array_in(buffer, 0, shape, dtype)
        return self._arrays[key]

    def mark(self) -> int:
        """A point to release to."""
        return len(self._taken)

    def release(self, mark: int = 0) -> None:
        """Give back what was taken since the mark."""
        self._free += reversed(self._taken[mark:])
        del self._taken[mark:]


def make_arrays(
    plan: Plan,
    state: Sequence[np.ndarray],
    inputs: Sequence[np.ndarray] | None,
    placed: ArrayMap | None = None,
) -> dict[int, np.ndarray]:
    """The array of each value that has a home or is a view, by uid. Inputs not given are made.

    placed: arrays of results, for those that are not to be in the arena.
    """
    arrays = {v.uid: v.data for v in plan.graph.constants if v.data is not None}
    for node in plan.once:
        outs = run(node.op, [arrays[v.uid] for v in node.inputs], node.params)
        arrays.update(zip(node.uids, outs, strict=True))
    arena = aligned(plan.arena)
    for uid, home in plan.homes.items():
        spec = plan.values[uid].spec
        if home.kind == "arena":
            arrays[uid] = array_in(arena, home.index, spec.shape, np_dtype(spec.dtype))
        elif home.kind == "input":
            made = (
                np.zeros(spec.shape, np_dtype(spec.dtype)) if inputs is None else inputs[home.index]
            )
            arrays[uid] = made
        elif home.kind == "state":
            arrays[uid] = _checked(state[home.index], spec)
    arrays.update(placed or {})
    for node in plan.views:
        arrays[node.uids[0]] = _viewed(node, arrays)
    return arrays


def _viewed(node: Node, arrays: ArrayMap) -> np.ndarray:
    out = run(node.op, [arrays[v.uid] for v in node.inputs], node.params)[0]
    source = arrays[node.inputs[0].uid]
    if out.size and not np.may_share_memory(out, source):
        raise AssertionError(f"the plan has {node} as a view, and it is a copy")
    return out


def _checked(array: np.ndarray, spec: Spec) -> np.ndarray:
    fits = array.shape == spec.shape and array.dtype == np_dtype(spec.dtype)
    if not fits or not array.flags.c_contiguous or not array.flags.writeable:
        raise ValueError(
            f"state must be a writeable C-contiguous array of shape {spec.shape} and dtype "
            f"{spec.dtype}, got shape {array.shape} and dtype {array.dtype}"
        )
    return array


Fetch = Callable[[Any], np.ndarray]


class Layout:
    """A variable's numbers in an order that suits an executor."""


class Store:
    """The numbers of one variable. Programs on the processor bind the array for life and write to
    it in place; programs on a device leave what they compute there, until somebody looks.

    array: what is there without a look at the device. version: grows with every change of it.
    """

    __slots__ = ("__weakref__", "_there", "array", "version")

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.version = array, 0
        # What is on a device, and what makes an array of it where the array here is older (of
        # what was given, without a device too). In one: Ctrl-C may come between any two assignments.
        self._there: tuple[Any, Fetch | None] = (None, None)

    @property
    def device(self) -> Any:
        """The present value on a device, None where there is none."""
        return None if isinstance(self._there[0], Layout) else self._there[0]

    @property
    def form(self) -> Layout | None:
        """The present value in an order that suits an executor, None where there is none."""
        return self._there[0] if isinstance(self._there[0], Layout) else None

    @device.setter
    def device(self, value: Any) -> None:
        self._there = (value, None)

    def host(self) -> np.ndarray:
        """The array, with the present value in it."""
        device, fetch = self._there
        if fetch is not None:
            np.copyto(self.array, fetch(device))
            self.version += 1
            self._there = (device, None)
        return self.array

    def __reduce__(self) -> Any:
        return Store, (self.host(),)

    def write(self, value: np.ndarray) -> None:
        """Put another value in."""
        if self._there[1] is None:
            self._there = (None, None)
        np.copyto(self.array, value)  # what is newer on a device counts up to here
        self.version += 1
        self._there = (None, None)

    def give(self, value: np.ndarray) -> None:
        """Put another value in, which nobody writes to: it is copied when somebody looks."""
        self._there = (None, lambda _: value)

    def wrote(self) -> None:
        """The array was written to: what is on the device is old."""
        self.version += 1
        self._there = (None, None)

    def keep(self, device: Any, fetch: Fetch) -> None:
        """There is a newer value on a device. fetch: makes an array of it."""
        self._there = (device, fetch)
