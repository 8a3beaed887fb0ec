"""Kernels between phases: each says after which phase the program goes on.

Loops and choices whose bodies are large are phases of the program, so that all threads take part in them. The thread
that finishes a phase runs these, before the next phase begins for anybody: see `run/driver.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.kernel_record import (
    KernelRecord,
    W,
    parts,
    pointer,
    word,
    words,
)
from narae.executors.native.kernels.loops import (
    Setting,
    add_words,
    branch_index,
    entry_of,
    set_words,
)


class Rounds(KernelRecord[W]):
    """A loop: where its body begins and what moves in each round, as a `Loop` has it."""

    counter: W = word()  # of the rounds that are done; it changes
    rounds: W = word()
    body: W = word()  # the phase before the body's first
    end: W = word()  # and before the one that follows
    moving_count: W = word()
    last_count: W = word()
    starts: Sequence[Setting[W]] = parts(Setting, "moving")
    steps: Sequence[Setting[W]] = parts(Setting, "moving")
    lasts: Sequence[Setting[W]] = parts(Setting, "last")


class Begin(KernelRecord[W]):
    """The beginning of a loop, whose `Rounds` or `Check` are elsewhere."""

    counter: W = pointer()
    on: W = word()


class Check(KernelRecord[W]):
    """The end of the test of a loop of unknown length."""

    counter: W = word()  # of the rounds that began; it changes
    holds: W = pointer()
    limit: W = word()
    body: W = word()
    end: W = word()


class Go(KernelRecord[W]):
    """On at a phase."""

    on: W = word()


class Choose(KernelRecord[W]):
    """On at the phase that an index chooses."""

    index: W = pointer()
    count: W = word()
    on: Sequence[W] = words("branches")


def _control(name: str) -> Function:
    return Function(name, [PTR, PTR], "i64")


def _read_rounds(f: Function, place: str) -> tuple[Rounds[str], str, str, str]:
    """A record and where its tables begin."""
    head = Rounds[str].read(f, place, moving=0, last=0)
    starts = f.at(place, 8 * Rounds.word_count(moving=0, last=0))
    steps = entry_of(f, starts, head.moving_count)
    return head, starts, steps, entry_of(f, steps, head.moving_count)


def _before_the_last(f: Function, head: Rounds[str], lasts: str, done: str) -> None:
    with f.when(f.let(f"icmp eq i64 {f.add(done, 1)}, {head.rounds}")):
        set_words(f, lasts, head.last_count)


def build_begin(name: str) -> Function:
    """Before the first round. The record: `Begin`, of `Rounds`."""
    f = _control(name)
    record = Begin[str].read(f, f.args[0])
    head, starts, _, lasts = _read_rounds(f, record.counter)
    f.store(INT, "0", record.counter, 8)
    set_words(f, starts, head.moving_count)
    _before_the_last(f, head, lasts, "0")
    f.do(f"ret i64 {record.on}")
    return f


def build_again(name: str) -> Function:
    """After each round. The record: `Rounds`."""
    f = _control(name)
    head, _, steps, lasts = _read_rounds(f, f.args[0])
    done = f.add(f.load(INT, f.args[0], 8), 1)
    f.store(INT, done, f.args[0], 8)
    add_words(f, steps, head.moving_count)
    _before_the_last(f, head, lasts, done)
    over = f.let(f"icmp sge i64 {done}, {head.rounds}")
    f.do(f"ret i64 {f.let(f'select i1 {over}, i64 {head.end}, i64 {head.body}')}")
    return f


def build_reset(name: str) -> Function:
    """Before a loop of unknown length. The record: `Begin`, of `Check`."""
    f = _control(name)
    record = Begin[str].read(f, f.args[0])
    f.store(INT, "0", record.counter, 8)
    f.do(f"ret i64 {record.on}")
    return f


def build_check(name: str) -> Function:
    """The record: `Check`."""
    f = _control(name)
    head = Check[str].read(f, f.args[0])
    done = f.load(INT, f.args[0], 8)
    holds = f.let(f"icmp ne i8 {f.load('i8', head.holds)}, 0")
    fine = f.let(f"and i1 {holds}, {f.let(f'icmp slt i64 {done}, {head.limit}')}")
    f.store(INT, f.add(done, 1), f.args[0], 8)
    f.do(f"ret i64 {f.let(f'select i1 {fine}, i64 {head.body}, i64 {head.end}')}")
    return f


def build_go(name: str) -> Function:
    """The record: `Go`."""
    f = _control(name)
    f.do(f"ret i64 {Go[str].read(f, f.args[0]).on}")
    return f


def build_choose(name: str, dtype: str) -> Function:
    """The record: `Choose`."""
    f = _control(name)
    head = Choose[str].read(f, f.args[0], branches=0)
    index = branch_index(f, head.index, dtype, f.sub(head.count, 1))
    table = f.at(f.args[0], 8 * Choose.word_count(branches=0))
    f.do(f"ret i64 {f.load(INT, f.at(table, f.mul(index, 8)), 8)}")
    return f
