"""Kernels that read and write at computed places. An index out of range is told, never used."""

from __future__ import annotations

from narae.executors.native.codegen.expression import itemsize, load, store
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.lanes import KINDS, Unlowered, cast

# take, rows: for o, i, k: out[o, i, k...] = x[o, index[i], k...], k contiguous bytes.
#   The record: x, index, out, the error's place; lengths of o and i; bytes of a slice; the axis's
#   length; bytes between x's o and its axis; bytes between the indices.
# along: out[o, i] = x[o, index[o, i]] with the strides of all.


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
    """Slices at indices along an axis."""
    f = Function(name, [PTR, PTR])
    record = f.args[0]
    x, indices, out, error = (f.field(record, i, PTR) for i in range(4))
    outer, count, size, length, x_outer, x_axis, gap = (f.field(record, i) for i in range(4, 11))
    with f.loop(0, outer) as o:
        source = f.at(x, f.mul(o.i, x_outer))
        with f.loop(0, count) as i:
            place = _index(f, f.at(indices, f.mul(i.i, gap)), index, length, error)
            into = f.at(out, f.mul(f.add(f.mul(o.i, count), i.i), size))
            args = [
                (PTR, into),
                (PTR, f.at(source, f.mul(place, x_axis))),
                (INT, size),
                ("i1", "false"),
            ]
            f.call("void", "llvm.memcpy.p0.p0.i64", args)
    f.do("ret void")
    return f


def build_along(name: str, dtype: str, index: str, put: bool) -> Function:
    """take_along: out[o, i, k] = x[o, index[o, i, k], k]. put: out[o, index, k] += x[o, i, k].

    The record: x, index, out, the error's place; the three lengths; the axis's length (of x for
    take, of out for put); strides of x, of index, of out.
    """
    if dtype not in KINDS or dtype == "bool":
        raise Unlowered(f"take_along of {dtype}")
    f = Function(name, [PTR, PTR])
    record = f.args[0]
    x, indices, out, error = (f.field(record, i, PTR) for i in range(4))
    lengths = [f.field(record, 4 + i) for i in range(3)]
    length = f.field(record, 7)
    xs, js, ys = ([f.field(record, 8 + 3 * n + i) for i in range(3)] for n in range(3))

    def at(base: str, steps: list[str], where: list[str]) -> str:
        for step, i in zip(steps, where, strict=True):
            base = f.at(base, f.mul(i, step))
        return base

    with f.loop(0, lengths[0]) as a, f.loop(0, lengths[1]) as b, f.loop(0, lengths[2]) as c:
        here = [a.i, b.i, c.i]
        found = _index(f, at(indices, js, here), index, length, error)
        there = [a.i, found, c.i]
        if put:
            place = at(out, ys, there)
            store(f, load(f, dtype, place, 1) + load(f, dtype, at(x, xs, here), 1), place)
        else:
            store(f, load(f, dtype, at(x, xs, there), 1), at(out, ys, here))
    f.do("ret void")
    return f


def build_add_rows(name: str, dtype: str, index: str) -> Function:
    """out[o, index[i], k] += x[o, i, k], in the order of i.

    The record: x, index, out, the error's place; the lengths of o, i and k; the axis's length;
    bytes between x's o and its rows, between indices, between out's o and its rows.
    """
    if dtype not in KINDS or dtype == "bool":
        raise Unlowered(f"add_at of {dtype}")
    f = Function(name, [PTR, PTR])
    record = f.args[0]
    x, indices, out, error = (f.field(record, i, PTR) for i in range(4))
    outer, count, row, length = (f.field(record, i) for i in range(4, 8))
    x_outer, x_gap, gap, out_outer, out_gap = (f.field(record, i) for i in range(8, 13))
    size = itemsize(dtype)
    with f.loop(0, outer) as o, f.loop(0, count) as i:
        place = _index(f, f.at(indices, f.mul(i.i, gap)), index, length, error)
        source = f.at(f.at(x, f.mul(o.i, x_outer)), f.mul(i.i, x_gap))
        into = f.at(f.at(out, f.mul(o.i, out_outer)), f.mul(place, out_gap))
        with f.loop(0, row) as k:
            step = f.mul(k.i, size)
            target = f.at(into, step)
            store(f, load(f, dtype, target, 1) + load(f, dtype, f.at(source, step), 1), target)
    f.do("ret void")
    return f


def build_fill(name: str) -> Function:
    """Zeros. The record: the address and the bytes."""
    f = Function(name, [PTR, PTR])
    place, size = f.field(f.args[0], 0, PTR), f.field(f.args[0], 1)
    f.call("void", "llvm.memset.p0.i64", [(PTR, place), ("i8", "0"), (INT, size), ("i1", "false")])
    f.do("ret void")
    return f
