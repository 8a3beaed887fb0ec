"""Variances, weighted means and correlations."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base.errors import ShapeError
from narae.base.types import Axis, TensorLike
from narae.ops.reductions import mean, sum
from narae.primitives.record import constant, normalize_axis
from narae.primitives.records import arithmetic as A
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.tensor.promote import floated, promoted
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor


@public
def var(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance over axes: the mean squared distance from the mean (divided by n, not n - 1).

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor; integers and booleans are taken as floatx.
        axis: the axis or axes of the variance; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor; NaN of no numbers.

    Raises:
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.var([1.0, 3.0]).item()
    1.0
    """
    x = floated(x)
    return mean(A.square(x - mean(x, axis, True)), axis, keepdims)


@public
def std(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The standard deviation over axes: the root of the variance.

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor; integers and booleans are taken as floatx.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor; NaN of no numbers.

    Raises:
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.std([1.0, 3.0]).item()
    1.0
    """
    return A.sqrt(var(x, axis, keepdims))


@public
def average(x: TensorLike, axis: Axis = None, weights: TensorLike | None = None) -> Tensor:
    """The weighted mean: Σ w x / Σ w.

    x: (a, b, c), weights: (b,) or (a, b, c) -> (a, c) for axis 1.

    Args:
        x: a tensor; integers and booleans are taken as floatx.
        axis: the axis or axes of the mean; None: all.
        weights: what each element counts, of x's shape, or a vector along one axis; None: all the
            same.

    Returns: a float tensor; NaN where the weights sum to 0.

    Raises:
        ShapeError: weights of another shape, or an axis that x does not have.

    >>> import narae
    >>> narae.ops.average([1.0, 4.0], weights=[2.0, 1.0]).item()
    2.0
    """
    if weights is None:
        return mean(x, axis)
    x, w = promoted(x, weights, floating=True)
    if x.shape != w.shape:
        if w.ndim != 1 or not isinstance(axis, (int, np.integer)):
            raise ShapeError(
                f"average: weights of shape {w.shape} for x of shape {x.shape} and axis {axis}"
            )
        place = normalize_axis(axis, x.ndim)
        w = S.reshape(w, shape=tuple(n if i == place else 1 for i, n in enumerate(x.shape)))
        w = S.broadcast_to(w, shape=x.shape)
    return sum(x * w, axis) / sum(w, axis)


@public
def corrcoef(x: TensorLike) -> Tensor:
    """Pearson's correlations of the rows: their covariances divided by both standard deviations.

    x: (variables, observations) -> (variables, variables); (observations,) -> ().

    Args:
        x: a row for each variable; integers are taken as floatx.

    Returns: floats in [-1, 1]; NaN for a row without variance.

    Raises:
        ValueError: x is no matrix or vector.

    >>> import narae
    >>> narae.ops.corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).numpy().round(4).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    x = floated(x)
    if x.ndim not in (1, 2):
        raise ValueError(f"corrcoef takes a matrix of variables by observations, got {x.shape}")
    rows: Any = S.reshape(x, shape=(1, x.size)) if x.ndim == 1 else x
    apart = rows - mean(rows, 1, True)
    length = A.sqrt(R.reduce_sum(A.square(apart), axes=(1,)))
    unit = apart / S.reshape(length, shape=(*length.shape, 1))
    out = unit @ S.transpose(unit, axes=(1, 0))
    one = constant(1, x.dtype)
    out = A.maximum(A.minimum(out, one), A.negative(one))  # rounding leads a little beyond
    return S.reshape(out, shape=()) if x.ndim == 1 else out
