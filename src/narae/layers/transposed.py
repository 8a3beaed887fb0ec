"""Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: each input spread over a window."""

from __future__ import annotations

from typing import Any, Unpack

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
from narae.layers.windows import Lengths, numbers
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
        self.filters = positive("filters", filters, layer)
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = numbers(layer, "output_padding", output_padding, self.rank, 0)
            if any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"{layer} takes `output_padding` below the strides, got {self.output_padding} with "
                    f"strides={self.strides}"
                )
        self._declare(
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def make_kernels(self, channels: int) -> None:
        """kernel (*kernel_size, filters, channels)."""
        self.kernel = self._weight("kernel", (*self.kernel_size, self.filters, channels))

    def channels_out(self, channels: int | None) -> int:
        """One per filter."""
        return self.filters

    def convolved(self, inputs: Tensor) -> Tensor:
        """The outputs before bias and activation."""
        return ops.conv_transpose(
            *(inputs, self.kernel, self.strides, self.padding),
            *(self.output_padding, self.data_format, self.dilation_rate),
        )

    def space_out(self, space: Lengths) -> Lengths:
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
        """The constructor's arguments."""
        own = {"filters": self.filters, "output_padding": self.output_padding}
        return {**super().get_config(), **own}


@builtin("keras.layers")
class Conv1DTranspose(TransposedConvolution):
    """Each step spread over a window: the gradient of Conv1D, as a layer that makes sequences longer.

    x: (B, steps, channels) -> (B, steps · strides for padding='same', filters); channels_first: (B, channels,
    steps). Raises ValueError for numbers that do not fit together, naming them.

    >>> import narae
    >>> Conv1DTranspose(3, 2, strides=2)(narae.ops.ones((1, 4, 1))).shape
    (1, 8, 3)
    """

    rank = 1


@builtin("keras.layers")
class Conv2DTranspose(TransposedConvolution):
    """Each place spread over a window: the gradient of Conv2D, as a layer that makes images larger
    (Zeiler et al. 2010).

    x: (B, rows, columns, channels) -> (B, rows · strides, columns · strides, filters) for padding='same';
    channels_first: (B, channels, rows, columns). Raises ValueError for numbers that do not fit together, naming
    them.

    >>> import narae
    >>> Conv2DTranspose(3, 3, strides=2, padding="same")(narae.ops.ones((1, 4, 4, 1))).shape
    (1, 8, 8, 3)
    """


@builtin("keras.layers")
class Conv3DTranspose(TransposedConvolution):
    """Each place of a volume spread over a window: the gradient of Conv3D, as a layer.

    x: (B, depth, rows, columns, channels) -> the same `strides` times as long for padding='same', with filters
    in place of the channels; channels_first: (B, channels, depth, rows, columns). Raises ValueError for numbers
    that do not fit together, naming them.

    >>> import narae
    >>> Conv3DTranspose(3, 2, strides=2)(narae.ops.ones((1, 2, 2, 2, 1))).shape
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
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, output_padding, data_format, *args, **kwargs
        )
