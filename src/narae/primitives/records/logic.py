"""Comparisons, booleans, bits, and the choice between two values."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base.arrays import as_integers
from narae.base.dtypes import is_float, is_int, np_dtype, standardize_dtype
from narae.base.errors import DtypeError
from narae.base.types import Namespace
from narae.graph.ir import Op, Spec, Value
from narae.primitives import costs
from narae.primitives.notation import Shown, as_operand, called, infix, pattern, to_dtype
from narae.primitives.record import (
    broadcast_shapes,
    check_kind,
    constant,
    elementwise,
    record,
    sum_to,
)
from narae.primitives.samples import Samples, bools, floats, ints


def _compare(name: str, sign: str) -> Op:
    shown = infix(sign, 4, 3, 3)
    return elementwise(name, result="bool", samples=floats(2), shown=shown, flat=True)


equal, not_equal = _compare("equal", "=="), _compare("not_equal", "≠")
less, less_equal = _compare("less", "<"), _compare("less_equal", "≤")
greater, greater_equal = _compare("greater", ">"), _compare("greater_equal", "≥")


def _class_of_float(name: str) -> Op:
    return elementwise(name, result="bool", takes="float", samples=floats(1), flat=True)


isnan, isfinite = _class_of_float("isnan"), _class_of_float("isfinite")
isinf = _class_of_float("isinf")


def _logical(name: str, shown: Shown, arity: int = 2) -> Op:
    return elementwise(name, result="bool", samples=bools(arity), shown=shown, flat=True)


logical_and = _logical("logical_and", infix("and", 4, 3, 3))
logical_or = _logical("logical_or", infix("or", 4, 3, 3))
logical_xor = _logical("logical_xor", infix("xor", 4, 3, 3))
logical_not = _logical("logical_not", pattern("not {0}", 1, 1), arity=1)


def _bitwise(name: str, samples: Samples, takes: str = "int") -> Op:
    return elementwise(name, takes=takes, samples=samples, flat=True)


bitwise_and = _bitwise("bitwise_and", ints(2))
bitwise_or = _bitwise("bitwise_or", ints(2))
bitwise_xor = _bitwise("bitwise_xor", ints(2))
invert = _bitwise("invert", ints(1))
left_shift = _bitwise("left_shift", ints(2, 0, 5), "integer")
right_shift = _bitwise("right_shift", ints(2, 0, 5), "integer")


def _select_rule(condition: Spec, x: Spec, y: Spec) -> Spec:
    if condition.dtype != "bool" or x.dtype != y.dtype:
        got = (condition.dtype, x.dtype, y.dtype)
        raise DtypeError(f"select takes a bool condition and two values of one dtype, got {got}")
    return Spec(broadcast_shapes(condition.shape, x.shape, y.shape), x.dtype)


def _select_samples(rng: np.random.Generator) -> Any:
    return [
        (
            (
                rng.integers(0, 2, (3, 4)).astype(bool),
                rng.normal(size=(3, 4)),
                rng.normal(size=(4,)),
            ),
            {},
        ),
        ((rng.integers(0, 2, (3, 1)).astype(bool), rng.normal(size=()), rng.normal(size=(4,))), {}),
    ]


# x where the condition holds, y elsewhere.
select = record(
    "select",
    _select_rule,
    lambda xp, condition, x, y: xp.where(condition, x, y),
    vjp=(
        None,
        lambda ct, out, c, x, y: sum_to(select(c, ct, constant(0, ct.dtype)), x.shape),
        lambda ct, out, c, x, y: sum_to(select(c, constant(0, ct.dtype), ct), y.shape),
    ),
    simplify=lambda condition, x, y: x if x.uid == y.uid else None,
    samples=_select_samples,
    elementwise=True,
    shown=called("where"),
    exact=True,
)


def _cast_vjp(ct: Value, out: Value, x: Value, *, dtype: str) -> Value | None:
    return cast(ct, dtype=x.dtype)


def _cast_simplify(x: Value, *, dtype: str) -> Value | None:
    if x.dtype == dtype:
        return x
    if x.node is None or x.node.op is not cast:
        return None
    # A cast that keeps every value may be left out of a chain; for NumPy int64 to float64 is one.
    first = x.node.inputs[0]
    rounds = first.dtype in ("int64", "uint64") and is_float(x.dtype)
    keeps = np.can_cast(np_dtype(first.dtype), np_dtype(x.dtype), "safe") and not rounds
    # Whole numbers out of range begin again from the other end, floats out of range become the nearest end.
    ends = is_float(x.dtype) and is_int(dtype) and is_int(first.dtype)
    fits = not ends or np.can_cast(np_dtype(first.dtype), np_dtype(dtype), "safe")
    return cast(first, dtype=dtype) if keeps and fits else None


def _cast(xp: Namespace, x: np.ndarray, *, dtype: str) -> Any:
    if xp is np and is_float(standardize_dtype(x.dtype)) and is_int(dtype):
        return as_integers(x, np_dtype(dtype))
    return x.astype(np_dtype(dtype))


cast = record(
    "cast",
    lambda x, *, dtype: Spec(x.shape, dtype),
    _cast,
    vjp=(_cast_vjp,),
    simplify=_cast_simplify,
    samples=lambda rng: [
        ((rng.normal(size=(3, 4)),), {"dtype": "float64"}),
        ((rng.integers(0, 9, (3, 4)),), {"dtype": "float32"}),
        ((rng.normal(size=(3, 4)) * 9,), {"dtype": "int32"}),
    ],
    elementwise=True,
    cost=costs.nothing,
    shown=to_dtype,
)


def _rounded_rule(x: Spec, *, dtype: str) -> Spec:
    check_kind("rounded", x.dtype, "float")
    return x


def _rounded(xp: Namespace, x: np.ndarray, *, dtype: str) -> Any:
    if xp is np:
        return x.astype(np_dtype(dtype)).astype(x.dtype)
    narrow = _as_bfloat16 if dtype == "bfloat16" else _as_float16
    return narrow(xp, x.astype(np.float32)).astype(x.dtype)


def _as_bfloat16(xp: Namespace, x: np.ndarray) -> Any:
    bits = _to_even(x, 16)
    return xp.where(xp.isnan(x), x, bits.view(np.float32))


def _as_float16(xp: Namespace, x: np.ndarray) -> Any:
    size = xp.abs(x)
    small = xp.rint(size * 2.0**24) * 2.0**-24  # those below 2^-14 are equally far apart
    large = _to_even(size, 13).view(np.float32)
    found = xp.where(size < 2.0**-14, small, xp.where(large > 65504.0, np.inf, large))
    return xp.where(xp.isnan(x), x, xp.copysign(found, x))


def _to_even(x: np.ndarray, bits: int) -> Any:
    """The bits of float32 numbers without the last so many: the nearest, of two the even one."""
    whole = x.view(np.uint32)
    half = 2 ** (bits - 1) - 1
    return (whole + (((whole >> bits) & 1) + half)) & (2**32 - 2**bits)


def _rounded_oracle(x: np.ndarray, *, dtype: str) -> Any:
    fraction, exponent = np.frexp(x)
    places = {"bfloat16": 8, "float16": 11}[dtype]
    return np.ldexp(np.rint(np.ldexp(fraction, places)), exponent - places)


# Floats that a half holds too, as they are.
rounded = record(
    "rounded",
    _rounded_rule,
    _rounded,
    simplify=lambda x, *, dtype: x if _is_rounded(x, dtype) else None,
    samples=lambda rng: [
        ((rng.normal(size=(3, 4)),), {"dtype": half}) for half in ("bfloat16", "float16")
    ],
    oracle=_rounded_oracle,
    elementwise=True,
    cost=costs.nothing,
    shown=to_dtype,
    flat=True,
)


def _is_rounded(x: Value, dtype: str) -> bool:
    return x.node is not None and x.node.op is rounded and x.node.params["dtype"] == dtype


def _bitcast_rule(x: Spec, *, dtype: str) -> Spec:
    if np_dtype(dtype).itemsize != np_dtype(x.dtype).itemsize:
        raise DtypeError(f"bits of {x.dtype} cannot be read as {dtype}: the widths differ")
    return Spec(x.shape, dtype)


# The same bits read as another dtype of the same width.
bitcast = record(
    "bitcast",
    _bitcast_rule,
    lambda xp, x, *, dtype: x.view(np_dtype(dtype)),
    samples=lambda rng: [((rng.integers(0, 2**31, (3, 4), "int32"),), {"dtype": "float32"})],
    elementwise=True,
    cost=costs.nothing,
    narrow=True,
    flat=True,
)

# The value, through which no gradient flows.
stop_gradient = record(
    "stop_gradient",
    lambda x: x,
    lambda xp, x: x,
    simplify=lambda x: x,  # graphs are simplified after they are differentiated
    samples=floats(1),
    elementwise=True,
    view=True,
    shown=as_operand,
    exact=True,
    flat=True,
)
