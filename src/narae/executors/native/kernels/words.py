"""Products of narrow numbers by instructions that add up a few at once: a word of 32 bits holds the numbers of a few
successive k (2 of bfloat16, 4 of 8 bits), and one instruction adds the products of two words to a sum of 32 bits.

A product of words is a product like any other (`contraction`), of numbers of 4 bytes, whose k counts words. What is its
own is the instruction, and how words are laid out where the numbers of a word do not lie together:

    word[k, n] = B[s k, n] | B[s k + 1, n] << bits | ...        s numbers of a word, each of 32 / s bits

vdpbf16ps takes numbers below the smallest normal one for zero, in what it reads and in its sums, and rounds to nearest
whatever MXCSR says: each product is exact, and added by a rounding of its own. vpdpbusd is exact; it wraps, at 2**31.
"""

from __future__ import annotations

from functools import partial

from narae.executors.native.codegen.expression import itemsize, load, mask_of
from narae.executors.native.codegen.ir import PTR, Function
from narae.executors.native.codegen.kernel_record import KernelRecord, W, pointer, word
from narae.executors.native.codegen.lanes import vector
from narae.executors.native.kernels.registers import Multiply

SIZE = 4  # bytes of a word
LANES = 16  # words that are laid out at a time

# Of sums of products. Those of smaller whole numbers are sums of int32 that are cut off (`primitives/narrow.py`).
SUMS = ("float32", "float64", "int32", "uint32", "int64", "uint64")


def form_of(x: str) -> str:
    """The name of the product with an x of a dtype, in `FORMS`. (y of bytes is of the other kind, or made so.)"""
    if x == "bfloat16":
        return "halves"
    return "bytes" if x == "uint8" else "bytes, y unsigned"


def each_of(dtype: str) -> int:
    """How many numbers a word holds."""
    return 2 if dtype in ("bfloat16", "float32") else 4


def _halves(f: Function, a: str, b: str, sums: str, lanes: int) -> str:
    narrow, wide = vector("bfloat", 2 * lanes), vector("float", lanes)
    parts = [f.let(f"bitcast {wide} {x} to {narrow}") for x in (a, b)]
    args = [(wide, sums), (narrow, parts[0]), (narrow, parts[1])]
    return f.call(wide, f"llvm.x86.avx512bf16.dpbf16ps.{32 * lanes}", args)


def _bytes(f: Function, a: str, b: str, sums: str, lanes: int, turned: bool = False) -> str:
    kind = vector("i32", lanes)
    unsigned, signed = (b, a) if turned else (a, b)
    args = [(kind, sums), (kind, unsigned), (kind, signed)]
    return f.call(kind, f"llvm.x86.avx512.vpdpbusd.{32 * lanes}", args)


FORMS: dict[str, Multiply] = {
    "halves": _halves,
    "bytes": _bytes,
    "bytes, y unsigned": partial(_bytes, turned=True),
}


class Words(KernelRecord[W]):
    """A matrix of numbers (k by n, those of a row next to each other) and the words to make of it."""

    source: W = pointer()
    down: W = word()  # bytes between its rows
    depth: W = word()  # k: beyond it there are zeros
    columns: W = word()  # n
    target: W = pointer()
    wide: W = word()  # columns of a block of words
    row: W = word()  # bytes between a block's rows
    block: W = word()  # bytes between blocks


def key(dtype: str, flipped: bool) -> str:
    """What makes two kernels the same."""
    return f"words {dtype} {flipped}"


def build(name: str, dtype: str, flipped: bool) -> Function:
    """A kernel that lays out words. dtype: of the numbers, float32 for halves that are rounded on the way; flipped:
    whether 128 is added to each, so that int8 is uint8 and the other way around. Its record: `Words`."""
    f = Function(name, [PTR, PTR])
    _Layout(f, dtype, flipped).write()
    return f


