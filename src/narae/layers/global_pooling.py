"""GlobalMaxPooling1D to 3D, GlobalAveragePooling1D to 3D: one number for each channel."""

from __future__ import annotations

from typing import Any, Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.settings import standardize_data_format
from narae.base.types import Config, Shape
from narae.layers.base import Layer
from narae.layers.input_spec import InputSpec
from narae.layers.options import LayerOptions
from narae.layers.windows import join_shape, spatial_axes, split_shape
from narae.tensor.tensor import Tensor


class GlobalPooling(Layer):
    """Base of the global pooling layers: all of space as one window."""

    rank = 2

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._build_at_init()

    def reduce_space(self, x: Tensor, **over: Any) -> Tensor:
        """One number for all of some axes."""
        raise NotImplementedError

    def _over(self) -> dict[str, Any]:
        return {"axis": spatial_axes(self.rank, self.data_format), "keepdims": self.keepdims}

    def call(self, inputs: Tensor) -> Tensor:
        """The pooled inputs."""
        return self.reduce_space(inputs, **self._over())

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, channels), with ones for the axes of space when they are kept."""
        batch, space, channels = split_shape(input_shape, self.data_format)
        kept = (1,) * len(space) if self.keepdims else ()
        return join_shape(batch, kept, channels, self.data_format)

    def get_config(self) -> Config:
        own = {"data_format": self.data_format, "keepdims": self.keepdims}
        return {**super().get_config(), **own}


class GlobalMaxPooling(GlobalPooling):
    """Base of GlobalMaxPooling1D to 3D."""

    def reduce_space(self, x: Tensor, **over: Any) -> Tensor:
        """The largest."""
        return ops.max(x, **over)


class GlobalAveragePooling(GlobalPooling):
    """Base of GlobalAveragePooling1D to 3D."""

    def reduce_space(self, x: Tensor, **over: Any) -> Tensor:
        """The mean."""
        return ops.mean(x, **over)


@builtin("keras.layers")
class GlobalMaxPooling1D(GlobalMaxPooling):
    """The largest of all steps, each channel by itself.

    x: (B, steps, channels) -> (B, channels); channels_first: (B, channels, steps) -> (B, channels).

    Args:
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        keepdims: whether the axes of space stay, with length 1.

    Raises:
        ValueError: `data_format` is none of its names.
        ShapeError: the inputs have another rank.

    >>> import numpy as np
    >>> GlobalMaxPooling1D()(np.array([[[1.0], [3.0], [2.0]]])).tolist()
    [[3.0]]
    """

    rank = 1


@builtin("keras.layers")
class GlobalMaxPooling2D(GlobalMaxPooling):
    """The largest of all places of an image, each channel by itself.

    x: (B, rows, columns, channels) -> (B, channels); channels_first: (B, channels, rows, columns) -> (B, channels).

    Args:
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        keepdims: whether the axes of space stay, with length 1.

    Raises:
        ValueError: `data_format` is none of its names.
        ShapeError: the inputs have another rank.

    >>> import narae
    >>> GlobalMaxPooling2D()(narae.ops.ones((2, 4, 5, 3))).shape
    (2, 3)
    """


@builtin("keras.layers")
class GlobalMaxPooling3D(GlobalMaxPooling):
    """The largest of all places of a volume, each channel by itself.

    x: (B, depth, rows, columns, channels) -> (B, channels); channels_first: (B, channels, depth, rows, columns) ->
    (B, channels).

    Args:
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        keepdims: whether the axes of space stay, with length 1.

    Raises:
        ValueError: `data_format` is none of its names.
        ShapeError: the inputs have another rank.

    >>> import narae
    >>> GlobalMaxPooling3D(keepdims=True)(narae.ops.ones((2, 4, 5, 6, 3))).shape
    (2, 1, 1, 1, 3)
    """

    rank = 3


@builtin("keras.layers")
class GlobalAveragePooling1D(GlobalAveragePooling):
    """The mean of all steps, each channel by itself; masked steps do not count.

    x: (B, steps, channels) -> (B, channels); channels_first: (B, channels, steps) -> (B, channels). mask: (B,
    steps), True for steps that count.

    Args:
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        keepdims: whether the axes of space stay, with length 1.

    Raises:
        ValueError: `data_format` is none of its names.
        ShapeError: the inputs have another rank.

    >>> import numpy as np
    >>> x = np.array([[[1.0], [3.0], [8.0]]])
    >>> GlobalAveragePooling1D()(x, mask=np.array([[True, True, False]])).tolist()
    [[2.0]]
    """

    rank = 1

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """The mean of the steps that the mask leaves."""
        if mask is None:
            return super().call(inputs)
        channel = -1 if self.data_format == "channels_last" else 1
        there = ops.cast(ops.expand_dims(mask, channel), "bool")
        total = ops.sum(ops.where(there, inputs, 0), **self._over())
        return total / ops.sum(ops.cast(there, inputs.dtype), **self._over())

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None = None) -> Tensor | None:
        """None: there are no steps any more."""
        return None


@builtin("keras.layers")
class GlobalAveragePooling2D(GlobalAveragePooling):
    """The mean of all places of an image, each channel by itself.

    x: (B, rows, columns, channels) -> (B, channels); channels_first: (B, channels, rows, columns) -> (B, channels).

    Args:
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        keepdims: whether the axes of space stay, with length 1.

    Raises:
        ValueError: `data_format` is none of its names.
        ShapeError: the inputs have another rank.

    Source: Lin et al. 2014, section 3.2.

    >>> import narae
    >>> GlobalAveragePooling2D()(narae.ops.ones((2, 4, 5, 3))).shape
    (2, 3)
    """


@builtin("keras.layers")
class GlobalAveragePooling3D(GlobalAveragePooling):
    """The mean of all places of a volume, each channel by itself.

    x: (B, depth, rows, columns, channels) -> (B, channels); channels_first: (B, channels, depth, rows, columns) ->
    (B, channels).

    Args:
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        keepdims: whether the axes of space stay, with length 1.

    Raises:
        ValueError: `data_format` is none of its names.
        ShapeError: the inputs have another rank.

    >>> import narae
    >>> GlobalAveragePooling3D()(narae.ops.ones((2, 4, 5, 6, 3))).shape
    (2, 3)
    """

    rank = 3
