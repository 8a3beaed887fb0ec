"""Kernels that reduce: along rows (the reduced axis lies along memory) and across rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from narae.executors.native.codegen.expression import itemsize, load, mask_of, store
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.kernel_record import KernelRecord, W, pointer, word, words
from narae.executors.native.codegen.lanes import KINDS, Lanes, Unlowered, is_float, vector, where
from narae.executors.native.codegen.namespace import XP
from narae.executors.native.tuning import ACROSS, LANES

# The operation and the number that changes nothing.
COMBINE: dict[str, tuple[Callable[..., Lanes], Callable[[str], float]]] = {
    "reduce_sum": (XP.add, lambda dtype: -0.0 if is_float(dtype) else 0),
    "reduce_prod": (XP.multiply, lambda dtype: 1),
    "reduce_max": (XP.maximum, lambda dtype: _limit(dtype, -1)),
    "reduce_min": (XP.minimum, lambda dtype: _limit(dtype, 1)),
    "reduce_any": (XP.logical_or, lambda dtype: 0),
    "reduce_all": (XP.logical_and, lambda dtype: 1),
}
RANK = 4  # axes reduced at once


class Reduction(KernelRecord[W]):
    """`count` results, each of the elements along all reduced axes."""

    source: W = pointer()
    target: W = pointer()
    count: W = word()
    near: W = word()  # bytes between where the results begin, in the source
    far: W = word()  # and where they are, in the target
    lengths: Sequence[W] = words(RANK)  # of the reduced axes
    gaps: Sequence[W] = words(RANK)  # bytes between their elements


class Running(KernelRecord[W]):
    """`count` rows of `length` elements."""

    source: W = pointer()
    target: W = pointer()
    count: W = word()
    near: W = word()  # bytes between rows, in the source
    far: W = word()  # and in the target
    length: W = word()
    gap: W = word()  # bytes between a row's elements, in the source
    step: W = word()  # and in the target


class Position(KernelRecord[W]):
    """`count` rows of `length` elements; one result each."""

    source: W = pointer()
    target: W = pointer()
    count: W = word()
    near: W = word()  # bytes between rows, in the source
    far: W = word()  # and between results
    length: W = word()
    gap: W = word()  # bytes between a row's elements


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
    """Each result from `RANK` axes, the last of them along memory (or apart: one by one). The
    record: `Reduction`."""
    combine, neutral = COMBINE[op]
    f = Function(name, [PTR, PTR])
    r = Reduction[str].read(f, f.args[0])
    width = LANES if contiguous else 1
    unit = vector(KINDS[_check(op, dtype)], width)
    start = Lanes(f, "", dtype, width).full(neutral(dtype)).name
    with f.loop(0, r.count) as one:
        base = f.at(r.source, f.mul(one.i, r.near))
        with f.nest(r.lengths[:-1], [(base, r.gaps)], [(unit, start)]) as nest:
            row = Lanes(f, nest.values[0], dtype, width)
            nest.next = [_row(f, combine, neutral, nest.places[0], r.lengths[-1], r.gaps[-1], row)]
        total = folded(Lanes(f, nest.out[0], dtype, width), combine)
        store(f, total, f.at(r.target, f.mul(one.i, r.far)))
    f.do("ret void")
    return f


def _row(
    f: Function,
    combine: Callable[..., Lanes],
    neutral: Callable[[str], float],
    row: str,
    n: str,
    gap: str,
    value: Lanes,
) -> str:
    """One row, combined with the lanes that are carried."""
    unit, dtype = value.kind, value.dtype_name
    if value.count == 1:
        with f.loop(0, n, carry=[(unit, value.name)]) as loop:
            x = load(f, dtype, f.at(row, f.mul(loop.i, gap)), 1)
            loop.next = [combine(Lanes(f, loop.values[0], dtype, 1), x).name]
        return loop.out[0]
    size = itemsize(dtype)
    whole = f.let(f"and i64 {n}, {-LANES}")
    with f.loop(0, whole, LANES, carry=[(unit, value.name)]) as loop:
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
    return f.phi(unit, (sofar, before), (ended, end))


def folded(x: Lanes, combine: Callable[..., Lanes]) -> Lanes:
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
    """Results next to each other in memory: each register of them over all reduced axes. The record:
    `Reduction`."""
    combine, neutral = COMBINE[op]
    f = Function(name, [PTR, PTR])
    r = Reduction[str].read(f, f.args[0])
    size = itemsize(_check(op, dtype))
    wide = ACROSS * LANES
    whole = f.let(f"and i64 {r.count}, {-wide}")

    def block(at: str, registers: int, mask: str) -> None:
        start = Lanes(f, "", dtype, LANES).full(neutral(dtype)).name
        carry = [(vector(KINDS[dtype], LANES), start)] * registers
        base = f.at(r.source, f.mul(at, size))
        with f.nest(r.lengths, [(base, r.gaps)], carry) as nest:
            for i, value in enumerate(nest.values):
                x = load(f, dtype, f.at(nest.places[0], i * LANES * size), LANES, mask)
                nest.next[i] = combine(Lanes(f, value, dtype, LANES), x).name
        into = f.at(r.target, f.mul(at, size))
        for i, value in enumerate(nest.out):
            store(f, Lanes(f, value, dtype, LANES), f.at(into, i * LANES * size), mask)

    with f.loop(0, whole, wide) as many:
        block(many.i, ACROSS, "")
    with f.loop(whole, r.count, LANES) as few:
        block(few.i, 1, mask_of(f, f.sub(r.count, few.i)))
    f.do("ret void")
    return f


def build_running(name: str, op: str, dtype: str) -> Function:
    """Running sums or products along one axis. The record: `Running`."""
    if dtype not in KINDS or dtype == "bool":
        raise Unlowered(f"{op} of {dtype}")
    combine, start = {"cumsum": (XP.add, 0), "cumprod": (XP.multiply, 1)}[op]
    f = Function(name, [PTR, PTR])
    r = Running[str].read(f, f.args[0])
    first = Lanes(f, "", dtype, 1).full(start).name
    with f.loop(0, r.count) as one:
        row, into = f.at(r.source, f.mul(one.i, r.near)), f.at(r.target, f.mul(one.i, r.far))
        with f.loop(0, r.length, carry=[(KINDS[dtype], first)]) as loop:
            x = load(f, dtype, f.at(row, f.mul(loop.i, r.gap)), 1)
            total = combine(Lanes(f, loop.values[0], dtype, 1), x)
            store(f, total, f.at(into, f.mul(loop.i, r.step)))
            loop.next = [total.name]
    f.do("ret void")
    return f


def build_position(name: str, op: str, dtype: str) -> Function:
    """The position of the extreme (the first of equals, the first NaN) along one axis. The record:
    `Position`."""
    f = Function(name, [PTR, PTR])
    r = Position[str].read(f, f.args[0])
    if dtype not in KINDS:
        raise Unlowered(f"{op} of {dtype}")
    kind = KINDS[dtype]
    with f.loop(0, r.count) as one:
        row = f.at(r.source, f.mul(one.i, r.near))
        first = load(f, dtype, row, 1)
        with f.loop(1, r.length, carry=[(kind, first.name), (INT, "0")]) as loop:
            best = Lanes(f, loop.values[0], dtype, 1)
            x = load(f, dtype, f.at(row, f.mul(loop.i, r.gap)), 1)
            better = x > best if op == "argmax" else x < best
            if is_float(dtype):
                better = better | ((x != x) & (best == best))
            place = f.let(f"select i1 {better.name}, i64 {loop.i}, i64 {loop.values[1]}")
            loop.next = [where(better, x, best).name, place]
        found = f.let(f"trunc i64 {loop.out[1]} to i32")
        f.store("i32", found, f.at(r.target, f.mul(one.i, r.far)), 4)
    f.do("ret void")
    return f
