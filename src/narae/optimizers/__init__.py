"""Optimizers: how weights follow their gradients."""

from __future__ import annotations

from typing import Any

from narae.base.identifiers import deserialize_as, get_object
from narae.base.missing import explain_missing
from narae.base.registry import serialize_keras_object
from narae.optimizers import schedules
from narae.optimizers.adam import Adam, Adamax, AdamW, Lamb, Nadam
from narae.optimizers.base import Optimizer
from narae.optimizers.first_order import SGD, Adadelta, Adagrad, Ftrl, Lion, RMSprop
from narae.optimizers.loss_scale import LossScaleOptimizer
from narae.optimizers.matrices import Adafactor, Muon
from narae.optimizers.multi import MultiOptimizer, OptimizerMap
from narae.optimizers.schedule_free import ScheduleFreeAdamW

__all__ = [
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "SGD",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]


def get(identifier: Any) -> Any:
    """An optimizer by name, config, class, or as it is; None for None.

    Raises ValueError with the nearest right name.

    >>> get("rmsprop").rho
    0.9
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    found = identifier
    if isinstance(identifier, (str, dict)):
        found = get_object("optimizer", "keras.optimizers", identifier)
    if isinstance(found, type) and issubclass(found, Optimizer):
        found = found()  # type: ignore[call-arg]  each optimizer has a default rate
    if not isinstance(found, Optimizer):
        raise ValueError(
            f"cannot interpret {identifier!r} as an optimizer: a name, a config or an Optimizer"
        )
    return found


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """An optimizer as JSON-ready data."""
    return serialize_keras_object(optimizer)


def deserialize(config: dict[str, Any], custom_objects: Any = None) -> Optimizer:
    """The optimizer that `serialize` described; its class in any case ("adam").

    Raises ValueError for a class that is none.
    """
    return deserialize_as("optimizer", "keras.optimizers", config, custom_objects)


explain_missing(__name__, __all__)
