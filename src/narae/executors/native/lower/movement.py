"""Steps that move numbers: copies, padding, concatenation, gathers and scatters."""

from __future__ import annotations

from functools import partial

import numpy as np

from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.kernels import gather
from narae.executors.native.lower.elementwise import Arrays, copy_tiles, fill_tiles
from narae.executors.native.lower.tiles import Lowered, Tile, address, cuts, joint_stride, size_of
from narae.graph.ir import Node

_PART = 1 << 14  # elements that one tile moves
Error = int  # the address where an index out of range is told


def lower_view(node: Node, arrays: Arrays) -> Lowered:
    """A view whose layout forces a copy."""
    x, out = arrays[node.inputs[0].uid], arrays[node.uids[0]]
    if node.op.known == "reshape":  # in the order of x's elements
        return _lined_up(x, out)
    made = node.op.forward(np, x, **node.params)
    return Lowered([copy_tiles(made, out)], keep=[x, out])


def _lined_up(x: np.ndarray, out: np.ndarray) -> Lowered:
    return Lowered([copy_tiles(x, out.reshape(x.shape))], keep=[x, out])


def lower_concatenate(node: Node, arrays: Arrays) -> Lowered:
    """Each part to its place."""
    out, axis, start = arrays[node.uids[0]], node.params["axis"], 0
    tiles, keep = [], [out]
    for value in node.inputs:
        x = arrays[value.uid]
        index = (slice(None),) * axis + (slice(start, start + x.shape[axis]),)
        tiles += copy_tiles(x, out[index])
        keep.append(x)
        start += x.shape[axis]
    return Lowered([tiles], keep=keep)


def lower_unslice(node: Node, arrays: Arrays) -> Lowered:
    """Zeros, then the part."""
    x, out, p = arrays[node.inputs[0].uid], arrays[node.uids[0]], node.params
    index = tuple(  # a stop of -1 under a negative step means: to the first element
        slice(a, None if s < 0 and b < 0 else b, s)
        for a, b, s in zip(p["start"], p["stop"], p["step"], strict=True)
    )
    into = out[index]
    return Lowered([fill_tiles(out), copy_tiles(x, into)], keep=[x, out])


def lower_take(node: Node, arrays: Arrays, error: Error) -> Lowered:
    """Slices at indices."""
    x, index, out = arrays[node.inputs[0].uid], arrays[node.inputs[1].uid], arrays[node.uids[0]]
    axis = node.params["axis"]
    if out.size == 0:
        return Lowered()
    if not x.flags.c_contiguous or (index.ndim and not _even(index)) or x.shape[axis] == 0:
        raise Unlowered("take from what is not contiguous")
    size = size_of(x.shape[axis + 1 :]) * x.itemsize
    outer, count = size_of(x.shape[:axis]), index.size
    gap = _gap(index)
    build = partial(gather.build_take, index=index.dtype.name)
    tiles = []
    for begin, end in cuts(count, -(-out.size // _PART)) if outer == 1 else [(0, count)]:
        record = [address(x), address(index) + begin * gap, address(out) + begin * size, error]
        record += [outer, end - begin, size, x.shape[axis], x.shape[axis] * size, size, gap]
        tiles.append(Tile(f"take {index.dtype.name}", build, record))
    return Lowered([tiles], keep=[x, index, out])


def _even(index: np.ndarray) -> bool:
    """Whether an array's elements are evenly apart in memory, in order."""
    return all(
        index.strides[a] == index.strides[a + 1] * index.shape[a + 1] for a in range(index.ndim - 1)
    )


def _gap(index: np.ndarray) -> int:
    return index.strides[-1] if index.ndim else index.itemsize


def lower_along(node: Node, arrays: Arrays, error: Error) -> Lowered:
    """take_along and put_along."""
    put = node.op.name == "put_along"
    if put:
        index, x = (arrays[v.uid] for v in node.inputs)
    else:
        x, index = (arrays[v.uid] for v in node.inputs)
    out, axis = arrays[node.uids[0]], node.params["axis"]
    dtype = out.dtype.name
    phases = [fill_tiles(out)] if put else []
    whole = out if put else x
    if index.size == 0:
        return Lowered(phases, keep=[x, index, out])
    if whole.shape[axis] == 0:
        raise Unlowered("take_along of nothing")
    record_of = [_three(a, axis) for a in (x, index, out)]
    if any(r is None for r in record_of):
        raise Unlowered("take_along of arrays in no order")
    (_, xs), (jl, js), (_, ys) = record_of  # type: ignore[misc]
    build = partial(gather.build_along, dtype=dtype, index=index.dtype.name, put=put)
    key = f"along {dtype} {index.dtype.name} {put}"
    tiles = []
    for begin, end in cuts(jl[0], -(-index.size // _PART)):
        record = [address(x) + begin * xs[0], address(index) + begin * js[0]]
        record += [
            address(out) + begin * ys[0],
            error,
            end - begin,
            jl[1],
            jl[2],
            whole.shape[axis],
        ]
        tiles.append(Tile(key, build, [*record, *xs, *js, *ys]))
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


def lower_add_at(node: Node, arrays: Arrays, error: Error) -> Lowered:
    """Rows added at indices: what is shared out are columns or outer axes, so that each sum keeps
    its order."""
    index, x = (arrays[v.uid] for v in node.inputs)
    out, axis = arrays[node.uids[0]], node.params["axis"]
    if not x.flags.c_contiguous or not _even(index):
        raise Unlowered("add_at of what is not contiguous")
    phases = [fill_tiles(out)]
    if index.size and out.size:
        phases.append(_add_tiles(x, index, out, axis, error))
    return Lowered(phases, keep=[index, x, out])


def _add_tiles(
    x: np.ndarray, index: np.ndarray, out: np.ndarray, axis: int, error: Error
) -> list[Tile]:
    dtype, size = out.dtype.name, out.itemsize
    outer, row, length = size_of(out.shape[:axis]), size_of(out.shape[axis + 1 :]), out.shape[axis]
    step, parts = row * size, min(16, -(-x.size // _PART))
    x_outer, out_outer = index.size * step, length * step
    build = partial(gather.build_add_rows, dtype=dtype, index=index.dtype.name)
    tiles = []
    across = outer >= parts  # whole outer entries, or else columns
    for o0, o1 in cuts(outer, parts) if across else [(0, outer)]:
        for begin, end in [(0, row)] if across else cuts(row, parts, 16):
            shift = begin * size
            record = [address(x) + o0 * x_outer + shift, address(index)]
            record += [address(out) + o0 * out_outer + shift, error]
            record += [o1 - o0, index.size, end - begin, length]
            record += [x_outer, step, _gap(index), out_outer, step]
            tiles.append(Tile(f"add rows {dtype} {index.dtype.name}", build, record))
    return tiles
