"""Conv1D, Conv2D, Conv3D: sums of products of windows and kernels."""

from __future__ import annotations

from typing import Any, Unpack

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
from narae.layers.full_rank import FullRank
from narae.layers.options import WeightedOptions
from narae.tensor.tensor import Tensor


class Convolution(FullRank, Convolving):
    """Base of Conv1D, Conv2D and Conv3D, which differ in the number of axes only."""

    strides_or_dilation = True

    def __init__(
        self,
        filters: int,
        kernel_size: Ints,
        strides: Ints = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Ints = 1,
        groups: int = 1,
        activation: ActivationLike | None = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike | None = "glorot_uniform",
        bias_initializer: InitializerLike | None = "zeros",
        kernel_regularizer: RegularizerLike | None = None,
        bias_regularizer: RegularizerLike | None = None,
        activity_regularizer: RegularizerLike | None = None,
        kernel_constraint: ConstraintLike | None = None,
        bias_constraint: ConstraintLike | None = None,
        **kwargs: Unpack[WeightedOptions],
    ) -> None:
        super().__init__(
            *(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias),
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        layer = type(self).__name__
        self.filters = positive("filters", filters, layer)
        self.groups = positive("groups", groups, layer)
        if self.filters % self.groups:
            raise ValueError(
                f"{layer} shares its filters out among its groups: {filters} filters, {groups} groups"
            )
        self._declare(
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def make_kernels(self, channels: int) -> None:
        """kernel (*kernel_size, channels / groups, filters)."""
        if channels % self.groups:
            raise ShapeError(
                f"{type(self).__name__} shares its input channels out among its groups: {channels} channels, "
                f"{self.groups} groups"
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self._weight("kernel", shape)

    def channels_out(self, channels: int | None) -> int:
        """One per filter."""
        return self.filters

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """The convolution itself, which a subclass may replace (to standardize the kernel, say)."""
        padding: Any = self.padding
        if padding == "causal":  # an output sees its own step and earlier ones
            padding = tuple(
                ((k - 1) * d, 0) for k, d in zip(self.kernel_size, self.dilation_rate, strict=True)
            )
        return ops.conv(inputs, kernel, self.strides, padding, self.data_format, self.dilation_rate)

    def convolved(self, inputs: Tensor) -> Tensor:
        """The outputs before bias and activation."""
        return self.convolution_op(inputs, self.kernel)

    def get_config(self) -> Config:
        """The constructor's arguments."""
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


@builtin("keras.layers")
class Conv1D(Convolution):
    """activation(windows of steps · kernel + bias).

    x: (B, steps, channels) -> (B, steps out, filters); channels_first: (B, channels, steps). padding: 'valid',
    'same' (zeros at both ends), 'causal' (zeros before the beginning only). groups: parts of the channels that
    do not see each other. Raises ValueError for numbers that do not fit together, naming them.

    >>> import narae
    >>> layer = Conv1D(1, 2, padding="causal", kernel_initializer="ones")
    >>> layer(narae.ops.ones((1, 3, 1))).tolist()
    [[[1.0], [2.0], [2.0]]]
    """

    rank = 1
    paddings = ("valid", "same", "causal")


@builtin("keras.layers")
class Conv2D(Convolution):
    """activation(windows of an image · kernel + bias) (LeCun et al. 1989).

    x: (B, rows, columns, channels) -> (B, rows out, columns out, filters); channels_first: (B, channels, rows,
    columns). kernel_size, strides, dilation_rate: a number, or one per axis. groups: parts of the channels that
    do not see each other. Raises ValueError for numbers that do not fit together, naming them.

    >>> import narae
    >>> Conv2D(8, 3, strides=2, padding="same")(narae.ops.ones((1, 28, 28, 1))).shape
    (1, 14, 14, 8)
    """


@builtin("keras.layers")
class Conv3D(Convolution):
    """activation(windows of a volume · kernel + bias).

    x: (B, depth, rows, columns, channels) -> the same with filters in place of the channels and as many places
    as windows; channels_first: (B, channels, depth, rows, columns). Raises ValueError for numbers that do not
    fit together, naming them.

    >>> import narae
    >>> Conv3D(2, (1, 2, 3))(narae.ops.ones((1, 4, 4, 4, 1))).shape
    (1, 4, 3, 2, 2)
    """

    rank = 3
