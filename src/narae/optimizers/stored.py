"""An optimizer's configuration and stored state."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import numpy as np

from narae.base.registry import deserialize_keras_object, serialize_keras_object
from narae.engine.variable import Variable

_OPTIONS = (
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


class Stored:
    """Base of optimizers: config from attributes, variables by position."""

    def get_config(self: Any) -> dict[str, Any]:
        """The constructor's arguments, JSON-ready."""
        rate = self._rate
        if isinstance(rate, Variable):
            shown: Any = float(rate.numpy())
        else:
            shown = serialize_keras_object(rate)
        config = {"name": self.name, "learning_rate": shown}
        config.update((name, getattr(self, name)) for name in (*_OPTIONS, *self.arguments))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The optimizer that `get_config` described."""
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize_keras_object(
                config["learning_rate"], custom_objects
            )
        return cls(**config)

    def save_own_variables(self: Any, store: MutableMapping[str, Any]) -> None:
        """Write the variables by position."""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self: Any, store: Any) -> None:
        """Read what `save_own_variables` wrote. Raises ValueError when number or shapes differ."""
        own = self.variables
        if len(store) != len(own):
            raise ValueError(
                f"optimizer {self.name!r} has {len(own)} variables, the file has {len(store)}: another optimizer, or "
                "other options of it, wrote the file"
            )
        for i, variable in enumerate(own):
            value = store[str(i)]
            if tuple(value.shape) != variable.shape:
                raise ValueError(
                    f"optimizer variable {variable.name!r} has shape {variable.shape}, in the file {tuple(value.shape)}"
                )
            variable.assign(np.asarray(value))
