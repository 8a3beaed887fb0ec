"""Kernels that reduce: along rows (the reduced axis lies along memory) and across rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from narae.executors.native.codegen.expression import LANES, itemsize, load, mask_of, store
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.lanes import KINDS, Lanes, Unlowered, is_float, vector, where
from narae.executors.native.codegen.namespace import XP

# The operation and the number that changes nothing.
COMBINE: dict[str, tuple[Callable[..., Lanes], Callable[[str], float]]] = {
    "reduce_sum": (XP.add, lambda dtype: -0.0 if is_float(dtype) else 0),
    "reduce_prod": (XP.multiply, lambda dtype: 1),
    "reduce_max": (XP.maximum, lambda dtype: _limit(dtype, -1)),
    "reduce_min": (XP.minimum, lambda dtype: _limit(dtype, 1)),
    "reduce_any": (XP.logical_or, lambda dtype: 0),
    "reduce_all": (XP.logical_and, lambda dtype: 1),
}
# The record: the address read, the address written, the number of results and the bytes between
# them in both, then the reduced lengths and the bytes between their elements.
RANK = 4  # axes reduced at once
ACROSS = 4  # registers of results at a time


def _limit(dtype: str, sign: int) -> float:
    if is_float(dtype):
        return sign * float("inf")
    if dtype == "bool":
        return sign > 0
    info = np.iinfo(dtype)
    return info.max if sign > 0 else info.min


def _check(name: str, dtype: str) -> str:
    if dtype not in KINDS or (dtype != "bool" and name in ("reduce_any", "reduce_all")):
        raise Unlowered(f"{name} of {dtype}")
    return dtype


def build_along(name: str, op: str, dtype: str, contiguous: bool) -> Function:
    """Each result from `RANK` axes, the last of them along memory (or apart: one by one)."""
    combine, neutral = COMBINE[op]
    f = Function(name, [PTR, PTR])
    source, target, count, near, far, lengths, gaps = _fields(f, _check(op, dtype))
    width = LANES if contiguous else 1
    unit = vector(KINDS[dtype], width)
    start = Lanes(f, "", dtype, width).full(neutral(dtype)).name
    with f.loop(0, count) as one:
        base = f.at(source, f.mul(one.i, near))
        place, value, nest = base, start, []
        for axis in range(RANK - 1):
            context = f.loop(0, lengths[axis], carry=[(unit, value)])
            loop = context.__enter__()
            nest.append((context, loop))
            place, value = f.at(place, f.mul(loop.i, gaps[axis])), loop.values[0]
        value = _row(f, combine, neutral, dtype, place, lengths[-1], gaps[-1], value, width)
        for context, loop in reversed(nest):
            loop.next = [value]
            context.__exit__(None, None, None)
            value = loop.out[0]
        total = _folded(Lanes(f, value, dtype, width), combine)
        store(f, total, f.at(target, f.mul(one.i, far)))
    f.do("ret void")
    return f


def _fields(f: Function, dtype: str) -> tuple[str, str, str, str, str, list[str], list[str]]:
    record = f.args[0]
    lengths = [f.field(record, 5 + i) for i in range(RANK)]
    gaps = [f.field(record, 5 + RANK + i) for i in range(RANK)]
    head = [f.field(record, i, PTR if i < 2 else INT) for i in range(5)]
    return head[0], head[1], head[2], head[3], head[4], lengths, gaps


def _row(
    f: Function,
    combine: Callable[..., Lanes],
    neutral: Callable[[str], float],
    dtype: str,
    row: str,
    n: str,
    gap: str,
    value: str,
    width: int,
) -> str:
    """One row into the lanes that are carried."""
    unit = vector(KINDS[dtype], width)
    if width == 1:
        with f.loop(0, n, carry=[(unit, value)]) as loop:
            x = load(f, dtype, f.at(row, f.mul(loop.i, gap)), 1)
            loop.next = [combine(Lanes(f, loop.values[0], dtype, 1), x).name]
        return loop.out[0]
    size = itemsize(dtype)
    whole = f.let(f"and i64 {n}, {-LANES}")
    with f.loop(0, whole, LANES, carry=[(unit, value)]) as loop:
        x = load(f, dtype, f.at(row, f.mul(loop.i, size)), LANES)
        loop.next = [combine(Lanes(f, loop.values[0], dtype, LANES), x).name]
    sofar, rest = loop.out[0], f.sub(n, whole)
    some, done, before = f.label(), f.label(), f.block
    f.branch(f.let(f"icmp sgt i64 {rest}, 0"), some, done)
    f.place(some)
    mask = mask_of(f, rest)
    x = load(f, dtype, f.at(row, f.mul(whole, size)), LANES, mask)
    x = where(Lanes(f, mask, "bool", LANES), x, x.full(neutral(dtype)))
    ended = combine(Lanes(f, sofar, dtype, LANES), x).name
    end = f.block
    f.jump(done)
    f.place(done)
    return f.let(f"phi {unit} [ {sofar}, %{before} ], [ {ended}, %{end} ]")


def _folded(x: Lanes, combine: Callable[..., Lanes]) -> Lanes:
    """All lanes in one, halves onto halves."""
    count = x.count
    while count > 1:
        half = count // 2
        parts = []
        for start in (0, half):
            order = ", ".join(f"i32 {start + i}" for i in range(half))
            text = f"shufflevector {x.kind} {x.name}, {x.kind} poison, <{half} x i32> <{order}>"
            name = x.function.let(text)
            if half == 1:
                name = x.function.let(f"extractelement <1 x {KINDS[x.dtype_name]}> {name}, i32 0")
            parts.append(Lanes(x.function, name, x.dtype_name, half))
        x, count = combine(*parts), half
    return x


def build_across(name: str, op: str, dtype: str) -> Function:
    """Results next to each other in memory: each register of them over all reduced axes."""
    combine, neutral = COMBINE[op]
    f = Function(name, [PTR, PTR])
    source, target, count, _, _, lengths, gaps = _fields(f, _check(op, dtype))
    size = itemsize(dtype)
    wide = ACROSS * LANES
    whole = f.let(f"and i64 {count}, {-wide}")

    def block(at: str, registers: int, mask: str) -> None:
        start = Lanes(f, "", dtype, LANES).full(neutral(dtype)).name
        carry = [(vector(KINDS[dtype], LANES), start)] * registers
        base = f.at(source, f.mul(at, size))
        places = [base]
        nest = []
        for axis in range(RANK):
            loop = f.loop(0, lengths[axis], carry=carry)
            inner = loop.__enter__()
            nest.append((loop, inner))
            places.append(f.at(places[-1], f.mul(inner.i, gaps[axis])))
            carry = [(carry[r][0], inner.values[r]) for r in range(registers)]
        sums = []
        for r in range(registers):
            x = load(f, dtype, f.at(places[-1], r * LANES * size), LANES, mask)
            sums.append(combine(Lanes(f, carry[r][1], dtype, LANES), x).name)
        for loop, inner in reversed(nest):
            inner.next = sums
            loop.__exit__(None, None, None)
            sums = inner.out
        into = f.at(target, f.mul(at, size))
        for r in range(registers):
            store(f, Lanes(f, sums[r], dtype, LANES), f.at(into, r * LANES * size), mask)

    with f.loop(0, whole, wide) as many:
        block(many.i, ACROSS, "")
    with f.loop(whole, count, LANES) as few:
        block(few.i, 1, mask_of(f, f.sub(count, few.i)))
    f.do("ret void")
    return f


def build_running(name: str, op: str, dtype: str) -> Function:
    """Running sums or products along one axis.

    The record: addresses read and written, the number of rows and the bytes between them in both,
    the axis's length and the bytes between its elements in both.
    """
    if dtype not in KINDS or dtype == "bool":
        raise Unlowered(f"{op} of {dtype}")
    combine, start = {"cumsum": (XP.add, 0), "cumprod": (XP.multiply, 1)}[op]
    f = Function(name, [PTR, PTR])
    record = f.args[0]
    source, target = f.field(record, 0, PTR), f.field(record, 1, PTR)
    count, near, far, n, gap, step = (f.field(record, i) for i in range(2, 8))
    first = Lanes(f, "", dtype, 1).full(start).name
    with f.loop(0, count) as one:
        row, into = f.at(source, f.mul(one.i, near)), f.at(target, f.mul(one.i, far))
        with f.loop(0, n, carry=[(KINDS[dtype], first)]) as loop:
            x = load(f, dtype, f.at(row, f.mul(loop.i, gap)), 1)
            total = combine(Lanes(f, loop.values[0], dtype, 1), x)
            store(f, total, f.at(into, f.mul(loop.i, step)))
            loop.next = [total.name]
    f.do("ret void")
    return f


def build_position(name: str, op: str, dtype: str) -> Function:
    """The position of the extreme (the first of equals, the first NaN) along one axis.

    The record: addresses read and written, the number of results and the bytes between them in
    both, the axis's length and the bytes between its elements.
    """
    f = Function(name, [PTR, PTR])
    record = f.args[0]
    source, target = f.field(record, 0, PTR), f.field(record, 1, PTR)
    count, near, far, n, gap = (f.field(record, i) for i in range(2, 7))
    if dtype not in KINDS:
        raise Unlowered(f"{op} of {dtype}")
    kind = KINDS[dtype]
    with f.loop(0, count) as one:
        row = f.at(source, f.mul(one.i, near))
        first = load(f, dtype, row, 1)
        with f.loop(1, n, carry=[(kind, first.name), (INT, "0")]) as loop:
            best = Lanes(f, loop.values[0], dtype, 1)
            x = load(f, dtype, f.at(row, f.mul(loop.i, gap)), 1)
            better = x > best if op == "argmax" else x < best
            if is_float(dtype):
                better = better | ((x != x) & (best == best))
            place = f.let(f"select i1 {better.name}, i64 {loop.i}, i64 {loop.values[1]}")
            loop.next = [where(better, x, best).name, place]
        found = f.let(f"trunc i64 {loop.out[1]} to i32")
        f.store("i32", found, f.at(target, f.mul(one.i, far)), 4)
    f.do("ret void")
    return f
