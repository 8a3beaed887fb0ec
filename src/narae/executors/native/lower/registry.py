"""Which function lowers the steps of which operation: entered by a decorator, where the function is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from narae.executors.native.lower.tiles import Lowered
from narae.executors.shared.memory import ArrayMap
from narae.graph.fuse import Step
from narae.graph.ir import Node


@dataclass(frozen=True, eq=False)
class Context:
    """What a step is lowered in. arrays: of all values of the program, by uid; error: the address at
    which an index out of range is reported."""

    arrays: ArrayMap
    error: int = 0

    def ins(self, node: Node) -> list[np.ndarray]:
        """The arrays that a node reads."""
        return [self.arrays[v.uid] for v in node.inputs]

    def out(self, node: Node) -> np.ndarray:
        """The array of a node's first result."""
        return self.arrays[node.uids[0]]


# What a step becomes, by its first node: it may have others after it, elementwise ones, where the operation's
# record is `tiled`. Raises Unlowered for what there is no code for, with the reason.
StepLowering = Callable[[Step, Context], Lowered]

LOWERINGS: dict[str, StepLowering] = {}


def lowers(*names: str) -> Callable[[StepLowering], StepLowering]:
    """Enter a function in the table under names of operations."""

    def entered(function: StepLowering) -> StepLowering:
        LOWERINGS.update(dict.fromkeys(names, function))
        return function

    return entered
