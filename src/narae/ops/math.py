"""Elementwise arithmetic and functions of numbers, with Keras's promotion."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from narae.base.dtypes import is_float, keras_result_type, limits, standardize_dtype
from narae.ops.table import binary, unary
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import special as S
from narae.primitives.records.shape import full
from narae.tensor.promote import dtype_of, floated, numeric, promoted, to
from narae.tensor.public_names import alias, exported
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor

_unary, _binary = partial(unary, __name__), partial(binary, __name__)

subtract = _binary(
    "subtract", A.subtract, "x1 - x2, broadcast.", "subtract([3, 2], 1).tolist()", "[2, 1]"
)
true_divide = _binary(
    "true_divide",
    A.divide,
    "x1 / x2 as floats, broadcast.",
    "true_divide([3, 2], 2).tolist()",
    "[1.5, 1.0]",
    floating=True,
)
maximum = _binary(
    "maximum",
    A.maximum,
    "The larger of x1 and x2, broadcast.",
    "maximum([1, -2], 0).tolist()",
    "[1, 0]",
)
minimum = _binary(
    "minimum",
    A.minimum,
    "The smaller of x1 and x2, broadcast.",
    "minimum([1, -2], 0).tolist()",
    "[0, -2]",
)
arctan2 = _binary(
    "arctan2",
    A.arctan2,
    "The angle of the point (x2, x1), in (-π, π].",
    "arctan2(0.0, 1.0).item()",
    "0.0",
    floating=True,
)

exp = _unary("exp", A.exp, "e to the power x.", "exp(0.0).item()", "1.0")
exp2 = _unary("exp2", A.exp2, "2 to the power x.", "exp2(3.0).item()", "8.0")
expm1 = _unary("expm1", A.expm1, "e^x - 1, exact for small x.", "expm1(0.0).item()", "0.0")
log = _unary("log", A.log, "The natural logarithm.", "log(1.0).item()", "0.0")
log10 = _unary("log10", A.log10, "The logarithm to base 10.", "log10(1.0).item()", "0.0")
log1p = _unary("log1p", A.log1p, "log(1 + x), exact for small x.", "log1p(0.0).item()", "0.0")
log2 = _unary("log2", A.log2, "The logarithm to base 2.", "log2(8.0).item()", "3.0")
sqrt = _unary("sqrt", A.sqrt, "The square root; NaN below zero.", "sqrt(9.0).item()", "3.0")
cbrt = _unary("cbrt", A.cbrt, "The cube root.", "cbrt(1.0).item()", "1.0")
reciprocal = _unary("reciprocal", A.reciprocal, "1 / x.", "reciprocal(4.0).item()", "0.25")
sin = _unary("sin", A.sin, "The sine of x radians.", "sin(0.0).item()", "0.0")
cos = _unary("cos", A.cos, "The cosine of x radians.", "cos(0.0).item()", "1.0")
tan = _unary("tan", A.tan, "The tangent of x radians.", "tan(0.0).item()", "0.0")
arcsin = _unary("arcsin", A.arcsin, "The angle whose sine is x.", "arcsin(0.0).item()", "0.0")
arccos = _unary("arccos", A.arccos, "The angle whose cosine is x.", "arccos(1.0).item()", "0.0")
arctan = _unary("arctan", A.arctan, "The angle whose tangent is x.", "arctan(0.0).item()", "0.0")
sinh = _unary("sinh", A.sinh, "The hyperbolic sine.", "sinh(0.0).item()", "0.0")
cosh = _unary("cosh", A.cosh, "The hyperbolic cosine.", "cosh(0.0).item()", "1.0")
tanh = _unary("tanh", A.tanh, "The hyperbolic tangent.", "tanh(0.0).item()", "0.0")
arcsinh = _unary("arcsinh", A.arcsinh, "The inverse of sinh.", "arcsinh(0.0).item()", "0.0")
arccosh = _unary("arccosh", A.arccosh, "The inverse of cosh.", "arccosh(1.0).item()", "0.0")
arctanh = _unary("arctanh", A.arctanh, "The inverse of tanh.", "arctanh(0.0).item()", "0.0")
erf = _unary("erf", S.erf, "The error function 2/√π ∫₀ˣ e^(-t²) dt.", "erf(0.0).item()", "0.0")
erfc = _unary("erfc", S.erfc, "1 - erf(x), exact where it is small.", "erfc(0.0).item()", "1.0")
erfinv = _unary("erfinv", S.erfinv, "The x whose erf is given.", "erfinv(0.0).item()", "0.0")
floor = _unary("floor", A.floor, "The next whole number below.", "floor(1.5).item()", "1.0")
ceil = _unary("ceil", A.ceil, "The next whole number above.", "ceil(1.5).item()", "2.0")
negative = _unary("negative", A.negative, "-x.", "negative([1, -2]).tolist()", "[-1, 2]", "any")
square = _unary("square", A.square, "x².", "square([1, -2]).tolist()", "[1, 4]", "number")


@public
def add(x1: Any, x2: Any) -> Tensor:
    """x1 + x2, broadcast. Two booleans give their logical or.

    >>> import narae
    >>> narae.ops.add([1, 2], 0.5).tolist()
    [1.5, 2.5]
    """
    return A.add(*promoted(x1, x2))


@public
def multiply(x1: Any, x2: Any) -> Tensor:
    """x1 * x2, broadcast. Two booleans give their logical and.

    >>> import narae
    >>> narae.ops.multiply([3, 2], [2, 2]).tolist()
    [6, 4]
    """
    return A.multiply(*promoted(x1, x2))


divide = alias("divide", true_divide)


@public
def divide_no_nan(x1: Any, x2: Any) -> Tensor:
    """x1 / x2, and 0 where x2 is 0.

    >>> import narae
    >>> narae.ops.divide_no_nan([3.0, 2.0], [2.0, 0.0]).tolist()
    [1.5, 0.0]
    """
    x, y = promoted(x1, x2, floating=True)
    zero = L.equal(y, constant(0, y.dtype))
    safe = L.select(zero, constant(1, y.dtype), y)  # no inf enters the gradient
    return L.select(zero, constant(0, x.dtype), A.divide(x, safe))


def _numbers(x1: Any, x2: Any) -> list[Tensor]:
    """Operands that are no booleans: those become int32, as in Keras."""
    return [numeric(x) for x in promoted(x1, x2)]


@public
def floor_divide(x1: Any, x2: Any) -> Tensor:
    """The next whole number below x1 / x2.

    >>> import narae
    >>> narae.ops.floor_divide([7, -7], 2).tolist()
    [3, -4]
    """
    return A.floor_divide(*_numbers(x1, x2))


@public
def mod(x1: Any, x2: Any) -> Tensor:
    """x1 - x2 floor(x1 / x2): the remainder with the sign of x2.

    >>> import narae
    >>> narae.ops.mod([7, -7], 3).tolist()
    [1, 2]
    """
    return A.remainder(*_numbers(x1, x2))


@public
def power(x1: Any, x2: Any) -> Tensor:
    """x1 to the power x2, broadcast. Raises ValueError for integers to known negative powers.

    >>> import narae
    >>> narae.ops.power([1.0, 3.0], 2).tolist()
    [1.0, 9.0]
    """
    x, y = _numbers(x1, x2)
    if y.data is not None and not is_float(y.dtype) and np.any(y.data < 0):
        raise ValueError(
            f"power of integers ({x.dtype}) takes exponents of 0 or more; a cast to float before it?"
        )
    return A.power(x, y)


@public
def sign(x: Any) -> Tensor:
    """-1, 0 or 1.

    >>> import narae
    >>> narae.ops.sign([-3.0, 0.0, 2.0]).tolist()
    [-1.0, 0.0, 1.0]
    """
    return A.sign(as_tensor(x))


@public
def absolute(x: Any) -> Tensor:
    """|x|.

    >>> import narae
    >>> narae.ops.absolute([1, -2]).tolist()
    [1, 2]
    """
    x = as_tensor(x)
    return x if x.dtype == "bool" else A.absolute(x)


abs = alias("abs", absolute)


@public
def rsqrt(x: Any) -> Tensor:
    """1 / √x.

    >>> import narae
    >>> narae.ops.rsqrt(4.0).item()
    0.5
    """
    return A.reciprocal(A.sqrt(floated(x)))


@public
def trunc(x: Any) -> Tensor:
    """The whole number towards zero.

    >>> import narae
    >>> narae.ops.trunc([1.7, -1.7]).tolist()
    [1.0, -1.0]
    """
    x = as_tensor(x)
    return A.trunc(x) if is_float(x.dtype) else x


fix = alias("fix", trunc)


@public
def round(x: Any, decimals: int = 0) -> Tensor:
    """The nearest number with `decimals` places; halves go to the even neighbour.

    >>> import narae
    >>> narae.ops.round([1.5, 2.5, 1.24], 1).numpy().tolist()[2] > 1.19
    True
    """
    x = as_tensor(x)
    if not is_float(x.dtype):
        if decimals >= 0:
            return x
        return to(round(to(x, "float64"), decimals), x.dtype)
    if decimals == 0:
        return A.rint(x)
    scale = constant(10.0**decimals, x.dtype)
    return A.divide(A.rint(A.multiply(x, scale)), scale)


@public
def clip(x: Any, x_min: Any, x_max: Any) -> Tensor:
    """x brought into [x_min, x_max].

    >>> import narae
    >>> narae.ops.clip([-2.0, 0.5, 2.0], 0.0, 1.0).tolist()
    [0.0, 0.5, 1.0]
    """
    x = numeric(x)
    bounds = [b for b in (x_min, x_max) if b is not None]
    x, *_ = promoted(x, *bounds)
    low = x if x_min is None else A.maximum(x, to(x_min, x.dtype))
    return low if x_max is None else A.minimum(low, to(x_max, x.dtype))


@public
def deg2rad(x: Any) -> Tensor:
    """Degrees as radians.

    >>> import narae
    >>> f"{narae.ops.deg2rad(180.0).item():.4f}"
    '3.1416'
    """
    return floated(x) * (math.pi / 180)


@public
def rad2deg(x: Any) -> Tensor:
    """Radians as degrees.

    >>> import narae
    >>> f"{narae.ops.rad2deg(3.14159265).item():.1f}"
    '180.0'
    """
    return floated(x) * (180 / math.pi)


@public
def angle(x: Any) -> Tensor:
    """The angle of a number in the complex plane: 0, or π for negative ones, -0 among them.

    >>> import narae
    >>> narae.ops.angle([1.0]).tolist()
    [0.0]
    """
    x = floated(x)
    below = L.logical_or(
        L.less(x, constant(0, x.dtype)), L.less(A.reciprocal(x), constant(0, x.dtype))
    )
    found = L.select(below, constant(math.pi, x.dtype), constant(0, x.dtype))
    return L.select(L.isnan(x), x, found)


@public
def real(x: Any) -> Tensor:
    """x: narae's numbers are real.

    >>> import narae
    >>> narae.ops.real([1.0]).tolist()
    [1.0]
    """
    return as_tensor(x)


@public
def imag(x: Any) -> Tensor:
    """0: narae's numbers are real.

    >>> import narae
    >>> narae.ops.imag([1.0]).tolist()
    [0.0]
    """
    x = as_tensor(x)
    return full(0, x.shape, x.dtype)  # type: ignore[return-value]


conj = alias("conj", real)
conjugate = alias("conjugate", real)


@public
def sinc(x: Any) -> Tensor:
    """sin(πx) / (πx), 1 at 0.

    >>> import narae
    >>> narae.ops.sinc(0.0).item()
    1.0
    """
    x = floated(x)
    zero = L.equal(x, constant(0, x.dtype))
    safe = L.select(zero, constant(1, x.dtype), x) * math.pi
    return L.select(zero, constant(1, x.dtype), A.divide(A.sin(safe), safe))


@public
def heaviside(x1: Any, x2: Any) -> Tensor:
    """0 below zero, x2 at zero, 1 above.

    >>> import narae
    >>> narae.ops.heaviside([-1.0, 0.0, 2.0], 0.5).tolist()
    [0.0, 0.5, 1.0]
    """
    x, y = promoted(x1, x2, floating=True)
    zero = constant(0, x.dtype)
    above = L.select(L.greater(x, zero), constant(1, x.dtype), zero)
    return L.select(L.equal(x, zero), y, L.select(L.isnan(x), x, above))


@public
def ldexp(x1: Any, x2: Any) -> Tensor:
    """x1 2^x2.

    >>> import narae
    >>> narae.ops.ldexp(3.0, 2).item()
    12.0
    """
    x = floated(x1)
    return A.multiply(x, A.exp2(to(x2, x.dtype)))


@public
def nan_to_num(
    x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """x with NaN and infinities replaced, by the largest numbers of the dtype when not said otherwise.

    >>> import narae
    >>> narae.ops.nan_to_num([float("nan"), 1.0]).tolist()
    [0.0, 1.0]
    """
    x = as_tensor(x)
    if not is_float(x.dtype):
        return x
    least, most = limits(x.dtype)
    high = most if posinf is None else posinf
    low = least if neginf is None else neginf
    out = L.select(L.isnan(x), constant(nan, x.dtype), x)
    out = L.select(L.equal(x, constant(np.inf, x.dtype)), constant(high, x.dtype), out)
    return L.select(L.equal(x, constant(-np.inf, x.dtype)), constant(low, x.dtype), out)


@public
def cast(x: Any, dtype: Any) -> Tensor:
    """x in another dtype.

    >>> import narae
    >>> narae.ops.cast([1.7, -1.7], "int32").tolist()
    [1, -1]
    """
    return to(x, standardize_dtype(dtype))


@public
def convert_to_tensor(
    x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Tensor:
    """x as a tensor (copied unless it is one), of `dtype` when given.

    >>> import narae
    >>> narae.ops.convert_to_tensor([1, 2]).dtype
    'int32'
    """
    if sparse or ragged:
        raise ValueError("narae's tensors are dense: sparse and ragged are not supported")
    return as_tensor(x, None if dtype is None else standardize_dtype(dtype))


@exported
def result_type(*dtypes: Any) -> str:
    """The dtype in which operands of these dtypes (or tensors, or Python numbers) meet.

    >>> import narae
    >>> narae.ops.result_type("int32", float)
    'float32'
    """
    known = (d if d is None or isinstance(d, (str, type)) else dtype_of(d) for d in dtypes)
    return keras_result_type(*known)
