"""The outputs of `predict`, gathered as they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base import trees
from narae.base.language import tr
from narae.models.training.epoch_run import Results
from narae.models.training.trainable import Logs

if TYPE_CHECKING:
    from narae.base.types import Tensors, Tree
    from narae.engine.compiled import ManySteps


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
        rows = [a.reshape(a.shape[0] * a.shape[1], *a.shape[2:]) for a in run.kept]
        self.take(run.filled(rows))

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
            raise ValueError(tr("predict got no data: the source gave no batch"))
        leaves = self._written() or [
            np.concatenate([np.atleast_1d(part) for part in parts])
            for parts in zip(*self._parts, strict=True)
        ]
        return trees.pack_as(self._tree, list(leaves))
