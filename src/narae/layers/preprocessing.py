"""Layers that bring data into range: Rescaling, Normalization."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Unpack

import numpy as np

from narae import ops
from narae.base.arguments import axes
from narae.base.arrays import native
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.serialization import serialize_keras_object
from narae.base.settings import epsilon, image_data_format
from narae.base.types import Config, Ints, Shape, TensorLike
from narae.layers.base import Layer
from narae.layers.options import LayerOptions
from narae.tensor.tensor import Tensor
from narae.utils.py_dataset import PyDataset


@builtin("keras.layers")
class Rescaling(Layer):
    """x · scale + offset, in the layer's dtype: bytes of an image to [0, 1] with scale=1/255.

    x: any shape -> the same.

    Args:
        scale: the factor: a number, or numbers that broadcast to x (with channels_first, one for each channel of an
            image).
        offset: what is added after it, the same way.

    >>> import numpy as np
    >>> Rescaling(1 / 255)(np.array([0, 255], "uint8")).tolist()
    [0.0, 1.0]
    """

    def __init__(
        self, scale: TensorLike, offset: TensorLike = 0.0, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """The scaled inputs."""
        dtype = self.compute_dtype
        scale, offset = (
            ops.cast(np.asarray(self.scale), dtype),
            ops.cast(np.asarray(self.offset), dtype),
        )
        if scale.shape and image_data_format() == "channels_first":
            scale = ops.reshape(scale, scale.shape + (1,) * (3 - len(scale.shape)))
        return ops.cast(inputs, dtype) * scale + offset

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays."""
        return input_shape

    def get_config(self) -> Config:
        scale, offset = map(serialize_keras_object, (self.scale, self.offset))
        return {**super().get_config(), "scale": scale, "offset": offset}


