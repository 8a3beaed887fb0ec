"""What can be wrong with data and labels before any training, as questions to arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from narae.base.language import mark, tr

if TYPE_CHECKING:
    from narae.losses.base import Ending

_SCALE_LAYERS = ("Rescaling", "Normalization", "Embedding", "Discretization", "Hashing")
_TABULAR = (
    64  # columns up to which their scales are compared: pixels at a picture's rim hardly vary
)


@dataclass(frozen=True)
class Finding:
    """symptom: its name, English in every language, since programs compare it. evidence: the numbers that show it.
    mends: what usually helps, the first first. epoch: from 1; 0 before training."""

    symptom: str
    evidence: str
    mends: tuple[str, ...]
    epoch: int = 0

    def __str__(self) -> str:
        symptom = tr(self.symptom)
        head = (
            tr("diagnosis: {symptom} (epoch {epoch})", symptom=symptom, epoch=self.epoch)
            if self.epoch
            else tr("diagnosis: {symptom}", symptom=symptom)
        )
        tries = "\n".join(f"    - {mend}" for mend in self.mends)
        usual = tr("usual mends:")
        return f"{head}\n  {self.evidence}\n  {usual}\n{tries}"


_SCALE = (
    mark("bring every feature to about [0, 1] or to mean 0 and deviation 1: x / 255 for pixels"),
    mark("or let a layers.Normalization or layers.Rescaling at the model's beginning do it"),
)


def unscaled(arrays: Sequence[np.ndarray], first: str) -> Iterator[Finding]:
    """Inputs that are large, or whose columns differ much in scale. first: the class of the model's
    first layer; those that scale, or take indices, are left alone."""
    if first in _SCALE_LAYERS:
        return
    for x in arrays:
        if not x.size or x.dtype.kind not in "fiu":
            continue
        low, high = float(np.nanmin(x)), float(np.nanmax(x))
        deviation = float(np.nanstd(x, dtype=np.float64))
        if deviation > 20 or max(-low, high) > 200:
            said = tr(
                "an input of shape {shape} runs from {low:.4g} to {high:.4g}, deviation {deviation:.3g}",
                shape=x.shape,
                low=low,
                high=high,
                deviation=deviation,
            )
            yield Finding(mark("data that was not scaled"), said, tuple(map(tr, _SCALE)))
        elif x.ndim == 2 and x.shape[1] <= _TABULAR and len(x) > 2:
            yield from _uneven(x)


def _uneven(x: np.ndarray) -> Iterator[Finding]:
    deviations = np.nanstd(x, axis=0, dtype=np.float64)
    varying = deviations[deviations > 0]
    if varying.size > 1 and varying.max() > 100 * varying.min():
        wide, narrow = (
            int(deviations.argmax()),
            int(np.where(deviations > 0, deviations, np.inf).argmin()),
        )
        said = tr(
            "column {wide} of an input has a deviation of {deviations:.3g}, column {narrow} one of "
            "{deviations2:.3g}",
            wide=wide,
            deviations=deviations[wide],
            narrow=narrow,
            deviations2=deviations[narrow],
        )
        yield Finding(mark("data that was not scaled"), said, tuple(map(tr, _SCALE)))


def unknown_inputs(arrays: Sequence[np.ndarray]) -> Iterator[Finding]:
    """NaN or infinity in the data."""
    for x in arrays:
        bad = int(np.size(x) - np.isfinite(x).sum()) if x.dtype.kind == "f" else 0
        if bad:
            said = tr(
                "{bad:,} of {size:,} numbers of an array of shape {shape} are NaN or infinite",
                bad=bad,
                size=x.size,
                shape=x.shape,
            )
            mends = (tr("fill or drop what is missing: numpy.nan_to_num, or leave those rows out"),)
            yield Finding(mark("data that is no number"), said, mends)


_SPARSE = mark("use loss='sparse_categorical_crossentropy' for labels 0, 1, 2, ...")
_ONE_HOT = mark("or make them one-hot: narae.utils.to_categorical(y)")


Said = tuple[str, tuple[str, ...]]  # what is wrong, and what mends it


def misfit(y: np.ndarray, ending: Ending, ends: Iterable[Said] = ()) -> Iterator[Finding]:
    """Labels that do not fit the loss. ends: what of the ending does not, which is told with them."""
    if not y.size or y.dtype.kind not in "fiub":
        return
    for said, mends in (*_labels(y, ending), *ends):
        yield Finding(mark("labels that do not fit the loss"), said, mends)


@dataclass(frozen=True)
class _Labels:
    """Labels as they are told: whole: no fractions; last: the length of the last axis, 1 where there is none."""

    y: np.ndarray
    low: float
    high: float
    whole: bool
    last: int
    shown: str


def _labels(y: np.ndarray, ending: Ending) -> Iterator[Said]:
    low, high = float(np.nanmin(y)), float(np.nanmax(y))
    shown = tr(
        "labels of shape {shape} from {low:.4g} to {high:.4g}", shape=y.shape, low=low, high=high
    )
    whole = bool(np.all(np.equal(np.mod(y, 1), 0)))
    labels = _Labels(y, low, high, whole, y.shape[-1] if y.ndim > 1 else 1, shown)
    question = _QUESTIONS.get(ending.loss, _out_of_range if ending.loss in _REGRESSION else None)
    if question is not None:
        yield from question(labels, ending)


def _sparse(labels: _Labels, ending: Ending) -> Iterator[Said]:
    last, shown, loss = labels.last, labels.shown, ending.loss
    rows = labels.y.reshape(-1, last)
    if last > 1 and last == ending.units and labels.low >= 0 and np.allclose(rows.sum(axis=1), 1):
        yield (
            tr(
                "{shown} are one-hot; {loss} takes one class number per sample",
                shown=shown,
                loss=loss,
            ),
            (tr("use loss='categorical_crossentropy'"), tr("or y.argmax(axis=-1) as labels")),
        )
    elif not labels.whole or labels.low < 0:
        yield (
            tr("{shown}; {loss} takes class numbers 0, 1, 2, ...", shown=shown, loss=loss),
            tuple(map(tr, _TARGETS)),
        )
    elif ending.units is not None and labels.high >= ending.units:
        yield (
            tr("{shown}, and the last layer has {units} units", shown=shown, units=ending.units),
            (
                tr("give the last layer {high} units, one per class", high=int(labels.high) + 1),
                tr("or count labels from 0"),
            ),
        )


def _one_hot(labels: _Labels, ending: Ending) -> Iterator[Said]:
    shown, y = labels.shown, labels.y
    if labels.last == 1 and labels.whole and labels.high > 1:
        yield (
            tr(
                "{shown} are class numbers; {loss} takes one-hot rows",
                shown=shown,
                loss=ending.loss,
            ),
            (tr(_SPARSE), tr(_ONE_HOT)),
        )
    elif labels.last > 1 and (labels.low < 0 or not np.allclose(y.sum(axis=-1), 1, atol=1e-3)):
        yield (
            tr("{shown}: the rows do not sum to 1, as probabilities do", shown=shown),
            (
                tr("one-hot rows: narae.utils.to_categorical(y)"),
                tr("for several labels at once: a sigmoid and 'binary_crossentropy'"),
            ),
        )


def _binary(labels: _Labels, ending: Ending) -> Iterator[Said]:
    if labels.low >= 0 and labels.high <= 1:
        return
    mends = [tr("code the two classes as 0 and 1: (y > 0).astype('float32')")]
    if labels.whole and labels.high > 1:
        mends.append(
            tr(
                "for {count} classes: softmax and loss='sparse_categorical_crossentropy' for labels 0, 1, 2, ...",
                count=int(labels.high) + 1,
            )
        )
    yield tr("{shown}; {loss} takes 0 and 1", shown=labels.shown, loss=ending.loss), tuple(mends)


def _signs(labels: _Labels, ending: Ending) -> Iterator[Said]:
    if not np.isin(labels.y, (-1, 0, 1)).all():
        said = tr("{shown}; {loss} takes -1 and 1", shown=labels.shown, loss=ending.loss)
        yield said, (tr("code the two classes as -1 and 1"),)


def _out_of_range(labels: _Labels, ending: Ending) -> Iterator[Said]:
    least, most = _RANGES.get(ending.activation, (-math.inf, math.inf))
    if labels.low < least - 1e-6 or labels.high > most + 1e-6:
        said = tr(
            "{shown}, and a last {activation} gives numbers from {least} to {most:g}",
            shown=labels.shown,
            activation=ending.activation,
            least=least,
            most=most,
        )
        mends = (
            tr("end with a Dense without activation"),
            tr("or scale the targets into that range"),
        )
        yield said, mends


_QUESTIONS: dict[str, Callable[[_Labels, Ending], Iterator[Said]]] = {
    "sparse_categorical_crossentropy": _sparse,
    "categorical_crossentropy": _one_hot,
    "binary_crossentropy": _binary,
    "hinge": _signs,
    "squared_hinge": _signs,
}
_TARGETS = (
    mark("use a regression loss such as 'mse' for numbers"),
    mark("number the classes from 0"),
)
_REGRESSION = (
    *("mean_squared_error", "mean_absolute_error", "mean_squared_logarithmic_error"),
    *("mean_absolute_percentage_error", "huber", "log_cosh"),
)
_RANGES = {"softmax": (0, 1.0), "sigmoid": (0, 1.0), "tanh": (-1, 1.0), "relu": (0, math.inf)}
