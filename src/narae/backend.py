"""narae.backend: what code for Keras finds at `keras.backend`."""

from narae.base.names import reset_names
from narae.base.settings import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from narae.engine.keys import reset_global_seed
from narae.ops.math import result_type
from narae.ops.shapes import shape

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "shape",
]


def backend() -> str:
    """The name of what computes: always 'narae'.

    >>> backend()
    'narae'
    """
    return "narae"


def clear_session(free_memory: bool = True) -> None:
    """Begin automatic names and the global random generator anew."""
    reset_names()
    reset_global_seed()
