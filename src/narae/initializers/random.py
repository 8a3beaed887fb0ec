"""Random initializers: normal, uniform and orthogonal numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from narae.base.dtypes import standardize_dtype
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import Config, DTypeLike, Seed
from narae.initializers.base import RandomInitializer
from narae.random import basic as random
from narae.tensor.tensor import Tensor, as_tensor


@builtin("keras.initializers")
class RandomNormal(RandomInitializer):
    """N(mean, stddev²).

    shape -> a tensor of that shape.

    Args:
        mean: the mean.
        stddev: the standard deviation.
        seed: a whole number, for the same values in each run; a SeedGenerator, for others at each call; None: a
            number drawn once, so that one object gives the same values again and again.

    Raises:
        ValueError: `seed` is no whole number, SeedGenerator nor None.

    >>> RandomNormal(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Seed = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        return random.normal(shape, self.mean, self.stddev, dtype, self.key())

    def get_config(self) -> Config:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@builtin("keras.initializers")
class TruncatedNormal(RandomNormal):
    """N(mean, stddev²), drawn again where it is further than two standard deviations from the mean.

    shape -> a tensor of that shape.

    Args:
        mean: the mean.
        stddev: the standard deviation before the ends are cut off.
        seed: a whole number, for the same values in each run; a SeedGenerator, for others at each call; None: a
            number drawn once, so that one object gives the same values again and again.

    Raises:
        ValueError: `seed` is no whole number, SeedGenerator nor None.

    >>> TruncatedNormal(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.key())


@builtin("keras.initializers")
class RandomUniform(RandomInitializer):
    """[minval, maxval), evenly.

    shape -> a tensor of that shape.

    Args:
        minval: the smallest number.
        maxval: the number that all stay below.
        seed: a whole number, for the same values in each run; a SeedGenerator, for others at each call; None: a
            number drawn once, so that one object gives the same values again and again.

    Raises:
        ValueError: `seed` is no whole number, SeedGenerator nor None.

    >>> RandomUniform(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Seed = None) -> None:
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        return random.uniform(shape, self.minval, self.maxval, dtype, self.key())

    def get_config(self) -> Config:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


@builtin("keras.initializers")
class Orthogonal(RandomInitializer):
    """Orthonormal rows or columns, from the QR decomposition of normal numbers.

    (..., columns) -> a tensor of that shape; the axes before the last count as one.

    Args:
        gain: what the matrix is multiplied by.
        seed: a whole number, for the same values in each run; a SeedGenerator, for others at each call; None: a
            number drawn once, so that one object gives the same values again and again.

    Raises:
        ValueError: `seed` is no whole number, SeedGenerator nor None.
        ShapeError: when it is called: the rank is below 2.

    Source: Saxe et al. 2014.

    >>> w = Orthogonal(seed=1)((3, 3)).numpy()
    >>> bool(np.allclose(w @ w.T, np.eye(3), atol=1e-6))
    True
    """

    def __init__(self, gain: float = 1.0, seed: Seed = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        if len(shape) < 2:
            raise ShapeError(
                f"Orthogonal starts tensors of rank 2 or more, got shape {tuple(shape)}"
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        drawn = random.normal((max(rows, columns), min(rows, columns)), seed=self.key()).numpy()
        q, r = np.linalg.qr(drawn.astype(np.float64))
        q = q * np.sign(np.diag(r))  # makes the decomposition unique, the distribution uniform
        q = q.T if rows < columns else q
        return as_tensor((self.gain * q).reshape(shape), standardize_dtype(dtype))

    def get_config(self) -> Config:
        return {**super().get_config(), "gain": self.gain}
