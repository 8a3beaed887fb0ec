"""Products of matrices, and all that is one with another rule of addresses (convolution too).

    C[r, n] = sum over t, k of A[row(r) + tap(t) + k a_step] * B[tap'(t) + k b_down + n b_across]

One call computes a tile of C, some rows by some columns. (`README.md` has a drawing.)

- A **panel** is as many columns as fit in registers (`RegisterTile.wide`).
- A **stretch** is as many taps as B's rows of a panel fit the second cache; they are copied there one after
  the other, unless they are read where they lie.
- A **group** is as many rows as fit in registers (`RegisterTile.rows`).
- A **tap** is one entry of the table of offsets: a sum runs over taps, and over `inner` numbers (k) of each.

    for panel in columns:
        for stretch in taps:
            copy B[stretch, panel], unless it is read where it lies
            for group in rows:
                sums = 0, or what the stretch before left in memory
                for tap in stretch:
                    for k in range(inner):
                        sums[r, :] += A[row r, tap, k] * B[tap, k, panel]   for r in group
                leave the sums in memory
                if it was the last stretch:
                    C[r, panel] = expression(sums[r])                       for r in group

That is the order 'in turn' (and 'of a row', where C has one). 'beside' is for expressions with slow operations,
and sums of one tap. The sums of a group and the expression of the group before are taken by turns, a row at a time,
so that each has something to do while the other waits:

    for group in rows:
        for r in range(rows of a group):
            sums += A[group, tap, k] * B[tap, k, panel]     for the r-th part of all k
            C[group before, r] = expression(sums before[r])

'columns of a' is for rows of A that lie side by side, far apart along k (a weight's gradient: A is the transpose of
what the layer read). Each k would fetch a line of memory for a few numbers of it, and the lines of many k meet in the
same few places of the caches. So A is copied too, a stretch at a time, the rows of a group side by side, and stretches
are the outer loop: each is copied once for all panels.

    for stretch in taps:
        copy A[rows, stretch]
        for panel in columns:
            copy B[stretch, panel], then all groups of rows as above
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import (
    Expression,
    Operand,
    few_of,
    itemsize,
    load,
    shown,
)
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.lanes import KINDS, broadcast, vector
from narae.executors.native.jit.target import Target
from narae.executors.native.kernels import words
from narae.executors.native.kernels.packing import copy_rows, stretch_of
from narae.executors.native.kernels.registers import (
    CHUNK,
    COLUMNS,
    LINE,
    PANELS,
    Contraction,
    Epilogue,
    Multiply,
    multiply_of,
    register_tile,
)


def key(
    dtype: str, expression: Expression, operands: Sequence[Operand], order: str, form: str = ""
) -> str:
    """What makes two kernels the same."""
    return f"contraction {dtype} {form} {order} [{shown(operands)}] {expression.key}"


def build(
    name: str,
    target: Target,
    dtype: str,
    product: int,
    expression: Expression,
    operands: Sequence[Operand],
    order: str = "in turn",
    form: str = "",
) -> Function:
    """A kernel for a tile of C. product: the uid of C among the expression's reads; order: see
    `registers.register_tile`; form: of a product of words, its name in `words.FORMS`.

    Its scratch: a stretch of B (`block` taps by `wide` columns), then the sums (rows by `wide`).
    """
    f = Function(name, [PTR, PTR])
    multiply = words.FORMS[form] if form else multiply_of(dtype)
    return _Contraction(f, target, dtype, product, expression, operands, order, multiply).write()


@dataclass(frozen=True)
class _Panel:
    """Columns `start` to `start` + `width`, and where B's rows of them are read."""

    start: str
    width: str
    source: str  # where they lie in B
    lies: str  # whether they are read there
    pitch: str  # bytes between the rows that are read
    masks: tuple[
        str, ...
    ]  # for each register of a row, which of its numbers are; none where all can be read


