"""A handful of numbers in registers that computes as a NumPy array does: the namespace `xp` in
which an elementwise operation's forward writes LLVM IR."""

from __future__ import annotations

import struct
from typing import TypeAlias

import numpy as np

from narae.base.dtypes import np_dtype, standardize_dtype
from narae.base.types import DTypeLike, Number
from narae.executors.native.codegen.ir import Function

KINDS = {
    "float32": "float",
    "float64": "double",
    "bfloat16": "bfloat",  # in memory: lanes of it are cast, and nothing else
    **{f"{sign}int{bits}": f"i{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "bool": "i1",
}


Operand: TypeAlias = "Lanes | Number"  # what a forward may compute with


class Unlowered(Exception):
    """What the native executor has no code for."""


def is_float(dtype: str) -> bool:
    """Whether a dtype counts in fractions."""
    return dtype.startswith("float")


def literal(value: Number, dtype: str) -> str:
    """A number as LLVM writes it."""
    if dtype == "bfloat16":
        raise Unlowered("a number of dtype bfloat16")
    if is_float(dtype):  # the bits of the double that equals it
        exact = float(np.dtype(dtype).type(value))
        return f"0x{struct.unpack('>Q', struct.pack('>d', exact))[0]:016X}"
    return str(int(value)) if dtype != "bool" else ("true" if value else "false")


class Lanes:
    """`count` numbers of a dtype: an SSA value of the function that is being written."""

    __array_priority__ = 100.0
    __hash__ = object.__hash__

    def __init__(self, function: Function, name: str, dtype: str, count: int) -> None:
        if dtype not in KINDS:
            raise Unlowered(f"numbers of dtype {dtype}")
        self.function, self.name, self.dtype_name, self.count = function, name, dtype, count
        self.constant: float | None = None  # the number that all lanes are, where that is known

    @property
    def dtype(self) -> np.dtype:
        """As NumPy says it: forwards ask."""
        return np_dtype(self.dtype_name)

    @property
    def kind(self) -> str:
        """The LLVM type."""
        return vector(KINDS[self.dtype_name], self.count)

    def full(self, value: Number, dtype: str | None = None) -> Lanes:
        """All lanes the same number."""
        dtype = dtype or self.dtype_name
        made = Lanes(
            self.function, splat(literal(value, dtype), dtype, self.count), dtype, self.count
        )
        made.constant = float(value)
        return made

    def broadcast(self, count: int) -> Lanes:
        """One number in `count` lanes."""
        if count == 1:
            return self
        made = broadcast(self.function, self.kind, self.name, count)
        return Lanes(self.function, made, self.dtype_name, count)

    def let(self, text: str, dtype: str | None = None) -> Lanes:
        """The lanes that an instruction gives."""
        return Lanes(self.function, self.function.let(text), dtype or self.dtype_name, self.count)

    def like(self, other: Operand) -> Lanes:
        """Another operand in this dtype."""
        if isinstance(other, Lanes):
            return other
        return self.full(other)

    def astype(self, dtype: DTypeLike) -> Lanes:
        """Each number in another dtype. Floats beyond an integer's range become its limit."""
        return cast(self, standardize_dtype(dtype))

    def view(self, dtype: DTypeLike) -> Lanes:
        """The same bits."""
        name = standardize_dtype(dtype)
        if KINDS.get(name) == KINDS[self.dtype_name]:
            return Lanes(self.function, self.name, name, self.count)
        to = vector(KINDS[name], self.count)
        return self.let(f"bitcast {self.kind} {self.name} to {to}", name)

    def calls(self, name: str, *others: Lanes, dtype: str | None = None) -> Lanes:
        """An intrinsic over lanes of this kind."""
        suffix = {"float": "f32", "double": "f64"}.get(
            KINDS[self.dtype_name], KINDS[self.dtype_name]
        )
        full = f"llvm.{name}.{f'v{self.count}' if self.count > 1 else ''}{suffix}"
        args = [(x.kind, x.name) for x in (self, *others)]
        made = self.function.call(self.kind, full, args)
        return Lanes(self.function, made, dtype or self.dtype_name, self.count)

    def __add__(self, other: Operand) -> Lanes:
        return arithmetic("add", self, self.like(other))

    def __sub__(self, other: Operand) -> Lanes:
        return arithmetic("sub", self, self.like(other))

    def __mul__(self, other: Operand) -> Lanes:
        return arithmetic("mul", self, self.like(other))

    def __truediv__(self, other: Operand) -> Lanes:
        return arithmetic("div", self, self.like(other))

    def __radd__(self, other: Operand) -> Lanes:
        return self.like(other) + self

    def __rsub__(self, other: Operand) -> Lanes:
        return self.like(other) - self

    def __rmul__(self, other: Operand) -> Lanes:
        return self.like(other) * self

    def __rtruediv__(self, other: Operand) -> Lanes:
        return self.like(other) / self

    def __neg__(self) -> Lanes:
        if is_float(self.dtype_name):
            return self.let(f"fneg {self.kind} {self.name}")
        return self.full(0) - self

    def __and__(self, other: Operand) -> Lanes:
        return bitwise("and", self, self.like(other))

    def __or__(self, other: Operand) -> Lanes:
        return bitwise("or", self, self.like(other))

    def __xor__(self, other: Operand) -> Lanes:
        return bitwise("xor", self, self.like(other))

    def __invert__(self) -> Lanes:
        return self ^ (1 if self.dtype_name == "bool" else -1)

    def __lshift__(self, other: Operand) -> Lanes:
        return shift("shl", self, self.like(other))

    def __rshift__(self, other: Operand) -> Lanes:
        return shift("lshr" if self.dtype_name.startswith("u") else "ashr", self, self.like(other))

    def __lt__(self, other: Operand) -> Lanes:
        return compare("lt", self, self.like(other))

    def __le__(self, other: Operand) -> Lanes:
        return compare("le", self, self.like(other))

    def __gt__(self, other: Operand) -> Lanes:
        return compare("gt", self, self.like(other))

    def __ge__(self, other: Operand) -> Lanes:
        return compare("ge", self, self.like(other))

    def __eq__(self, other: Operand) -> Lanes:  # type: ignore[override]
        return compare("eq", self, self.like(other))

    def __ne__(self, other: Operand) -> Lanes:  # type: ignore[override]
        return compare("ne", self, self.like(other))


def vector(kind: str, count: int) -> str:
    """The type of `count` lanes."""
    return kind if count == 1 else f"<{count} x {kind}>"


def broadcast(f: Function, kind: str, name: str, count: int) -> str:
    """One value of a type in all lanes of a vector."""
    wide = vector(kind, count)
    one = f.let(f"insertelement {wide} poison, {kind} {name}, i32 0")
    return f.let(f"shufflevector {wide} {one}, {wide} poison, <{count} x i32> zeroinitializer")


def splat(value: str, dtype: str, count: int) -> str:
    """A constant in all lanes."""
    if count == 1:
        return value
    return f"<{', '.join([f'{KINDS[dtype]} {value}'] * count)}>"


def arithmetic(name: str, x: Lanes, y: Lanes) -> Lanes:
    """add, sub, mul; div of floats."""
    if x.dtype_name == "bfloat16":
        raise Unlowered(f"{name} of bfloat16")
    if is_float(x.dtype_name):
        return x.let(f"f{name} {x.kind} {x.name}, {y.name}")
    if x.dtype_name == "bool":
        name = {"add": "or", "mul": "and"}.get(name, name)
    if name == "div":
        raise Unlowered(f"division of {x.dtype_name}")
    return x.let(f"{name} {x.kind} {x.name}, {y.name}")


def bitwise(name: str, x: Lanes, y: Lanes) -> Lanes:
    """and, or, xor."""
    return x.let(f"{name} {x.kind} {x.name}, {y.name}")


def shift(name: str, x: Lanes, y: Lanes) -> Lanes:
    """Shifts; by the width or more all bits go, as NumPy has it."""
    bits = x.dtype.itemsize * 8
    if y.constant is not None and 0 <= y.constant < bits:
        return x.let(f"{name} {x.kind} {x.name}, {y.name}")
    inside = compare("lt", y.view(f"uint{bits}"), y.view(f"uint{bits}").full(bits))
    safe = where(inside, y, y.full(0))
    moved = x.let(f"{name} {x.kind} {x.name}, {safe.name}")
    gone = where(x < 0, x.full(-1), x.full(0)) if name == "ashr" else x.full(0)
    return where(inside, moved, gone)


def compare(name: str, x: Lanes, y: Lanes) -> Lanes:
    """A comparison; NaN is unequal to all and neither more nor less."""
    if x.dtype_name == "bfloat16":
        raise Unlowered(f"{name} of bfloat16")
    if is_float(x.dtype_name):
        condition = "une" if name == "ne" else f"o{name}"
        return x.let(f"fcmp {condition} {x.kind} {x.name}, {y.name}", "bool")
    unsigned = x.dtype_name.startswith("u") or x.dtype_name == "bool"
    condition = name if name in ("eq", "ne") else f"{'u' if unsigned else 's'}{name}"
    return x.let(f"icmp {condition} {x.kind} {x.name}, {y.name}", "bool")


def where(condition: Lanes, x: Lanes, y: Lanes) -> Lanes:
    """x where the condition holds, y elsewhere."""
    x, y = (x, x.like(y)) if isinstance(x, Lanes) else (y.like(x), y)
    return x.let(f"select {condition.kind} {condition.name}, {x.kind} {x.name}, {y.kind} {y.name}")


def cast(x: Lanes, dtype: str) -> Lanes:
    """Each number in another dtype."""
    if dtype == x.dtype_name:
        return x
    if dtype not in KINDS:
        raise Unlowered(f"a cast to {dtype}")
    if "bfloat16" in (dtype, x.dtype_name):
        return _half_cast(x, dtype)
    if dtype == "bool":
        return compare("ne", x, x.full(0))
    to = vector(KINDS[dtype], x.count)
    source, target = is_float(x.dtype_name), is_float(dtype)
    unsigned = x.dtype_name.startswith("u") or x.dtype_name == "bool"
    if source and target:
        name = "fpext" if dtype == "float64" else "fptrunc"
    elif target:
        name = "uitofp" if unsigned else "sitofp"
    elif source:
        return _to_integer(x, dtype)
    else:
        widths = [8 * np.dtype(d).itemsize if d != "bool" else 1 for d in (x.dtype_name, dtype)]
        if widths[0] == widths[1]:
            return Lanes(x.function, x.name, dtype, x.count)
        name = "trunc" if widths[1] < widths[0] else ("zext" if unsigned else "sext")
    return x.let(f"{name} {x.kind} {x.name} to {to}", dtype)


def _half_cast(x: Lanes, dtype: str) -> Lanes:
    """To and from bfloat16, by way of float32."""
    if x.dtype_name == "bfloat16":
        wide = x.let(f"fpext {x.kind} {x.name} to {vector('float', x.count)}", "float32")
        return cast(wide, dtype)
    if x.dtype_name != "float32":
        raise Unlowered(f"a cast of {x.dtype_name} to bfloat16")  # it would be rounded twice
    return x.let(f"fptrunc {x.kind} {x.name} to {vector('bfloat', x.count)}", dtype)


def _to_integer(x: Lanes, dtype: str) -> Lanes:
    sign = "fptoui" if dtype.startswith("u") else "fptosi"
    suffix = {"float": "f32", "double": "f64"}[KINDS[x.dtype_name]]
    lanes = f"v{x.count}" if x.count > 1 else ""
    name = f"llvm.{sign}.sat.{lanes}{KINDS[dtype]}.{lanes}{suffix}"
    to = vector(KINDS[dtype], x.count)
    return Lanes(x.function, x.function.call(to, name, [(x.kind, x.name)]), dtype, x.count)


def scalarly(name: str, *xs: Lanes) -> Lanes:
    """A function of the C library, one lane after the other.

    It looks at the bits of its arguments, so those that the processor takes for 0 have to be 0 (`jit/target.py`):
    the library would scale them up to be normal numbers, and be left with zeros.
    """
    x, f = xs[0], xs[0].function
    if not is_float(x.dtype_name):
        raise Unlowered(f"{name} of {x.dtype_name}")
    xs = tuple(where(one == 0, one.full(0).calls("copysign", one), one) for one in xs)
    full = name if x.dtype_name == "float64" else f"{name}f"
    kind = KINDS[x.dtype_name]
    if x.count == 1:
        made = f.call(kind, full, [(kind, one.name) for one in xs])
        return Lanes(f, made, x.dtype_name, 1)
    out = "poison"
    for i in range(x.count):
        ones = [f.let(f"extractelement {one.kind} {one.name}, i32 {i}") for one in xs]
        made = f.call(kind, full, [(kind, one) for one in ones])
        out = f.let(f"insertelement {x.kind} {out}, {kind} {made}, i32 {i}")
    return Lanes(f, out, x.dtype_name, x.count)
