"""The metrics that `compile` was given, matched to the model's outputs at the first batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from narae import metrics
from narae.base import trees
from narae.base.identifiers import get_object
from narae.base.language import tr
from narae.metrics import Metric
from narae.models.training.outputs import matched, name_of, named, names_of

if TYPE_CHECKING:
    from narae.base.types import MetricLike, Tree
    from narae.models.training.outputs import Outputs, Targets
    from narae.tensor.tensor import Tensor

# A list for one output; for several a list of such lists, or a dict of them by the outputs' names.
Metrics: TypeAlias = (
    "Sequence[Tree[MetricLike | None]] | Mapping[str, Tree[MetricLike | None]] | None"
)

_KINDS = {
    "acc": metrics.accuracy_for,
    "accuracy": metrics.accuracy_for,
    "ce": metrics.crossentropy_for,
    "crossentropy": metrics.crossentropy_for,
}


@dataclass(frozen=True)
class Row:
    """A metric of the output at a place of the flat outputs, under a name of the logs."""

    place: int
    metric: Metric
    weighted: bool
    name: str


class CompiledMetrics(Metric):
    """Metrics per output, weighted ones among them. "accuracy" becomes the kind that fits the shapes.

    plain, weighted: a list for one output; for several a list with an entry (one, a list or None)
    for each, a dict by their names, or their nest. Raises ValueError for unknown names, and for
    entries that do not fit the outputs.
    """

    def __init__(
        self, plain: Metrics, weighted: Metrics, output_names: Callable[[], list[str] | None]
    ) -> None:
        super().__init__(name="compile_metrics")
        self._given = (("metrics", plain), ("weighted_metrics", weighted))
        self._names = output_names
        for what, given in self._given:
            if given is not None and not isinstance(given, (list, tuple, dict)):
                raise ValueError(
                    tr(
                        "compile({what}=...) takes a list (or a dict by output names), got {given!r}",
                        what=what,
                        given=given,
                    )
                )
            for one in trees.flatten(given):
                _check(one)  # unknown names are errors at compile
        self._rows: list[Row] | None = None

    @property
    def built(self) -> bool:
        """Whether a batch was seen: the metrics are those of its outputs."""
        return self._rows is not None

    @property
    def metrics(self) -> list[Metric]:
        """The metrics singly, once the first batch was seen."""
        return [row.metric for row in self._rows or ()]

    @property
    def variables(self) -> list[Any]:
        """The metrics' variables."""
        return [v for metric in self.metrics for v in metric.variables]

    def reset_state(self) -> None:
        """Begin each anew."""
        for metric in self.metrics:
            metric.reset_state()

    def update_state(self, y_true: Targets, y_pred: Outputs, sample_weight: Targets = None) -> None:
        """Count a batch. y_true, sample_weight: see `outputs.matched`."""
        preds = trees.flatten(y_pred)
        names = names_of(y_pred, self._names())
        wanted = self._wanted(len(preds))
        trues = matched(y_true, y_pred, names, "y", wanted=wanted)
        samples = matched(sample_weight, y_pred, names, "sample_weight", shared=True)
        if self._rows is None:
            self._rows = list(self._rows_of(y_pred, names, trues, preds))
        for row in self._rows:
            i = row.place
            if trues[i] is None:
                raise ValueError(
                    tr(
                        "y has no targets for the output {value!r}, which has the metric {name!r}",
                        value=names[i] or i,
                        name=row.name,
                    )
                )
            row.metric.update_state(
                trues[i], preds[i], sample_weight=samples[i] if row.weighted else None
            )

    def _wanted(self, count: int) -> list[int]:
        """The places of the outputs that have a metric, where a list says so."""
        if self._rows is not None:
            return sorted({row.place for row in self._rows})
        lists = [given for _, given in self._given if isinstance(given, (list, tuple))]
        lists = [given for given in lists if len(given) == count > 1]
        return [i for i in range(count) if any(given[i] is not None for given in lists)]

    def result(self) -> dict[str, Any]:
        """The results by name. Raises ValueError before the first batch."""
        if self._rows is None:
            raise ValueError(
                tr("the compiled metrics have no result before the model has seen its first batch")
            )
        return {row.name: row.metric.result() for row in self._rows}

    def named(self) -> dict[str, Any]:
        """The metrics by their names in the logs."""
        return {row.name: row.metric for row in self._rows or ()}

    def own_names(self) -> list[str]:
        """The metrics' own names, in order."""
        return [row.metric.name for row in self._rows or ()]

    def _rows_of(
        self, y_pred: Outputs, names: list[Any], trues: list[Any], preds: list[Any]
    ) -> Iterator[Row]:
        taken: dict[str, int] = {}
        for what, given in self._given:
            weighted = what == "weighted_metrics"
            for i, entries in enumerate(_per_output(what, given, y_pred, names)):
                for one in entries:
                    metric = _metric_for(one, trues[i], preds[i])
                    name = _free_name(
                        metric.name, names[i] if len(names) > 1 else None, taken, weighted
                    )
                    yield Row(i, metric, weighted, name)


