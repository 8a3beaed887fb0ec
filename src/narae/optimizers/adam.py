"""Adam and its kin: Adam, AdamW, Nadam, Adamax, Lamb."""

from __future__ import annotations

from typing import Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.types import LearningRateLike, TensorLike
from narae.engine.variable import Variable
from narae.optimizers.base import Optimizer, State
from narae.optimizers.keywords import DecayedOptions, OptimizerOptions
from narae.tensor.tensor import Tensor


class _Moments(Optimizer):
    """Base: running means of the gradient, m' = m + (g - m)(1 - β1), and of its square, v' = v + (g² - v)(1 - β2)."""

    slots = (("momentum", "velocity"),)
    arguments = ("beta_1", "beta_2", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *shared: float | str | None,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def moments(self, g: Tensor, state: State) -> tuple[Tensor, Tensor]:
        """m' = m + (g - m)(1 - β1), v' = v + (g² - v)(1 - β2)."""
        m, v = state["momentum"], state["velocity"]
        return m + (g - m) * (1 - self.beta_1), v + (ops.square(g) - v) * (1 - self.beta_2)


@builtin("keras.optimizers")
class Adam(_Moments):
    """Steps by running means of the gradient and of its square.

    m' = β1 m + (1 - β1) g;  v' = β2 v + (1 - β2) g²;  α = lr √(1 - β2^t) / (1 - β1^t);
    w' = w - α m' / (√v' + ε), with amsgrad by the largest v so far.

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        beta_1: β1, the part of the mean gradient that is kept at each step, in [0, 1).
        beta_2: β2, the part of the mean square that is kept at each step, in [0, 1).
        epsilon: ε, added to what is divided by, so that it is not 0.
        amsgrad: whether to divide by the largest mean square so far, so that the divisor never shrinks.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: an option is out of range, or unknown.

    Source: Kingma & Ba 2015, the faster form of section 2; amsgrad: Reddi et al. 2018.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Adam(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.500'
    """

    arguments = ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *shared: float | str | None,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, *shared, **options)
        self.amsgrad = amsgrad
        if amsgrad:
            self.slots = (*self.slots, ("velocity_hat",))

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        m, v = self.moments(g, state)
        new = {"momentum": m, "velocity": v}
        rate = lr * ops.sqrt(1 - ops.power(self.beta_2, t)) / (1 - ops.power(self.beta_1, t))
        if self.amsgrad:
            v = new["velocity_hat"] = ops.maximum(state["velocity_hat"], v)
        return w - m * rate / (ops.sqrt(v) + self.epsilon), new


@builtin("keras.optimizers")
class AdamW(Adam):
    """Adam, with a weight decay that the gradient's moments do not see.

    w ← w - lr λ w, then Adam's step: m' = β1 m + (1 - β1) g;  v' = β2 v + (1 - β2) g²;
    w' = w - lr √(1 - β2^t) / (1 - β1^t) m' / (√v' + ε).

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        weight_decay: λ, the part of a weight that is taken away at each step, times the learning rate.
        beta_1: β1, the part of the mean gradient that is kept at each step, in [0, 1).
        beta_2: β2, the part of the mean square that is kept at each step, in [0, 1).
        epsilon: ε, added to what is divided by, so that it is not 0.
        amsgrad: whether to divide by the largest mean square so far, so that the divisor never shrinks.
        *shared: the arguments that all optimizers have, from clipnorm on (see `Optimizer`); better by name.

    Raises:
        ValueError: weight_decay is None, an option is out of range, or unknown.

    Source: Loshchilov & Hutter 2019.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> AdamW(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.498'
    """

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *shared: float | str | None,
        **options: Unpack[DecayedOptions],
    ) -> None:
        if weight_decay is None:
            raise ValueError(
                "AdamW decays its weights: weight_decay is a number, got None; Adam is without"
            )
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, *shared, **options
        )


