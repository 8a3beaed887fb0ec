"""DepthwiseConv1D, DepthwiseConv2D: each channel with kernels of its own."""

from __future__ import annotations

from typing import Unpack

from narae import ops
from narae.base.errors import ShapeError
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


class DepthwiseConvolution(Convolving):
    """Base of DepthwiseConv1D and DepthwiseConv2D, which differ in the number of axes only."""

    def __init__(
        self,
        kernel_size: Ints,
        strides: Ints = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Ints = 1,
        activation: ActivationLike | None = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike | None = "glorot_uniform",
        bias_initializer: InitializerLike | None = "zeros",
        depthwise_regularizer: RegularizerLike | None = None,
        bias_regularizer: RegularizerLike | None = None,
        activity_regularizer: RegularizerLike | None = None,
        depthwise_constraint: ConstraintLike | None = None,
        bias_constraint: ConstraintLike | None = None,
        **kwargs: Unpack[WeightedOptions],
    ) -> None:
        super().__init__(
            *(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias),
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.depth_multiplier = validate_positive(
            "depth_multiplier", depth_multiplier, type(self).__name__
        )
        self._declare(
            depthwise=(depthwise_initializer, depthwise_regularizer, depthwise_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def build_kernels(self, channels: int) -> None:
        """kernel (*kernel_size, channels, depth_multiplier)."""
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self._weight("depthwise", shape, name="kernel")

    def output_channels(self, channels: int | None) -> int:
        """depth_multiplier for each channel in. Raises ShapeError when their number is not known."""
        if channels is None:
            raise ShapeError(
                f"{type(self).__name__} needs a known number of channels: name it in Input(shape=...)"
            )
        return channels * self.depth_multiplier

    def convolve(self, inputs: Tensor) -> Tensor:
        """The outputs before bias and activation."""
        return ops.depthwise_conv(
            *(inputs, self.kernel, self.strides, self.padding, self.data_format, self.dilation_rate)
        )

    def get_config(self) -> Config:
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


@builtin("keras.layers")
class DepthwiseConv1D(DepthwiseConvolution):
    """`depth_multiplier` convolutions of each channel by itself.

    x: (B, steps, channels) -> (B, steps out, channels · depth_multiplier); channels_first: (B, channels, steps) ->
    (B, channels · depth_multiplier, steps out). An axis of n places becomes ⌊(n - (k - 1) d - 1) / s⌋ + 1 places
    for padding='valid', ⌈n / s⌉ for 'same', with k, s and d the axis's kernel_size, strides and dilation_rate.
    kernel: (kernel_size, channels, depth_multiplier).

    Args:
        kernel_size: steps of the window.
        strides: steps from one window to the next.
        padding: 'valid': windows lie within the input; 'same': zeros around it, so that strides of 1 keep the
            lengths.
        depth_multiplier: kernels per channel, a positive whole number.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: steps from one element of a window to the next; 1 where strides are above 1.
        activation: what follows the sum: a name, a function or a layer; None: nothing.
        use_bias: whether a bias is added, one number per channel that comes out.
        depthwise_initializer: how the kernels of single channels begin (default: uniform within ±√(6 / (inputs +
            outputs)), inputs and outputs those of one unit).
        bias_initializer: how the bias begins (default: zeros).
        depthwise_regularizer: the penalty on the kernels of single channels in the loss; None: none.
        bias_regularizer: the penalty on the bias in the loss; None: none.
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        depthwise_constraint: what brings the kernels of single channels back into bounds after each update; None:
            nothing.
        bias_constraint: what brings the bias back into bounds after each update; None: nothing.

    Raises:
        ValueError: a number is not positive, `padding` or `data_format` is none of its names, or numbers do not fit
            together; the message names them.
        ShapeError: the inputs have another rank or unknown channels, or no window fits.

    >>> import narae
    >>> narae.layers.DepthwiseConv1D(2, depth_multiplier=3)(narae.ops.ones((1, 4, 2))).shape
    (1, 3, 6)
    """

    rank = 1


@builtin("keras.layers")
class DepthwiseConv2D(DepthwiseConvolution):
    """`depth_multiplier` convolutions of each channel by itself.

    x: (B, rows, columns, channels) -> (B, rows out, columns out, channels · depth_multiplier); channels_first: the
    channels stand after B. An axis of n places becomes ⌊(n - (k - 1) d - 1) / s⌋ + 1 places for padding='valid', ⌈n
    / s⌉ for 'same', with k, s and d the axis's kernel_size, strides and dilation_rate. kernel: (*kernel_size,
    channels, depth_multiplier).

    Args:
        kernel_size: rows and columns of the window: a number for both, or two.
        strides: rows and columns from one window to the next: a number for both, or two.
        padding: 'valid': windows lie within the input; 'same': zeros around it, so that strides of 1 keep the
            lengths.
        depth_multiplier: kernels per channel, a positive whole number.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: rows and columns from one element of a window to the next; 1 where strides are above 1.
        activation: what follows the sum: a name, a function or a layer; None: nothing.
        use_bias: whether a bias is added, one number per channel that comes out.
        depthwise_initializer: how the kernels of single channels begin (default: uniform within ±√(6 / (inputs +
            outputs)), inputs and outputs those of one unit).
        bias_initializer: how the bias begins (default: zeros).
        depthwise_regularizer: the penalty on the kernels of single channels in the loss; None: none.
        bias_regularizer: the penalty on the bias in the loss; None: none.
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        depthwise_constraint: what brings the kernels of single channels back into bounds after each update; None:
            nothing.
        bias_constraint: what brings the bias back into bounds after each update; None: nothing.

    Raises:
        ValueError: a number is not positive, `padding` or `data_format` is none of its names, or numbers do not fit
            together; the message names them.
        ShapeError: the inputs have another rank or unknown channels, or no window fits.

    >>> import narae
    >>> narae.layers.DepthwiseConv2D(3, padding="same")(narae.ops.ones((1, 4, 4, 2))).shape
    (1, 4, 4, 2)
    """
