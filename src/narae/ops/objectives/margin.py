"""Losses of margins: how far a score is on the wrong side."""

from __future__ import annotations

from narae.base.registry import builtin
from narae.base.types import TensorLike
from narae.ops.arithmetic import maximum
from narae.ops.logic import equal, logical_or, where
from narae.ops.math import square
from narae.ops.objectives.pairs import pair
from narae.ops.reductions import all, max, mean, sum
from narae.tensor.tensor import Tensor


def signs(y_true: Tensor) -> Tensor:
    """Labels −1 and 1 from labels 0 and 1; others stay what they are."""
    binary = all(logical_or(equal(y_true, 0), equal(y_true, 1)))
    return where(binary, 2.0 * y_true - 1.0, y_true)


@builtin("keras.losses")
def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(max(1 − y_true y_pred, 0)) over the last axis: (..., d) -> (...).

    Args:
        y_true: the labels, −1 and 1, or 0 and 1, (..., d).
        y_pred: the predicted scores, (..., d): above 0 for label 1; the result has their dtype.

    Returns: one number per sample, (...).

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> hinge([[-1.0, 1.0]], [[-2.0, 0.5]]).tolist()
    [0.25]
    """
    y_true, y_pred = pair("hinge", y_true, y_pred)
    return mean(maximum(1.0 - signs(y_true) * y_pred, 0.0), axis=-1)


@builtin("keras.losses")
def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(max(1 − y_true y_pred, 0)²) over the last axis: (..., d) -> (...).

    Args:
        y_true: the labels, −1 and 1, or 0 and 1, (..., d).
        y_pred: the predicted scores, (..., d): above 0 for label 1; the result has their dtype.

    Returns: one number per sample, (...).

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> squared_hinge([[-1.0, 1.0]], [[-2.0, 0.0]]).tolist()
    [0.5]
    """
    y_true, y_pred = pair("squared_hinge", y_true, y_pred)
    return mean(square(maximum(1.0 - signs(y_true) * y_pred, 0.0)), axis=-1)


@builtin("keras.losses")
def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """max(best wrong score − right score + 1, 0) over the last axis: (..., classes) -> (...).

    Args:
        y_true: the targets, one-hot, (..., classes).
        y_pred: the predicted scores, (..., classes); the result has their dtype.

    Returns: one number per sample, (...).

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> categorical_hinge([[0.0, 1.0]], [[0.5, 1.0]]).tolist()
    [0.5]
    """
    y_true, y_pred = pair("categorical_hinge", y_true, y_pred)
    right = sum(y_true * y_pred, axis=-1)
    wrong = max((1.0 - y_true) * y_pred, axis=-1)
    return maximum(wrong - right + 1.0, 0.0)
