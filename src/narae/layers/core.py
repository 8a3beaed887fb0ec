"""Small layers: Identity, Lambda, Masking, ActivityRegularization, UnitNormalization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

from narae import ops, regularizers
from narae.base import trees
from narae.base.errors import ShapeError
from narae.base.registry import (
    builtin,
    byte_code,
    deserialize_keras_object,
    get_registered_object,
    serialize_keras_object,
)
from narae.base.types import Config, Ints, Shape, ShapeLike, TensorLike, Tree
from narae.engine.scope import tracing
from narae.layers.base import Layer
from narae.layers.building import as_shapes, specs_of
from narae.layers.calling import Signature, shapes_of
from narae.layers.options import LayerOptions, WeightedOptions
from narae.tensor.symbolic import KerasTensor, infer
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class Identity(Layer):
    """The inputs as they are.

    >>> import numpy as np
    >>> Identity()(np.array([1.0])).tolist()
    [1.0]
    """

    def __init__(self, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Tree[Tensor]) -> Tree[Tensor]:
        """The inputs."""
        return inputs

    def compute_output_shape(self, input_shape: Tree[Shape]) -> Tree[Shape]:
        """The shape stays."""
        return input_shape

    def compute_output_spec(self, inputs: Tree[KerasTensor]) -> Tree[KerasTensor]:
        """Shape and dtype stay, in every structure."""
        return trees.map_tree(lambda t: KerasTensor(t.shape, t.dtype), inputs)


@builtin("keras.layers")
class Lambda(Layer):
    """A function of your own as a layer.

    A function cannot be read from a file without running code of the file. Register a named function
    (narae.saving.register_keras_serializable), or pass it when loading: custom_objects={"name": function}.
    A layer of your own (a subclass of Layer) is saved and loaded like any other.

    >>> import numpy as np
    >>> Lambda(lambda x: x * 2)(np.array([1.0])).tolist()
    [2.0]
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: ShapeLike | Callable[..., Any] | None = None,
        mask: TensorLike | Callable[..., Any] | None = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"Lambda takes a function, got {function!r}")
        if not isinstance(arguments, dict | None):
            raise TypeError(f"Lambda takes `arguments` as a dict, got {arguments!r:.80}")
        self.arguments = dict(arguments or {})
        self.function = function
        self.mask = mask
        self.supports_masking = mask is not None
        self._output_shape = output_shape
        self._takes = Signature(function).names if not isinstance(function, type) else []

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """The function's value."""
        extra = {
            k: v
            for k, v in (("mask", mask), ("training", training))
            if k in self._takes and v is not None
        }
        return self.function(inputs, **{**self.arguments, **extra})

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output shape given, else what the function gives."""
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        batch = trees.flatten(input_shape)[0]
        given = as_shapes(self._output_shape)
        return trees.map_tree(lambda leaf: (batch, *leaf.shape), given)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """By tracing the function, unless an output shape was given."""
        if self._output_shape is not None:
            return specs_of(self.compute_output_shape(shapes_of(args[0])), self.compute_dtype)
        with tracing():
            return infer(self.call, args, kwargs, batched=True)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask given, or what the mask function gives."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> Config:
        """The constructor's arguments. A lambda is written as Keras writes it; a file of it loads only with
        the function passed in custom_objects."""
        config = {**super().get_config(), "function": _as_data(self.function)}
        if self._output_shape is not None:
            shape = self._output_shape
            config["output_shape"] = _as_data(shape) if callable(shape) else list(shape)
        if self.mask is not None:
            config["mask"] = (
                _as_data(self.mask) if callable(self.mask) else serialize_keras_object(self.mask)
            )
        config["arguments"] = serialize_keras_object(self.arguments)
        return config

    @classmethod
    def from_config(cls, config: Config) -> Lambda:
        """The layer that `get_config` described; its function by a registered name only."""
        config = dict(config)
        for key in ("function", "mask", "output_shape"):
            value = config.get(key)
            if not isinstance(value, dict):
                continue
            passed = get_registered_object(str(config.get("name")))
            if passed is None and value.get("class_name") == "__lambda__":
                raise ValueError(
                    f"the Lambda layer {config.get('name')!r} holds the byte code of a Python function. narae "
                    "never runs code from a file. Write the function again and pass it by the layer's name: "
                    f"load_model(path, custom_objects={{{config.get('name')!r}: function}})"
                )
            config[key] = passed if passed is not None else deserialize_keras_object(value)
        config["arguments"] = deserialize_keras_object(config.get("arguments") or {})
        return super().from_config(config)


def _as_data(function: Callable[..., Any]) -> Any:
    if getattr(function, "__name__", "") != "<lambda>":
        return serialize_keras_object(function)
    code, defaults, closure = byte_code(function)
    return {
        "class_name": "__lambda__",
        "config": {"code": code, "defaults": defaults, "closure": closure},
    }


@builtin("keras.layers")
class Masking(Layer):
    """Marks steps all of whose features equal `mask_value` as absent, for the layers after it.

    >>> import numpy as np
    >>> Masking()(np.array([[[0.0], [3.0]]])).tolist()
    [[[0.0], [3.0]]]
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True
        self._build_at_init()

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        """True where some feature of a step differs from the mask value."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Tensor) -> Tensor:
        """The inputs, absent steps as zeros."""
        present = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return inputs * ops.cast(present, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays."""
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "mask_value": self.mask_value}


@builtin("keras.layers")
class ActivityRegularization(Layer):
    """A penalty on the activations that pass: l1 |x| + l2 x².

    >>> import numpy as np
    >>> layer = ActivityRegularization(l1=1.0)
    >>> _ = layer(np.array([[1.0, -2.0]]))
    >>> layer.losses[0].item()
    3.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Unpack[WeightedOptions]) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.supports_masking = True
        self.l1, self.l2 = l1, l2
        self._build_at_init()

    def call(self, inputs: Tensor) -> Tensor:
        """The inputs."""
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays."""
        return input_shape

    def get_config(self) -> Config:
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return {**config, "l1": self.l1, "l2": self.l2}


@builtin("keras.layers")
class UnitNormalization(Layer):
    """Each vector along an axis (or several) divided by its length.

    >>> import numpy as np
    >>> UnitNormalization()(np.array([[3.0, 4.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """

    def __init__(self, axis: Ints = -1, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(
                f"UnitNormalization takes `axis` as a whole number or a list of them, got {axis!r}"
            )
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Tensor) -> Tensor:
        """x / |x|, with 1e-12 in place of a smaller squared length."""
        axis = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        squared = ops.sum(ops.square(inputs), axis=axis, keepdims=True)
        return inputs * ops.rsqrt(ops.maximum(squared, 1e-12))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays. Raises ShapeError when it does not have the axes."""
        for axis in self.axis if isinstance(self.axis, list) else [self.axis]:
            if not -len(input_shape) <= axis < len(input_shape):
                raise ShapeError(
                    f"UnitNormalization: axis {axis} is not in an input of shape {tuple(input_shape)}"
                )
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "axis": self.axis}
