"""AdaptiveMaxPooling1D to 3D, AdaptiveAveragePooling1D to 3D: a given number of windows, for inputs of any length."""

from __future__ import annotations

from typing import Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.settings import standardize_data_format
from narae.base.types import Config, Ints, Shape
from narae.layers.base import Layer
from narae.layers.input_spec import InputSpec
from narae.layers.options import LayerOptions
from narae.layers.windows import join_shape, per_axis, split_shape
from narae.tensor.tensor import Tensor


class AdaptivePooling(Layer):
    """Base of the adaptive pooling layers: window i of an axis goes from ⌊i n / size⌋ to ⌈(i + 1) n / size⌉."""

    rank = 2

    def __init__(
        self, output_size: Ints, data_format: str | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        listed = isinstance(output_size, (list, tuple))
        if not listed and not isinstance(output_size, int):
            raise TypeError(
                f"{type(self).__name__} takes `output_size` as a whole number or {self.rank} of them, got "
                f"{output_size!r}"
            )
        if listed and self.rank > 1 and len(output_size) != self.rank:
            raise TypeError(  # where Keras raises it too; one number of a 1D layer is a ValueError
                f"{type(self).__name__} takes {self.rank} numbers as `output_size`, got {output_size!r}"
            )
        self.output_size = per_axis(type(self).__name__, "output_size", output_size, self.rank)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def pool(self, x: Tensor) -> Tensor:
        """One number for each window, by the operation of the layer."""
        raise NotImplementedError

    def call(self, inputs: Tensor) -> Tensor:
        """The pooled inputs."""
        return self.pool(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The lengths of `output_size`; the channels stay."""
        batch, _, channels = split_shape(input_shape, self.data_format)
        return join_shape(batch, self.output_size, channels, self.data_format)

    def get_config(self) -> Config:
        own = {"output_size": self.output_size, "data_format": self.data_format}
        return {**super().get_config(), **own}


class AdaptiveMaxPooling(AdaptivePooling):
    """Base of AdaptiveMaxPooling1D to 3D."""

    def pool(self, x: Tensor) -> Tensor:
        """The largest of each window."""
        return ops.adaptive_max_pool(x, self.output_size, self.data_format)


class AdaptiveAveragePooling(AdaptivePooling):
    """Base of AdaptiveAveragePooling1D to 3D."""

    def pool(self, x: Tensor) -> Tensor:
        """The mean of each window."""
        return ops.adaptive_average_pool(x, self.output_size, self.data_format)


@builtin("keras.layers")
class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    """The largest of each of `output_size` windows that cover the steps evenly, each channel by itself.

    x: (B, steps, channels) -> (B, output_size, channels); channels_first: (B, channels, steps) -> (B, channels,
    output_size). Window i of an axis of n places goes from ⌊i n / size⌋ to ⌈(i + 1) n / size⌉.

    Args:
        output_size: windows, a positive whole number.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        TypeError: `output_size` is no whole number, nor a list of them.
        ValueError: a number is not positive, or `data_format` is none of its names.

    >>> import numpy as np
    >>> AdaptiveMaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0]]])).tolist()
    [[[3.0], [3.0]]]
    """

    rank = 1


@builtin("keras.layers")
class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    """The largest of each of `output_size` windows that cover an image evenly, each channel by itself.

    x: (B, rows, columns, channels) -> (B, *output_size, channels); channels_first: (B, channels, rows, columns) ->
    (B, channels, *output_size). Window i of an axis of n places goes from ⌊i n / size⌋ to ⌈(i + 1) n / size⌉.

    Args:
        output_size: windows down and across: a number for both, or two.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        TypeError: `output_size` is no whole number, nor a list of them of length 2.
        ValueError: a number is not positive, or `data_format` is none of its names.

    >>> import narae
    >>> AdaptiveMaxPooling2D((2, 3))(narae.ops.ones((1, 5, 7, 3))).shape
    (1, 2, 3, 3)
    """


@builtin("keras.layers")
class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """The largest of each of `output_size` windows that cover a volume evenly, each channel by itself.

    x: (B, depth, rows, columns, channels) -> (B, *output_size, channels); channels_first: (B, channels, depth,
    rows, columns) -> (B, channels, *output_size). Window i of an axis of n places goes from ⌊i n / size⌋ to ⌈(i +
    1) n / size⌉.

    Args:
        output_size: windows in depth, rows and columns: a number for all, or three.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        TypeError: `output_size` is no whole number, nor a list of them of length 3.
        ValueError: a number is not positive, or `data_format` is none of its names.

    >>> import narae
    >>> AdaptiveMaxPooling3D(2)(narae.ops.ones((1, 4, 5, 6, 3))).shape
    (1, 2, 2, 2, 3)
    """

    rank = 3


@builtin("keras.layers")
class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """The mean of each of `output_size` windows that cover the steps evenly, each channel by itself.

    x: (B, steps, channels) -> (B, output_size, channels); channels_first: (B, channels, steps) -> (B, channels,
    output_size). Window i of an axis of n places goes from ⌊i n / size⌋ to ⌈(i + 1) n / size⌉.

    Args:
        output_size: windows, a positive whole number.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        TypeError: `output_size` is no whole number, nor a list of them.
        ValueError: a number is not positive, or `data_format` is none of its names.

    >>> import numpy as np
    >>> AdaptiveAveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0]]])).tolist()
    [[[2.0], [2.5]]]
    """

    rank = 1


@builtin("keras.layers")
class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """The mean of each of `output_size` windows that cover an image evenly, each channel by itself.

    x: (B, rows, columns, channels) -> (B, *output_size, channels); channels_first: (B, channels, rows, columns) ->
    (B, channels, *output_size). Window i of an axis of n places goes from ⌊i n / size⌋ to ⌈(i + 1) n / size⌉.

    Args:
        output_size: windows down and across: a number for both, or two.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        TypeError: `output_size` is no whole number, nor a list of them of length 2.
        ValueError: a number is not positive, or `data_format` is none of its names.

    >>> import narae
    >>> AdaptiveAveragePooling2D((2, 3))(narae.ops.ones((1, 5, 7, 3))).shape
    (1, 2, 3, 3)
    """


@builtin("keras.layers")
class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """The mean of each of `output_size` windows that cover a volume evenly, each channel by itself.

    x: (B, depth, rows, columns, channels) -> (B, *output_size, channels); channels_first: (B, channels, depth,
    rows, columns) -> (B, channels, *output_size). Window i of an axis of n places goes from ⌊i n / size⌋ to ⌈(i +
    1) n / size⌉.

    Args:
        output_size: windows in depth, rows and columns: a number for all, or three.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        TypeError: `output_size` is no whole number, nor a list of them of length 3.
        ValueError: a number is not positive, or `data_format` is none of its names.

    >>> import narae
    >>> AdaptiveAveragePooling3D(2)(narae.ops.ones((1, 4, 5, 6, 3))).shape
    (1, 2, 2, 2, 3)
    """

    rank = 3
