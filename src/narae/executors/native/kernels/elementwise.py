"""Kernels that compute an expression over arrays of any strides."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from narae.executors.native.codegen.expression import Expression, Operand, emit_row, shown
from narae.executors.native.codegen.ir import PTR, Function


def key(expression: Expression, operands: Sequence[Operand], rank: int) -> str:
    """What makes two kernels the same."""
    return f"elementwise {rank} [{shown(operands)}] {expression.key}"


def build(name: str, expression: Expression, operands: Sequence[Operand], rank: int) -> Function:
    """A kernel over `rank` axes, the last one the row.

    Its record: the lengths of the axes, then for each operand its address and its strides in bytes.
    """
    f = Function(name, [PTR, PTR])
    record = f.args[0]
    lengths = [f.field(record, i) for i in range(rank)]
    first = rank
    places, strides = [], []
    for i in range(len(operands)):
        places.append(f.field(record, first + i * (rank + 1), PTR))
        strides.append([f.field(record, first + i * (rank + 1) + 1 + a) for a in range(rank)])
    with ExitStack() as loops:
        for a in range(rank - 1):
            i = loops.enter_context(f.loop(0, lengths[a])).i
            places = [
                f.at(place, f.mul(i, stride[a]))
                for place, stride in zip(places, strides, strict=True)
            ]
        emit_row(f, expression, operands, places, [s[rank - 1] for s in strides], lengths[-1])
    f.do("ret void")
    return f
