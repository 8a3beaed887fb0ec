"""The copies that a contraction reads in order: of a stretch of B, one row of a tile's width after the other; of A,
the rows of a group side by side."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from functools import partial

from narae.executors.native.codegen.expression import itemsize, load, mask_of
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.lanes import KINDS, vector
from narae.executors.native.jit.compiler import addresses
from narae.executors.native.kernels.registers import CHUNK, Contraction, RegisterTile


def build(name: str, dtype: str, tile: RegisterTile) -> Function:
    """pack(record, copy, b, first tap, end of taps, columns): the record: `Contraction`, that of the tile."""
    f = Function(name, [PTR, PTR, PTR, INT, INT, INT])
    _Packing(f, dtype, tile).write()
    return f


def build_panels(name: str, dtype: str, tile: RegisterTile) -> Function:
    """All of B by panels, for tiles that read it often. The record: `Contraction`, with `a` the place for them."""
    f = Function(name, [PTR, PTR])
    r = Contraction[str].read(f, f.args[0], operands=0)
    column = f.mul(f.mul(r.tap_count, r.inner), itemsize(dtype))  # bytes of one, all its taps
    with f.loop(0, r.columns, tile.wide) as panel:
        width = f.least(f.sub(r.columns, panel.i), tile.wide)
        source = f.at(r.b, f.mul(panel.i, r.b_across))
        target = f.at(r.a, f.mul(panel.i, column))
        taps = f"i64 0, i64 {r.tap_count}, i64 {width}"
        f.do(f"call void {r.pack}(ptr {f.args[0]}, ptr {target}, ptr {source}, {taps})")
    f.do("ret void")
    return f


class _Packing:
    def __init__(self, f: Function, dtype: str, tile: RegisterTile) -> None:
        self.f, self.dtype, self.tile = f, dtype, tile
        self.kind = KINDS[dtype]
        self.size = itemsize(dtype)
        self.row = tile.wide * self.size  # bytes of a row of the copy
        self.record = Contraction[str].read(f, f.args[0], operands=0)
        self.copy = f.args[1]

    def write(self) -> None:
        """The copy, in the way that suits how B lies."""
        self._pack(*self.f.args[2:])
        self.f.do("ret void")

    def _pack(self, b: str, start: str, end: str, width: str) -> None:
        """Copy a stretch of B, one row of `wide` numbers after the other. Beyond `width` there is
        what nobody reads: zeros, or copies of the last column."""
        f = self.f
        ways = [f.label() for _ in range(4)]
        done = f.label()
        near = f.let(f"icmp eq i64 {self.record.b_across}, {self.size}")
        f.branch(near, ways[0], ways[1])
        f.place(ways[0])
        self._pack_rows(b, start, end, width)
        f.jump(done)
        f.place(ways[1])
        f.branch(f.let(f"icmp eq i64 {self.record.b_down}, {self.size}"), ways[2], ways[3])
        f.place(ways[2])
        self._pack_turned(b, start, end, width)
        f.jump(done)
        f.place(ways[3])
        with f.loop(start, end) as tap:
            source, target = self._rows_of(b, tap.i, start)
            self._pack_singly(source, target, width, "0")
        f.jump(done)
        f.place(done)

    def _pack_rows(self, b: str, start: str, end: str, width: str) -> None:
        """Rows of B lie along memory: whole registers, the last of a row masked."""
        f, tile, kind = self.f, self.tile, vector(self.kind, self.tile.lanes)
        step = tile.lanes * self.size
        masks = [mask_of(f, f.sub(width, v * tile.lanes), tile.lanes) for v in range(tile.vectors)]
        whole = f.let(f"icmp eq i64 {width}, {tile.wide}")
        full, part, done = f.label(), f.label(), f.label()
        f.branch(whole, full, part)
        for label, masked in ((full, False), (part, True)):
            f.place(label)
            with f.loop(start, end) as tap:
                source, target = self._rows_of(b, tap.i, start)
                with f.loop(0, self.record.inner) as k:
                    row = f.at(source, f.mul(k.i, self.record.b_down))
                    into = f.at(target, f.mul(k.i, self.row))
                    for v in range(tile.vectors):
                        place = f.at(row, v * step)
                        if masked:
                            value = load(f, self.dtype, place, tile.lanes, masks[v]).name
                        else:
                            value = f.load(kind, place, self.size)
                        f.store(kind, value, f.at(into, v * step), self.size)
            f.jump(done)
        f.place(done)

    def _pack_turned(self, b: str, start: str, end: str, width: str) -> None:
        """Columns of B lie along memory: squares of numbers are turned in registers."""
        f, tile, kind = self.f, self.tile, vector(self.kind, self.tile.lanes)
        lanes, last = tile.lanes, f.sub(width, 1)
        whole = f.let(f"and i64 {self.record.inner}, {-lanes}")
        with f.loop(start, end) as tap:
            source, target = self._rows_of(b, tap.i, start)
            with f.loop(0, width, lanes) as square:
                columns = [
                    f.at(source, f.mul(f.least(f.add(square.i, c), last), self.record.b_across))
                    for c in range(lanes)
                ]
                first = f.at(target, f.mul(square.i, self.size))
                with f.loop(0, whole, lanes) as k:
                    down = f.mul(k.i, self.size)
                    loaded = [f.load(kind, f.at(column, down), self.size) for column in columns]
                    into = f.at(first, f.mul(k.i, self.row))
                    for r, value in enumerate(turned(f, kind, loaded)):
                        f.store(kind, value, f.at(into, r * self.row), self.size)
            self._pack_singly(source, target, width, whole)

    def _pack_singly(self, source: str, target: str, width: str, first: str) -> None:
        """Number by number, from row `first` of a tap on."""
        f = self.f
        with f.loop(0, width) as n:
            column = f.at(source, f.mul(n.i, self.record.b_across))
            into = f.at(target, f.mul(n.i, self.size))
            with f.loop(first, self.record.inner) as k:
                value = f.load(self.kind, f.at(column, f.mul(k.i, self.record.b_down)), self.size)
                f.store(self.kind, value, f.at(into, f.mul(k.i, self.row)), self.size)

    def _rows_of(self, b: str, tap: str, start: str) -> tuple[str, str]:
        return stretch_of(
            self.f, self.record.taps, self.record.inner, self.row, (b, self.copy), tap, start
        )


def copy_rows(
    f: Function,
    r: Contraction[str],
    dtype: str,
    tile: RegisterTile,
    groups: tuple[str, str],
    start: str,
    end: str,
) -> None:
    """The rows of A, taps `start` to `end`, the rows of a group side by side. groups: where the first group's are, and
    bytes to the next one's. k is the outer loop: its numbers are next to each other."""
    step = tile.rows * itemsize(dtype)
    base = f.at(r.a, f.load(INT, r.rows, 8))
    whole = f.let(f"and i64 {r.count}, {-CHUNK}")
    left = f.sub(r.count, whole)
    rest, mask = f.let(f"icmp sgt i64 {left}, 0"), mask_of(f, left, CHUNK)
    many = f.mul(groups[1], CHUNK // tile.rows)
    with f.loop(start, end) as tap:
        source = f.at(base, f.load(INT, f.at(r.taps, f.mul(tap.i, 16)), 8))
        target = f.at(groups[0], f.mul(f.mul(f.sub(tap.i, start), r.inner), step))
        with f.loop(0, r.inner) as k:
            begin = f.at(source, f.mul(k.i, r.a_step))
            into = f.at(target, f.mul(k.i, step))
            with f.loop(0, whole, CHUNK, carry=[(PTR, into)]) as rows:
                place = f.at(begin, f.mul(rows.i, itemsize(dtype)))
                _store_groups(f, dtype, tile, place, (rows.values[0], groups[1]), "")
                rows.next = [f.at(rows.values[0], many)]
            with f.when(rest):
                place = f.at(begin, f.mul(whole, itemsize(dtype)))
                _store_groups(f, dtype, tile, place, (rows.out[0], groups[1]), mask)


def _store_groups(
    f: Function, dtype: str, tile: RegisterTile, source: str, groups: tuple[str, str], mask: str
) -> None:
    """`CHUNK` numbers of a k to where those of their groups are."""
    x = load(f, dtype, source, CHUNK, mask)
    for i in range(CHUNK // tile.rows):
        order = ", ".join(f"i32 {n}" for n in range(i * tile.rows, (i + 1) * tile.rows))
        part = f"shufflevector {x.kind} {x.name}, {x.kind} poison, <{tile.rows} x i32> <{order}>"
        place = f.at(groups[0], f.mul(groups[1], i))
        f.store(vector(KINDS[dtype], tile.rows), f.let(part), place, itemsize(dtype))


def stretch_of(
    f: Function, taps: str, inner: str, row: int, bases: tuple[str, str], tap: str, start: str
) -> tuple[str, str]:
    """Where a tap's rows of B lie, and where they are copied to. row: bytes of a row of the copy;
    bases: of B and of the copy, which begins with the tap `start`."""
    offset = f.load(INT, f.at(taps, f.add(f.mul(tap, 16), 8)), 8)
    first = f.mul(f.sub(tap, start), inner)
    return f.at(bases[0], offset), f.at(bases[1], f.mul(first, row))


def turned(f: Function, kind: str, rows: Sequence[str]) -> list[str]:
    """The transpose of a square of registers: blocks of 1, 2, 4, ... lanes change places."""
    found, lanes, step = list(rows), len(rows), 1
    while step < lanes:
        made = list(found)
        low = [j if not j & step else lanes + j - step for j in range(lanes)]
        high = [j + step if not j & step else lanes + j for j in range(lanes)]
        picks = [", ".join(f"i32 {n}" for n in order) for order in (low, high)]
        for i in range(lanes):
            if i & step:
                continue
            a, b = found[i], found[i + step]
            for place, picked in zip((i, i + step), picks, strict=True):
                text = f"shufflevector {kind} {a}, {kind} {b}, <{lanes} x i32> <{picked}>"
                made[place] = f.let(text)
        found, step = made, 2 * step
    return found


@functools.cache  # it depends on nothing else
def packer(dtype: str, tile: RegisterTile, checked: bool) -> int:
    """The address of the kernel that copies stretches of B."""
    writer = partial(build, dtype=dtype, tile=tile)
    return addresses([(f"pack {dtype} {tile}", writer)], checked)[0]
