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
from narae.engine.variable import Variable
from narae.layers.convolving import Convolving
from narae.layers.dense import validate_positive
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
        self.filters = validate_positive("filters", filters, layer)
        self.groups = validate_positive("groups", groups, layer)
        if self.filters % self.groups:
            raise ValueError(
                f"{layer} shares its filters out among its groups: {filters} filters, {groups} groups"
            )
        self._declare(
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def build_kernels(self, channels: int) -> None:
        """kernel (*kernel_size, channels / groups, filters)."""
        if channels % self.groups:
            raise ShapeError(
                f"{type(self).__name__} shares its input channels out among its groups: {channels} channels, "
                f"{self.groups} groups"
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self._weight("kernel", shape)

    def output_channels(self, channels: int | None) -> int:
        """One per filter."""
        return self.filters

    def convolution_op(self, inputs: Tensor, kernel: Tensor | Variable) -> Tensor:
        """The convolution itself, which a subclass may replace (to standardize the kernel, say)."""
        padding: Any = self.padding
        if padding == "causal":  # an output sees its own step and earlier ones
            padding = tuple(
                ((k - 1) * d, 0) for k, d in zip(self.kernel_size, self.dilation_rate, strict=True)
            )
        return ops.conv(inputs, kernel, self.strides, padding, self.data_format, self.dilation_rate)

    def convolve(self, inputs: Tensor) -> Tensor:
        """The outputs before bias and activation."""
        return self.convolution_op(inputs, self.kernel)

    def get_config(self) -> Config:
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


@builtin("keras.layers")
class Conv1D(Convolution):
    """activation(windows of steps · kernel + bias).

    x: (B, steps, channels) -> (B, steps out, filters); channels_first: (B, channels, steps) -> (B, filters, steps
    out). An axis of n places becomes ⌊(n - (k - 1) d - 1) / s⌋ + 1 places for padding='valid', ⌈n / s⌉ for 'same',
    with k, s and d the axis's kernel_size, strides and dilation_rate. kernel: (kernel_size, channels / groups,
    filters).

    Args:
        filters: channels that come out, a positive whole number.
        kernel_size: steps of the window.
        strides: steps from one window to the next.
        padding: 'valid': windows lie within the steps; 'same': zeros at both ends; 'causal': zeros before the
            beginning alone, so that an output sees its own step and earlier ones.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: steps from one element of a window to the next; 1 where strides are above 1.
        groups: parts of the channels that do not see each other; a divisor of the channels that come in and of
            `filters`.
        activation: what follows the sum: a name, a function or a layer; None: nothing.
        use_bias: whether a bias is added, one number per channel that comes out.
        kernel_initializer: how the kernel begins (default: uniform within ±√(6 / (inputs + outputs)), inputs and
            outputs those of one unit).
        bias_initializer: how the bias begins (default: zeros).
        kernel_regularizer: the penalty on the kernel in the loss; None: none.
        bias_regularizer: the penalty on the bias in the loss; None: none.
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        kernel_constraint: what brings the kernel back into bounds after each update; None: nothing.
        bias_constraint: what brings the bias back into bounds after each update; None: nothing.

    Raises:
        ValueError: a number is not positive, `padding` or `data_format` is none of its names, or numbers do not fit
            together; the message names them.
        ShapeError: the inputs have another rank, unknown channels or a number of them that `groups` does not
            divide, or no window fits.

    >>> import narae
    >>> layer = narae.layers.Conv1D(1, 2, padding="causal", kernel_initializer="ones")
    >>> layer(narae.ops.ones((1, 3, 1))).tolist()
    [[[1.0], [2.0], [2.0]]]
    """

    rank = 1
    paddings = ("valid", "same", "causal")


@builtin("keras.layers")
class Conv2D(Convolution):
    """activation(windows of an image · kernel + bias).

    x: (B, rows, columns, channels) -> (B, rows out, columns out, filters); channels_first: (B, channels, rows,
    columns) -> (B, filters, rows out, columns out). An axis of n places becomes ⌊(n - (k - 1) d - 1) / s⌋ + 1
    places for padding='valid', ⌈n / s⌉ for 'same', with k, s and d the axis's kernel_size, strides and
    dilation_rate. kernel: (*kernel_size, channels / groups, filters).

    Args:
        filters: channels that come out, a positive whole number.
        kernel_size: rows and columns of the window: a number for both, or two.
        strides: rows and columns from one window to the next: a number for both, or two.
        padding: 'valid': windows lie within the input; 'same': zeros around it, so that strides of 1 keep the
            lengths.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: rows and columns from one element of a window to the next; 1 where strides are above 1.
        groups: parts of the channels that do not see each other; a divisor of the channels that come in and of
            `filters`.
        activation: what follows the sum: a name, a function or a layer; None: nothing.
        use_bias: whether a bias is added, one number per channel that comes out.
        kernel_initializer: how the kernel begins (default: uniform within ±√(6 / (inputs + outputs)), inputs and
            outputs those of one unit).
        bias_initializer: how the bias begins (default: zeros).
        kernel_regularizer: the penalty on the kernel in the loss; None: none.
        bias_regularizer: the penalty on the bias in the loss; None: none.
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        kernel_constraint: what brings the kernel back into bounds after each update; None: nothing.
        bias_constraint: what brings the bias back into bounds after each update; None: nothing.

    Raises:
        ValueError: a number is not positive, `padding` or `data_format` is none of its names, or numbers do not fit
            together; the message names them.
        ShapeError: the inputs have another rank, unknown channels or a number of them that `groups` does not
            divide, or no window fits.

    Source: LeCun et al. 1989.

    >>> import narae
    >>> narae.layers.Conv2D(8, 3, strides=2, padding="same")(narae.ops.ones((1, 28, 28, 1))).shape
    (1, 14, 14, 8)
    """


@builtin("keras.layers")
class Conv3D(Convolution):
    """activation(windows of a volume · kernel + bias).

    x: (B, depth, rows, columns, channels) -> (B, depth out, rows out, columns out, filters); channels_first: the
    channels, and the filters, stand after B. An axis of n places becomes ⌊(n - (k - 1) d - 1) / s⌋ + 1 places for
    padding='valid', ⌈n / s⌉ for 'same', with k, s and d the axis's kernel_size, strides and dilation_rate. kernel:
    (*kernel_size, channels / groups, filters).

    Args:
        filters: channels that come out, a positive whole number.
        kernel_size: depth, rows and columns of the window: a number for all, or three.
        strides: places from one window to the next, in depth, rows and columns: a number for all, or three.
        padding: 'valid': windows lie within the input; 'same': zeros around it, so that strides of 1 keep the
            lengths.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: places from one element of a window to the next, the same way; 1 where strides are above 1.
        groups: parts of the channels that do not see each other; a divisor of the channels that come in and of
            `filters`.
        activation: what follows the sum: a name, a function or a layer; None: nothing.
        use_bias: whether a bias is added, one number per channel that comes out.
        kernel_initializer: how the kernel begins (default: uniform within ±√(6 / (inputs + outputs)), inputs and
            outputs those of one unit).
        bias_initializer: how the bias begins (default: zeros).
        kernel_regularizer: the penalty on the kernel in the loss; None: none.
        bias_regularizer: the penalty on the bias in the loss; None: none.
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        kernel_constraint: what brings the kernel back into bounds after each update; None: nothing.
        bias_constraint: what brings the bias back into bounds after each update; None: nothing.

    Raises:
        ValueError: a number is not positive, `padding` or `data_format` is none of its names, or numbers do not fit
            together; the message names them.
        ShapeError: the inputs have another rank, unknown channels or a number of them that `groups` does not
            divide, or no window fits.

    >>> import narae
    >>> narae.layers.Conv3D(2, (1, 2, 3))(narae.ops.ones((1, 4, 4, 4, 1))).shape
    (1, 4, 3, 2, 2)
    """

    rank = 3
