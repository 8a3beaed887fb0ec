"""Kernels that compute an expression over arrays of any strides."""

from __future__ import annotations

from collections.abc import Sequence

from narae.executors.native.codegen.expression import Expression, Operand, emit_row, shown
from narae.executors.native.codegen.ir import PTR, Function
from narae.executors.native.codegen.kernel_record import (
    KernelRecord,
    W,
    parts,
    pointer,
    words,
)


class Strided(KernelRecord[W]):
    """Where an operand lies: its first element, and the bytes between elements along each axis."""

    place: W = pointer()
    strides: Sequence[W] = words("rank")


class Loops(KernelRecord[W]):
    """The lengths of the axes, the last one the row; the expression's reads and its outputs."""

    lengths: Sequence[W] = words("rank")
    operands: Sequence[Strided[W]] = parts(Strided, "operands")


def key(expression: Expression, operands: Sequence[Operand], rank: int) -> str:
    """What makes two kernels the same."""
    return f"elementwise {rank} [{shown(operands)}] {expression.key}"


def build(name: str, expression: Expression, operands: Sequence[Operand], rank: int) -> Function:
    """A kernel over `rank` axes, the last one the row. Its record: `Loops`."""
    f = Function(name, [PTR, PTR])
    record = Loops[str].read(f, f.args[0], rank=rank, operands=len(operands))
    starts = [(operand.place, operand.strides[:-1]) for operand in record.operands]
    with f.nest(record.lengths[:-1], starts) as nest:
        gaps = [operand.strides[-1] for operand in record.operands]
        emit_row(f, expression, operands, nest.places, gaps, record.lengths[-1])
    f.do("ret void")
    return f
