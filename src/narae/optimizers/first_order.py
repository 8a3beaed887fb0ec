"""Optimizers with at most a running square: SGD, RMSprop, Adagrad, Adadelta, Ftrl, Lion."""

from __future__ import annotations

from typing import Any, Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.types import LearningRateLike
from narae.optimizers.base import Optimizer, State
from narae.optimizers.keywords import OptimizerOptions


@builtin("keras.optimizers")
class SGD(Optimizer):
    """Gradient descent, with momentum when asked for (Sutskever et al. 2013 for Nesterov's).

    m' = μ m - lr g;  w' = w + m', or w + μ m' - lr g with nesterov.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> SGD(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.000'
    """

    arguments = ("momentum", "nesterov")

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        *shared: float | str | None,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        if not isinstance(momentum, (int, float)) or not 0 <= momentum <= 1:
            raise ValueError(f"momentum is in [0, 1], got {momentum!r}")
        self.momentum, self.nesterov = momentum, nesterov
        self.slots = (("momentum",),) if momentum else ()

    @property
    def momentums(self) -> list[Any]:
        """The momentum of each weight."""
        return self._slot_of_each("momentum")

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
        step = g * lr
        if not self.momentum:
            return w - step, {}
        m = state["momentum"] * self.momentum - step
        return w + (m * self.momentum - step if self.nesterov else m), {"momentum": m}


@builtin("keras.optimizers")
class RMSprop(Optimizer):
    """Steps divided by the root of a running mean square (Hinton 2012, lecture 6e).

    v' = ρ v + (1 - ρ) g²;  w' = w - lr g / √(v' + ε). centered: minus the square of the running mean.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> RMSprop(0.1).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.684'
    """

    arguments = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        *shared: float | str | None,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        wanted = (("velocity", True), ("momentum", momentum > 0), ("average_gradient", centered))
        self.slots = tuple((name,) for name, used in wanted if used)

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
        new = {"velocity": state["velocity"] * self.rho + ops.square(g) * (1 - self.rho)}
        spread = new["velocity"] + self.epsilon
        if self.centered:
            mean = new["average_gradient"] = state["average_gradient"] * self.rho + g * (
                1 - self.rho
            )
            spread = new["velocity"] - ops.square(mean) + self.epsilon
        step = g * lr / ops.sqrt(spread)
        if self.momentum > 0:
            step = new["momentum"] = state["momentum"] * self.momentum + step
        return w - step, new


@builtin("keras.optimizers")
class Adagrad(Optimizer):
    """Steps divided by the root of the sum of squares (Duchi et al. 2011).

    a' = a + g²;  w' = w - lr g / √(a' + ε).

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Adagrad(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.506'
    """

    slots = (("accumulator",),)
    arguments = ("initial_accumulator_value", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        *shared: float | str | None,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def make_slot(self, slot: str, variable: Any) -> Any:
        """Accumulators start from `initial_accumulator_value`."""
        value = self.initial_accumulator_value
        return self.add_variable_from_reference(
            variable, slot, lambda shape, dtype=None: ops.full(shape, value, dtype)
        )

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
        a = state["accumulator"] + ops.square(g)
        return w - g * lr / ops.sqrt(a + self.epsilon), {"accumulator": a}


@builtin("keras.optimizers")
class Adadelta(Optimizer):
    """Steps in the units of the weights (Zeiler 2012, algorithm 1).

    a' = ρ a + (1 - ρ) g²;  Δ = -g √(d + ε) / √(a' + ε);  d' = ρ d + (1 - ρ) Δ²;  w' = w + lr Δ.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Adadelta(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.999'
    """

    slots = (("accumulated_grad", "accumulated_delta_var"),)
    arguments = ("rho", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        *shared: float | str | None,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.rho, self.epsilon = rho, epsilon

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
        a = state["accumulated_grad"] * self.rho + ops.square(g) * (1 - self.rho)
        d = state["accumulated_delta_var"]
        step = -g * ops.sqrt(d + self.epsilon) / ops.sqrt(a + self.epsilon)
        d = d * self.rho + ops.square(step) * (1 - self.rho)
        return w + step * lr, {"accumulated_grad": a, "accumulated_delta_var": d}


@builtin("keras.optimizers")
class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al. 2013, algorithm 1), with L2 shrinkage.

    a' = a + g²;  σ = (a'^-p - a^-p) / lr;  z' = z + g' - σ w;
    w' = (clip(z', ±λ1) - z') / (a'^-p / lr + 2 (λ2 + β / (2 lr))), g' = g + 2 λs w, p the learning rate power.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Ftrl(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.350'
    """

    slots = (("accumulator", "linear"),)
    arguments = (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    )

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        *shared: float | str | None,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        given = (
            learning_rate_power,
            initial_accumulator_value,
            l1_regularization_strength,
            l2_regularization_strength,
            l2_shrinkage_regularization_strength,
            beta,
        )
        for name, value in zip(self.arguments, given, strict=True):
            if (value > 0) if name == "learning_rate_power" else (value < 0):
                bound = "at most" if name == "learning_rate_power" else "at least"
                raise ValueError(f"{name} is {bound} 0, got {value}")
            setattr(self, name, value)

    def make_slot(self, slot: str, variable: Any) -> Any:
        """Accumulators start from `initial_accumulator_value`, the linear part from zero."""
        value = self.initial_accumulator_value if slot == "accumulator" else 0.0  # type: ignore[attr-defined]
        return self.add_variable_from_reference(
            variable, slot, lambda shape, dtype=None: ops.full(shape, value, dtype)
        )

    def update(self: Any, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
        a, power = state["accumulator"], -self.learning_rate_power
        l2 = self.l2_regularization_strength + self.beta / (lr * 2.0)
        shrunk = g + w * (2.0 * self.l2_shrinkage_regularization_strength)
        new = a + ops.square(g)
        z = state["linear"] + shrunk - (new**power - a**power) / lr * w
        bound = self.l1_regularization_strength
        w = (ops.clip(z, -bound, bound) - z) / (new**power / lr + l2 * 2.0)
        return w, {"accumulator": new, "linear": z}


@builtin("keras.optimizers")
class Lion(Optimizer):
    """The sign of an average of gradient and momentum (Chen et al. 2023, program 1).

    w' = w - lr sign(β1 m + (1 - β1) g);  m' = β2 m + (1 - β2) g.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Lion(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.500'
    """

    slots = (("momentum",),)
    arguments = ("beta_1", "beta_2")

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        *shared: float | str | None,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        if not 0 < beta_1 <= 1:
            raise ValueError(f"beta_1 is in (0, 1], got {beta_1}: with 0 Lion would be SignSGD")
        self.beta_1, self.beta_2 = beta_1, beta_2

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
        m = state["momentum"]
        step = lr * ops.sign(m * self.beta_1 + g * (1 - self.beta_1))
        return w - step, {"momentum": m * self.beta_2 + g * (1 - self.beta_2)}
