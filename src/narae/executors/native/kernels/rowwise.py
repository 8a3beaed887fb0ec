"""Steps that go row by row (`narae.graph.rowwise`): each row takes all passes while it is in the first cache.

    for row in rows:
        for level:
            what is one number for the row, of this level
            for part of the row:                as many numbers as a round handles
                whole values of this level      read, computed, stored; or kept for later levels in the scratch
                sums' = sums + part             of reductions along the row, in registers
                columns += part                 of reductions of all rows, in the tile's own row of numbers
            each sum is added up, halves onto halves

Where the length is no multiple of a round's numbers, all accesses are masked. The order of all sums depends on shapes
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from narae.executors.native.codegen.expression import (
    Expression,
    Operand,
    emit_node,
    itemsize,
    load,
    mask_of,
    shown,
    store,
)
from narae.executors.native.codegen.ir import PTR, Function, Loop
from narae.executors.native.codegen.kernel_record import KernelRecord, W, parts, pointer, word
from narae.executors.native.codegen.lanes import Lanes, where
from narae.executors.native.kernels.reduction import COMBINE, folded
from narae.executors.native.kernels.registers import RowOperand
from narae.executors.native.tuning import LANES
from narae.graph.ir import Node

WIDEST = 8  # bytes of a number that is kept in the scratch


class Column(KernelRecord[W]):
    """Where a tile's reduction of its rows goes, (length,)."""

    place: W = pointer()


class RowLoop(KernelRecord[W]):
    """Rows of a tile."""

    count: W = word()
    length: W = word()
    operands: Sequence[RowOperand[W]] = parts(RowOperand, "operands")  # reads, then outputs
    columns: Sequence[Column[W]] = parts(Column, "columns")


@dataclass(eq=False)
class Level:
    """Nodes of one pass. single: of one number for a row; whole: of the whole row; sums: reductions along it;
    columns: reductions of all rows."""

    single: list[Node] = field(default_factory=list)
    whole: list[Node] = field(default_factory=list)
    sums: list[Node] = field(default_factory=list)
    columns: list[Node] = field(default_factory=list)

    @property
    def over_row(self) -> list[Node]:
        """Those that need a pass over the row."""
        return [*self.whole, *self.sums, *self.columns]


@dataclass(eq=False)
class RowProgram:
    """What a kernel does.

    reads: what it reads, each with whether it is one number for each row in the eyes of its readers; operands: how
    these lie, and then the outputs. root: of views within, what they are of. even: whether the length is a
    multiple of a round's numbers.
    """

    expression: Expression
    levels: Sequence[Level]
    reads: Sequence[tuple[int, bool]]
    operands: Sequence[Operand]
    root: Mapping[int, int]
    even: bool

    @property
    def outputs(self) -> list[int]:
        """The uids of results, but for those of columns."""
        columns = {node.uids[0] for node in self.columns}
        return [uid for uid in self.expression.outputs if uid not in columns]

    @property
    def columns(self) -> list[Node]:
        """Reductions of all rows, in the order of their results."""
        return [node for level in self.levels for node in level.columns]

    @property
    def key(self) -> str:
        """What makes two kernels the same."""
        forms = "/".join(
            f"{len(v.single)}.{len(v.whole)}.{len(v.sums)}.{len(v.columns)}" for v in self.levels
        )
        rows = "".join("1" if one else "-" for _, one in self.reads)
        return f"rowwise {self.even} {forms} {rows} [{shown(self.operands)}] {self.expression.key}"

    def kept(self) -> list[int]:
        """Whole values that a later level reads, and that are no outputs: they stay in the scratch."""
        made: dict[int, int] = {}
        found: dict[int, None] = {}
        for number, level in enumerate(self.levels):
            made.update((u, number) for node in level.whole for u in node.uids)
            used = (v.uid for node in level.over_row for v in node.inputs)
            found.update((u, None) for u in used if made.get(u, number) < number)
        return [u for u in found if u not in self.expression.outputs]


def scratch(program: RowProgram, length: int) -> int:
    """Bytes that a kernel needs."""
    return len(program.kept()) * (length + LANES) * WIDEST


def build(name: str, program: RowProgram) -> Function:
    """A kernel. Its record: `RowLoop`."""
    return _RowLoop(Function(name, [PTR, PTR]), program).write()


