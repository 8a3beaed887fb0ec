"""SeparableConv1D, SeparableConv2D: a depthwise convolution, then one over channels alone."""

from __future__ import annotations

from typing import Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.types import (
    ActivationLike,
    Config,
    ConstraintLike,
    InitializerLike,
    Ints,
    RegularizerLike,
)
from narae.layers.convolving import Convolving
from narae.layers.dense import validate_positive
from narae.layers.options import WeightedOptions
from narae.tensor.tensor import Tensor


class SeparableConvolution(Convolving):
    """Base of SeparableConv1D and SeparableConv2D, which differ in the number of axes only."""

    def __init__(
        self,
        filters: int,
        kernel_size: Ints,
        strides: Ints = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Ints = 1,
        depth_multiplier: int = 1,
        activation: ActivationLike | None = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike | None = "glorot_uniform",
        pointwise_initializer: InitializerLike | None = "glorot_uniform",
        bias_initializer: InitializerLike | None = "zeros",
        depthwise_regularizer: RegularizerLike | None = None,
        pointwise_regularizer: RegularizerLike | None = None,
        bias_regularizer: RegularizerLike | None = None,
        activity_regularizer: RegularizerLike | None = None,
        depthwise_constraint: ConstraintLike | None = None,
        pointwise_constraint: ConstraintLike | None = None,
        bias_constraint: ConstraintLike | None = None,
        **kwargs: Unpack[WeightedOptions],
    ) -> None:
        super().__init__(
            *(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias),
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.filters = validate_positive("filters", filters, type(self).__name__)
        self.depth_multiplier = validate_positive(
            "depth_multiplier", depth_multiplier, type(self).__name__
        )
        self._declare(
            depthwise=(depthwise_initializer, depthwise_regularizer, depthwise_constraint),
            pointwise=(pointwise_initializer, pointwise_regularizer, pointwise_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def build_kernels(self, channels: int) -> None:
        """depthwise_kernel (*kernel_size, channels, multiplier), pointwise_kernel (1.., their product, filters)."""
        deep = (*self.kernel_size, channels, self.depth_multiplier)
        wide = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        self.depthwise_kernel = self._weight("depthwise", deep, name="depthwise_kernel")
        self.pointwise_kernel = self._weight("pointwise", wide, name="pointwise_kernel")

    def output_channels(self, channels: int | None) -> int:
        """One per filter."""
        return self.filters

    def convolve(self, inputs: Tensor) -> Tensor:
        """The outputs before bias and activation."""
        return ops.separable_conv(
            *(inputs, self.depthwise_kernel, self.pointwise_kernel),
            *(self.strides, self.padding, self.data_format, self.dilation_rate),
        )

    def get_config(self) -> Config:
        own = {"filters": self.filters, "depth_multiplier": self.depth_multiplier}
        return {**super().get_config(), **own}


@builtin("keras.layers")
class SeparableConv1D(SeparableConvolution):
    """Windows of each channel by itself, then a weighted sum of the channels at each step.

    x: (B, steps, channels) -> (B, steps out, filters); channels_first: (B, channels, steps) -> (B, filters, steps
    out). An axis of n places becomes ⌊(n - (k - 1) d - 1) / s⌋ + 1 places for padding='valid', ⌈n / s⌉ for 'same',
    with k, s and d the axis's kernel_size, strides and dilation_rate. depthwise_kernel: (kernel_size, channels,
    depth_multiplier), pointwise_kernel: (1, channels · depth_multiplier, filters).

    Args:
        filters: channels that come out, a positive whole number.
        kernel_size: steps of the window.
        strides: steps from one window to the next.
        padding: 'valid': windows lie within the input; 'same': zeros around it, so that strides of 1 keep the
            lengths.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: steps from one element of a window to the next; 1 where strides are above 1.
        depth_multiplier: kernels per channel, a positive whole number.
        activation: what follows the sum: a name, a function or a layer; None: nothing.
        use_bias: whether a bias is added, one number per channel that comes out.
        depthwise_initializer: how the kernels of single channels begin (default: uniform within ±√(6 / (inputs +
            outputs)), inputs and outputs those of one unit).
        pointwise_initializer: how the kernel that mixes channels begins (default: uniform within ±√(6 / (inputs +
            outputs)), inputs and outputs those of one unit).
        bias_initializer: how the bias begins (default: zeros).
        depthwise_regularizer: the penalty on the kernels of single channels in the loss; None: none.
        pointwise_regularizer: the penalty on the kernel that mixes channels in the loss; None: none.
        bias_regularizer: the penalty on the bias in the loss; None: none.
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        depthwise_constraint: what brings the kernels of single channels back into bounds after each update; None:
            nothing.
        pointwise_constraint: what brings the kernel that mixes channels back into bounds after each update; None:
            nothing.
        bias_constraint: what brings the bias back into bounds after each update; None: nothing.

    Raises:
        ValueError: a number is not positive, `padding` or `data_format` is none of its names, or numbers do not fit
            together; the message names them.
        ShapeError: the inputs have another rank or unknown channels, or no window fits.

    >>> import narae
    >>> narae.layers.SeparableConv1D(5, 2)(narae.ops.ones((1, 4, 2))).shape
    (1, 3, 5)
    """

    rank = 1


@builtin("keras.layers")
class SeparableConv2D(SeparableConvolution):
    """Windows of each channel by itself, then a weighted sum of the channels at each place.

    x: (B, rows, columns, channels) -> (B, rows out, columns out, filters); channels_first: the channels, and the
    filters, stand after B. An axis of n places becomes ⌊(n - (k - 1) d - 1) / s⌋ + 1 places for padding='valid', ⌈n
    / s⌉ for 'same', with k, s and d the axis's kernel_size, strides and dilation_rate. depthwise_kernel:
    (*kernel_size, channels, depth_multiplier), pointwise_kernel: (1, 1, channels · depth_multiplier, filters).

    Args:
        filters: channels that come out, a positive whole number.
        kernel_size: rows and columns of the window: a number for both, or two.
        strides: rows and columns from one window to the next: a number for both, or two.
        padding: 'valid': windows lie within the input; 'same': zeros around it, so that strides of 1 keep the
            lengths.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: rows and columns from one element of a window to the next; 1 where strides are above 1.
        depth_multiplier: kernels per channel, a positive whole number.
        activation: what follows the sum: a name, a function or a layer; None: nothing.
        use_bias: whether a bias is added, one number per channel that comes out.
        depthwise_initializer: how the kernels of single channels begin (default: uniform within ±√(6 / (inputs +
            outputs)), inputs and outputs those of one unit).
        pointwise_initializer: how the kernel that mixes channels begins (default: uniform within ±√(6 / (inputs +
            outputs)), inputs and outputs those of one unit).
        bias_initializer: how the bias begins (default: zeros).
        depthwise_regularizer: the penalty on the kernels of single channels in the loss; None: none.
        pointwise_regularizer: the penalty on the kernel that mixes channels in the loss; None: none.
        bias_regularizer: the penalty on the bias in the loss; None: none.
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        depthwise_constraint: what brings the kernels of single channels back into bounds after each update; None:
            nothing.
        pointwise_constraint: what brings the kernel that mixes channels back into bounds after each update; None:
            nothing.
        bias_constraint: what brings the bias back into bounds after each update; None: nothing.

    Raises:
        ValueError: a number is not positive, `padding` or `data_format` is none of its names, or numbers do not fit
            together; the message names them.
        ShapeError: the inputs have another rank or unknown channels, or no window fits.

    Source: Chollet 2017.

    >>> import narae
    >>> narae.layers.SeparableConv2D(5, 3, padding="same")(narae.ops.ones((1, 4, 4, 2))).shape
    (1, 4, 4, 5)
    """
