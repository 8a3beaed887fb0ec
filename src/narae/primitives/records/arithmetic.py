"""Elementwise arithmetic and functions of one number, each with its derivative beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from narae.base.arrays import to_power
from narae.base.types import Namespace
from narae.graph.ir import Value
from narae.primitives.notation import called, infix, pattern
from narae.primitives.record import constant, elementwise
from narae.primitives.records.logic import equal, greater, not_equal, select
from narae.primitives.samples import floats, ints


def _is(value: Value, number: float) -> bool:
    """Whether a value is the constant scalar `number` (what algebra can use). 0.0 is not -0.0."""
    data = value.data
    if data is None or data.size != 1 or value.node is not None or data.item() != number:
        return False
    whole = data.dtype.kind in "biu"  # which has one zero
    return whole or bool(np.signbit(data.astype("float64")).item()) == bool(np.signbit(number))


def _same(kept: Value, other: Value) -> bool:
    """Whether dropping `other` leaves the shape as it was."""
    return len(other.shape) <= len(kept.shape) and all(n == 1 for n in other.shape)


def _drop(number: float) -> Any:
    def simplify(x: Value, y: Value) -> Value | None:
        if _is(y, number) and _same(x, y):
            return x
        return y if _is(x, number) and _same(y, x) else None

    return simplify


def _drop_right(number: float) -> Any:
    return lambda x, y: x if _is(y, number) and _same(x, y) else None


def _made_by(value: Value, name: str) -> bool:
    """Whether a value is the recorded result of an op."""
    return value.node is not None and value.node.op.known == name


def _add_simplify(x: Value, y: Value) -> Value | None:
    if _made_by(y, "negative"):
        return subtract(x, y.node.inputs[0])  # type: ignore[union-attr]
    return _drop(-0.0)(x, y)  # x + 0.0 is another thing: -0.0 + 0.0 is 0.0


def _subtract_simplify(x: Value, y: Value) -> Value | None:
    if _made_by(y, "negative"):
        return add(x, y.node.inputs[0])  # type: ignore[union-attr]
    return _drop_right(0.0)(x, y)


def _undone(name: str) -> Any:
    """The simplification of a function that is its own inverse."""
    return lambda x: x.node.inputs[0] if _made_by(x, name) else None


add = elementwise(
    "add",
    vjp=(lambda ct, out, x, y: ct, lambda ct, out, x, y: ct),
    simplify=_add_simplify,
    samples=floats(2),
    commutes=True,
    shown=infix("+", 3, 3, 3),
)
subtract = elementwise(
    "subtract",
    takes="number",
    vjp=(lambda ct, out, x, y: ct, lambda ct, out, x, y: -ct),
    simplify=_subtract_simplify,
    samples=floats(2),
    shown=infix("−", 3, 3, 2),
)
multiply = elementwise(
    "multiply",
    vjp=(lambda ct, out, x, y: ct * y, lambda ct, out, x, y: ct * x),
    simplify=_drop(1.0),
    samples=floats(2),
    commutes=True,
    shown=infix("*", 2, 2, 1),
)
divide = elementwise(
    "divide",
    takes="float",
    vjp=(lambda ct, out, x, y: ct / y, lambda ct, out, x, y: -ct * out / y),
    simplify=_drop_right(1.0),
    samples=floats(2, 0.5, 2.0),
    shown=infix("/", 2, 2, 1),
    slow=True,
)
floor_divide = elementwise(
    "floor_divide",
    takes="number",
    vjp=None,
    samples=floats(2, 0.5, 9.0),
    shown=infix("//", 2, 2, 1),
    flat=True,
)
remainder = elementwise(
    "remainder",
    takes="number",
    # x mod y = x - floor(x / y) y; the floor is constant but for its jumps
    vjp=(lambda ct, out, x, y: ct, lambda ct, out, x, y: -ct * floor(x / y)),
    # quotients between 1.2 and 1.8, away from the jumps
    samples=lambda rng: [((rng.uniform(0.6, 0.8, (3, 4)), rng.uniform(0.45, 0.5, (4,))), {})],
    shown=infix("mod", 2, 1, 1),
)


def _power_simplify(x: Value, y: Value) -> Value | None:
    if not _same(x, y):
        return None
    if _is(y, 1.0):
        return x
    if _is(y, 2.0):
        return multiply(x, x)
    if not _is(y, 0.5) or not x.dtype.startswith("float"):
        return None
    # the root of -0.0 is -0.0, its power 0.0; that of -inf is NaN, its power inf
    endless = constant(float("inf"), x.dtype)
    return select(equal(x, -endless), endless, sqrt(x + constant(0.0, x.dtype)))


def _power(xp: Namespace, x: np.ndarray, y: np.ndarray) -> Any:
    """x^y; of whole numbers, 1 and -1 to a negative power, 0 of all others."""
    if xp is np and x.dtype.kind not in "iu":
        return to_power(x, y)
    if xp is not np or x.dtype.kind != "i":
        return xp.power(x, y)
    below = np.where(x == 1, 1, np.where(x == -1, 1 - 2 * (y & 1), 0))
    return np.where(y < 0, below, np.power(x, np.maximum(y, 0))).astype(x.dtype)


power = elementwise(
    "power",
    "power",
    forward=_power,
    takes="number",
    vjp=(
        # where y is 0 the power is constant: an exponent of 0 keeps 0 * inf out of it
        lambda ct, out, x, y: ct * y * power(x, nonzero_or_one(y) - 1),
        # where x is 0 the limit of x^y log x is 0; log of 1 gives it without a NaN
        lambda ct, out, x, y: ct * out * log(nonzero_or_one(x)),
    ),
    simplify=_power_simplify,
    samples=floats(2, 0.5, 2.0),
    shown=pattern("{0}^{1}", 1, 0, 0),
    slow=True,
)


def nonzero_or_one(x: Value) -> Value:
    """x where it is not zero, 1 elsewhere."""
    return select(not_equal(x, constant(0, x.dtype)), x, constant(1, x.dtype))


def _chosen(ct: Value, picked: Value, x: Value, y: Value) -> Value:
    """The cotangent where x was picked, half of it where x and y tie."""
    half = select(equal(x, y), ct * 0.5, ct)
    return select(equal(picked, x), half, constant(0, ct.dtype))


maximum = elementwise(
    "maximum",
    vjp=(
        lambda ct, out, x, y: _chosen(ct, out, x, y),
        lambda ct, out, x, y: _chosen(ct, out, y, x),
    ),
    samples=floats(2),
    commutes=True,
    shown=called("max"),
    exact=True,
)
minimum = elementwise(
    "minimum",
    vjp=(
        lambda ct, out, x, y: _chosen(ct, out, x, y),
        lambda ct, out, x, y: _chosen(ct, out, y, x),
    ),
    samples=floats(2),
    commutes=True,
    shown=called("min"),
    exact=True,
)
arctan2 = elementwise(
    "arctan2",
    takes="float",
    vjp=(
        lambda ct, out, y, x: ct * x / (x * x + y * y),
        lambda ct, out, y, x: -ct * y / (x * x + y * y),
    ),
    samples=floats(2, 0.5, 2.0),
)


def unary(
    name: str,
    gradient: Callable[..., Any] | None,
    low: float = -2.0,
    high: float = 2.0,
    **fields: Any,
) -> Any:
    """A float function of one number; gradient(ct, out, x) or None where it is flat."""
    vjp = None if gradient is None else (gradient,)
    fields.setdefault("takes", "float")
    return elementwise(name, vjp=vjp, samples=floats(1, low, high), **fields)


negative = unary(
    "negative",
    lambda ct, out, x: -ct,
    takes="number",
    simplify=_undone("negative"),
    shown=pattern("−{0}", 1, 1),
    exact=True,
)
absolute = unary(
    "absolute", lambda ct, out, x: ct * sign(x), takes="number", shown=pattern("|{0}|"), exact=True
)
sign = unary("sign", None, takes="number", exact=True, flat=True)
exp = unary("exp", lambda ct, out, x: ct * out, slow=True)
exp2 = unary("exp2", lambda ct, out, x: ct * out * float(np.log(2.0)))
expm1 = unary("expm1", lambda ct, out, x: ct * (out + 1), slow=True)
log = unary("log", lambda ct, out, x: ct / x, 0.3, 3.0, slow=True)
log2 = unary("log2", lambda ct, out, x: ct / (x * float(np.log(2.0))), 0.3, 3.0)
log10 = unary("log10", lambda ct, out, x: ct / (x * float(np.log(10.0))), 0.3, 3.0)
log1p = unary("log1p", lambda ct, out, x: ct / (x + 1), -0.5, 2.0, slow=True)
cbrt = unary("cbrt", lambda ct, out, x: ct / (out * out * 3), 0.3, 3.0)
sqrt = unary(
    "sqrt", lambda ct, out, x: ct * 0.5 / out, 0.3, 3.0, shown=pattern("√{0}", 1, 0), slow=True
)
square = unary(
    "square", lambda ct, out, x: ct * (x * 2), takes="number", shown=pattern("{0}²", 1, 0)
)
reciprocal = unary(
    "reciprocal",
    lambda ct, out, x: -ct * out * out,
    0.5,
    2.0,
    shown=pattern("1 / {0}", 2, 1),
    slow=True,
)
sin = unary("sin", lambda ct, out, x: ct * cos(x), slow=True)
cos = unary("cos", lambda ct, out, x: -ct * sin(x), slow=True)
tan = unary("tan", lambda ct, out, x: ct * (out * out + 1), -1.0, 1.0)
arcsin = unary("arcsin", lambda ct, out, x: ct / sqrt(1 - x * x), -0.8, 0.8, shown=called("asin"))
arccos = unary("arccos", lambda ct, out, x: -ct / sqrt(1 - x * x), -0.8, 0.8, shown=called("acos"))
arctan = unary("arctan", lambda ct, out, x: ct / (x * x + 1), shown=called("atan"))
sinh = unary("sinh", lambda ct, out, x: ct * cosh(x))
cosh = unary("cosh", lambda ct, out, x: ct * sinh(x))
tanh = unary("tanh", lambda ct, out, x: ct * (1 - out * out), slow=True)
arcsinh = unary("arcsinh", lambda ct, out, x: ct / sqrt(x * x + 1))
arccosh = unary("arccosh", lambda ct, out, x: ct / sqrt(x * x - 1), 1.3, 3.0)
arctanh = unary("arctanh", lambda ct, out, x: ct / (1 - x * x), -0.8, 0.8)
floor = unary("floor", None, shown=pattern("⌊{0}⌋"), exact=True, flat=True)
ceil = unary("ceil", None, shown=pattern("⌈{0}⌉"), exact=True, flat=True)
trunc = unary("trunc", None, exact=True, flat=True)
rint = unary(
    "rint", None, shown=called("round"), exact=True, flat=True
)  # halves go to the even neighbour
# The next float after x in the direction of y.
nextafter = elementwise("nextafter", takes="float", samples=floats(2), narrow=True, flat=True)
signbit = elementwise("signbit", takes="float", result="bool", samples=floats(1), flat=True)
gcd = elementwise("gcd", takes="integer", samples=ints(2), commutes=True, flat=True)
lcm = elementwise("lcm", takes="integer", samples=ints(2), commutes=True, flat=True)


def _relu_vjp(ct: Value, out: Value, x: Value) -> Value:
    return select(greater(out, constant(0, out.dtype)), ct, constant(0, ct.dtype))


# max(x, 0), whose derivative at 0 is 0: `maximum` would share it between its two operands.
relu = elementwise(
    "relu",
    forward=lambda xp, x: xp.maximum(x, xp.zeros((), x.dtype)),
    takes="number",
    vjp=(_relu_vjp,),
    samples=floats(1),
    shown=pattern("max({0}, 0)"),
    exact=True,
)
