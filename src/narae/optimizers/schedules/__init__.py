"""Learning rates as functions of the step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from narae import ops
from narae.base.identifiers import deserialize_as
from narae.base.registry import builtin
from narae.base.serialization import serialize_keras_object
from narae.base.types import Config, CustomObjects, TensorLike
from narae.tensor.tensor import Tensor

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


class LearningRateSchedule:
    """Base of learning rates that depend on the step. Subclasses define `__call__(step)` and `get_config()`.

    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** ops.cast(step, "float32")
    >>> Halving()(ops.convert_to_tensor(2)).item()
    0.25
    """

    arguments: tuple[str, ...] = ()

    def __call__(self, step: TensorLike) -> Tensor:
        """The rate at a step.

        Args:
            step: how many steps were done before, from 0: a scalar.

        Returns: a float32 scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no __call__(self, step)")

    def get_config(self) -> Config:
        """The constructor's arguments, by name.

        Raises:
            NotImplementedError: a subclass does not define it.
        """
        if not self.arguments:
            raise NotImplementedError(f"{type(self).__name__} defines no get_config(self)")
        return {name: getattr(self, name) for name in self.arguments}

    @classmethod
    def from_config(cls, config: Config) -> LearningRateSchedule:
        """The schedule that `get_config` described."""
        return cls(**config)


def _float(step: TensorLike) -> Tensor:
    return ops.cast(step, "float32")


def _positive(name: str, value: float | None) -> float:
    if value is None or value <= 0:
        raise ValueError(f"{name} is a positive number of steps, got {value!r}")
    return value


class _Decay(LearningRateSchedule):
    """Base of two decays by a rate per `decay_steps`."""

    arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.decay_rate, self.staircase = decay_rate, staircase
        self.name = name or type(self).__name__

    def _progress(self, step: TensorLike) -> Tensor:
        p = _float(step) / float(self.decay_steps)
        return ops.floor(p) if self.staircase else p


@builtin("keras.optimizers.schedules")
class ExponentialDecay(_Decay):
    """initial · rate^(step / decay_steps).

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: steps in which the rate falls by the factor decay_rate once.
        decay_rate: that factor.
        staircase: whether only whole multiples of decay_steps count, so that the rate falls in jumps.
        name: the schedule's name.

    Raises:
        ValueError: decay_steps is not positive.

    >>> ExponentialDecay(0.5, 10, 0.5)(20).item()
    0.125
    """

    def __call__(self, step: TensorLike) -> Tensor:
        return ops.power(float(self.decay_rate), self._progress(step)) * self.initial_learning_rate


@builtin("keras.optimizers.schedules")
class InverseTimeDecay(_Decay):
    """initial / (1 + decay_rate · step / decay_steps).

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: steps in which the divisor grows by decay_rate.
        decay_rate: how much the divisor grows in them.
        staircase: whether only whole multiples of decay_steps count, so that the rate falls in jumps.
        name: the schedule's name.

    Raises:
        ValueError: decay_steps is not positive.

    >>> InverseTimeDecay(1.0, 10, 1.0)(10).item()
    0.5
    """

    def __call__(self, step: TensorLike) -> Tensor:
        return self.initial_learning_rate / (self._progress(step) * self.decay_rate + 1.0)


