"""The glass box: every operation of a step explained, reports of compiled plans, and pictures of
training and predictions (which need the extra `plot`)."""

from narae.inspect.confusion import confusion_matrix, plot_confusion
from narae.inspect.curves import overfitting_sentence, plot_history
from narae.inspect.explaining import explain
from narae.inspect.explanation import Explanation
from narae.inspect.plan_report import PlanReport
from narae.inspect.samples import plot_samples

__all__ = [
    "Explanation",
    "PlanReport",
    "confusion_matrix",
    "explain",
    "overfitting_sentence",
    "plot_confusion",
    "plot_history",
    "plot_samples",
]
