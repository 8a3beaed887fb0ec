"""Layers that bring data into range: Rescaling, Normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae import ops
from narae.base.errors import ShapeError
from narae.base.registry import builtin, serialize_keras_object
from narae.layers.base import Layer


@builtin("keras.layers")
class Rescaling(Layer):
    """x scale + offset, in the layer's dtype: bytes of an image to [0, 1] with scale=1/255.

    >>> import numpy as np
    >>> Rescaling(1 / 255)(np.array([0, 255], "uint8")).tolist()
    [0.0, 1.0]
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The scaled inputs."""
        dtype = self.compute_dtype
        scale, offset = (
            ops.cast(np.asarray(self.scale), dtype),
            ops.cast(np.asarray(self.offset), dtype),
        )
        return ops.cast(inputs, dtype) * scale + offset

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape stays."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        scale, offset = map(_plain, (self.scale, self.offset))
        return {**super().get_config(), "scale": scale, "offset": offset}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [float(v) for v in value]
    return serialize_keras_object(value)


@builtin("keras.layers")
class Normalization(Layer):
    """(x - mean) / sqrt(variance), per feature along `axis`: given, or learned from data by `adapt`.

    invert: the other way round. Raises ValueError for one of mean and variance alone.

    >>> import numpy as np
    >>> layer = Normalization()
    >>> layer.adapt(np.array([[0.0], [2.0]], "float32"))
    >>> layer(np.array([[2.0]], "float32")).tolist()
    [[1.0]]
    """

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError(
                "Normalization takes both mean and variance, or neither (then adapt to data)"
            )
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.input_mean, self.input_variance = mean, variance
        self.invert = bool(invert)
        self.supports_masking = True
        self._stats: Any = None

    def build(self, input_shape: Any) -> None:
        """mean and variance of the kept axes' shape, as variables when they are to be learned."""
        rank = len(input_shape)
        self._keep = tuple(sorted(a % rank for a in self.axis))
        if any(input_shape[a] is None for a in self._keep):
            raise ShapeError(
                f"Normalization keeps axes {self.axis}, whose lengths are unknown in {input_shape}"
            )
        self._reduced = tuple(a for a in range(rank) if a not in self._keep)
        self._shape = tuple(int(input_shape[a]) for a in self._keep)
        self._wide = tuple(int(n) if a in self._keep else 1 for a, n in enumerate(input_shape))
        if self.input_mean is not None:
            self._set(self.input_mean, self.input_variance)
            return
        self.adapt_mean = self.add_weight(self._shape, "zeros", trainable=False, name="mean")
        self.adapt_variance = self.add_weight(self._shape, "ones", trainable=False, name="variance")
        self.count = self.add_weight((), "zeros", dtype="int32", trainable=False, name="count")

    def _set(self, mean: Any, variance: Any) -> None:
        try:
            given = [
                np.broadcast_to(np.asarray(v, np.float32), self._shape) for v in (mean, variance)
            ]
        except ValueError:
            raise ShapeError(
                f"mean and variance must fit the kept axes' shape {self._shape}, got {np.shape(mean)} and "
                f"{np.shape(variance)}"
            ) from None
        self._stats = tuple(v.reshape(self._wide) for v in given)

    def adapt(self, data: Any) -> None:
        """Learn mean and variance from data: an array, or an iterable of batches. Starts anew each time."""
        if self.input_mean is not None:
            raise ValueError("this Normalization was given its mean and variance: it cannot adapt")
        whole = hasattr(data, "shape") or isinstance(data, (list, tuple))
        total = mean = squares = 0.0
        for batch in [data] if whole else data:
            x = np.asarray(batch[0] if isinstance(batch, tuple) else batch)
            x = x[:, None] if x.ndim == 1 and self.axis else x
            if not self.built:
                self.build(x.shape)
            count = x.size // max(int(np.prod(self._shape)), 1)
            if not count:
                raise ValueError("Normalization.adapt got no data")
            batch_mean = x.mean(axis=self._reduced, dtype=np.float64)
            batch_squares = x.var(axis=self._reduced, dtype=np.float64) * count
            # Chan, Golub & LeVeque (1979): moments of two parts together, without cancellation
            delta, both = batch_mean - mean, total + count
            squares = squares + batch_squares + delta**2 * total * count / both
            mean, total = mean + delta * count / both, both
        if not total:
            raise ValueError("Normalization.adapt got no data: the iterable gave no batch")
        self.adapt_mean.assign(np.asarray(mean, np.float32))
        self.adapt_variance.assign(np.asarray(squares / total, np.float32))

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        x = ops.cast(inputs, self.compute_dtype)
        if self._stats is not None:
            mean, variance = (ops.cast(s, self.compute_dtype) for s in self._stats)
        else:
            mean, variance = (
                ops.reshape(v, self._wide) for v in (self.adapt_mean, self.adapt_variance)
            )
        deviation = ops.maximum(ops.sqrt(variance), 1e-7)
        return x * deviation + mean if self.invert else (x - mean) / deviation

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape stays."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""

        def plain(value: Any) -> Any:
            return None if value is None else np.asarray(value).tolist()

        return {
            **super().get_config(),
            "axis": list(self.axis),
            "invert": self.invert,
            "mean": plain(self.input_mean),
            "variance": plain(self.input_variance),
        }
