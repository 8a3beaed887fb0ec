"""The table of what XLA does in another way than an operation's forward on jax.numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import jax
import numpy as np

Traced: TypeAlias = (
    jax.Array | np.ndarray
)  # what a program computes with: on a device, traced, or a constant
PerAxis: TypeAlias = tuple[int, ...]  # a number for each axis
Pairs: TypeAlias = Sequence[tuple[int, int]]  # widths before and after, by axis

Function = TypeVar("Function", bound=Callable[..., Any])

LOWERINGS: dict[str, Callable[..., Any]] = {}


def lowering(name: str) -> Callable[[Function], Function]:
    """Enter a function of arrays and parameters in the table, under an operation's name."""

    def entered(function: Function) -> Function:
        LOWERINGS[name] = function
        return function

    return entered
