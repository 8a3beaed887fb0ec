"""Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: each input spread over a window."""

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
from narae.layers.windows import Lengths, per_axis
from narae.tensor.tensor import Tensor


class TransposedConvolution(Convolving):
    """Base of Conv1DTranspose, Conv2DTranspose and Conv3DTranspose."""

    strides_or_dilation = True

    def __init__(
        self,
        filters: int,
        kernel_size: Ints,
        strides: Ints = 1,
        padding: str = "valid",
        output_padding: Ints | None = None,
        data_format: str | None = None,
        dilation_rate: Ints = 1,
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
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = per_axis(layer, "output_padding", output_padding, self.rank, 0)
            if any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"{layer} takes `output_padding` below the strides, got {self.output_padding} with "
                    f"strides={self.strides}"
                )
        self._declare(
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def build_kernels(self, channels: int) -> None:
        """kernel (*kernel_size, filters, channels)."""
        self.kernel = self._weight("kernel", (*self.kernel_size, self.filters, channels))

    def output_channels(self, channels: int | None) -> int:
        """One per filter."""
        return self.filters

    def convolve(self, inputs: Tensor) -> Tensor:
        """The outputs before bias and activation."""
        return ops.conv_transpose(
            *(inputs, self.kernel, self.strides, self.padding),
            *(self.output_padding, self.data_format, self.dilation_rate),
        )

    def output_lengths(self, space: Lengths) -> Lengths:
        """The lengths whose convolution gives those that come in; `output_padding` chooses among several."""
        extra = self.output_padding or (None,) * self.rank
        rows = zip(space, self.kernel_size, self.strides, self.dilation_rate, extra, strict=True)
        return tuple(
            None if n is None else self._length(n, k, s, d, more) for n, k, s, d, more in rows
        )

    def _length(self, n: int, window: int, stride: int, dilation: int, extra: int | None) -> int:
        reach = (window - 1) * dilation + 1
        if self.padding == "same":
            return n * stride if extra is None else (n - 1) * stride + reach % 2 + extra
        return (n - 1) * stride + reach + (max(stride - reach, 0) if extra is None else extra)

    def get_config(self) -> Config:
        own = {"filters": self.filters, "output_padding": self.output_padding}
        return {**super().get_config(), **own}


@builtin("keras.layers")
class Conv1DTranspose(TransposedConvolution):
    """Each step added to a window of outputs, weighted by the kernel: the gradient of Conv1D, as a layer that makes
    sequences longer.

    x: (B, steps, channels) -> (B, steps out, filters); channels_first: (B, channels, steps) -> (B, filters, steps
    out). An axis of n places becomes n · s places for padding='same', (n - 1) s + max((k - 1) d + 1, s) for
    'valid', with k, s and d the axis's kernel_size, strides and dilation_rate. kernel: (kernel_size, filters,
    channels).

    Args:
        filters: channels that come out, a positive whole number.
        kernel_size: steps of the window.
        strides: steps from the window of one input to that of the next.
        padding: 'valid': all that the windows reach comes out; 'same': n · strides places of it.
        output_padding: places added at the end of each axis, below the strides: it chooses among the lengths whose
            convolution gives the input's; None: the shortest that holds every window, or n · strides for
            padding='same'.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: steps from one element of a window to the next; 1 where strides are above 1.
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
        ValueError: a number is not positive, `padding` or `data_format` is none of its names, `output_padding` is
            not below the strides, or strides and dilation_rate are both above 1.
        ShapeError: the inputs have another rank or unknown channels.

    >>> import narae
    >>> narae.layers.Conv1DTranspose(3, 2, strides=2)(narae.ops.ones((1, 4, 1))).shape
    (1, 8, 3)
    """

    rank = 1


@builtin("keras.layers")
class Conv2DTranspose(TransposedConvolution):
    """Each place added to a window of outputs, weighted by the kernel: the gradient of Conv2D, as a layer that
    makes images larger.

    x: (B, rows, columns, channels) -> (B, rows out, columns out, filters); channels_first: the channels, and the
    filters, stand after B. An axis of n places becomes n · s places for padding='same', (n - 1) s + max((k - 1) d +
    1, s) for 'valid', with k, s and d the axis's kernel_size, strides and dilation_rate. kernel: (*kernel_size,
    filters, channels).

    Args:
        filters: channels that come out, a positive whole number.
        kernel_size: rows and columns of the window: a number for both, or two.
        strides: rows and columns from the window of one input to that of the next: a number for both, or two.
        padding: 'valid': all that the windows reach comes out; 'same': n · strides places of it.
        output_padding: places added at the end of each axis, below the strides: it chooses among the lengths whose
            convolution gives the input's; None: the shortest that holds every window, or n · strides for
            padding='same'.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: rows and columns from one element of a window to the next; 1 where strides are above 1.
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
        ValueError: a number is not positive, `padding` or `data_format` is none of its names, `output_padding` is
            not below the strides, or strides and dilation_rate are both above 1.
        ShapeError: the inputs have another rank or unknown channels.

    Source: Zeiler et al. 2010.

    >>> import narae
    >>> narae.layers.Conv2DTranspose(3, 3, strides=2, padding="same")(narae.ops.ones((1, 4, 4, 1))).shape
    (1, 8, 8, 3)
    """


@builtin("keras.layers")
class Conv3DTranspose(TransposedConvolution):
    """Each place of a volume added to a window of outputs, weighted by the kernel: the gradient of Conv3D, as a
    layer.

    x: (B, depth, rows, columns, channels) -> (B, depth out, rows out, columns out, filters); channels_first: the
    channels, and the filters, stand after B. An axis of n places becomes n · s places for padding='same', (n - 1) s
    + max((k - 1) d + 1, s) for 'valid', with k, s and d the axis's kernel_size, strides and dilation_rate. kernel:
    (*kernel_size, filters, channels).

    Args:
        filters: channels that come out, a positive whole number.
        kernel_size: depth, rows and columns of the window: a number for all, or three.
        strides: places from the window of one input to that of the next, in depth, rows and columns: a number for
            all, or three.
        padding: 'valid': all that the windows reach comes out; 'same': n · strides places of it.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        output_padding: places added at the end of each axis, below the strides: it chooses among the lengths whose
            convolution gives the input's; None: the shortest that holds every window, or n · strides for
            padding='same'.
        dilation_rate: places from one element of a window to the next, the same way; 1 where strides are above 1.
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
        ValueError: a number is not positive, `padding` or `data_format` is none of its names, `output_padding` is
            not below the strides, or strides and dilation_rate are both above 1.
        ShapeError: the inputs have another rank or unknown channels.

    >>> import narae
    >>> narae.layers.Conv3DTranspose(3, 2, strides=2)(narae.ops.ones((1, 2, 2, 2, 1))).shape
    (1, 4, 4, 4, 3)
    """

    rank = 3

    def __init__(  # Keras gives the volumes' arguments in another order
        self,
        filters: int,
        kernel_size: Ints,
        strides: Ints = 1,
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: Ints | None = None,
        dilation_rate: Ints = 1,
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
            *(filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate),
            *(activation, use_bias, kernel_initializer, bias_initializer),
            *(kernel_regularizer, bias_regularizer, activity_regularizer),
            *(kernel_constraint, bias_constraint),
            **kwargs,
        )
