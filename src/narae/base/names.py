"""Automatic names: dense, dense_1, dense_2, ..."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import AbstractContextManager

from narae.base.context import Pushed, Stack

_counts: defaultdict[str, int] = defaultdict(int)
_uids: defaultdict[str, int] = defaultdict(int)


def snake_case(name: str) -> str:
    """A class's name as Keras makes it a layer's: words joined by underscores.

    >>> snake_case("EinsumDense"), snake_case("ReLU"), snake_case("Conv2D")
    ('einsum_dense', 're_lu', 'conv2d')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def printable(text: str) -> str:
    """Text with its control characters as escapes: a file's name may hold any, and a terminal obeys them.

    >>> print(printable("a\\x1b[31mb\\nc"))
    a\\x1b[31mb\\nc
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def auto_name(prefix: str) -> str:
    """`prefix`, with a number from the second time on.

    >>> reset_names()
    >>> auto_name("dense"), auto_name("dense")
    ('dense', 'dense_1')
    """
    prefix = snake_case(prefix)
    number = _counts[prefix]
    _counts[prefix] += 1
    return prefix if number == 0 else f"{prefix}_{number}"


def reset_names() -> None:
    """Count from the beginning again (`clear_session`)."""
    _counts.clear()
    _uids.clear()


def get_uid(prefix: str = "") -> int:
    """How many times it was asked for a prefix, this time included.

    Args:
        prefix: a text.

    Returns: the count, from 1.

    >>> reset_names()
    >>> get_uid("a"), get_uid("a"), get_uid("b")
    (1, 2, 1)
    """
    _uids[prefix] += 1
    return _uids[prefix]


# each time the whole path, to look at the top alone; and who opened the last scope of it
_path: Stack[tuple[tuple[str, ...], object]] = Stack()


_NOWHERE: tuple[tuple[str, ...], object] = ((), None)


class _Scope(Pushed):
    """A context of one name more, unless the scope around it is the same caller's."""

    def __enter__(self) -> None:
        around, last = _top()
        caller = self.value[1]
        again = (caller is not None and caller is last) or not self._gives
        self.value = (around if again else (*around, self._gives), caller)
        super().__enter__()


def name_scope(name: str, caller: object = None) -> AbstractContextManager[None]:
    """Within it, variables' paths begin with `name`; once, where the scope around it is the caller's too.

    Args:
        name: the scope's name; an empty one adds nothing.
        caller: whose scope it is: within another of the same caller and name it adds nothing.

    Returns: a context manager.

    Raises:
        ValueError: the name is no text, or has a slash.

    >>> with name_scope("dense"):
    ...     current_path("kernel")
    'dense/kernel'
    """
    if not isinstance(name, str) or "/" in name:
        raise ValueError(f"a scope's name is a text without '/', got {name!r}")
    return _Scope(_path, ((), caller), name)


def _top() -> tuple[tuple[str, ...], object]:
    return _path.top(_NOWHERE) if _path.entries else _NOWHERE


def scopes() -> tuple[str, ...]:
    """The names of the scopes around this point, the outermost first.

    >>> with name_scope("model"), name_scope("dense"):
    ...     scopes()
    ('model', 'dense')
    """
    return _top()[0]


def current_path(name: str) -> str:
    """The path of something called `name` that is made here."""
    return "/".join([*scopes(), name])
