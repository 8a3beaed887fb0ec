"""The options that all optimizers share: clipping, weight decay, moving averages, a scaled loss."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from narae import ops
from narae.engine.variable import Variable
from narae.tensor.tensor import Tensor


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
