"""ScheduleFreeAdamW: averaging in the place of a learning-rate schedule."""

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
class ScheduleFreeAdamW(Optimizer):
    """Adam whose weights are averaged as it goes, so that the learning rate needs no schedule.

    v' = v + (1 - β2)(g² - v);  z' = z - γ g / (√(v' / (1 - β2^t)) + ε), γ = lr min(1, t / warmup_steps);
    x' = x + (z' - x) / t;  w' = (1 - β1) z' + β1 x'. Kept are w, z (`momentum`) and v: β1 x = w - (1 - β1) z.

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        beta_1: β1, how near the weights lie to the average x rather than to z, in [0, 1).
        beta_2: β2, the part of the mean square that is kept at each step, in [0, 1).
        epsilon: ε, added to what is divided by, so that it is not 0.
        warmup_steps: steps over which the learning rate rises from 0; 0: it is whole from the first.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: an option is out of range, or unknown.

    Source: Defazio et al. 2024, algorithm 1.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> ScheduleFreeAdamW(0.5).apply([3.0], [w])
    >>> f"{float(w):.3f}"
    '0.500'
    """

    slots = (("momentum", "velocity"),)
    arguments = ("beta_1", "beta_2", "epsilon", "warmup_steps")

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        *shared: float | str | None,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.warmup_steps = warmup_steps

    def make_slot(self, slot: str, variable: Variable) -> Variable:
        """Create one weight's state: z starts from the weight, the mean square from zero."""
        if slot == "velocity":
            return super().make_slot(slot, variable)
        start = variable.stored()  # not its value, which may be traced
        return self.add_variable_from_reference(variable, slot, lambda shape, dtype=None: start)

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        z, v, beta = state["momentum"], state["velocity"], self.beta_1
        if self.warmup_steps:
            lr = lr * ops.minimum(t / float(self.warmup_steps), 1.0)
        v = v + (ops.square(g) - v) * (1 - self.beta_2)
        root = ops.sqrt(v / (1 - ops.power(self.beta_2, t))) + self.epsilon
        share = 1 / t
        kept = (w - z * (1 - beta)) * (1 - share)  # (1 - 1/t) β1 x
        z = z - g * lr / root
        return z * (1 - beta + share * beta) + kept, {"momentum": z, "velocity": v}
