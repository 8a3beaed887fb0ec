"""Small layers: Identity, Lambda, Masking, ActivityRegularization, UnitNormalization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, Unpack

from narae import ops, regularizers
from narae.base import trees
from narae.base.errors import ShapeError
from narae.base.registry import builtin, custom_object_scope, get_registered_object
from narae.base.serialization import byte_code, deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, CustomObjects, Ints, Shape, ShapeLike, TensorLike, Tree
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

    x: tensors of any shape, alone or in lists and dicts -> the same.

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
    (narae.saving.register_keras_serializable), or pass it when loading: custom_objects={"name": function}. A layer
    of your own (a subclass of Layer) is saved and loaded like any other.

    x: what the function takes -> what it gives.

    Args:
        function: f(x), or f(x, mask=..., training=...) where it takes these.
        output_shape: the shape of a sample that comes out, or a function of the input's shape; None: found by
            calling the function.
        mask: the mask of the outputs, or a function of inputs and mask; None: none.
        arguments: keywords that each call of the function gets; None: none.

    Raises:
        TypeError: `function` cannot be called, or `arguments` is no dict.

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
    def from_config(
        cls,
        config: Config,
        custom_objects: CustomObjects | None = None,
        safe_mode: bool | None = None,
    ) -> Self:
        """The layer that `get_config` described; its function by a registered name only.

        Args:
            config: what `get_config` gave.
            custom_objects: functions by the names that the config has for them; those without a name by the layer's:
                {"lambda": function, "lambda.mask": mask_function}.
            safe_mode: has no effect: code in a config is never run.

        Returns: a layer.

        Raises:
            ValueError: the config holds code, and nothing is passed in its place.
        """
        with custom_object_scope(custom_objects):
            return cls._read(dict(config))

    @classmethod
    def _read(cls, config: Config) -> Self:
        for key in ("function", "mask", "output_shape"):
            value = config.get(key)
            if not isinstance(value, dict):
                continue
            name = str(config.get("name")) + ("" if key == "function" else f".{key}")
            passed = get_registered_object(name)
            if passed is None and value.get("class_name") == "__lambda__":
                raise ValueError(
                    f"the Lambda layer {config.get('name')!r} holds the byte code of a Python function. narae "
                    f"never runs code from a file. Write the {key} again and pass it by the layer's name: "
                    f"load_model(path, custom_objects={{{name!r}: function}})"
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
    """Steps all of whose features equal `mask_value` are masked for the layers that follow, and set to 0.

    x: (B, steps, features) -> the same, with a mask (B, steps).

    Args:
        mask_value: the number that stands for an absent feature.

    >>> import numpy as np
    >>> Masking(5.0)(np.array([[[5.0], [3.0]]])).tolist()
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
        return ops.where(
            present, inputs, 0
        )  # a product would keep NaN, and 0 of infinite numbers is NaN

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays."""
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "mask_value": self.mask_value}


@builtin("keras.layers")
class ActivityRegularization(Layer):
    """The inputs as they are, and the penalty l1 Σ|x| + l2 Σx² on them in the loss, its mean over the batch.

    x: any shape -> the same.

    Args:
        l1: the weight of the sum of absolute values, at least 0.
        l2: the weight of the sum of squares, at least 0.

    Raises:
        ValueError: a weight is negative, infinite or no number.

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
    """x / √(Σ x²), the sum over `axis`: vectors of length 1. A vector of zeros stays.

    x: any shape -> the same.

    Args:
        axis: the axis, or axes, of a vector.

    Raises:
        TypeError: `axis` is no whole number, nor a list of them.
        ShapeError: the inputs have not that axis.

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