class _Layout:
    """A kernel that lays out words, while it is written. Rows are the outer loop: memory is read as it lies."""

    def __init__(self, f: Function, dtype: str, flipped: bool) -> None:
        self.f, self.dtype, self.flipped = f, dtype, flipped
        self.record = Words[str].read(f, f.args[0])
        self.each = each_of(dtype)

    def write(self) -> None:
        """Rows of words, the last of fewer rows of numbers."""
        f, depth = self.f, self.record.depth
        whole = f.let(f"and i64 {depth}, {-self.each}")
        rest = f.sub(depth, whole)
        with f.loop(0, whole, self.each) as k:
            self._row(k.i, None)
        with f.when(f.let(f"icmp sgt i64 {rest}, 0")):
            self._row(whole, rest)
        f.do("ret void")

    def _row(self, k: str, there: str | None) -> None:
        """A row of words, from row k of the numbers on. there: how many of these there are, None for all."""
        f, r = self.f, self.record
        last = None if there is None else f.sub(there, 1)
        after = [str(j) if last is None else f.least(j, last) for j in range(self.each)]
        rows = [f.at(r.source, f.mul(f.add(k, j), r.down)) for j in after]
        into = f.at(r.target, f.mul(f.let(f"sdiv i64 {k}, {self.each}"), r.row))
        with f.loop(0, r.columns, r.wide, carry=[(PTR, into)]) as block:
            width = f.least(f.sub(r.columns, block.i), r.wide)
            begin = f.mul(block.i, itemsize(self.dtype))
            self._block([f.at(row, begin) for row in rows], block.values[0], width, there)
            block.next = [f.at(block.values[0], r.block)]

    def _block(self, rows: list[str], into: str, width: str, there: str | None) -> None:
        f, size = self.f, itemsize(self.dtype)
        kind = vector("i32", LANES)
        whole = f.let(f"and i64 {width}, {-LANES}")
        with f.loop(0, whole, LANES) as n:
            places = [f.at(row, f.mul(n.i, size)) for row in rows]
            words = _packed(f, self.dtype, self.flipped, places, "", there)
            f.store(kind, words, f.at(into, f.mul(n.i, SIZE)), SIZE)
        left = f.sub(width, whole)
        with f.when(f.let(f"icmp sgt i64 {left}, 0")):
            mask = mask_of(f, left, LANES)
            places = [f.at(row, f.mul(whole, size)) for row in rows]
            words = _packed(f, self.dtype, self.flipped, places, mask, there)
            place = f"align {SIZE} {f.at(into, f.mul(whole, SIZE))}"
            args = [(kind, words), (PTR, place), (vector("i1", LANES), mask)]
            f.call("void", f"llvm.masked.store.v{LANES}i32.p0", args)


def _packed(
    f: Function, dtype: str, flipped: bool, places: list[str], mask: str, there: str | None
) -> str:
    """Words of the numbers at a few places, the first in their lowest bits: all in one register, which is shuffled."""
    bits, kind = 32 // len(places), vector("i32", LANES)
    narrow = vector(f"i{bits}", LANES)
    found: list[str] = []
    for j, place in enumerate(places):
        x = load(f, dtype, place, LANES, mask)
        if dtype == "float32":
            x = x.astype("bfloat16")
        raw = x.name if x.kind == narrow else f.let(f"bitcast {x.kind} {x.name} to {narrow}")
        if there is not None and j:
            has = f.let(f"icmp sgt i64 {there}, {j}")
            raw = f.let(f"select i1 {has}, {narrow} {raw}, {narrow} zeroinitializer")
        found.append(raw)
    count = LANES
    while len(found) > 1:  # side by side, two at a time
        side, after = (
            vector(f"i{bits}", count),
            f"<{', '.join(f'i32 {n}' for n in range(2 * count))}>",
        )
        found = [
            f.let(f"shufflevector {side} {a}, {side} {b}, <{2 * count} x i32> {after}")
            for a, b in zip(found[::2], found[1::2], strict=True)
        ]
        count *= 2
    order = ", ".join(f"i32 {j * LANES + n}" for n in range(LANES) for j in range(len(places)))
    side = vector(f"i{bits}", count)
    mixed = f.let(f"shufflevector {side} {found[0]}, {side} poison, <{count} x i32> <{order}>")
    words = f.let(f"bitcast {side} {mixed} to {kind}")
    if flipped:
        flip = f"<{', '.join([f'i32 {0x80808080 - 2**32}'] * LANES)}>"
        words = f.let(f"xor {kind} {words}, {flip}")
    return words
