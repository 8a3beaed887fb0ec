"""Kernels that read and write at computed places. An index out of range is reported, never used."""

from __future__ import annotations

from collections.abc import Sequence

from narae.executors.native.codegen.expression import (
    Operand,
    emit_row,
    identity,
    itemsize,
    load,
    store,
)
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.kernel_record import KernelRecord, W, pointer, word, words
from narae.executors.native.codegen.lanes import KINDS, Unlowered, cast


class Take(KernelRecord[W]):
    """out[o, i] = x[o, index[i]], rows of `row` numbers."""

    x: W = pointer()
    indices: W = pointer()
    out: W = pointer()
    error: W = pointer()  # where an index out of range is reported
    outer: W = word()  # how many o there are
    count: W = word()  # and i
    row: W = word()
    length: W = word()  # of the axis
    x_outer: W = word()  # bytes between x's o
    x_axis: W = word()  # and along its axis
    gap: W = word()  # bytes between the indices


class Along(KernelRecord[W]):
    """out[o, i, k] = x[o, index[o, i, k], k], or out[o, index[o, i, k], k] += x[o, i, k]."""

    x: W = pointer()
    indices: W = pointer()
    out: W = pointer()
    error: W = pointer()
    lengths: Sequence[W] = words(3)  # of o, i, k
    length: W = word()  # of the axis: of x for take, of out for put
    x_strides: Sequence[W] = words(3)
    index_strides: Sequence[W] = words(3)
    out_strides: Sequence[W] = words(3)


class Fill(KernelRecord[W]):
    """Bytes that become zeros."""

    place: W = pointer()
    size: W = word()


def checked_index(f: Function, place: str, dtype: str, length: str, error: str) -> str:
    """A valid index: negative ones count from the end; 0 and a note where it is out of range."""
    raw = cast(load(f, dtype, place, 1), "int64").name
    below = f.let(f"icmp slt i64 {raw}, 0")
    turned = f.let(f"select i1 {below}, i64 {f.add(raw, length)}, i64 {raw}")
    inside = f.let(f"icmp ult i64 {turned}, {length}")
    with f.when(f.let(f"xor i1 {inside}, true")):
        f.store(INT, "1", error, 8)
        f.store(INT, raw, f.at(error, 8), 8)
        f.store(INT, length, f.at(error, 16), 8)
    return f.let(f"select i1 {inside}, i64 {turned}, i64 0")


def build_take(name: str, dtype: str, index: str) -> Function:
    """Rows at indices along an axis. The record: `Take`."""
    f = Function(name, [PTR, PTR])
    r = Take[str].read(f, f.args[0])
    size = f.mul(r.row, itemsize(dtype))
    copied, lying = identity(0, dtype), [Operand(dtype, "along")] * 2
    with f.loop(0, r.outer) as o:
        source = f.at(r.x, f.mul(o.i, r.x_outer))
        into = f.at(r.out, f.mul(f.mul(o.i, r.count), size))
        with f.loop(0, r.count) as i:
            place = f.at(r.indices, f.mul(i.i, r.gap))
            found = checked_index(f, place, index, r.length, r.error)
            places = [f.at(source, f.mul(found, r.x_axis)), f.at(into, f.mul(i.i, size))]
            emit_row(f, copied, lying, places, ["0", "0"], r.row)
    f.do("ret void")
    return f


def build_along(name: str, dtype: str, index: str, put: bool) -> Function:
    """take_along: out[o, i, k] = x[o, index[o, i, k], k]. put: out[o, index, k] += x[o, i, k].
    The record: `Along`."""
    if dtype not in KINDS or dtype == "bool":
        raise Unlowered(f"take_along of {dtype}")
    f = Function(name, [PTR, PTR])
    r = Along[str].read(f, f.args[0])

    def at(base: str, steps: Sequence[str], where: list[str]) -> str:
        for step, i in zip(steps, where, strict=True):
            base = f.at(base, f.mul(i, step))
        return base

    with f.loop(0, r.lengths[0]) as a, f.loop(0, r.lengths[1]) as b, f.loop(0, r.lengths[2]) as c:
        here = [a.i, b.i, c.i]
        found = checked_index(f, at(r.indices, r.index_strides, here), index, r.length, r.error)
        there = [a.i, found, c.i]
        if put:
            place = at(r.out, r.out_strides, there)
            x = load(f, dtype, at(r.x, r.x_strides, here), 1)
            store(f, load(f, dtype, place, 1) + x, place)
        else:
            x = load(f, dtype, at(r.x, r.x_strides, there), 1)
            store(f, x, at(r.out, r.out_strides, here))
    f.do("ret void")
    return f


def build_fill(name: str) -> Function:
    """Zeros. The record: `Fill`."""
    f = Function(name, [PTR, PTR])
    r = Fill[str].read(f, f.args[0])
    args = [(PTR, r.place), ("i8", "0"), (INT, r.size), ("i1", "false")]
    f.call("void", "llvm.memset.p0.i64", args)
    f.do("ret void")
    return f
