"""The tile of a product that stays in registers, and the record that tells a kernel where all lies."""

from __future__ import annotations

from dataclasses import dataclass

from narae.executors.native.codegen.expression import Expression, itemsize
from narae.executors.native.jit.target import Target

# The record of a tile. `rows`: a table with a pair for each row, its byte offset in A and its
# number in C, with as many more (copies of the last) as complete the last group of rows. `taps`:
# pairs of byte offsets, in A and in B. `block`: how many taps are summed before the next stretch of
# B is copied. `direct`: not 0 where whole registers of B are read where they lie.
# `pack`: the kernel that copies (see `packing`).
FIELDS = (
    *("a", "b", "rows", "count", "columns", "taps", "tap_count", "block"),
    *("inner", "a_step", "b_down", "b_across", "direct", "pack"),
)
FIRST_OPERAND = len(FIELDS)  # then for each operand its address and the bytes between rows


LONG = 48  # sums of so many products take longer than asking for memory ahead


@dataclass(frozen=True)
class Shape:
    """The tile in registers: rows, and vectors of columns; lanes: numbers of a vector."""

    rows: int
    vectors: int
    lanes: int

    @property
    def wide(self) -> int:
        """Columns of the tile."""
        return self.vectors * self.lanes


_SLOW = frozenset(
    (
        *("divide", "sqrt", "reciprocal", "power", "exp", "expm1", "log", "log1p"),
        *("tanh", "erf", "sin", "cos"),
    )
)


def is_slow(expression: Expression) -> bool:
    """Whether an expression has operations that take long, but leave room for others meanwhile."""
    return any(node.op.known in _SLOW for node in expression.nodes)


def tile_shape(target: Target, dtype: str, way: str) -> Shape:
    """The tile for a processor and a way to go through it: as many accumulators as leave room for
    B's row and one of A.

    'in turn': a group's sums, then its expression. 'beside': between the parts of the next group's
    sums, which leave registers for it. 'of a row': C has one row.
    """
    lanes = target.lanes(itemsize(dtype))
    if way == "of a row":
        return Shape(1, 6, lanes)
    if target.registers < 32:
        return Shape(4, 3, lanes)
    return Shape(8, 2 if way == "beside" else 3, lanes)
