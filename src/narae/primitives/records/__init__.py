"""The primitives: one record per operation. Importing this package fills the table."""

from narae.primitives.records import (  # noqa: F401
    arithmetic,
    bits,
    contract,
    conv,
    custom,
    fourier,
    index,
    layout,
    linalg,
    logic,
    loop,
    reduce,
    reproducible,
    scan,
    scatter,
    shape,
    sort,
    special,
    switch,
    window,
)
