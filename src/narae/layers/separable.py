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
from narae.layers.dense import positive
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
        self.filters = positive("filters", filters, type(self).__name__)
        self.depth_multiplier = positive("depth_multiplier", depth_multiplier, type(self).__name__)
        self._declare(
            depthwise=(depthwise_initializer, depthwise_regularizer, depthwise_constraint),
            pointwise=(pointwise_initializer, pointwise_regularizer, pointwise_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def make_kernels(self, channels: int) -> None:
        """depthwise_kernel (*kernel_size, channels, multiplier), pointwise_kernel (1.., their product, filters)."""
        deep = (*self.kernel_size, channels, self.depth_multiplier)
        wide = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        self.depthwise_kernel = self._weight("depthwise", deep, name="depthwise_kernel")
        self.pointwise_kernel = self._weight("pointwise", wide, name="pointwise_kernel")

    def channels_out(self, channels: int | None) -> int:
        """One per filter."""
        return self.filters

    def convolved(self, inputs: Tensor) -> Tensor:
        """The outputs before bias and activation."""
        return ops.separable_conv(
            *(inputs, self.depthwise_kernel, self.pointwise_kernel),
            *(self.strides, self.padding, self.data_format, self.dilation_rate),
        )

    def get_config(self) -> Config:
        """The constructor's arguments."""
        own = {"filters": self.filters, "depth_multiplier": self.depth_multiplier}
        return {**super().get_config(), **own}


@builtin("keras.layers")
class SeparableConv1D(SeparableConvolution):
    """Windows of each channel by itself, then a mixture of the channels at each place.

    x: (B, steps, channels) -> (B, steps out, filters); channels_first: (B, channels, steps). Raises ValueError
    for numbers that do not fit together, naming them.

    >>> import narae
    >>> SeparableConv1D(5, 2)(narae.ops.ones((1, 4, 2))).shape
    (1, 3, 5)
    """

    rank = 1


@builtin("keras.layers")
class SeparableConv2D(SeparableConvolution):
    """Windows of each channel by itself, then a mixture of the channels at each place (Chollet 2017).

    x: (B, rows, columns, channels) -> (B, rows out, columns out, filters); channels_first: (B, channels, rows,
    columns). Raises ValueError for numbers that do not fit together, naming them.

    >>> import narae
    >>> SeparableConv2D(5, 3, padding="same")(narae.ops.ones((1, 4, 4, 2))).shape
    (1, 4, 4, 5)
    """
