"""VarianceScaling, and the scalings that have names: variance by the inputs and outputs of a unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from narae.base.registry import builtin
from narae.base.types import Config, DTypeLike, Seed
from narae.initializers.base import RandomInitializer
from narae.primitives.record import normalize_axis
from narae.random import basic as random
from narae.tensor.tensor import Tensor


@builtin("keras.initializers")
class VarianceScaling(RandomInitializer):
    """Random numbers of variance scale / n, with n the inputs of a unit, its outputs, or the mean of both.

    (*field, inputs, outputs) -> a kernel of that shape; the field multiplies both counts.

    Args:
        scale: the variance times n, above 0.
        mode: n: 'fan_in', the inputs; 'fan_out', the outputs; 'fan_avg', their mean.
        distribution: 'truncated_normal' (within two standard deviations), 'untruncated_normal' or 'uniform'.
        seed: a whole number, for the same values in each run; a SeedGenerator, for others at each call; None: a
            number drawn once, so that one object gives the same values again and again.
        input_axes: the kernel's axes whose lengths multiply to the inputs of a unit; None: all but the last, as in
            (*field, inputs, outputs).
        output_axes: the same for the outputs, field included; both are given, or neither counts.

    Raises:
        ValueError: `scale` is not positive, `mode` or `distribution` has another name, or `seed` is none.

    Source: Glorot & Bengio 2010; He et al. 2015.

    >>> VarianceScaling(seed=1)((4, 5)).shape
    (4, 5)
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Seed = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        if scale <= 0:
            raise ValueError(f"scale is positive, got {scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"mode is 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}")
        distribution = (
            "truncated_normal" if distribution.lower() == "normal" else distribution.lower()
        )
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError(
                "distribution is 'truncated_normal', 'untruncated_normal' or 'uniform', got "
                f"{distribution!r}"
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        fan_in, fan_out = self._fans(tuple(shape))
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, count)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random.uniform(shape, -limit, limit, dtype, self.key())
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self.key())
        # cutting at two deviations leaves this share of the standard deviation
        stddev = math.sqrt(variance) / 0.87962566103423978
        return random.truncated_normal(shape, 0.0, stddev, dtype, self.key())

    def _fans(self, shape: tuple[int, ...]) -> tuple[float, float]:
        if self.input_axes is None or self.output_axes is None:
            return fans(shape)
        inputs, outputs = (
            math.prod(shape[normalize_axis(axis, len(shape))] for axis in axes)
            for axes in (self.input_axes, self.output_axes)
        )
        return inputs, outputs

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


def fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """Inputs and outputs of a unit of a kernel (*field, inputs, outputs).

    >>> fans((3, 3, 8, 16))
    (72, 144)
    """
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


class _Named(VarianceScaling):
    """Base of the scalings that have names."""

    numbers: tuple[float, str, str] = (1.0, "fan_in", "truncated_normal")

    def __init__(
        self,
        seed: Seed = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.numbers, seed, input_axes, output_axes)

    def get_config(self) -> Config:
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


@builtin("keras.initializers")
class GlorotUniform(_Named):
    """Uniform within ±√(6 / (inputs + outputs)): variance 2 / (inputs + outputs).

    (*field, inputs, outputs) -> a kernel of that shape; the field multiplies both counts.

    Args:
        seed: a whole number, for the same values in each run; a SeedGenerator, for others at each call; None: a
            number drawn once, so that one object gives the same values again and again.
        input_axes: the kernel's axes whose lengths multiply to the inputs of a unit; None: all but the last, as in
            (*field, inputs, outputs).
        output_axes: the same for the outputs, field included; both are given, or neither counts.

    Raises:
        ValueError: `seed` is no whole number, SeedGenerator nor None.

    Source: Glorot & Bengio 2010, eq. 16.

    >>> w = GlorotUniform(seed=1)((4, 6)).numpy()
    >>> bool(abs(w).max() <= (6 / 10) ** 0.5)
    True
    """

    numbers = (1.0, "fan_avg", "uniform")


