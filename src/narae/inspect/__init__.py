"""The glass box: every operation of a step explained, reports of compiled plans, and pictures of
training and predictions (which need the extra `plot`)."""

from narae.inspect.confusion import confusion_matrix, plot_confusion
from narae.inspect.curves import overfitting_sentence, plot_history
from narae.inspect.embedding import embed, plot_embedding
from narae.inspect.explaining import explain
from narae.inspect.explanation import Explanation
from narae.inspect.insides import outputs_of, plot_activations, plot_weights
from narae.inspect.plan_report import PlanReport
from narae.inspect.samples import plot_samples

__all__ = [
    "Explanation",
    "PlanReport",
    "confusion_matrix",
    "embed",
    "explain",
    "outputs_of",
    "overfitting_sentence",
    "plot_activations",
    "plot_confusion",
    "plot_embedding",
    "plot_history",
    "plot_samples",
    "plot_weights",
]
