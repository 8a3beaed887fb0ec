"""narae.config: settings by Keras's names, and the executor."""

from narae.base.settings import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from narae.engine.config import executor, set_executor
from narae.layers.policy import dtype_policy, set_dtype_policy

__all__ = [
    "dtype_policy",
    "epsilon",
    "executor",
    "floatx",
    "image_data_format",
    "set_dtype_policy",
    "set_epsilon",
    "set_executor",
    "set_floatx",
    "set_image_data_format",
]
