"""NumPy without its warnings of NaN and infinity, which are values here, as on every accelerator."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Any

import numpy as np

_quiet = Context()  # NumPy keeps what it says of errors in a context variable
_quiet.run(np.seterr, all="ignore")


def quietly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function gives. An interrupt cannot leave NumPy quiet, as it can in `np.errstate`: to enter a
    context and leave it is one call of C.

    >>> quietly(np.log, 0.0)
    np.float64(-inf)
    """
    return _quiet.copy().run(function, *args, **kwargs)
