"""What each step of a native program takes, alone."""

from __future__ import annotations

from narae.executors.native.lower.tiles import Lowered
from narae.executors.native.run.phases import Tables
from narae.executors.native.run.program import NativeProgram
from narae.executors.shared.timing import Run, time_of


def step_times(program: NativeProgram) -> list[float]:
    """Seconds per step of the plan, on the threads that run the whole. The state is put back.

    In a run of the whole, small steps go beside large ones: it takes less than the sum.
    """
    saved = [store.host().copy() for store in program.stores]
    times = []
    for stage in program.stages:
        run = _alone(program, stage.lowered)
        if stage.step is None:
            run(1)  # copies of state: what later steps read
        else:
            times.append(time_of(run, stage.reads, stage.writes))
    for store, value in zip(program.stores, saved, strict=True):
        store.write(value)
    return times


def _alone(program: NativeProgram, lowered: Lowered) -> Run:
    tables = Tables([lowered], program.tables)

    def run(count: int) -> None:
        if tables.count:
            for _ in program._many(count, tables, None):
                continue

    return run
