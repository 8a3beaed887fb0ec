"""Elementwise functions of numbers: exponentials, trigonometry, special functions."""

from __future__ import annotations

import math
from functools import partial

from narae.base.types import TensorLike
from narae.ops.table import binary, unary
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import special as S
from narae.primitives.records.shape import full
from narae.tensor.promote import floated
from narae.tensor.public_names import alias
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor

_unary, _binary = partial(unary, __name__), partial(binary, __name__)

arctan2 = _binary(
    "arctan2",
    A.arctan2,
    "The angle of the point (x2, x1) in radians, in (-π, π].",
    "arctan2(0.0, 1.0).item()",
    "0.0",
    floating=True,
    x1="the points' second coordinates; integers become floatx.",
    x2="their first coordinates.",
)
exp = _unary("exp", A.exp, "e to the power x.", "exp(0.0).item()", "1.0")
exp2 = _unary("exp2", A.exp2, "2 to the power x.", "exp2(3.0).item()", "8.0")
expm1 = _unary("expm1", A.expm1, "e^x - 1, exact for small x.", "expm1(0.0).item()", "0.0")
log = _unary(
    "log",
    A.log,
    "The natural logarithm.",
    "log(1.0).item()",
    "0.0",
    x="numbers above 0 (0 gives -∞, less NaN)",
)
log10 = _unary(
    "log10",
    A.log10,
    "The logarithm to base 10.",
    "log10(1.0).item()",
    "0.0",
    x="numbers above 0 (0 gives -∞, less NaN)",
)
log1p = _unary(
    "log1p",
    A.log1p,
    "log(1 + x), exact for small x.",
    "log1p(0.0).item()",
    "0.0",
    x="numbers above -1 (-1 gives -∞, less NaN)",
)
log2 = _unary(
    "log2",
    A.log2,
    "The logarithm to base 2.",
    "log2(8.0).item()",
    "3.0",
    x="numbers above 0 (0 gives -∞, less NaN)",
)
sqrt = _unary(
    "sqrt",
    A.sqrt,
    "The square root; NaN below zero.",
    "sqrt(9.0).item()",
    "3.0",
    x="numbers of 0 or more",
)
cbrt = _unary("cbrt", A.cbrt, "The cube root.", "cbrt(1.0).item()", "1.0")
reciprocal = _unary(
    "reciprocal", A.reciprocal, "1 / x.", "reciprocal(4.0).item()", "0.25", x="numbers; of 0, ±∞"
)
sin = _unary(
    "sin", A.sin, "The sine of x radians.", "sin(0.0).item()", "0.0", x="angles in radians"
)
cos = _unary(
    "cos", A.cos, "The cosine of x radians.", "cos(0.0).item()", "1.0", x="angles in radians"
)
tan = _unary(
    "tan", A.tan, "The tangent of x radians.", "tan(0.0).item()", "0.0", x="angles in radians"
)
arcsin = _unary(
    "arcsin",
    A.arcsin,
    "The angle whose sine is x, in [-π/2, π/2].",
    "arcsin(0.0).item()",
    "0.0",
    x="numbers in [-1, 1] (others give NaN)",
)
arccos = _unary(
    "arccos",
    A.arccos,
    "The angle whose cosine is x, in [0, π].",
    "arccos(1.0).item()",
    "0.0",
    x="numbers in [-1, 1] (others give NaN)",
)
arctan = _unary(
    "arctan", A.arctan, "The angle whose tangent is x, in (-π/2, π/2).", "arctan(0.0).item()", "0.0"
)
sinh = _unary("sinh", A.sinh, "The hyperbolic sine, (e^x - e^-x) / 2.", "sinh(0.0).item()", "0.0")
cosh = _unary("cosh", A.cosh, "The hyperbolic cosine, (e^x + e^-x) / 2.", "cosh(0.0).item()", "1.0")
tanh = _unary(
    "tanh",
    A.tanh,
    "The hyperbolic tangent, (e^x - e^-x) / (e^x + e^-x).",
    "tanh(0.0).item()",
    "0.0",
)
arcsinh = _unary("arcsinh", A.arcsinh, "The inverse of sinh.", "arcsinh(0.0).item()", "0.0")
arccosh = _unary(
    "arccosh",
    A.arccosh,
    "The inverse of cosh.",
    "arccosh(1.0).item()",
    "0.0",
    x="numbers of 1 or more (others give NaN)",
)
arctanh = _unary(
    "arctanh",
    A.arctanh,
    "The inverse of tanh.",
    "arctanh(0.0).item()",
    "0.0",
    x="numbers in (-1, 1) (-1 and 1 give infinities, others NaN)",
)
erf = _unary("erf", S.erf, "The error function 2/√π ∫₀ˣ e^(-t²) dt.", "erf(0.0).item()", "0.0")
erfc = _unary("erfc", S.erfc, "1 - erf(x), exact where it is small.", "erfc(0.0).item()", "1.0")
erfinv = _unary(
    "erfinv",
    S.erfinv,
    "The x whose erf is given.",
    "erfinv(0.0).item()",
    "0.0",
    x="numbers in (-1, 1) (-1 and 1 give infinities, others NaN)",
)
negative = _unary("negative", A.negative, "-x.", "negative([1, -2]).tolist()", "[-1, 2]", "any")
square = _unary("square", A.square, "x².", "square([1, -2]).tolist()", "[1, 4]", "number")


