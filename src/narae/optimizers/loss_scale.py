"""LossScaleOptimizer: gradients of half precision kept from vanishing."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from narae import ops
from narae.base.registry import builtin
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, CustomObjects, LearningRateLike, TensorLike
from narae.engine.variable import Variable
from narae.optimizers.base import Optimizer
from narae.tensor.tensor import Tensor

_UNUSED = {
    **dict.fromkeys(("weight_decay", "clipnorm", "global_clipnorm", "clipvalue")),
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "dynamic": True,
}


@builtin("keras.optimizers")
class LossScaleOptimizer(Optimizer):
    """Another optimizer, with a factor on the loss against underflow in half precision.

    Where all gradients g are finite: w' is the inner optimizer's, from g / s; after dynamic_growth_steps such steps in
    a row
    s' = 2 s. Otherwise w' = w and s' = s / 2. All other options are the inner optimizer's; its `loss_scale_factor` is
    set to None, since there is one scale.

    Args:
        inner_optimizer: the optimizer that updates the weights.
        initial_scale: s at the start.
        dynamic_growth_steps: how many steps with finite gradients double the scale.
        name: the optimizer's name.

    Raises:
        ValueError: inner_optimizer is no Optimizer, or an option of the inner optimizer is given here.

    Source: Micikevicius et al. 2018, section 3.2.

    >>> from narae import Variable
    >>> from narae.optimizers import SGD
    >>> w = Variable(1.0)
    >>> optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=4.0)
    >>> for gradient in (float("inf"), 2.0):
    ...     optimizer.apply([gradient], [w])
    >>> float(w), float(optimizer.dynamic_scale)
    (0.5, 2.0)
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        # older files hold the options that all optimizers have, at their defaults
        kwargs = {k: v for k, v in kwargs.items() if _UNUSED.get(k, kwargs) != v}
        if kwargs:
            raise ValueError(
                f"LossScaleOptimizer takes no {', '.join(sorted(kwargs))}: give it to the inner optimizer"
            )
        if not isinstance(inner_optimizer, Optimizer):
            raise ValueError(f"inner_optimizer is an Optimizer, got {inner_optimizer!r}")
        self.inner_optimizer = inner_optimizer
        inner_optimizer.loss_scale_factor = None  # gradients would be divided by both
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps
        super().__init__(0.0, name=name)

    def make_slots(self) -> None:
        """Create the count of finite steps, the scale, and the inner optimizer's state."""
        self.step_counter = self.add_variable((), "zeros", "int32", name="step_counter")
        scale = float(self.initial_scale)
        self.dynamic_scale = self._own(
            Variable(scale, dtype="float32", trainable=False, name="dynamic_scale")
        )
        self.inner_optimizer.build(self._trained)

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, then the inner optimizer's."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def iterations(self) -> Variable | Tensor:
        """How many times gradients were applied; steps that were left out do not count."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: LearningRateLike) -> None:
        self.inner_optimizer.learning_rate = value

    def apply(
        self,
        grads: Iterable[TensorLike | None],
        trainable_variables: Iterable[Variable] | None = None,
    ) -> None:
        grads, variables = self._checked(list(grads), trainable_variables)
        scale = self.dynamic_scale.value
        finite = self.check_finite(grads)
        held = [*variables, *self.inner_optimizer.variables]
        before = [v.value for v in held]
        self.inner_optimizer.apply([g / ops.cast(scale, g.dtype) for g in grads], variables)
        for v, old in zip(held, before, strict=True):
            v.assign(ops.where(finite, v.value, old))
        self._follow(finite, scale)

    def check_finite(self, grads: Iterable[TensorLike | None]) -> Tensor:
        """Whether all numbers of the gradients are finite.

        Args:
            grads: gradients; None is no gradient.

        Returns: a boolean scalar.
        """
        each = (ops.all(ops.isfinite(g)) for g in grads if g is not None)
        return functools.reduce(ops.logical_and, each, ops.convert_to_tensor(True))

    def _follow(self, finite: Tensor, scale: Tensor) -> None:
        """The factor for the next step."""
        good = self.step_counter.value + 1
        grown = ops.equal(good, self.dynamic_growth_steps)
        counted = ops.logical_and(finite, ops.logical_not(grown))
        self.step_counter.assign(ops.where(counted, good, 0))
        up = ops.where(grown, scale * 2.0, scale)
        self.dynamic_scale.assign(ops.where(finite, up, scale / 2.0))

    def scale_loss(self, loss: Tensor) -> Tensor:
        scale = (
            self.dynamic_scale.value
            if self.built
            else ops.convert_to_tensor(float(self.initial_scale))
        )
        return loss * ops.cast(scale, loss.dtype)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> Config:
        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(
        cls, config: Config, custom_objects: CustomObjects | None = None
    ) -> LossScaleOptimizer:
        config = dict(config)
        inner = deserialize_keras_object(config.pop("inner_optimizer"), custom_objects)
        return cls(inner, **config)
