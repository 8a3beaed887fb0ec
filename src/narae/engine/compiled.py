"""A traced function, simplified, fused, planned and loaded on an executor; and the programs that are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from narae.base.context import Guard
from narae.distributed.distribution import spread_of
from narae.engine.config import executor, num_threads
from narae.engine.trace import Traced, fill, trace
from narae.engine.variable import touch
from narae.executors import has_halves, load, narrow_products, plan_options
from narae.executors.shared.memory import kept_of
from narae.executors.shared.program import Progress
from narae.executors.shared.rows import Rows
from narae.graph import again
from narae.graph.fuse import fuse
from narae.graph.graph import Graph
from narae.graph.ir import Node, Value
from narae.graph.plan import Plan, plan
from narae.graph.prune import pruned
from narae.graph.rewrite import simplified
from narae.primitives.halves import without_halves
from narae.primitives.narrow import narrowed

MOST = 256  # programs: as many lengths of sequences as an epoch may have
BYTES = 1 << 30  # of their arrays
FEW = 8  # programs that stay however large they are: those of an epoch's training and validation


def simplified_for(
    executor_name: str, graph: Graph, also: Sequence[Value] = ()
) -> tuple[Graph, list[Value]]:
    """A traced graph, simplified, as an executor can compute it; and what stands for other values of
    it there."""
    if not has_halves(executor_name):
        graph, also = without_halves(graph, also)
    simple, also = simplified(graph, also)
    dtypes = narrow_products(executor_name)
    if dtypes is not None and any(map(_is_narrow, simple.nodes)):
        simple, also = narrowed(simple, also, dtypes)
    if any(node.op.prune is not None for node in simple.nodes):
        simple, also = pruned(simple, also)
    if plan_options(executor_name)[0] and simple.large(again.FROM) > 1:
        return again.repeated(simple, also)
    return simple, list(also)


def _is_narrow(node: Node) -> bool:
    """Whether a node rounds to halves, or multiplies whole numbers: where neither is, no product is one of narrow
    numbers."""
    known = node.op.known
    return known == "rounded" or (known == "dot" and "float" not in node.specs[0].dtype)


def planned_for(executor_name: str, graph: Graph, traced: Traced) -> Plan:
    """The plan of a traced function's simplified graph, with the executor's options."""
    heads, apart = plan_options(executor_name)
    return plan(fuse(graph, heads, rows=heads), len(traced.variables), traced.written, apart)


class Arguments(Protocol):
    """What fills a program's inputs: a batch of data, or the part of one that a process has."""

    def part(self, rows: slice | np.ndarray) -> Arguments:
        """Some of the rows."""
        ...

    def write(self, buffers: Sequence[np.ndarray]) -> None:
        """Write the leaves in order, cast where dtypes differ."""
        ...


