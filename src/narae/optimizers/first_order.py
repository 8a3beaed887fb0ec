"""Optimizers with at most a running square: SGD, RMSprop, Adagrad, Adadelta, Ftrl, Lion."""

from __future__ import annotations

from typing import Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.types import LearningRateLike
from narae.engine.variable import Variable
from narae.optimizers.base import Optimizer, State
from narae.optimizers.keywords import OptimizerOptions
from narae.tensor.tensor import Tensor


@builtin("keras.optimizers")
class SGD(Optimizer):
    """Gradient descent, with momentum where it is above 0.

    w' = w - lr g; with momentum μ: m' = μ m - lr g;  w' = w + m', or w + μ m' - lr g with nesterov.

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        momentum: μ, the part of the last step that is added to the next, in [0, 1].
        nesterov: whether the gradient counts as taken after the momentum's step.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: momentum is not in [0, 1]; an option is out of range, or unknown.

    Source: Sutskever et al. 2013, section 2.

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
    def momentums(self) -> list[Variable | None]:
        """The momentum of each weight, in the order of the weights."""
        return self._slot_of_each("momentum")

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        step = g * lr
        if not self.momentum:
            return w - step, {}
        m = state["momentum"] * self.momentum - step
        return w + (m * self.momentum - step if self.nesterov else m), {"momentum": m}


@builtin("keras.optimizers")
class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of the squared gradient.

    v' = ρ v + (1 - ρ) g²;  s = lr g / √(v' + ε), or lr g / √(v' - a'² + ε) with centered, a' = ρ a + (1 - ρ) g;
    w' = w - s; with momentum μ: m' = μ m + s;  w' = w - m'.

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        rho: ρ, the part of the mean square that is kept at each step, in [0, 1).
        momentum: μ, the part of the last step that is added to the next.
        epsilon: ε, added to what is divided by, so that it is not 0.
        centered: whether to divide by the running standard deviation: the mean square without the square of the mean.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: an option is out of range, or unknown.

    Source: Hinton 2012, lecture 6e; centered: Graves 2013, section 4.2.

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

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        new = {"velocity": state["velocity"] * self.rho + ops.square(g) * (1 - self.rho)}
        mean_square = new["velocity"] + self.epsilon
        if self.centered:
            mean = new["average_gradient"] = state["average_gradient"] * self.rho + g * (
                1 - self.rho
            )
            mean_square = new["velocity"] - ops.square(mean) + self.epsilon
        step = g * lr / ops.sqrt(mean_square)
        if self.momentum > 0:
            step = new["momentum"] = state["momentum"] * self.momentum + step
        return w - step, new


@builtin("keras.optimizers")
class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

    a' = a + g²;  w' = w - lr g / √(a' + ε).

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        initial_accumulator_value: what the sum a starts from.
        epsilon: ε, added to what is divided by, so that it is not 0.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: an option is out of range, or unknown.

    Source: Duchi et al. 2011.

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

    def make_slot(self, slot: str, variable: Variable) -> Variable:
        """Create one weight's sum of squares, which starts from `initial_accumulator_value`."""
        value = self.initial_accumulator_value
        return self.add_variable_from_reference(
            variable, slot, lambda shape, dtype=None: ops.full(shape, value, dtype)
        )

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        a = state["accumulator"] + ops.square(g)
        return w - g * lr / ops.sqrt(a + self.epsilon), {"accumulator": a}


@builtin("keras.optimizers")
class Adadelta(Optimizer):
    """Steps in the units of the weights: a running mean of squared steps over one of squared gradients.

    a' = ρ a + (1 - ρ) g²;  Δ = -g √(d + ε) / √(a' + ε);  d' = ρ d + (1 - ρ) Δ²;  w' = w + lr Δ.

    Args:
        learning_rate: the length of a step (lr), 1 in the source: a number, a schedule, or a function that gives a
            number.
        rho: ρ, the part of the means that is kept at each step, in [0, 1).
        epsilon: ε, added to both means; the first steps are about √ε long.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: an option is out of range, or unknown.

    Source: Zeiler 2012, algorithm 1.

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

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        a = state["accumulated_grad"] * self.rho + ops.square(g) * (1 - self.rho)
        d = state["accumulated_delta_var"]
        step = -g * ops.sqrt(d + self.epsilon) / ops.sqrt(a + self.epsilon)
        d = d * self.rho + ops.square(step) * (1 - self.rho)
        return w + step * lr, {"accumulated_grad": a, "accumulated_delta_var": d}


@builtin("keras.optimizers")
class Ftrl(Optimizer):
    """Follow the regularized leader: weights that an L1 penalty keeps at zero; with L2 shrinkage.

    a' = a + g²;  σ = (a'^-p - a^-p) / lr;  z' = z + g + 2 λs w - σ w;
    w' = (clip(z', ±λ1) - z') / (a'^-p / lr + 2 (λ2 + β / (2 lr))).

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        learning_rate_power: p, at most 0: steps shrink by the sum of squares to this power; 0 keeps their length.
        initial_accumulator_value: what the sum of squares a starts from, at least 0.
        l1_regularization_strength: λ1, the L1 penalty, at least 0.
        l2_regularization_strength: λ2, the L2 penalty, at least 0.
        l2_shrinkage_regularization_strength: λs, at least 0: an L2 penalty that enters the gradient alone.
        beta: β of the source's learning rate, at least 0.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: learning_rate_power is above 0, another number below 0; an option is out of range, or unknown.

    Source: McMahan et al. 2013, algorithm 1.

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

    learning_rate_power: float
    initial_accumulator_value: float
    l1_regularization_strength: float
    l2_regularization_strength: float
    l2_shrinkage_regularization_strength: float
    beta: float

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

    def make_slot(self, slot: str, variable: Variable) -> Variable:
        """Create one weight's state: squares start from `initial_accumulator_value`, the linear part from zero."""
        value = self.initial_accumulator_value if slot == "accumulator" else 0.0
        return self.add_variable_from_reference(
            variable, slot, lambda shape, dtype=None: ops.full(shape, value, dtype)
        )

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
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
    """Steps of one length in each weight, by the sign of an average of gradient and momentum.

    w' = w - lr sign(β1 m + (1 - β1) g);  m' = β2 m + (1 - β2) g.

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        beta_1: β1, the momentum's part in the sign, in (0, 1].
        beta_2: β2, the part of the momentum that is kept at each step.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: beta_1 is not in (0, 1]; an option is out of range, or unknown.

    Source: Chen et al. 2023, program 1.

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

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        m = state["momentum"]
        step = lr * ops.sign(m * self.beta_1 + g * (1 - self.beta_1))
        return w - step, {"momentum": m * self.beta_2 + g * (1 - self.beta_2)}
