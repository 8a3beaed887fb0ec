"""How a step of a plan runs, as executors report it."""

from __future__ import annotations

from dataclasses import dataclass

from narae.graph.fuse import Step


@dataclass(frozen=True, eq=False)
class How:
    """way: as the executor's `coverage` names it, the least of the step's operations. why: what
    keeps the step from a better way. tiles: calls of native kernels."""

    step: Step
    way: str
    why: str = ""
    tiles: int = 0
