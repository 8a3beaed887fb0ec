"""Optimizers that look at a weight as a matrix: Adafactor, Muon."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Unpack

from narae import ops
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import LearningRateLike
from narae.engine.variable import Variable
from narae.optimizers.base import Optimizer, State
from narae.optimizers.keywords import DecayedOptions, OptimizerOptions
from narae.tensor.tensor import Tensor


@builtin("keras.optimizers")
class Adafactor(Optimizer):
    """Adam's mean squares, kept as an outer product of rows and columns: little memory.

    β = 1 - t^decay;  s = g² + ε1;  r' and c' are running means of s over columns and rows, v = r' c' / mean(r');
    u = g / √v, divided by max(1, RMS(u) / d);  w' = w - max(ε2, RMS(w)) min(lr, 1/√t) u.

    Args:
        learning_rate: the largest length of a step (lr), in parts of the weights' size: a number, a schedule, or a
            function without arguments that gives a number.
        beta_2_decay: decay, below 0: how fast the means come to keep more of the past.
        epsilon_1: ε1, added to squared gradients.
        epsilon_2: ε2, the least size of a weight that steps are measured by.
        clip_threshold: d, the largest root mean square of an update.
        relative_step: kept for the config; the rate is at most 1/√t either way.
        *shared: the arguments that all optimizers have, from weight_decay on (see `Optimizer`); better by name.

    Raises:
        ValueError: an option is out of range, or unknown.

    Source: Shazeer & Stern 2018, algorithm 4.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Adafactor(0.5).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.500'
    """

    slots = (("row", "column", "velocity"),)
    arguments = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        *shared: float | str | None,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def make_slot(self, slot: str, variable: Variable) -> Variable:
        """Create one weight's state: row and column means of a matrix; a vector's squares, and two unused counters."""
        if slot == "velocity":
            return self.add_variable_from_reference(variable, slot)
        if variable.ndim < 2:
            return self.add_variable((), "zeros", "int32", name=variable.name)
        shape = variable.shape
        kept = shape[:-1] if slot == "row" else (*shape[:-2], shape[-1])
        return self.add_variable(kept, "zeros", variable.dtype, name=variable.name)

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        lr = ops.minimum(lr, 1 / ops.sqrt(t))  # as in Keras, whatever relative_step says
        alpha = ops.maximum(_rms(w), self.epsilon_2) * lr
        beta = 1 - ops.power(t, self.beta_2_decay)
        s = ops.square(g) + self.epsilon_1
        if len(w.shape) >= 2:
            row = state["row"] * beta + ops.mean(s, axis=-1) * (1 - beta)
            column = state["column"] * beta + ops.mean(s, axis=-2) * (1 - beta)
            share = ops.expand_dims(row / ops.mean(row, axis=-1, keepdims=True), -1)
            v, new = share * ops.expand_dims(column, -2), {"row": row, "column": column}
        else:
            v = state["velocity"] * beta + s * (1 - beta)
            new = {}
        u = g / ops.sqrt(v)
        u = u / ops.maximum(_rms(u) / self.clip_threshold, 1.0)
        return w - u * alpha, {**new, "velocity": v}


def _rms(x: Tensor) -> Tensor:
    return ops.sqrt(ops.mean(ops.square(x)))


@builtin("keras.optimizers")
class Muon(Optimizer):
    """Momentum brought near an orthogonal matrix by Newton-Schulz steps; Adam for all but matrices.

    m' = μ m + g;  x = g + μ m' (nesterov) or m';  X = x / |x|, then ns_steps times X ← a X + (b A + c A²) X, A = X Xᵀ;
    w' = w - lr √(longer side) rms_rate X.

    Args:
        learning_rate: the length of a step (lr): a number, a schedule, or a function without arguments that gives a
            number.
        adam_beta_1: β1 of the weights that Adam updates.
        adam_beta_2: β2 of these.
        adam_weight_decay: the weight decay of these, times their learning rate; None: none.
        epsilon: ε of these.
        weight_decay: the weight decay of the matrices, times the learning rate; None: none.
        *shared: the arguments that all optimizers have, from clipnorm on (see `Optimizer`); better by name.
        exclude_layers: regular expressions; a weight whose path has a match is updated by Adam.
        exclude_embeddings: whether weights with "embedding" in their path are updated by Adam.
        muon_a: a of the Newton-Schulz step.
        muon_b: b of the Newton-Schulz step.
        muon_c: c of the Newton-Schulz step.
        adam_lr_ratio: the learning rate of the weights that Adam updates, in parts of learning_rate.
        momentum: μ, the part of the momentum that is kept at each step.
        ns_steps: how many Newton-Schulz steps.
        nesterov: whether the gradient counts as taken after the momentum's step.
        rms_rate: the size of an update's elements, about that of Adam's at 0.2; None: updates are not scaled.

    Raises:
        ValueError: an option is out of range, or unknown.

    Source: Jordan et al. 2024; rms_rate: Liu et al. 2025.

    >>> from narae import Variable
    >>> w = Variable(1.0)
    >>> Muon(0.1).apply([2.0], [w])
    >>> f"{float(w):.3f}"
    '0.900'
    """

    arguments = (
        "adam_beta_1",
        "adam_beta_2",
        "epsilon",
        "exclude_layers",
        "muon_a",
        "muon_b",
        "muon_c",
        "adam_lr_ratio",
        "momentum",
        "ns_steps",
        "nesterov",
        "exclude_embeddings",
        "adam_weight_decay",
        "rms_rate",
    )

    def __init__(
        self,
        learning_rate: LearningRateLike = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *shared: float | str | None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **options: Unpack[DecayedOptions],
    ) -> None:
        super().__init__(learning_rate, weight_decay, *shared, **options)
        self.adam_beta_1, self.adam_beta_2, self.epsilon = adam_beta_1, adam_beta_2, epsilon
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.exclude_layers, self.exclude_embeddings = (
            list(exclude_layers or []),
            exclude_embeddings,
        )
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.momentum, self.ns_steps, self.nesterov, self.rms_rate = (
            momentum,
            ns_steps,
            nesterov,
            rms_rate,
        )

    def by_adam(self, variable: Variable) -> bool:
        """Whether Adam updates a weight: it is no matrix, an embedding, or excluded by its path.

        Args:
            variable: a weight.

        Returns: True or False.
        """
        if variable.ndim != 2:
            return True
        path = variable.path.lower()
        if self.exclude_embeddings and "embedding" in path:
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def make_slots(self) -> None:
        """Create a momentum for each weight, and a mean square for those that Adam updates."""
        self._slots = [
            {
                slot: self.make_slot(slot, v)
                for slot in ("momentum", "velocity")[: 1 + self.by_adam(v)]
            }
            for v in self._trained
        ]

    @property
    def momentums(self) -> list[Variable | None]:
        """The momentum of each weight, in the order of the weights."""
        return self._slot_of_each("momentum")

    @property
    def adam_velocities(self) -> list[Variable | None]:
        """The mean square of each weight that Adam updates, None for the others."""
        return [slots.get("velocity") for slots in self._slots]

    def _decay(self, variables: list[Variable]) -> None:
        kept = self.weight_decay
        for chosen, decay in ((False, kept), (True, self.adam_weight_decay)):
            self.weight_decay = decay
            super()._decay([v for v in variables if self.by_adam(v) is chosen])
        self.weight_decay = kept

    def update(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        if "velocity" in state:
            return self._adam(w, g, state, lr * self.adam_lr_ratio, t)
        m = state["momentum"] * self.momentum + g
        x = g + m * self.momentum if self.nesterov else m
        x = self.zeropower_via_newtonschulz5(x, self.ns_steps)
        return w - self.lr_adjust(x * lr), {"momentum": m}

    def lr_adjust(self, x: Tensor) -> Tensor:
        """A step √(longer side) rms_rate times as long, about as long as one of Adam's (Liu et al. 2025).

        Args:
            x: the step, (rows, columns).

        Returns: a tensor of x's shape.
        """
        return x if self.rms_rate is None else x * (math.sqrt(max(x.shape[:2])) * self.rms_rate)

    def transpose_last_axis(self, X: Tensor) -> Tensor:
        """The matrices of the last two axes, transposed.

        Args:
            X: matrices, (..., rows, columns).

        Returns: (..., columns, rows).
        """
        return ops.swapaxes(X, -1, -2)

    def zeropower_via_newtonschulz5(self, x: Tensor, steps: int) -> Tensor:
        """About the nearest matrix with orthonormal rows or columns.

        Args:
            x: matrices, (..., rows, columns).
            steps: how many Newton-Schulz steps.

        Returns: matrices of x's shape, with singular values near 1.

        Raises:
            ShapeError: x has less than two axes.
        """
        x = ops.convert_to_tensor(x)
        if len(x.shape) < 2:
            raise ShapeError(f"Muon makes matrices orthogonal, got a gradient of shape {x.shape}")
        tall = x.shape[-2] > x.shape[-1]
        x = self.transpose_last_axis(x) if tall else x
        x = x / (ops.sqrt(ops.sum(ops.square(x), axis=(-2, -1), keepdims=True)) + 1e-7)
        for _ in range(steps):
            a = ops.matmul(x, self.transpose_last_axis(x))
            x = x * self.muon_a + ops.matmul(a * self.muon_b + ops.matmul(a, a) * self.muon_c, x)
        return self.transpose_last_axis(x) if tall else x

    def _adam(
        self, w: Tensor, g: Tensor, state: State, lr: Tensor, t: Tensor
    ) -> tuple[Tensor, State]:
        m = state["momentum"] + (g - state["momentum"]) * (1 - self.adam_beta_1)
        v = state["velocity"] + (ops.square(g) - state["velocity"]) * (1 - self.adam_beta_2)
        rate = (
            lr * ops.sqrt(1 - ops.power(self.adam_beta_2, t)) / (1 - ops.power(self.adam_beta_1, t))
        )
        return w - m * rate / (ops.sqrt(v) + self.epsilon), {"momentum": m, "velocity": v}
