"""Shares that add up to 1: softmax, its logarithm, and sparsemax."""

from __future__ import annotations

import numpy as np

from narae.base.errors import warn_user
from narae.base.limits import afford
from narae.base.types import Axis, TensorLike
from narae.primitives.record import constant, normalize_axes, normalize_axis
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records.sort import sort
from narae.tensor.promote import floated
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor


def _shifted(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """x minus its largest along axes: exp of it cannot overflow, and the softmax is the same. Of nothing there is no
    largest, and nothing to shift."""
    if 0 in x.shape:
        return x
    top = L.stop_gradient(R.reduce_max(x, axes=axes))
    return x - S.reshape(top, shape=R.kept(x.shape, axes))


@public
def softmax(x: TensorLike, axis: Axis = -1) -> Tensor:
    """e^x / Σ e^x along an axis: shares that add up to 1. The largest x is taken from all first: no overflow.

    x: any shape -> the same shape, of a float dtype. Warns where the axis has one element, whose share is 1.

    Args:
        x: scores; those that are no floats become floatx.
        axis: the axis of the classes, or several; None: all.

    Raises:
        ShapeError: x has no such axis.

    >>> import narae
    >>> narae.ops.softmax([1.0, 1.0]).tolist()
    [0.5, 0.5]
    """
    x = floated(x)
    axes = normalize_axes(axis, x.ndim)
    if isinstance(axis, int) and x.shape[axes[0]] == 1:
        warn_user(
            f"softmax over axis {axis} of shape {tuple(x.shape)}: of one element it is 1 whatever "
            'comes in, and nothing is learned. For one unit use "sigmoid"'
        )
    e = A.exp(_shifted(x, axes))
    return e / S.reshape(R.reduce_sum(e, axes=axes), shape=R.kept(x.shape, axes))


@public
def log_softmax(x: TensorLike, axis: Axis = -1) -> Tensor:
    """log(softmax(x)) = x - log Σ e^x, without the loss of small probabilities.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: scores; those that are no floats become floatx.
        axis: the axis of the classes, or several; None: all.

    Raises:
        ShapeError: x has no such axis.

    >>> import narae
    >>> f"{narae.ops.log_softmax([1.0, 1.0]).numpy()[0]:.4f}"
    '-0.6931'
    """
    x = floated(x)
    axes = normalize_axes(axis, x.ndim)
    low = _shifted(x, axes)
    total = R.reduce_sum(A.exp(low), axes=axes)
    return low - S.reshape(A.log(total), shape=R.kept(x.shape, axes))


@public
def sparsemax(x: TensorLike, axis: int = -1) -> Tensor:
    """The nearest point of the probability simplex: shares that add up to 1, small scores get exactly 0.

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: scores; those that are no floats become floatx.
        axis: the axis of the classes.

    Raises:
        ShapeError: x has no such axis.

    Source: Martins & Astudillo 2016, algorithm 1.

    >>> import narae
    >>> narae.ops.sparsemax([3.0, 1.0]).tolist()
    [1.0, 0.0]
    """
    x = floated(x)
    place = normalize_axis(axis, x.ndim)
    z = S.move_axis(x, place, x.ndim - 1)
    last = z.ndim - 1
    ordered = S.flip_axes(sort(z, axis=last), (last,))
    afford(z.shape[-1])
    counts = constant(np.arange(1, z.shape[-1] + 1), x.dtype)
    totals = R.cumsum(ordered, axis=last)
    support = L.greater(ordered * counts + 1.0, totals)
    k = R.reduce_sum(L.cast(support, dtype=x.dtype), axes=(last,))
    kept = R.reduce_sum(L.select(support, ordered, constant(0, x.dtype)), axes=(last,))
    tau = S.reshape((kept - 1.0) / k, shape=(*z.shape[:-1], 1))
    return S.move_axis(A.relu(z - tau), last, place)  # type: ignore[return-value]
