"""Dense: each output is a weighted sum of all inputs."""

from __future__ import annotations

from typing import Unpack

from narae import activations, ops
from narae.base.arguments import is_whole
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import (
    ActivationLike,
    Config,
    ConstraintLike,
    InitializerLike,
    RegularizerLike,
    Shape,
)
from narae.layers.full_rank import FullRank
from narae.layers.input_spec import InputSpec
from narae.layers.options import WeightedOptions
from narae.layers.weighted import KernelAndBias
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class Dense(FullRank, KernelAndBias):
    """activation(x W + b): each output is a weighted sum of all inputs.

    x: (..., inputs) -> (..., units). W: (inputs, units), b: (units,), created when the number of inputs is known.

    Args:
        units: outputs of a sample, a positive whole number.
        activation: what follows the sum: a name, a function or a layer; None: nothing.
        use_bias: whether b is added.
        kernel_initializer: how the kernel begins (default: uniform within ±√(6 / (inputs + outputs)), inputs and
            outputs those of one unit).
        bias_initializer: how the bias begins (default: zeros).
        kernel_regularizer: the penalty on the kernel in the loss; None: none.
        bias_regularizer: the penalty on the bias in the loss; None: none.
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        kernel_constraint: what brings the kernel back into bounds after each update; None: nothing.
        bias_constraint: what brings the bias back into bounds after each update; None: nothing.
        lora_rank: None: kernels of low rank are not in narae.
        lora_alpha: None; it belongs to `lora_rank`.
        quantization_config: None: layers are not quantized in narae.

    Raises:
        ValueError: `units` is not a positive whole number; an option of low rank or of quantization is given.
        ShapeError: the last axis of the inputs is not known when W is created, or differs later.

    >>> import narae
    >>> layer = narae.layers.Dense(2, kernel_initializer="ones")
    >>> layer(narae.ops.ones((1, 3))).tolist()
    [[3.0, 3.0]]
    """

    def __init__(
        self,
        units: int,
        activation: ActivationLike | None = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike | None = "glorot_uniform",
        bias_initializer: InitializerLike | None = "zeros",
        kernel_regularizer: RegularizerLike | None = None,
        bias_regularizer: RegularizerLike | None = None,
        activity_regularizer: RegularizerLike | None = None,
        kernel_constraint: ConstraintLike | None = None,
        bias_constraint: ConstraintLike | None = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: None = None,
        **kwargs: Unpack[WeightedOptions],
    ) -> None:
        self.refuse_low_rank(lora_rank=lora_rank, quantization_config=quantization_config)
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = validate_positive("units", units, "Dense")
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self._declare(
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """kernel (inputs, units), bias (units,)."""
        width = input_shape[-1]
        if width is None:
            raise ShapeError(
                f"Dense needs a known last axis, got {tuple(input_shape)}; Input(shape=(n,)) names it"
            )
        self.kernel = self._weight("kernel", (width, self.units))
        self.bias = None
        if self.use_bias:
            self.bias = self._weight("bias", (self.units,))
        self.input_spec = InputSpec(min_ndim=2, axes={-1: width})

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        x = ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return x if self.activation is None else self.activation(x)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The last axis becomes `units`."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "quantization_config": None,
        }


def validate_positive(argument: str, value: int, layer: str) -> int:
    """A positive whole number. Raises ValueError that names the argument."""
    if not is_whole(value) or value <= 0:
        raise ValueError(f"{layer} takes a positive whole number as `{argument}`, got {value!r}")
    return int(value)