class _Contraction:
    """A kernel while it is written.

    record: what it is given. tile: its registers. row: bytes of a row of the copy and of the sums. copy, sums: their
    places in the scratch. sums_step: bytes from a group's sums to the next row's, 0 where all groups use the same
    few lines of memory, since all of a sum is one stretch. long: whether a group's sums take longer than asking for
    the memory of its expression. masked: whether a part of a register can be read as fast as all of it.
    """

    def __init__(
        self,
        f: Function,
        target: Target,
        dtype: str,
        product: int,
        expression: Expression,
        operands: Sequence[Operand],
        order: str,
        multiply: Multiply,
    ) -> None:
        self.f, self.order, self.dtype = f, order, dtype
        self.multiply = multiply
        self.tile = register_tile(target, dtype, order)
        self.kind, self.size = KINDS[dtype], itemsize(dtype)
        self.vector = vector(self.kind, self.tile.lanes)
        self.row = self.tile.wide * self.size
        self.masked = target.masks
        r = self.record = Contraction[str].read(f, f.args[0], operands=len(operands))
        self.epilogue = Epilogue(f, r, dtype, product, expression, list(operands), self.tile)
        self.direct = f.let(f"icmp ne i64 {r.direct}, 0")
        self.copy = f.args[1]
        depth_of = f.mul(r.block, r.inner)
        self.sums = f.at(self.copy, f.mul(depth_of, self.row))
        self.a_step: str | int = r.a_step
        if order == COLUMNS:
            self.groups = self.sums
            self.a_step = self.tile.rows * self.size
            self.group = f.add(f.mul(depth_of, self.a_step), LINE)  # bytes of a group's stretch
            chunks = f.let(f"sdiv i64 {f.add(r.count, CHUNK - 1)}, {CHUNK}")
            each = CHUNK // self.tile.rows
            self.sums = f.at(self.groups, f.mul(chunks, f.mul(self.group, each)))
            self.sums_of_panel = f.mul(chunks, CHUNK * self.row)
        unbroken = f.let(f"icmp sle i64 {r.tap_count}, {r.block}")
        depth = f.mul(r.tap_count, r.inner)
        self.long = f.let(f"icmp sge i64 {depth}, {tuning.LONG_SUM}")
        near = "false" if order == COLUMNS else unbroken
        self.sums_step = f.let(f"select i1 {near}, i64 0, i64 {self.row}")

    def write(self) -> Function:
        """Panels of columns; for each, stretches of B; for each, groups of rows."""
        f, r, wide = self.f, self.record, self.tile.wide
        if self.order == COLUMNS:
            return self._by_stretches()
        with f.loop(0, r.columns, wide) as columns:
            width = f.least(f.sub(r.columns, columns.i), wide)
            source = f.at(r.b, f.mul(columns.i, r.b_across))
            with f.loop(0, r.tap_count, r.block) as stretch:
                end = f.least(f.add(stretch.i, r.block), r.tap_count)
                panel = self._choose(columns.i, width, source, stretch.i, end)
                first = f.let(f"icmp eq i64 {stretch.i}, 0")
                last = f.let(f"icmp eq i64 {end}, {r.tap_count}")
                if self.order == "beside":
                    self._beside(panel, self.tile.vectors)
                else:
                    self._in_turn(panel, self.sums, stretch.i, end, first, last)
        f.do("ret void")
        return f

    def _by_stretches(self) -> Function:
        """Stretches of A and B; for each, panels of columns; for each, groups of rows."""
        f, r, wide = self.f, self.record, self.tile.wide
        with f.loop(0, r.tap_count, r.block) as stretch:
            end = f.least(f.add(stretch.i, r.block), r.tap_count)
            first = f.let(f"icmp eq i64 {stretch.i}, 0")
            last = f.let(f"icmp eq i64 {end}, {r.tap_count}")
            copy_rows(f, r, self.dtype, self.tile, (self.groups, self.group), stretch.i, end)
            with f.loop(0, r.columns, wide) as columns:
                width = f.least(f.sub(r.columns, columns.i), wide)
                source = f.at(r.b, f.mul(columns.i, r.b_across))
                panel = self._choose(columns.i, width, source, stretch.i, end)
                number = f.let(f"sdiv i64 {columns.i}, {wide}")
                sums = f.at(self.sums, f.mul(number, self.sums_of_panel))
                self._in_turn(panel, sums, stretch.i, end, first, last)
        f.do("ret void")
        return f

    def _choose(self, start: str, width: str, source: str, first: str, end: str) -> _Panel:
        """Whether B is read where it lies; else copy it: taps `first` to `end`."""
        f, r = self.f, self.record
        masks: tuple[str, ...] = ()
        if self.masked:
            lies, lanes = self.direct, self.tile.lanes
            masks = tuple(
                few_of(f, f.sub(width, v * lanes), lanes) for v in range(self.tile.vectors)
            )
        else:
            odd = f.let(f"and i64 {width}, {self.tile.lanes - 1}")
            whole = f.let(f"icmp eq i64 {odd}, 0")
            full = f.let(f"icmp eq i64 {r.direct}, {PANELS}")
            lies = f.let(f"and i1 {self.direct}, {f.let(f'or i1 {whole}, {full}')}")
        pitch = f.let(f"select i1 {lies}, i64 {r.b_down}, i64 {self.row}")
        with f.when(f.let(f"xor i1 {lies}, true")):
            taps = f"i64 {first}, i64 {end}, i64 {width}"
            f.do(f"call void {r.pack}(ptr {f.args[0]}, ptr {self.copy}, ptr {source}, {taps})")
        return _Panel(start, width, source, lies, pitch, masks)

    def _b_of(self, panel: _Panel, tap: str, first: str) -> str:
        """Where a tap's rows of B are read. first: the tap with which the stretch begins."""
        f, r = self.f, self.record
        bases = (panel.source, self.copy)
        lying, copied = stretch_of(f, r.taps, r.inner, self.row, bases, tap, first)
        return f.let(f"select i1 {panel.lies}, ptr {lying}, ptr {copied}")

    # -- 'beside' ------------------------------------------------------------------------------

    def _beside(self, panel: _Panel, vectors: int) -> None:
        """Sums of one tap, and between their parts the expression of the group before, a row at a
        time: its slow operations and its memory then cost little. Two places for sums take turns."""
        f, r, tile = self.f, self.record, self.tile
        b = self._b_of(panel, "0", "0")
        half = tile.rows * self.row
        with f.loop(0, r.count, tile.rows, carry=[(PTR, f.at(self.sums, half))]) as group:
            before = group.values[0]
            sums = f.let(
                f"select i1 {self._even(group.i)}, ptr {self.sums}, ptr {f.at(self.sums, half)}"
            )
            self.epilogue.fetch(group.i, panel.start, vectors)
            offset = f.load(INT, r.taps, 8)
            rows = [f.at(base, offset) for base in self._bases(group.i)]
            some = f.let(f"icmp sgt i64 {group.i}, 0")
            past = f.sub(group.i, tile.rows)
            zeros = [(self.vector, "zeroinitializer")] * (tile.rows * vectors)
            with f.loop(0, tile.rows, carry=zeros) as part:
                ends = [
                    f.let(f"sdiv i64 {f.mul(n, r.inner)}, {tile.rows}")
                    for n in (part.i, f.add(part.i, 1))
                ]
                given = [(self.vector, value) for value in part.values]
                with f.loop(*ends, carry=given) as k:
                    k.next = self._multiply(rows, b, panel, k.i, k.values, range(vectors))
                part.next = k.out
                with f.when(some):
                    self.epilogue.row(before, past, part.i, panel.start, panel.width)
            self._keep(sums, part.out, vectors)
            group.next = [sums]
        last = f.mul(f.let(f"sdiv i64 {f.sub(r.count, 1)}, {tile.rows}"), tile.rows)
        self.epilogue.rows_of(group.out[0], last, panel.start, panel.width)

    def _even(self, group: str) -> str:
        f = self.f
        odd = f.let(f"and i64 {f.let(f'sdiv i64 {group}, {self.tile.rows}')}, 1")
        return f.let(f"icmp eq i64 {odd}, 0")

    # -- 'in turn' -----------------------------------------------------------------------------

    def _in_turn(
        self, panel: _Panel, place: str, start: str, end: str, first: str, last: str
    ) -> None:
        """All groups of rows over one stretch of B, taps `start` to `end`, as wide as there are
        columns; the expression after the last stretch. place: of the sums; first, last: whether it is that stretch."""
        f, tile = self.f, self.tile
        with f.loop(0, self.record.count, tile.rows) as group:
            sums = f.at(place, f.mul(group.i, self.sums_step))
            with f.when(f.let(f"and i1 {last}, {self.long}")):
                self.epilogue.fetch(group.i, panel.start, tile.vectors)
            joined, after = f.label(), f.label()
            for vectors in range(1, tile.vectors + 1):
                wider = f.label()
                if vectors < tile.vectors:
                    fits = f.label()
                    narrow = f.let(f"icmp sle i64 {panel.width}, {vectors * tile.lanes}")
                    f.branch(narrow, fits, wider)
                    f.place(fits)
                begun = self._begun(sums, first, vectors)
                done = self._sum(panel, group.i, start, end, begun, vectors)
                if self.epilogue.is_quick:
                    later = f.label()
                    f.branch(self._is_whole(panel, group.i, vectors, last), now := f.label(), later)
                    f.place(now)
                    odd = panel.masks[vectors - 1] if panel.masks else ""
                    self.epilogue.at_once(done, group.i, panel.start, [*[""] * (vectors - 1), odd])
                    f.jump(after)
                    f.place(later)
                self._keep(sums, done, vectors)
                f.jump(joined)
                f.place(wider if vectors < tile.vectors else joined)
            with f.when(last):
                self.epilogue.rows_of(sums, group.i, panel.start, panel.width)
            f.jump(after)
            f.place(after)

    def _is_whole(self, panel: _Panel, group: str, vectors: int, last: str) -> str:
        """Whether a group's sums are ready, and registers that can be written as they are."""
        f = self.f
        rows = f.let(f"icmp sle i64 {f.add(group, self.tile.rows)}, {self.record.count}")
        ready = f.let(f"and i1 {rows}, {last}")
        if panel.masks:
            return ready
        wide = f.let(f"icmp sge i64 {panel.width}, {vectors * self.tile.lanes}")
        return f.let(f"and i1 {ready}, {wide}")

    def _begun(self, sums: str, first: str, vectors: int) -> list[str]:
        """Zeros, or the sums of the stretches before."""
        f = self.f
        again, go, before = f.label(), f.label(), f.block
        f.branch(first, go, again)
        f.place(again)
        old = [f.load(self.vector, place, self.size) for place in self._places_of(sums, vectors)]
        f.jump(go)
        f.place(go)
        return [f.phi(self.vector, ("zeroinitializer", before), (value, again)) for value in old]

    def _sum(
        self, panel: _Panel, group: str, start: str, end: str, begun: list[str], vectors: int
    ) -> list[str]:
        f, r = self.f, self.record
        bases = self._bases(group)
        with f.loop(start, end, carry=[(self.vector, value) for value in begun]) as tap:
            entry = f.at(r.taps, f.mul(tap.i, 16))
            offset = f.load(INT, entry, 8)
            if self.order == COLUMNS:  # they lie in the copy, one tap after the other
                offset = f.mul(f.mul(f.sub(tap.i, start), r.inner), self.a_step)
            rows = [f.at(base, offset) for base in bases]
            b = self._b_of(panel, tap.i, start)
            with f.loop(0, r.inner, carry=[(self.vector, value) for value in tap.values]) as k:
                k.next = self._multiply(rows, b, panel, k.i, k.values, range(vectors - 1, vectors))
            tap.next = k.out
        return tap.out

    # -- both ----------------------------------------------------------------------------------

    def _bases(self, group: str) -> list[str]:
        """Where the rows of a group begin in A."""
        f, r = self.f, self.record
        if self.order == COLUMNS:
            number = f.let(f"sdiv i64 {group}, {self.tile.rows}")
            begin = f.at(self.groups, f.mul(number, self.group))
            return [f.at(begin, i * self.size) for i in range(self.tile.rows)]
        table = f.at(r.rows, f.mul(group, 16))
        return [f.at(r.a, f.load(INT, f.at(table, 16 * i), 8)) for i in range(self.tile.rows)]

    def _multiply(
        self, rows: list[str], b: str, panel: _Panel, k: str, sums: list[str], odd: range
    ) -> list[str]:
        """One k: a row of B times one number of each row of A, added to the sums. odd: registers of the row that may
        not be whole, the last among them."""
        f, tile = self.f, self.tile
        line, vectors = f.at(b, f.mul(k, panel.pitch)), odd.stop
        loaded = []
        for v in range(vectors):
            place = f.at(line, v * tile.lanes * self.size)
            mask = panel.masks[v] if panel.masks and v in odd else ""
            loaded.append(load(f, self.dtype, place, tile.lanes, mask).name)
        along = f.mul(k, self.a_step)
        out = []
        for r, base in enumerate(rows):
            one = f.load(self.kind, f.at(base, along), self.size)
            all_ = broadcast(f, self.kind, one, tile.lanes)
            for v in range(vectors):
                before = sums[r * vectors + v]
                out.append(self.multiply(f, all_, loaded[v], before, tile.lanes))
        return out

    def _places_of(self, sums: str, vectors: int) -> Iterator[str]:
        """Where a group's sums are kept, row by row."""
        for r in range(self.tile.rows):
            for v in range(vectors):
                yield self.f.at(sums, r * self.row + v * self.tile.lanes * self.size)

    def _keep(self, sums: str, values: Sequence[str], vectors: int) -> None:
        for place, value in zip(self._places_of(sums, vectors), values, strict=True):
            self.f.store(self.vector, value, place, self.size)
