"""Losses by name, config or class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from narae.base.identifiers import deserialize_as, get_callable
from narae.base.registry import serialize_keras_object

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
