"""Products of matrices, and all that is one with another rule of addresses (convolution too).

    C[r, n] = sum over t, k of A[row(r) + tap(t) + k along] * B[tap'(t) + k down + n across]

A tile of rows by columns stays in registers while the sum runs. A's elements are read where they
lie, one at a time; B is copied, `wide` columns at a time, so that the innermost loop reads it in
order. An expression over C is computed while the tile is still in the first cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from narae.executors.native.codegen.expression import Expression, Operand, emit_row, itemsize, shown
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.lanes import KINDS, spread, vector
from narae.executors.native.jit.target import Target
from narae.executors.native.kernels.packing import stretch
from narae.executors.native.kernels.registers import FIELDS, FIRST_OPERAND, LONG, tile_shape


def key(dtype: str, expression: Expression, operands: Sequence[Operand], way: str) -> str:
    """What makes two kernels the same."""
    return f"contraction {dtype} {way} [{shown(operands)}] {expression.key}"


def build(
    name: str,
    target: Target,
    dtype: str,
    product: int,
    expression: Expression,
    operands: Sequence[Operand],
    way: str = "in turn",
) -> Function:
    """A kernel for a tile of C. product: the uid of C among the expression's reads; way: see
    `registers.tile_shape`.

    Its scratch: a stretch of B (`block` taps by `wide` columns), then the sums (rows by `wide`).
    """
    return _Contraction(
        Function(name, [PTR, PTR]), target, dtype, product, expression, operands, way
    ).write()


class _Contraction:
    def __init__(
        self,
        f: Function,
        target: Target,
        dtype: str,
        product: int,
        expression: Expression,
        operands: Sequence[Operand],
        way: str,
    ) -> None:
        self.f, self.dtype, self.product = f, dtype, product
        self.expression, self.operands = expression, list(operands)
        self.shape, self.beside = tile_shape(target, dtype, way), way == "beside"
        self.kind = KINDS[dtype]
        self.size = itemsize(dtype)
        record = f.args[0]
        places = ("a", "b", "rows", "taps", "pack")
        values = {n: f.field(record, i, PTR if n in places else INT) for i, n in enumerate(FIELDS)}
        self.a, self.b, self.rows, self.taps = (values[n] for n in ("a", "b", "rows", "taps"))
        self.count, self.columns = values["count"], values["columns"]
        self.tap_count, self.block = values["tap_count"], values["block"]
        self.inner, self.a_step = values["inner"], values["a_step"]
        self.b_down, self.b_across = values["b_down"], values["b_across"]
        self.pack = values["pack"]
        self.direct = f.let(f"icmp ne i64 {values['direct']}, 0")
        self.places, self.gaps = [], []
        for i in range(len(operands)):
            self.places.append(f.field(record, FIRST_OPERAND + 2 * i, PTR))
            self.gaps.append(f.field(record, FIRST_OPERAND + 2 * i + 1))
        self.packed = f.args[1]
        self.row = self.shape.wide * self.size  # bytes of a row of the copy
        stretch = f.mul(f.mul(self.block, self.inner), self.shape.wide * self.size)
        self.sums = f.at(self.packed, stretch)
        # where all of a sum is one stretch, every group of rows uses the same few lines of memory
        unbroken = f.let(f"icmp sle i64 {self.tap_count}, {self.block}")
        depth = f.mul(self.tap_count, self.inner)
        self.long = f.let(f"icmp sge i64 {depth}, {LONG}")
        self.sums_row = f.let(f"select i1 {unbroken}, i64 0, i64 {self.row}")

    def write(self) -> Function:
        """Panels of columns; for each, stretches of B; for each, groups of rows."""
        f, wide = self.f, self.shape.wide
        with f.loop(0, self.columns, wide) as panel:
            width = f.least(f.sub(self.columns, panel.i), wide)
            b = f.at(self.b, f.mul(panel.i, self.b_across))
            with f.loop(0, self.tap_count, self.block) as stretch:
                end = f.least(f.add(stretch.i, self.block), self.tap_count)
                self._choose(b, stretch.i, end, width)
                first = f.let(f"icmp eq i64 {stretch.i}, 0")
                last = f.let(f"icmp eq i64 {end}, {self.tap_count}")
                if self.beside:
                    self._beside(panel.i, width, self.shape.vectors)
                else:
                    self._in_turn(stretch.i, end, (first, last), panel.i, width)
        f.do("ret void")
        return f

    def _choose(self, b: str, start: str, end: str, width: str) -> None:
        """Whether B is read where it lies; else copy it. `pitch`: bytes between its rows."""
        f = self.f
        odd = f.let(f"and i64 {width}, {self.shape.lanes - 1}")
        whole = f.let(f"icmp eq i64 {odd}, 0")
        self.lies = f.let(f"and i1 {self.direct}, {whole}")
        self.pitch = f.let(f"select i1 {self.lies}, i64 {self.b_down}, i64 {self.row}")
        self.panel = b
        with f.when(f.let(f"xor i1 {self.lies}, true")):
            args = (
                f"ptr {f.args[0]}, ptr {self.packed}, ptr {b}, i64 {start}, i64 {end}, i64 {width}"
            )
            f.do(f"call void {self.pack}({args})")

    def _b_of(self, tap: str, start: str) -> str:
        """Where a tap's rows of B are read."""
        f = self.f
        lying, copied = stretch(
            f, self.taps, self.inner, self.row, (self.panel, self.packed), tap, start
        )
        return f.let(f"select i1 {self.lies}, ptr {lying}, ptr {copied}")

    # -- sums ----------------------------------------------------------------------------------

    def _beside(self, panel: str, width: str, vectors: int) -> None:
        """Sums of one tap, and between their parts the expression of the group before, a row at a
        time: its slow operations and its memory then cost little."""
        f, shape = self.f, self.shape
        kind = vector(self.kind, shape.lanes)
        b = self._b_of("0", "0")
        half = shape.rows * self.row
        with f.loop(0, self.count, shape.rows, carry=[(PTR, f.at(self.sums, half))]) as group:
            before = group.values[0]
            sums = f.let(
                f"select i1 {self._even(group.i)}, ptr {self.sums}, ptr {f.at(self.sums, half)}"
            )
            self._fetch(group.i, panel, vectors)
            offset = f.load(INT, self.taps, 8)
            table = f.at(self.rows, f.mul(group.i, 16))
            rows = [
                f.at(f.at(self.a, f.load(INT, f.at(table, 16 * r), 8)), offset)
                for r in range(shape.rows)
            ]
            some = f.let(f"icmp sgt i64 {group.i}, 0")
            past = f.sub(group.i, shape.rows)
            zeros = [(kind, "zeroinitializer")] * (shape.rows * vectors)
            with f.loop(0, shape.rows, carry=zeros) as part:
                ends = [
                    f.let(f"sdiv i64 {f.mul(n, self.inner)}, {shape.rows}")
                    for n in (part.i, f.add(part.i, 1))
                ]
                given = [(kind, value) for value in part.values]
                with f.loop(*ends, carry=given) as k:
                    k.next = self._step(rows, b, k.i, k.values, vectors)
                part.next = k.out
                with f.when(some):
                    self._row(before, past, part.i, panel, width)
            self._keep(sums, part.out, vectors)
            group.next = [sums]
        last = f.mul(f.let(f"sdiv i64 {f.sub(self.count, 1)}, {shape.rows}"), shape.rows)
        self._finish(group.out[0], last, panel, width)

    def _even(self, group: str) -> str:
        f = self.f
        odd = f.let(f"and i64 {f.let(f'sdiv i64 {group}, {self.shape.rows}')}, 1")
        return f.let(f"icmp eq i64 {odd}, 0")

    def _in_turn(self, start: str, end: str, ends: tuple[str, str], panel: str, width: str) -> None:
        """All groups of rows over one stretch of B, as wide as there are columns; the expression
        after the last stretch. ends: whether this is the first, and the last."""
        f, shape = self.f, self.shape
        first, last = ends
        with f.loop(0, self.count, shape.rows) as group:
            sums = f.at(self.sums, f.mul(group.i, self.sums_row))
            with f.when(f.let(f"and i1 {last}, {self.long}")):
                self._fetch(group.i, panel, shape.vectors)
            joined = f.label()
            for vectors in range(1, shape.vectors + 1):
                wider = f.label()
                if vectors < shape.vectors:
                    fits = f.label()
                    narrow = f.let(f"icmp sle i64 {width}, {vectors * shape.lanes}")
                    f.branch(narrow, fits, wider)
                    f.place(fits)
                fresh = self._fresh(sums, first, vectors)
                done = self._sum(group.i, start, end, fresh, vectors)
                self._keep(sums, done, vectors)
                f.jump(joined)
                f.place(wider if vectors < shape.vectors else joined)
            with f.when(last):
                self._finish(sums, group.i, panel, width)

    def _number(self, group: str, r: str | int) -> str:
        """Which row of C a row of a group is."""
        f = self.f
        return f.load(INT, f.at(self.rows, f.add(f.mul(f.add(group, r), 16), 8)), 8)

    def _places_of(self, sums: str, vectors: int) -> Iterator[str]:
        """Where a group's sums are kept, row by row."""
        for r in range(self.shape.rows):
            for v in range(vectors):
                yield self.f.at(sums, r * self.row + v * self.shape.lanes * self.size)

    def _keep(self, sums: str, values: Sequence[str], vectors: int) -> None:
        for place, value in zip(self._places_of(sums, vectors), values, strict=True):
            self.f.store(vector(self.kind, self.shape.lanes), value, place, self.size)

    def _fetch(self, group: str, panel: str, vectors: int) -> None:
        """Ask for the lines of memory that the expression will read and write: they come while the
        sums are computed."""
        f, shape = self.f, self.shape
        for r in range(shape.rows):
            number = self._number(group, r)
            for i, operand in enumerate(self.operands):
                if operand.access != "along":
                    continue
                size = itemsize(operand.dtype)
                row = f.at(self.places[i], f.mul(number, self.gaps[i]))
                row = f.at(row, f.mul(panel, size))
                for line in range(0, vectors * shape.lanes * size, 64):
                    kinds = [("i32", "0"), ("i32", "3"), ("i32", "1")]
                    f.call("void", "llvm.prefetch.p0", [(PTR, f.at(row, line)), *kinds])

    def _fresh(self, sums: str, first: str, vectors: int) -> list[tuple[str, str]]:
        """Zeros, or the sums of the stretches before."""
        f, kind = self.f, vector(self.kind, self.shape.lanes)
        again, go, before = f.label(), f.label(), f.block
        f.branch(first, go, again)
        f.place(again)
        old = [f.load(kind, place, self.size) for place in self._places_of(sums, vectors)]
        f.jump(go)
        f.place(go)
        return [
            (kind, f.let(f"phi {kind} [ zeroinitializer, %{before} ], [ {value}, %{again} ]"))
            for value in old
        ]

    def _sum(
        self, group: str, start: str, end: str, fresh: list[tuple[str, str]], vectors: int
    ) -> list[str]:
        f, shape = self.f, self.shape
        table = f.at(self.rows, f.mul(group, 16))
        bases = [f.at(self.a, f.load(INT, f.at(table, 16 * r), 8)) for r in range(shape.rows)]
        with f.loop(start, end, carry=fresh) as tap:
            entry = f.at(self.taps, f.mul(tap.i, 16))
            offset = f.load(INT, entry, 8)
            rows = [f.at(base, offset) for base in bases]
            b = self._b_of(tap.i, start)
            given = [(kind, value) for (kind, _), value in zip(fresh, tap.values, strict=True)]
            with f.loop(0, self.inner, carry=given) as k:
                k.next = self._step(rows, b, k.i, k.values, vectors)
            tap.next = k.out
        return tap.out

    def _step(self, rows: list[str], b: str, k: str, sums: list[str], vectors: int) -> list[str]:
        """One k: a row of B times one number of each row of A, added to the sums."""
        f, shape, kind = self.f, self.shape, vector(self.kind, self.shape.lanes)
        line = f.at(b, f.mul(k, self.pitch))
        loaded = [
            f.load(kind, f.at(line, v * shape.lanes * self.size), self.size) for v in range(vectors)
        ]
        along = f.mul(k, self.a_step)
        suffix = f"v{shape.lanes}f{8 * self.size}"
        out = []
        for r, base in enumerate(rows):
            one = f.load(self.kind, f.at(base, along), self.size)
            all_ = spread(f, self.kind, one, shape.lanes)
            for v in range(vectors):
                args = [(kind, all_), (kind, loaded[v]), (kind, sums[r * vectors + v])]
                out.append(f.call(kind, f"llvm.fma.{suffix}", args))
        return out

    # -- the expression ------------------------------------------------------------------------

    def _finish(self, sums: str, group: str, panel: str, width: str) -> None:
        """The expression, row by row, for the rows that there are."""
        f, shape = self.f, self.shape
        rows = f.least(f.sub(self.count, group), shape.rows)
        with f.loop(0, rows) as r:
            self._row(sums, group, r.i, panel, width)

    def _row(self, sums: str, group: str, r: str, panel: str, width: str) -> None:
        """The expression for one row of a group."""
        f = self.f
        uids = [*self.expression.reads, *self.expression.outputs]
        number = self._number(group, r)
        places, operands, gaps, given = [], [], [], 0
        for i, uid in enumerate(uids):
            if i < len(self.expression.reads) and uid == self.product:
                places.append(f.at(sums, f.mul(r, self.row)))
                operands.append(Operand(self.dtype, "along"))
            else:
                operand = self.operands[given]
                row = f.at(self.places[given], f.mul(number, self.gaps[given]))
                size = itemsize(operand.dtype)
                along = operand.access == "along"
                places.append(f.at(row, f.mul(panel, size)) if along else row)
                operands.append(operand)
                given += 1
            gaps.append("0")
        emit_row(f, self.expression, operands, places, gaps, width)
