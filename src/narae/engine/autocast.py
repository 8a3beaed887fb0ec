"""The dtype in which float variables are read within a layer's call."""

from __future__ import annotations

from contextlib import AbstractContextManager

from narae.base.context import Stack

_dtypes: Stack[str] = Stack()
_OWN = ""  # each variable in its own dtype


def autocasting() -> bool:
    """Whether a call around this point has said how variables are read."""
    return _dtypes.top() is not None


def autocast_dtype() -> str | None:
    """The dtype in which float variables are read here, None for each one's own."""
    return _dtypes.top() or None


def autocast(dtype: str | None) -> AbstractContextManager[None]:
    """Within it, float variables that allow it are read in a dtype; None: each in its own.

    >>> from narae import Variable
    >>> weight = Variable([1.0])
    >>> with autocast("float16"):
    ...     weight.value.dtype
    'float16'
    >>> weight.value.dtype
    'float32'
    """
    return _dtypes.pushed(dtype or _OWN)
