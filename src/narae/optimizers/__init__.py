"""Optimizers: how weights follow their gradients."""

from __future__ import annotations

from typing import Any

from narae.base.identifiers import deserialize_as, get_object
from narae.base.missing import explain_missing
from narae.base.serialization import serialize_keras_object
from narae.base.types import Config, CustomObjects, OptimizerLike
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


def get(identifier: OptimizerLike | type[Optimizer] | None) -> Any:
    """An optimizer by name, config, class, or as it is.

    Args:
        identifier: a name such as "adam", a config, an optimizer, or its class; None stays None.

    Returns: the optimizer; one by name or class has its default arguments.

    Raises:
        ValueError: no optimizer has the name (the error gives the nearest), or it is none.

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
    """An optimizer as JSON-ready data.

    Args:
        optimizer: an optimizer.

    Returns: a dict with the class's name and its arguments.

    >>> serialize(SGD(0.5))["config"]["learning_rate"]
    0.5
    """
    return serialize_keras_object(optimizer)


def deserialize(config: Config, custom_objects: CustomObjects | None = None) -> Optimizer:
    """The optimizer that `serialize` described.

    Args:
        config: what `serialize` gave; the class's name in any case ("adam").
        custom_objects: classes and functions of yours by the names in the config.

    Returns: the optimizer.

    Raises:
        ValueError: it is no config, or names what nothing has.

    >>> deserialize(serialize(SGD(0.5, momentum=0.9))).momentum
    0.9
    """
    return deserialize_as("optimizer", "keras.optimizers", config, custom_objects)


explain_missing(__name__, __all__)