@builtin("keras.initializers")
class GlorotNormal(_Named):
    """Normal with variance 2 / (inputs + outputs), within two standard deviations.

    (*field, inputs, outputs) -> a kernel of that shape; the field multiplies both counts.

    Args:
        seed: a whole number, for the same values in each run; a SeedGenerator, for others at each call; None: a
            number drawn once, so that one object gives the same values again and again.
        input_axes: the kernel's axes whose lengths multiply to the inputs of a unit; None: all but the last, as in
            (*field, inputs, outputs).
        output_axes: the same for the outputs, field included; both are given, or neither counts.

    Raises:
        ValueError: `seed` is no whole number, SeedGenerator nor None.

    Source: Glorot & Bengio 2010, eq. 12.

    >>> w = GlorotNormal(seed=1)((4, 6)).numpy()
    >>> bool(abs(w).max() <= 2.28 * (2 / 10) ** 0.5)
    True
    """

    numbers = (1.0, "fan_avg", "truncated_normal")


@builtin("keras.initializers")
class HeUniform(_Named):
    """Uniform within ±√(6 / inputs): variance 2 / inputs, for ReLU.

    (*field, inputs, outputs) -> a kernel of that shape; the field multiplies both counts.

    Args:
        seed: a whole number, for the same values in each run; a SeedGenerator, for others at each call; None: a
            number drawn once, so that one object gives the same values again and again.
        input_axes: the kernel's axes whose lengths multiply to the inputs of a unit; None: all but the last, as in
            (*field, inputs, outputs).
        output_axes: the same for the outputs, field included; both are given, or neither counts.

    Raises:
        ValueError: `seed` is no whole number, SeedGenerator nor None.

    Source: He et al. 2015, eq. 10.

    >>> w = HeUniform(seed=1)((4, 6)).numpy()
    >>> bool(abs(w).max() <= (6 / 4) ** 0.5)
    True
    """

    numbers = (2.0, "fan_in", "uniform")


@builtin("keras.initializers")
class HeNormal(_Named):
    """Normal with variance 2 / inputs, within two standard deviations, for ReLU.

    (*field, inputs, outputs) -> a kernel of that shape; the field multiplies both counts.

    Args:
        seed: a whole number, for the same values in each run; a SeedGenerator, for others at each call; None: a
            number drawn once, so that one object gives the same values again and again.
        input_axes: the kernel's axes whose lengths multiply to the inputs of a unit; None: all but the last, as in
            (*field, inputs, outputs).
        output_axes: the same for the outputs, field included; both are given, or neither counts.

    Raises:
        ValueError: `seed` is no whole number, SeedGenerator nor None.

    Source: He et al. 2015, eq. 10.

    >>> w = HeNormal(seed=1)((4, 6)).numpy()
    >>> bool(abs(w).max() <= 2.28 * (2 / 4) ** 0.5)
    True
    """

    numbers = (2.0, "fan_in", "truncated_normal")


@builtin("keras.initializers")
class LecunUniform(_Named):
    """Uniform within ±√(3 / inputs): variance 1 / inputs.

    (*field, inputs, outputs) -> a kernel of that shape; the field multiplies both counts.

    Args:
        seed: a whole number, for the same values in each run; a SeedGenerator, for others at each call; None: a
            number drawn once, so that one object gives the same values again and again.
        input_axes: the kernel's axes whose lengths multiply to the inputs of a unit; None: all but the last, as in
            (*field, inputs, outputs).
        output_axes: the same for the outputs, field included; both are given, or neither counts.

    Raises:
        ValueError: `seed` is no whole number, SeedGenerator nor None.

    Source: LeCun et al. 1998, section 4.6.

    >>> w = LecunUniform(seed=1)((4, 6)).numpy()
    >>> bool(abs(w).max() <= (3 / 4) ** 0.5)
    True
    """

    numbers = (1.0, "fan_in", "uniform")


@builtin("keras.initializers")
class LecunNormal(_Named):
    """Normal with variance 1 / inputs, within two standard deviations.

    (*field, inputs, outputs) -> a kernel of that shape; the field multiplies both counts.

    Args:
        seed: a whole number, for the same values in each run; a SeedGenerator, for others at each call; None: a
            number drawn once, so that one object gives the same values again and again.
        input_axes: the kernel's axes whose lengths multiply to the inputs of a unit; None: all but the last, as in
            (*field, inputs, outputs).
        output_axes: the same for the outputs, field included; both are given, or neither counts.

    Raises:
        ValueError: `seed` is no whole number, SeedGenerator nor None.

    Source: LeCun et al. 1998, section 4.6.

    >>> w = LecunNormal(seed=1)((4, 6)).numpy()
    >>> bool(abs(w).max() <= 2.28 * (1 / 4) ** 0.5)
    True
    """

    numbers = (1.0, "fan_in", "truncated_normal")
