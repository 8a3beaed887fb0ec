"""What is kept of the steps' results: the last logs, of training with a look at NaN, or all outputs of predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from narae.base import trees
from narae.base.warn import warn_user
from narae.models.training.step_programs import as_floats
from narae.models.training.trainable import Logs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from narae.base.types import Tensors, Tree
    from narae.engine.compiled import ManySteps


class Results:
    """The last step's result, which is all that is read of an evaluation."""

    last: Any = None

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
            f"The loss became NaN at epoch {epoch + 1}, step {step + 1}: from here on nothing is learned. Usual "
            "causes: NaN in the data (np.isnan(x).any()), inputs that were not scaled, a learning rate too "
            "high. callbacks.TerminateOnNaN() stops at once.",
            RuntimeWarning,
        )


class TrainingResults(Results):
    """The last step's logs of an epoch of training, all of which are looked at for NaN."""

    def __init__(self, watch: NanWatch, epoch: int) -> None:
        self._watch, self._epoch = watch, epoch

    def saw(self, results: Logs | Tensors, first: int) -> None:
        """Look for a loss that is no number."""
        self._watch.look(cast("Logs", results), self._epoch, first)


class Predictions(Results):
    """The batches' outputs, written into arrays of the final size where that is known.

    samples: of all batches, None while unknown; batch_size: None where the batches come ready-made.
    """

    def __init__(self, samples: int | None, batch_size: int | None) -> None:
        self._samples, self._size = samples, batch_size
        self._tree: Any = None
        self._whole: list[np.ndarray] = []
        self._parts: list[list[np.ndarray]] = []
        self._done = 0

    def take(self, result: Tensors) -> Any:
        """Keep outputs of a batch, or of whole batches (copied: a program's buffers are written again); what is
        kept."""
        leaves = [np.asarray(leaf) for leaf in trees.flatten(result)]
        if self._tree is None:
            self._tree = result
            if self._samples is not None and self._by_rows(leaves):
                self._whole = [np.empty((self._samples, *a.shape[1:]), a.dtype) for a in leaves]
        if self._whole and not self._fit(leaves):
            self._parts = [self._written()]
            self._whole = []
        if not self._whole:
            self._parts.append([leaf.copy() for leaf in leaves])
            return trees.pack_as(result, self._parts[-1])
        size = leaves[0].shape[0]
        kept = [whole[self._done : self._done + size] for whole in self._whole]
        for rows, leaf in zip(kept, leaves, strict=True):
            rows[...] = leaf
        self._done += size
        return trees.pack_as(result, kept)

    def takes(self, run: ManySteps) -> bool:
        """Whether all outputs have a row for each sample."""
        return all(a.ndim > 1 and a.shape[1] == self._size for a in run.kept)

    def take_run(self, run: ManySteps) -> None:
        """Keep the outputs of all steps, one after the other."""
        self.take(run.filled([a.reshape(-1, *a.shape[2:]) for a in run.kept]))

    def logs(self, run: ManySteps, step: int) -> Logs:
        """Nothing: outputs are no logs."""
        return {}

    def _by_rows(self, leaves: Sequence[np.ndarray]) -> bool:
        """Whether outputs have a row for each sample: of one batch, or of whole batches."""
        size = min(self._size or 1, self._samples or 0)
        return all(leaf.ndim and leaf.shape[0] and not leaf.shape[0] % size for leaf in leaves)

    def _fit(self, leaves: Sequence[np.ndarray]) -> bool:
        """Whether outputs go on where the others ended."""
        end = self._done + (leaves[0].shape[0] if leaves[0].ndim else 0)
        pairs = zip(leaves, self._whole, strict=True)
        return all(
            leaf.shape == (end - self._done, *whole.shape[1:]) and end <= len(whole)
            for leaf, whole in pairs
        )

    def _written(self) -> list[np.ndarray]:
        return [whole[: self._done] for whole in self._whole]

    def joined(self) -> Tree[np.ndarray]:
        """All outputs in the model's structure. Raises ValueError where there are none."""
        if self._tree is None:
            raise ValueError("predict got no data: the source gave no batch")
        leaves = self._written() or [
            np.concatenate([np.atleast_1d(part) for part in parts])
            for parts in zip(*self._parts, strict=True)
        ]
        return trees.pack_as(self._tree, list(leaves))
