"""Arguments of public ops made tensors of one dtype, by Keras's promotion rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base.dtypes import as_float, result_type
from narae.base.types import TensorLike
from narae.primitives.records.logic import cast
from narae.tensor.lengths import Unknown
from narae.tensor.tensor import Tensor, as_tensor

_PYTHON = {int: int, float: float, bool: bool, Unknown: int}


def dtype_of(x: TensorLike) -> Any:
    """What `x` counts as in promotion: its dtype, or the Python type of a number (weak)."""
    kind = type(x)
    if kind in _PYTHON:
        return _PYTHON[kind]
    dtype = getattr(x, "dtype", None)
    if dtype is None or (isinstance(dtype, np.dtype) and dtype.kind not in "biufV"):
        return as_tensor(x).dtype  # which refuses strings, dates and their like
    return dtype


def to(x: TensorLike, dtype: str) -> Tensor:
    """`x` as a tensor of a dtype."""
    found = as_tensor(x, dtype if type(x) in _PYTHON else None)
    return found if found.dtype == dtype else cast(found, dtype=dtype)


def promoted(*xs: TensorLike, floating: bool = False) -> list[Tensor]:
    """Tensors of the dtype in which `xs` meet; floating: made a float if it is none."""
    dtype = result_type(*(dtype_of(x) for x in xs))
    dtype = as_float(dtype) if floating else dtype
    return [to(x, dtype) for x in xs]


def numeric(x: TensorLike) -> Tensor:
    """`x` as a tensor of numbers: booleans become int32."""
    found = as_tensor(x)
    return to(found, "int32") if found.dtype == "bool" else found


def floated(x: TensorLike) -> Tensor:
    """`x` as a tensor of a float dtype: its own, or floatx."""
    found = as_tensor(x)
    return to(found, as_float(found.dtype))
