"""Attention of a range of queries of one head, a block of keys after the other (Milakov and Gimelshein 2018; Dao et al.
2022, algorithm 1).

    for block of keys:
        copy the keys turned, so that a product reads a row of numbers of many keys, and the values
        for group of rows:                          as many as registers hold
            for panel of the block's keys:          as wide as registers are
                scores = scale * q · k              then the cap, the bias, what is hidden
            peaks' = max(peaks, the largest scores)
            for row in group:
                weights = e^(scores - peak')
                totals = e^(peak - peak') totals + weights      lane by lane: they are added up in the end
            sums = e^(peak - peak') sums + weights · values
    out = sums / the sum of totals

Scores are there for one group of rows and one block of keys at a time, in the first cache. The order of all sums
depends on shapes alone.
"""

from __future__ import annotations

import numpy as np

from narae.executors.native.codegen.expression import store
from narae.executors.native.codegen.ir import PTR, Function
from narae.executors.native.codegen.kernel_record import KernelRecord, W, pointer, word
from narae.executors.native.codegen.lanes import Lanes, where
from narae.executors.native.jit.target import Target
from narae.executors.native.kernels.blocks import Blocks
from narae.executors.native.kernels.reduction import folded
from narae.executors.native.kernels.scores import Beside, Kind, Panel, beside


class Attention(KernelRecord[W]):
    """A range of queries of a head, all keys. Gaps are bytes between rows."""

    q: W = pointer()
    k: W = pointer()
    v: W = pointer()
    out: W = pointer()
    peak: W = pointer()
    total: W = pointer()
    bias: W = pointer()
    mask: W = pointer()
    q_gap: W = word()
    k_gap: W = word()
    v_gap: W = word()
    out_gap: W = word()
    bias_gap: W = word()
    mask_gap: W = word()
    first: W = word()  # time of the first query
    rows: W = word()
    keys: W = word()
    width: W = word()  # of queries and keys
    wide: W = word()  # of values
    block: W = word()  # keys of a block: a multiple of a product's width
    scale: W = word()  # bits of a number
    cap: W = word()


