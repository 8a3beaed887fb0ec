"""Optimizer: all but the formula of one update, which each optimizer writes as `update`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack, overload

from narae import ops
from narae.base.changes import whole
from narae.base.errors import NotYet, ShapeError, entry, unknown_arguments, warn_user
from narae.base.names import auto_name
from narae.base.types import LearningRateLike, TensorLike
from narae.engine.scope import eagerly
from narae.engine.variable import Variable
from narae.optimizers.keywords import OptimizerOptions
from narae.optimizers.options import Options, Rate
from narae.tensor.tensor import Tensor

State = dict[str, Tensor]  # of one weight, by the names of slots

_built_whole = whole(lambda optimizer: [optimizer])


class Optimizer(Options, Rate):
    """Base of optimizers: learning rate, state, clipping, weight decay, averages, accumulation.

    A subclass names its state per weight in `slots`, in groups that are saved together, and writes

        update(w, g, state, lr, t) -> (new w, new state)

    for one weight: a pure function, t counts from 1. Keras's way (`build`, `update_step`) works too.
    One step: clip the gradients, w ← w - lr λ w, w ← update(w, ...), average, apply the weights' constraints.

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        weight_decay: λ, the part of a weight that is taken away at each step, times the learning rate; None: none.
        clipnorm: the largest norm of each weight's gradient; at most one way of clipping can be given.
        clipvalue: the largest absolute value of a gradient's elements.
        global_clipnorm: the largest norm of all gradients together.
        use_ema: whether to keep a moving average of the weights, a' = μ a + (1 - μ) w; `fit` puts it in their place
            when
            it ends.
        ema_momentum: μ of the average, in [0, 1].
        ema_overwrite_frequency: every how many steps the average overwrites the weights; None: only at the end of
            `fit`.
        loss_scale_factor: what `scale_loss` multiplies the loss by, and `apply` divides the gradients by; None: 1.
        gradient_accumulation_steps: at every so many calls of `apply`, at least 2, the mean of their gradients is
            applied;
            None: at every call.
        name: the optimizer's name; None: one from the class.

    Raises:
        ValueError: an option is out of range, or unknown; learning_rate is no number, schedule or function.

    Source: Loshchilov & Hutter 2019 (weight_decay).

    >>> from narae import Variable
    >>> class Plain(Optimizer):
    ...     def update(self, w, g, state, lr, t):
    ...         return w - lr * g, state
    >>> w = Variable(1.0)
    >>> Plain(0.5, clipvalue=1.0).apply([4.0], [w])
    >>> float(w)
    0.5
    """

    slots: tuple[tuple[str, ...], ...] = ()
    arguments: tuple[str, ...] = ()  # the constructor's own arguments, which are attributes too

    @overload
    def __init__(
        self, learning_rate: LearningRateLike, **options: Unpack[OptimizerOptions]
    ) -> None: ...

    @overload  # as subclasses pass on what follows their own arguments
    def __init__(
        self,
        learning_rate: LearningRateLike,
        *shared: float | str | None,
        **options: Unpack[OptimizerOptions],
    ) -> None: ...

    def __init__(  # type: ignore[misc]  # (checkers see no end of *shared)
        self,
        learning_rate: LearningRateLike,
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
        if kwargs.pop("decay", None) is not None:
            warn_user(
                "`decay` is ignored: a schedule of narae.optimizers.schedules lets the learning rate decay"
            )
        if kwargs:
            raise unknown_arguments(
                type(self).__name__, kwargs, type(self).__init__, Optimizer.__init__
            )
        self._set_options(
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
        )
        self.name = name or auto_name(type(self).__name__)
        self.built = False
        self._variables: list[Variable] = []
        self._trained: list[Variable] = []
        self._index: dict[int, int] = {}
        self._slots: list[dict[str, Variable]] = []
        self._count = self._own(Variable(0, dtype="int32", trainable=False, name="iteration"))
        self._set_rate(learning_rate)

    @property
    def iterations(self) -> Variable | Tensor:
        """How many times weights were updated: a Variable; with gradient_accumulation_steps a tensor."""
        n = self.gradient_accumulation_steps
        return self._count.value // n if n else self._count

    # -- state -------------------------------------------------------------------------------

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _built_whole(cls.__dict__["build"])  # type: ignore[method-assign]

    @_built_whole
    def build(self, variables: Iterable[Variable]) -> None:
        """Create the state for the weights to be trained; a second call changes nothing.

        Args:
            variables: the weights.

        Raises:
            NotYet: a weight is to be overwritten by its gradient.
        """
        if self.built:
            return
        self._trained = list(variables)
        scaled = [v.path for v in self._trained if v.overwrite_with_gradient]
        if scaled:
            raise NotYet(
                f"{scaled} are to be overwritten by their gradients (float8 scales), which narae has not yet: "
                "set overwrite_with_gradient = False on them"
            )
        self._index = {id(v): i for i, v in enumerate(self._trained)}
        if self.use_ema:
            self._averages = self.add_optimizer_variables(self._trained, "average")
            with eagerly():  # building within a traced step must not become a part of it
                for average, variable in zip(self._averages, self._trained, strict=True):
                    average.assign(variable.numpy())
        if self.gradient_accumulation_steps:
            self._accumulated = self.add_optimizer_variables(self._trained, "gradient_accumulator")
        self.make_slots()
        self.built = True

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._index = {id(v): i for i, v in enumerate(self._trained)}

    def _slot_of_each(self, slot: str) -> list[Variable | None]:
        """One slot of every weight, None where a weight has it not; [] where no weight has it."""
        found = [slots.get(slot) for slots in self._slots]
        return found if any(one is not None for one in found) else []

    def make_slots(self) -> None:
        """Create the state of the weights, in Keras's order: by group of slots, then by weight."""
        self._slots = [{} for _ in self._trained]
        for group in self.slots:
            for variable, slots in zip(self._trained, self._slots, strict=True):
                slots.update((slot, self.make_slot(slot, variable)) for slot in group)

    def make_slot(self, slot: str, variable: Variable) -> Variable:
        """Create one weight's state variable; zeros of its shape unless a subclass has it otherwise.

        Args:
            slot: the name of the state.
            variable: the weight.

        Returns: the variable.
        """
        return self.add_variable_from_reference(variable, slot)

    def _get_variable_index(self, variable: Variable) -> int:
        """A weight's position among those trained: Keras's name, which optimizers of users call."""
        return self._index[id(variable)]

    # -- applying gradients ------------------------------------------------------------------

    @entry
    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Update weights by pairs; builds the optimizer when it is not built yet.

        Args:
            grads_and_vars: pairs (gradient, weight).

        Returns: the counter of updates.

        Raises:
            ValueError: as for `apply`.
        """
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._count

    @entry
    def apply(
        self,
        grads: Iterable[TensorLike | None],
        trainable_variables: Iterable[Variable] | None = None,
    ) -> None:
        """Update weights by their gradients; builds the optimizer when it is not built yet.

        Args:
            grads: a gradient for each weight; None is left out, with a warning; no gradients at all change nothing.
            trainable_variables: the weights; None: those that the optimizer was built for.

        Raises:
            ValueError: all gradients are None, numbers or shapes differ, or the optimizer was built for other weights.
        """
        grads = list(grads)
        if not grads and not trainable_variables:
            return
        pairs, variables = self._checked(grads, trainable_variables)
        if self.loss_scale_factor:
            pairs = [g / self.loss_scale_factor for g in pairs]
        if self.gradient_accumulation_steps:
            self._accumulate(pairs, variables)
        else:
            self._step(pairs, variables)
        if self.use_ema:
            self._average(variables, self.effective_step())
        for variable in variables:  # at every call: where gradients only add up, too
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))
        self._count.assign_add(1)

    def _checked(
        self, grads: list[TensorLike | None], trainable_variables: Iterable[Variable] | None
    ) -> tuple[list[Tensor], list[Variable]]:
        """Gradients that are there, as tensors, with their weights; builds the optimizer."""
        if trainable_variables is None and not self.built:
            raise ValueError("apply(gradients) needs the weights too before the optimizer is built")
        variables = list(self._trained if trainable_variables is None else trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(f"apply got {len(grads)} gradients for {len(variables)} weights")
        if not self.built:
            self.build(variables)
        unknown = [v.path for v in variables if id(v) not in self._index]
        if unknown:
            raise ValueError(
                f"the optimizer {self.name!r} was built for other weights than {unknown}: make a new "
                "optimizer, or compile again after changing what is trained"
            )
        found, variables = _without_none(grads, variables)
        for g, v in zip(found, variables, strict=True):
            if g.shape != v.shape:
                raise ShapeError(
                    f"the gradient of {v.path!r} has shape {g.shape}, the weight {v.shape}"
                )
        return found, variables

    def _step(
        self, grads: list[Tensor], variables: list[Variable], keep: Tensor | None = None
    ) -> None:
        """One update of all weights. keep: a boolean tensor; where it is False nothing changes."""
        held = [*variables, *self._state_variables()] if keep is not None else []
        before = [v.value for v in held]
        grads = self._clipped(grads)
        self._decay(variables)
        rate = ops.cast(self.learning_rate, "float32")
        self.backend_update_step(grads, variables, rate)
        if keep is not None:
            for v, old in zip(held, before, strict=True):
                v.assign(ops.where(keep, v.value, old))

    def _state_variables(self) -> list[Variable]:
        """The state that an update changes (not counters, rates and accumulators)."""
        skip = {id(self._count), id(self._rate), *map(id, getattr(self, "_accumulated", ()))}
        return [v for v in self._variables if id(v) not in skip]

    def backend_update_step(
        self, grads: list[Tensor], trainable_variables: list[Variable], learning_rate: Tensor
    ) -> None:
        """Update each weight by its gradient.

        Args:
            grads: the gradients, clipped.
            trainable_variables: the weights.
            learning_rate: a scalar.
        """
        for g, v in zip(grads, trainable_variables, strict=True):
            self.update_step(g, v, learning_rate)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """Update one weight: by `update`, unless a subclass does it here, in Keras's way.

        Args:
            gradient: the weight's gradient.
            variable: the weight.
            learning_rate: a scalar.

        Raises:
            ValueError: an option that needs more state was set after the optimizer was built.
        """
        slots = self._slots[self._index[id(variable)]]
        rate, g = ops.cast(learning_rate, variable.dtype), ops.cast(gradient, variable.dtype)
        step = ops.cast(self.effective_step(), variable.dtype)
        state = {key: slot.value for key, slot in slots.items()}
        try:
            w, state = self.update(variable.value, g, state, rate, step)
        except KeyError as error:
            raise self._lacking(str(error)) from error
        for key, value in state.items():
            slots[key].assign(value)
        variable.assign(w)

    def effective_step(self) -> Tensor:
        """The number of the update at hand, from 1: an int32 scalar."""
        done, n = self._count.value, self.gradient_accumulation_steps
        return (done // n if n else done) + 1

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        """The new value and state of one weight. Subclasses define it: a pure function.

        Args:
            w: the weight's value.
            g: its gradient, of w's shape and dtype.
            state: its state by the names of `slots`.
            lr: the learning rate, a scalar of w's dtype.
            t: the number of the update, from 1, a scalar of w's dtype.

        Returns: (new w, new state).

        Raises:
            NotImplementedError: the subclass defines neither this nor update_step.
        """
        raise NotImplementedError(
            f"{type(self).__name__} defines neither update(...) nor update_step(...)"
        )

    def _accumulate(self, grads: list[Tensor], variables: list[Variable]) -> None:
        """Sum gradients; every n-th call applies their mean."""
        n = self.gradient_accumulation_steps
        if not hasattr(self, "_accumulated"):
            raise self._lacking("gradient_accumulation_steps")
        sums = [self._accumulated[self._index[id(v)]] for v in variables]
        due = ops.equal((self._count.value + 1) % n, 0)
        totals = [s.value + g for s, g in zip(sums, grads, strict=True)]
        self._step([total / n for total in totals], variables, keep=due)
        for s, total in zip(sums, totals, strict=True):
            s.assign(ops.where(due, ops.zeros_like(total), total))

    def assign(self, variable: Variable, value: TensorLike) -> None:
        """Set variable = value."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: TensorLike) -> None:
        """Set variable += value."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: TensorLike) -> None:
        """Set variable -= value."""
        variable.assign_sub(value)


def _without_none(
    grads: list[TensorLike | None], variables: list[Variable]
) -> tuple[list[Tensor], list[Variable]]:
    present = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
    if not present:
        raise ValueError(
            "No gradients provided for any variable: the loss does not depend on the weights (computed outside of the "
            "tape, or through integers or NumPy?)"
        )
    missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
    if missing:
        warn_user(f"Gradients do not exist for variables {missing}: they stay as they are.")
    return [ops.convert_to_tensor(g) for g, _ in present], [v for _, v in present]
