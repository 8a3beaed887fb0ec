"""The part of a product that stays in registers, the record that says where all of it lies, what multiplies and adds,
and the expression that follows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import (
    Expression,
    Operand,
    emit_row,
    itemsize,
    load,
    store,
)
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.kernel_record import KernelRecord, W, parts, pointer, word
from narae.executors.native.codegen.lanes import KINDS, Lanes, vector
from narae.executors.native.jit.target import Target

PANELS = 2
COLUMNS = "columns of a"  # an order of work: see `contraction`
CHUNK = 16  # rows of A that are copied together: whole groups of any register tile
LINE = 64  # bytes between copies of groups: they would meet in the same places of the first cache


class RowOperand(KernelRecord[W]):
    """An array beside C, row by row."""

    place: W = pointer()
    gap: W = word()  # bytes between its rows
    # and from one column to the next, by which a panel is found: it may lie by panels, of which each is whole
    across: W = word()


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
    # 1: whole registers of B are read where they lie. PANELS: all of them, since B is laid out by panels, each one row
    # of a panel's width after the other; `b_across` is then such that a panel begins at its first column.
    direct: W = word()
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
    sums, which leave registers for it. 'of a row': C has one row. 'columns of a': as 'in turn', with A copied too.
    """
    rows, vectors = tuning.register_tile(target.registers, order)
    return RegisterTile(rows, vectors, target.lanes(itemsize(dtype)))


class Epilogue:
    """The expression of a contraction. product: the uid of C among what it reads; operands: all else
    that it reads and writes, in that order."""

    def __init__(
        self,
        f: Function,
        record: Contraction[str],
        dtype: str,
        product: int,
        expression: Expression,
        operands: Sequence[Operand],
        tile: RegisterTile,
    ) -> None:
        self.f, self.record, self.tile = f, record, tile
        self.dtype, self.product = dtype, product
        self.expression, self.operands = expression, operands
        self.sums_row = tile.wide * itemsize(dtype)  # bytes of a row of sums

    def _number(self, group: str, r: str | int) -> str:
        """Which row of C a row of a group is."""
        f = self.f
        return f.load(INT, f.at(self.record.rows, f.add(f.mul(f.add(group, r), 16), 8)), 8)

    def fetch(self, group: str, panel: str, vectors: int) -> None:
        """Ask for the lines of memory that the expression will read and write: they come while the
        sums are computed."""
        f, tile = self.f, self.tile
        for r in range(tile.rows):
            number = self._number(group, r)
            for lying, operand in zip(self.record.operands, self.operands, strict=True):
                if operand.access != "along":
                    continue
                size = itemsize(operand.dtype)
                row = f.at(lying.place, f.mul(number, lying.gap))
                row = f.at(row, f.mul(panel, lying.across))
                for line in range(0, vectors * tile.lanes * size, 64):
                    # for reading (0), to keep in all caches (3), data (1)
                    kinds = [("i32", "0"), ("i32", "3"), ("i32", "1")]
                    f.call("void", "llvm.prefetch.p0", [(PTR, f.at(row, line)), *kinds])

    @property
    def is_quick(self) -> bool:
        """Whether it is so short that it may be written for each register of sums."""
        few = len(self.expression.nodes) <= tuning.AT_ONCE and len(self.operands) <= tuning.AT_ONCE
        return few and not is_slow(self.expression)

    def at_once(self, sums: Sequence[str], group: str, panel: str, masks: Sequence[str]) -> None:
        """The expression for a whole group, on the registers of its sums, row by row. masks: of a row's registers, ''
        for all of one."""
        f, lanes, vectors = self.f, self.tile.lanes, len(masks)
        for r in range(self.tile.rows):
            number = self._number(group, r)
            places = [
                f.at(f.at(one.place, f.mul(number, one.gap)), f.mul(panel, one.across))
                for one in self.record.operands
            ]
            for v, mask in enumerate(masks):
                lying = [
                    f.at(row, v * lanes * itemsize(operand.dtype))
                    if operand.access == "along"
                    else row
                    for row, operand in zip(places, self.operands, strict=True)
                ]
                self._register(Lanes(f, sums[r * vectors + v], self.dtype, lanes), lying, mask)

    def _register(self, sums: Lanes, lying: Sequence[str], mask: str) -> None:
        """The expression for one register of sums; lying: where its operands are there."""
        f, count = self.f, sums.count
        operands = list(zip(lying, self.operands, strict=True))
        given = {self.product: sums}
        for uid in [uid for uid in self.expression.reads if uid != self.product]:
            place, operand = operands.pop(0)
            if operand.access == "along":
                given[uid] = load(f, operand.dtype, place, count, mask)
            else:
                given[uid] = load(f, operand.dtype, place, 1).broadcast(count)
        made = self.expression.emit(f, given, count)
        for lanes, (place, _) in zip(made, operands, strict=True):
            store(f, lanes, place, mask)

    def rows_of(self, sums: str, group: str, panel: str, width: str) -> None:
        """The expression, row by row, for the rows that a group really has."""
        f, tile = self.f, self.tile
        rows = f.least(f.sub(self.record.count, group), tile.rows)
        with f.loop(0, rows) as r:
            self.row(sums, group, r.i, panel, width)

    def row(self, sums: str, group: str, r: str, panel: str, width: str) -> None:
        """The expression for one row of a group, over the columns of a panel."""
        f = self.f
        number = self._number(group, r)
        lying = iter(zip(self.record.operands, self.operands, strict=True))
        places, operands = [], []
        for i, uid in enumerate([*self.expression.reads, *self.expression.outputs]):
            if i < len(self.expression.reads) and uid == self.product:
                places.append(f.at(sums, f.mul(r, self.sums_row)))
                operands.append(Operand(self.dtype, "along"))
                continue
            where, operand = next(lying)
            row = f.at(where.place, f.mul(number, where.gap))
            along = operand.access == "along"
            places.append(f.at(row, f.mul(panel, where.across)) if along else row)
            operands.append(operand)
        emit_row(f, self.expression, operands, places, ["0"] * len(places), width)


# multiply(f, a, b, sums, lanes): numbers of A, those of B, the sums -> the sums
Multiply = Callable[[Function, str, str, str, int], str]


def multiply_of(dtype: str) -> Multiply:
    """What a kernel of sums of a dtype multiplies and adds with. (For words: `words.FORMS`.)"""
    kind = KINDS[dtype]
    if kind.startswith("i"):
        return partial(_whole, kind=kind)
    return partial(_floats, kind=kind, suffix=f"f{8 * itemsize(dtype)}")


def _whole(f: Function, a: str, b: str, sums: str, lanes: int, kind: str) -> str:
    made = f.let(f"mul {vector(kind, lanes)} {a}, {b}")
    return f.let(f"add {vector(kind, lanes)} {made}, {sums}")


def _floats(f: Function, a: str, b: str, sums: str, lanes: int, kind: str, suffix: str) -> str:
    wide = vector(kind, lanes)
    return f.call(wide, f"llvm.fma.v{lanes}{suffix}", [(wide, a), (wide, b), (wide, sums)])
