"""Pictures of training and of predictions. They need the extra `plot`."""

from narae.inspect.confusion import confusion_matrix, plot_confusion
from narae.inspect.curves import overfitting_sentence, plot_history
from narae.inspect.samples import plot_samples

__all__ = [
    "confusion_matrix",
    "overfitting_sentence",
    "plot_confusion",
    "plot_history",
    "plot_samples",
]
