"""What the kernels of attention are made of: copies of blocks that lie as products read them, and products of blocks in
registers.

A block's rows are `pitch` bytes apart, complete to whole widths of a product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import itemsize, load, mask_of, store
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.lanes import KINDS, Lanes, broadcast, vector
from narae.executors.native.codegen.vectormath import exp_below
from narae.executors.native.jit.target import Target
from narae.executors.native.kernels.packing import turned

Span = tuple[str | int, str]  # from one number to below another


class Blocks:
    """A function that is being written, and how many numbers of a dtype its registers hold.

    rows, wide: a product in registers, rows by columns.
    """

    def __init__(self, f: Function, target: Target, dtype: str) -> None:
        self.f, self.dtype = f, dtype
        self.kind, self.size = KINDS[dtype], itemsize(dtype)
        self.lanes = target.lanes(self.size)
        self.rows, vectors = tuning.attention_tile(target.registers)
        self.wide = vectors * self.lanes
        self.vector = vector(self.kind, self.wide)

    # -- numbers ---------------------------------------------------------------------------------

    def number(self, word: str) -> Lanes:
        """The number whose bits a word of the record has."""
        bits = f"i{8 * self.size}"
        low = word if self.size == 8 else self.f.let(f"trunc i64 {word} to {bits}")
        return Lanes(self.f, self.f.let(f"bitcast {bits} {low} to {self.kind}"), self.dtype, 1)

    def full(self, value: float, count: int) -> Lanes:
        """A constant in all lanes."""
        return Lanes(self.f, "", self.dtype, count).full(value)

    def zeros(self) -> list[Lanes]:
        """Sums of a product that have not begun."""
        return [self.full(0.0, self.wide)] * self.rows

    def read(self, place: str, count: int, mask: str = "") -> Lanes:
        """Numbers from memory."""
        return load(self.f, self.dtype, place, count, mask)

    def everywhere(self, place: str) -> Lanes:
        """One number from memory, in all lanes."""
        return self.read(place, 1).broadcast(self.wide)

    def together(self, numbers: Sequence[Lanes]) -> Lanes:
        """Numbers as the first lanes of a vector as wide as a product; the others are 0."""
        name, kind = self.full(0.0, self.wide).name, self.kind
        for i, x in enumerate(numbers):
            name = self.f.let(f"insertelement {self.vector} {name}, {kind} {x.name}, i32 {i}")
        return self.given(name)

    def exp(self, x: Lanes) -> Lanes:
        """e to a power that is not above 0."""
        return exp_below(x)

    # -- whole numbers -----------------------------------------------------------------------------

    def up(self, length: str, unit: int) -> str:
        """A length, complete to whole units."""
        whole = self.f.let(f"sdiv i64 {self.f.add(length, unit - 1)}, {unit}")
        return self.f.mul(whole, unit)

    def bytes_of(self, length: str) -> str:
        """Bytes of so many numbers."""
        return self.f.mul(length, self.size)

    def most(self, value: str, low: str | int) -> str:
        """The larger of two."""
        above = self.f.let(f"icmp sgt i64 {value}, {low}")
        return self.f.let(f"select i1 {above}, i64 {value}, i64 {low}")

    def before(self, limit: str) -> Lanes:
        """Which lanes of a width lie before a limit: True for all of them where it is large."""
        f, wide = self.f, self.wide
        short = f.let(f"trunc i64 {limit} to i32")
        order = ", ".join(f"i32 {i}" for i in range(wide))
        limits = broadcast(f, "i32", short, wide)
        return Lanes(f, f.let(f"icmp slt {vector('i32', wide)} <{order}>, {limits}"), "bool", wide)

    # -- copies ------------------------------------------------------------------------------------

    def clear(self, place: str, size: str) -> None:
        """Bytes that become zeros."""
        args = [(PTR, place), ("i8", "0"), (INT, size), ("i1", "false")]
        self.f.call("void", "llvm.memset.p0.i64", args)

    def across(self, width: str, body: Callable[[str, str], None]) -> None:
        """Write a body for each whole width of a row, and for what is left of it: it is given bytes from the row's
        begin and a mask, '' where the width is whole (masked accesses are slow)."""
        f = self.f
        with f.loop(0, width, self.wide) as c:
            step, left = self.bytes_of(c.i), f.sub(width, c.i)
            whole, some, done = f.label(), f.label(), f.label()
            f.branch(f.let(f"icmp sge i64 {left}, {self.wide}"), whole, some)
            for label, masked in ((whole, False), (some, True)):
                f.place(label)
                body(step, mask_of(f, left, self.wide) if masked else "")
                f.jump(done)
            f.place(done)

    def copy_in(
        self,
        source: str,
        gap: str,
        count: str,
        width: str,
        block: str,
        pitch: str,
        factor: Lanes | None,
    ) -> None:
        """`count` rows that lie `gap` bytes apart as a block; factor: what they are multiplied by."""
        f = self.f
        wide = None if factor is None else factor.broadcast(self.wide)
        with f.loop(0, count) as row:
            begin, into = f.at(source, f.mul(row.i, gap)), f.at(block, f.mul(row.i, pitch))

            def moved(step: str, mask: str, begin: str = begin, into: str = into) -> None:
                x = self.read(f.at(begin, step), self.wide, mask)
                store(f, x if wide is None else x * wide, f.at(into, step))

            self.across(width, moved)

    def copy_out(
        self,
        block: str,
        pitch: str,
        count: str,
        width: str,
        target: str,
        gap: str,
        factor: Callable[[str], Lanes] | None,
    ) -> None:
        """The rows of a block to where they lie `gap` bytes apart; factor: for a row, what it is multiplied by."""
        f = self.f
        with f.loop(0, count) as row:
            begin, into = f.at(block, f.mul(row.i, pitch)), f.at(target, f.mul(row.i, gap))
            wide = None if factor is None else factor(row.i).broadcast(self.wide)

            def moved(
                step: str,
                mask: str,
                begin: str = begin,
                into: str = into,
                wide: Lanes | None = wide,
            ) -> None:
                x = self.read(f.at(begin, step), self.wide)
                store(f, x if wide is None else x * wide, f.at(into, step), mask)

            self.across(width, moved)

    def copy_turned(
        self,
        source: str,
        gap: str,
        count: str,
        width: str,
        block: str,
        pitch: str,
        factor: Lanes | None,
    ) -> None:
        """`count` rows that lie `gap` bytes apart as the columns of a block, complete to whole registers by copies of
        the last one."""
        f, lanes, kind = self.f, self.lanes, vector(self.kind, self.lanes)
        last = f.sub(count, 1)
        whole = f.let(f"and i64 {width}, {-lanes}")
        wide = None if factor is None else factor.broadcast(lanes)
        with f.loop(0, count, lanes) as square:
            rows = [
                f.at(source, f.mul(f.least(f.add(square.i, i), last), gap)) for i in range(lanes)
            ]
            first = f.at(block, self.bytes_of(square.i))
            with f.loop(0, whole, lanes) as k:
                loaded = [f.load(kind, f.at(row, self.bytes_of(k.i)), self.size) for row in rows]
                into = f.at(first, f.mul(k.i, pitch))
                for i, name in enumerate(turned(f, kind, loaded)):
                    x = Lanes(f, name, self.dtype, lanes)
                    store(f, x if wide is None else x * wide, f.at(into, f.mul(pitch, i)))
            with f.loop(whole, width) as k:
                into = f.at(first, f.mul(k.i, pitch))
                for i, row in enumerate(rows):
                    one = self.read(f.at(row, self.bytes_of(k.i)), 1)
                    store(f, one if factor is None else one * factor, f.at(into, i * self.size))

    # -- products ----------------------------------------------------------------------------------

    def sums(
        self,
        rows: Sequence[str],
        step: str | int,
        b: str,
        pitch: str,
        span: Span,
        begun: Sequence[Lanes],
    ) -> list[Lanes]:
        """begun[r] + Σ A[r, k] B[k, :] over k of a span. rows: where A's begin; step: bytes to their next k; b, pitch:
        where B lies."""
        f = self.f
        with f.loop(*span, carry=[(self.vector, x.name) for x in begun]) as k:
            line = self.read(f.at(b, f.mul(k.i, pitch)), self.wide)
            along = f.mul(k.i, step)
            for r, (row, value) in enumerate(zip(rows, k.values, strict=True)):
                one = self.everywhere(f.at(row, along))
                k.next[r] = one.calls("fma", line, self.given(value)).name
        return [self.given(name) for name in k.out]

    def given(self, name: str) -> Lanes:
        """A vector of IR, as wide as a product, as lanes."""
        return Lanes(self.f, name, self.dtype, self.wide)

    def add_up(
        self,
        rows: Sequence[str],
        step: str | int,
        b: str,
        b_pitch: str,
        span: Span,
        into: str,
        pitch: str,
        factors: Sequence[Lanes] | None = None,
    ) -> None:
        """into[r, :] = factors[r] into[r, :] + Σ A[r, k] B[k, :], over the whole pitch of two blocks, which is one."""
        f = self.f
        with f.loop(0, pitch, self.wide * self.size) as c:
            places = [f.at(f.at(into, c.i), f.mul(pitch, r)) for r in range(self.rows)]
            begun = [self.read(place, self.wide) for place in places]
            if factors is not None:
                begun = [x * y for x, y in zip(begun, factors, strict=True)]
            made = self.sums(rows, step, f.at(b, c.i), b_pitch, span, begun)
            for x, place in zip(made, places, strict=True):
                store(f, x, place)
