"""The losses that `compile` was given, matched to the model's outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from narae import losses as losses_module
from narae.base import trees
from narae.metrics import Mean


class CompiledLoss:
    """One loss for one output, or a nest of them: the weighted sum.

    Raises ValueError when the losses do not fit the outputs, naming both.
    """

    def __init__(
        self, loss: Any, weights: Any, output_names: Callable[[], list[str] | None]
    ) -> None:
        self._given, self._weights, self._names = loss, weights, output_names
        self._single = not isinstance(loss, (list, tuple, dict))
        if self._single and isinstance(weights, (list, tuple)) and len(weights) == 1:
            self._weights = weights[0]
        # unknown names are told at compile, not at the first step
        self._losses = trees.map_tree(lambda one: None if one is None else _wrapped(one), loss)
        self._trackers: list[Mean] = []
        self._seen: list[tuple[Any, tuple[int, ...]]] = []  # each loss with its predictions' shape

    def trackers(self) -> list[Mean]:
        """Mean losses of the outputs singly, when there are several."""
        return self._trackers

    def losses(self) -> list[Any]:
        """The losses, flat."""
        return trees.flatten(self._losses)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        rows = list(self.rows(y_true, y_pred, sample_weight))
        if len(rows) > 1 and not self._trackers:
            self._trackers = [Mean(name=f"{row[0]}_loss") for row in rows]
        total: Any = None
        self._seen = [(row[1], row[4].shape) for row in rows]
        for i, (_, loss, weight, true, pred, sample) in enumerate(rows):
            value = loss(true, pred, sample_weight=sample)
            if len(rows) > 1:
                leaf = trees.flatten(pred)[0]
                self._trackers[i].update_state(
                    value, sample_weight=float(leaf.shape[0] if leaf.shape else 1)
                )
            value = value if weight is None else value * weight
            total = value if total is None else total + value
        if total is None:
            raise ValueError("compile(loss=...) holds no loss: every entry is None")
        return total

    def validate(self, y_true: Any) -> None:
        """Check label arrays against the predictions' shapes that the last call saw. Raises ValueError."""
        leaves = [leaf for leaf in trees.flatten(y_true) if leaf is not None]
        if len(leaves) != len(self._seen):
            return  # outputs without a loss among them: which array is whose is known by name only
        for (loss, shape), labels in zip(self._seen, leaves, strict=True):
            check = getattr(loss, "validate", None)
            if check is not None:
                check(np.asarray(labels), shape)

    def rows(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
        """(name, loss, weight, y_true, y_pred, sample_weight) for each output that has a loss."""
        outputs = trees.flatten(y_pred)
        names = self._output_names(y_pred, len(outputs))
        losses = aligned(self._losses, y_pred, names, "loss")
        weights = aligned(self._weights, y_pred, names, "loss_weights")
        trues = aligned_data(y_true, y_pred, names, "y")
        samples = aligned_data(sample_weight, y_pred, names, "sample_weight", shared=True)
        for row in zip(names, losses, weights, trues, outputs, samples, strict=True):
            if row[1] is not None:
                yield row

    def _output_names(self, y_pred: Any, count: int) -> list[str]:
        names = self._names()
        if isinstance(y_pred, dict):
            return sorted(y_pred)
        if names is not None and len(names) == count:
            return names
        return [f"output_{i}" for i in range(count)]


def _wrapped(loss: Any) -> Any:
    found = losses_module.get(loss)
    if isinstance(found, losses_module.Loss):
        return found
    if not callable(found):
        raise ValueError(f"a loss is a name, a Loss or a function (y_true, y_pred), got {loss!r}")
    return losses_module.LossFunctionWrapper(found, name=getattr(found, "__name__", "loss"))


def aligned(given: Any, y_pred: Any, names: list[str], what: str) -> list[Any]:
    """One entry per output from a single thing, a list in order, or a dict by output names."""
    count = len(names)
    if given is None:
        return [None] * count
    if isinstance(given, dict):
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(
                f"compile({what}=...) names {unknown}, the model's outputs are named {names}"
            )
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        if len(given) != count and not (count == 1 and what == "metrics"):
            raise ValueError(
                f"compile({what}=...) has {len(given)} entries, the model has {count} output(s) {names}"
            )
        return list(given)
    return [given] * count


def aligned_data(
    given: Any, y_pred: Any, names: list[str], what: str, shared: bool = False
) -> list[Any]:
    """One array per output from an array, a list in order, or a dict by output names."""
    count = len(names)
    if given is None:
        return [None] * count
    if isinstance(given, dict):
        if count == 1 and len(given) == 1 and not isinstance(y_pred, dict):
            return list(given.values())
        missing = [name for name in names if name not in given]
        if missing and not shared and len(missing) == count:
            raise ValueError(
                f"{what} is a dict with {sorted(given)}, the model's outputs are named {names}"
            )
        return [given.get(name) for name in names]
    leaves = trees.flatten(given)
    if len(leaves) == 1 and (shared or count == 1):
        return leaves * count
    if len(leaves) != count:
        raise ValueError(
            f"{what} has {len(leaves)} array(s), the model has {count} output(s) {names}"
        )
    return leaves