@builtin("keras.layers")
class Normalization(Layer):
    """(x - mean) / √variance, for each place of `axis`: given, or learned from data by `adapt`.

    x: any shape with known lengths of `axis` -> the same.

    Args:
        axis: the axis, or axes, whose places have a mean and a variance of their own; None: one of each for all.
        mean: the means, of the lengths of `axis`, or one number; None: those of the data.
        variance: the variances, the same way; given where `mean` is.
        invert: whether it goes the other way: x · √variance + mean.

    Raises:
        ValueError: one of mean and variance is given alone, or their shapes differ.
        TypeError: `axis` is no whole number, nor a list of them.
        ShapeError: the inputs have not that axis, or its length is not known.

    >>> import numpy as np
    >>> layer = Normalization()
    >>> layer.adapt(np.array([[0.0], [2.0]], "float32"))
    >>> layer(np.array([[2.0]], "float32")).tolist()
    [[1.0]]
    """

    def __init__(
        self,
        axis: Ints = -1,
        mean: TensorLike | None = None,
        variance: TensorLike | None = None,
        invert: bool = False,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else axes("Normalization", "axis", axis)
        if (mean is None) != (variance is None):
            raise ValueError(
                "Normalization takes both mean and variance, or neither (then adapt to data)"
            )
        self.input_mean: Any = mean
        self.input_variance: Any = variance
        shapes = np.shape(self.input_mean), np.shape(self.input_variance)
        if shapes[0] != shapes[1] or len(shapes[0]) > len(self.axis):
            raise ValueError(
                f"Normalization takes mean and variance of one shape, with at most as many axes as axis={self.axis}, "
                f"got shapes {shapes[0]} and {shapes[1]}"
            )
        self.invert = invert
        self.supports_masking = True
        self._given: Any = None

    def build(self, input_shape: Shape | None) -> None:
        """mean and variance of the kept axes' shape, as variables when they are to be learned."""
        if input_shape is None:
            return
        rank = len(input_shape)
        if any(not -rank <= a < rank for a in self.axis):
            raise ShapeError(
                f"Normalization keeps axes {self.axis}, which are not all in {tuple(input_shape)}"
            )
        keep = tuple(sorted(a % rank for a in self.axis))
        if any(input_shape[a] is None for a in keep):
            raise ShapeError(
                f"Normalization keeps axes {self.axis}, whose lengths are unknown in {input_shape}"
            )
        self._lengths = {
            a: int(n) for a, n in enumerate(input_shape) if a in keep and n is not None
        }
        self._reduced = tuple(a for a in range(rank) if a not in keep)
        self._wide = tuple(self._lengths.get(a, 1) for a in range(rank))
        if self.input_mean is not None:
            self._given = tuple(map(self._spread, (self.input_mean, self.input_variance)))
            return
        shape = tuple(self._lengths.values())
        self.adapt_mean = self.add_weight(
            shape=shape, initializer="zeros", trainable=False, name="mean"
        )
        self.adapt_variance = self.add_weight(
            shape=shape, initializer="ones", trainable=False, name="variance"
        )
        self.count = self.add_weight(
            shape=(), initializer="zeros", dtype="int32", trainable=False, name="count"
        )

    def _spread(self, value: TensorLike) -> np.ndarray:
        """A given mean or variance for the inputs' axes: its last axis is the last kept one."""
        value = np.asarray(value, np.float32)
        shape = [1] * len(self._wide)
        if value.ndim:
            for axis, length in zip(list(self._lengths)[-value.ndim :], value.shape, strict=True):
                shape[axis] = length
        try:
            return np.broadcast_to(value.reshape(shape), self._wide)
        except ValueError:
            raise ShapeError(
                f"mean and variance fit the kept axes' lengths {tuple(self._lengths.values())}, got {value.shape}"
            ) from None

    @property
    def mean(self) -> Any:
        """What is taken away, with the inputs' axes; None before building."""
        return self._statistic(0, "adapt_mean")

    @property
    def variance(self) -> Any:
        """The square of what is divided by, with the inputs' axes; None before building."""
        return self._statistic(1, "adapt_variance")

    def _statistic(self, place: int, weight: str) -> Any:
        if self._given is not None:
            return ops.cast(self._given[place], self.compute_dtype)
        if not hasattr(self, weight):
            return None
        return ops.cast(ops.reshape(getattr(self, weight), self._wide), self.compute_dtype)

    def finalize_state(self) -> None:
        """Nothing: `mean` and `variance` are read from the weights at each call."""

    def adapt(self, data: Any) -> None:
        """Learn mean and variance from data. Starts anew each time.

        Args:
            data: an array (samples, ...); or batches, which are arrays or tuples that begin with one: a list, a
                generator, a PyDataset, any other dataset.

        Raises:
            ValueError: mean and variance were given; the data has no element, or no end.
            ShapeError: a batch has other lengths along `axis`.
            TypeError: a batch has no shape.

        >>> layer = Normalization()
        >>> layer.adapt([np.zeros((2, 1)), np.full((2, 1), 2.0)])
        >>> layer.mean.tolist(), layer.variance.tolist()
        ([[1.0]], [[1.0]])
        """
        if self.input_mean is not None:
            raise ValueError("this Normalization was given its mean and variance: it cannot adapt")
        total = 0
        mean = squares = np.zeros(())
        for batch in _batches(data):
            if not self.built:
                self.build(batch.shape)
            self._require_fit(batch.shape)
            x = native(batch) if isinstance(batch, np.ndarray) else np.asarray(batch)
            count = math.prod(x.shape[a] for a in self._reduced)
            if not count:
                continue
            batch_mean = x.mean(axis=self._reduced, dtype=np.float64)
            batch_squares = x.var(axis=self._reduced, dtype=np.float64) * count
            # Chan, Golub & LeVeque (1979): moments of two parts together, without cancellation
            delta, both = batch_mean - mean, total + count
            squares = squares + batch_squares + delta**2 * (total * count / both)
            mean, total = mean + delta * (count / both), both
        if not total:
            raise ValueError("Normalization.adapt got no data: not one element")
        self.adapt_mean.assign(np.asarray(mean, np.float32))
        self.adapt_variance.assign(np.asarray(squares / total, np.float32))

    def _require_fit(self, shape: tuple[int, ...]) -> None:
        fits = len(shape) == len(self._wide)
        if not fits or any(shape[a] != n for a, n in self._lengths.items()):
            raise ShapeError(
                f"Normalization was built for lengths {self._lengths} of its kept axes, adapt got data of shape "
                f"{tuple(shape)}"
            )

    def call(self, inputs: Tensor) -> Tensor:
        """The normalized inputs."""
        if self.mean is None:
            raise ValueError(f"{self.name!r} has no mean yet: build(input_shape) it, or adapt it")
        x = ops.cast(inputs, self.compute_dtype)
        deviation = ops.maximum(ops.sqrt(self.variance), epsilon())
        return x * deviation + self.mean if self.invert else (x - self.mean) / deviation

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays."""
        return input_shape

    def get_config(self) -> Config:
        def plain(value: TensorLike | None) -> Any:
            return None if value is None else np.asarray(value).tolist()

        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": plain(self.input_mean),
            "variance": plain(self.input_variance),
        }


def _batches(data: Any) -> Iterator[Any]:
    """The arrays of what `adapt` takes."""
    if isinstance(data, PyDataset):
        if data.num_batches is None:
            raise ValueError("Normalization.adapt got a dataset without end: give it a __len__")
        dataset, count = data, data.num_batches
        data = (dataset[i] for i in range(count))
    elif hasattr(data, "shape"):
        data = [data]
    elif not isinstance(data, Iterable) or isinstance(data, (str, bytes, dict)):
        raise TypeError(
            f"Normalization.adapt takes an array, or batches of arrays, got {type(data).__name__}"
        )
    for batch in data:
        x = batch[0] if isinstance(batch, tuple) else batch
        if not hasattr(x, "shape"):
            raise TypeError(
                f"Normalization.adapt takes batches that are arrays, got {type(x).__name__}: make it one by np.array"
            )
        yield x
