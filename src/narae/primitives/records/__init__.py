"""The primitives: one record per operation. Importing this package fills the table."""

from narae.primitives.records import (  # noqa: F401
    arithmetic,
    bits,
    contract,
    control,
    conv,
    custom,
    fourier,
    index,
    layout,
    linalg,
    logic,
    reduce,
    reproducible,
    scatter,
    shape,
    sort,
    special,
    window,
)
