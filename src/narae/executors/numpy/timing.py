"""What each step of a NumPy program takes, alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from narae.executors.numpy.calls import Source
from narae.executors.numpy.program import NumpyProgram, write_moves, write_step
from narae.executors.shared.memory import ArrayMap, Scratch, make_arrays
from narae.executors.shared.timing import Run, time_of
from narae.graph.fuse import Step
from narae.graph.plan import Move


def step_times(program: NumpyProgram) -> list[float]:
    """Seconds per step of the plan. The state is put back."""
    plan, scratch = program.plan, Scratch()
    saved = [array.copy() for array in program.state]
    arrays = make_arrays(plan, program.state, program.inputs)
    _moves(plan.before, arrays)()
    times = []
    for step in plan.steps:
        reads, writes = ([arrays[u] for u in uids] for uids in (step.reads, step.outputs))
        times.append(time_of(_alone(step, arrays, scratch), reads, writes))
    for array, value in zip(program.state, saved, strict=True):
        np.copyto(array, value)
    return times


def _alone(step: Step, arrays: ArrayMap, scratch: Scratch) -> Run:
    source = Source()
    for uid in (*step.reads, *step.outputs):
        source.name(arrays[uid], f"v{uid}")
    write_step(source, step, arrays, scratch)
    once = source.build(guarded=True)[1]

    def run(count: int) -> None:
        for _ in range(count):
            once()

    return run


def _moves(moves: Sequence[Move], arrays: ArrayMap) -> Callable[[], None]:
    source = Source()
    for move in moves:
        source.name(arrays[move.source], f"v{move.source}")
        source.name(arrays[move.target], f"v{move.target}")
    write_moves(source, "what is overwritten and still asked for", moves, arrays)
    return source.build(guarded=True)[1]
