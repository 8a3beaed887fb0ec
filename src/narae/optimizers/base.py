"""Optimizer: everything but the maths of one update, which each optimizer writes as `update`."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from narae import ops
from narae.base.errors import ShapeError
from narae.base.names import auto_name
from narae.base.registry import deserialize_keras_object
from narae.engine.scope import eagerly
from narae.engine.variable import Variable
from narae.optimizers.schedules import LearningRateSchedule
from narae.optimizers.stored import Stored

State = dict[str, Any]


class Optimizer(Stored):
    """What all optimizers share: state, learning rate, clipping, decay, averaging, accumulation.

    A subclass names its state per weight in `slots`, in groups that are saved together, and writes

        update(w, g, state, lr, t) -> (new w, new state)

    for one weight: pure maths, t counts from 1. Keras's way (`build`, `update_step`) works too.

    clipnorm, clipvalue, global_clipnorm: at most one of them. use_ema: keep a moving average of the weights, and
    put it in their place every `ema_overwrite_frequency` steps, or when `fit` ends.
    Raises ValueError for arguments out of range.
    """

    slots: tuple[tuple[str, ...], ...] = ()
    arguments: tuple[str, ...] = ()  # the constructor's own arguments, which are attributes too

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise ValueError(
                f"{type(self).__name__} got unknown arguments: {', '.join(sorted(kwargs))}"
            )
        given = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        chosen = {key: value for key, value in given.items() if value is not None}
        if len(chosen) > 1:
            raise ValueError(f"an optimizer clips in one way, got {' and '.join(chosen)}")
        if any(value <= 0 for value in chosen.values()):
            raise ValueError(f"clipping takes a positive number, got {chosen}")
        if not 0 <= ema_momentum <= 1:
            raise ValueError(f"ema_momentum is in [0, 1], got {ema_momentum}")
        for key, value in (
            ("ema_overwrite_frequency", ema_overwrite_frequency if use_ema else None),
            ("gradient_accumulation_steps", gradient_accumulation_steps),
        ):
            least = 2 if key.startswith("gradient") else 1
            if value is not None and (not isinstance(value, int) or value < least):
                raise ValueError(f"{key} is a whole number of at least {least}, got {value!r}")
        self.name = name or auto_name(type(self).__name__)
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema = bool(use_ema)
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._variables: list[Variable] = []
        self._trained: list[Variable] = []
        self._slots: list[dict[str, Variable]] = []
        self._excluded_ids: set[int] = set()
        self._excluded_names: list[str] = []
        self.iterations = self._own(Variable(0, dtype="int32", trainable=False, name="iteration"))
        self._set_rate(learning_rate)

    # -- learning rate -----------------------------------------------------------------------

    def _set_rate(self, rate: Any) -> None:
        if isinstance(rate, dict):
            rate = deserialize_keras_object(rate)
        if isinstance(rate, LearningRateSchedule) or callable(rate):
            self._rate: Any = rate
            return
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.generic)):
            raise ValueError(f"learning_rate is a number, a schedule or a function, got {rate!r}")
        self._rate = self._own(
            Variable(float(rate), dtype="float32", trainable=False, name="learning_rate")
        )

    @property
    def learning_rate(self) -> Any:
        """The present learning rate."""
        if isinstance(self._rate, Variable):
            return self._rate
        if isinstance(self._rate, LearningRateSchedule):
            return self._rate(self.iterations.value)
        return self._rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(self._rate, Variable) and not callable(value):
            self._rate.assign(value)
        elif callable(value):
            if isinstance(self._rate, Variable):
                self._variables = [v for v in self._variables if v is not self._rate]
            self._rate = value
        else:
            raise TypeError(
                "this optimizer follows a schedule or function: its learning rate cannot be set to a number. Make the "
                "optimizer with a number, or give it another schedule"
            )

    # -- variables ---------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own variables, in the order in which they are saved."""
        return list(self._variables)

    def _own(self, variable: Variable) -> Variable:
        self._variables.append(variable)
        return variable

    def add_variable(
        self,
        shape: Any,
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        name: str | None = None,
    ) -> Variable:
        """Make a variable of the optimizer."""
        from narae import initializers

        made = Variable(
            initializers.get(initializer), tuple(shape), dtype, False, True, aggregation, name=name
        )
        return self._own(made)

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Make a variable of a weight's shape and dtype."""
        return self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.dtype,
            name=f"{reference_variable.name}_{name or 'state'}",
        )

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the state for the weights to be trained."""
        self._start(list(variables))
        self._slots = [{} for _ in self._trained]
        for group in self.slots:  # Keras's order: group by group, within it weight by weight
            for i, variable in enumerate(self._trained):
                for slot in group:
                    self._slots[i][slot] = self.make_slot(slot, variable)

    def make_slot(self, slot: str, variable: Variable) -> Variable:
        """One weight's state variable: zeros of its shape."""
        return self.add_variable_from_reference(variable, slot)

    def _start(self, variables: list[Variable]) -> None:
        if self.built:
            return
        self._trained = variables
        self._places = {id(v): i for i, v in enumerate(variables)}
        if self.use_ema:
            self._averages = [self.add_variable_from_reference(v, "average") for v in variables]
            with eagerly():  # building within a traced step must not become a part of it
                for average, variable in zip(self._averages, variables, strict=True):
                    average.assign(variable.numpy())
        if self.gradient_accumulation_steps:
            self._accumulated = [
                self.add_variable_from_reference(v, "gradient_accumulator") for v in variables
            ]
        self.built = True

    # -- applying gradients ------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Update weights by (gradient, weight) pairs. Builds the optimizer when it was never built."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self.iterations

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Update weights by gradients, in the order of the weights.

        A gradient of None is left out, with a warning. Raises ValueError when all are None, when numbers or
        shapes differ, and for weights that the optimizer was not built for.
        """
        grads = list(grads)
        if trainable_variables is None:
            if not self.built:
                raise ValueError(
                    "apply(gradients) needs the weights too before the optimizer is built"
                )
            variables = self._trained
        else:
            variables = list(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(f"apply got {len(grads)} gradients for {len(variables)} weights")
        if not self.built:
            self.build(variables)
        unknown = [v.path for v in variables if id(v) not in self._places]
        if unknown:
            raise ValueError(
                f"the optimizer {self.name!r} was built for other weights than {unknown}: make a new "
                "optimizer, or compile again after changing what is trained"
            )
        grads, variables = _without_none(grads, variables)
        for g, v in zip(grads, variables, strict=True):
            if tuple(g.shape) != v.shape:
                raise ShapeError(
                    f"the gradient of {v.path!r} has shape {tuple(g.shape)}, the weight {v.shape}"
                )
        if self.loss_scale_factor:
            grads = [g / self.loss_scale_factor for g in grads]
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables)
        else:
            self._step(grads, variables)
        if self.use_ema:
            self._average(variables)
        self.iterations.assign_add(1)

    def _step(self, grads: list[Any], variables: list[Variable], keep: Any = None) -> None:
        """One update of all weights. keep: a boolean tensor; where it is False nothing changes."""
        before = (
            [v.value for v in [*variables, *self._state_variables()]] if keep is not None else []
        )
        grads = self._clipped(grads)
        self._decay(variables)
        rate = ops.cast(self.learning_rate, "float32")
        self.backend_update_step(grads, variables, rate)
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))
        if keep is not None:
            for v, old in zip([*variables, *self._state_variables()], before, strict=True):
                v.assign(ops.where(keep, v.value, old))

    def _state_variables(self) -> list[Variable]:
        """The state that an update changes (not counters, rates and accumulators)."""
        skip = {id(self.iterations), id(self._rate), *map(id, getattr(self, "_accumulated", ()))}
        return [v for v in self._variables if id(v) not in skip]

    def backend_update_step(
        self, grads: list[Any], trainable_variables: list[Variable], learning_rate: Any
    ) -> None:
        """Update each weight by its gradient."""
        for g, v in zip(grads, trainable_variables, strict=True):
            self.update_step(g, v, learning_rate)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one weight: by `update`, unless a subclass does it in Keras's way here."""
        slots = self._slots[self._places[id(variable)]]
        rate, g = ops.cast(learning_rate, variable.dtype), ops.cast(gradient, variable.dtype)
        step = ops.cast(self.effective_step(), variable.dtype)
        w, state = self.update(
            variable.value, g, {k: s.value for k, s in slots.items()}, rate, step
        )
        for key, value in state.items():
            slots[key].assign(value)
        variable.assign(w)

    def effective_step(self) -> Any:
        """Which update this is, from 1."""
        done = self.iterations.value
        return (
            done // self.gradient_accumulation_steps if self.gradient_accumulation_steps else done
        ) + 1

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """The new weight and state of one weight. Subclasses define it."""
        raise NotImplementedError(
            f"{type(self).__name__} defines neither update(...) nor update_step(...)"
        )

    # -- options -----------------------------------------------------------------------------

    def _clipped(self, grads: list[Any]) -> list[Any]:
        if self.clipvalue is not None:
            return [ops.clip(g, -self.clipvalue, self.clipvalue) for g in grads]
        if self.clipnorm is not None:
            return [_bounded(g, ops.sqrt(ops.sum(ops.square(g))), self.clipnorm) for g in grads]
        if self.global_clipnorm is not None:
            norm = ops.sqrt(sum(ops.sum(ops.square(g)) for g in grads))
            return [_bounded(g, norm, self.global_clipnorm) for g in grads]
        return grads

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Leave weights out of the decay: by themselves, or by parts of their names. Before building."""
        if self.built:
            raise ValueError("exclude_from_weight_decay comes before the optimizer is built")
        self._excluded_ids = {id(v) for v in var_list or ()}
        self._excluded_names = list(var_names or ())

    def _decay(self, variables: list[Variable]) -> None:
        """w -= lr λ w, apart from the gradient (Loshchilov & Hutter 2019)."""
        if not self.weight_decay:
            return
        for v in variables:
            named = any(re.search(name, v.path) for name in self._excluded_names)
            if id(v) not in self._excluded_ids and not named:
                rate = ops.cast(self.learning_rate, v.dtype)
                v.assign(v.value - v.value * self.weight_decay * rate)

    def _average(self, variables: list[Variable]) -> None:
        """Moving averages; the first step starts them from the weights themselves."""
        step = self.effective_step()
        momentum = ops.cast(ops.not_equal(step, 1), "float32") * self.ema_momentum
        for v in variables:
            average = self._averages[self._places[id(v)]]
            m = ops.cast(momentum, v.dtype)
            average.assign(m * average.value + (1 - m) * v.value)
            if self.ema_overwrite_frequency:
                due = ops.equal(step % self.ema_overwrite_frequency, 0)
                v.assign(ops.where(due, average.value, v.value))

    def _accumulate(self, grads: list[Any], variables: list[Variable]) -> None:
        """Sum gradients; every n-th call applies their mean."""
        n = self.gradient_accumulation_steps
        sums = [self._accumulated[self._places[id(v)]] for v in variables]
        due = ops.equal((self.iterations.value + 1) % n, 0)
        totals = [s.value + g for s, g in zip(sums, grads, strict=True)]
        self._step([total / n for total in totals], variables, keep=due)
        for s, total in zip(sums, totals, strict=True):
            s.assign(ops.where(due, ops.zeros_like(total), total))

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`; `apply` divides the gradients by it again."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """At the end of training: averages in the place of the weights, when use_ema is on."""
        if not (self.use_ema and self.built):
            return
        for v in var_list:
            if id(v) in self._places:
                v.assign(self._averages[self._places[id(v)]].value)

    def assign(self, variable: Variable, value: Any) -> None:
        """variable = value."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """variable += value."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """variable -= value."""
        variable.assign_sub(value)


def _without_none(grads: list[Any], variables: list[Variable]) -> tuple[list[Any], list[Variable]]:
    present = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
    if not present:
        raise ValueError(
            "No gradients provided for any variable: the loss does not depend on the weights (computed outside of the "
            "tape, or through integers or NumPy?)"
        )
    missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
    if missing:
        warnings.warn(
            f"Gradients do not exist for variables {missing}: they stay as they are.", stacklevel=4
        )
    return [g for g, _ in present], [v for _, v in present]


def _bounded(g: Any, norm: Any, most: float) -> Any:
    """g scaled so that a norm above `most` becomes `most`; zero stays zero."""
    scale = ops.where(norm > most, most / ops.maximum(norm, 1e-30), 1.0)
    return g * ops.cast(scale, g.dtype)
