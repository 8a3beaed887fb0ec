"""narae.metrics: Keras's `keras.metrics`."""

from __future__ import annotations

from typing import Any

from narae.base.identifiers import deserialize_as, get_callable
from narae.base.missing import explain_missing
from narae.base.names import snake_case
from narae.base.registry import builtin
from narae.base.serialization import serialize_keras_object
from narae.base.types import Config, CustomObjects, MetricLike
from narae.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    accuracy,
    accuracy_for,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from narae.metrics.auc import AUC
from narae.metrics.base import Metric
from narae.metrics.best_rates import (
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from narae.metrics.confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from narae.metrics.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    crossentropy_for,
)
from narae.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from narae.metrics.reduction import Mean, MeanMetricWrapper, Sum
from narae.metrics.scores import F1Score, FBetaScore, R2Score
from narae.metrics.wrapped import (
    CategoricalHinge,
    ConcordanceCorrelation,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    PearsonCorrelation,
    Poisson,
    RootMeanSquaredError,
    SquaredHinge,
    concordance_correlation,
    pearson_correlation,
)
from narae.ops.objectives import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "accuracy",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]
for _name in __all__:
    builtin("keras.metrics")(globals()[_name])
__all__ += ["accuracy_for", "crossentropy_for", "get", "serialize", "deserialize"]

_SHORT = {
    "bce": "BinaryCrossentropy",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "mse": "MeanSquaredError",
    "msle": "MeanSquaredLogarithmicError",
}
# "mean_squared_error" is the metric, not the function of that name
ALIASES = {
    **{snake_case(name): name for name in __all__ if name[0].isupper()},
    **{alias: name for short, name in _SHORT.items() for alias in (short, short.upper())},
}


def get(identifier: MetricLike | type[Metric] | None) -> Any:
    """A metric by name, config, class or as it is.

    Args:
        identifier: a name such as "mse" or "AUC", a config, a metric, its class, or a function; None stays None.

    Returns: a Metric, or the function (y_true, y_pred) -> one number per sample.

    Raises:
        ValueError: no metric has the name (the error gives the nearest), or it cannot be called.

    >>> get("mse"), get("SparseCategoricalAccuracy")
    (<MeanSquaredError name=mean_squared_error>,
     <SparseCategoricalAccuracy name=sparse_categorical_accuracy>)
    """
    return get_callable("metric", "keras.metrics", identifier, ALIASES)


def serialize(metric: MetricLike | None) -> Any:
    """A metric as JSON-ready data.

    Args:
        metric: a metric, or a function: one of ours, or registered.

    Returns: a dict with the class's name and its arguments; the name of a function.

    >>> serialize(TopKCategoricalAccuracy(k=3))["config"]["k"]
    3
    """
    return serialize_keras_object(metric)


def deserialize(config: str | Config | None, custom_objects: CustomObjects | None = None) -> Any:
    """The metric that `serialize` described, or that has the name.

    Args:
        config: what `serialize` gave, or a name; None stays None.
        custom_objects: classes and functions of yours by the names in the config.

    Returns: the metric, or the function.

    Raises:
        ValueError: it is no config, or names what nothing has.

    >>> deserialize(serialize(TopKCategoricalAccuracy(k=3))).k
    3
    """
    return deserialize_as("metric", "keras.metrics", config, custom_objects, ALIASES)


explain_missing(__name__, __all__)
