"""The reference executor: a plan as straight-line NumPy into memory that is there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from narae.executors.numpy import (  # noqa: F401  (they fill the table of lowerings)
    contract,
    control,
    convolution,
    elementwise,
    indexing,
    movement,
    pooling,
    reductions,
    special,
)
from narae.executors.numpy.lowerings import route
from narae.executors.numpy.program import NumpyProgram
from narae.executors.shared.how import How
from narae.executors.shared.memory import Store
from narae.graph.fuse import Step
from narae.graph.ir import Op
from narae.graph.plan import Plan

HEADS, HALVES, APART = False, False, 0


def load(plan: Plan, stores: Sequence[Store], threads: Callable[[], int]) -> NumpyProgram:
    """A program for the plan, over the stores' arrays; its threads are those of BLAS. Raises
    ValueError for arrays that do not fit."""
    return NumpyProgram(plan, [s.host() for s in stores])


def narrow_products() -> frozenset[str] | None:
    """None: graphs stay as they are."""
    return None


def coverage(records: Mapping[str, Op]) -> dict[str, str]:
    """How each operation runs: 'own' lowering, 'generic' (a ufunc or a view), or 'falls back' to
    its forward, whose result is copied."""
    return {name: route(op) for name, op in records.items()}


def explain(program: NumpyProgram) -> list[How]:
    """How each step runs: 'generic', 'own', or 'falls back' and which of its operations do."""
    return [_how(step) for step in program.plan.steps]


def _how(step: Step) -> How:
    ways = {node.op.name: route(node.op) for node in step.nodes}
    back = [name for name, way in ways.items() if way == "falls back"]
    if back:
        return How(step, "falls back", f"{', '.join(back)} computed anew and copied")
    return How(step, "own" if "own" in ways.values() else "generic")
