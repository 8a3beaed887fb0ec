"""Sums, products, quotients, powers and extremes of two tensors, with Keras's promotion."""

from __future__ import annotations

from functools import partial

import numpy as np

from narae.base.dtypes import is_float
from narae.base.types import TensorLike
from narae.ops.table import binary
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.tensor.promote import floated, numeric, promoted, to
from narae.tensor.public_names import alias
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor

_binary = partial(binary, __name__)

subtract = _binary(
    "subtract",
    A.subtract,
    "x1 - x2, broadcast.",
    "subtract([3, 2], 1).tolist()",
    "[2, 1]",
    x1="what is taken from: a tensor, or a number, which takes the other's dtype where it can.",
    x2="what is taken away.",
)
true_divide = _binary(
    "true_divide",
    A.divide,
    "x1 / x2 as floats, broadcast.",
    "true_divide([3, 2], 2).tolist()",
    "[1.5, 1.0]",
    floating=True,
    x1="what is divided: a tensor, or a number, which takes the other's dtype where it can.",
    x2="the divisor.",
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


@public
def add(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 + x2, broadcast. Two booleans give their logical or.

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: tensors, or numbers, which take the other's dtype where they can.
        x2: likewise.

    Returns: a tensor of the dtype that both meet in.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.add([1, 2], 0.5).tolist()
    [1.5, 2.5]
    """
    return A.add(*promoted(x1, x2))


@public
def multiply(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 x2, element by element, broadcast. Two booleans give their logical and.

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: tensors, or numbers, which take the other's dtype where they can.
        x2: likewise.

    Returns: a tensor of the dtype that both meet in.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.multiply([3, 2], [2, 2]).tolist()
    [6, 4]
    """
    return A.multiply(*promoted(x1, x2))


divide = alias("divide", true_divide)


@public
def divide_no_nan(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 / x2, and 0 where x2 is 0; the gradient is 0 there too.

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: what is divided; integers become floatx.
        x2: the divisor.

    Returns: floats of the dtype that both meet in.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.divide_no_nan([3.0, 2.0], [2.0, 0.0]).tolist()
    [1.5, 0.0]
    """
    x, y = promoted(x1, x2, floating=True)
    zero = L.equal(y, constant(0, y.dtype))
    safe = L.select(zero, constant(1, y.dtype), y)  # no inf enters the gradient
    return L.select(zero, constant(0, x.dtype), A.divide(x, safe))


def _numbers(x1: TensorLike, x2: TensorLike) -> list[Tensor]:
    """Operands that are no booleans: those become int32, as in Keras."""
    return [numeric(x) for x in promoted(x1, x2)]


@public
def floor_divide(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The next whole number below x1 / x2.

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: what is divided; booleans become int32.
        x2: the divisor.

    Returns: a tensor of the dtype that both meet in.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.floor_divide([7, -7], 2).tolist()
    [3, -4]
    """
    return A.floor_divide(*_numbers(x1, x2))


@public
def mod(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 - x2 floor(x1 / x2): the remainder with the sign of x2.

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: what is divided; booleans become int32.
        x2: the divisor.

    Returns: a tensor of the dtype that both meet in.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.mod([7, -7], 3).tolist()
    [1, 2]
    """
    return A.remainder(*_numbers(x1, x2))


@public
def power(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 to the power x2, broadcast.

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: the bases; booleans become int32.
        x2: the exponents; of integers, 0 or more.

    Returns: a tensor of the dtype that both meet in; NaN for a negative base and a broken exponent.

    Raises:
        ValueError: integers to a known negative power.
        ShapeError: the shapes do not broadcast.

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
def heaviside(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The step function: 0 below zero, x2 at zero, 1 above; NaN of NaN.

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: where it is asked; integers become floatx.
        x2: its value at zero.

    Returns: floats of the dtype that both meet in.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.heaviside([-1.0, 0.0, 2.0], 0.5).tolist()
    [0.0, 0.5, 1.0]
    """
    x, y = promoted(x1, x2, floating=True)
    zero = constant(0, x.dtype)
    above = L.select(L.greater(x, zero), constant(1, x.dtype), zero)
    return L.select(L.equal(x, zero), y, L.select(L.isnan(x), x, above))


@public
def ldexp(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 2^x2.

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: what is scaled; integers become floatx.
        x2: the exponents of 2.

    Returns: a tensor of x1's dtype, or floatx.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.ldexp(3.0, 2).item()
    12.0
    """
    x = floated(x1)
    return A.multiply(x, A.exp2(to(x2, x.dtype)))
