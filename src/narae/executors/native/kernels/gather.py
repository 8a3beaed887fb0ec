"""Kernels that read and write at computed places. An index out of range is reported, never used."""

from __future__ import annotations

from collections.abc import Sequence

from narae.executors.native.codegen.expression import itemsize, load, store
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.kernel_record import KernelRecord, W, pointer, word, words
from narae.executors.native.codegen.lanes import KINDS, Unlowered, cast


class Take(KernelRecord[W]):
    """out[o, i] = x[o, index[i]], slices of `size` bytes."""

    x: W = pointer()
    indices: W = pointer()
    out: W = pointer()
    error: W = pointer()  # where an index out of range is reported
    outer: W = word()  # how many o there are
    count: W = word()  # and i
    size: W = word()
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


class AddRows(KernelRecord[W]):
    """out[o, index[i], k] += x[o, i, k]."""

    x: W = pointer()
    indices: W = pointer()
    out: W = pointer()
    error: W = pointer()
    outer: W = word()  # how many o there are
    count: W = word()  # i
    row: W = word()  # and k
    length: W = word()  # of the axis
    x_outer: W = word()  # bytes between x's o
    x_gap: W = word()  # and its rows
    gap: W = word()  # bytes between the indices
    out_outer: W = word()
    out_gap: W = word()


class Fill(KernelRecord[W]):
    """Bytes that become zeros."""

    place: W = pointer()
    size: W = word()


def _index(f: Function, place: str, dtype: str, length: str, error: str) -> str:
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


def build_take(name: str, index: str) -> Function:
    """Slices at indices along an axis. index: their dtype. The record: `Take`."""
    f = Function(name, [PTR, PTR])
    r = Take[str].read(f, f.args[0])
    with f.loop(0, r.outer) as o:
        source = f.at(r.x, f.mul(o.i, r.x_outer))
        with f.loop(0, r.count) as i:
            place = _index(f, f.at(r.indices, f.mul(i.i, r.gap)), index, r.length, r.error)
            into = f.at(r.out, f.mul(f.add(f.mul(o.i, r.count), i.i), r.size))
            args = [
                (PTR, into),
                (PTR, f.at(source, f.mul(place, r.x_axis))),
                (INT, r.size),
                ("i1", "false"),
            ]
            f.call("void", "llvm.memcpy.p0.p0.i64", args)
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
        found = _index(f, at(r.indices, r.index_strides, here), index, r.length, r.error)
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


def build_add_rows(name: str, dtype: str, index: str) -> Function:
    """out[o, index[i], k] += x[o, i, k], in the order of i. The record: `AddRows`."""
    if dtype not in KINDS or dtype == "bool":
        raise Unlowered(f"add_at of {dtype}")
    f = Function(name, [PTR, PTR])
    r = AddRows[str].read(f, f.args[0])
    size = itemsize(dtype)
    with f.loop(0, r.outer) as o, f.loop(0, r.count) as i:
        place = _index(f, f.at(r.indices, f.mul(i.i, r.gap)), index, r.length, r.error)
        source = f.at(f.at(r.x, f.mul(o.i, r.x_outer)), f.mul(i.i, r.x_gap))
        into = f.at(f.at(r.out, f.mul(o.i, r.out_outer)), f.mul(place, r.out_gap))
        with f.loop(0, r.row) as k:
            step = f.mul(k.i, size)
            target = f.at(into, step)
            store(f, load(f, dtype, target, 1) + load(f, dtype, f.at(source, step), 1), target)
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