@public
def rsqrt(x: TensorLike) -> Tensor:
    """1 / √x: ∞ at 0, NaN below.

    x: (...) -> (...).

    Args:
        x: numbers of any shape; integers and booleans are taken as floatx.

    Returns: a tensor of x's shape; its dtype: x's, floatx where x has no floats.

    >>> import narae
    >>> narae.ops.rsqrt(4.0).item()
    0.5
    """
    return A.reciprocal(A.sqrt(floated(x)))


@public
def deg2rad(x: TensorLike) -> Tensor:
    """Degrees as radians: x π / 180.

    x: (...) -> (...).

    Args:
        x: angles in degrees, of any shape; integers are taken as floatx.

    Returns: angles in radians, of x's shape; their dtype: x's, floatx where x has no floats.

    >>> import narae
    >>> f"{narae.ops.deg2rad(180.0).item():.4f}"
    '3.1416'
    """
    return floated(x) * (math.pi / 180)


@public
def rad2deg(x: TensorLike) -> Tensor:
    """Radians as degrees: x 180 / π.

    x: (...) -> (...).

    Args:
        x: angles in radians, of any shape; integers are taken as floatx.

    Returns: angles in degrees, of x's shape; their dtype: x's, floatx where x has no floats.

    >>> import narae
    >>> f"{narae.ops.rad2deg(3.14159265).item():.1f}"
    '180.0'
    """
    return floated(x) * (180 / math.pi)


@public
def angle(x: TensorLike) -> Tensor:
    """The angle of a number in the complex plane: 0, or π for negative ones, -0 among them.

    x: (...) -> (...).

    Args:
        x: numbers of any shape; integers are taken as floatx.

    Returns: angles in radians, of x's shape; NaN of NaN.

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
def real(x: TensorLike) -> Tensor:
    """x: narae's numbers are real.

    x: (...) -> (...).

    Args:
        x: a tensor, an array or numbers.

    Returns: x as a tensor.

    >>> import narae
    >>> narae.ops.real([1.0]).tolist()
    [1.0]
    """
    return as_tensor(x)


@public
def imag(x: TensorLike) -> Tensor:
    """The imaginary part, which is 0: narae's numbers are real.

    x: (...) -> (...).

    Args:
        x: a tensor, an array or numbers.

    Returns: zeros of x's shape and dtype.

    >>> import narae
    >>> narae.ops.imag([1.0]).tolist()
    [0.0]
    """
    x = as_tensor(x)
    return full(0, x.shape, x.dtype)  # type: ignore[return-value]


conj = alias("conj", real)
conjugate = alias("conjugate", real)


@public
def sinc(x: TensorLike) -> Tensor:
    """sin(πx) / (πx), and 1 at 0.

    x: (...) -> (...).

    Args:
        x: numbers of any shape; integers are taken as floatx.

    Returns: a tensor of x's shape; its dtype: x's, floatx where x has no floats.

    >>> import narae
    >>> narae.ops.sinc(0.0).item()
    1.0
    """
    x = floated(x)
    zero = L.equal(x, constant(0, x.dtype))
    safe = L.select(zero, constant(1, x.dtype), x) * math.pi
    return L.select(zero, constant(1, x.dtype), A.divide(A.sin(safe), safe))
