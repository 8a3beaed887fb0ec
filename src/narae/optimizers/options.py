"""The options that all optimizers share: the learning rate, clipping, weight decay, moving averages, a scaled loss."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from narae import ops
from narae.base.serialization import deserialize_keras_object
from narae.base.types import LearningRateLike, TensorLike
from narae.engine.variable import Variable
from narae.optimizers.schedules import LearningRateSchedule
from narae.optimizers.stored import Saved
from narae.tensor.tensor import Tensor


class Rate(Saved):
    """Base of optimizers: reads and sets the learning rate."""

    _count: Variable

    def _set_rate(self, rate: LearningRateLike) -> None:
        if isinstance(rate, dict):
            rate = deserialize_keras_object(rate)
        if callable(rate):  # a schedule, or a function without arguments
            self._rate: Any = rate
            return
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.generic)):
            raise ValueError(f"learning_rate is a number, a schedule or a function, got {rate!r}")
        self._rate = self._own(
            Variable(float(rate), dtype="float32", trainable=False, name="learning_rate")
        )

    @property
    def learning_rate(self) -> Any:
        """The present learning rate: a Variable, or what the schedule or function gives now.

        Raises:
            TypeError: it is set to a number, and the optimizer follows a schedule or a function.
        """
        if isinstance(self._rate, Variable):
            return self._rate
        if isinstance(self._rate, LearningRateSchedule):
            return self._rate(self._count.value)
        return self._rate()

    @learning_rate.setter
    def learning_rate(
        self, value: TensorLike | LearningRateSchedule | Callable[[], TensorLike]
    ) -> None:
        if isinstance(self._rate, Variable) and not callable(value):
            self._rate.assign(value)
        elif callable(value):
            self._variables = [v for v in self._variables if v is not self._rate]
            self._rate = value
        else:
            raise TypeError(
                "this optimizer follows a schedule or function: its learning rate cannot be set to a number. Make the "
                "optimizer with a number, or give it another schedule"
            )


class Options:
    """Base of optimizers: holds the options, and applies each to gradients and weights."""

    built: bool
    learning_rate: Any
    _averages: list[Variable]
    _index: dict[int, int]

    def _set_options(
        self,
        weight_decay: float | None,
        clipnorm: float | None,
        clipvalue: float | None,
        global_clipnorm: float | None,
        use_ema: bool,
        ema_momentum: float,
        ema_overwrite_frequency: int | None,
        loss_scale_factor: float | None,
        gradient_accumulation_steps: int | None,
    ) -> None:
        given = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        chosen = {key: value for key, value in given.items() if value is not None}
        if len(chosen) > 1:
            raise ValueError(f"an optimizer clips in one way, got {' and '.join(chosen)}")
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ValueError(f"ema_momentum is in [0, 1], got {ema_momentum}")
        for key, value, least in (
            ("ema_overwrite_frequency", ema_overwrite_frequency if use_ema else None, 1),
            ("gradient_accumulation_steps", gradient_accumulation_steps or None, 2),
        ):
            if value is not None and (not isinstance(value, int) or value < least):
                raise ValueError(f"{key} is a whole number of at least {least}, got {value!r}")
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum = bool(use_ema), ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._excluded: list[Variable] = []
        self._excluded_names: list[str] = []

    def _clipped(self, grads: list[Tensor]) -> list[Tensor]:
        # as in Keras, 0 and less mean no clipping
        if most := _positive(self.clipvalue):
            return [ops.clip(g, -most, most) for g in grads]
        if most := _positive(self.clipnorm):
            return [_bounded(g, ops.sqrt(ops.sum(ops.square(g))), most) for g in grads]
        if most := _positive(self.global_clipnorm):
            norm = ops.sqrt(sum(ops.sum(ops.square(g)) for g in grads))
            return [_bounded(g, norm, most) for g in grads]
        return grads

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Leave weights out of the weight decay.

        Args:
            var_list: weights.
            var_names: regular expressions; a weight whose name has a match is left out: "bias".

        Raises:
            ValueError: the optimizer is built already.
        """
        if self.built:
            raise ValueError("exclude_from_weight_decay comes before the optimizer is built")
        self._excluded = list(var_list or ())
        self._excluded_names = list(var_names or ())

    def _decays(self, variable: Variable) -> bool:
        named = any(re.search(name, variable.name) for name in self._excluded_names)
        return not named and all(v is not variable for v in self._excluded)

    def _decay(self, variables: list[Variable]) -> None:
        """w -= lr λ w, apart from the gradient (Loshchilov & Hutter 2019)."""
        if not self.weight_decay:
            return
        for v in filter(self._decays, variables):
            rate = ops.cast(self.learning_rate, v.dtype)
            v.assign(v.value - v.value * self.weight_decay * rate)

    def _lacking(self, what: str) -> ValueError:
        return ValueError(
            f"{type(self).__name__} was built without the state for {what}: the option that needs it was set "
            "afterwards. Make an optimizer with that option, and compile the model with it"
        )

    def _average(self, variables: list[Variable], step: Tensor) -> None:
        """a' = μ a + (1 - μ) w; the first step starts the averages from the weights themselves."""
        if not hasattr(self, "_averages"):
            raise self._lacking("use_ema")
        momentum = ops.cast(ops.not_equal(step, 1), "float32") * self.ema_momentum
        for v in variables:
            average = self._averages[self._index[id(v)]]
            m = ops.cast(momentum, v.dtype)
            average.assign(m * average.value + (1 - m) * v.value)
            if self.ema_overwrite_frequency:
                due = ops.equal(step % self.ema_overwrite_frequency, 0)
                v.assign(ops.where(due, average.value, v.value))

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Put the averages in the place of the weights, at the end of training; without use_ema nothing changes.

        Args:
            var_list: the weights.
        """
        if not (self.use_ema and self.built):
            return
        for v in var_list:
            if id(v) in self._index:
                v.assign(self._averages[self._index[id(v)]].value)

    def scale_loss(self, loss: Tensor) -> Tensor:
        """The loss times the factor that `apply` divides the gradients by: `loss_scale_factor`, or 1.

        Args:
            loss: a scalar.
        """
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor


def _positive(bound: float | None) -> float:
    return bound if bound is not None and bound > 0 else 0.0


def _bounded(g: Tensor, norm: Tensor, most: float) -> Tensor:
    """g scaled so that a norm above `most` becomes `most`; zero stays zero."""
    scale = ops.where(norm > most, most / ops.maximum(norm, 1e-30), 1.0)
    return g * ops.cast(scale, g.dtype)
