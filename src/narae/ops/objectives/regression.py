"""Distances between numbers."""

from __future__ import annotations

import math
from typing import Any

from narae import ops
from narae.base.settings import epsilon
from narae.ops.objectives.pairs import pair
from narae.tensor.tensor import Tensor


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """mean((y_true − y_pred)²) over the last axis: (..., d) -> (...).

    Raises ShapeError when the shapes do not broadcast.

    >>> mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]]).tolist()
    [0.5]
    """
    y_true, y_pred = pair("mean_squared_error", y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """mean(|y_true − y_pred|) over the last axis: (..., d) -> (...).

    Raises ShapeError when the shapes do not broadcast.

    >>> mean_absolute_error([[0.0, 1.0]], [[1.0, 1.0]]).tolist()
    [0.5]
    """
    y_true, y_pred = pair("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """100 mean(|(y_true − y_pred) / y_true|) over the last axis, |y_true| at least epsilon.

    Raises ShapeError when the shapes do not broadcast.

    >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]]).tolist()
    [25.0]
    """
    y_true, y_pred = pair("mean_absolute_percentage_error", y_true, y_pred)
    ratio = ops.abs((y_true - y_pred) / ops.maximum(ops.abs(y_true), epsilon()))
    return 100.0 * ops.mean(ratio, axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """mean((log(1 + y_true) − log(1 + y_pred))²) over the last axis, both at least epsilon.

    Raises ShapeError when the shapes do not broadcast.

    >>> mean_squared_logarithmic_error([[3.0, 5.0]], [[3.0, 5.0]]).tolist()
    [0.0]
    """
    y_true, y_pred = pair("mean_squared_logarithmic_error", y_true, y_pred)
    first, second = (ops.log(ops.maximum(y, epsilon()) + 1.0) for y in (y_pred, y_true))
    return ops.mean(ops.square(first - second), axis=-1)


def unit(x: Any, axis: Any = -1) -> Tensor:
    """x divided by its length along an axis, the length at least epsilon."""
    length = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x * ops.rsqrt(ops.maximum(length, epsilon() ** 2))


def cosine(y_true: Any, y_pred: Any, axis: Any = -1) -> Tensor:
    """The cosine of the angle between targets and predictions along an axis."""
    y_true, y_pred = pair("cosine_similarity", y_true, y_pred)
    return ops.sum(unit(y_true, axis) * unit(y_pred, axis), axis=axis)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """−cos of the angle between targets and predictions: −1 for one direction, 1 for opposite ones.

    Raises ShapeError when the shapes do not broadcast.

    >>> cosine_similarity([[0.0, 2.0]], [[0.0, 1.0]]).tolist()
    [-1.0]
    """
    return -cosine(y_true, y_pred, axis)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """mean(e² / 2 where |e| ≤ delta, delta |e| − delta² / 2 beyond) over the last axis; Huber 1964.

    Raises ShapeError when the shapes do not broadcast.

    >>> huber([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
    [1.5]
    """
    y_true, y_pred = pair("huber", y_true, y_pred)
    error = y_pred - y_true
    size = ops.abs(error)
    near, far = 0.5 * ops.square(error), delta * size - 0.5 * delta * delta
    return ops.mean(ops.where(size <= delta, near, far), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """mean(log cosh(y_pred − y_true)) over the last axis: a square near 0, |e| − log 2 far away.

    Raises ShapeError when the shapes do not broadcast.

    >>> log_cosh([[1.0, 2.0]], [[1.0, 2.0]]).tolist()
    [0.0]
    """
    y_true, y_pred = pair("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    # log cosh e = log((exp(e) + exp(-e)) / 2), without overflow
    return ops.mean(ops.logaddexp(error, -error) - math.log(2.0), axis=-1)
