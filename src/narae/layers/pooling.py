"""MaxPooling1D to 3D, AveragePooling1D to 3D: one number for each window."""

from __future__ import annotations

from typing import Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.settings import standardize_data_format
from narae.base.types import Config, Ints, Shape
from narae.layers.base import Layer
from narae.layers.input_spec import InputSpec
from narae.layers.options import PoolingOptions
from narae.layers.windows import count_windows, join_shape, per_axis, split_shape, validate_padding
from narae.tensor.tensor import Tensor


class Pooling(Layer):
    """Base of the pooling layers: windows of space, each channel by itself."""

    rank = 2

    def __init__(
        self,
        pool_size: Ints,
        strides: Ints | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Unpack[PoolingOptions],
    ) -> None:
        super().__init__(name=name, **kwargs)
        layer = type(self).__name__
        self.pool_size = per_axis(layer, "pool_size", pool_size, self.rank)
        steps = self.pool_size if strides is None else strides
        self.strides = per_axis(layer, "strides", steps, self.rank)
        self.padding = validate_padding(layer, padding)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._build_at_init()

    def pool(self, x: Tensor) -> Tensor:
        """One number for each window, by the operation of the layer."""
        raise NotImplementedError

    def call(self, inputs: Tensor) -> Tensor:
        """The pooled inputs."""
        self.compute_output_shape(inputs.shape)  # refuse what is too small
        return self.pool(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """As many places as windows; the channels stay."""
        batch, space, channels = split_shape(input_shape, self.data_format)
        windows = count_windows(
            type(self).__name__, space, self.pool_size, self.strides, self.padding
        )
        return join_shape(batch, windows, channels, self.data_format)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class MaxPooling(Pooling):
    """Base of MaxPooling1D to 3D."""

    pool_mode = "max"

    def __init__(
        self,
        pool_size: Ints = 2,
        strides: Ints | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Unpack[PoolingOptions],
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)

    def pool(self, x: Tensor) -> Tensor:
        """The largest of each window."""
        return ops.max_pool(x, self.pool_size, self.strides, self.padding, self.data_format)


class AveragePooling(Pooling):
    """Base of AveragePooling1D to 3D."""

    pool_mode = "average"

    def pool(self, x: Tensor) -> Tensor:
        """The mean of each window; what is padded does not count."""
        return ops.average_pool(x, self.pool_size, self.strides, self.padding, self.data_format)


@builtin("keras.layers")
class MaxPooling1D(MaxPooling):
    """The largest of each window of steps, each channel by itself.

    x: (B, steps, channels) -> (B, windows, channels); channels_first: (B, channels, steps) -> (B, channels,
    windows). padding='valid' gives ⌊(n - pool_size) / strides⌋ + 1 windows of an axis of n places, 'same' gives ⌈n
    / strides⌉.

    Args:
        pool_size: steps of a window.
        strides: steps from one window to the next; None: `pool_size`.
        padding: 'valid': windows lie within the input; 'same': windows may reach over its ends.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        name: the layer's name; None: one of the class's name and a number.

    Raises:
        ValueError: a number is not positive, or `padding` or `data_format` is none of its names.
        ShapeError: the inputs have another rank, or no window fits.

    >>> import numpy as np
    >>> MaxPooling1D()(np.array([[[1.0], [3.0], [2.0], [4.0]]])).tolist()
    [[[3.0], [4.0]]]
    """

    rank = 1


@builtin("keras.layers")
class MaxPooling2D(MaxPooling):
    """The largest of each window of an image, each channel by itself.

    x: (B, rows, columns, channels) -> (B, windows down, windows across, channels); channels_first: (B, channels,
    rows, columns) -> (B, channels, windows down, windows across). padding='valid' gives ⌊(n - pool_size) / strides⌋
    + 1 windows of an axis of n places, 'same' gives ⌈n / strides⌉.

    Args:
        pool_size: rows and columns of a window: a number for both, or two.
        strides: rows and columns from one window to the next; None: `pool_size`.
        padding: 'valid': windows lie within the input; 'same': windows may reach over its ends.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        name: the layer's name; None: one of the class's name and a number.

    Raises:
        ValueError: a number is not positive, or `padding` or `data_format` is none of its names.
        ShapeError: the inputs have another rank, or no window fits.

    >>> import narae
    >>> MaxPooling2D(2)(narae.ops.ones((1, 5, 4, 3))).shape
    (1, 2, 2, 3)
    """


@builtin("keras.layers")
class MaxPooling3D(MaxPooling):
    """The largest of each window of a volume, each channel by itself.

    x: (B, depth, rows, columns, channels) -> (B, windows of each of the three axes, channels); channels_first: (B,
    channels, depth, rows, columns) -> (B, channels, windows of each of the three axes). padding='valid' gives ⌊(n -
    pool_size) / strides⌋ + 1 windows of an axis of n places, 'same' gives ⌈n / strides⌉.

    Args:
        pool_size: depth, rows and columns of a window: a number for all, or three.
        strides: places from one window to the next, in depth, rows and columns; None: `pool_size`.
        padding: 'valid': windows lie within the input; 'same': windows may reach over its ends.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        name: the layer's name; None: one of the class's name and a number.

    Raises:
        ValueError: a number is not positive, or `padding` or `data_format` is none of its names.
        ShapeError: the inputs have another rank, or no window fits.

    >>> import narae
    >>> MaxPooling3D(2)(narae.ops.ones((1, 4, 4, 4, 3))).shape
    (1, 2, 2, 2, 3)
    """

    rank = 3


@builtin("keras.layers")
class AveragePooling1D(AveragePooling):
    """The mean of each window of steps, each channel by itself; padded places do not count.

    x: (B, steps, channels) -> (B, windows, channels); channels_first: (B, channels, steps) -> (B, channels,
    windows). padding='valid' gives ⌊(n - pool_size) / strides⌋ + 1 windows of an axis of n places, 'same' gives ⌈n
    / strides⌉.

    Args:
        pool_size: steps of a window.
        strides: steps from one window to the next; None: `pool_size`.
        padding: 'valid': windows lie within the input; 'same': windows may reach over its ends.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        name: the layer's name; None: one of the class's name and a number.

    Raises:
        ValueError: a number is not positive, or `padding` or `data_format` is none of its names.
        ShapeError: the inputs have another rank, or no window fits.

    >>> import numpy as np
    >>> AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [4.0]]])).tolist()
    [[[2.0], [3.0]]]
    """

    rank = 1


@builtin("keras.layers")
class AveragePooling2D(AveragePooling):
    """The mean of each window of an image, each channel by itself; padded places do not count.

    x: (B, rows, columns, channels) -> (B, windows down, windows across, channels); channels_first: (B, channels,
    rows, columns) -> (B, channels, windows down, windows across). padding='valid' gives ⌊(n - pool_size) / strides⌋
    + 1 windows of an axis of n places, 'same' gives ⌈n / strides⌉.

    Args:
        pool_size: rows and columns of a window: a number for both, or two.
        strides: rows and columns from one window to the next; None: `pool_size`.
        padding: 'valid': windows lie within the input; 'same': windows may reach over its ends.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        name: the layer's name; None: one of the class's name and a number.

    Raises:
        ValueError: a number is not positive, or `padding` or `data_format` is none of its names.
        ShapeError: the inputs have another rank, or no window fits.

    >>> import narae
    >>> AveragePooling2D(2, padding="same")(narae.ops.ones((1, 5, 4, 3))).shape
    (1, 3, 2, 3)
    """


@builtin("keras.layers")
class AveragePooling3D(AveragePooling):
    """The mean of each window of a volume, each channel by itself; padded places do not count.

    x: (B, depth, rows, columns, channels) -> (B, windows of each of the three axes, channels); channels_first: (B,
    channels, depth, rows, columns) -> (B, channels, windows of each of the three axes). padding='valid' gives ⌊(n -
    pool_size) / strides⌋ + 1 windows of an axis of n places, 'same' gives ⌈n / strides⌉.

    Args:
        pool_size: depth, rows and columns of a window: a number for all, or three.
        strides: places from one window to the next, in depth, rows and columns; None: `pool_size`.
        padding: 'valid': windows lie within the input; 'same': windows may reach over its ends.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        name: the layer's name; None: one of the class's name and a number.

    Raises:
        ValueError: a number is not positive, or `padding` or `data_format` is none of its names.
        ShapeError: the inputs have another rank, or no window fits.

    >>> import narae
    >>> AveragePooling3D(2)(narae.ops.ones((1, 4, 4, 4, 3))).shape
    (1, 2, 2, 2, 3)
    """

    rank = 3