class Compiled:
    """A program bound to the storage of its variables.

    `inputs` are arrays of the program: write the arguments there (their leaves in the order of
    `trees.flatten`), then call. What a call gives are arrays of the program too: valid until the next call.
    """

    def __init__(self, traced: Traced, executor_name: str, batched: bool = False) -> None:
        """batched: whether the inputs are a batch, which the distribution in use may split."""
        stores = [v.store for v in traced.variables]
        graph = simplified_for(executor_name, traced.graph)[0]
        planned = planned_for(executor_name, graph, traced)
        self.traced = traced
        self.graph = graph
        self.executor = executor_name
        spread = spread_of(planned.inputs, traced.variables, executor_name, batched)
        self.program = load(executor_name, planned, stores, num_threads, spread)
        self.inputs: list[np.ndarray] = self.program.inputs
        self.lock = Guard()  # a program's buffers serve one call at a time
        held = self.program.held
        self._touched = [traced.variables[i] for i in traced.written if i not in held]
        self._held = [traced.variables[i] for i in sorted(held)]
        self._stores = [store for i, store in enumerate(stores) if i not in held]
        constants = [v.data for v in graph.constants if v.data is not None]
        held = [*self.program.inputs, *self.program.outputs, *constants]
        self.nbytes = planned.arena + sum(array.nbytes for array in held)

    def __call__(self) -> Any:
        """Run on what is in `inputs`; the result in the function's structure, of NumPy arrays."""
        return self._filled(self.program)

    def on(self, array: np.ndarray) -> Any:
        """The same on one array: it is read where it lies, or copied into `inputs`, cast where dtypes differ."""

        def run() -> list[np.ndarray]:
            outputs = self.program.on(array)
            if outputs is None:
                np.copyto(self.inputs[0], array, casting="unsafe")
                outputs = self.program()
            return outputs

        return self._filled(run)

    def _filled(self, run: Callable[[], list[np.ndarray]]) -> Any:
        self._bring()
        self._touch()  # now too: Ctrl-C may come to what is last
        try:
            outputs = run()
        finally:
            self._touch()
        return fill(self.traced.result, outputs)

    def fill(self, batch: Arguments) -> None:
        """Write a batch into `inputs`: of one that is split among processes this one's rows."""
        rows = self.program.rows
        (batch if rows is None else batch.part(rows)).write(self.inputs)

    def many(self, steps: int, rows: Sequence[Rows]) -> ManySteps | None:
        """Run many steps at once on rows of arrays; None where the executor runs step by step."""
        if not self.program.runs_many:
            return None
        kept = [kept_of(a, steps) for a in self.program.outputs]
        progress = self.program.many(steps, rows, kept)
        return None if progress is None else ManySteps(self, steps, kept, progress)

    def _bring(self) -> None:
        """Where another executor left newer values on a device, a program that reads arrays needs
        them there."""
        if not self.program.away:
            for store in self._stores:
                store.host()

    def _touch(self) -> None:
        if self.program.away:
            for variable in self._touched:
                variable.moved()
        else:
            touch(self._touched)
            self.program.mark()
            for variable in self._held:
                variable.moved()


class ManySteps:
    """A run of `steps` steps. Iterate for the number of steps that are done, now and then; close it
    to end after the present step. `kept`: what the steps gave, by output and step."""

    def __init__(
        self, compiled: Compiled, steps: int, kept: list[np.ndarray], progress: Progress
    ) -> None:
        self._compiled, self.steps, self.kept, self._progress = compiled, steps, kept, progress

    def __iter__(self) -> Generator[int]:
        with self._compiled.lock.held():
            self._compiled._bring()
            self._compiled._touch()
            try:
                for done in self._progress:
                    yield done
                    self._compiled._touch()  # what was read meanwhile
            finally:
                self._progress.close()
                self._compiled._touch()

    def results(self, steps: int | slice = slice(None)) -> Any:
        """What the steps gave, in the function's structure: of one step, or arrays of several."""
        return self.filled([a[steps] for a in self.kept])

    def filled(self, outputs: list[np.ndarray]) -> Any:
        """The function's structure with these in the places of its outputs."""
        return fill(self._compiled.traced.result, outputs)


class Programs:
    """What a model or a function was compiled for, the least recently used let go first.

    A program that is let go while somebody runs it lives until that run is over. Everything it held is
    free then; it is made again when it is asked for. most: bytes of all their arrays; None: BYTES.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Compiled] = OrderedDict()

    def get(self, key: Hashable) -> Compiled | None:
        """A program, which so is the last one used; None where there is none."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Hashable, program: Compiled) -> Compiled:
        """Keep a program, and let go of others where there are too many."""
        self._kept[key] = program
        most = BYTES if self._most is None else self._most
        total = sum(kept.nbytes for kept in self._kept.values())
        while len(self._kept) > MOST or (len(self._kept) > FEW and total > most):
            total -= self._kept.popitem(last=False)[1].nbytes
        return program

    def clear(self) -> None:
        """Let go of all."""
        self._kept.clear()

    def items(self) -> Iterator[tuple[Any, Compiled]]:
        """Keys and programs, the one used last at the end."""
        return iter(list(self._kept.items()))

    def __len__(self) -> int:
        return len(self._kept)


def compile_function(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Compiled:
    """Trace `function` with Specs for its arrays, and load it on the executor in use."""
    return Compiled(trace(function, *args, **kwargs), executor())
