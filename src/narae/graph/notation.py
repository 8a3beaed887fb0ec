"""Term: a formula as text, and how tightly it binds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A formula and how tightly it binds: 0 an atom, 1 a sign or power, 2 a product, 3 a sum, 4 a
    comparison. Within one that binds tighter it stands in brackets.

    >>> Term("x + y", 3).within(2), Term("x · y", 2).within(2)
    ('(x + y)', 'x · y')
    """

    text: str
    level: int = 0

    def within(self, level: int) -> str:
        """The formula as an operand of another one."""
        return self.text if self.level <= level else f"({self.text})"
