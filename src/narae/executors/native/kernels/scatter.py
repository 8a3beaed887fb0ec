"""Kernels that add rows at indices. A tile owns rows of the result, or some of their columns: it looks at all indices,
and adds what is its own, in the order of the indices. So nothing is sorted, no two threads write to one place, and the
sums are the same however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from narae.executors.native.codegen.expression import (
    Expression,
    Operand,
    emit_row,
    itemsize,
    load,
    mask_of,
    shown,
    store,
)
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.kernel_record import (
    KernelRecord,
    W,
    parts,
    pointer,
    word,
    words,
)
from narae.executors.native.codegen.lanes import (
    KINDS,
    Lanes,
    Unlowered,
    broadcast,
    cast,
    splat,
    vector,
)
from narae.executors.native.codegen.namespace import maximum, minimum
from narae.executors.native.kernels.gather import checked_index
from narae.executors.native.tuning import LANES

FLAGS = 64  # bytes that say of a row each whether something was added to it, looked at together


class Indices(KernelRecord[W]):
    """Indices that lie next to each other, for an axis of `length`."""

    indices: W = pointer()
    error: W = pointer()  # where one out of range is reported
    count: W = word()
    length: W = word()


class AddRows(KernelRecord[W]):
    """into[index[i, j] - first] += x[i, j], for the indices of the rows from `first` on."""

    indices: W = pointer()  # along j they lie next to each other
    x: W = pointer()
    into: W = pointer()  # the first of the rows that are the tile's
    lengths: Sequence[W] = words(2)  # of i and j
    index_outer: W = word()  # bytes between the indices of two i
    x_steps: Sequence[W] = words(2)  # bytes between x's rows, along i and j
    length: W = word()  # of the axis
    first: W = word()
    rows: W = word()  # how many are the tile's
    row: W = word()  # numbers of a row
    gap: W = word()  # bytes between rows of `into`


class Lying(KernelRecord[W]):
    """Where an operand's part of the tile begins."""

    place: W = pointer()


class Update(KernelRecord[W]):
    """The sums go to the scratch, behind `flags` bytes; the expression's reads but for them, then its outputs."""

    flags: W = word()
    sums: Sequence[AddRows[W]] = parts(AddRows, "sums")
    operands: Sequence[Lying[W]] = parts(Lying, "operands")


def build_check(name: str, index: str) -> Function:
    """Report an index out of range. The record: `Indices`."""
    f = Function(name, [PTR, PTR])
    r = Indices[str].read(f, f.args[0])
    size = itemsize(index)
    with f.loop(0, r.count, LANES) as i:
        left = f.least(LANES, f.sub(r.count, i.i))
        place = f.at(r.indices, f.mul(i.i, size))
        wrong = _in_rows(f, index, place, left, r.length, "0", r.length, inside=False)
        with f.when(f.let(f"icmp ne i64 {wrong}, 0")), f.loop(0, left) as j:
            checked_index(f, f.at(place, f.mul(j.i, size)), index, r.length, r.error)
    f.do("ret void")
    return f


# What becomes of a number of the result and one that comes for it.
MERGE: dict[str, Callable[[Lanes, Lanes], Lanes]] = {
    "add": lambda there, x: there + x,
    "set": lambda there, x: x,
    "max": maximum,
    "min": minimum,
}


def build_rows(name: str, dtype: str, index: str, merge: str, start: float | None) -> Function:
    """Rows at indices put together with what is there, in the order of the indices. merge: of MERGE; start: what all
    rows are at first; None: what they are. The record: `AddRows`."""
    f = Function(name, [PTR, PTR])
    r = AddRows[str].read(f, f.args[0])
    size = f.mul(r.row, itemsize(dtype))
    whole = f.let(f"icmp eq i64 {size}, {r.gap}")  # rows that are next to each other: one filling
    count = f.let(f"select i1 {whole}, i64 1, i64 {r.rows}")
    filled = f.let(f"select i1 {whole}, i64 {f.mul(r.rows, r.row)}, i64 {r.row}")
    with f.loop(0, count if start is not None else 0) as i:
        _fill(f, dtype, f.at(r.into, f.mul(i.i, r.gap)), filled, start or 0)
    with _hits(f, r, index) as (row, source):
        _merge(f, dtype, source, f.at(r.into, f.mul(row, r.gap)), r.row, MERGE[merge])
    f.do("ret void")
    return f


