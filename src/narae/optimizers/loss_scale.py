"""LossScaleOptimizer: gradients of half precision kept from vanishing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from narae import ops
from narae.base.registry import builtin, deserialize_keras_object, serialize_keras_object
from narae.engine.variable import Variable
from narae.optimizers.base import Optimizer


@builtin("keras.optimizers")
class LossScaleOptimizer(Optimizer):
    """Another optimizer, with the loss scaled by a factor that follows the gradients (Micikevicius et al. 2018).

    A step whose gradients are not finite is left out and halves the factor; `dynamic_growth_steps` good steps double
    it.
    """

    def __init__(
        self,
        inner_optimizer: Any,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("learning_rate", None) is not None:
            raise ValueError(
                "LossScaleOptimizer has no learning rate of its own: give it to the inner optimizer"
            )
        if not isinstance(inner_optimizer, Optimizer):
            raise ValueError(f"inner_optimizer is an Optimizer, got {inner_optimizer!r}")
        super().__init__(0.0, name=name, **kwargs)
        self.inner_optimizer = inner_optimizer
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps

    def build(self, variables: Iterable[Variable]) -> None:
        """The factor, the count of good steps, and the inner optimizer's state."""
        listed = list(variables)
        self._start(listed)
        self.step_counter = self._own(
            Variable(0, dtype="int32", trainable=False, name="step_counter")
        )
        self.dynamic_scale = self._own(
            Variable(
                float(self.initial_scale), dtype="float32", trainable=False, name="dynamic_scale"
            )
        )
        self.inner_optimizer.build(listed)

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, then the inner optimizer's."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's rate."""
        return (
            self.inner_optimizer.learning_rate if hasattr(self, "inner_optimizer") else self._rate
        )

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    def _step(self, grads: list[Any], variables: list[Variable], keep: Any = None) -> None:
        scale = self.dynamic_scale.value
        finite = ops.convert_to_tensor(True)
        for g in grads:
            finite = ops.logical_and(finite, ops.all(ops.isfinite(g)))
        inner = self.inner_optimizer
        held = [*variables, *inner.variables]
        before = [v.value for v in held]
        inner.apply([g / ops.cast(scale, g.dtype) for g in grads], variables)
        for v, old in zip(held, before, strict=True):
            v.assign(ops.where(finite, v.value, old))
        good = self.step_counter.value + 1
        grown = ops.equal(good, self.dynamic_growth_steps)
        self.step_counter.assign(
            ops.where(ops.logical_and(finite, ops.logical_not(grown)), good, 0)
        )
        up = ops.where(grown, scale * 2.0, scale)
        self.dynamic_scale.assign(ops.where(finite, up, ops.maximum(scale / 2.0, 1e-4)))

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the present factor."""
        scale = (
            self.dynamic_scale.value
            if self.built
            else ops.convert_to_tensor(float(self.initial_scale))
        )
        return loss * ops.cast(scale, loss.dtype)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """The inner optimizer's averages."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> LossScaleOptimizer:
        """The optimizer that `get_config` described."""
        config = dict(config)
        inner = deserialize_keras_object(config.pop("inner_optimizer"), custom_objects)
        return cls(inner, **config)
