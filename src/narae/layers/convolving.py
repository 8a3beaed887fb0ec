"""What all convolution layers are: a kernel moved over space, a bias, an activation."""

from __future__ import annotations

from typing import Any, Unpack

from narae import activations, ops, regularizers
from narae.base.errors import ShapeError
from narae.base.settings import standardize_data_format
from narae.base.types import ActivationLike, Config, Ints, Shape
from narae.layers.input_spec import InputSpec
from narae.layers.options import LayerOptions
from narae.layers.weighted import Weighted
from narae.layers.windows import (
    Lengths,
    count_windows,
    join_shape,
    per_axis,
    split_shape,
    validate_padding,
)
from narae.tensor.tensor import Tensor


class Convolving(Weighted):
    """Base of convolution layers: windows, channels, bias, activation.

    Subclasses name their kernels (`make_kernels`), their number of channels out (`channels_out`) and the
    operation (`convolved`).
    """

    rank = 2
    paddings: tuple[str, ...] = ("valid", "same")
    strides_or_dilation = False  # whether one excludes the other

    def __init__(
        self,
        kernel_size: Ints,
        strides: Ints,
        padding: str,
        data_format: str | None,
        dilation_rate: Ints,
        activation: ActivationLike | None,
        use_bias: bool,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        layer = type(self).__name__
        self.kernel_size = per_axis(layer, "kernel_size", kernel_size, self.rank)
        self.strides = per_axis(layer, "strides", strides, self.rank)
        self.dilation_rate = per_axis(layer, "dilation_rate", dilation_rate, self.rank)
        self.padding = validate_padding(layer, padding, self.paddings)
        self.data_format = standardize_data_format(data_format)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        if self.strides_or_dilation and max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{layer} takes strides or dilation, not both: got strides={self.strides} and "
                f"dilation_rate={self.dilation_rate}"
            )

    def build(self, input_shape: Shape) -> None:
        """The kernels, and a bias for each channel out."""
        channels = split_shape(input_shape, self.data_format)[2]
        if len(input_shape) != self.rank + 2 or channels is None:
            raise ShapeError(
                f"{type(self).__name__} needs inputs of rank {self.rank + 2} with a known number of channels, got "
                f"shape {tuple(input_shape)} with data_format={self.data_format!r}"
            )
        self.compute_output_shape(input_shape)
        self.build_kernels(channels)
        self.bias: Any = None
        if self.use_bias:
            self.bias = self._weight("bias", (self.output_channels(channels),))
        axis = 1 if self.data_format == "channels_first" else -1
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})

    def build_kernels(self, channels: int) -> None:
        """Make the kernel variables for a number of channels in."""
        raise NotImplementedError

    def output_channels(self, channels: int | None) -> int:
        """The number of channels out, for a number of channels in."""
        raise NotImplementedError

    def convolve(self, inputs: Tensor) -> Tensor:
        """The outputs before bias and activation."""
        raise NotImplementedError

    def call(self, inputs: Tensor) -> Tensor:
        self.output_lengths(
            split_shape(inputs.shape, self.data_format)[1]
        )  # refuse what is too small
        x = self.convolve(inputs)
        if self.bias is not None:
            last = self.data_format == "channels_last"
            bias = self.bias if last else ops.reshape(self.bias, (-1, *(1,) * self.rank))
            x = ops.add(x, bias)
        return x if self.activation is None else self.activation(x)

    def output_lengths(self, space: Lengths) -> Lengths:
        """The lengths that come out. Raises ShapeError when a length in is too small."""
        return count_windows(
            type(self).__name__,
            space,
            self.kernel_size,
            self.strides,
            self.padding,
            self.dilation_rate,
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """As many places as windows, and the channels out."""
        batch, space, channels = split_shape(input_shape, self.data_format)
        filters = self.output_channels(channels)
        return join_shape(batch, self.output_lengths(space), filters, self.data_format)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }
