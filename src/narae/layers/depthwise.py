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
from narae.layers.dense import positive
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
        self.depth_multiplier = positive("depth_multiplier", depth_multiplier, type(self).__name__)
        self._declare(
            depthwise=(depthwise_initializer, depthwise_regularizer, depthwise_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def make_kernels(self, channels: int) -> None:
        """kernel (*kernel_size, channels, depth_multiplier)."""
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self._weight("depthwise", shape, name="kernel")

    def channels_out(self, channels: int | None) -> int:
        """depth_multiplier for each channel in. Raises ShapeError when their number is not known."""
        if channels is None:
            raise ShapeError(
                f"{type(self).__name__} needs a known number of channels: name it in Input(shape=...)"
            )
        return channels * self.depth_multiplier

    def convolved(self, inputs: Tensor) -> Tensor:
        """The outputs before bias and activation."""
        return ops.depthwise_conv(
            *(inputs, self.kernel, self.strides, self.padding, self.data_format, self.dilation_rate)
        )

    def get_config(self) -> Config:
        """The constructor's arguments."""
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


@builtin("keras.layers")
class DepthwiseConv1D(DepthwiseConvolution):
    """`depth_multiplier` convolutions of each channel by itself.

    x: (B, steps, channels) -> (B, steps out, channels depth_multiplier); channels_first: (B, channels, steps).
    Raises ValueError for numbers that do not fit together, naming them.

    >>> import narae
    >>> DepthwiseConv1D(2, depth_multiplier=3)(narae.ops.ones((1, 4, 2))).shape
    (1, 3, 6)
    """

    rank = 1


@builtin("keras.layers")
class DepthwiseConv2D(DepthwiseConvolution):
    """`depth_multiplier` convolutions of each channel by itself.

    x: (B, rows, columns, channels) -> (B, rows out, columns out, channels depth_multiplier); channels_first:
    (B, channels, rows, columns). Raises ValueError for numbers that do not fit together, naming them.

    >>> import narae
    >>> DepthwiseConv2D(3, padding="same")(narae.ops.ones((1, 4, 4, 2))).shape
    (1, 4, 4, 2)
    """
