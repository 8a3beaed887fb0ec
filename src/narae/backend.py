"""narae.backend: what code for Keras finds at `keras.backend`."""

from narae.base.dtypes import is_float as is_float_dtype
from narae.base.dtypes import is_int as is_int_dtype
from narae.base.dtypes import standardize_dtype
from narae.base.names import get_uid
from narae.base.settings import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from narae.config import backend
from narae.ops.math import result_type
from narae.ops.shapes import shape
from narae.utils import clear_session, is_keras_tensor

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "shape",
    "standardize_dtype",
]
