"""Adam and its kin: Adam, AdamW, Nadam, Adamax, Lamb."""

from __future__ import annotations

from typing import Any, Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.types import LearningRateLike
from narae.engine.variable import Variable
from narae.optimizers.base import Optimizer, State
from narae.optimizers.keywords import DecayedOptions, OptimizerOptions
from narae.tensor.tensor import Tensor


class _Moments(Optimizer):
    """Base: running means of the gradient (m) and of its square (v)."""

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

    def moments(self, g: Any, state: State) -> tuple[Any, Any]:
        """m' = m + (g - m)(1 - β1), v' = v + (g² - v)(1 - β2)."""
        m, v = state["momentum"], state["velocity"]
        return m + (g - m) * (1 - self.beta_1), v + (ops.square(g) - v) * (1 - self.beta_2)


@builtin("keras.optimizers")
class Adam(_Moments):
    """Steps by running moments of the gradient (Kingma & Ba 2015, section 2's faster form).

    α = lr √(1 - β2^t) / (1 - β1^t);  w' = w - α m' / (√v' + ε). amsgrad: the largest v so far (Reddi et al. 2018).

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

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
        m, v = self.moments(g, state)
        new = {"momentum": m, "velocity": v}
        rate = lr * ops.sqrt(1 - ops.power(self.beta_2, t)) / (1 - ops.power(self.beta_1, t))
        if self.amsgrad:
            v = new["velocity_hat"] = ops.maximum(state["velocity_hat"], v)
        return w - m * rate / (ops.sqrt(v) + self.epsilon), new


@builtin("keras.optimizers")
class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019).

    Raises ValueError for a weight decay of None.

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
    """Adam with Nesterov's momentum (Dozat 2015, algorithm 2; momentum schedule of its section 3.2).

    μ_t = β1 (1 - 0.96^t / 2), Π_t their product;
    w' = w - lr (μ_{t+1} m' / (1 - Π_{t+1}) + (1 - μ_t) g / (1 - Π_t)) / (√(v' / (1 - β2^t)) + ε).

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Nadam(0.1).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.894'
    """

    def make_slots(self) -> None:
        """The moments, and the product of momenta."""
        super().make_slots()
        dtype = self._trained[0].dtype if self._trained else "float32"
        self._product = self.add_variable((), "ones", dtype, name="product")

    def _momentum(self, t: Any) -> Any:
        return (1.0 - ops.power(0.96, t) * 0.5) * self.beta_1

    def backend_update_step(
        self, grads: list[Any], trainable_variables: list[Variable], learning_rate: Tensor
    ) -> None:
        """The product first: all weights share it."""
        t = ops.cast(self.effective_step(), self._product.dtype)
        self._product.assign(self._product.value * self._momentum(t))
        super().backend_update_step(grads, trainable_variables, learning_rate)

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
        m, v = self.moments(g, state)
        now, then = self._momentum(t), self._momentum(t + 1)
        product = ops.cast(self._product.value, w.dtype)
        ahead = m * (then / (1 - product * then)) + g * ((1 - now) / (1 - product))
        spread = ops.sqrt(v / (1 - ops.power(self.beta_2, t))) + self.epsilon
        return w - ahead * lr / spread, {"momentum": m, "velocity": v}


@builtin("keras.optimizers")
class Adamax(_Moments):
    """Adam with the running maximum in place of the mean square (Kingma & Ba 2015, section 7.1).

    u' = max(β2 u, |g|);  w' = w - lr m' / ((1 - β1^t)(u' + ε)).

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Adamax(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.500'
    """

    slots = (("momentum", "norm"),)

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
        m = state["momentum"] + (g - state["momentum"]) * (1 - self.beta_1)
        u = ops.maximum(state["norm"] * self.beta_2, ops.abs(g))
        rate = lr / (1 - ops.power(self.beta_1, t))
        return w - m * rate / (u + self.epsilon), {"momentum": m, "norm": u}


@builtin("keras.optimizers")
class Lamb(_Moments):
    """Adam's step at the scale of each layer's weights (You et al. 2020, algorithm 2).

    r = m̂ / (√v̂ + ε);  w' = w - lr |w| / |r| r, the ratio 1 where either is 0.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Lamb(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.500'
    """

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
        m, v = self.moments(g, state)
        unbiased = m / (1 - ops.power(self.beta_1, t))
        spread = ops.sqrt(v / (1 - ops.power(self.beta_2, t))) + self.epsilon
        r = unbiased / spread
        size, step = (ops.sqrt(ops.sum(ops.square(x))) for x in (w, r))
        positive = ops.logical_and(size > 0, step > 0)
        ratio = ops.where(
            positive, size / ops.where(positive, step, ops.ones_like(step)), ops.ones_like(step)
        )
        return w - r * (ratio * lr), {"momentum": m, "velocity": v}
