"""The dtype in which float variables are read within a layer's call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Stack(threading.local):
    def __init__(self) -> None:
        self.dtypes: list[str | None] = []


_stack = _Stack()


def autocasting() -> bool:
    """Whether a call around this point has said how variables are read."""
    return bool(_stack.dtypes)


def autocast_dtype() -> str | None:
    """The dtype in which float variables are read here, None for each one's own."""
    return _stack.dtypes[-1] if _stack.dtypes else None


@contextmanager
def autocast(dtype: str | None) -> Iterator[None]:
    """Within it, float variables that allow it are read in a dtype; None: each in its own.

    >>> from narae import Variable
    >>> weight = Variable([1.0])
    >>> with autocast("float16"):
    ...     weight.value.dtype
    'float16'
    >>> weight.value.dtype
    'float32'
    """
    _stack.dtypes.append(dtype)
    try:
        yield
    finally:
        _stack.dtypes.pop()
