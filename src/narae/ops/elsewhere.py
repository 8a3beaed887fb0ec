"""Keras's modules of operations, which have names that are in narae.ops itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def elsewhere(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module whose namesake in Keras has more: the rest is in narae.ops itself."""

    def found(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{module} has no {name!r}")
        import narae.ops

        return getattr(narae.ops, name)

    return found
