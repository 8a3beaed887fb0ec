"""Wrapper: a layer around another one."""

from __future__ import annotations

from typing import Any, Self, Unpack

from narae.base.registry import builtin
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, CustomObjects
from narae.layers.base import Layer
from narae.layers.options import LayerOptions


@builtin("keras.layers")
class Wrapper(Layer):
    """Base of layers that hold one other layer: building, configuration, and reading it back. Subclasses define
    `call`.

    Args:
        layer: the layer inside.

    Raises:
        ValueError: `layer` is not a layer.

    >>> import numpy as np
    >>> from narae.layers import Dense
    >>> class Twice(Wrapper):
    ...     def call(self, x):
    ...         return self.layer(self.layer(x))
    >>> Twice(Dense(1, kernel_initializer="ones"))(np.array([[3.0]])).tolist()
    [[3.0]]
    """

    def __init__(self, layer: Layer, **kwargs: Unpack[LayerOptions]) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(f"{type(self).__name__} wraps a layer, got {layer!r:.80}")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside, unless it is built."""
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    def get_config(self) -> Config:
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Self:
        """The layer that `get_config` described."""
        inside = deserialize_keras_object(config["layer"], custom_objects)
        return super().from_config({**config, "layer": inside})
