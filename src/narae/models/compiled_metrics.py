"""The metrics that `compile` was given, matched to the model's outputs at the first batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from narae import losses, metrics
from narae.base import trees
from narae.models.compiled_loss import aligned_data


class CompiledMetrics:
    """Metrics per output, weighted ones among them. "accuracy" becomes the kind that fits the shapes.

    Raises ValueError for unknown names, and for entries that do not fit the outputs.
    """

    def __init__(
        self, plain: Any, weighted: Any, output_names: Callable[[], list[str] | None], loss: Any
    ) -> None:
        self._given = [(plain, False), (weighted, True)]
        self._names, self._loss = output_names, loss
        for given, _ in self._given:
            if given is not None and not isinstance(given, (list, tuple, dict)):
                raise ValueError(
                    f"compile(metrics=...) takes a list (or a dict by output names), got {given!r}"
                )
            for one in _singles(given):
                _check(one)  # unknown names are told at compile
        self._rows: list[tuple[int, str, Any, bool]] | None = None

    def metrics(self) -> list[Any]:
        """The metric objects, once the first batch was seen (those given as objects: always)."""
        if self._rows is None:
            return [
                m
                for given, _ in self._given
                for m in _singles(given)
                if isinstance(m, metrics.Metric)
            ]
        return [row[2] for row in self._rows]

    def update(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        """Count a batch."""
        preds = trees.flatten(y_pred)
        names = self._output_names(y_pred, len(preds))
        trues = aligned_data(y_true, y_pred, names, "y")
        samples = aligned_data(sample_weight, y_pred, names, "sample_weight", shared=True)
        if self._rows is None:
            self._rows = list(self._made(names, trues, preds))
            if len(names) > 1:  # as Keras lists what evaluate gives
                self._rows.sort(key=lambda row: row[1])
        for i, _, metric, weighted in self._rows:
            if trues[i] is not None:
                weight = samples[i] if weighted else None
                metric.update_state(trues[i], preds[i], sample_weight=weight)

    def results(self) -> dict[str, Any]:
        """The results by name."""
        logs: dict[str, Any] = {}
        for _, name, metric, _ in self._rows or []:
            result = metric.result()
            logs.update(result if isinstance(result, dict) else {name: result})
        return logs

    def _output_names(self, y_pred: Any, count: int) -> list[str]:
        names = self._names()
        if isinstance(y_pred, dict):
            return sorted(y_pred)
        return (
            names
            if names is not None and len(names) == count
            else [f"output_{i}" for i in range(count)]
        )

    def _made(self, names: list[str], trues: list[Any], preds: list[Any]) -> Any:
        taken: set[str] = set()
        for given, weighted in self._given:
            for i, entries in enumerate(_per_output(given, names)):
                for one in entries:
                    metric = _metric_for(one, trues[i], preds[i], self._loss)
                    if isinstance(one, str) and one in _SHORT:
                        metric.name = one
                    name = metric.name if len(names) == 1 else f"{names[i]}_{metric.name}"
                    if weighted and name in taken:
                        name = f"weighted_{name}"
                    base, number = name, 1
                    while name in taken:
                        name, number = f"{base}_{number}", number + 1
                    taken.add(name)
                    if len(names) > 1 or name != metric.name:
                        metric.name = name
                    yield i, name, metric, weighted


_SHORT = ("accuracy", "acc", "crossentropy", "ce")


def _singles(given: Any) -> list[Any]:
    return [one for one in trees.flatten(given) if one is not None] if given is not None else []


def _check(one: Any) -> None:
    if (
        not (isinstance(one, str) and one in _SHORT)
        and not isinstance(one, metrics.Metric)
        and not callable(one)
    ):
        metrics.get(one)


def _per_output(given: Any, names: list[str]) -> list[list[Any]]:
    """A list of metrics for each output."""
    if given is None:
        return [[] for _ in names]
    if isinstance(given, dict):
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(
                f"compile(metrics=...) names {unknown}, the model's outputs are named {names}"
            )
        return [_listed(given.get(name)) for name in names]
    if len(names) == 1:
        return [_singles(given)]
    if len(given) != len(names):
        raise ValueError(
            f"compile(metrics=...) has {len(given)} entries, the model has {len(names)} outputs {names}: give a "
            "list for each output, or a dict by their names"
        )
    return [_listed(one) for one in given]


def _listed(one: Any) -> list[Any]:
    return [] if one is None else _singles(one) if isinstance(one, (list, tuple)) else [one]


def _metric_for(one: Any, y_true: Any, y_pred: Any, loss: Any) -> Any:
    if isinstance(one, metrics.Metric):
        return one
    if isinstance(one, str) and one in _SHORT and y_true is not None:
        kind = "accuracy" if one.startswith("acc") else "crossentropy"
        chosen = metrics.accuracy_for if kind == "accuracy" else metrics.crossentropy_for
        kind_of_metric: Any = chosen(y_true.shape, y_pred.shape)
        return kind_of_metric(name=one)
    try:
        found = metrics.get(one)
    except ValueError:
        found = losses.get(one)
    if isinstance(found, type):
        found = found()
    if isinstance(found, metrics.Metric):
        if isinstance(one, str):
            found.name = one  # the logs have the name that compile was given
        return found
    return metrics.MeanMetricWrapper(found, name=one if isinstance(one, str) else found.__name__)
