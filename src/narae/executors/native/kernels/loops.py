"""Kernels of control flow: tiles that run other tiles many times, or one of several lists of them.

A loop's body is lowered once. What lies elsewhere in each round (a slice, a result, a carry) are words of its tiles'
records: the loop writes them anew before the first round and adds to them after each. So nothing is copied, and a run
that was broken off leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence

from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.kernel_record import KernelRecord, W, parts, pointer, word
from narae.executors.native.kernels.chain import Link


class Setting(KernelRecord[W]):
    """A word of a record, and what it is from some round on."""

    place: W = pointer()
    value: W = word()


class Loop(KernelRecord[W]):
    """Rounds of a body. What follows has as many parts as the counts say."""

    rounds: W = word()
    error: W = pointer()  # not 0 there: it ends
    link_count: W = word()
    moving_count: W = word()
    last_count: W = word()
    links: Sequence[Link[W]] = parts(Link, "links")
    starts: Sequence[Setting[W]] = parts(Setting, "moving")  # before the first round
    steps: Sequence[Setting[W]] = parts(Setting, "moving")  # added after each
    lasts: Sequence[Setting[W]] = parts(Setting, "last")  # before the last round


class While(KernelRecord[W]):
    """Rounds of a body while a test gives True."""

    holds: W = pointer()  # the bool that the test writes
    limit: W = word()  # rounds at most
    error: W = pointer()  # not 0 there: it ends too
    test_count: W = word()
    link_count: W = word()
    links: Sequence[Link[W]] = parts(Link, "links")  # of the test, then of the body


class Branch(KernelRecord[W]):
    """One of several lists of links: the first is at a number, and there are so many."""

    first: W = word()
    count: W = word()


class Switch(KernelRecord[W]):
    """Links of the branch that an index chooses."""

    index: W = pointer()
    branch_count: W = word()
    branches: Sequence[Branch[W]] = parts(Branch, "branches")
    links: Sequence[Link[W]] = parts(Link, "links")


def build_loop(name: str) -> Function:
    """The record: `Loop`."""
    f = Function(name, [PTR, PTR])
    head = Loop[str].read(f, f.args[0], links=0, moving=0, last=0)
    links = f.at(f.args[0], 8 * Loop.word_count(links=0, moving=0, last=0))
    starts = entry_of(f, links, head.link_count)
    steps = entry_of(f, starts, head.moving_count)
    lasts = entry_of(f, steps, head.moving_count)
    set_words(f, starts, head.moving_count)
    final = f.sub(head.rounds, 1)
    before, test, body, out = f.block, f.label(), f.label(), f.label()
    f.jump(test)
    f.place(test)
    done = f.open_phi(INT, ("0", before))
    more = f.let(f"icmp slt i64 {done.name}, {head.rounds}")
    f.branch(f.let(f"and i1 {more}, {is_fine(f, head.error)}"), body, out)
    f.place(body)
    with f.when(f.let(f"icmp eq i64 {done.name}, {final}")):
        set_words(f, lasts, head.last_count)
    _run(f, links, "0", head.link_count)
    add_words(f, steps, head.moving_count)
    done.add(f.add(done.name, 1), f.block)
    f.jump(test)
    f.place(out)
    f.do("ret void")
    return f


def build_while(name: str) -> Function:
    """The record: `While`."""
    f = Function(name, [PTR, PTR])
    head = While[str].read(f, f.args[0], links=0)
    links = f.at(f.args[0], 8 * While.word_count(links=0))
    total = f.add(head.test_count, head.link_count)
    before, test, body, after, out = f.block, f.label(), f.label(), f.label(), f.label()
    f.jump(test)
    f.place(test)
    done = f.open_phi(INT, ("0", before))
    f.branch(f.let(f"icmp slt i64 {done.name}, {head.limit}"), body, out)
    f.place(body)
    _run(f, links, "0", head.test_count)
    holds = f.let(f"icmp ne i8 {f.load('i8', head.holds)}, 0")
    f.branch(f.let(f"and i1 {holds}, {is_fine(f, head.error)}"), after, out)
    f.place(after)
    _run(f, links, head.test_count, total)
    done.add(f.add(done.name, 1), f.block)
    f.jump(test)
    f.place(out)
    f.do("ret void")
    return f


def is_fine(f: Function, error: str) -> str:
    """Whether a loop goes on: an index out of range ends it, and who has waited long enough after Ctrl-C. (Atomic: the
    number may come from another thread.)"""
    return f.let(f"icmp eq i64 {f.let(f'load atomic i64, ptr {error} monotonic, align 8')}, 0")


def build_switch(name: str, dtype: str) -> Function:
    """The record: `Switch`. dtype: of the index."""
    f = Function(name, [PTR, PTR])
    head = Switch[str].read(f, f.args[0], branches=0, links=0)
    branches = f.at(f.args[0], 8 * Switch.word_count(branches=0, links=0))
    links = entry_of(f, branches, head.branch_count)
    index = branch_index(f, head.index, dtype, f.sub(head.branch_count, 1))
    chosen = Branch[str].read(f, entry_of(f, branches, index))
    _run(f, links, chosen.first, f.add(chosen.first, chosen.count))
    f.do("ret void")
    return f


def branch_index(f: Function, place: str, dtype: str, last: str) -> str:
    """The branch for an integer or bool: the first for what is below 0, the last for what is too large."""
    size = 8 if dtype == "bool" else int(dtype.lstrip("uint"))
    raw = f.load(f"i{size}", place)
    signed = dtype.startswith("int")
    wide = raw if size == 64 else f.let(f"{'s' if signed else 'z'}ext i{size} {raw} to i64")
    kind = "s" if signed else "u"
    beyond = f.let(f"icmp {kind}gt i64 {wide}, {last}")
    most = f.let(f"select i1 {beyond}, i64 {last}, i64 {wide}")
    below = f.let(f"icmp slt i64 {most}, 0")
    return f.let(f"select i1 {below}, i64 0, i64 {most}")


def entry_of(f: Function, table: str, i: str) -> str:
    """Where a table's i-th pair of words is."""
    return f.at(table, f.mul(i, 16))


def set_words(f: Function, table: str, count: str) -> None:
    """Write the words that a table of `Setting`s names."""
    with f.loop(0, count) as i:
        entry = Setting[str].read(f, entry_of(f, table, i.i))
        f.store(INT, entry.value, entry.place, 8)


def add_words(f: Function, table: str, count: str) -> None:
    """Add to the words that a table of `Setting`s names."""
    with f.loop(0, count) as i:
        entry = Setting[str].read(f, entry_of(f, table, i.i))
        f.store(INT, f.add(f.load(INT, entry.place, 8), entry.value), entry.place, 8)


def _run(f: Function, links: str, first: str, end: str) -> None:
    with f.loop(first, end) as i:
        link = Link[str].read(f, entry_of(f, links, i.i))
        f.do(f"call void {link.kernel}(ptr {link.record}, ptr {f.args[1]})")