@builtin("keras.optimizers")
class Nadam(_Moments):
    """Adam with Nesterov's momentum.

    m' = β1 m + (1 - β1) g;  v' = β2 v + (1 - β2) g²;  μ_t = β1 (1 - 0.96^t / 2), Π_t the product of μ_1 to μ_t;
    w' = w - lr (μ_{t+1} m' / (1 - Π_{t+1}) + (1 - μ_t) g / (1 - Π_t)) / (√(v' / (1 - β2^t)) + ε).

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        beta_1: β1, the part of the mean gradient that is kept at each step, in [0, 1).
        beta_2: β2, the part of the mean square that is kept at each step, in [0, 1).
        epsilon: ε, added to what is divided by, so that it is not 0.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: an option is out of range, or unknown.

    Source: Dozat 2015, algorithm 2, with the momentum schedule of section 3.2.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Nadam(0.1).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.894'
    """

    def make_slots(self) -> None:
        """Create the moments, and the product of momenta that all weights share."""
        super().make_slots()
        dtype = self._trained[0].dtype if self._trained else "float32"
        self._product = self.add_variable((), "ones", dtype, name="product")

    def _momentum(self, t: TensorLike) -> Tensor:
        return (1.0 - ops.power(0.96, t) * 0.5) * self.beta_1

    def backend_update_step(
        self, grads: list[Tensor], trainable_variables: list[Variable], learning_rate: Tensor
    ) -> None:
        """Update the product of momenta, which all weights share, then each weight by its gradient."""
        t = ops.cast(self.effective_step(), self._product.dtype)
        self._product.assign(self._product.value * self._momentum(t))
        super().backend_update_step(grads, trainable_variables, learning_rate)

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        m, v = self.moments(g, state)
        now, then = self._momentum(t), self._momentum(t + 1)
        product = ops.cast(self._product.value, w.dtype)
        ahead = m * (then / (1 - product * then)) + g * ((1 - now) / (1 - product))
        root = ops.sqrt(v / (1 - ops.power(self.beta_2, t))) + self.epsilon
        return w - ahead * lr / root, {"momentum": m, "velocity": v}


@builtin("keras.optimizers")
class Adamax(_Moments):
    """Adam, divided by a running maximum of the gradient in place of the root of its mean square.

    m' = β1 m + (1 - β1) g;  u' = max(β2 u, |g|);  w' = w - lr m' / ((1 - β1^t)(u' + ε)).

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        beta_1: β1, the part of the mean gradient that is kept at each step, in [0, 1).
        beta_2: β2, the part of the maximum that is kept at each step, in [0, 1).
        epsilon: ε, added to what is divided by, so that it is not 0.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: an option is out of range, or unknown.

    Source: Kingma & Ba 2015, section 7.1.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Adamax(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.500'
    """

    slots = (("momentum", "norm"),)

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        m = state["momentum"] + (g - state["momentum"]) * (1 - self.beta_1)
        u = ops.maximum(state["norm"] * self.beta_2, ops.abs(g))
        rate = lr / (1 - ops.power(self.beta_1, t))
        return w - m * rate / (u + self.epsilon), {"momentum": m, "norm": u}


@builtin("keras.optimizers")
class Lamb(_Moments):
    """Adam's step at the scale of each layer's weights, for large batches.

    m' = β1 m + (1 - β1) g;  v' = β2 v + (1 - β2) g²;  r = m' / (1 - β1^t) / (√(v' / (1 - β2^t)) + ε);
    w' = w - lr |w| / |r| r, the ratio of norms 1 where either is 0.

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        beta_1: β1, the part of the mean gradient that is kept at each step, in [0, 1).
        beta_2: β2, the part of the mean square that is kept at each step, in [0, 1).
        epsilon: ε, added to what is divided by, so that it is not 0.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: an option is out of range, or unknown.

    Source: You et al. 2020, algorithm 2.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Lamb(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.500'
    """

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        m, v = self.moments(g, state)
        unbiased = m / (1 - ops.power(self.beta_1, t))
        root = ops.sqrt(v / (1 - ops.power(self.beta_2, t))) + self.epsilon
        r = unbiased / root
        size, step = (ops.sqrt(ops.sum(ops.square(x))) for x in (w, r))
        positive = ops.logical_and(size > 0, step > 0)
        ratio = ops.where(
            positive, size / ops.where(positive, step, ops.ones_like(step)), ops.ones_like(step)
        )
        return w - r * (ratio * lr), {"momentum": m, "velocity": v}