def _free_name(name: str, output: str | None, taken: dict[str, int], weighted: bool) -> str:
    """A name of the logs: with the output's; "weighted_" where the plain metric has it; a number
    where it comes again."""
    before = "" if output is None else f"{output}_"
    found = f"{before}{name}"
    if found in taken and weighted:
        found = f"{before}weighted_{name}"
    again = taken.get(found, 0)
    taken[found] = again + 1
    return f"{found}_{again}" if again else found


def _check(one: MetricLike | None) -> None:
    if one is None or (isinstance(one, str) and one.lower() in _KINDS):
        return
    if isinstance(one, str):  # looked up, not made: making one would count its name
        get_object("metric", "keras.metrics", one, metrics.ALIASES)
    elif not isinstance(one, Metric) and not callable(one):
        metrics.get(one)


def _per_output(what: str, given: Metrics, y_pred: Outputs, names: list[Any]) -> list[list[Any]]:
    """A list of metrics for each output."""
    if not given:
        return [[] for _ in names]
    if len(names) == 1:
        return [trees.flatten(given)]
    flat = trees.is_nested(y_pred) and len(y_pred) == len(names)
    if flat and isinstance(given, dict) and set(given) <= set(names):
        return [_listed(given.get(name)) for name in names]
    if flat and isinstance(given, (list, tuple)) and len(given) == len(names):
        return [_listed(one) for one in given]
    found = _nested(given, y_pred)
    if found is None:
        unknown = [key for key in given if key not in names] if isinstance(given, dict) else []
        shown = (
            tr("names {unknown}", unknown=unknown)
            if unknown
            else tr("has {count} entries", count=len(given))
        )
        raise ValueError(
            tr(
                "compile({what}=...) {value}, the model has {count} outputs{named}: give a list for each "
                "output, a dict by their names, or a nest like theirs; got {given!r:.100}",
                what=what,
                value=shown,
                count=len(names),
                named=named(names),
                given=given,
            )
        )
    return found


def _nested(given: Any, y_pred: Outputs) -> list[list[Any]] | None:
    """The metrics of a nest like the outputs'; None for another nest."""
    if not trees.is_nested(y_pred):
        return [_listed(given)]
    if isinstance(y_pred, dict):
        fits = isinstance(given, dict) and set(given) == set(y_pred)
        keys = trees.keys_of(y_pred) if fits else []
        parts = [_nested(given[key], y_pred[key]) for key in keys] if fits else [None]
    else:
        fits = isinstance(given, (list, tuple)) and len(given) == len(y_pred)
        parts = [_nested(a, b) for a, b in zip(given, y_pred, strict=True)] if fits else [None]
    if any(part is None for part in parts):
        return None
    return [one for part in parts for one in part or ()]


def _listed(one: Tree[MetricLike | None]) -> list[Any]:
    return [] if one is None else list(one) if isinstance(one, (list, tuple)) else [one]


def _metric_for(one: MetricLike | None, y_true: Tensor | None, y_pred: Tensor) -> Metric:
    if one is None:
        raise ValueError(tr("compile(metrics=...) has None among an output's metrics"))
    if isinstance(one, Metric):
        return one
    if isinstance(one, str) and one.lower() in _KINDS:
        if y_true is None:
            raise ValueError(tr("y has no targets for an output with the metric {one!r}", one=one))
        kind: Any = _KINDS[one.lower()](y_true.shape, y_pred.shape)
        return kind(name=one)
    found = metrics.get(one)
    if not isinstance(found, Metric):
        found = metrics.MeanMetricWrapper(found, name=name_of(found))
    if isinstance(one, str):
        found.name = one  # the logs have the name that compile was given
    return found
