"""Weighted means and correlations."""

from __future__ import annotations

from typing import Any

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
def average(x: TensorLike, axis: Axis = None, weights: TensorLike | None = None) -> Tensor:
    """The weighted mean.

    >>> import narae
    >>> narae.ops.average([1.0, 4.0], weights=[2.0, 1.0]).item()
    2.0
    """
    if weights is None:
        return mean(x, axis)
    x, w = promoted(x, weights, floating=True)
    if x.shape != w.shape:
        if w.ndim != 1 or axis is None or isinstance(axis, (tuple, list)):
            raise ShapeError(
                f"average: weights of shape {w.shape} for x of shape {x.shape} and axis {axis}"
            )
        place = normalize_axis(axis, x.ndim)
        w = S.reshape(w, shape=tuple(n if i == place else 1 for i, n in enumerate(x.shape)))
        w = S.broadcast_to(w, shape=x.shape)
    return sum(x * w, axis) / sum(w, axis)


@public
def corrcoef(x: TensorLike) -> Tensor:
    """Pearson's correlations of the rows: (variables, observations) -> (variables, variables).

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