@builtin("keras.optimizers.schedules")
class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] up to and including step boundaries[i], the last value after.

    Args:
        boundaries: steps, rising.
        values: learning rates, one more than boundaries.
        name: the schedule's name.

    Raises:
        ValueError: values are not one more than boundaries.

    >>> schedule = PiecewiseConstantDecay([10], [1.0, 0.5])
    >>> schedule(10).item(), schedule(11).item()
    (1.0, 0.5)
    """

    arguments = ("boundaries", "values", "name")

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"there is one value more than boundaries: got {len(boundaries)} boundaries and {len(values)} values"
            )
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: TensorLike) -> Tensor:
        step = _float(step)
        rate = ops.convert_to_tensor(float(self.values[-1]))
        for boundary, value in zip(
            reversed(self.boundaries), reversed(self.values[:-1]), strict=True
        ):
            rate = ops.where(step <= float(boundary), float(value), rate)
        return rate


@builtin("keras.optimizers.schedules")
class PolynomialDecay(LearningRateSchedule):
    """(initial - end)(1 - step / decay_steps)^power + end, and `end` after decay_steps.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: steps until the end rate is reached.
        end_learning_rate: the last rate.
        power: the exponent; 1: a straight line.
        cycle: whether decay_steps is doubled, tripled and so on once it is past, in place of staying at the end rate.
        name: the schedule's name.

    Raises:
        ValueError: decay_steps is not positive.

    >>> PolynomialDecay(1.0, 10, 0.0)(5).item()
    0.5
    """

    arguments = (
        "initial_learning_rate",
        "decay_steps",
        "end_learning_rate",
        "power",
        "cycle",
        "name",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.end_learning_rate, self.power, self.cycle, self.name = (
            end_learning_rate,
            power,
            cycle,
            name,
        )

    def __call__(self, step: TensorLike) -> Tensor:
        step, span = _float(step), float(self.decay_steps)
        if self.cycle:
            span = ops.maximum(ops.ceil(step / span), 1.0) * span
        else:
            step = ops.minimum(step, span)
        drop = self.initial_learning_rate - self.end_learning_rate
        return ops.power(1.0 - step / span, float(self.power)) * drop + self.end_learning_rate


@builtin("keras.optimizers.schedules")
class CosineDecay(LearningRateSchedule):
    """initial ((1 - alpha)(1 + cos(π step / decay_steps)) / 2 + alpha), after a linear warm-up where there is one.

    Args:
        initial_learning_rate: the rate at step 0, before the warm-up.
        decay_steps: steps of the half cosine, after the warm-up.
        alpha: the last rate, in parts of the highest.
        name: the schedule's name.
        warmup_target: the rate that the warm-up rises to, and the cosine begins from; None: no warm-up.
        warmup_steps: steps of the warm-up.

    Raises:
        ValueError: decay_steps is not positive.

    Source: Loshchilov & Hutter 2017, eq. 5.

    >>> f"{CosineDecay(1.0, 10)(5).item():.3f}"
    '0.500'
    """

    arguments = (
        "initial_learning_rate",
        "decay_steps",
        "alpha",
        "name",
        "warmup_target",
        "warmup_steps",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.alpha, self.name = alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def _decayed(self, step: Tensor, start: float) -> Tensor:
        share = ops.minimum(step, float(self.decay_steps)) / float(self.decay_steps)
        half = (ops.cos(share * math.pi) + 1.0) * 0.5
        return (half * (1 - self.alpha) + self.alpha) * start

    def __call__(self, step: TensorLike) -> Tensor:
        step = _float(step)
        if self.warmup_target is None:
            return self._decayed(step, self.initial_learning_rate)
        warm, rise = float(self.warmup_steps), self.warmup_target - self.initial_learning_rate
        rising = step / warm * rise + self.initial_learning_rate if warm else step
        falling = self._decayed(ops.maximum(step - warm, 0.0), self.warmup_target)
        return ops.where(step < warm, rising, falling)


@builtin("keras.optimizers.schedules")
class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines one after another, each t_mul times as long and m_mul times as high as the one before.

    Args:
        initial_learning_rate: the rate at step 0.
        first_decay_steps: steps of the first half cosine.
        t_mul: how many times as long each is as the one before.
        m_mul: how many times as high each begins as the one before.
        alpha: the lowest rate, in parts of each cosine's highest.
        name: the schedule's name.

    Raises:
        ValueError: first_decay_steps is not positive.

    Source: Loshchilov & Hutter 2017 (SGDR).

    >>> CosineDecayRestarts(1.0, 10)(10).item()
    1.0
    """

    arguments = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _positive("first_decay_steps", first_decay_steps)
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    def __call__(self, step: TensorLike) -> Tensor:
        done = _float(step) / float(self.first_decay_steps)
        if self.t_mul == 1.0:
            number = ops.floor(done)
            share = done - number
        else:
            # periods 1, t, t², ...: after n of them (1 - t^n)/(1 - t) is over
            t = float(self.t_mul)
            number = ops.floor(ops.log(1.0 - done * (1.0 - t)) / math.log(t))
            over = (1.0 - ops.power(t, number)) / (1.0 - t)
            share = (done - over) / ops.power(t, number)
        height = ops.power(float(self.m_mul), number)
        half = (ops.cos(share * math.pi) + 1.0) * 0.5 * height
        return (half * (1 - self.alpha) + self.alpha) * self.initial_learning_rate


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """A schedule as JSON-ready data.

    Args:
        learning_rate_schedule: a schedule.

    Returns: a dict with the class's name and its arguments.

    >>> serialize(ExponentialDecay(0.5, 10, 0.5))["config"]["decay_steps"]
    10
    """
    return serialize_keras_object(learning_rate_schedule)


def deserialize(
    config: Config, custom_objects: CustomObjects | None = None
) -> LearningRateSchedule:
    """The schedule that `serialize` described.

    Args:
        config: what `serialize` gave.
        custom_objects: classes of yours by the names in the config.

    Returns: the schedule.

    Raises:
        ValueError: it is no config, or names what nothing has.

    >>> deserialize(serialize(ExponentialDecay(0.5, 10, 0.5))).decay_steps
    10
    """
    return deserialize_as("schedule", "keras.optimizers.schedules", config, custom_objects)
