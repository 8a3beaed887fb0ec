"""A mode for tests in which every access of a kernel is checked: NARAE_CHECK_BOUNDS=1.

An access outside of what the program may touch goes to a spare place and is reported after the run.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator

import numpy as np

from narae.executors.native.codegen.ir import INT, PTR, Function

_SPARE = 1 << 20  # bytes of the spare place
# number of ranges, their address, the spare place; what was found: how often, where, bytes; the
# range of the last access
_state = np.zeros(8, np.int64)
_spare = np.zeros(_SPARE, np.uint8)
_held: list[np.ndarray] = []


def enabled() -> bool:
    """Whether kernels are made with checks."""
    return os.environ.get("NARAE_CHECK_BOUNDS", "0") not in ("", "0")


def watch(ranges: Iterable[tuple[int, int]]) -> None:
    """Allow accesses to these (begin, end) ranges of addresses, and to no others."""
    merged: list[list[int]] = []
    for begin, end in sorted(ranges):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    table = np.array(merged, np.int64)
    _held[:] = [table]
    _state[:3] = len(merged), table.ctypes.data, _spare.ctypes.data
    _state[3:] = 0


def report() -> None:
    """Raise AssertionError if an access was out of bounds since `watch`."""
    if _state[3]:
        raise AssertionError(
            f"{_state[3]} accesses of native code out of bounds, the first of {_state[5]} bytes at "
            f"{_state[4]:#x}: this is a bug in narae"
        )


def build_check(name: str) -> Function:
    """check(address, bytes): the address, or the spare place when it is out of bounds."""
    f = Function(name, [PTR, INT], PTR)
    state = f.let(f"inttoptr i64 {_state.ctypes.data} to ptr")
    begin = f.let(f"ptrtoint ptr {f.args[0]} to i64")
    end = f.add(begin, f.args[1])
    hint = f.at(state, 48)  # the range of the last access: most often it is the same
    after = f.let(f"icmp sge i64 {begin}, {f.load(INT, hint)}")
    before = f.let(f"icmp sle i64 {end}, {f.load(INT, f.at(hint, 8))}")
    with f.when(f.let(f"and i1 {after}, {before}")):
        f.do(f"ret ptr {f.args[0]}")
        f.place(f.label())
    count, table = f.load(INT, state), f.load(PTR, f.at(state, 8))
    with f.loop(0, count, carry=[("i1", "false")]) as loop:
        pair = f.at(table, f.mul(loop.i, 16))
        above = f.let(f"icmp sge i64 {begin}, {f.load(INT, pair)}")
        below = f.let(f"icmp sle i64 {end}, {f.load(INT, f.at(pair, 8))}")
        inside = f.let(f"and i1 {above}, {below}")
        with f.when(inside):
            for i in (0, 8):
                f.store(INT, f.load(INT, f.at(pair, i)), f.at(hint, i))
        loop.next = [f.let(f"or i1 {loop.values[0]}, {inside}")]
    empty = f.let(f"icmp sle i64 {f.args[1]}, 0")
    fine = f.let(f"or i1 {loop.out[0]}, {empty}")
    with f.when(f.let(f"xor i1 {fine}, true")):
        seen = f.load(INT, f.at(state, 24))
        with f.when(f.let(f"icmp eq i64 {seen}, 0")):
            f.store(INT, begin, f.at(state, 32))
            f.store(INT, f.args[1], f.at(state, 40))
        f.store(INT, f.add(seen, 1), f.at(state, 24))
    spare = f.load(PTR, f.at(state, 16))
    f.do(f"ret ptr {f.let(f'select i1 {fine}, ptr {f.args[0]}, ptr {spare}')}")
    return f


_LOAD = re.compile(r"(= load )(?!atomic)(.+?)(, ptr )(%\w+)(.*)")
_STORE = re.compile(r"(store )(?!atomic)((?:<[^>]*>|\w+)) (.+)(, ptr )(%\w+)(.*)")
_MASKED = re.compile(
    r"(.*@llvm\.masked\.\w+\..*?)(ptr align (\d+) )(%\w+)(, <(\d+) x i1> )(%\w+)(.*)"
)
_MEMORY = re.compile(r"(.*@llvm\.mem\w+\..*?\()(.*)(i64 )([%\w]+)(, i1 false\))")
_ADDRESS = re.compile(r"ptr (%\w+)")
_WIDTHS = {"float": 4, "double": 8, "ptr": 8, "i1": 1, "i8": 1, "i16": 2, "i32": 4, "i64": 8}


def checked_text(text: str) -> str:
    """A module's text with a check before each access."""
    out, count = [], itertools.count()
    for line in text.split("\n"):
        out += _checked_line(line, count) if line.startswith("  ") else [line]
    own = ["declare ptr @narae_check(ptr, i64)", "declare i64 @llvm.ctpop.i64(i64)"]
    return "\n".join([*out, *(line for line in own if line not in out), ""])


def _checked_line(line: str, count: Iterator[int]) -> list[str]:
    lines: list[str] = []

    def check(pointer: str, size: str) -> str:
        name = f"%c{next(count)}"
        lines.append(f"  {name} = call ptr @narae_check(ptr {pointer}, i64 {size})")
        return name

    if found := _MASKED.match(line):
        head, align, step, pointer, kind, lanes, mask, rest = found.groups()
        bits, wide, ones, size = (f"%c{next(count)}" for _ in range(4))
        lines += [
            f"  {bits} = bitcast <{lanes} x i1> {mask} to i{lanes}",
            f"  {wide} = zext i{lanes} {bits} to i64",
            f"  {ones} = call i64 @llvm.ctpop.i64(i64 {wide})",
            f"  {size} = mul i64 {ones}, {step}",
        ]
        safe = check(pointer, size)
        return [*lines, f"{head}{align}{safe}{kind}{mask}{rest}"]
    if found := _MEMORY.match(line):
        head, args, word, size, rest = found.groups()
        args = _ADDRESS.sub(lambda a: f"ptr {check(a.group(1), size)}", args)
        return [*lines, f"{head}{args}{word}{size}{rest}"]
    if (found := _LOAD.search(line)) and "!invariant" not in line:
        head, kind, middle, pointer, rest = found.groups()
        safe = check(pointer, str(_width(kind)))
        return [*lines, f"{line[: found.start()]}{head}{kind}{middle}{safe}{rest}"]
    if found := _STORE.search(line):
        head, kind, value, middle, pointer, rest = found.groups()
        safe = check(pointer, str(_width(kind)))
        return [*lines, f"  {head}{kind} {value}{middle}{safe}{rest}"]
    return [line]


def _width(kind: str) -> int:
    """Bytes of a value of an LLVM type."""
    found = re.fullmatch(r"<(\d+) x (\w+)>", kind)
    return int(found.group(1)) * _WIDTHS[found.group(2)] if found else _WIDTHS[kind]
