"""Reductions as tiles."""

from __future__ import annotations

from functools import partial

import numpy as np

from narae.executors.native.codegen.lanes import KINDS, Unlowered
from narae.executors.native.jit.compiler import Build
from narae.executors.native.kernels import reduction
from narae.executors.native.lower.elementwise import Arrays
from narae.executors.native.lower.tiles import (
    Lowered,
    Tile,
    address,
    collapsed,
    cuts,
    indices,
    size_of,
)
from narae.graph.ir import Node

_PART = 1 << 16  # elements that one tile reduces
_PARTS = 16  # at most so many parts of one result


def lower_reduction(node: Node, arrays: Arrays) -> Lowered:
    """reduce_sum and its kind."""
    x, out = arrays[node.inputs[0].uid], arrays[node.uids[0]]
    if out.dtype.name not in KINDS or x.dtype != out.dtype:
        raise Unlowered(f"{node.op.name} of {x.dtype}")
    if out.size == 0:
        return Lowered()
    if x.size == 0:
        raise Unlowered(f"{node.op.name} of nothing")
    return reduce_array(node.op.name, x, node.params["axes"], out)


def reduce_array(op: str, x: np.ndarray, axes: tuple[int, ...], out: np.ndarray) -> Lowered:
    """out = x reduced over axes; long sums in parts that are put together in order."""
    kept = [a for a in range(x.ndim) if a not in axes]
    lengths, (steps,) = collapsed([x.shape[a] for a in axes], [[x.strides[a] for a in axes]])
    order = sorted(range(len(lengths)), key=lambda i: -steps[i])
    lengths, steps = [lengths[i] for i in order], [steps[i] for i in order]
    rows, (near, far) = collapsed(
        [x.shape[a] for a in kept], [[x.strides[a] for a in kept], list(out.strides)]
    )
    if len(lengths) > reduction.RANK:
        raise Unlowered(f"{op} over {len(lengths)} axes apart")
    parts = min(_PARTS, x.size // _PART)
    split = max(range(len(lengths)), key=lambda i: lengths[i])
    if parts < 2 or out.size > 4096 or lengths[split] < 2 * parts:
        return Lowered([_tiles(op, x, out, lengths, steps, rows, near, far)], keep=[x, out])
    ranges = cuts(lengths[split], parts)
    partial_sums = np.empty((len(ranges), out.size), out.dtype)
    tiles = []
    for i, (begin, end) in enumerate(ranges):
        shorter = [*lengths[:split], end - begin, *lengths[split + 1 :]]
        # a part lies as `out` does
        tiles += _tiles(
            op, x, partial_sums[i], shorter, steps, rows, near, far, begin * steps[split]
        )
    last = reduce_array(op, partial_sums, (0,), out.reshape(-1))
    return Lowered([tiles, *last.phases], keep=[x, out, partial_sums])


def _tiles(
    op: str,
    x: np.ndarray,
    out: np.ndarray,
    lengths: list[int],
    steps: list[int],
    rows: list[int],
    near: list[int],
    far: list[int],
    offset: int = 0,
) -> list[Tile]:
    """lengths, steps: of the reduced axes; rows, near, far: of the results, in x and in out."""
    size, dtype = x.itemsize, x.dtype.name
    missing = reduction.RANK - len(lengths)
    lengths, steps = [1] * missing + lengths, [0] * missing + steps
    across = near[-1] == size and far[-1] == size and rows[-1] > 1
    if across:
        key, build = f"across {op} {dtype}", partial(reduction.build_across, op=op, dtype=dtype)
    else:
        contiguous = steps[-1] == size and lengths[-1] > 1
        key = f"along {op} {dtype} {contiguous}"
        build = partial(reduction.build_along, op=op, dtype=dtype, contiguous=contiguous)
    tiles = []
    work = size_of(lengths)
    for index in indices(rows[:-1]):
        a = sum(i * s for i, s in zip(index, near, strict=False)) + offset
        b = sum(i * s for i, s in zip(index, far, strict=False))
        parts = -(-work * rows[-1] // _PART)
        for begin, end in cuts(rows[-1], parts, 64 if across else 1):
            record = [address(x) + a + begin * near[-1], address(out) + b + begin * far[-1]]
            record += [end - begin, near[-1], far[-1], *lengths, *steps]
            tiles.append(Tile(key, build, record))
    if len(tiles) > 4096:
        raise Unlowered(f"{op} over axes of {x.shape} with {len(tiles)} rows apart")
    return tiles


def lower_position(node: Node, arrays: Arrays) -> Lowered:
    """argmax and argmin."""
    x, out = arrays[node.inputs[0].uid], arrays[node.uids[0]]
    axis, op, dtype = node.params["axis"], node.op.name, x.dtype.name
    build = partial(reduction.build_position, op=op, dtype=dtype)
    kept = [a for a in range(x.ndim) if a != axis]
    return _by_rows(
        f"position {op} {dtype}",
        build,
        x,
        out,
        kept,
        list(out.strides),
        [x.shape[axis], x.strides[axis]],
    )


def lower_running(node: Node, arrays: Arrays) -> Lowered:
    """cumsum and cumprod."""
    x, out = arrays[node.inputs[0].uid], arrays[node.uids[0]]
    axis, op, dtype = node.params["axis"], node.op.name, x.dtype.name
    kept = [a for a in range(x.ndim) if a != axis]
    return _by_rows(
        f"running {op} {dtype}",
        partial(reduction.build_running, op=op, dtype=dtype),
        x,
        out,
        kept,
        [out.strides[a] for a in kept],
        [x.shape[axis], x.strides[axis], out.strides[axis]],
    )


def _by_rows(
    key: str,
    build: Build,
    x: np.ndarray,
    out: np.ndarray,
    kept: list[int],
    strides: list[int],
    axis: list[int],
) -> Lowered:
    """One row after the other. strides: of out, along the axes that x keeps; axis: of the record,
    the row's length and its strides."""
    if x.dtype.name not in KINDS:
        raise Unlowered(f"{key} of {x.dtype}")
    if 0 in out.shape:
        return Lowered()
    rows, (near, far) = collapsed(
        [x.shape[a] for a in kept], [[x.strides[a] for a in kept], strides]
    )
    tiles = []
    for index in indices(rows[:-1]):
        a = sum(i * s for i, s in zip(index, near, strict=False))
        b = sum(i * s for i, s in zip(index, far, strict=False))
        for begin, end in cuts(rows[-1], -(-rows[-1] * axis[0] // _PART)):
            record = [address(x) + a + begin * near[-1], address(out) + b + begin * far[-1]]
            tiles.append(Tile(key, build, [*record, end - begin, near[-1], far[-1], *axis]))
    if len(tiles) > 4096:
        raise Unlowered(f"{key} along an axis of {x.shape}")
    return Lowered([tiles], keep=[x, out])
