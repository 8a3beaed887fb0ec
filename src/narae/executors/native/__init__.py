"""The native executor: plans as LLVM code that threads run tile by tile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from narae.executors.native.jit.target import host
from narae.executors.native.lower.steps import route
from narae.executors.native.lower.tiles import Lowered
from narae.executors.native.run.program import NativeProgram
from narae.executors.native.tuning import APART as APART
from narae.executors.shared.how import How
from narae.executors.shared.memory import Store
from narae.graph.ir import Op
from narae.graph.plan import Plan

HEADS = True  # elementwise steps are computed on the tiles of the products before them
HALVES = False


def load(plan: Plan, stores: Sequence[Store], threads: Callable[[], int]) -> NativeProgram:
    """A program for the plan, over the stores' arrays. Raises ValueError for arrays that do not
    fit."""
    return NativeProgram(plan, stores, threads)


def narrow_products() -> frozenset[str] | None:
    """The dtypes that the processor has instructions for; other small whole numbers are made int32."""
    return host().narrow


def coverage(records: Mapping[str, Op]) -> dict[str, str]:
    """How each operation runs: 'native', or 'NumPy' within the same program."""
    return {name: route(op) for name, op in records.items()}


def explain(program: NativeProgram) -> list[How]:
    """How each step runs: 'native', or 'NumPy' and why."""
    return [
        How(s.step, *_way(s.lowered), sum(len(phase) for phase in s.lowered.phases))
        for s in program.stages
        if s.step is not None
    ]


def _way(lowered: Lowered) -> tuple[str, str]:
    return ("native", "") if lowered.host is None else ("NumPy", lowered.why)
