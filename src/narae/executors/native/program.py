"""A plan as a native program: phases of tiles, which threads take as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from narae.executors.native import driver, threads
from narae.executors.native.compiler import addresses
from narae.executors.native.lower import lower_step
from narae.executors.native.lower_elementwise import copy_tiles
from narae.executors.native.tiles import Lowered, Tile, address
from narae.executors.numpy.memory import Scratch, aligned, make_arrays
from narae.graph.fuse import Step
from narae.graph.plan import Move, Plan

_LIGHT = 200_000  # bytes of records' work below which one thread is faster than two


@dataclass(frozen=True, eq=False)
class Stage:
    """A step and what became of it. step: None for copies of state."""

    step: Step | None
    lowered: Lowered


class NativeProgram:
    """Runs a plan. A run allocates nothing, but for operations that NumPy runs.

    stages: what each step became, to look at. state: the arrays that a run changes in place.
    """

    def __init__(self, plan: Plan, state: Sequence[np.ndarray], threads: Callable[[], int]) -> None:
        self.plan = plan
        self._threads = threads
        self._arrays = make_arrays(plan, state, None)
        self.inputs = [self._arrays[v.uid] for v in plan.inputs]
        self.state = list(state)
        self.outputs = [self._arrays[uid] for uid in plan.outputs]
        self._control = aligned(8 * driver.SIZE).view(np.int64)
        self._control[:] = 0
        self.stages = self._stages()
        self._load()

    def _stages(self) -> list[Stage]:
        error = address(self._control) + 8 * driver.ERROR
        scratch, arrays = Scratch(), self._arrays
        stages = [self._moves(self.plan.before)]
        for step in self.plan.steps:
            stages.append(Stage(step, lower_step(step, arrays, error, scratch)))
        stages.append(self._moves(self.plan.after))
        return stages

    def _moves(self, moves: Sequence[Move]) -> Stage:
        arrays = self._arrays
        tiles = [copy_tiles(arrays[m.source], arrays[m.target]) for m in moves]
        return Stage(None, Lowered(tiles, keep=[arrays]))

    def _load(self) -> None:
        """Compile what is new, and write the tables that the driver reads."""
        self._hosts: dict[int, Callable[[], None]] = {}
        phases: list[list[Tile]] = []
        for stage in self.stages:
            if stage.lowered.host is not None:
                self._hosts[len(phases)] = stage.lowered.host
                phases.append([])
            phases += [tiles for tiles in stage.lowered.phases if tiles]
        tiles = [tile for phase in phases for tile in phase]
        kernels = addresses([(tile.key, tile.build) for tile in tiles])
        starts = np.cumsum([0, *(len(tile.record) for tile in tiles)])
        self._records = np.empty(max(1, int(starts[-1])), np.int64)
        for tile, start in zip(tiles, starts, strict=False):
            self._records[start : start + len(tile.record)] = tile.record
        base = address(self._records)
        self._tiles = np.empty((max(1, len(tiles)), 2), np.int64)
        self._tiles[: len(tiles), 0] = kernels
        self._tiles[: len(tiles), 1] = base + 8 * starts[:-1]
        self._phases = np.zeros((max(1, len(phases)), 2), np.int64)
        first = 0
        for i, phase in enumerate(phases):
            self._phases[i] = (first, driver.HOST if i in self._hosts else len(phase))
            first += len(phase)
        self._scratch = max((tile.scratch for tile in tiles), default=0) + 4096
        self._count = len(phases)
        self._shared = any(len(phase) > 1 for phase in phases)
        self._control[driver.PHASES] = address(self._phases)
        self._control[driver.PHASE_COUNT] = len(phases)
        self._control[driver.TILES] = address(self._tiles)
        self._work, self._advance = driver.driver()

    def __call__(self) -> list[np.ndarray]:
        """Run once on what is in `inputs` and the state. Raises IndexError for an index that is out
        of range, with the state as it was when that was found."""
        if self._count:
            self._run(1)
        return self.outputs

    def _run(self, steps: int) -> None:
        control = self._control
        control[driver.STEP], control[driver.STEPS] = 0, steps
        control[driver.STOP] = control[driver.ERROR] = 0
        place, scratch = address(control), threads.scratch(self._scratch)
        self._advance(place, scratch, -1)
        if self._shared and self._on() and (number := self._threads()) > 1:
            threads.pool().ask(self._help, number - 1)
        while phase := self._work(place, scratch, 1):
            self._hosts[phase - 1]()
            self._advance(place, scratch, phase - 1)
        if control[driver.ERROR]:
            raise self._error()

    def _on(self) -> bool:
        return int(self._control[driver.WORD]) >> 32 != driver.END

    def _help(self) -> None:
        self._work(address(self._control), threads.scratch(self._scratch), 0)

    def _error(self) -> Exception:
        index, length = self._control[driver.ERROR + 1], self._control[driver.ERROR + 2]
        return IndexError(f"index {index} is out of range for an axis of length {length}")

