"""Losses of margins: how far a score is on the wrong side."""

from __future__ import annotations

from typing import Any

from narae import ops
from narae.ops.objectives.pairs import pair
from narae.tensor.tensor import Tensor


def signs(y_true: Any) -> Tensor:
    """Labels −1 and 1 from labels 0 and 1; others stay what they are."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    return ops.where(binary, 2.0 * y_true - 1.0, y_true)


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """mean(max(1 − y_true y_pred, 0)) over the last axis; labels −1 and 1, or 0 and 1.

    Raises ShapeError when the shapes do not broadcast.

    >>> hinge([[-1.0, 1.0]], [[-2.0, 0.5]]).tolist()
    [0.25]
    """
    y_true, y_pred = pair("hinge", y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - signs(y_true) * y_pred, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """mean(max(1 − y_true y_pred, 0)²) over the last axis; labels −1 and 1, or 0 and 1.

    Raises ShapeError when the shapes do not broadcast.

    >>> squared_hinge([[-1.0, 1.0]], [[-2.0, 0.0]]).tolist()
    [0.5]
    """
    y_true, y_pred = pair("squared_hinge", y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - signs(y_true) * y_pred, 0.0)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """max(best wrong score − right score + 1, 0) over the last axis; one-hot targets.

    Raises ShapeError when the shapes do not broadcast.

    >>> categorical_hinge([[0.0, 1.0]], [[0.5, 1.0]]).tolist()
    [0.5]
    """
    y_true, y_pred = pair("categorical_hinge", y_true, y_pred)
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)
