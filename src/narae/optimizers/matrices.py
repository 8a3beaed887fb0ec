"""Optimizers that look at a weight as a matrix: Adafactor, Muon."""

from __future__ import annotations

import math
import re
from typing import Any, Unpack

from narae import ops
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import LearningRateLike
from narae.engine.variable import Variable
from narae.optimizers.base import Optimizer, State
from narae.optimizers.keywords import DecayedOptions, OptimizerOptions


@builtin("keras.optimizers")
class Adafactor(Optimizer):
    """Adam's second moments as an outer product of rows and columns (Shazeer & Stern 2018, algorithm 4).

    β = 1 - t^decay;  s = g² + ε1;  r' and c' are running means of s over columns and rows, v = r' c' / mean(r');
    u = g / √v, divided by max(1, RMS(u) / d);  w' = w - max(ε2, RMS(w)) min(lr, 1/√t) u.

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
        """Row and column means for matrices; a vector keeps its whole velocity, and two unused counters."""
        if slot == "velocity":
            return self.add_variable_from_reference(variable, slot)
        if variable.ndim < 2:
            return self.add_variable((), "zeros", "int32", name=variable.name)
        shape = variable.shape
        kept = shape[:-1] if slot == "row" else (*shape[:-2], shape[-1])
        return self.add_variable(kept, "zeros", variable.dtype, name=variable.name)

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
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


def _rms(x: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(x)))


@builtin("keras.optimizers")
class Muon(Optimizer):
    """Momentum made orthogonal by Newton-Schulz steps (Jordan et al. 2024), for matrices; AdamW for the rest.

    m' = μ m + g;  x = g + μ m' (nesterov) or m';  X ← a X + (b A + c A²) X with A = X Xᵀ, ns_steps times;
    w' = w - lr √(longer side) rms_rate X.

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
        exclude_layers: Any = None,
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
        """Whether a weight is no matrix, an embedding, or excluded by a pattern of its path."""
        if variable.ndim != 2:
            return True
        path = variable.path.lower()
        if self.exclude_embeddings and "embedding" in path:
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def make_slots(self) -> None:
        """A momentum for each weight, with a velocity for those that Adam updates."""
        self._slots = [
            {
                slot: self.make_slot(slot, v)
                for slot in ("momentum", "velocity")[: 1 + self.by_adam(v)]
            }
            for v in self._trained
        ]

    @property
    def momentums(self) -> list[Any]:
        """The momentum of each weight."""
        return self._slot_of_each("momentum")

    @property
    def adam_velocities(self) -> list[Any]:
        """The velocity of each weight that Adam updates, None for the others."""
        return [slots.get("velocity") for slots in self._slots]

    def _decay(self, variables: list[Variable]) -> None:
        kept = self.weight_decay
        for chosen, decay in ((False, kept), (True, self.adam_weight_decay)):
            self.weight_decay = decay
            super()._decay([v for v in variables if self.by_adam(v) is chosen])
        self.weight_decay = kept

    def update(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        """See the class."""
        if "velocity" in state:
            return self._adam(w, g, state, lr * self.adam_lr_ratio, t)
        m = state["momentum"] * self.momentum + g
        x = g + m * self.momentum if self.nesterov else m
        x = self.zeropower_via_newtonschulz5(x, self.ns_steps)
        return w - self.lr_adjust(x * lr), {"momentum": m}

    def lr_adjust(self, x: Any) -> Any:
        """A step √(longer side) rms_rate times as long, about as long as one of Adam's (Liu et al. 2025)."""
        return x if self.rms_rate is None else x * (math.sqrt(max(x.shape[:2])) * self.rms_rate)

    def transpose_last_axis(self, X: Any) -> Any:
        """The matrices of the last two axes, transposed."""
        return ops.swapaxes(X, -1, -2)

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """The nearest half-orthogonal matrix, roughly. Raises ShapeError for less than two axes."""
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

    def _adam(self, w: Any, g: Any, state: State, lr: Any, t: Any) -> tuple[Any, State]:
        m = state["momentum"] + (g - state["momentum"]) * (1 - self.adam_beta_1)
        v = state["velocity"] + (ops.square(g) - state["velocity"]) * (1 - self.adam_beta_2)
        rate = (
            lr * ops.sqrt(1 - ops.power(self.adam_beta_2, t)) / (1 - ops.power(self.adam_beta_1, t))
        )
        return w - m * rate / (ops.sqrt(v) + self.epsilon), {"momentum": m, "velocity": v}
