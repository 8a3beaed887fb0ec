"""A plan as a native program: phases of tiles, which threads take as they come."""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from narae.base import machine
from narae.executors.native import tuning
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.jit import bounds, cache
from narae.executors.native.jit.target import bits_wanted
from narae.executors.native.lower.elementwise import copy_tiles
from narae.executors.native.lower.held import Held, choose
from narae.executors.native.lower.steps import lower_step
from narae.executors.native.lower.tiles import Context, Lowered, Tile, Weights, address, arrays_in
from narae.executors.native.run import driver, measuring, threads
from narae.executors.native.run.epoch import gather_tiles, keep_tile
from narae.executors.native.run.long import may_run_long, wait_for
from narae.executors.native.run.phases import InputWords, Stage, Tables, overlapped
from narae.executors.shared.memory import Scratch, Store, aligned, make_arrays, span
from narae.executors.shared.program import Program, Progress
from narae.executors.shared.rows import Rows
from narae.graph.fuse import Step
from narae.graph.plan import Move, Plan


@dataclass(frozen=True, eq=False)
class Done:
    """A step and what became of it. step: None for copies of state."""

    step: Step | None
    lowered: Lowered
    reads: list[np.ndarray]
    writes: list[np.ndarray]


class NativeProgram(Program):
    """Runs a plan. A run allocates nothing, but for operations that NumPy runs.

    stages: what each step became, to look at. tables: its phases. stores: of the state. forms: weights that it holds
    by panels, and their optimizer's state.
    """

    runs_many = True

    def __init__(self, plan: Plan, stores: Sequence[Store], number: Callable[[], int]) -> None:
        """stores: of the state; number: gives the number of threads."""
        state = [store.host() for store in stores]
        cache.adopt()
        self.plan = plan
        self._number = number
        self._arrays = make_arrays(plan, state, None)
        self.inputs = [self._arrays[v.uid] for v in plan.inputs]
        self.stores = list(stores)
        self.outputs = [self._arrays[uid] for uid in plan.outputs]
        self._control = aligned(8 * driver.SIZE).view(np.int64)
        self._control[:] = 0
        self._place = address(self._control)
        self._control[driver.WORD] = driver.END << 32
        self._spins = tuning.spins()
        self._watched = bounds.enabled()  # then one thread runs it all
        self._alive: object = None  # what a run of many steps reads and writes
        self._run: object = None  # the one that began last
        self._row, self._pool = threads.Row(), threads.pool()
        self._weights = Weights(_unwritten(plan, stores))
        large = any(v.spec.nbytes >= tuning.PASS_FROM for v in plan.state)
        self._lower(choose(plan, stores) if large else None)
        self._begun = False  # whether a run's numbers may be newer than the stores know
        self.laid_out = sum(one.array.nbytes for one in (*self._weights.laid, *self.forms))
        self._parts = overlapped([Stage(s.lowered, s.reads, s.writes) for s in self.stages])
        self.tables = Tables(self._parts)
        self._row.short = self.tables.work < tuning.ALONE
        self._epoch_tables: Tables | None = None  # of the last epoch
        self._running_tables = self.tables
        self._work, self._advance = driver.driver()
        self._long = any(
            node.op.inside is not None and may_run_long(node)
            for step in plan.steps
            for node in step.nodes
        )
        self._bound: np.ndarray | None = (
            None  # an array of the caller's that records name in the place of the input
        )
        self._input = self._input_words()

    def _lower(self, found: Held | None) -> None:
        """All steps with weights by panels; without, where one that has to do with them is left to NumPy."""
        self.stages = self._stages(found)
        left = [s.step for s in self.stages if s.step and s.lowered.host]
        if found is not None and any(found.concerns(step) for step in left):
            found = None
            self.stages = self._stages(None)
        self.held = frozenset[int]() if found is None else found.places
        self.forms = [] if found is None else found.all()

    def _stages(self, found: Held | None) -> list[Done]:
        scratch, arrays = Scratch(), self._arrays
        place = self._place + 8 * driver.ERROR
        context = Context(arrays, place, weights=self._weights, held=found)
        stages = [self._moves(self.plan.before)]
        for step in self.plan.steps:
            lowered = lower_step(step, context, scratch)
            reads = [arrays[u] for u in step.reads]
            writes = [*(arrays[u] for u in step.outputs), *context.spare.lent()]
            stages.append(Done(step, lowered, reads, writes))
        stages.append(self._moves(self.plan.after))
        return stages

    def _moves(self, moves: Sequence[Move]) -> Done:
        pairs = [(self._arrays[m.source], self._arrays[m.target]) for m in moves]
        tiles = [copy_tiles(source, target) for source, target in pairs]
        return Done(None, Lowered(tiles), [a for a, _ in pairs], [b for _, b in pairs])

    def __call__(self) -> list[np.ndarray]:
        """Run once on what is in `inputs` and the state. Raises IndexError for an index that is out
        of range, with the state as it was when that was found."""
        if self.tables.count:
            self._run = None
            try:
                if self._long:
                    wait_for(self._whole, self._give_up)
                else:
                    self._whole()
            finally:
                self._left()
            self._check()
        return self.outputs

    def mark(self) -> None:
        """Say that the program has the newest numbers of the state that it holds, while it runs."""
        if self._begun:
            for form in self.forms:
                form.mark()

    def _left(self) -> None:
        """A run is over: what is assigned from now on is newer."""
        self.mark()
        self._begun = False

    def on(self, array: np.ndarray) -> list[np.ndarray] | None:
        """Run once on an array of the caller's, read where it lies in the place of the one input: a large one is
        neither copied nor handed from core to core. None where it has to be copied: it lies otherwise, or is small."""
        if array.nbytes < tuning.OWN_FROM or self._input is None:
            return None
        self._take_over()
        own, flags = self.inputs[0], array.flags
        alike = array.shape == own.shape and array.dtype == own.dtype
        if not alike or not flags.c_contiguous or not flags.aligned:
            return None
        self._bound = array  # first: an interrupt may come anywhere
        self._input.bind(address(array))
        try:
            return self()
        finally:
            self._unbind()

    def _unbind(self) -> None:
        """Read the program's own input again."""
        if self._bound is not None and self._input is not None:
            self._settle()  # what was broken off reads the caller's array to its end
            self._input.bind(address(self.inputs[0]))
            self._bound = None

    def _input_words(self) -> InputWords | None:
        """Where records have addresses of the one input; None where something else knows them, or may change it."""
        if len(self.inputs) != 1 or self.tables.hosts or self._long or self._watched:
            return None
        own = self.inputs[0]
        kept = arrays_in([s.lowered.keep for s in self.stages])
        told = any(array.dtype == np.int64 and _within(array, own) for array in kept)
        changed = [*self.outputs, *(array for s in self.stages for array in s.writes)]
        if told or any(np.may_share_memory(array, own) for array in changed):
            return None
        return self.tables.words_of(own)

    def _whole(self) -> None:
        """One run, from its beginning to its end."""
        tables, row = self.tables, self._row
        alone = self._watched or tables.work < tuning.TOGETHER
        number = 1 if alone else row.workers(lambda: self._threads(tables))
        try:
            self._begin(tables, 1, 3 * self._spins if number > 1 else 0)
            if number > 1 and self._running():
                missing = row.missing(number - 1, self._control[driver.LINGERING :])
                if missing > 0:
                    row.call(lambda: self._help(tables, 1), missing)
            for _ in self._lead(tables):
                continue
        except BaseException:
            self._settle()  # helpers would go on by themselves, while others read what it writes
            raise
        row.ended(number > 1)

    def _threads(self, tables: Tables) -> int:
        """How many threads work: as many as asked for, but none that would have no tile or no core; one, where two
        would spend more on meeting than they share out."""
        return 1 if tables.spared < 0 else max(1, min(self._number(), tables.most, threads.cores()))

    def _give_up(self) -> None:
        """Let loops end at their next round, and with them the run."""
        self._control[driver.STOP] = self._control[driver.ERROR] = 1

    def many(self, steps: int, rows: Sequence[Rows], kept: Sequence[np.ndarray]) -> Progress | None:
        """Run many steps on rows of arrays; gives now and then how many are done. None where the
        rows have a dtype or layout without native code, or a step may run long: it is waited for then, so that
        Ctrl-C is heard.

        kept: for each output, memory for what all steps give, one after the other. Closing the
        iterator, or an exception at it (Ctrl-C), ends the run after the present step.
        """
        if self._long:
            return None
        gathers = []
        try:
            for one, target in zip(rows, self.inputs, strict=True):
                gathers += gather_tiles(one, target, self._control)
        except Unlowered:
            return None
        keep, table = keep_tile(self.outputs, kept, self._control)
        return self._epoch(steps, gathers, keep, [list(rows), list(kept), table])

    def _epoch(self, steps: int, gathers: list[Tile], keep: Tile, alive: object) -> Generator[int]:
        """Steps with what goes before and after each. An epoch is like the one before but for where its rows and
        results lie: the tables stay."""
        self._settle()
        tables = self._epoch_tables
        if tables is None or not (tables.retold(gathers, 0) and tables.retold([keep], -1)):
            tables = Tables([Lowered([gathers]), *self._parts, Lowered([[keep]])])
            self._epoch_tables = tables
        yield from self._many(steps, tables, alive)

    def _many(self, steps: int, tables: Tables, alive: object) -> Generator[int]:
        self._settle()
        began = time.monotonic()
        self._alive, run = alive, object()
        self._run = run
        number = 1 if self._watched else self._threads(tables)
        sides = itertools.count()
        ended: threads.Ended = queue.SimpleQueue()

        def help_() -> None:
            self._help(tables, next(sides) % 2)

        # This thread takes part: in what is for Python, and where it is over before a Ctrl-C would be missed.
        led = bool(tables.hosts) or self._watched or steps * tables.work < tuning.SHORT
        helpers = number - 1 if led else number
        try:
            self._begin(tables, steps)
            if self._running():
                threads.pool().ask(help_, helpers, ended, threads.core() if led else threads.ALONE)
                yield from self._lead(tables) if led else self._watch(ended, helpers)
        finally:
            # All threads leave before anyone else may use the program. An interrupt may have kept this
            # from its end, and a traceback kept it alive until after another run has begun.
            if self._run is run:
                self._settle()
                self.tables.install(self._control)
                self._alive = None
                self._left()
        self._check()
        if machine.ran(time.monotonic() - began, tuning.SETTLED):
            measuring.learn_now(memory=False)  # a process's own use of memory stays what it is

    def _begin(self, tables: Tables, steps: int, linger: int = 0) -> None:
        """linger: how often helpers look for another run when this one is over."""
        control, scratch = self._control, threads.scratch(tables.scratch)
        for panels in self._weights.laid:
            panels.refresh()
        self._settle()  # Ctrl-C may have come between the beginning of a run and its first step
        self._running_tables = tables
        if self._watched:
            bounds.watch([*self._ranges(), *tables.ranges()])
        for form in self.forms:
            form.bring()
        self._begun = True
        self.mark()
        tables.install(control)
        control[driver.STEP], control[driver.STEPS] = 0, steps
        control[driver.STOP] = control[driver.ERROR] = 0
        control[driver.FLUSHED] = bits_wanted()
        control[driver.SPINS], control[driver.LINGER] = self._spins, linger
        self._advance(self._place, scratch, -1)

    def _settle(self) -> None:
        """End what runs after its present step. A run may have been broken off anywhere: before the
        threads were asked, so this one takes part; before Python's phases, which are left out."""
        self._take_over()
        if not self._running():
            return
        control = self._control
        control[driver.STOP] = 1
        place, scratch = self._place, threads.scratch(self._running_tables.scratch)
        while phase := self._work(place, scratch, 1, 0):
            control[driver.ERROR] = 1
            self._advance(place, scratch, phase - 1)

    def _take_over(self) -> None:
        """In a forked process: end a run that it was forked within. Threads that had tiles of it did not come along, so
        nobody would ever finish them, and the array that it read is of no call here."""
        now = threads.pool()
        if now is not self._pool:
            self._pool = now
            self._control[driver.WORD] = driver.END << 32
            self._control[driver.WAITING] = self._control[driver.LINGERING] = 0
            self._unbind()

    def _running(self) -> bool:
        return int(self._control[driver.WORD]) >> 32 != driver.END

    def _help(self, tables: Tables, side: int) -> None:
        self._work(self._place, threads.scratch(tables.scratch), 0, side)

    def _lead(self, tables: Tables) -> Iterator[int]:
        """Take part, and run what is for Python."""
        place, scratch = self._place, threads.scratch(tables.scratch)
        due = time.monotonic() + tuning.LOOK
        while phase := self._work(place, scratch, 1, 0):
            try:
                tables.hosts[phase - 1]()
            except BaseException:
                self._control[driver.ERROR] = 1  # all threads leave
                self._advance(place, scratch, phase - 1)
                raise
            self._advance(place, scratch, phase - 1)
            if time.monotonic() > due:
                threads.let_go(due)
                yield int(self._control[driver.STEP])
                due = time.monotonic() + tuning.LOOK

    def _watch(self, ended: threads.Ended, helpers: int) -> Iterator[int]:
        """Wait for the threads that do the work, and a moment for them to leave: the next epoch asks
        for free ones before it has more made."""
        while helpers:
            running = self._running()
            try:
                ended.get(timeout=tuning.LOOK if running else tuning.LEAVE)
                helpers -= 1
            except queue.Empty:
                if not running:
                    return
                threads.let_go(time.monotonic())
                yield int(self._control[driver.STEP])

    def _ranges(self) -> Iterator[tuple[int, int]]:
        """What kernels may touch: (begin, end) addresses."""
        kept = [self._arrays, self._control, *(s.lowered.keep for s in self.stages), self._alive]
        for array in arrays_in(kept):
            low, high = np.lib.array_utils.byte_bounds(array)
            yield int(low), int(high)
        yield threads.range_of()

    def _check(self) -> None:
        if self._watched:
            bounds.report()
        control = self._control
        if control[driver.ERROR]:
            index, length = control[driver.ERROR + 1], control[driver.ERROR + 2]
            raise IndexError(f"index {index} is out of range for an axis of length {length}")


def _unwritten(plan: Plan, stores: Sequence[Store]) -> dict[int, Store | None]:
    """The values that no run writes, by uid: constants, and state that is only read, with its store."""
    found: dict[int, Store | None] = dict.fromkeys(v.uid for v in plan.graph.constants)
    found.update((uid, None) for node in plan.once for uid in node.uids)
    kept = [i for i in range(len(stores)) if i not in plan.written]
    found.update((plan.state[i].uid, stores[i]) for i in kept)
    for node in plan.views:
        if node.inputs[0].uid in found:
            found[node.uids[0]] = found[node.inputs[0].uid]
    return found


def _within(numbers: np.ndarray, array: np.ndarray) -> bool:
    """Whether one of these numbers is an address in an array."""
    low, high = span(array)
    return bool(((numbers >= low) & (numbers < high)).any())
