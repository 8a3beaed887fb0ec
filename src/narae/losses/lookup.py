"""Losses by name, config or class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from narae.base.identifiers import deserialize_as, get_callable
from narae.base.serialization import serialize_keras_object
from narae.base.types import CustomObjects, LossLike
from narae.losses.base import Loss

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


def get(identifier: LossLike | type[Loss] | None) -> Any:
    """A loss by name, config, class or as it is.

    Args:
        identifier: a name such as "mse" or "MeanSquaredError", a config, a loss, its class, or a function; None stays
            None.

    Returns: a Loss, or the function (y_true, y_pred) -> one number per sample.

    Raises:
        ValueError: no loss has the name (the error gives the nearest), or it cannot be called.

    >>> get("mse").__name__, get("MeanSquaredError").name
    ('mean_squared_error', 'mean_squared_error')
    """
    return get_callable("loss", "keras.losses", identifier, ALIASES)


def serialize(loss: LossLike | None) -> Any:
    """A loss as JSON-ready data.

    Args:
        loss: a loss, or a function: one of ours, or registered.

    Returns: a dict with the class's name and its arguments; the name of a function.

    >>> from narae.losses import Huber
    >>> serialize(Huber(2.0))["config"]["delta"]
    2.0
    """
    return serialize_keras_object(loss)


def deserialize(
    name: str | Mapping[str, Any] | None, custom_objects: CustomObjects | None = None
) -> Any:
    """The loss that `serialize` described, or that has the name.

    Args:
        name: what `serialize` gave, or a name; None stays None.
        custom_objects: classes and functions of yours by the names in the config.

    Returns: the loss, or the function.

    Raises:
        ValueError: it is no config, or names what nothing has.

    >>> from narae.losses import Huber
    >>> deserialize(serialize(Huber(2.0))).delta
    2.0
    """
    return deserialize_as("loss", "keras.losses", name, custom_objects, ALIASES)
