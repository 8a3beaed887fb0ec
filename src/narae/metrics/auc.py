"""AUC: the area under a curve of two rates over thresholds."""

from __future__ import annotations

from collections.abc import Sequence

from narae import ops
from narae.base.errors import ShapeError, entry
from narae.base.settings import epsilon
from narae.base.types import Config, DTypePolicyLike, TensorLike
from narae.metrics.base import Metric
from narae.metrics.counting import FN, FP, TN, TP, confusion, even_thresholds
from narae.ops.weighting import divide_no_nan
from narae.tensor.tensor import Tensor

_COUNTED = (TP, FP, TN, FN)
_CURVES = {"ROC": ("roc",), "PR": ("pr", "precisionrecall"), "PRGAIN": ("prgain",)}
_HEIGHTS = {
    "interpolation": lambda low, high: (low + high) / 2.0,
    "majoring": lambda low, high: ops.maximum(low, high),
    "minoring": lambda low, high: ops.minimum(low, high),
}


class AUC(Metric):
    """The area under a curve of two rates over thresholds, by Riemann sums: a scalar.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    Args:
        num_thresholds: how many thresholds, evenly from 0 to 1, at least 2.
        curve: "ROC" (true over false positive rate), "PR" (precision over recall) or "PRGAIN" (their gains).
        summation_method: the height of each strip: "interpolation" (the mean of its sides; for PR by interpolated
            counts), "minoring" (the lower side) or "majoring" (the higher).
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.
        thresholds: numbers in [0, 1] in place of evenly spaced ones.
        multi_label: whether each label, (batch, labels), has an area of its own; the result is their mean.
        num_labels: how many labels, for the state before the first batch; with multi_label.
        label_weights: how much each label counts, (labels,): in the mean of areas with multi_label, otherwise as sample
            weights.
        from_logits: whether predictions are scores, to be put through a sigmoid first.

    Raises:
        ValueError: a curve or method of another name, less than 2 thresholds, num_labels without multi_label.

    Source: Davis & Goadrich 2006 (interpolation of PR); Flach & Kull 2015 (PRGAIN).

    >>> f"{AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]):.2f}"
    '0.75'
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: TensorLike | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.curve = _one_of("curve", curve, _CURVES)
        kinds = {kind: (kind,) for kind in _HEIGHTS}
        self.summation_method = _one_of("summation_method", summation_method, kinds)
        if thresholds is None and num_thresholds <= 1:
            raise ValueError(f"num_thresholds is an integer above 1, got {num_thresholds}")
        if num_labels and not multi_label:
            raise ValueError("num_labels is an argument of AUC(multi_label=True)")
        self._given = None if thresholds is None else [float(t) for t in sorted(thresholds)]
        # the ends lie beyond all probabilities, so that the curve has both its corners
        ends = 0.0 - epsilon(), 1.0 + epsilon()
        spread = even_thresholds(num_thresholds, epsilon())
        self.thresholds = spread if self._given is None else [ends[0], *self._given, ends[1]]
        self.num_thresholds = len(self.thresholds)
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights, self.from_logits = label_weights, from_logits
        if not multi_label or num_labels is not None:
            self._build(num_labels)

    def _build(self, labels: int | None) -> None:
        shape = (self.num_thresholds, labels) if self.multi_label else (self.num_thresholds,)
        for name in _COUNTED:
            setattr(self, name, self.add_weight(shape, name=name))  # type: ignore[arg-type]

    @entry
    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        y_pred = ops.convert_to_tensor(y_pred)
        if self.multi_label and len(y_pred.shape) != 2:
            raise ShapeError(f"AUC(multi_label=True) takes (samples, labels), got {y_pred.shape}")
        if not self.variables:
            self._build(y_pred.shape[-1])
        found = confusion(
            _COUNTED,
            y_true,
            ops.sigmoid(y_pred) if self.from_logits else y_pred,
            self.thresholds,
            self.variables[0].dtype,
            weight=sample_weight,
            label_weights=self.label_weights,
            by_label=self.multi_label,
        )
        for name, value in found.items():
            getattr(self, name).assign_add(value)

    def result(self) -> Tensor:
        """The area, a scalar.

        Raises:
            ValueError: no batch has been added with multi_label, and num_labels is None.
        """
        if not self.variables:
            raise ValueError("AUC(multi_label=True) has counted nothing yet, or needs num_labels")
        tp, fp, tn, fn = (getattr(self, name).value for name in _COUNTED)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self.interpolate_pr_auc()
        x, y = _AXES[self.curve](tp, fp, tn, fn)
        heights = _HEIGHTS[self.summation_method](y[:-1], y[1:])
        return self._averaged(ops.sum((x[:-1] - x[1:]) * heights, axis=0))

    def interpolate_pr_auc(self) -> Tensor:
        """The area under the precision-recall curve, with interpolated counts, a scalar.

        Source: Davis & Goadrich 2006, section 4.
        """
        tp, fp, fn = (getattr(self, name).value for name in (TP, FP, FN))
        return self._averaged(ops.sum(_pr_areas(tp, fp, fn), axis=0))

    def _averaged(self, areas: Tensor) -> Tensor:
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return ops.mean(areas)
        weights = ops.convert_to_tensor(self.label_weights, areas.dtype)
        return divide_no_nan(ops.sum(areas * weights), ops.sum(weights))

    def get_config(self) -> Config:
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }
        return config if self._given is None else {**config, "thresholds": self._given}


def _one_of(what: str, given: str, known: dict[str, tuple[str, ...]]) -> str:
    for name, spellings in known.items():
        if str(given).lower() in spellings:
            return name
    raise ValueError(f"{what} is one of {', '.join(map(repr, known))}; got {given!r}")


def _roc(tp: Tensor, fp: Tensor, tn: Tensor, fn: Tensor) -> tuple[Tensor, Tensor]:
    return divide_no_nan(fp, fp + tn), divide_no_nan(tp, tp + fn)


def _pr(tp: Tensor, fp: Tensor, tn: Tensor, fn: Tensor) -> tuple[Tensor, Tensor]:
    return divide_no_nan(tp, tp + fn), divide_no_nan(tp, tp + fp)


def _pr_gain(tp: Tensor, fp: Tensor, tn: Tensor, fn: Tensor) -> tuple[Tensor, Tensor]:
    """(r − π) / ((1 − π) r) for recall and precision, π the share of positives."""
    odds = divide_no_nan(tp + fn, fp + tn)
    recall = ops.maximum(1.0 - odds * divide_no_nan(fn, tp), 0.0)
    precision = 1.0 - odds * divide_no_nan(fp, tp)
    return ops.where(ops.equal(tp, 0), 0.0, recall), precision


_AXES = {"ROC": _roc, "PR": _pr, "PRGAIN": _pr_gain}


def _pr_areas(tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
    """Areas between thresholds, TP and FP interpolated (Davis & Goadrich 2006, section 4)."""
    taken = tp + fp
    gained = tp[:-1] - tp[1:]
    slope = divide_no_nan(gained, ops.maximum(taken[:-1] - taken[1:], 0.0))
    intercept = tp[1:] - slope * taken[1:]
    both = ops.logical_and(taken[:-1] > 0, taken[1:] > 0)
    ratio = ops.where(both, divide_no_nan(taken[:-1], ops.maximum(taken[1:], 0.0)), 1.0)
    area = slope * (gained + intercept * ops.log(ratio))
    return divide_no_nan(area, ops.maximum(tp[1:] + fn[1:], 0.0))
