"""Learning rates as functions of the step."""

from __future__ import annotations

import math
from typing import Any

from narae import ops
from narae.base.identifiers import deserialize_as
from narae.base.registry import builtin, serialize_keras_object


class LearningRateSchedule:
    """A learning rate that depends on the step. Subclasses define `__call__(step)` and `get_config()`."""

    arguments: tuple[str, ...] = ()

    def __call__(self, step: Any) -> Any:
        """The rate at a step, a float32 scalar."""
        raise NotImplementedError(f"{type(self).__name__} defines no __call__(self, step)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        if not self.arguments:
            raise NotImplementedError(f"{type(self).__name__} defines no get_config(self)")
        return {name: getattr(self, name) for name in self.arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """The schedule that `get_config` described."""
        return cls(**config)


def _float(step: Any) -> Any:
    return ops.cast(step, "float32")


def _positive(name: str, value: Any) -> Any:
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

    def _progress(self, step: Any) -> Any:
        p = _float(step) / float(self.decay_steps)
        return ops.floor(p) if self.staircase else p


@builtin("keras.optimizers.schedules")
class ExponentialDecay(_Decay):
    """initial · rate^(step / decay_steps); whole powers only with staircase.

    >>> ExponentialDecay(0.5, 10, 0.5)(20).item()
    0.125
    """

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        return ops.power(float(self.decay_rate), self._progress(step)) * self.initial_learning_rate


@builtin("keras.optimizers.schedules")
class InverseTimeDecay(_Decay):
    """initial / (1 + rate · step / decay_steps).

    >>> InverseTimeDecay(1.0, 10, 1.0)(10).item()
    0.5
    """

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        return self.initial_learning_rate / (self._progress(step) * self.decay_rate + 1.0)


@builtin("keras.optimizers.schedules")
class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] up to and including boundaries[i], the last value after.

    >>> schedule = PiecewiseConstantDecay([10], [1.0, 0.5])
    >>> schedule(10).item(), schedule(11).item()
    (1.0, 0.5)
    """

    arguments = ("boundaries", "values", "name")

    def __init__(self, boundaries: Any, values: Any, name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"there is one value more than boundaries: got {len(boundaries)} boundaries and {len(values)} values"
            )
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        step = _float(step)
        rate = ops.convert_to_tensor(float(self.values[-1]))
        for boundary, value in zip(
            reversed(self.boundaries), reversed(self.values[:-1]), strict=True
        ):
            rate = ops.where(step <= float(boundary), float(value), rate)
        return rate


@builtin("keras.optimizers.schedules")
class PolynomialDecay(LearningRateSchedule):
    """(initial - end)(1 - step / decay_steps)^power + end; cycle: begin again from the present rate.

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

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        step, span = _float(step), float(self.decay_steps)
        if self.cycle:
            span = ops.maximum(ops.ceil(step / span), 1.0) * span
        else:
            step = ops.minimum(step, span)
        drop = self.initial_learning_rate - self.end_learning_rate
        return ops.power(1.0 - step / span, float(self.power)) * drop + self.end_learning_rate


@builtin("keras.optimizers.schedules")
class CosineDecay(LearningRateSchedule):
    """Half a cosine from the initial rate to alpha of it (Loshchilov & Hutter 2017), after a linear warm-up to
    `warmup_target` when there is one.

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

    def _decayed(self, step: Any, start: float) -> Any:
        share = ops.minimum(step, float(self.decay_steps)) / float(self.decay_steps)
        half = (ops.cos(share * math.pi) + 1.0) * 0.5
        return (half * (1 - self.alpha) + self.alpha) * start

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        step = _float(step)
        if self.warmup_target is None:
            return self._decayed(step, self.initial_learning_rate)
        warm, rise = float(self.warmup_steps), self.warmup_target - self.initial_learning_rate
        rising = step / warm * rise + self.initial_learning_rate if warm else step
        falling = self._decayed(ops.maximum(step - warm, 0.0), self.warmup_target)
        return ops.where(step < warm, rising, falling)


@builtin("keras.optimizers.schedules")
class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines again and again, each t_mul as long and m_mul as high as the one before (Loshchilov & Hutter
    2017, SGDR).

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

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
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
    """A schedule as JSON-ready data."""
    return serialize_keras_object(learning_rate_schedule)


def deserialize(config: dict[str, Any], custom_objects: Any = None) -> LearningRateSchedule:
    """The schedule that `serialize` described."""
    return deserialize_as("schedule", "keras.optimizers.schedules", config, custom_objects)
