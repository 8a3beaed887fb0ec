"""The part of a product that stays in registers, and the record that says where all of it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import Expression, itemsize
from narae.executors.native.codegen.kernel_record import KernelRecord, W, parts, pointer, word
from narae.executors.native.jit.target import Target


class RowOperand(KernelRecord[W]):
    """An array beside C, row by row."""

    place: W = pointer()
    gap: W = word()  # bytes between its rows


class Contraction(KernelRecord[W]):
    """A tile of C: which rows and columns, of what, with which operands of the expression."""

    a: W = pointer()
    b: W = pointer()
    # A pair for each row: its byte offset in A and its number in C; with as many more (copies of the
    # last) as complete the last group of rows.
    rows: W = pointer()
    count: W = word()  # of the rows
    columns: W = word()
    taps: W = pointer()  # pairs of byte offsets, in A and in B
    tap_count: W = word()
    block: W = word()  # how many taps are summed before the next stretch of B is copied
    inner: W = word()  # how many k there are for each tap
    a_step: W = word()  # bytes between A's numbers along k
    b_down: W = word()  # bytes between B's rows, along k
    b_across: W = word()  # bytes between B's numbers along a row
    direct: W = word()  # not 0: whole registers of B are read where they lie
    pack: W = pointer()  # the kernel that copies a stretch of B (`packing`)
    operands: Sequence[RowOperand[W]] = parts(RowOperand, "operands")


@dataclass(frozen=True)
class RegisterTile:
    """The part of C in registers: rows, and vectors of columns; lanes: numbers of a vector."""

    rows: int
    vectors: int
    lanes: int

    @property
    def wide(self) -> int:
        """Columns of the tile."""
        return self.vectors * self.lanes


def is_slow(expression: Expression) -> bool:
    """Whether an expression has operations that take long, but leave room for others meanwhile."""
    return any(node.op.slow for node in expression.nodes)


def register_tile(target: Target, dtype: str, order: str) -> RegisterTile:
    """The register tile for a processor and an order of work: as many accumulators as leave room for
    B's row and one number of A.

    'in turn': a group's sums, then its expression. 'beside': between the parts of the next group's
    sums, which leave registers for it. 'of a row': C has one row.
    """
    rows, vectors = tuning.register_tile(target.registers, order)
    return RegisterTile(rows, vectors, target.lanes(itemsize(dtype)))
