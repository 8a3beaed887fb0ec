"""Pictures of training and of predictions, which need the extra `plot`; reports of compiled plans."""

from narae.inspect.confusion import confusion_matrix, plot_confusion
from narae.inspect.curves import overfitting_sentence, plot_history
from narae.inspect.plan_report import PlanReport
from narae.inspect.samples import plot_samples

__all__ = [
    "PlanReport",
    "confusion_matrix",
    "overfitting_sentence",
    "plot_confusion",
    "plot_history",
    "plot_samples",
]
