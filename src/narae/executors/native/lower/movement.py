"""Steps that move numbers: copies, padding, concatenation, gathers and scatters."""

from __future__ import annotations

from functools import partial

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.kernels import gather
from narae.executors.native.lower.elementwise import bits_dtype, copy_tiles, fill_tiles
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Tile,
    address,
    cuts,
    joint_stride,
    lowers,
    size_of,
)
from narae.graph.fuse import Step


def lower_view(step: Step, context: Context) -> Lowered:
    """A view whose layout forces a copy."""
    node = step.nodes[0]
    x, out = context.ins(node)[0], context.out(node)
    if node.op.known == "reshape":  # in the order of x's elements
        return _lined_up(x, out)
    view = node.op.forward(np, x, **node.params)
    return Lowered([copy_tiles(view, out)], keep=[x, out])


def _lined_up(x: np.ndarray, out: np.ndarray) -> Lowered:
    return Lowered([copy_tiles(x, out.reshape(x.shape))], keep=[x, out])


@lowers("concatenate")
def lower_concatenate(step: Step, context: Context) -> Lowered:
    """Each part to its place, but for those that are there."""
    node = step.nodes[0]
    out, axis, start = context.out(node), node.params["axis"], 0
    tiles, keep = [], [out]
    for x in context.ins(node):
        index = (slice(None),) * axis + (slice(start, start + x.shape[axis]),)
        place = out[index]
        if address(x) != address(place):  # else it was made there
            tiles += copy_tiles(x, place)
        keep.append(x)
        start += x.shape[axis]
    return Lowered([tiles], keep=keep)


@lowers("unslice")
def lower_unslice(step: Step, context: Context) -> Lowered:
    """Zeros, then the part."""
    node = step.nodes[0]
    (x,), out, p = context.ins(node), context.out(node), node.params
    index = tuple(  # a stop of -1 under a negative step means: to the first element
        slice(a, None if s < 0 and b < 0 else b, s)
        for a, b, s in zip(p["start"], p["stop"], p["step"], strict=True)
    )
    into = out[index]
    return Lowered([fill_tiles(out), copy_tiles(x, into)], keep=[x, out])


@lowers("take")
def lower_take(step: Step, context: Context) -> Lowered:
    """Slices at indices."""
    node = step.nodes[0]
    (x, index), out = context.ins(node), context.out(node)
    axis, dtype = node.params["axis"], bits_dtype(out)
    if out.size == 0:
        return Lowered()
    if x.shape[axis] == 0:
        raise Unlowered("take from nothing")
    before: list[list[Tile]] = []
    if index.ndim and not _even(index):
        index = copied(index, before)
    outer_step, row_step = joint_stride(x, range(axis)), joint_stride(x, range(axis + 1, x.ndim))
    row = size_of(x.shape[axis + 1 :])
    if outer_step is None or (row_step != x.itemsize and row > 1):
        x = copied(x, before)
        outer_step = x.strides[axis] * x.shape[axis]
    gap, outer, count = _gap(index), size_of(x.shape[:axis]), index.size
    build = partial(gather.build_take, dtype=dtype, index=index.dtype.name)
    tiles = []
    for begin, end in cuts(count, -(-out.size // tuning.MOVED)) if outer == 1 else [(0, count)]:
        record = gather.Take(
            x=address(x),
            indices=address(index) + begin * gap,
            out=address(out) + begin * row * x.itemsize,
            error=context.error,
            outer=outer,
            count=end - begin,
            row=row,
            length=x.shape[axis],
            x_outer=outer_step,
            x_axis=x.strides[axis],
            gap=gap,
        )
        tiles.append(Tile(f"take {dtype} {index.dtype.name}", build, record.numbers()))
    return Lowered([*before, tiles], keep=[x, index, out])


def copied(array: np.ndarray, before: list[list[Tile]]) -> np.ndarray:
    """An array's numbers next to each other, as a phase that is added to those before."""
    laid = np.empty(array.shape, array.dtype)
    before.append(copy_tiles(array, laid))
    return laid


def _even(index: np.ndarray) -> bool:
    """Whether an array's elements are evenly apart in memory, in order."""
    return joint_stride(index, range(index.ndim)) is not None


def _gap(index: np.ndarray) -> int:
    """The bytes between them."""
    return joint_stride(index, range(index.ndim)) or index.itemsize * (index.size == 1)


@lowers("take_along", "put_along")
def lower_along(step: Step, context: Context) -> Lowered:
    """Elements at indices of their own."""
    node = step.nodes[0]
    put = node.op.name == "put_along"
    index, x = context.ins(node) if put else reversed(context.ins(node))
    out, axis = context.out(node), node.params["axis"]
    dtype = out.dtype.name
    phases = [fill_tiles(out)] if put else []
    whole = out if put else x
    if index.size == 0:
        return Lowered(phases, keep=[x, index, out])
    if whole.shape[axis] == 0:
        raise Unlowered("take_along of nothing")
    x, index = (a if _three(a, axis) else copied(a, phases) for a in (x, index))
    of_x, of_index, of_out = (_three(a, axis) for a in (x, index, out))
    if of_x is None or of_index is None or of_out is None:
        raise Unlowered("take_along into an array in no order")
    (_, xs), (lengths, js), (_, ys) = of_x, of_index, of_out
    build = partial(gather.build_along, dtype=dtype, index=index.dtype.name, put=put)
    key = f"along {dtype} {index.dtype.name} {put}"
    tiles = []
    for begin, end in cuts(lengths[0], -(-index.size // tuning.MOVED)):
        record = gather.Along(
            x=address(x) + begin * xs[0],
            indices=address(index) + begin * js[0],
            out=address(out) + begin * ys[0],
            error=context.error,
            lengths=[end - begin, *lengths[1:]],
            length=whole.shape[axis],
            x_strides=xs,
            index_strides=js,
            out_strides=ys,
        )
        tiles.append(Tile(key, build, record.numbers()))
    return Lowered([*phases, tiles], keep=[x, index, out])


def _three(array: np.ndarray, axis: int) -> tuple[list[int], list[int]] | None:
    """Lengths and strides of (before, axis, after); None where the axes on a side are not one."""
    lengths, strides = [], []
    for axes in (range(axis), range(axis, axis + 1), range(axis + 1, array.ndim)):
        stride = joint_stride(array, axes)
        if stride is None:
            return None
        lengths.append(size_of([array.shape[a] for a in axes]))
        strides.append(stride)
    return lengths, strides
