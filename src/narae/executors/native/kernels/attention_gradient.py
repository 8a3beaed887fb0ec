"""The gradient of attention for a range of keys of one head, and all queries that share it (Dao et al. 2022, alg. 4).

    for block of keys:
        copy the keys, the keys turned, the values turned
        for head of queries that share them, for block of its rows:
            copy the queries and the cotangents of their means; δ = Σ cotangent * mean of each row
            for group of rows:                          as many as registers hold
                for panel of the block's keys:          as wide as registers are
                    p = e^(scores - peak) / total       as the forward pass computes scores
                    s = p (cotangents · values - δ)
                dq += s · keys
            for group of keys:
                dv += pᵀ · cotangents, dk += sᵀ · queries

p and s are there for one block of rows by one of keys. A tile adds up dq over its range of keys, so where keys are cut
in several ranges each has its own part of dq. The order of all sums depends on shapes alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from narae.executors.native.codegen.expression import mask_of, store
from narae.executors.native.codegen.ir import PTR, Function
from narae.executors.native.codegen.kernel_record import KernelRecord, W, pointer, word
from narae.executors.native.codegen.lanes import Lanes
from narae.executors.native.jit.target import Target
from narae.executors.native.kernels.blocks import Blocks
from narae.executors.native.kernels.reduction import folded
from narae.executors.native.kernels.scores import Beside, Kind, Panel, beside


class AttentionGradient(KernelRecord[W]):
    """A range of keys of a head, all queries of the heads that share it. Gaps are bytes between rows, heads those
    between heads of queries."""

    q: W = pointer()
    k: W = pointer()
    v: W = pointer()
    ct: W = pointer()
    out: W = pointer()
    peak: W = pointer()
    total: W = pointer()
    bias: W = pointer()
    mask: W = pointer()
    dq: W = pointer()
    dk: W = pointer()
    dv: W = pointer()
    ds: W = pointer()  # of the scores, where they are wanted
    q_gap: W = word()
    k_gap: W = word()
    v_gap: W = word()
    ct_gap: W = word()
    out_gap: W = word()
    bias_gap: W = word()
    mask_gap: W = word()
    dq_gap: W = word()
    dk_gap: W = word()
    dv_gap: W = word()
    ds_gap: W = word()
    q_head: W = word()
    ct_head: W = word()
    out_head: W = word()
    row_head: W = word()  # of what each row has one number of
    bias_head: W = word()
    mask_head: W = word()
    dq_head: W = word()
    ds_head: W = word()
    groups: W = word()  # heads of queries
    rows: W = word()
    first: W = word()  # the first key's number
    keys: W = word()
    width: W = word()  # of queries and keys
    wide: W = word()  # of values
    block: W = word()  # keys of a block: a multiple of a product's width
    tall: W = word()  # rows of a block: a multiple of a product's rows
    scale: W = word()  # bits of a number
    cap: W = word()


def scratch(tile: tuple[int, int], size: int, width: int, wide: int, block: int, tall: int) -> int:
    """Bytes that a kernel needs. tile: rows and columns of a product in registers."""
    down, across = tile
    across_q, across_v = -(-width // across) * across, -(-wide // across) * across
    of_keys = block * (width + wide + across_q) + (block + down) * (across_q + across_v)
    of_rows = (tall + down) * (2 * across_q + across_v + 3) + 2 * (tall + down) * block
    return (of_keys + of_rows) * size + 2 * down * across * 8 + 64 * across


def build(name: str, target: Target, kind: Kind, with_scores: bool) -> Function:
    """A kernel; with_scores: whether it leaves the gradient of scores too. Its record: `AttentionGradient`."""
    return _Gradient(Function(name, [PTR, PTR]), target, kind, with_scores).write()


class _Rows:
    """A block of a head's rows, while its code is written: `count` of them from row `first` on; all that is read or
    written of the head begins at its addresses."""

    def __init__(self, f: Function, r: AttentionGradient[str], head: str, first: str) -> None:
        self.head, self.first = head, first
        self.count = f.least(f.sub(r.rows, first), r.tall)

        def at(place: str, of_head: str, gap: str) -> str:
            return f.at(f.at(place, f.mul(head, of_head)), f.mul(first, gap))

        self.q, self.ct = at(r.q, r.q_head, r.q_gap), at(r.ct, r.ct_head, r.ct_gap)
        self.out, self.dq = at(r.out, r.out_head, r.out_gap), at(r.dq, r.dq_head, r.dq_gap)
        self.bias = at(r.bias, r.bias_head, r.bias_gap)
        self.mask = at(r.mask, r.mask_head, r.mask_gap)
        self.ds = at(r.ds, r.ds_head, r.ds_gap)


class _Gradient:
    """A kernel while it is written. The places in the scratch: keys and values turned, keys, dk, dv of a block of keys;
    queries, cotangents, dq, peaks, shares (1 / total) and deltas of a block of rows; p and s; slots."""

    def __init__(self, f: Function, target: Target, kind: Kind, with_scores: bool) -> None:
        self.f, self.kind, self.with_scores = f, kind, with_scores
        self.skips = kind.skips and not with_scores  # whose zeros are wanted too
        b = self.b = Blocks(f, target, kind.dtype)
        r = self.r = AttentionGradient[str].read(f, f.args[0])
        self.pitch = b.bytes_of(r.block)
        self.wq, self.wv = (b.bytes_of(b.up(n, b.wide)) for n in (r.width, r.wide))
        keys, rows = f.add(r.block, b.rows), f.add(r.tall, b.rows)
        column = b.bytes_of(rows)
        sizes = {
            "keys_turned": f.mul(r.width, self.pitch),
            "values_turned": f.mul(r.wide, self.pitch),
            "keys": f.mul(r.block, self.wq),
            "dk": f.mul(keys, self.wq),
            "dv": f.mul(keys, self.wv),
            "queries": f.mul(rows, self.wq),
            "cts": f.mul(rows, self.wv),
            "dq": f.mul(rows, self.wq),
            "peaks": column,
            "shares": column,
            "deltas": column,
            "p": f.mul(rows, self.pitch),
            "s": f.mul(rows, self.pitch),
        }
        self.at: dict[str, str] = {}
        place = f.args[1]
        for name, size in sizes.items():
            self.at[name], place = place, f.at(place, size)
        self.sizes, self.slots = sizes, place
        self.scale, self.cap = b.number(r.scale), b.number(r.cap).broadcast(b.wide)

    def write(self) -> Function:
        """Blocks of keys; for each, heads and blocks of rows."""
        f, r, b, at = self.f, self.r, self.b, self.at
        with f.loop(0, r.keys, r.block) as block:
            count = f.least(f.sub(r.keys, block.i), r.block)
            keys, values = (
                f.at(p, f.mul(block.i, gap)) for p, gap in ((r.k, r.k_gap), (r.v, r.v_gap))
            )
            b.copy_turned(keys, r.k_gap, count, r.width, at["keys_turned"], self.pitch, self.scale)
            b.copy_turned(values, r.v_gap, count, r.wide, at["values_turned"], self.pitch, None)
            b.copy_in(keys, r.k_gap, count, r.width, at["keys"], self.wq, self.scale)
            for name in ("dk", "dv"):
                b.clear(at[name], self.sizes[name])
            with f.loop(0, r.groups) as head, f.loop(0, r.rows, r.tall) as rows:
                self._rows(block.i, count, _Rows(f, r, head.i, rows.i))
            dk, dv = (
                f.at(p, f.mul(block.i, gap)) for p, gap in ((r.dk, r.dk_gap), (r.dv, r.dv_gap))
            )
            b.copy_out(at["dk"], self.wq, count, r.width, dk, r.dk_gap, lambda row: self.scale)
            b.copy_out(at["dv"], self.wv, count, r.wide, dv, r.dv_gap, None)
        f.do("ret void")
        return f

    def _rows(self, key: str, count: str, rows: _Rows) -> None:
        """One block of rows and one of keys."""
        f, b, at = self.f, self.b, self.at
        # time of the first row, after the block's first key
        time = f.sub(rows.first, f.add(self.r.first, key))
        some = "true"
        if self.skips:
            some = f.let(f"icmp sgt i64 {f.add(time, rows.count)}, 0")
        with f.when(some):
            self._begin(key, rows)
            with f.loop(0, rows.count, b.rows) as group:
                seen = count
                if self.skips:
                    seen = b.most(f.least(f.add(f.add(time, group.i), b.rows), count), 0)
                self._group(key, count, seen, group.i, f.add(time, group.i), rows)
            self._of_keys(count, time, rows)
            b.copy_out(at["dq"], self.wq, rows.count, self.r.width, rows.dq, self.r.dq_gap, None)

    def _begin(self, key: str, rows: _Rows) -> None:
        """The rows' queries and cotangents, dq so far, and what each row has one number of."""
        f, r, b, at = self.f, self.r, self.b, self.at
        b.copy_in(rows.q, r.q_gap, rows.count, r.width, at["queries"], self.wq, None)
        b.copy_in(rows.ct, r.ct_gap, rows.count, r.wide, at["cts"], self.wv, None)
        begun, fresh, done = f.label(), f.label(), f.label()
        f.branch(f.let(f"icmp eq i64 {key}, 0"), fresh, begun)
        f.place(fresh)
        b.clear(at["dq"], self.sizes["dq"])
        f.jump(done)
        f.place(begun)
        b.copy_in(rows.dq, r.dq_gap, rows.count, r.width, at["dq"], self.wq, None)
        f.jump(done)
        f.place(done)
        # a group's rows beyond the last one: zeros, so that nothing is infinite by chance
        b.clear(f.at(at["queries"], f.mul(rows.count, self.wq)), f.mul(self.wq, b.rows))
        b.clear(f.at(at["cts"], f.mul(rows.count, self.wv)), f.mul(self.wv, b.rows))
        for name in ("peaks", "shares", "deltas"):
            b.clear(f.at(at[name], b.bytes_of(rows.count)), str(b.rows * b.size))
        of_head = f.mul(rows.head, r.row_head)
        with f.loop(0, rows.count) as row:
            step = b.bytes_of(row.i)
            given = f.add(of_head, b.bytes_of(f.add(rows.first, row.i)))
            store(f, b.read(f.at(r.peak, given), 1), f.at(at["peaks"], step))
            share = b.full(1.0, 1) / b.read(f.at(r.total, given), 1)
            store(f, share, f.at(at["shares"], step))
            store(f, self._delta(rows, row.i), f.at(at["deltas"], step))

    def _delta(self, rows: _Rows, row: str) -> Lanes:
        """Σ cotangent * mean of a row."""
        f, r, b = self.f, self.r, self.b
        out = f.at(rows.out, f.mul(row, r.out_gap))
        cts = f.at(self.at["cts"], f.mul(row, self.wv))
        whole = f.mul(f.let(f"sdiv i64 {r.wide}, {b.wide}"), b.wide)
        zero = b.full(0.0, b.wide).name
        with f.loop(0, whole, b.wide, carry=[(b.vector, zero)]) as c:
            step = b.bytes_of(c.i)
            x, y = b.read(f.at(out, step), b.wide), b.read(f.at(cts, step), b.wide)
            c.next = [x.calls("fma", y, b.given(c.values[0])).name]
        total = folded(b.given(c.out[0]), lambda x, y: x + y)
        with f.loop(whole, r.wide, carry=[(b.kind, total.name)]) as c:
            step = b.bytes_of(c.i)
            x, y = b.read(f.at(out, step), 1), b.read(f.at(cts, step), 1)
            c.next = [x.calls("fma", y, Lanes(f, c.values[0], b.dtype, 1)).name]
        return Lanes(f, c.out[0], b.dtype, 1)

    def _group(self, key: str, count: str, seen: str, group: str, time: str, rows: _Rows) -> None:
        """p and s of a group of rows and the block's keys, and what the group adds to dq."""
        f, r, b, at = self.f, self.r, self.b, self.at
        last = f.sub(rows.count, 1)
        numbers = [f.least(f.add(group, i), last) for i in range(b.rows)]
        first_key = f.add(r.first, key)
        bias = beside(b, self.kind.bias, self.kind.dtype, rows.bias, r.bias_gap, numbers, first_key)
        mask = beside(b, self.kind.mask, "bool", rows.mask, r.mask_gap, numbers, first_key)
        p, s = (f.at(at[name], f.mul(group, self.pitch)) for name in ("p", "s"))
        with f.loop(0, seen, b.wide) as c:
            panel = Panel(b, self.kind, c.i, count, self.slots)
            past = f.sub(f.add(time, 1), c.i) if self.kind.causal else None
            places = [f.at(place, b.bytes_of(c.i)) for place in (p, s)]

            def panel_of(
                limits: Sequence[str] | None, panel: Panel = panel, places: list[str] = places
            ) -> None:
                self._shares(panel, group, places, bias, mask, limits)
                found = self._of_scores(panel, group, places[0], mask, limits)
                if self.with_scores:
                    self._leave(key, panel, found, group, rows)
                for i, x in enumerate(found):
                    place = f.at(places[1], f.mul(self.pitch, i))
                    store(f, x * b.read(place, b.wide) if self.kind.capped else x, place)

            panel.at_edge(past, panel_of)
        if self.skips:  # the products of keys below read what is not computed
            done = f.mul(b.up(seen, b.wide), b.size)
            with f.loop(done, self.pitch, b.wide * b.size) as c:
                for base in (p, s):
                    for i in range(b.rows):
                        place = f.at(f.at(base, c.i), f.mul(self.pitch, i))
                        store(f, b.full(0.0, b.wide), place)
        lines = [f.at(s, f.mul(self.pitch, i)) for i in range(b.rows)]
        dq = f.at(at["dq"], f.mul(group, self.wq))
        b.add_up(lines, b.size, at["keys"], self.wq, (0, seen), dq, self.wq)

    def _lines(self, name: str, group: str, pitch: str) -> list[str]:
        """Where the rows of a group begin in a block."""
        f = self.f
        begin = f.at(self.at[name], f.mul(group, pitch))
        return [f.at(begin, f.mul(pitch, i)) for i in range(self.b.rows)]

    def _each(self, name: str, group: str) -> list[Lanes]:
        """For each row of a group its number, in all lanes."""
        f, b = self.f, self.b
        begin = f.at(self.at[name], b.bytes_of(group))
        return [b.everywhere(f.at(begin, i * b.size)) for i in range(b.rows)]

    def _shares(
        self,
        panel: Panel,
        group: str,
        places: list[str],
        bias: Beside,
        mask: Beside,
        limits: Sequence[str] | None,
    ) -> None:
        """p of a panel, at the first place. With a cap, what it leaves of the gradient of scores is put at the second,
        where s will be."""
        f, b = self.f, self.b
        turned = f.at(self.at["keys_turned"], b.bytes_of(panel.column))
        lines = self._lines("queries", group, self.wq)
        made = b.sums(lines, b.size, turned, self.pitch, (0, self.r.width), b.zeros())
        if self.kind.capped:
            bent = [panel.bent(x, self.cap) for x in made]
            for i, x in enumerate(bent):
                store(f, 1 - x * x, f.at(places[1], f.mul(self.pitch, i)))
            made = [x * self.cap for x in bent]
        made = panel.finished(made, bias, mask, limits, padded=False)
        peaks, shares = self._each("peaks", group), self._each("shares", group)
        for i, (x, peak, share) in enumerate(zip(made, peaks, shares, strict=True)):
            store(f, b.exp(x - peak) * share, f.at(places[0], f.mul(self.pitch, i)))

    def _of_scores(
        self,
        panel: Panel,
        group: str,
        p: str,
        mask: Beside,
        limits: Sequence[str] | None,
    ) -> list[Lanes]:
        """s of a panel, before the cap."""
        f, b = self.f, self.b
        turned = f.at(self.at["values_turned"], b.bytes_of(panel.column))
        lines = self._lines("cts", group, self.wv)
        made = b.sums(lines, b.size, turned, self.pitch, (0, self.r.wide), b.zeros())
        deltas = self._each("deltas", group)
        shares = [b.read(f.at(p, f.mul(self.pitch, i)), b.wide) for i in range(b.rows)]
        found = [share * (x - delta) for share, x, delta in zip(shares, made, deltas, strict=True)]
        return panel.kept(found, mask, limits)

    def _leave(self, key: str, panel: Panel, found: list[Lanes], group: str, rows: _Rows) -> None:
        """The gradient of a panel's scores, to where it is wanted."""
        f, b = self.f, self.b
        step = b.bytes_of(f.add(key, panel.column))
        for i, x in enumerate(found):
            row = f.add(group, i)
            with f.when(f.let(f"icmp slt i64 {row}, {rows.count}")):
                place = f.at(f.at(rows.ds, f.mul(row, self.r.ds_gap)), step)
                store(f, x, place, mask_of(f, panel.left, b.wide))

    def _of_keys(self, count: str, time: str, rows: _Rows) -> None:
        """What a block of rows adds to dk and dv of the block's keys."""
        f, b, at = self.f, self.b, self.at
        with f.loop(0, count, b.rows) as group:
            start = "0"
            if self.skips:  # rows before the group's first key do not see it
                start = f.least(b.most(f.sub(group.i, time), 0), rows.count)
            for name, given, into, wide in (
                ("p", "cts", "dv", self.wv),
                ("s", "queries", "dk", self.wq),
            ):
                begin = f.at(at[name], b.bytes_of(group.i))
                lines = [f.at(begin, i * b.size) for i in range(b.rows)]
                sums = f.at(at[into], f.mul(group.i, wide))
                b.add_up(lines, self.pitch, at[given], wide, (start, rows.count), sums, wide)
