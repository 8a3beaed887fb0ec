"""Activation functions, in forms that neither overflow nor lose their gradients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from narae.base.errors import ShapeError
from narae.ops.elsewhere import elsewhere
from narae.ops.splitting import split
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import special
from narae.tensor.promote import floated, numeric, promoted, to
from narae.tensor.public_names import alias
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


def _zero(x: Tensor) -> Any:
    return constant(0, x.dtype)


@public
def relu(x: Any) -> Tensor:
    """max(x, 0); its derivative at 0 is 0.

    >>> import narae
    >>> narae.ops.relu([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return A.relu(numeric(x))


@public
def relu6(x: Any) -> Tensor:
    """min(max(x, 0), 6).

    >>> import narae
    >>> narae.ops.relu6([-1.0, 9.0]).tolist()
    [0.0, 6.0]
    """
    x = floated(x)
    six = constant(6, x.dtype)  # NaN is neither below nor above, and stays
    return L.select(L.less_equal(x, _zero(x)), _zero(x), L.select(L.greater_equal(x, six), six, x))


@public
def sigmoid(x: Any) -> Tensor:
    """1 / (1 + e^-x), as (tanh(x/2) + 1)/2: no overflow.

    >>> import narae
    >>> narae.ops.sigmoid(0.0).item()
    0.5
    """
    x = floated(x)
    return A.tanh(x * 0.5) * 0.5 + 0.5


@public
def softplus(x: Any) -> Tensor:
    """log(1 + e^x).

    >>> import narae
    >>> f"{narae.ops.softplus(0.0).item():.4f}"
    '0.6931'
    """
    x = floated(x)
    return A.relu(x) + A.log1p(A.exp(A.negative(_magnitude(x))))


def _magnitude(x: Tensor) -> Tensor:
    """|x| with the derivative -1 at 0: softplus then has its 1/2 there."""
    return L.select(L.less_equal(x, _zero(x)), A.negative(x), x)


@public
def log_sigmoid(x: Any) -> Tensor:
    """log(sigmoid(x)) = -softplus(-x).

    >>> import narae
    >>> f"{narae.ops.log_sigmoid(0.0).item():.4f}"
    '-0.6931'
    """
    return A.negative(softplus(A.negative(floated(x))))


@public
def softsign(x: Any) -> Tensor:
    """x / (1 + |x|).

    >>> import narae
    >>> narae.ops.softsign(1.0).item()
    0.5
    """
    x = floated(x)
    return x / (A.absolute(x) + 1.0)


@public
def silu(x: Any) -> Tensor:
    """x sigmoid(x) (Ramachandran et al. 2017).

    >>> import narae
    >>> narae.ops.silu(0.0).item()
    0.0
    """
    x = floated(x)
    return x * sigmoid(x)


swish = alias("swish", silu)


@public
def mish(x: Any) -> Tensor:
    """x tanh(softplus(x)) (Misra 2019).

    >>> import narae
    >>> narae.ops.mish(0.0).item()
    0.0
    """
    x = floated(x)
    return x * A.tanh(softplus(x))


@public
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """x above 0, negative_slope x below.

    >>> import narae
    >>> narae.ops.leaky_relu([-1.0, 2.0], 0.5).tolist()
    [-0.5, 2.0]
    """
    x = floated(x)
    return L.select(L.less(x, _zero(x)), x * negative_slope, x)


@public
def hard_sigmoid(x: Any) -> Tensor:
    """x/6 + 1/2 within [0, 1].

    >>> import narae
    >>> narae.ops.hard_sigmoid([-9.0, 0.0, 9.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    x = floated(x)
    return relu6(x + 3.0) / 6.0


@public
def hard_silu(x: Any) -> Tensor:
    """x hard_sigmoid(x).

    >>> import narae
    >>> narae.ops.hard_silu([-9.0, 9.0]).tolist()
    [-0.0, 9.0]
    """
    x = floated(x)
    return x * hard_sigmoid(x)


hard_swish = alias("hard_swish", hard_silu)


@public
def hard_tanh(x: Any) -> Tensor:
    """x within [-1, 1].

    >>> import narae
    >>> narae.ops.hard_tanh([-3.0, 0.5]).tolist()
    [-1.0, 0.5]
    """
    kept, x = numeric(x).dtype, floated(x)
    one = constant(1, x.dtype)
    above, below = L.greater(x, one), L.less(x, constant(-1, x.dtype))
    return to(L.select(above, one, L.select(below, constant(-1, x.dtype), x)), kept)


def _negative_part(x: Tensor) -> Tensor:
    """x where it is below 0, else 0: e^x of it cannot overflow."""
    return L.select(L.greater(x, _zero(x)), _zero(x), x)


@public
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha (e^x - 1) below (Clevert et al. 2016).

    >>> import narae
    >>> narae.ops.elu([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    x = floated(x)
    below = A.expm1(_negative_part(x))
    return L.select(L.greater(x, _zero(x)), x, below if alpha == 1.0 else below * alpha)


@public
def selu(x: Any) -> Tensor:
    """λ elu(x, α) with λ, α that keep mean 0 and variance 1 (Klambauer et al. 2017).

    >>> import narae
    >>> f"{narae.ops.selu(1.0).item():.4f}"
    '1.0507'
    """
    return elu(x, 1.6732632423543772848170429916717) * 1.0507009873554804934193349852946


@public
def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """max(x, 0) + min(0, alpha (e^(x/alpha) - 1)) (Barron 2017).

    >>> import narae
    >>> narae.ops.celu([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    x = floated(x)
    below = A.expm1(_negative_part(x) / alpha) * alpha
    return L.select(L.greater(x, _zero(x)), x, below)


@public
def gelu(x: Any, approximate: bool = True) -> Tensor:
    """x Φ(x), Φ the normal distribution; approximate: by tanh (Hendrycks & Gimpel 2016).

    >>> import narae
    >>> narae.ops.gelu(0.0).item()
    0.0
    """
    x = floated(x)
    if approximate:
        inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
        return x * ((A.tanh(inner) + 1.0) * 0.5)  # 2 x may overflow
    return x * ((special.erf(x * math.sqrt(0.5)) + 1.0) * 0.5)


@public
def glu(x: Any, axis: int = -1) -> Tensor:
    """The first half along an axis times the sigmoid of the second (Dauphin et al. 2017).

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
def tanh_shrink(x: Any) -> Tensor:
    """x - tanh(x).

    >>> import narae
    >>> narae.ops.tanh_shrink(0.0).item()
    0.0
    """
    x = floated(x)
    return x - A.tanh(x)


@public
def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x where |x| is above the threshold, else 0.

    >>> import narae
    >>> narae.ops.hard_shrink([0.1, 2.0]).tolist()
    [0.0, 2.0]
    """
    x = floated(x)
    return L.select(L.greater(A.absolute(x), constant(threshold, x.dtype)), x, _zero(x))


@public
def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x brought nearer to 0 by the threshold.

    >>> import narae
    >>> narae.ops.soft_shrink([0.1, 2.0]).tolist()
    [0.0, 1.5]
    """
    x = floated(x)
    t = constant(threshold, x.dtype)
    below = L.select(L.less(x, A.negative(t)), x + threshold, _zero(x))
    return L.select(L.greater(x, t), x - threshold, below)


@public
def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """x where it is above the threshold, else a default.

    >>> import narae
    >>> narae.ops.threshold([0.1, 2.0], 1.0, -1.0).tolist()
    [-1.0, 2.0]
    """
    x = as_tensor(x)
    above = L.greater(*promoted(x, threshold))
    return L.select(above, *promoted(x, default_value))


@public
def squareplus(x: Any, b: float = 4) -> Tensor:
    """(x + √(x² + b)) / 2 (Barron 2021).

    >>> import narae
    >>> narae.ops.squareplus(0.0).item()
    1.0
    """
    x = floated(x)
    return (x + A.sqrt(x * x + float(b))) * 0.5


@public
def sparse_plus(x: Any) -> Tensor:
    """0 below -1, (x + 1)²/4 between, x above 1.

    >>> import narae
    >>> narae.ops.sparse_plus([-2.0, 0.0, 2.0]).tolist()
    [0.0, 0.25, 2.0]
    """
    x = floated(x)
    between = A.square(x + 1.0) * 0.25
    above = L.select(L.less(x, constant(1, x.dtype)), between, x)
    return L.select(L.less_equal(x, constant(-1, x.dtype)), _zero(x), above)


@public
def sparse_sigmoid(x: Any) -> Tensor:
    """0 below -1, (x + 1)/2 between, 1 above 1.

    >>> import narae
    >>> narae.ops.sparse_sigmoid([-2.0, 0.0, 2.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    x = floated(x)
    one = constant(1, x.dtype)
    above = L.select(L.greater_equal(x, one), one, (x + 1.0) * 0.5)
    return L.select(L.less_equal(x, constant(-1, x.dtype)), _zero(x), above)


__path__: list[str] = []  # `from` looks for missing names as it does in a package
elsewhere(__name__)

if TYPE_CHECKING:  # Keras's module of this name has more
    from narae.ops import *  # noqa: F403
