"""Arguments of public ops made tensors of one dtype, by Keras's promotion rules."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from narae.base.dtypes import FLOATS, as_float, np_dtype, result_type
from narae.base.types import TensorLike
from narae.graph.ir import Spec
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
    if len(xs) == 2:
        xs = _read(xs[0]), _read(xs[1])
        two = _of_one_dtype(*xs, floating)
        if two is not None:
            return two
    dtype = result_type(*(dtype_of(x) for x in xs))
    dtype = as_float(dtype) if floating else dtype
    return [to(x, dtype) for x in xs]


def _read(x: TensorLike) -> TensorLike:
    """A variable's value, which is read once; all else as it is."""
    if isinstance(x, Tensor):
        return x
    value = getattr(x, "__narae_tensor__", None)
    return x if value is None else value()


def _of_one_dtype(x: TensorLike, y: TensorLike, floating: bool) -> list[Tensor] | None:
    """Two operands that meet in the dtype that one of them has, which is what most of a program's
    are: tensors of it, or a tensor and a number of Python. None for all others."""
    if not isinstance(x, Tensor):
        if isinstance(y, Tensor) and (two := _of_one_dtype(y, x, floating)) is not None:
            return two[::-1]
        return None
    dtype = x.spec.dtype
    if floating and dtype not in FLOATS:
        return None
    if isinstance(y, Tensor):
        return [x, y] if y.spec.dtype == dtype else None
    if type(y) is float and dtype in FLOATS:
        return [x, Tensor(Spec((), dtype), _number(y, dtype) if y else _array_of(y, dtype))]
    return None


def _array_of(number: float, dtype: str) -> np.ndarray:
    return np.array(number).astype(np_dtype(dtype))


# Tensors of a number may share its array, which nobody writes to. Not of zero: 0.0 == -0.0.
_number = functools.lru_cache(256)(_array_of)


def numeric(x: TensorLike) -> Tensor:
    """`x` as a tensor of numbers: booleans become int32."""
    found = as_tensor(x)
    return to(found, "int32") if found.dtype == "bool" else found


def floated(x: TensorLike) -> Tensor:
    """`x` as a tensor of a float dtype: its own, or floatx."""
    found = as_tensor(x)
    return to(found, as_float(found.dtype))
