"""A count of changes to what models are made of, so that nothing need be compared while none happens."""

from __future__ import annotations

_count = [0]


def note() -> None:
    """A layer, a variable or a flag of one has changed."""
    _count[0] += 1


def count() -> int:
    """How many changes there were so far."""
    return _count[0]