def update_key(
    dtype: str, index: str, full: Expression, rest: Expression | None, operands: Sequence[Operand]
) -> str:
    """What makes two kernels of updates the same."""
    return f"update {dtype} {index} [{shown(operands)}] {full.key} | {rest.key if rest else ''}"


def build_update(
    name: str,
    dtype: str,
    index: str,
    sums: int,
    full: Expression,
    rest: Expression | None,
    operands: Sequence[Operand],
) -> Function:
    """An expression over sums at indices, which are in the scratch and nowhere else. Its record: `Update`.

    sums: their uid among what `full` reads; rest: what is computed where nothing was added; None: nothing, all
    stays there. operands: of full's reads but for the sums, then of its outputs.
    """
    f = Function(name, [PTR, PTR])
    record = Update[str].read(f, f.args[0], sums=1, operands=len(operands))
    r, flags = record.sums[0], f.args[1]
    into, size = f.at(flags, record.flags), f.mul(r.row, itemsize(dtype))
    _zero(f, flags, record.flags)
    with _hits(f, r, index) as (row, source):
        flag, target = f.at(flags, row), f.at(into, f.mul(row, size))
        with f.when(f.let(f"icmp eq i8 {f.load('i8', flag)}, 0")):
            f.store("i8", "1", flag)
            _zero(f, target, size)
        _merge(f, dtype, source, target, r.row, MERGE["add"])
    lying = [(o, one.place) for o, one in zip(operands, record.operands, strict=True)]
    others = [u for u in full.reads if u != sums]
    reads = {sums: (Operand(dtype, "along"), into), **dict(zip(others, lying, strict=False))}
    outputs = dict(zip(full.outputs, lying[len(others) :], strict=True))  # the sums may be one, too

    def run(expression: Expression, start: str, count: str) -> None:
        """Compute `count` numbers of the tile from `start` on."""
        pairs = [reads[u] for u in expression.reads] + [outputs[u] for u in expression.outputs]
        laid, begins = [operand for operand, _ in pairs], []
        for operand, place in pairs:
            along = operand.access == "along"
            begins.append(f.at(place, f.mul(start, itemsize(operand.dtype)) if along else 0))
        emit_row(f, expression, laid, begins, ["0"] * len(laid), count)

    with f.loop(0, r.rows, FLAGS) as part:
        wide, rows = vector("i8", FLAGS), f.least(FLAGS, f.sub(r.rows, part.i))
        flagged = f.load(wide, f.at(flags, part.i))
        flagged = f.let(f"icmp ne {wide} {flagged}, zeroinitializer")
        bits = f.let(f"bitcast {vector('i1', FLAGS)} {flagged} to i{FLAGS}")
        count = f.add(f.call(INT, "llvm.ctpop.i64", [(INT, bits)]), 1)
        with f.loop(0, count, carry=[(INT, bits), (INT, "0")]) as each:  # rows that were added to
            left, start = each.values
            end = f.least(f.call(INT, "llvm.cttz.i64", [(INT, left), ("i1", "false")]), rows)
            if rest is not None:  # and those before it
                first = f.mul(f.add(part.i, start), r.row)
                run(rest, first, f.mul(f.sub(end, start), r.row))
            with f.when(f.let(f"icmp ne i64 {left}, 0")):
                run(full, f.mul(f.add(part.i, end), r.row), r.row)
            each.next = [f.let(f"and i64 {left}, {f.sub(left, 1)}"), f.add(end, 1)]
    f.do("ret void")
    return f


