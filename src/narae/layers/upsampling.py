"""UpSampling1D to 3D: more places in space, by repetition or interpolation."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from narae import ops
from narae.base.errors import unknown_name
from narae.base.limits import afford
from narae.base.registry import builtin
from narae.base.settings import standardize_data_format
from narae.base.types import Config, Ints, Shape
from narae.layers.base import Layer
from narae.layers.input_spec import InputSpec
from narae.layers.options import LayerOptions
from narae.layers.windows import join_shape, per_axis, spatial_axes, split_shape
from narae.tensor.tensor import Tensor

Curve = Callable[[np.ndarray], np.ndarray]


def _cubic(x: np.ndarray) -> np.ndarray:
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x >= 2, 0.0, np.where(x >= 1, far, near))


def _lanczos(a: int) -> Curve:
    return lambda x: np.where(x < a, np.sinc(x) * np.sinc(x / a), 0.0)


# name -> how far it reaches, in places of the input, and the weight at a distance (Keys 1981 for
# bicubic, with a = -1/2; Duchon 1979 for the Lanczos windows)
CURVES: dict[str, tuple[int, Curve]] = {
    "bilinear": (1, lambda x: np.maximum(0.0, 1.0 - x)),
    "bicubic": (2, _cubic),
    "lanczos3": (3, _lanczos(3)),
    "lanczos5": (5, _lanczos(5)),
}


class UpSampling(Layer):
    """Base of UpSampling1D to 3D: each axis of space `size` times as long."""

    rank = 2

    def __init__(
        self, size: Ints, data_format: str | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.factors = per_axis(type(self).__name__, "size", size, self.rank)
        self.size: Any = self.factors
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def resize_axis(self, x: Tensor, axis: int, factor: int) -> Tensor:
        """One axis `factor` times as long."""
        return ops.repeat(x, factor, axis=axis)

    def call(self, inputs: Tensor) -> Tensor:
        """The inputs with more places."""
        for axis, factor in zip(
            spatial_axes(self.rank, self.data_format), self.factors, strict=True
        ):
            inputs = inputs if factor == 1 else self.resize_axis(inputs, axis, factor)
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`size` times the lengths in space; batch and channels stay."""
        batch, space, channels = split_shape(input_shape, self.data_format)
        pairs = zip(space, self.factors, strict=True)
        lengths = tuple(None if n is None else n * factor for n, factor in pairs)
        return join_shape(batch, lengths, channels, self.data_format)

    def get_config(self) -> Config:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


@builtin("keras.layers")
class UpSampling1D(UpSampling):
    """Each step `size` times.

    x: (B, steps, channels) -> (B, steps · size, channels).

    Args:
        size: how often a step is repeated, a positive whole number.

    Raises:
        TypeError: `size` is no whole number.
        ValueError: `size` is not positive.

    >>> import numpy as np
    >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]])).tolist()
    [[[1.0], [1.0], [2.0], [2.0]]]
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Unpack[LayerOptions]) -> None:
        if not isinstance(size, int) or isinstance(size, bool):
            raise TypeError(f"UpSampling1D takes `size` as a whole number, got {size!r}")
        super().__init__(size, "channels_last", **kwargs)
        self.size = size

    def get_config(self) -> Config:
        config = super().get_config()
        del config["data_format"]
        return config


@builtin("keras.layers")
class UpSampling2D(UpSampling):
    """An image `size` times as large.

    x: (B, rows, columns, channels) -> (B, rows · down, columns · across, channels); channels_first: the channels
    stand after B.

    Args:
        size: how many times as many rows and columns: a number for both, or (down, across).
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        interpolation: 'nearest' repeats; 'bilinear', 'bicubic', 'lanczos3' and 'lanczos5' weigh neighbours, the
            latter two 3 and 5 places to each side.

    Raises:
        ValueError: `size` is not positive, or `interpolation` or `data_format` is none of its names.

    Source: bicubic: Keys 1981, with a = -1/2; Lanczos windows: Duchon 1979.

    >>> import numpy as np
    >>> UpSampling2D((1, 2), interpolation="bilinear")(np.array([[[[0.0], [4.0]]]])).tolist()
    [[[[0.0], [1.0], [3.0], [4.0]]]]
    """

    def __init__(
        self,
        size: Ints = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = str(interpolation).lower()
        if self.interpolation not in ("nearest", *CURVES):
            raise unknown_name("interpolation", interpolation, ("nearest", *CURVES))

    def resize_axis(self, x: Tensor, axis: int, factor: int) -> Tensor:
        """One axis `factor` times as long: repeated, or each new place a weighted sum of old ones."""
        if self.interpolation == "nearest":
            return super().resize_axis(x, axis, factor)
        places, weights = interpolated(x.shape[axis], factor, self.interpolation)
        across = [1] * len(x.shape)
        across[axis] = -1
        terms = [
            ops.take(x, places[:, k], axis=axis)
            * ops.cast(weights[:, k].reshape(across), self.compute_dtype)
            for k in range(places.shape[1])
        ]
        return functools.reduce(operator.add, terms)

    def get_config(self) -> Config:
        return {**super().get_config(), "interpolation": self.interpolation}


def interpolated(length: int, factor: int, curve: str) -> tuple[np.ndarray, np.ndarray]:
    """The old places of each new one, and their weights, both (length · factor, 2 reach).

    New places are centred: place i lies at (i + 1/2) / factor - 1/2 of the old ones. Weights beyond
    the ends go to the others in proportion.
    """
    reach, weight = CURVES[curve]
    afford(8 * length * factor)
    at = (np.arange(length * factor) + 0.5) / factor - 0.5
    places = np.floor(at)[:, None] + np.arange(1 - reach, reach + 1)
    weights = weight(np.abs(at[:, None] - places)) * ((places >= 0) & (places < length))
    weights = weights / weights.sum(1, keepdims=True)
    return np.clip(places, 0, length - 1).astype(np.int32), weights.astype(np.float32)


@builtin("keras.layers")
class UpSampling3D(UpSampling):
    """Each place of a volume repeated.

    x: (B, depth, rows, columns, channels) -> the same, each axis of space `size` times as long; channels_first: the
    channels stand after B.

    Args:
        size: how often depth, rows and columns are repeated: a number for all, or three.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        ValueError: `size` is not positive, or `data_format` is none of its names.

    >>> import narae
    >>> UpSampling3D((1, 2, 3))(narae.ops.ones((1, 2, 2, 2, 5))).shape
    (1, 2, 4, 6, 5)
    """

    rank = 3

    def __init__(
        self, size: Ints = (2, 2, 2), data_format: str | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(size, data_format, **kwargs)
