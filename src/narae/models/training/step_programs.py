"""A model's steps as programs: traced and compiled once per kind of step and shape of batch, forgotten where
something has changed that they were made for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from narae.base import changes, trees
from narae.base.context import Guard
from narae.base.dtypes import is_float
from narae.base.errors import warn_user
from narae.base.language import tr
from narae.base.settings import floatx
from narae.distributed.distribution import distribution
from narae.engine.compiled import Compiled, ManySteps, Programs
from narae.engine.config import executor
from narae.engine.trace import Traced, trace
from narae.graph.ir import Spec
from narae.models.data.batches import Batch, Source, Specs
from narae.models.data.checks import spec_of
from narae.models.training import compiled_call
from narae.models.training.dependencies import Dependencies, is_own, is_plain
from narae.models.training.trainable import Kind, Logs, Trainable
from narae.tensor.tensor import Tensor, as_tensor

if TYPE_CHECKING:
    from narae.base.types import Tensors

T = TypeVar("T")

_SHAPES = 4096  # that a model was called on: as many are remembered
_OFTEN = 5  # times in a row that a step is compiled anew before a warning


class StepPrograms:
    """Runs a model's train, test and predict steps on batches, traced once per shape of batch.

    `refresh` before a run of steps: programs do not look themselves whether they still hold.
    """

    def __init__(self, model: Trainable) -> None:
        self.model = model
        self._programs = Programs()
        # by kind of step: specs, whether they are wrapped, their program
        self._latest: dict[Kind, tuple[Specs, bool, Compiled]] = {}
        self._making = Guard()  # two threads must not build one model at once
        self._state: Any = None
        self._plain = False
        self._seen: Any = None  # the changes, optimizer and mode that `_state` was taken at
        self._called: dict[Any, Specs] = {}  # shapes that the model was called on: their specs
        self._depends: Dependencies | None = (
            None  # what the programs' steps read while they were traced
        )
        self._again = 0  # how often in a row that had changed

    def refresh(self) -> None:
        """Forget programs that were made for another state of the model: trainable flags, the optimizer, and
        settings of all that its steps are made of."""
        self.refresh_dependencies()
        self._refresh_state()

    def refresh_dependencies(self) -> None:
        """Forget programs where something has changed that their steps read. Warns where that comes each time."""
        where = self._forget_outdated()
        self._again = self._again + 1 if where else 0
        if self._again == _OFTEN:
            warn_user(
                tr(
                    "{name!r} is compiled anew at every call, since {where} has changed each time: make it a "
                    "narae.Variable, or compute with it outside of the model",
                    name=self.model.name,
                    where=where,
                )
            )

    def _forget_outdated(self) -> str:
        """Where something has changed; empty where nothing has."""
        if self._depends is None or self._depends.same():
            return ""
        with self._making.held():
            new = Dependencies(self.model)
            where, self._depends = self._depends.changed(new), new
            if where:
                self._forget()
        return where

    def _forget(self) -> None:
        self._programs.clear()
        self._latest.clear()
        self._called.clear()

    def _refresh_state(self) -> None:
        model = self.model
        spread = distribution()
        seen = (changes.count(), id(model.optimizer), model.run_eagerly, spread)
        if seen == self._seen:
            return
        with self._making.held():
            flags = tuple((id(v), v.trainable) for v in model.variables)
            layers = tuple(
                (id(layer), layer.trainable, 0 if layer is model else layer._settings)
                for layer in model._flatten_layers()
            )
            state = (flags, layers, id(model.optimizer), model.run_eagerly, spread)
            if self._state is not None and state != self._state:
                self._forget()
            self._state = state
            own = all(map(is_own, model._flatten_layers()))
            self._seen = seen if own else None  # others may hold layers in lists that grow unseen
            self._plain = own and is_plain(model)

    def call(self, array: np.ndarray, take: Callable[[Any], T]) -> T | None:
        """The model's outputs for an array by the compiled predict step; None where it is to be
        called as it is: at the first call for a shape, and where more than numbers may come of it.

        take: as in `run`.
        """
        self._refresh_state()
        if not self._plain or self.model.run_eagerly:
            return None
        key = (array.shape, array.dtype)
        specs = self._called.get(key)
        if specs is None:
            if spec_of(array) is not None and array.ndim:
                if len(self._called) >= _SHAPES:
                    self._called.clear()
                self._called[key] = (spec_of(array), None, None)
            return None
        batch = compiled_call.ArrayBatch(array, specs)
        compiled = self.program("predict", batch)
        if compiled.program.rows is not None:  # this process has a part of them
            return self.run("predict", batch, take)
        with compiled.lock.held():
            return take(compiled.on(array))

    def run(self, kind: Kind, batch: Batch, take: Callable[[Any], T] | None = None) -> T | Any:
        """The step's result for a batch: NumPy arrays that are valid until the next step, or tensors when
        the model runs eagerly.

        take: what to make of the result before another thread may take its step.
        """
        if self.model.run_eagerly:
            result = self._eager(kind, batch)
            return result if take is None else take(result)
        compiled = self.program(kind, batch)
        with compiled.lock.held():
            compiled.fill(batch)
            result = compiled()
            return result if take is None else take(result)

    def many(
        self, kind: Kind, source: Source, epoch: int, first: int = 0, count: int | None = None
    ) -> ManySteps | None:
        """Whole batches of an epoch of arrays as one run: all, or `count` of them from one on. None where there
        is no such run (an executor that runs step by step, eager models), or there are not that many."""
        found = None if self.model.run_eagerly else source.rows(epoch)
        if found is None or source.batch_size is None:
            return None
        rows, there = found
        steps = there if count is None else count
        if steps < 2 or first + steps > there:
            return None
        begin = first * source.batch_size
        rows = [replace(r, start=r.start + begin) for r in rows]
        return self.program(kind, source.peek()).many(steps, rows)

    def program(self, kind: Kind, batch: Batch) -> Compiled:
        """The program of a step for batches of this shape."""
        specs, wrapped = batch.specs(), batch.wrapped
        latest = self._latest.get(kind)
        if latest is not None and latest[1] is wrapped and _alike(latest[0], specs):
            return latest[2]
        key = (kind, repr(specs), wrapped)
        with self._making.held():
            found = self._programs.get(key)
            if found is None:
                self._forget_outdated()  # programs of before hold no more where something has changed
                compiled = Compiled(self.traced(kind, specs, wrapped), executor(), True)
                found = self._programs.put(key, compiled)
                # tracing may have built layers and optimizer, and set what it reads
                self._state = self._seen = None
                self._refresh_state()
                self._depends = Dependencies(self.model)
            self._latest[kind] = (specs, wrapped, found)
        return found

    def traced(self, kind: Kind, specs: Specs, wrapped: bool = False) -> Traced:
        """The trace of a step for batches of these specs."""
        data = packed(trees.map_tree(fed_as, specs), wrapped)
        try:
            return trace(getattr(self.model, f"{kind}_step"), data)
        finally:
            self.model._clear_losses()  # penalties of a trace have no numbers

    def items(self) -> list[tuple[Kind, Compiled]]:
        """Every kind of step and program there is, the one used last at the end."""
        with self._making.held():
            return [(key[0], compiled) for key, compiled in self._programs.items()]

    def _eager(self, kind: Kind, batch: Batch) -> Any:
        if distribution() is not None:
            raise ValueError(
                tr(
                    "a model that runs eagerly runs on one device, and a distribution is in use: compile it "
                    "without run_eagerly=True"
                )
            )

        def fed(leaf: np.ndarray | None) -> Tensor | None:
            if leaf is None:
                return None
            array = np.asarray(leaf)
            name = as_tensor(array[:0]).dtype
            return as_tensor(array, floatx() if is_float(name) else None)

        data = packed(trees.map_tree(fed, batch.tree()), batch.wrapped)
        return getattr(self.model, f"{kind}_step")(data)


def _alike(a: Specs, b: Specs) -> bool:
    """Whether two nests of specs are the same, with their kinds of containers and the order of keys. Sources
    of arrays give the same object again."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_alike, a, b))
    return a == b


