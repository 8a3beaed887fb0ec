"""Tensors made of other things and in other dtypes, and dtypes asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base.dtypes import (
    is_float,
    keras_result_type,
    limits,
    standardize_dtype,
)
from narae.primitives.record import constant
from narae.primitives.records import logic as L
from narae.tensor.promote import dtype_of, to
from narae.tensor.public_names import exported
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


@public
def cast(x: Any, dtype: Any) -> Tensor:
    """x in another dtype.

    >>> import narae
    >>> narae.ops.cast([1.7, -1.7], "int32").tolist()
    [1, -1]
    """
    return to(x, standardize_dtype(dtype))


@public
def convert_to_tensor(
    x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Tensor:
    """x as a tensor (copied unless it is one), of `dtype` when given.

    >>> import narae
    >>> narae.ops.convert_to_tensor([1, 2]).dtype
    'int32'
    """
    if sparse or ragged:
        raise ValueError("narae's tensors are dense: sparse and ragged are not supported")
    return as_tensor(x, None if dtype is None else standardize_dtype(dtype))


@exported
def result_type(*dtypes: Any) -> str:
    """The dtype in which operands of these dtypes (or tensors, or Python numbers) meet.

    >>> import narae
    >>> narae.ops.result_type("int32", float)
    'float32'
    """
    known = (d if d is None or isinstance(d, (str, type)) else dtype_of(d) for d in dtypes)
    return keras_result_type(*known)


@public
def array(x: Any, dtype: Any = None) -> Tensor:
    """x as a tensor.

    >>> import narae
    >>> narae.ops.array([1, 2]).tolist()
    [1, 2]
    """
    return as_tensor(x, None if dtype is None else standardize_dtype(dtype))


@public
def copy(x: Any) -> Tensor:
    """x: tensors never change.

    >>> import narae
    >>> narae.ops.copy([1]).tolist()
    [1]
    """
    return as_tensor(x)


@exported
def is_tensor(x: Any) -> bool:
    """Whether x is a narae tensor.

    >>> import narae
    >>> narae.ops.is_tensor([1]), narae.ops.is_tensor(narae.ops.ones(1))
    (False, True)
    """
    return isinstance(x, Tensor)


@public
def saturate_cast(x: Any, dtype: Any) -> Tensor:
    """x in another dtype, brought into its range first.

    >>> import narae
    >>> narae.ops.saturate_cast([-5.0, 300.0], "uint8").tolist()
    [0, 255]
    """
    x, name = as_tensor(x), standardize_dtype(dtype)
    x = to(x, "int32") if x.dtype == "bool" else x
    if name == "bool":
        return L.greater(x, constant(0, x.dtype))  # type: ignore[return-value]
    (low, high), own = limits(name), limits(x.dtype)
    if low <= own[0] and own[1] <= high:
        return to(x, name)
    # what is at or beyond an end is that end: the ends themselves may have no such float
    out = to(x, name) if is_float(name) else to(_no_nan(x), name)
    if high <= own[1]:
        out = L.select(L.greater_equal(x, constant(high, x.dtype)), constant(high, name), out)
    if low >= own[0]:
        out = L.select(L.less_equal(x, constant(low, x.dtype)), constant(low, name), out)
    return out


def _no_nan(x: Tensor) -> Tensor:
    return L.select(L.isnan(x), constant(0, x.dtype), x) if is_float(x.dtype) else x


@exported
def dtype(x: Any) -> str:
    """The dtype's name.

    >>> import narae
    >>> narae.ops.dtype(narae.ops.ones(1))
    'float32'
    """
    return as_tensor(x).dtype if not hasattr(x, "dtype") else str(x.dtype)


@exported
def convert_to_numpy(x: Any) -> np.ndarray:
    """x as a NumPy array of its own.

    >>> import narae
    >>> narae.ops.convert_to_numpy(narae.ops.ones(1)).tolist()
    [1.0]
    """
    return np.array(x)
