"""Bounds on what a model file may ask for while it is being loaded: memory, and steps of work.

A configuration of a few bytes can name a weight of a billion numbers, or an operation that goes on for
ever. Within `limited`, whoever is about to take memory for a shape asks `afford` first, and whoever does a
piece of work that a configuration can multiply counts it by `step`.
"""

from __future__ import annotations

import math
from typing import Any

from narae.base.context import Pushed, Stack


class TooMuch(ValueError):
    """A file asks for more than its own contents can need."""


class Limits:
    """What is left. shown: the file, for messages. variables, arrays: bytes; steps: pieces of work.

    most: what the variables are bounded by, in words.
    """

    def __init__(
        self,
        shown: str,
        variables: int,
        arrays: int,
        steps: int,
        most: str = "its weights file holds",
    ) -> None:
        self.most = most
        self.shown, self.variables, self.arrays, self.steps = shown, variables, arrays, steps
        self.made: dict[
            int, tuple[Any, Any]
        ] = {}  # variables that wait for a value, and initializers, by id

    def spend(self, count: int, what: str) -> None:
        """Take bytes for a variable. Raises TooMuch."""
        if count > self.variables:
            raise TooMuch(
                f"{self.shown}: its configuration asks for {what} ({count:,} bytes), more than "
                f"{self.most}: refused"
            )
        self.variables -= count


class Attempt:
    """What is left before something that may be done without; `undo` gives back what it took."""

    def __init__(self) -> None:
        self._limits = limits()
        if self._limits is not None:
            self._before = (self._limits.variables, dict(self._limits.made))

    def undo(self) -> None:
        """Back to what was left at the beginning."""
        if self._limits is not None:
            self._limits.variables, self._limits.made = self._before


ACTIVE: Stack[Limits] = Stack()  # its `entries` are empty outside of loading


def limited(limits: Limits) -> Pushed:
    """A context within which a file's demands are bounded."""
    return ACTIVE.pushed(limits, limits)


def limits() -> Limits | None:
    """The bounds that hold here, None outside of loading."""
    return ACTIVE.top() if ACTIVE.entries else None


def afford(count: float, itemsize: int = 8, what: str = "an array") -> None:
    """Before an array of `count` elements is made. Raises TooMuch where a file may not ask for it.

    >>> afford(10**12)
    >>> with limited(Limits("m.keras", 0, 1000, 10)):
    ...     afford(10**12)
    Traceback (most recent call last):
    narae.base.limits.TooMuch: m.keras: its configuration computes an array of 8,000,000,000,000 bytes ...
    """
    found = limits()
    if found is None:
        return
    needed = int(count) * itemsize if math.isfinite(count) else 1 << 62
    if needed > found.arrays:
        raise TooMuch(
            f"{found.shown}: its configuration computes {what} of {needed:,} bytes while it is loaded: refused"
        )
    found.arrays -= max(needed, 0)


def step(count: int = 1) -> None:
    """Count pieces of work. Raises TooMuch where a file asks for too many."""
    found = limits()
    if found is None:
        return
    found.steps -= int(count)
    if found.steps < 0:
        raise TooMuch(
            f"{found.shown}: its configuration asks for more work than a model of its size needs: refused"
        )
