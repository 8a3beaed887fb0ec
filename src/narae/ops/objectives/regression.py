"""Distances between numbers."""

from __future__ import annotations

import math

from narae.base.registry import builtin
from narae.base.settings import epsilon
from narae.base.types import TensorLike
from narae.ops.arithmetic import maximum
from narae.ops.logic import where
from narae.ops.math import log, rsqrt, square
from narae.ops.numbers import logaddexp
from narae.ops.objectives.pairs import pair
from narae.ops.reductions import mean, sum
from narae.ops.rounding import absolute
from narae.tensor.tensor import Tensor


@builtin("keras.losses")
def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean((y_true − y_pred)²) over the last axis: (..., d) -> (...).

    Args:
        y_true: the targets, numbers (..., d); a last axis of length 1 may be left out.
        y_pred: the predictions, (..., d); the result has their dtype.

    Returns: one number per sample, (...).

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]]).tolist()
    [0.5]
    """
    y_true, y_pred = pair("mean_squared_error", y_true, y_pred)
    return mean(square(y_true - y_pred), axis=-1)


@builtin("keras.losses")
def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(|y_true − y_pred|) over the last axis: (..., d) -> (...).

    Args:
        y_true: the targets, numbers (..., d); a last axis of length 1 may be left out.
        y_pred: the predictions, (..., d); the result has their dtype.

    Returns: one number per sample, (...).

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> mean_absolute_error([[0.0, 1.0]], [[1.0, 1.0]]).tolist()
    [0.5]
    """
    y_true, y_pred = pair("mean_absolute_error", y_true, y_pred)
    return mean(absolute(y_true - y_pred), axis=-1)


@builtin("keras.losses")
def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """100 mean(|(y_true − y_pred) / y_true|) over the last axis, in percent: (..., d) -> (...).

    Args:
        y_true: the targets, numbers (..., d); |y_true| counts as epsilon where it is smaller.
        y_pred: the predictions, (..., d); the result has their dtype.

    Returns: one number per sample, (...).

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]]).tolist()
    [25.0]
    """
    y_true, y_pred = pair("mean_absolute_percentage_error", y_true, y_pred)
    ratio = absolute((y_true - y_pred) / maximum(absolute(y_true), epsilon()))
    return 100.0 * mean(ratio, axis=-1)


@builtin("keras.losses")
def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean((log(1 + y_true) − log(1 + y_pred))²) over the last axis: (..., d) -> (...).

    Args:
        y_true: the targets, numbers (..., d); those below epsilon count as epsilon.
        y_pred: the predictions, (..., d), bounded like the targets; the result has their dtype.

    Returns: one number per sample, (...).

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> mean_squared_logarithmic_error([[3.0, 5.0]], [[3.0, 5.0]]).tolist()
    [0.0]
    """
    y_true, y_pred = pair("mean_squared_logarithmic_error", y_true, y_pred)
    first, second = (log(maximum(y, epsilon()) + 1.0) for y in (y_pred, y_true))
    return mean(square(first - second), axis=-1)


def unit(x: Tensor, axis: int = -1) -> Tensor:
    """x divided by its length along an axis, the length at least epsilon."""
    length = sum(square(x), axis=axis, keepdims=True)
    return x * rsqrt(maximum(length, epsilon() ** 2))


def cosine(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """The cosine of the angle between targets and predictions along an axis."""
    y_true, y_pred = pair("cosine_similarity", y_true, y_pred)
    return sum(unit(y_true, axis) * unit(y_pred, axis), axis=axis)


@builtin("keras.losses")
def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """−cos of the angle between targets and predictions: −1 for one direction, 1 for opposite ones.

    Args:
        y_true: the targets, vectors along `axis`, of any length but 0.
        y_pred: the predictions, of the targets' shape; the result has their dtype.
        axis: the axis along which the vectors lie.

    Returns: one number per vector: the shape of y_pred without `axis`.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> cosine_similarity([[0.0, 2.0]], [[0.0, 1.0]]).tolist()
    [-1.0]
    """
    return -cosine(y_true, y_pred, axis)


@builtin("keras.losses")
def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    """mean(e² / 2 where |e| ≤ delta, delta |e| − delta² / 2 beyond) over the last axis, e = y_pred − y_true.

    Args:
        y_true: the targets, numbers (..., d); a last axis of length 1 may be left out.
        y_pred: the predictions, (..., d); the result has their dtype.
        delta: where the square goes over into the distance, in the targets' unit.

    Returns: one number per sample, (...).

    Raises:
        ShapeError: the shapes do not broadcast.

    Source: Huber 1964.

    >>> huber([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
    [1.5]
    """
    y_true, y_pred = pair("huber", y_true, y_pred)
    error = y_pred - y_true
    size = absolute(error)
    near, far = 0.5 * square(error), delta * size - 0.5 * delta * delta
    return mean(where(size <= delta, near, far), axis=-1)


@builtin("keras.losses")
def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(log cosh(y_pred − y_true)) over the last axis: e² / 2 near 0, |e| − log 2 far from it.

    Args:
        y_true: the targets, numbers (..., d); a last axis of length 1 may be left out.
        y_pred: the predictions, (..., d); the result has their dtype.

    Returns: one number per sample, (...).

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> log_cosh([[1.0, 2.0]], [[1.0, 2.0]]).tolist()
    [0.0]
    """
    y_true, y_pred = pair("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    # log cosh e = log((exp(e) + exp(-e)) / 2), without overflow
    return mean(logaddexp(error, -error) - math.log(2.0), axis=-1)
