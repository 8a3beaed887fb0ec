"""Activation, and the activations that are layers of their own."""

from __future__ import annotations

from typing import Any, Unpack

from narae import activations, ops
from narae.base.arguments import axes, number
from narae.base.errors import ShapeError, warn_user
from narae.base.registry import builtin
from narae.base.types import (
    ActivationLike,
    Config,
    ConstraintLike,
    InitializerLike,
    Ints,
    RegularizerLike,
    Shape,
)
from narae.layers.base import Layer
from narae.layers.input_spec import InputSpec
from narae.layers.options import LayerOptions, SlopeOptions
from narae.layers.weighted import Weighted
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class Activation(Layer):
    """A function of each element, or of each vector along the last axis (softmax).

    x: any shape -> the same.

    Args:
        activation: the function: a name, a function or a layer; None: x as it is.

    Raises:
        ValueError: no function has the name.

    >>> import numpy as np
    >>> Activation("relu")(np.array([[-1.0, 2.0]])).tolist()
    [[0.0, 2.0]]
    """

    def __init__(self, activation: ActivationLike, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activations.get(activation)
        self._build_at_init()

    def call(self, inputs: Tensor) -> Tensor:
        """The activation of each element."""
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays."""
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class _Elementwise(Layer):
    """Base of the activation layers: masks pass, shapes stay, arguments are numbers."""

    def __init__(self, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._build_at_init()

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays."""
        return input_shape


@builtin("keras.layers")
class ReLU(_Elementwise):
    """max(x, 0), with a slope below `threshold` and a ceiling where asked for: min(x, max_value) from threshold on,
    negative_slope · (x - threshold) below.

    x: any shape -> the same.

    Args:
        max_value: the ceiling; None: none.
        negative_slope: the slope below the threshold.
        threshold: where x begins to pass.

    Raises:
        ValueError: an argument is negative, or None where a number is needed.
        TypeError: an argument is no number.

    >>> import numpy as np
    >>> ReLU(max_value=6.0)(np.array([-1.0, 3.0, 9.0])).tolist()
    [0.0, 3.0, 6.0]
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        given = {"max_value": max_value, "negative_slope": negative_slope, "threshold": threshold}
        for argument, value in given.items():
            if value is None and argument == "max_value":
                continue
            if value is None or number("ReLU", argument, value) < 0:
                raise ValueError(f"ReLU({argument}=...) is not negative, got {value}")
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold

    def call(self, inputs: Tensor) -> Tensor:
        """The rectified inputs."""
        return activations.relu(
            inputs,
            negative_slope=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )

    def get_config(self) -> Config:
        own = {
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
        return {**super().get_config(), **own}


@builtin("keras.layers")
class LeakyReLU(_Elementwise):
    """x above 0, negative_slope · x below.

    x: any shape -> the same.

    Args:
        negative_slope: the slope below 0.

    Raises:
        ValueError: `negative_slope` is None.
        TypeError: `negative_slope` is no number.

    Source: Maas et al. 2013.

    >>> import numpy as np
    >>> LeakyReLU(0.5)(np.array([-2.0, 2.0])).tolist()
    [-1.0, 2.0]
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Unpack[SlopeOptions]) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
            warn_user("LeakyReLU(alpha=...) is the old name of `negative_slope`")
        super().__init__(**kwargs)
        if negative_slope is None:
            raise ValueError("LeakyReLU(negative_slope=...) is a number, got None")
        number("LeakyReLU", "negative_slope", negative_slope)
        self.negative_slope = negative_slope

    def call(self, inputs: Tensor) -> Tensor:
        """The leaky rectified inputs."""
        return ops.leaky_relu(inputs, negative_slope=self.negative_slope)

    def get_config(self) -> Config:
        return {**super().get_config(), "negative_slope": self.negative_slope}