def scratch(tile: tuple[int, int], size: int, rows: int, width: int, wide: int, block: int) -> int:
    """Bytes that a kernel needs. tile: rows and columns of a product in registers."""
    down, across = tile
    wide = -(-wide // across) * across
    rows = -(-rows // down) * down
    numbers = width * block + block * wide + down * block + rows * (wide + across + 1) + across
    return numbers * size + 2 * down * across * 8 + 64 * across


def build(name: str, target: Target, kind: Kind) -> Function:
    """A kernel. Its record: `Attention`."""
    return _Attention(Function(name, [PTR, PTR]), target, kind).write()


class _Attention:
    """A kernel while it is written. The places in the scratch: keys (turned) and values of a block; weights of a group;
    sums, peaks and totals of all rows; factors of a group; slots."""

    def __init__(self, f: Function, target: Target, kind: Kind) -> None:
        self.f, self.kind = f, kind
        b = self.b = Blocks(f, target, kind.dtype)
        r = self.r = Attention[str].read(f, f.args[0])
        self.pitch = b.bytes_of(r.block)
        self.wide = b.bytes_of(b.up(r.wide, b.wide))
        rows = b.up(r.rows, b.rows)
        self.lanes = b.wide * b.size
        self.keys = f.args[1]
        self.values = f.at(self.keys, f.mul(r.width, self.pitch))
        self.weights = f.at(self.values, f.mul(r.block, self.wide))
        self.sums = f.at(self.weights, f.mul(self.pitch, b.rows))
        self.peaks = f.at(self.sums, f.mul(rows, self.wide))
        self.totals = f.at(self.peaks, b.bytes_of(rows))
        self.factors = f.at(self.totals, f.mul(rows, self.lanes))
        self.slots = f.at(self.factors, self.lanes)
        self.scale, self.cap = b.number(r.scale), b.number(r.cap).broadcast(b.wide)
        self.last = f.sub(r.rows, 1)
        self.lowest = float(-np.finfo(kind.dtype).max)

    def write(self) -> Function:
        """Blocks of keys; for each, groups of rows."""
        f, r, b = self.f, self.r, self.b
        self._begin()
        stop = f.least(r.keys, f.add(r.first, r.rows)) if self.kind.skips else r.keys
        with f.loop(0, stop, r.block) as block:
            count = f.least(f.sub(stop, block.i), r.block)
            keys, values = (
                f.at(place, f.mul(block.i, gap)) for place, gap in ((r.k, r.k_gap), (r.v, r.v_gap))
            )
            b.copy_turned(keys, r.k_gap, count, r.width, self.keys, self.pitch, self.scale)
            b.copy_in(values, r.v_gap, count, r.wide, self.values, self.wide, None)
            with f.loop(0, r.rows, b.rows) as group:
                self._group(block.i, count, group.i)
        self._end()
        f.do("ret void")
        return f

    def _begin(self) -> None:
        f, b = self.f, self.b
        rows = b.up(self.r.rows, b.rows)
        b.clear(self.sums, f.mul(rows, self.wide))
        b.clear(self.totals, f.mul(rows, self.lanes))
        with f.loop(0, b.bytes_of(rows), b.size) as row:
            store(f, b.full(self.lowest, 1), f.at(self.peaks, row.i))

    def _group(self, key: str, count: str, group: str) -> None:
        f, r, b, kind = self.f, self.r, self.b, self.kind
        time = f.sub(f.add(r.first, group), key)  # of the first row, after the block's first key
        seen, some = count, "true"
        if kind.skips:
            seen = f.least(f.add(time, b.rows), count)
            some = f.let(f"icmp sgt i64 {seen}, 0")
        elif kind.causal:
            near = f.let(f"icmp sgt i64 {f.add(time, b.rows)}, 0")
            some = f.let(f"or i1 {near}, {self._any_hidden(group)}")
        with f.when(some):
            self._scores(key, seen, group, time)
            factors = self._peaks(group, seen)
            with f.loop(0, b.rows) as row:
                self._weights(row.i, group, seen)
            sums = f.at(self.sums, f.mul(group, self.wide))
            rows = [f.at(self.weights, f.mul(self.pitch, i)) for i in range(b.rows)]
            b.add_up(rows, b.size, self.values, self.wide, (0, seen), sums, self.wide, factors)

    def _any_hidden(self, group: str) -> str:
        """Whether a row of a group has seen nothing: its result is the mean of all values."""
        f, b = self.f, self.b
        place = f.at(self.peaks, b.bytes_of(group))
        peaks = [b.read(f.at(place, i * b.size), 1) for i in range(b.rows)]
        least = peaks[0]
        for peak in peaks[1:]:
            least = where(peak < least, peak, least)
        return (least <= self.kind.hidden).name

    def _scores(self, key: str, seen: str, group: str, time: str) -> None:
        """The scores of a group of rows and a block of keys."""
        f, r, b, kind = self.f, self.r, self.b, self.kind
        numbers = [f.least(f.add(group, i), self.last) for i in range(b.rows)]
        rows = [f.at(r.q, f.mul(n, r.q_gap)) for n in numbers]
        bias = beside(b, kind.bias, kind.dtype, r.bias, r.bias_gap, numbers, key)
        mask = beside(b, kind.mask, "bool", r.mask, r.mask_gap, numbers, key)
        with f.loop(0, seen, b.wide) as c:
            keys = f.at(self.keys, b.bytes_of(c.i))
            made = b.sums(rows, b.size, keys, self.pitch, (0, r.width), b.zeros())
            panel = Panel(b, kind, c.i, seen, self.slots)
            if kind.capped:
                made = [panel.bent(x, self.cap) * self.cap for x in made]
            self._finish(panel, made, bias, mask, time)

    def _finish(
        self, panel: Panel, made: list[Lanes], bias: Beside, mask: Beside, time: str
    ) -> None:
        """Scores to where the group's are; those of an edge otherwise than others."""
        f, b = self.f, self.b
        past = f.sub(f.add(time, 1), panel.column)  # keys of the panel that the first row sees
        inner = f.least(past, panel.left) if self.kind.causal else panel.left
        edge, whole, done = f.label(), f.label(), f.label()
        f.branch(f.let(f"icmp slt i64 {inner}, {b.wide}"), edge, whole)
        for label, at_edge in ((edge, True), (whole, False)):
            f.place(label)
            limits = None
            if at_edge and self.kind.causal:
                limits = [f.add(past, i) for i in range(b.rows)]
            if (
                limits is not None and self.kind.skips
            ):  # what is after the block's keys is hidden as what is later
                limits = [f.least(limit, panel.left) for limit in limits]
            padded = at_edge and not self.kind.skips
            out = panel.finished(made, bias, mask, limits, padded)
            for i, x in enumerate(out):
                place = f.at(self.weights, f.mul(self.pitch, i))
                store(f, x, f.at(place, b.bytes_of(panel.column)))
            f.jump(done)
        f.place(done)

    def _peaks(self, group: str, seen: str) -> list[Lanes]:
        """The largest scores so far; what all sums of before are multiplied by, now that others are the largest."""
        f, b = self.f, self.b
        lowest = b.full(self.lowest, b.wide).name
        with f.loop(0, seen, b.wide, carry=[(b.vector, lowest)] * b.rows) as c:
            across = f.at(self.weights, b.bytes_of(c.i))
            for i, most in enumerate(c.values):
                x = b.read(f.at(across, f.mul(self.pitch, i)), b.wide)
                c.next[i] = where(x > b.given(most), x, b.given(most)).name
        place = f.at(self.peaks, b.bytes_of(group))
        found = []
        for i, most in enumerate(c.out):
            before = b.read(f.at(place, i * b.size), 1)
            top = folded(b.given(most), lambda x, y: where(x > y, x, y))
            top = where(top > before, top, before)
            found.append(before - top)
            store(f, top, f.at(place, i * b.size))
        factors = b.exp(b.together(found))
        store(f, factors, self.factors)
        return [b.everywhere(f.at(self.factors, i * b.size)) for i in range(b.rows)]

    def _weights(self, row: str, group: str, seen: str) -> None:
        """The scores of a row become weights."""
        f, b = self.f, self.b
        scores = f.at(self.weights, f.mul(row, self.pitch))
        number = f.add(group, row)
        top = b.everywhere(f.at(self.peaks, b.bytes_of(number)))
        totals = f.at(self.totals, f.mul(number, self.lanes))
        begun = b.read(totals, b.wide) * b.everywhere(f.at(self.factors, b.bytes_of(row)))
        with f.loop(0, seen, b.wide, carry=[(b.vector, begun.name)]) as c:
            place = f.at(scores, b.bytes_of(c.i))
            x = b.exp(b.read(place, b.wide) - top)
            store(f, x, place)
            c.next = [(b.given(c.values[0]) + x).name]
        store(f, b.given(c.out[0]), totals)

    def _end(self) -> None:
        """The means, and what the gradient needs of each row."""
        f, r, b = self.f, self.r, self.b
        with f.loop(0, b.bytes_of(r.rows), b.size) as row:
            peak = b.read(f.at(self.peaks, row.i), 1)
            totals = b.read(f.at(self.totals, f.mul(row.i, b.wide)), b.wide)
            total = folded(totals, lambda x, y: x + y)
            store(f, total, f.at(self.totals, row.i))  # where those of rows before were
            fine = total > 0  # not where all scores are -∞, one is +∞ or NaN
            nan = b.full(float("nan"), 1)
            store(f, where(fine, peak, nan), f.at(r.peak, row.i))
            store(f, where(fine, total, nan), f.at(r.total, row.i))

        def share(row: str) -> Lanes:
            return b.full(1.0, 1) / b.read(f.at(self.totals, b.bytes_of(row)), 1)

        b.copy_out(self.sums, self.wide, r.rows, r.wide, r.out, r.out_gap, share)