def packed(tree: tuple[Tensors | Specs, ...], wrapped: bool = False) -> Any:
    """What a step gets of (x, y, sample_weight): x alone, (x, y), or all three.

    wrapped: whether the source gave (x,) and not x.
    """
    x, y, sample_weight = tree
    if y is None and sample_weight is None:
        return (x,) if wrapped or isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def fed_as(spec: Spec | None) -> Spec | None:
    """What a program takes for data of a spec: floats in floatx, all else as it is."""
    if isinstance(spec, Spec) and is_float(spec.dtype) and spec.dtype != floatx():
        return Spec(spec.shape, floatx())
    return spec


def as_floats(logs: Mapping[str, Any]) -> Logs:
    """A step's result as plain numbers by name (arrays where a metric is not a scalar), in the
    order that Keras gives. What a metric gives by names, as `compile_metrics` does in
    `{m.name: m.result() for m in self.metrics}`, stands beside the others, as in Keras."""
    if not isinstance(logs, dict):
        raise TypeError(
            tr(
                "a train_step or test_step returns a dict of metrics by name, got {kind}",
                kind=type(logs).__name__,
            )
        )
    found: dict[str, Any] = {}
    for name in sorted(logs):
        value = logs[name]
        found.update(as_floats(value) if isinstance(value, dict) else {name: _number(value)})
    return found


def _number(value: Tensors) -> float | np.ndarray:
    array = np.asarray(value)
    return array.item() if array.size == 1 else array.copy()