@builtin("keras.layers")
class ELU(_Elementwise):
    """x above 0, alpha (eˣ - 1) below.

    x: any shape -> the same.

    Args:
        alpha: minus the value far below 0.

    Raises:
        TypeError: `alpha` is no number.

    Source: Clevert et al. 2016, eq. 15.

    >>> import numpy as np
    >>> ELU()(np.array([1.0, 0.0])).tolist()
    [1.0, 0.0]
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        number("ELU", "alpha", alpha)
        self.alpha = alpha

    def call(self, inputs: Tensor) -> Tensor:
        """The exponential linear inputs."""
        return ops.elu(inputs, alpha=self.alpha)

    def get_config(self) -> Config:
        return {**super().get_config(), "alpha": self.alpha}


@builtin("keras.layers")
class Softmax(_Elementwise):
    """eˣ / Σ eˣ along an axis, or over several: probabilities. Masked places get none.

    x: any shape -> the same. mask: a shape that broadcasts to that of x, True for places that count.

    Args:
        axis: the axis, or axes, along which the probabilities add up to 1.

    Raises:
        ValueError: `axis` is empty.
        TypeError: `axis` is no whole number, nor a list of them.
        ShapeError: the mask does not broadcast to the inputs.

    >>> import numpy as np
    >>> Softmax()(np.array([[1.0, 1.0]])).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, axis: Ints = -1, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        if not axes("Softmax", "axis", axis):
            raise ValueError("Softmax takes at least one axis, got none")
        self.axis = axis

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """e^x / sum e^x, over what the mask leaves."""
        if mask is not None:
            mask = self._standardized_mask(mask, inputs)
            # low, and not -inf: a wholly masked row stays finite
            lowest = -3e4 if inputs.dtype == "float16" else -1e9
            inputs = ops.where(mask, inputs, ops.cast(lowest, inputs.dtype))
        axis: Any = self.axis if isinstance(self.axis, (tuple, list)) else (self.axis,)
        if len(axis) > 1:
            out = ops.exp(inputs - ops.logsumexp(inputs, axis=axis, keepdims=True))
        else:
            out = ops.softmax(inputs, axis=axis[0])
        return out if mask is None else ops.where(mask, out, ops.cast(0, out.dtype))

    def _standardized_mask(self, mask: Tensor, inputs: Tensor) -> Tensor:
        """The mask as booleans. Raises ShapeError unless it broadcasts to the inputs' shape."""
        shape = tuple(mask.shape)
        short = len(inputs.shape) - len(shape)
        fits = short >= 0 and all(
            n in (1, m) for n, m in zip(shape, inputs.shape[short:], strict=True)
        )
        if not fits:
            raise ShapeError(
                f"Softmax takes a mask that is broadcastable to its inputs, got {shape} for {tuple(inputs.shape)}"
            )
        return mask if mask.dtype == "bool" else ops.greater(mask, 0.5)

    def get_config(self) -> Config:
        return {**super().get_config(), "axis": self.axis}


@builtin("keras.layers")
class PReLU(Weighted):
    """x above 0, alpha · x below, alpha learned for each place of a sample.

    x: (B, ...) -> the same. alpha: the shape of a sample, with 1 along `shared_axes`.

    Args:
        alpha_initializer: how alpha begins (default: zeros).
        alpha_regularizer: the penalty on alpha in the loss; None: none.
        alpha_constraint: what brings alpha back into bounds after each update; None: nothing.
        shared_axes: axes along which alpha is one number, counted from 1 (0 is the batch's); [1, 2] gives one for
            each channel of (B, rows, columns, channels); None: none.

    Raises:
        TypeError: `shared_axes` are no whole numbers.
        ShapeError: the inputs have not those axes, or an axis of alpha has an unknown length.

    Source: He et al. 2015, "Delving deep into rectifiers", eq. 1.

    >>> import numpy as np
    >>> PReLU()(np.array([[-1.0, 2.0]])).tolist()
    [[0.0, 2.0]]
    """

    def __init__(
        self,
        alpha_initializer: InitializerLike | None = "Zeros",
        alpha_regularizer: RegularizerLike | None = None,
        alpha_constraint: ConstraintLike | None = None,
        shared_axes: Ints | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._declare(alpha=(alpha_initializer, alpha_regularizer, alpha_constraint))
        if shared_axes is not None:
            shared_axes = list(axes("PReLU", "shared_axes", shared_axes))
        self.shared_axes = shared_axes

    def build(self, input_shape: Shape) -> None:
        """alpha: the inputs' shape without the batch, 1 along shared axes."""
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if not 1 <= axis < len(input_shape):
                raise ShapeError(
                    f"PReLU shares axes from 1 on, got shared_axes={self.shared_axes} for inputs of shape {input_shape}"
                )
            shape[axis - 1] = 1
        self.alpha = self._weight("alpha", shape)
        fixed = {i: n for i, n in enumerate(input_shape) if i and i not in (self.shared_axes or ())}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=fixed)

    def call(self, inputs: Tensor) -> Tensor:
        """The rectified inputs."""
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays."""
        return input_shape

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "shared_axes": self.shared_axes,
        }
