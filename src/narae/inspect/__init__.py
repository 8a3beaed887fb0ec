"""The glass box: every operation of a step explained, reports of compiled plans, and pictures of
training and predictions (which need the extra `plot`)."""

from narae.inspect.explanation.explain import explain
from narae.inspect.explanation.report import Explanation
from narae.inspect.plan_report import PlanReport
from narae.inspect.plots.attention import attention_of, plot_attention
from narae.inspect.plots.confusion import confusion_matrix, plot_confusion
from narae.inspect.plots.curves import overfitting_sentence, plot_history
from narae.inspect.plots.embedding import embed, plot_embedding
from narae.inspect.plots.samples import plot_samples
from narae.inspect.plots.weights import outputs_of, plot_activations, plot_weights

__all__ = [
    "Explanation",
    "PlanReport",
    "attention_of",
    "confusion_matrix",
    "embed",
    "explain",
    "outputs_of",
    "overfitting_sentence",
    "plot_activations",
    "plot_attention",
    "plot_confusion",
    "plot_embedding",
    "plot_history",
    "plot_samples",
    "plot_weights",
]
