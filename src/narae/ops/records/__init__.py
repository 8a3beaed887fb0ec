"""The primitives: one record per operation. Importing this package fills the table."""

from narae.ops.records import (  # noqa: F401
    arithmetic,
    bits,
    contract,
    index,
    logic,
    reduce,
    shape,
    special,
)
