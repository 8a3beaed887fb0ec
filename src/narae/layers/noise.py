"""Dropout and other noise in training."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.settings import standardize_data_format
from narae.base.types import Config, DTypePolicyLike, Shape, ShapeLike
from narae.layers.base import Layer
from narae.layers.input_spec import InputSpec
from narae.layers.options import LayerOptions, NoiseOptions
from narae.random import basic as random
from narae.random.keys import SeedGenerator
from narae.tensor.tensor import Tensor


class _Noise(Layer):
    """Base of the noise layers: outside of training they change nothing."""

    def __init__(self, seed: int | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if self._active() else None
        self._build_at_init()

    def _active(self) -> bool:
        """Whether there is any noise to draw."""
        return True

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """The inputs, with noise when training."""
        return self.add_noise(inputs) if training and self.seed_generator is not None else inputs

    def add_noise(self, inputs: Tensor) -> Tensor:
        """The inputs with noise."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays."""
        return input_shape


def validate_rate(layer: str, value: float, argument: str = "rate") -> float:
    """A share in [0, 1], as given. Raises ValueError that names the layer."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"{layer} takes `{argument}` in [0, 1], got {value!r}")
    return value


def _noise_shape(layer: str, value: ShapeLike | None) -> tuple[int | None, ...] | None:
    """The lengths of the noise. Raises ValueError unless they are positive whole numbers or None."""
    if value is None:
        return None
    lengths = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (0,)
    if not all(n is None or (isinstance(n, int) and n > 0) for n in lengths):
        raise ValueError(
            f"{layer} takes `noise_shape` as positive lengths, 1 for an axis that is dropped together and None for "
            f"the input's own, got {value!r}"
        )
    return lengths


@builtin("keras.layers")
class Dropout(_Noise):
    """In training, a share `rate` of the inputs is set to 0, and the others are multiplied by 1/(1 - rate), so that
    the mean stays. Otherwise x as it is.

    x: any shape -> the same.

    Args:
        rate: the share of the inputs that is dropped, in [0, 1].
        noise_shape: lengths of the noise, 1 along axes that are dropped together, None for the input's own; None:
            the input's shape.
        seed: where the random numbers begin, a whole number; None: elsewhere each time.

    Raises:
        ValueError: `rate` is not in [0, 1], or `noise_shape` has a length that is not positive.

    Source: Srivastava et al. 2014.

    >>> import numpy as np
    >>> Dropout(0.5)(np.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    >>> Dropout(0.5, seed=1)(np.ones((100,)), training=True).numpy().max().item()
    2.0
    """

    def __init__(
        self,
        rate: float,
        noise_shape: ShapeLike | None = None,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        self.rate = validate_rate("Dropout", rate)
        self.noise_shape = _noise_shape("Dropout", noise_shape)
        super().__init__(seed, **kwargs)

    def _active(self) -> bool:
        return self.rate > 0

    def add_noise(self, inputs: Tensor) -> Tensor:
        """The inputs with some dropped."""
        return random.dropout(inputs, self.rate, self._shape(inputs), self.seed_generator)

    def _shape(self, inputs: Tensor) -> Any:
        return self.noise_shape

    def get_config(self) -> Config:
        own = {"rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
        return {**super().get_config(), **own}


class _SpatialDropout(Dropout):
    """Whole channels dropped: what neighbours in a feature map share goes together (Tompson et al. 2014)."""

    rank = 1

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
        **kwargs: Unpack[NoiseOptions],
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _shape(self, inputs: Tensor) -> Any:
        batch, ones = inputs.shape[0], (1,) * self.rank
        if self.data_format == "channels_first":
            return (batch, inputs.shape[1], *ones)
        return (batch, *ones, inputs.shape[-1])

    def get_config(self) -> Config:
        config = {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype}
        return config if self.rank == 1 else {**config, "data_format": self.data_format}


@builtin("keras.layers")
class SpatialDropout1D(_SpatialDropout):
    """In training, whole channels are dropped: what neighbouring steps share goes together.

    x: (B, steps, channels) -> the same.

    Args:
        rate: the share of the channels that is dropped, in [0, 1].
        seed: where the random numbers begin, a whole number; None: elsewhere each time.
        name: the layer's name; None: one of the class's name and a number.
        dtype: the dtype, or dtype policy, of the layer; None: narae.config.dtype_policy().

    Raises:
        ValueError: `rate` is not in [0, 1].

    Source: Tompson et al. 2015, section 3.2.

    >>> import narae
    >>> SpatialDropout1D(0.5)(narae.ops.ones((1, 2, 1))).tolist()
    [[[1.0], [1.0]]]
    """

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
        **kwargs: Unpack[NoiseOptions],
    ) -> None:
        super().__init__(rate, "channels_last", seed, name, dtype, **kwargs)


@builtin("keras.layers")
class SpatialDropout2D(_SpatialDropout):
    """In training, whole channels of images are dropped: what neighbouring places share goes together.

    x: (B, rows, columns, channels) -> the same; channels_first: (B, channels, rows, columns).

    Args:
        rate: the share of the channels that is dropped, in [0, 1].
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        seed: where the random numbers begin, a whole number; None: elsewhere each time.
        name: the layer's name; None: one of the class's name and a number.
        dtype: the dtype, or dtype policy, of the layer; None: narae.config.dtype_policy().

    Raises:
        ValueError: `rate` is not in [0, 1].

    Source: Tompson et al. 2015, section 3.2.

    >>> import narae
    >>> SpatialDropout2D(0.5)(narae.ops.ones((1, 1, 1, 1))).tolist()
    [[[[1.0]]]]
    """

    rank = 2


@builtin("keras.layers")
class SpatialDropout3D(_SpatialDropout):
    """In training, whole channels of volumes are dropped: what neighbouring places share goes together.

    x: (B, depth, rows, columns, channels) -> the same; channels_first: (B, channels, depth, rows, columns).

    Args:
        rate: the share of the channels that is dropped, in [0, 1].
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        seed: where the random numbers begin, a whole number; None: elsewhere each time.
        name: the layer's name; None: one of the class's name and a number.
        dtype: the dtype, or dtype policy, of the layer; None: narae.config.dtype_policy().

    Raises:
        ValueError: `rate` is not in [0, 1].

    Source: Tompson et al. 2015, section 3.2.

    >>> import narae
    >>> SpatialDropout3D(0.5)(narae.ops.ones((1, 1, 1, 1, 1))).shape
    (1, 1, 1, 1, 1)
    """

    rank = 3


@builtin("keras.layers")
class GaussianNoise(_Noise):
    """In training, x + N(0, stddev²). Otherwise x as it is.

    x: any shape -> the same.

    Args:
        stddev: the standard deviation of the noise, at least 0, in the units of x.
        seed: where the random numbers begin, a whole number; None: elsewhere each time.

    Raises:
        ValueError: `stddev` is negative or no number.

    >>> import numpy as np
    >>> GaussianNoise(0.1)(np.array([1.0])).tolist()
    [1.0]
    """

    def __init__(
        self, stddev: float, seed: int | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        if isinstance(stddev, bool) or not isinstance(stddev, (int, float)) or stddev < 0:
            raise ValueError(f"GaussianNoise takes `stddev` of at least 0, got {stddev!r}")
        self.stddev = stddev
        super().__init__(seed, **kwargs)

    def _active(self) -> bool:
        return self.stddev > 0

    def add_noise(self, inputs: Tensor) -> Tensor:
        """The inputs with normal noise added."""
        return inputs + random.normal(
            inputs.shape, 0.0, self.stddev, self.compute_dtype, self.seed_generator
        )

    def get_config(self) -> Config:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


@builtin("keras.layers")
class GaussianDropout(_Noise):
    """In training, x · N(1, rate/(1 - rate)): dropout's mean and variance without zeros. Otherwise x as it is.

    x: any shape -> the same.

    Args:
        rate: the rate of the dropout whose variance the noise has, in [0, 1].
        seed: where the random numbers begin, a whole number; None: elsewhere each time.

    Raises:
        ValueError: `rate` is not in [0, 1].

    Source: Srivastava et al. 2014, section 10.

    >>> import numpy as np
    >>> GaussianDropout(0.5)(np.array([1.0])).tolist()
    [1.0]
    """

    def __init__(
        self, rate: float, seed: int | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        self.rate = validate_rate("GaussianDropout", rate)
        super().__init__(seed, **kwargs)

    def _active(self) -> bool:
        return self.rate > 0

    def add_noise(self, inputs: Tensor) -> Tensor:
        """The inputs with normal factors."""
        stddev = math.sqrt(self.rate / (1 - self.rate))
        return inputs * random.normal(
            inputs.shape, 1.0, stddev, self.compute_dtype, self.seed_generator
        )

    def get_config(self) -> Config:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@builtin("keras.layers")
class AlphaDropout(_Noise):
    """In training, a share `rate` of the inputs is set to the value that SELU has far below 0, and all are scaled
    and shifted so that mean 0 and variance 1 stay. Otherwise x as it is.

    x: any shape -> the same.

    Args:
        rate: the share of the inputs that is dropped, in [0, 1].
        noise_shape: lengths of the noise, 1 along axes that are dropped together, None for the input's own; None:
            the input's shape.
        seed: where the random numbers begin, a whole number; None: elsewhere each time.

    Raises:
        ValueError: `rate` is not in [0, 1], or `noise_shape` has a length that is not positive.

    Source: Klambauer et al. 2017, section 3.

    >>> import numpy as np
    >>> AlphaDropout(0.5)(np.array([1.0])).tolist()
    [1.0]
    """

    def __init__(
        self,
        rate: float,
        noise_shape: ShapeLike | None = None,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        self.rate = validate_rate("AlphaDropout", rate)
        self.noise_shape = _noise_shape("AlphaDropout", noise_shape)
        super().__init__(seed, **kwargs)

    def _active(self) -> bool:
        return self.rate > 0

    def add_noise(self, inputs: Tensor) -> Tensor:
        """a (x where kept, -λα elsewhere) + b, a and b chosen for mean 0 and variance 1."""
        saturation = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717
        shape = (
            random._noise_shape(inputs.shape, self.noise_shape)
            if self.noise_shape
            else inputs.shape
        )
        draw = random.uniform(shape, seed=self.seed_generator)
        kept = draw >= self.rate
        a = ((1 - self.rate) * (1 + self.rate * saturation**2)) ** -0.5
        b = -a * saturation * self.rate
        return a * ops.where(kept, inputs, ops.cast(saturation, inputs.dtype)) + b

    def get_config(self) -> Config:
        own = {"rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
        return {**super().get_config(), **own}
