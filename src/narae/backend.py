"""narae.backend: what code for Keras finds at `keras.backend`."""

from __future__ import annotations

from narae.base.dtypes import is_float, is_int, standardize_dtype
from narae.base.missing import explain_missing
from narae.base.names import get_uid
from narae.base.settings import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from narae.base.types import DTypeLike
from narae.config import backend
from narae.ops.casting import result_type
from narae.ops.shapes import shape
from narae.tensor.masks import get_keras_mask, set_keras_mask
from narae.utils import clear_session, is_keras_tensor

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_keras_mask",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_keras_mask",
    "shape",
    "standardize_dtype",
]


def is_float_dtype(dtype: DTypeLike) -> bool:
    """Whether a dtype is a float's.

    Args:
        dtype: a dtype in any of its spellings: a name, a type of Python or NumPy.

    Returns: True or False.

    Raises:
        ValueError: it is no dtype.

    >>> is_float_dtype("bfloat16"), is_float_dtype(int)
    (True, False)
    """
    return is_float(standardize_dtype(dtype))


def is_int_dtype(dtype: DTypeLike) -> bool:
    """Whether a dtype is an integer's; bool is none.

    Args:
        dtype: a dtype in any of its spellings: a name, a type of Python or NumPy.

    Returns: True or False.

    Raises:
        ValueError: it is no dtype.

    >>> is_int_dtype("uint8"), is_int_dtype(bool)
    (True, False)
    """
    return is_int(standardize_dtype(dtype))


explain_missing(__name__, __all__)
