"""A box of an array from a corner that is computed: read, or written."""

from __future__ import annotations

from collections.abc import Sequence

from narae.executors.native.codegen.expression import (
    Operand,
    emit_row,
    identity,
    load,
    shown,
)
from narae.executors.native.codegen.ir import PTR, Function
from narae.executors.native.codegen.kernel_record import (
    KernelRecord,
    W,
    parts,
    pointer,
    word,
    words,
)
from narae.executors.native.codegen.lanes import cast


class Axis(KernelRecord[W]):
    """An axis of the whole array."""

    last: W = word()  # start at which the box still lies within
    step: W = word()  # bytes between elements


class Corner(KernelRecord[W]):
    """The box is moved to lie within the whole array."""

    whole: W = pointer()
    box: W = pointer()
    starts: W = pointer()
    gap: W = word()  # bytes between the starts
    axes: Sequence[Axis[W]] = parts(Axis, "axes")
    lengths: Sequence[W] = words("rank")  # of the box, neighbours in both arrays merged
    whole_steps: Sequence[W] = words("rank")
    box_steps: Sequence[W] = words("rank")


def key(
    dtype: str, index: str, axes: int, operands: Sequence[Operand], rank: int, write: bool
) -> str:
    """What makes two kernels the same."""
    return f"corner {dtype} {index} {axes} {rank} [{shown(operands)}] {write}"


def build(
    name: str,
    dtype: str,
    index: str,
    axes: int,
    operands: Sequence[Operand],
    rank: int,
    write: bool,
) -> Function:
    """box = whole[starts...], or with `write` the other way. operands: the whole array and the box, along the
    last axis. Its record: `Corner`."""
    f = Function(name, [PTR, PTR])
    r = Corner[str].read(f, f.args[0], axes=axes, rank=rank)
    place = r.whole
    for a, axis in enumerate(r.axes):
        start = cast(load(f, index, f.at(r.starts, f.mul(r.gap, a)), 1), "int64").name
        below = f.let(f"icmp slt i64 {start}, 0")
        start = f.least(f.let(f"select i1 {below}, i64 0, i64 {start}"), axis.last)
        place = f.at(place, f.mul(start, axis.step))
    pairs = [(place, r.whole_steps), (r.box, r.box_steps)]
    order = [1, 0] if write else [0, 1]
    with f.nest(r.lengths[:-1], [(pairs[i][0], pairs[i][1][:-1]) for i in order]) as nest:
        gaps = [pairs[i][1][-1] for i in order]
        lying = [operands[i] for i in order]
        emit_row(f, identity(0, dtype), lying, nest.places, gaps, r.lengths[-1])
    f.do("ret void")
    return f
