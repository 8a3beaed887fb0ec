"""narae.ops: Keras's `keras.ops` names on narae's tensors."""

from narae.ops import records as _records  # noqa: F401  (fills the table)
from narae.ops.math import (
    add,
    cast,
    convert_to_tensor,
    exp,
    maximum,
    multiply,
    negative,
    power,
    subtract,
    true_divide,
)
