"""What becomes of scores that a product has left in registers: the cap, a bias, what is hidden."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from narae.executors.native.codegen.expression import itemsize, load
from narae.executors.native.codegen.ir import INT, PTR
from narae.executors.native.codegen.lanes import Lanes, where
from narae.executors.native.codegen.namespace import XP
from narae.executors.native.kernels.blocks import Blocks


@dataclass(frozen=True)
class Kind:
    """What a kernel of attention depends on. bias, mask: '' for none, 'along' where the numbers of a row lie side by
    side, 'same' where one is for all keys."""

    dtype: str
    bias: str
    mask: str
    causal: bool
    capped: bool
    hidden: float  # what a hidden score becomes

    @property
    def key(self) -> str:
        """As the keys of kernels have it."""
        return (
            f"{self.dtype} bias={self.bias} mask={self.mask} causal={self.causal} cap={self.capped}"
        )

    @property
    def skips(self) -> bool:
        """Whether keys after a query are left out. Where a mask may hide a whole row they count: its result is the mean
        of all."""
        return self.causal and not self.mask


@dataclass(frozen=True)
class Beside:
    """A bias or mask beside a group of rows of scores: where each row's numbers for the block of keys begin."""

    access: str
    dtype: str
    rows: list[str]


def beside(
    b: Blocks, access: str, dtype: str, place: str, gap: str, rows: Sequence[str], first_key: str
) -> Beside:
    """A bias or mask whose rows are `gap` bytes apart, at these rows."""
    f = b.f
    found = []
    if access:
        along = f.mul(first_key, itemsize(dtype)) if access == "along" else "0"
        found = [f.at(f.at(place, f.mul(row, gap)), along) for row in rows]
    return Beside(access, dtype, found)


class Panel:
    """The scores of a group of rows and as many keys as registers are wide, from key `column` of a block of `count`
    keys on. slots: memory for what is read of the last keys, where fewer than a width are left."""

    def __init__(self, b: Blocks, kind: Kind, column: str, count: str, slots: str) -> None:
        self.b, self.kind, self.column = b, kind, column
        self.left = b.f.sub(count, column)
        self.slots = slots

    def read(self, given: Beside, slot: int) -> list[Lanes]:
        """The numbers of a bias or mask, row by row. slot: which part of the slots they may use."""
        b, f = self.b, self.b.f
        if given.access == "same":
            return [load(f, given.dtype, row, 1).broadcast(b.wide) for row in given.rows]
        size = itemsize(given.dtype)
        step, room = f.mul(self.column, size), b.wide * 8
        places = [f.at(row, step) for row in given.rows]
        spare = [f.at(self.slots, (slot * b.rows + i) * room) for i in range(len(places))]
        few = f.let(f"icmp slt i64 {self.left}, {b.wide}")
        with f.when(few):  # a whole width would be read beyond the array's end
            length = f.mul(self.left, size)
            for place, to in zip(places, spare, strict=True):
                args = [(PTR, to), (PTR, place), (INT, length), ("i1", "false")]
                f.call("void", "llvm.memcpy.p0.p0.i64", args)
        chosen = [
            f.let(f"select i1 {few}, ptr {to}, ptr {place}")
            for place, to in zip(places, spare, strict=True)
        ]
        return [load(f, given.dtype, place, b.wide) for place in chosen]

    def bent(self, x: Lanes, cap: Lanes) -> Lanes:
        """tanh(score / cap)."""
        return XP.tanh(x / cap)

    def finished(
        self,
        made: Sequence[Lanes],
        bias: Beside,
        mask: Beside,
        limits: Sequence[str] | None,
        padded: bool,
    ) -> list[Lanes]:
        """Scores with their bias; hidden ones as such. limits: for each row, how many of the keys from `column` on it
        sees by its time; padded: keys beyond the block's count are -∞."""
        b, out = self.b, list(made)
        low = b.full(float("-inf"), b.wide)
        hidden = b.full(self.kind.hidden, b.wide)
        if bias.access:
            out = [x + y for x, y in zip(out, self.read(bias, 0), strict=True)]
        if mask.access:
            out = [where(seen, x, hidden) for seen, x in zip(self.read(mask, 1), out, strict=True)]
        if limits is not None:
            after = hidden if self.kind.mask else low
            out = [where(b.before(limit), x, after) for limit, x in zip(limits, out, strict=True)]
        if padded:
            inside = b.before(self.left)
            out = [where(inside, x, low) for x in out]
        return out

    def kept(
        self, made: Sequence[Lanes], mask: Beside, limits: Sequence[str] | None
    ) -> list[Lanes]:
        """Gradients of scores, 0 where those are hidden."""
        b, out = self.b, list(made)
        none = b.full(0.0, b.wide)
        if mask.access:
            out = [where(seen, x, none) for seen, x in zip(self.read(mask, 1), out, strict=True)]
        if limits is not None:
            out = [where(b.before(limit), x, none) for limit, x in zip(limits, out, strict=True)]
        return out

    def at_edge(self, past: str | None, body: Callable[[Sequence[str] | None], None]) -> None:
        """Write a body, for causal scores twice: for panels that all rows see, and for those that they see in part. It
        is given how many of the panel's keys each row sees, None for all. past: how many the first row does."""
        f, b = self.b.f, self.b
        if past is None:
            body(None)
            return
        edge, whole, done = f.label(), f.label(), f.label()
        f.branch(f.let(f"icmp slt i64 {past}, {b.wide}"), edge, whole)
        f.place(edge)
        body([f.add(past, i) for i in range(b.rows)])
        f.jump(done)
        f.place(whole)
        body(None)
        f.jump(done)
        f.place(done)
