"""Smooth activation functions, in forms that neither overflow nor lose their gradients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from narae.base.errors import ShapeError
from narae.base.types import TensorLike
from narae.ops.keras_modules import with_all_names
from narae.ops.splitting import split
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import special
from narae.tensor.promote import floated
from narae.tensor.public_names import alias
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor


@public
def sigmoid(x: TensorLike) -> Tensor:
    """1 / (1 + e^-x), as (tanh(x/2) + 1)/2: no overflow.

    x: any shape -> the same shape, of a float dtype, within [0, 1].

    Args:
        x: numbers; those that are no floats become floatx.

    >>> import narae
    >>> narae.ops.sigmoid(0.0).item()
    0.5
    """
    x = floated(x)
    return A.tanh(x * 0.5) * 0.5 + 0.5


@public
def softplus(x: TensorLike) -> Tensor:
    """log(1 + e^x), as max(x, 0) + log(1 + e^-|x|): no overflow.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.

    Source: Dugas et al. 2001, eq. 3.

    >>> import narae
    >>> f"{narae.ops.softplus(0.0).item():.4f}"
    '0.6931'
    """
    x = floated(x)
    return A.relu(x) + A.log1p(A.exp(A.negative(_magnitude(x))))


def _magnitude(x: Tensor) -> Tensor:
    """|x| with the derivative -1 at 0: softplus then has its 1/2 there."""
    return L.select(L.less_equal(x, constant(0, x.dtype)), A.negative(x), x)


@public
def log_sigmoid(x: TensorLike) -> Tensor:
    """log(sigmoid(x)) = -softplus(-x): no logarithm of 0.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.

    >>> import narae
    >>> f"{narae.ops.log_sigmoid(0.0).item():.4f}"
    '-0.6931'
    """
    return A.negative(softplus(A.negative(floated(x))))


@public
def softsign(x: TensorLike) -> Tensor:
    """x / (1 + |x|).

    x: any shape -> the same shape, of a float dtype, within (-1, 1).

    Args:
        x: numbers; those that are no floats become floatx.

    >>> import narae
    >>> narae.ops.softsign(1.0).item()
    0.5
    """
    x = floated(x)
    return x / (A.absolute(x) + 1.0)


@public
def silu(x: TensorLike) -> Tensor:
    """x sigmoid(x), also called swish.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.

    Source: Ramachandran et al. 2017.

    >>> import narae
    >>> narae.ops.silu(0.0).item()
    0.0
    """
    x = floated(x)
    return x * sigmoid(x)


swish = alias("swish", silu)


@public
def mish(x: TensorLike) -> Tensor:
    """x tanh(softplus(x)).

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.

    Source: Misra 2019.

    >>> import narae
    >>> narae.ops.mish(0.0).item()
    0.0
    """
    x = floated(x)
    return x * A.tanh(softplus(x))


@public
def gelu(x: TensorLike, approximate: bool = True) -> Tensor:
    """x Φ(x), Φ the distribution function of the normal distribution.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.
        approximate: whether Φ is (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, else (1 + erf(x/√2)) / 2.

    Source: Hendrycks & Gimpel 2016.

    >>> import narae
    >>> narae.ops.gelu(0.0).item()
    0.0
    """
    x = floated(x)
    if approximate:
        inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
        return x * ((A.tanh(inner) + 1.0) * 0.5)  # 2 x may overflow
    return special.gelu(x)


@public
def glu(x: TensorLike, axis: int = -1) -> Tensor:
    """The first half along an axis times the sigmoid of the second.

    x: (..., 2 n, ...) -> (..., n, ...), of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.
        axis: the axis that is halved.

    Raises:
        ShapeError: the axis has an odd length.

    Source: Dauphin et al. 2017, eq. 1.

    >>> import narae
    >>> narae.ops.glu([4.0, 0.0]).tolist()
    [2.0]
    """
    x = floated(x)
    if x.shape[axis] % 2:
        raise ShapeError(
            f"glu halves an axis of even length, got shape {x.shape} and axis {axis}", divisor=2
        )
    first, second = split(x, 2, axis)
    return first * sigmoid(second)


@public
def tanh_shrink(x: TensorLike) -> Tensor:
    """x - tanh(x).

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.

    >>> import narae
    >>> narae.ops.tanh_shrink(0.0).item()
    0.0
    """
    x = floated(x)
    return x - A.tanh(x)


@public
def squareplus(x: TensorLike, b: float = 4) -> Tensor:
    """(x + √(x² + b)) / 2: a softplus without exponentials.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.
        b: how wide the bend at 0 is, where the result is √b / 2; 0: a relu.

    Source: Barron 2021, eq. 1.

    >>> import narae
    >>> narae.ops.squareplus(0.0).item()
    1.0
    """
    x = floated(x)
    return (x + A.sqrt(x * x + float(b))) * 0.5


__path__: list[str] = []  # `from` looks for missing names as it does in a package
with_all_names(__name__)

if TYPE_CHECKING:  # Keras's module of this name has more
    from narae.ops import *  # noqa: F403
