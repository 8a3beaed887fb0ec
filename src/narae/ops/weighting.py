"""Sample weights, masks and the reductions of losses and metrics: what both kinds share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import overload

from narae.base.dtypes import standardize_dtype
from narae.base.types import DTypePolicyLike, TensorLike
from narae.ops.casting import cast, convert_to_tensor
from narae.ops.creation import ones_like, zeros_like
from narae.ops.logic import equal, where
from narae.ops.reductions import sum
from narae.ops.shapes import broadcast_to, expand_dims, squeeze
from narae.tensor.masks import get_keras_mask
from narae.tensor.tensor import Tensor

REDUCTIONS = ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none", None)
_AVERAGES = ("sum_over_batch_size", "mean")


def compute_dtype(dtype: DTypePolicyLike | None) -> str:
    """The dtype to compute in, of a dtype, a policy or its name, or None (floatx)."""
    dtype = getattr(dtype, "compute_dtype", dtype)
    if isinstance(dtype, str) and dtype.startswith("mixed_"):
        dtype = dtype.removeprefix("mixed_")
    return standardize_dtype(dtype)


def standardize_reduction(reduction: str | None) -> str | None:
    """The reduction itself. Raises ValueError for one that there is not."""
    if reduction not in REDUCTIONS:
        known = ", ".join(repr(r) for r in REDUCTIONS)
        raise ValueError(f"reduction is one of {known}; got {reduction!r}")
    return reduction


def same_rank(x: Tensor, y: Tensor, expand_vectors: bool = True) -> tuple[Tensor, Tensor]:
    """x and y, a last axis of length 1 dropped, or added to a vector, where ranks differ by one.

    >>> from narae import ops
    >>> x, y = same_rank(ops.ones((4, 1)), ops.ones((4,)))
    >>> x.shape, y.shape
    ((4, 1), (4, 1))
    """
    if len(x.shape) == len(y.shape) + 1 and x.shape[-1] == 1:
        if len(y.shape) == 1 and expand_vectors:
            return x, expand_dims(y, -1)
        return squeeze(x, -1), y
    if len(y.shape) == len(x.shape) + 1 and y.shape[-1] == 1:
        y, x = same_rank(y, x, expand_vectors)
    return x, y


@overload
def masked_weight(
    weight: Tensor, mask: Tensor | None, dtype: str, reduction: str | None
) -> Tensor: ...
@overload
def masked_weight(
    weight: Tensor | None, mask: Tensor | None, dtype: str, reduction: str | None
) -> Tensor | None: ...
def masked_weight(
    weight: Tensor | None, mask: Tensor | None, dtype: str, reduction: str | None
) -> Tensor | None:
    """The sample weight with what is masked out at zero; None when there is neither.

    Under an average the mask is scaled by total / valid, so that dividing by the total in the end
    averages over what is valid.
    """
    if mask is None:
        return weight
    valid = cast(mask, dtype)
    if reduction in _AVERAGES:
        total = convert_to_tensor(float(math.prod(valid.shape)), dtype)
        valid = where(cast(mask, "bool"), divide_no_nan(total, sum(valid)), 0.0)
    if weight is None:
        return valid
    valid, weight = same_rank(valid, cast(weight, dtype))
    return weight * valid


def reduce_weighted(
    values: Tensor,
    weight: TensorLike | None,
    mask: Tensor | None,
    reduction: str | None,
    dtype: str,
) -> Tensor:
    """Per-sample losses, times the weights, reduced: a scalar, or the values for 'none'."""
    values = cast(values, dtype)
    weight = None if weight is None else convert_to_tensor(weight, dtype)
    weight = masked_weight(weight, mask, dtype, reduction)
    if weight is not None:
        values, weight = same_rank(values, cast(weight, dtype))
        values = values * weight
    if reduction in (None, "none") or values.shape in ((), (0,)):
        return values
    total = sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weight is not None:
        return divide_no_nan(total, sum(weight))
    return total / float(math.prod(values.shape))


def divide_no_nan(x: Tensor, y: Tensor) -> Tensor:
    """x / y, and 0 where y is 0; the derivative stays finite.

    >>> from narae import ops
    >>> divide_no_nan(ops.ones(()), ops.zeros(())).item()
    0.0
    """
    zero = equal(y, 0)
    return where(zero, zeros_like(x), x / where(zero, ones_like(y), y))


def samplewise(
    values: Tensor, weight: TensorLike | None, reduce: Callable[..., Tensor], dtype: str
) -> tuple[Tensor, Tensor | None]:
    """Values and weights as one number per sample: the axes after the first are reduced."""
    mask = get_keras_mask(values)
    values = cast(values, dtype)
    if weight is not None:
        weight = convert_to_tensor(weight, dtype)
        weight = masked_weight(weight, mask, dtype, "sum")
        values, weight = same_rank(values, weight)
        rank = len(weight.shape)
        if len(values.shape) > rank:
            values = reduce(values, axis=tuple(range(rank, len(values.shape))))
        values = values * weight
        weight = broadcast_to(weight, values.shape)
        if rank > 1:
            weight = reduce(weight, axis=tuple(range(1, rank)))
    if len(values.shape) > 1:
        values = reduce(values, axis=tuple(range(1, len(values.shape))))
    return values, weight
