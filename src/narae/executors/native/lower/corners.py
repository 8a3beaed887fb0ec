"""Parts of arrays at computed places: dynamic slices, and what is written over one."""

from __future__ import annotations

from functools import partial

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import Operand
from narae.executors.native.kernels import corner
from narae.executors.native.lower.elementwise import bits_dtype, copy_tiles
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Tile,
    address,
    collapsed,
    cuts,
    lowers,
    size_of,
)
from narae.graph.fuse import Step


@lowers("dynamic_slice")
def lower_dynamic_slice(step: Step, context: Context) -> Lowered:
    """The box is read."""
    node = step.nodes[0]
    (x, start), out = context.ins(node), context.out(node)
    return Lowered([_tiles(x, start, out, write=False)], keep=[x, start, out])


@lowers("dynamic_update")
def lower_dynamic_update(step: Step, context: Context) -> Lowered:
    """A copy, and the box in it."""
    node = step.nodes[0]
    (x, start, updates), out = context.ins(node), context.out(node)
    phases = [copy_tiles(x, out), _tiles(out, start, updates, write=True)]
    return Lowered(phases, keep=[x, start, updates, out])


def _tiles(whole: np.ndarray, start: np.ndarray, box: np.ndarray, write: bool) -> list[Tile]:
    """Parts of the box, moved together."""
    if box.size == 0:
        return []
    dtype, index = bits_dtype(box), start.dtype.name
    lengths, (near, far) = collapsed(box.shape, [whole.strides, box.strides])
    operands = [
        Operand(dtype, "along" if step[-1] == box.itemsize else "apart") for step in (near, far)
    ]
    key = corner.key(dtype, index, whole.ndim, operands, len(lengths), write)
    build = partial(
        corner.build,
        dtype=dtype,
        index=index,
        axes=whole.ndim,
        operands=operands,
        rank=len(lengths),
        write=write,
    )
    axes = [
        corner.Axis(last=n - m, step=s)
        for n, m, s in zip(whole.shape, box.shape, whole.strides, strict=True)
    ]
    tiles = []
    for begin, end in cuts(lengths[0], -(-size_of(lengths) // tuning.TILE)):
        record = corner.Corner(
            whole=address(whole) + begin * near[0],
            box=address(box) + begin * far[0],
            starts=address(start),
            gap=start.strides[0] if start.ndim else 0,
            axes=axes,
            lengths=[end - begin, *lengths[1:]],
            whole_steps=near,
            box_steps=far,
        )
        tiles.append(Tile(key, build, record.numbers()))
    return tiles
