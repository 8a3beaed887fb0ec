"""Writing by position: values added or set at indices, and ones at classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import is_float, standardize_dtype
from narae.base.types import DTypeLike, TensorLike
from narae.ops.indexing import start_places
from narae.ops.reductions import max as largest
from narae.primitives.record import normalize_axis
from narae.primitives.records import arithmetic as A
from narae.primitives.records import index as I
from narae.primitives.records import shape as S
from narae.primitives.records.scatter import dynamic_update, extreme_at, set_at
from narae.tensor.promote import to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


@public
def scatter(indices: TensorLike, values: TensorLike, shape: Sequence[int]) -> Tensor:
    """Zeros of a shape with values added at indices; values of one place add up.

    indices: (n, k), values: (n, shape[k], ...) -> shape.

    Args:
        indices: rows of k whole numbers, which name places along the first k axes.
        values: a slice of the rest for each row.
        shape: the lengths of the result.

    Returns: a tensor of the dtype of `values`.

    Raises:
        ValueError: values that do not fit.
        IndexError: a place out of range.

    >>> import narae
    >>> narae.ops.scatter([[1], [3]], [5.0, 6.0], (4,)).tolist()
    [0.0, 5.0, 0.0, 6.0]
    """
    return I.scatter_add(as_tensor(indices), as_tensor(values), tuple(int(n) for n in shape))  # type: ignore[return-value]


@public
def scatter_update(
    inputs: TensorLike, indices: TensorLike, updates: TensorLike, reduction: str | None = None
) -> Tensor:
    """A tensor with the slices at indices set to updates, or reduced with them.

    inputs: (...), indices: (n, k), updates: (n, inputs.shape[k], ...) -> the shape of inputs.

    Args:
        inputs: the tensor to begin with.
        indices: rows of k whole numbers, which name places along the first k axes.
        updates: a slice of the rest for each row.
        reduction: None: the last update of a place stands; "add", "max", "min" or "mul": all of
            them and what was there.

    Returns: a tensor of the shape and dtype of `inputs`.

    Raises:
        ValueError: another reduction.
        ShapeError: updates that do not fit.
        IndexError: a place out of range.

    >>> import narae
    >>> narae.ops.scatter_update([1, 2, 3], [[1]], [9]).tolist()
    [1, 9, 3]
    """
    x = as_tensor(inputs)
    index, new = as_tensor(indices), to(updates, x.dtype)
    k = index.shape[-1]
    flat = I.flat_index(index, x.shape)
    rows = S.reshape(x, shape=(int(np.prod(x.shape[:k], dtype=np.int64)), *x.shape[k:]))
    count = flat.spec.size
    flat = S.reshape(flat, shape=(count,))
    new = S.reshape(new, shape=(count, *x.shape[k:]))
    if reduction is None:
        out = set_at(rows, flat, new, axis=0)
    elif reduction == "add":
        out = rows + I.add_at(flat, new, axis=0, shape=rows.shape)
    elif reduction in ("max", "min"):
        pair = A.maximum if reduction == "max" else A.minimum
        out = pair(rows, extreme_at(flat, new, axis=0, shape=rows.shape, kind=reduction))
    elif reduction == "mul":
        out = _multiplied(rows, flat, new)
    else:
        raise ValueError(
            f"scatter_update takes a reduction of None, add, max, min or mul, got {reduction!r}"
        )
    return S.reshape(out, shape=x.shape)


def _multiplied(rows: Tensor, flat: Tensor, new: Tensor) -> Tensor:
    """Rows times all updates that fall on them; one after the other, since places may repeat."""
    for i in range(flat.shape[0]):
        place = S.slice_(flat, start=(i,), stop=(i + 1,), step=(1,))
        value = S.slice_(
            new,
            start=(i, *[0] * (new.ndim - 1)),
            stop=(i + 1, *new.shape[1:]),
            step=(1,) * new.ndim,
        )
        rows = set_at(rows, place, I.take(rows, place, axis=0) * value, axis=0)
    return rows


@public
def slice_update(
    inputs: TensorLike, start_indices: Sequence[TensorLike] | Tensor, updates: TensorLike
) -> Tensor:
    """A tensor with the part that begins at an index for each axis replaced.

    inputs: (n_1, n_2, ...), updates: (m_1, m_2, ...) -> (n_1, n_2, ...).

    Args:
        inputs: the tensor to begin with.
        start_indices: where the part begins, a whole number for each axis; they may be traced, and
            are brought into range.
        updates: the part, of the rank of `inputs`.

    Returns: a tensor of the shape and dtype of `inputs`.

    Raises:
        ShapeError: a part of another rank, or longer than an axis.

    >>> import narae
    >>> narae.ops.slice_update([1, 2, 3], [1], [8, 9]).tolist()
    [1, 8, 9]
    """
    x = as_tensor(inputs)
    return dynamic_update(x, start_places(start_indices), to(updates, x.dtype))


@public
def one_hot(
    x: TensorLike,
    num_classes: int,
    axis: int = -1,
    dtype: DTypeLike | None = None,
    sparse: bool = False,
) -> Tensor:
    """1 at the place of each index and 0 elsewhere, along a new axis.

    x: (...) -> (..., num_classes).

    Args:
        x: whole numbers from 0 to num_classes - 1; all are 0 for an index out of range.
        num_classes: the length of the new axis.
        axis: where the new axis is in the result.
        dtype: the dtype of the result; None: floatx.
        sparse: must not be True: tensors are dense.

    Returns: a tensor of zeros and ones.

    Raises:
        ValueError: a sparse tensor is asked for.
        ShapeError: the result has no such axis.

    >>> import narae
    >>> narae.ops.one_hot([2, 0], 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    if sparse:
        raise ValueError("narae's tensors are dense: one_hot(sparse=True) is not supported")
    x = as_tensor(x)
    x = to(x, "int32") if is_float(x.dtype) or x.dtype == "bool" else x
    out = I.one_hot_positions(x, int(num_classes), standardize_dtype(dtype))
    return S.move_axis(out, out.ndim - 1, normalize_axis(axis, out.ndim))  # type: ignore[return-value]


@public
def multi_hot(
    inputs: TensorLike,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: DTypeLike | None = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Tensor:
    """1 at the places of all indices of a sample and 0 elsewhere.

    inputs: (samples, n, ...) -> (samples, ..., num_classes); (n,) -> (num_classes,).

    Args:
        inputs: whole numbers from 0 to num_classes - 1.
        num_classes: the length of the new axis.
        axis: where the new axis is, before the indices of a sample are joined.
        dtype: the dtype of the result; None: floatx.
        sparse: must not be True: tensors are dense.

    Returns: a tensor of zeros and ones.

    Raises:
        ValueError: no num_classes, or a sparse tensor is asked for.
        TypeError: another argument.

    >>> import narae
    >>> narae.ops.multi_hot([2, 0], 4).tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    classes = kwargs.pop("num_tokens", num_classes)  # its name in Keras 2
    if kwargs:
        raise TypeError(f"multi_hot got an unexpected keyword argument {next(iter(kwargs))!r}")
    if classes is None:
        raise ValueError("multi_hot needs num_classes")
    x = as_tensor(inputs)
    reduction = 1 if x.ndim > 1 else 0
    return largest(one_hot(x, classes, axis, dtype, sparse), axis=reduction)
