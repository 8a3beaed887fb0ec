"""narae.losses: Keras's `keras.losses`, as functions and as classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from narae.base.identifiers import deserialize_as, get_callable
from narae.base.missing import explain_missing
from narae.base.registry import builtin, serialize_keras_object
from narae.losses.base import Loss, LossFunctionWrapper
from narae.losses.functions import categorical_generalized_cross_entropy, circle, ctc, dice, tversky
from narae.losses.overlap import CTC, Circle, Dice, Tversky
from narae.losses.probabilistic import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
)
from narae.losses.regression import (
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SquaredHinge,
)
from narae.ops.objectives import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    cosine_similarity,
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
    "Loss",
    "LossFunctionWrapper",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CTC",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "dice",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]
for _name in __all__:
    builtin("keras.losses")(globals()[_name])
__all__ += ["get", "serialize", "deserialize"]

ALIASES = {
    short: name
    for lower, name in {
        "bce": "binary_crossentropy",
        "kld": "kl_divergence",
        "mae": "mean_absolute_error",
        "mape": "mean_absolute_percentage_error",
        "mse": "mean_squared_error",
        "msle": "mean_squared_logarithmic_error",
    }.items()
    for short in (lower, lower.upper())
}


def get(identifier: str | Mapping[str, Any] | Callable[..., Any] | None) -> Any:
    """A loss by name, config, class or as it is: a Loss, a function (y_true, y_pred), or None.

    Raises ValueError for a name that is none, with the nearest right one.

    >>> get("mse").__name__, get("MeanSquaredError").name
    ('mean_squared_error', 'mean_squared_error')
    """
    return get_callable("loss", "keras.losses", identifier, ALIASES)


def serialize(loss: Any) -> Any:
    """A loss as JSON-ready data."""
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that `serialize` wrote, or that has the name. Raises ValueError for none."""
    return deserialize_as("loss", "keras.losses", name, custom_objects, ALIASES)


explain_missing(__name__, __all__)
