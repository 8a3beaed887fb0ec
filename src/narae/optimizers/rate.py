"""The learning rate of an optimizer: a number in a variable, a schedule, or a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from narae.base.serialization import deserialize_keras_object
from narae.base.types import LearningRateLike, TensorLike
from narae.engine.variable import Variable
from narae.optimizers.schedules import LearningRateSchedule
from narae.optimizers.stored import Saved


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
