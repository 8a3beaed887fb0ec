"""The table of what XLA does in another way than an operation's forward on jax.numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

LOWERINGS: dict[str, Callable[..., Any]] = {}


def lowering(name: str) -> Callable[[Function], Function]:
    """Enter a function of arrays and parameters in the table, under an operation's name."""

    def entered(function: Function) -> Function:
        LOWERINGS[name] = function
        return function

    return entered
