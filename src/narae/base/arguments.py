"""What arguments are: whole numbers and numbers, told by name where they are not."""

from __future__ import annotations

import operator
from typing import Any

from narae.base.language import tr


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number; True and False are none, nor are arrays of several.

    >>> is_whole(3), is_whole(3.0), is_whole(True), is_whole([3])
    (True, False, False, False)
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return False
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


def whole(owner: str, argument: str, value: Any) -> int:
    """A whole number. Raises TypeError that names the argument.

    >>> whole("Dense", "axis", 1)
    1
    """
    if not is_whole(value):
        raise TypeError(
            tr(
                "{owner} takes `{argument}` as a whole number, got {value!r:.80}",
                owner=owner,
                argument=argument,
                value=value,
            )
        )
    return operator.index(value)


def number(owner: str, argument: str, value: Any) -> float:
    """A number, as a float. Raises TypeError that names the argument.

    >>> number("Dense", "epsilon", 1)
    1.0
    """
    single = isinstance(value, (int, float)) or getattr(value, "shape", None) == ()
    if isinstance(value, bool) or not single:
        raise TypeError(
            tr(
                "{owner} takes `{argument}` as a number, got {value!r:.80}",
                owner=owner,
                argument=argument,
                value=value,
            )
        )
    return float(value)


def lengths(owner: str, value: Any) -> tuple[int, ...]:
    """A shape, whose lengths are all known; one whole number is one axis.

    Raises TypeError for what holds no whole numbers, ValueError for a length below 0.

    >>> lengths("normal", (2, 3)), lengths("normal", 4)
    ((2, 3), (4,))
    """
    listed = (value,) if is_whole(value) else value
    if not hasattr(listed, "__iter__") or not all(is_whole(n) for n in listed):
        raise TypeError(
            tr(
                "{owner} takes a shape of whole numbers such as (2, 3), got {value!r:.80}",
                owner=owner,
                value=value,
            )
        )
    shape = tuple(operator.index(n) for n in listed)
    if any(n < 0 for n in shape):
        raise ValueError(
            tr(
                "{owner} takes a shape of lengths of 0 or more, got {value!r:.80}",
                owner=owner,
                value=value,
            )
        )
    return shape


def axes(owner: str, argument: str, value: Any) -> tuple[int, ...]:
    """One axis or several, as a tuple. Raises TypeError that names the argument.

    >>> axes("Normalization", "axis", -1), axes("Normalization", "axis", [0, 2])
    ((-1,), (0, 2))
    """
    listed = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if not all(map(is_whole, listed)):
        raise TypeError(
            tr(
                "{owner} takes `{argument}` as a whole number or a list of them, got {value!r:.80}",
                owner=owner,
                argument=argument,
                value=value,
            )
        )
    return tuple(operator.index(one) for one in listed)
