"""The batches of one epoch through a step: in one run, in a run for each execution, or one by one; and what is
kept of their results."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from narae.base import trees
from narae.base.errors import warn_user
from narae.base.language import tr
from narae.models.data.batches import Batch, Source
from narae.models.training.step_programs import StepPrograms, as_floats
from narae.models.training.trainable import Kind, Logs

if TYPE_CHECKING:
    from narae.base.types import Tensors
    from narae.callbacks import CallbackList
    from narae.engine.compiled import ManySteps

_STOPS: dict[Kind, str] = {
    "train": "stop_training",
    "test": "stop_evaluating",
    "predict": "stop_predicting",
}


class Way(Enum):
    """How batches reach the program. All ways give the same numbers; what a run leaves over goes one by one."""

    EPOCH = "all whole batches in one run: nobody looks at single batches"
    EXECUTION = "a run for each execution of `steps_per_execution` batches, hooks around it"
    BATCH = "a call of the program for each batch, hooks around each execution"


class Results:
    """The last step's result, which is all that is read of an evaluation."""

    last: Any = None
    looks = False  # whether `saw` is called

    def take(self, result: Tensors) -> Any:
        """Keep a step's result, of arrays that the next step writes to again; what is kept."""
        self.last = result
        return result

    def takes(self, run: ManySteps) -> bool:
        """Whether what a run of many steps gives can be kept."""
        return True

    def take_run(self, run: ManySteps) -> None:
        """Keep what a run has given, now that it is over."""
        self.last = run.results(run.steps - 1)

    def saw(self, results: Logs | Tensors, first: int) -> None:
        """Look at what a step gave, or several did from step `first` on."""

    def logs(self, run: ManySteps, step: int) -> Logs:
        """What the progress bar shows of a step of a run."""
        return as_floats(run.results(step))


class NanWatch:
    """Warns once, for all epochs of a fit, when the loss is no number."""

    def __init__(self) -> None:
        self._warned = False

    def look(self, logs: Mapping[str, Any], epoch: int, first: int) -> None:
        """logs: of one step, or of several from `first` on."""
        found = logs.get("loss") if isinstance(logs, dict) else None
        losses = np.asarray(0.0 if found is None else found)
        if self._warned or losses.ndim > 1 or not np.isnan(losses).any():
            return
        self._warned = True
        step = first + int(np.isnan(losses).argmax())
        warn_user(
            tr(
                "The loss became NaN at epoch {epoch}, step {step}: from here on nothing is learned. "
                "Usual causes: NaN in the data (np.isnan(x).any()), inputs that were not scaled, a "
                "learning rate too high. callbacks.TerminateOnNaN() stops at once.",
                epoch=epoch + 1,
                step=step + 1,
            ),
            RuntimeWarning,
        )


class TrainingResults(Results):
    """The last step's logs of an epoch of training, all of which are looked at for NaN."""

    looks = True

    def __init__(self, watch: NanWatch, epoch: int) -> None:
        self._watch, self._epoch = watch, epoch

    def saw(self, results: Logs | Tensors, first: int) -> None:
        """Look for a loss that is no number."""
        self._watch.look(cast("Logs", results), self._epoch, first)


class EpochRun:
    """Runs the step of one kind over a source's batches.

    Hooks are called once for each execution, of `model.steps_per_execution` batches: before the
    first, and after the last with its results. check(batch): validates a batch before it runs.
    results: keeps what the steps give.
    """

    def __init__(
        self,
        programs: StepPrograms,
        kind: Kind,
        source: Source,
        callbacks: CallbackList,
        results: Results,
        check: Callable[[Batch], None] = lambda batch: None,
    ) -> None:
        self._programs, self._source = programs, source
        self._kind: Kind = kind
        self.results, self._check = results, check
        self._size = programs.model.steps_per_execution
        self._parts: list[Any] = []  # what the steps of an execution of predict gave
        self._hooked = callbacks.wants_batches
        self._begin = getattr(callbacks, f"on_{kind}_batch_begin")
        self._end = getattr(callbacks, f"on_{kind}_batch_end")
        self.done = 0  # batches

    def run(self, epoch: int) -> bool:
        """All batches from the present one on; whether there was any in the epoch."""
        way = self._way()
        if way is not Way.BATCH:
            self._check(self._source.peek())
            self._in_runs(epoch, None if way is Way.EPOCH else self._size)
        return self._one_by_one(epoch) or self.done > 0

    def _way(self) -> Way:
        if self.done or self._stopped() or self._source.arrays() is None:
            return Way.BATCH
        if not self._hooked:
            return Way.EPOCH
        # hooks of predict are given the outputs of each batch
        runs = self._size > 1 and self._kind != "predict"
        return Way.EXECUTION if runs else Way.BATCH

    def _in_runs(self, epoch: int, size: int | None) -> None:
        """Whole batches in runs of `size` with hooks around each; all in one for None."""
        while not self._stopped():
            running = self._programs.many(self._kind, self._source, epoch, self.done, size)
            if running is None or not self.results.takes(running):
                return
            if size is not None:
                self._begin(self.done)
            self._finish(running, hooked=size is not None)
            if size is None:
                return

    def _finish(self, running: ManySteps, hooked: bool) -> None:
        """A run to its end, then its hook; without hooks the progress bar shows meanwhile what is done."""
        first, seen = self.done, 0
        with contextlib.closing(iter(running)) as progress:
            for done in itertools.chain(progress, [running.steps]):
                if done <= seen:
                    continue
                if self.results.looks:
                    self.results.saw(running.results(slice(seen, done)), first + seen)
                seen = done
                if not hooked:
                    self._end(done - 1, lambda last=done - 1: self.results.logs(running, last))
        self.results.take_run(running)
        self.done = first + running.steps
        if hooked:
            self._end_execution(self.done - 1)

    def _one_by_one(self, epoch: int) -> bool:
        """Step by step; whether the epoch has batches."""
        if self.done and self._stopped():
            return True
        number, open_ = -1, False
        for number, batch in enumerate(self._source.epoch(epoch)):
            if number < self.done:
                continue
            if self._hooked and not open_:
                self._begin(number)
            self._check(batch)
            result = self._programs.run(self._kind, batch, self.results.take)
            if self.results.looks:
                self.results.saw(result, number)
            if self._kind == "predict" and self._hooked:
                self._parts.append(result)
            open_ = number % self._size < self._size - 1
            if not open_:
                self._end_execution(number)
                if self._stopped():
                    break
        if open_:  # as Keras counts: an execution that the data did not fill ends where it would
            self._end_execution(number - number % self._size + self._size - 1)
        return number >= 0

    def _stopped(self) -> bool:
        return bool(getattr(self._programs.model, _STOPS[self._kind]))

    def _end_execution(self, number: int) -> None:
        result, parts = self.results.last, self._parts
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
