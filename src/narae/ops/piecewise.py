"""Activation functions put together of pieces: straight lines, and an exponential below 0 at most."""

from __future__ import annotations

from narae.base.types import TensorLike
from narae.graph.ir import Value
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.tensor.promote import floated, numeric, promoted, to
from narae.tensor.public_names import alias
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


def _zero(x: Tensor) -> Value:
    return constant(0, x.dtype)


@public
def relu(x: TensorLike) -> Tensor:
    """max(x, 0); its derivative at 0 is 0.

    x: any shape -> the same shape and dtype.

    Args:
        x: numbers; booleans count as int32.

    Source: Nair & Hinton 2010.

    >>> import narae
    >>> narae.ops.relu([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return A.relu(numeric(x))


@public
def relu6(x: TensorLike) -> Tensor:
    """min(max(x, 0), 6).

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.

    Source: Krizhevsky 2010.

    >>> import narae
    >>> narae.ops.relu6([-1.0, 9.0]).tolist()
    [0.0, 6.0]
    """
    x = floated(x)
    six = constant(6, x.dtype)  # NaN is neither below nor above, and stays
    return L.select(L.less_equal(x, _zero(x)), _zero(x), L.select(L.greater_equal(x, six), six, x))


@public
def leaky_relu(x: TensorLike, negative_slope: float = 0.2) -> Tensor:
    """x above 0, negative_slope x below.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.
        negative_slope: the slope below 0.

    Source: Maas et al. 2013.

    >>> import narae
    >>> narae.ops.leaky_relu([-1.0, 2.0], 0.5).tolist()
    [-0.5, 2.0]
    """
    x = floated(x)
    return L.select(L.less(x, _zero(x)), x * negative_slope, x)


@public
def hard_sigmoid(x: TensorLike) -> Tensor:
    """x/6 + 1/2, brought into [0, 1]: a sigmoid of three straight lines.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.

    >>> import narae
    >>> narae.ops.hard_sigmoid([-9.0, 0.0, 9.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    x = floated(x)
    return relu6(x + 3.0) / 6.0


@public
def hard_silu(x: TensorLike) -> Tensor:
    """x hard_sigmoid(x).

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.

    Source: Howard et al. 2019, section 5.2.

    >>> import narae
    >>> narae.ops.hard_silu([-9.0, 9.0]).tolist()
    [-0.0, 9.0]
    """
    x = floated(x)
    return x * hard_sigmoid(x)


hard_swish = alias("hard_swish", hard_silu)


@public
def hard_tanh(x: TensorLike) -> Tensor:
    """x, brought into [-1, 1].

    x: any shape -> the same shape and dtype.

    Args:
        x: numbers; booleans count as int32.

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
def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha (e^x - 1) below.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.
        alpha: how far below 0 results can come: they tend to -alpha.

    Source: Clevert et al. 2016, eq. 15.

    >>> import narae
    >>> narae.ops.elu([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    x = floated(x)
    below = A.expm1(_negative_part(x))
    return L.select(L.greater(x, _zero(x)), x, below if alpha == 1.0 else below * alpha)


@public
def selu(x: TensorLike) -> Tensor:
    """λ elu(x, α), λ = 1.0507 and α = 1.6733: they keep numbers of mean 0 and variance 1 so.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.

    Source: Klambauer et al. 2017, eq. 2.

    >>> import narae
    >>> f"{narae.ops.selu(1.0).item():.4f}"
    '1.0507'
    """
    return elu(x, 1.6732632423543772848170429916717) * 1.0507009873554804934193349852946


@public
def celu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """max(x, 0) + min(0, alpha (e^(x/alpha) - 1)): an elu whose slope has no step at 0.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.
        alpha: how far below 0 results can come: they tend to -alpha; not 0.

    Source: Barron 2017, eq. 2.

    >>> import narae
    >>> narae.ops.celu([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    x = floated(x)
    below = A.expm1(_negative_part(x) / alpha) * alpha
    return L.select(L.greater(x, _zero(x)), x, below)


@public
def hard_shrink(x: TensorLike, threshold: float = 0.5) -> Tensor:
    """x where |x| is above the threshold, else 0.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.
        threshold: the size up to which a number becomes 0; of at least 0.

    >>> import narae
    >>> narae.ops.hard_shrink([0.1, 2.0]).tolist()
    [0.0, 2.0]
    """
    x = floated(x)
    return L.select(L.greater(A.absolute(x), constant(threshold, x.dtype)), x, _zero(x))


@public
def soft_shrink(x: TensorLike, threshold: float = 0.5) -> Tensor:
    """x brought nearer to 0 by the threshold, and 0 where |x| is below it.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.
        threshold: how much nearer to 0; of at least 0.

    >>> import narae
    >>> narae.ops.soft_shrink([0.1, 2.0]).tolist()
    [0.0, 1.5]
    """
    x = floated(x)
    t = constant(threshold, x.dtype)
    below = L.select(L.less(x, A.negative(t)), x + threshold, _zero(x))
    return L.select(L.greater(x, t), x - threshold, below)


@public
def threshold(x: TensorLike, threshold: float, default_value: float) -> Tensor:
    """x where it is above the threshold, else a default.

    x: any shape -> the same shape, of the dtype in which x and default_value meet.

    Args:
        x: numbers.
        threshold: what a number has to be above to stay.
        default_value: what the others become.

    >>> import narae
    >>> narae.ops.threshold([0.1, 2.0], 1.0, -1.0).tolist()
    [-1.0, 2.0]
    """
    x = as_tensor(x)
    above = L.greater(*promoted(x, threshold))
    return L.select(above, *promoted(x, default_value))


@public
def sparse_plus(x: TensorLike) -> Tensor:
    """0 below -1, (x + 1)²/4 between, x above 1: a softplus that reaches 0.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.

    >>> import narae
    >>> narae.ops.sparse_plus([-2.0, 0.0, 2.0]).tolist()
    [0.0, 0.25, 2.0]
    """
    x = floated(x)
    between = A.square(x + 1.0) * 0.25
    above = L.select(L.less(x, constant(1, x.dtype)), between, x)
    return L.select(L.less_equal(x, constant(-1, x.dtype)), _zero(x), above)


@public
def sparse_sigmoid(x: TensorLike) -> Tensor:
    """0 below -1, (x + 1)/2 between, 1 above 1: the derivative of sparse_plus.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.

    >>> import narae
    >>> narae.ops.sparse_sigmoid([-2.0, 0.0, 2.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    x = floated(x)
    one = constant(1, x.dtype)
    above = L.select(L.greater_equal(x, one), one, (x + 1.0) * 0.5)
    return L.select(L.less_equal(x, constant(-1, x.dtype)), _zero(x), above)
