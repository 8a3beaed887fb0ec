"""Reductions as tiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.kernel_record import KernelRecord
from narae.executors.native.codegen.lanes import KINDS, Unlowered
from narae.executors.native.jit.compiler import Build
from narae.executors.native.kernels import reduction
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Tile,
    address,
    collapsed,
    cuts,
    indices,
    lowers,
    size_of,
)
from narae.graph.fuse import Step


@lowers(*reduction.COMBINE)
def lower_reduction(step: Step, context: Context) -> Lowered:
    """reduce_sum and its kind."""
    node = step.nodes[0]
    (x,), out = context.ins(node), context.out(node)
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
    parts = min(tuning.REDUCED_PARTS, x.size // tuning.REDUCED)
    split = max(range(len(lengths)), key=lambda i: lengths[i])
    if parts < 2 or out.size > tuning.REDUCED_RESULTS or lengths[split] < 2 * parts:
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
        parts = -(-work * rows[-1] // tuning.REDUCED)
        for begin, end in cuts(rows[-1], parts, tuning.ROW_UNIT if across else 1):
            record = reduction.Reduction(
                source=address(x) + a + begin * near[-1],
                target=address(out) + b + begin * far[-1],
                count=end - begin,
                near=near[-1],
                far=far[-1],
                lengths=lengths,
                gaps=steps,
            )
            tiles.append(Tile(key, build, record.numbers()))
    if len(tiles) > tuning.ROWS_APART:
        raise Unlowered(f"{op} over axes of {x.shape} with {len(tiles)} rows apart")
    return tiles


@lowers("argmax", "argmin")
def lower_position(step: Step, context: Context) -> Lowered:
    """The place of the extreme."""
    node = step.nodes[0]
    (x,), out = context.ins(node), context.out(node)
    axis, op, dtype = node.params["axis"], node.op.name, x.dtype.name
    key, build = f"position {op} {dtype}", partial(reduction.build_position, op=op, dtype=dtype)

    def record(rows: _Rows) -> KernelRecord[int]:
        return reduction.Position(**vars(rows), length=x.shape[axis], gap=x.strides[axis])

    kept = [a for a in range(x.ndim) if a != axis]
    return _by_rows(key, build, x, out, kept, list(out.strides), x.shape[axis], record)


@lowers("cumsum", "cumprod")
def lower_running(step: Step, context: Context) -> Lowered:
    """Running sums and products."""
    node = step.nodes[0]
    (x,), out = context.ins(node), context.out(node)
    axis, op, dtype = node.params["axis"], node.op.name, x.dtype.name
    key, build = f"running {op} {dtype}", partial(reduction.build_running, op=op, dtype=dtype)

    def record(rows: _Rows) -> KernelRecord[int]:
        return reduction.Running(
            **vars(rows), length=x.shape[axis], gap=x.strides[axis], step=out.strides[axis]
        )

    kept = [a for a in range(x.ndim) if a != axis]
    far = [out.strides[a] for a in kept]
    return _by_rows(key, build, x, out, kept, far, x.shape[axis], record)


@dataclass(eq=False)
class _Rows:
    """The rows of a tile: what the records of both kinds begin with."""

    source: int
    target: int
    count: int
    near: int
    far: int


def _by_rows(
    key: str,
    build: Build,
    x: np.ndarray,
    out: np.ndarray,
    kept: list[int],
    strides: list[int],
    length: int,
    record: Callable[[_Rows], KernelRecord[int]],
) -> Lowered:
    """One row after the other. strides: of out, along the axes that x keeps; length: of a row."""
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
        for begin, end in cuts(rows[-1], -(-rows[-1] * length // tuning.REDUCED)):
            source = address(x) + a + begin * near[-1]
            target = address(out) + b + begin * far[-1]
            part = _Rows(source, target, end - begin, near[-1], far[-1])
            tiles.append(Tile(key, build, record(part).numbers()))
    if len(tiles) > tuning.ROWS_APART:
        raise Unlowered(f"{key} along an axis of {x.shape}")
    return Lowered([tiles], keep=[x, out])