class _RowLoop:
    """A kernel while it is written.

    singles: what is one number for the row: made in the row, read by nodes of one number, read by whole ones. places:
    where the row of what is read or stored begins; kept: the same in the scratch.
    """

    def __init__(self, f: Function, program: RowProgram) -> None:
        self.f, self.p = f, program
        counts = {"operands": len(program.operands), "columns": len(program.columns)}
        self.r = RowLoop[str].read(f, f.args[0], **counts)
        places = [column.place for column in self.r.columns]
        self.columns = dict(zip([n.uids[0] for n in program.columns], places, strict=True))
        self.dtypes, self.outputs = program.expression.dtypes, program.outputs
        size = f.mul(f.add(self.r.length, LANES), WIDEST)
        kept = program.kept()
        self.kept = {uid: f.at(f.args[1], f.mul(size, i)) for i, uid in enumerate(kept)}
        self.made: dict[int, Lanes] = {}
        self.given: dict[int, Lanes] = {}
        self.same: dict[int, Lanes] = {}
        self.places: dict[int, str] = {}
        self.stored: dict[int, str] = {}

    def write(self) -> Function:
        """Columns begin with what changes nothing; then all rows."""
        f = self.f
        for node in self.p.columns:
            start = _neutral(f, node)
            with self._parts([]) as part:
                store(f, start, part.at(self.columns[node.uids[0]], start.dtype_name), part.mask)
        with f.loop(0, self.r.count) as row:
            self._begin(row.i)
            for level in self.p.levels:
                self._singles(level)
                if level.over_row:
                    self._pass(level)
        f.do("ret void")
        return f

    def _begin(self, row: str) -> None:
        """Where the row lies in all operands; what is read of one number."""
        places = [self.f.at(one.place, self.f.mul(row, one.gap)) for one in self.r.operands]
        reads = list(zip(self.p.reads, self.p.operands, places, strict=False))
        for (uid, one), operand, place in reads:
            if one or operand.access == "same":
                (self.given if one else self.same)[uid] = load(self.f, operand.dtype, place, 1)
            else:
                self.places[uid] = place
        self.stored = dict(zip(self.outputs, places[len(reads) :], strict=True))

    def _singles(self, level: Level) -> None:
        for node in level.single:
            made = emit_node(node, [self._single(v.uid) for v in node.inputs])
            self._keep(zip(node.uids, made, strict=True))

    def _single(self, uid: int) -> Lanes:
        """A number of the row."""
        root = self.p.root.get(uid, uid)
        if root in self.made:
            return self.made[root]
        if uid in self.p.expression.numbers:
            number = self.p.expression.numbers[uid]
            return Lanes(self.f, "", self.dtypes[uid], 1).full(number)
        return self.given[uid]

    def _keep(self, made: Iterable[tuple[int, Lanes]]) -> None:
        """Numbers of the row that are there now."""
        for uid, lanes in made:
            self.made[uid] = lanes
            if uid in self.stored:
                store(self.f, lanes, self.stored[uid])

    def _pass(self, level: Level) -> None:
        """One level over the row."""
        f = self.f
        used = dict.fromkeys(v.uid for node in level.over_row for v in node.inputs)
        wide = {uid: lanes for uid in used if (lanes := self._wide(uid)) is not None}
        starts = [_neutral(f, node) for node in level.sums]
        with self._parts(starts) as part:
            values = dict(wide)
            own = {u for node in level.whole for u in node.uids}
            for uid in used:  # all is read before anything is written
                if uid not in values and uid not in own:
                    values[uid] = part.read(self._place(uid), self.dtypes[uid])
            for node in level.whole:
                made = emit_node(node, [values[v.uid] for v in node.inputs])
                values.update(zip(node.uids, made, strict=True))
            for i, node in enumerate(level.sums):
                part.combine(i, node, values[node.inputs[0].uid])
            for node in level.columns:
                x, place = values[node.inputs[0].uid], self.columns[node.uids[0]]
                combine = COMBINE[node.op.known][0]
                part.write(place, combine(part.read(place, x.dtype_name), x))
            for uid in own:
                place = self.kept.get(uid) or self.stored.get(uid)
                if place is not None:
                    part.write(place, values[uid])
        for node, out, start in zip(level.sums, part.loop.out, starts, strict=True):
            total = folded(Lanes(f, out, start.dtype_name, LANES), COMBINE[node.op.known][0])
            self._keep([(node.uids[0], total)])

    def _wide(self, uid: int) -> Lanes | None:
        """What is the same along the row, in all lanes; None for others."""
        root = self.p.root.get(uid, uid)
        if uid in self.p.expression.numbers:
            number = self.p.expression.numbers[uid]
            return Lanes(self.f, "", self.dtypes[uid], LANES).full(number)
        single = self.made.get(root) or self.same.get(uid)
        return None if single is None else single.broadcast(LANES)

    def _place(self, uid: int) -> str:
        """Where the row of a whole value begins: in the scratch, where it was stored, or where it is read."""
        return self.kept.get(uid) or self.stored.get(uid) or self.places[uid]

    @contextmanager
    def _parts(self, starts: Sequence[Lanes]) -> Iterator[_Part]:
        """The parts of a row, with sums that are carried along."""
        carry = [(start.kind, start.name) for start in starts]
        with self.f.loop(0, self.r.length, LANES, carry) as loop:
            left = "" if self.p.even else self.f.sub(self.r.length, loop.i)
            yield _Part(self.f, loop, mask_of(self.f, left) if left else "")


@dataclass(eq=False)
class _Part:
    """A part of a row while its pass is written."""

    f: Function
    loop: Loop
    mask: str

    def at(self, place: str, dtype: str) -> str:
        """Where the part lies in a row."""
        return self.f.at(place, self.f.mul(self.loop.i, itemsize(dtype)))

    def read(self, place: str, dtype: str) -> Lanes:
        """The part of a row."""
        return load(self.f, dtype, self.at(place, dtype), LANES, self.mask)

    def write(self, place: str, lanes: Lanes) -> None:
        """Put the part of a row where it belongs."""
        store(self.f, lanes, self.at(place, lanes.dtype_name), self.mask)

    def combine(self, i: int, node: Node, x: Lanes) -> None:
        """Add the part to sum i."""
        combine, neutral = COMBINE[node.op.known]
        if self.mask:
            inside = Lanes(self.f, self.mask, "bool", LANES)
            x = where(inside, x, x.full(neutral(x.dtype_name)))
        sofar = Lanes(self.f, self.loop.values[i], x.dtype_name, LANES)
        self.loop.next[i] = combine(sofar, x).name


def _neutral(f: Function, node: Node) -> Lanes:
    """What changes nothing in a reduction."""
    dtype = node.specs[0].dtype
    return Lanes(f, "", dtype, LANES).full(COMBINE[node.op.known][1](dtype))