@contextmanager
def _hits(f: Function, r: AddRows[str], index: str) -> Iterator[tuple[str, str]]:
    """For each index of the tile's rows, in order: the row, counted from the first, and where x's row is."""
    size = itemsize(index)
    with f.loop(0, r.lengths[0]) as i:
        indices = f.at(r.indices, f.mul(i.i, r.index_outer))
        x = f.at(r.x, f.mul(i.i, r.x_steps[0]))
        with f.loop(0, r.lengths[1], LANES) as j:
            left = f.least(LANES, f.sub(r.lengths[1], j.i))
            place = f.at(indices, f.mul(j.i, size))
            hits = _in_rows(f, index, place, left, r.length, r.first, r.rows)
            count = f.call(INT, "llvm.ctpop.i64", [(INT, hits)])
            with f.loop(0, count, carry=[(INT, hits)]) as k:
                bits = k.values[0]
                lane = f.call(INT, "llvm.cttz.i64", [(INT, bits), ("i1", "true")])
                k.next = [f.let(f"and i64 {bits}, {f.sub(bits, 1)}")]
                raw = cast(load(f, index, f.at(place, f.mul(lane, size)), 1), "int64").name
                below = f.let(f"icmp slt i64 {raw}, 0")
                turned = f.let(f"select i1 {below}, i64 {f.add(raw, r.length)}, i64 {raw}")
                yield f.sub(turned, r.first), f.at(x, f.mul(f.add(j.i, lane), r.x_steps[1]))


def _in_rows(
    f: Function,
    index: str,
    place: str,
    left: str,
    length: str,
    first: str,
    rows: str,
    inside: bool = True,
) -> str:
    """A bit for each of the next `left` indices, at most LANES: whether it is one of the rows."""
    mask, kind = mask_of(f, left), vector(INT, LANES)
    found = cast(load(f, index, place, LANES, mask), "int64").name
    below = f.let(f"icmp slt {kind} {found}, {splat('0', 'int64', LANES)}")
    turned = f.let(f"add {kind} {found}, {broadcast(f, INT, length, LANES)}")
    valid = f.let(f"select {vector('i1', LANES)} {below}, {kind} {turned}, {kind} {found}")
    shifted = f.let(f"sub {kind} {valid}, {broadcast(f, INT, first, LANES)}")
    compared = "ult" if inside else "uge"
    held = f.let(f"icmp {compared} {kind} {shifted}, {broadcast(f, INT, rows, LANES)}")
    held = f.let(f"and {vector('i1', LANES)} {held}, {mask}")
    bits = f.let(f"bitcast {vector('i1', LANES)} {held} to i{LANES}")
    return f.let(f"zext i{LANES} {bits} to i64")


def _merge(
    f: Function,
    dtype: str,
    source: str,
    target: str,
    count: str,
    merge: Callable[[Lanes, Lanes], Lanes],
) -> None:
    """target = merge(target, source)."""
    size = itemsize(dtype)

    def step(i: str, mask: str = "") -> None:
        into = f.at(target, f.mul(i, size))
        x = load(f, dtype, f.at(source, f.mul(i, size)), LANES, mask)
        store(f, merge(load(f, dtype, into, LANES, mask), x), into, mask)

    _along(f, count, step)


def _fill(f: Function, dtype: str, place: str, count: str, number: float) -> None:
    """The same number in all places."""
    if number == 0:
        return _zero(f, place, f.mul(count, itemsize(dtype)))
    lanes = Lanes(f, "", dtype, LANES).full(number)

    def step(i: str, mask: str = "") -> None:
        store(f, lanes, f.at(place, f.mul(i, itemsize(dtype))), mask)

    _along(f, count, step)


def _along(f: Function, count: str, step: Callable[..., None]) -> None:
    """All of a row by lanes, the last ones masked."""
    whole = f.let(f"and i64 {count}, {-LANES}")
    with f.loop(0, whole, LANES) as i:
        step(i.i)
    rest = f.sub(count, whole)
    with f.when(f.let(f"icmp sgt i64 {rest}, 0")):
        step(whole, mask_of(f, rest))


def _zero(f: Function, place: str, size: str) -> None:
    f.call("void", "llvm.memset.p0.i64", [(PTR, place), ("i8", "0"), (INT, size), ("i1", "false")])


def require_numbers(dtype: str) -> None:
    """Raise Unlowered for what cannot be added."""
    if dtype not in KINDS or dtype == "bool":
        raise Unlowered(f"sums and extremes of {dtype}")
