"""The batches of an epoch, in executions: runs of several steps, with hooks around each."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from narae.base import trees
from narae.models.training.steps import as_floats

_STOPS = {"train": "stop_training", "test": "stop_evaluating", "predict": "stop_predicting"}


class Executions:
    """Runs the steps of one kind over a source's batches.

    Hooks are called once for each execution, of `model.steps_per_execution` batches: before the
    first, and after the last with its results. Where no callback has a hook of batches, all batches
    of arrays are one run.

    check(batch): what has to be said of a batch before it runs. watch(results, first): sees what
    a step gave, or what several did, from a step on. take(result): what to keep of a single step's.
    """

    def __init__(
        self,
        model: Any,
        kind: str,
        source: Any,
        callbacks: Any,
        check: Callable[[Any], None] = lambda batch: None,
        watch: Callable[[Any, int], None] | None = None,
        take: Callable[[Any], Any] | None = None,
    ) -> None:
        self._model, self._kind, self._source = model, kind, source
        self._check, self._watch, self._take = check, watch, take
        self._size = model.steps_per_execution
        self._stop = _STOPS[kind]
        self._parts: list[Any] = []  # what the steps of an execution of predict gave
        self._wanted = callbacks.wants_batches
        self._begin = getattr(callbacks, f"on_{kind}_batch_begin")
        self._end = getattr(callbacks, f"on_{kind}_batch_end")
        self.out: Any = None  # the last step's result
        self.done = 0  # batches

    def run(self, epoch: int) -> bool:
        """All batches from the present one on; whether there was any in the epoch."""
        # the outputs of predict are kept by batches: `loops.predict` asks for whole runs itself
        whole = not self.done and self._kind != "predict" and not self._stopped()
        if whole and hasattr(self._source, "rows"):
            if not self._wanted:
                self._at_once(epoch)
            elif self._size > 1:
                self._in_runs(epoch)
        return self._one_by_one(epoch) or self.done > 0

    def _at_once(self, epoch: int) -> None:
        """All whole batches in one run, where the executor has such a run."""
        self._check(self._source.peek())
        found = self._model._steps().many(self._kind, self._source, epoch)
        if found is not None:
            running, count = found
            self._finish(running, count, 0, self._end)

    def _in_runs(self, epoch: int) -> None:
        """Executions of whole batches, each as a run."""
        steps, size = self._model._steps(), self._size
        self._check(self._source.peek())
        while not self._stopped():
            found = steps.many(self._kind, self._source, epoch, self.done, size)
            if found is None:
                return
            self._begin(self.done)
            running, count = found
            self._finish(running, count, self.done, None)
            self._tell(self.done - 1)

    def _finish(self, running: Any, steps: int, first: int, tell: Any) -> None:
        """A run to its end. tell: a batch's hook for what is done now and then, for a progress bar."""
        seen = 0
        with contextlib.closing(iter(running)) as progress:
            for done in itertools.chain(progress, [steps]):
                if done <= seen:
                    continue
                if self._watch is not None:
                    self._watch(running.results(slice(seen, done)), first + seen)
                seen = done
                if tell is not None:
                    tell(done - 1, lambda last=done - 1: as_floats(running.results(last)))
        self.out, self.done = running.results(steps - 1), first + steps

    def _one_by_one(self, epoch: int) -> bool:
        """Step by step; whether the epoch has batches."""
        if self.done and self._stopped():
            return True
        number, open_ = -1, False
        for number, batch in enumerate(self._source.epoch(epoch)):
            if number < self.done:
                continue
            if self._wanted and not open_:
                self._begin(number)
            self._check(batch)
            self.out = self._model._steps().run(self._kind, batch, self._take)
            if self._watch is not None:
                self._watch(self.out, number)
            if self._kind == "predict" and self._wanted:
                self._parts.append(self.out)
            open_ = number % self._size < self._size - 1
            if not open_:
                self._tell(number)
                if self._stopped():
                    break
        if open_:  # as Keras counts: an execution that the data did not fill ends where it would
            self._tell(number - number % self._size + self._size - 1)
        return number >= 0

    def _stopped(self) -> bool:
        return bool(getattr(self._model, self._stop))

    def _tell(self, number: int) -> None:
        """The hook at an execution's end."""
        result, parts = self.out, self._parts
        self._parts = []
        if self._kind == "predict":
            self._end(number, lambda: {"outputs": _joined(parts)})
        else:
            self._end(number, lambda: as_floats(result))


def _joined(parts: list[Any]) -> Any:
    """The outputs of several batches, one after the other."""
    if len(parts) < 2:
        return parts[0] if parts else None
    leaves = zip(*map(trees.flatten, parts), strict=True)
    return trees.pack_as(parts[0], [np.concatenate(leaf) for leaf in leaves])
