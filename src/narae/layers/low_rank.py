"""Layers with one matrix that may be trained by an addition of low rank alone (LoRA)."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

import numpy as np

from narae import initializers, ops
from narae.base.arguments import is_whole
from narae.base.changes import whole
from narae.base.types import Config, InitializerLike
from narae.engine.variable import Variable
from narae.layers.weighted import Weighted
from narae.tensor.promote import to
from narae.tensor.tensor import Tensor


class LowRank(Weighted):
    """Base of layers whose matrix W becomes W + (alpha / rank) A B: W stays as it is, A and B are trained.

    W: (..., n) -> A: (..., rank), B: (rank, n). A subclass names the matrix in `_low_rank_role`, keeps its variable in
    the attribute of that name behind "_", and shows `_effective()` under the name itself. A file has the sum in the
    place of W, so that it is one of a layer without an addition.

    Source: Hu et al. 2021 (LoRA), section 4.1.
    """

    _low_rank_role: str  # of the matrix: "embeddings"
    lora_enabled = False
    lora_rank: int | None
    lora_alpha: float | None

    def _declare_low_rank(self, lora_rank: int | None, lora_alpha: float | None) -> None:
        """Note what the constructor was given; `_enable_declared` makes the addition when W is there."""
        if lora_rank is not None and not (is_whole(lora_rank) and lora_rank >= 0):
            raise ValueError(
                f"{type(self).__name__} takes `lora_rank` as a positive whole number, or None, got {lora_rank!r}"
            )
        self.lora_rank = lora_rank
        self.lora_alpha = lora_rank if lora_alpha is None else lora_alpha

    def _enable_declared(self) -> None:
        """The last line of a `build`: the addition that the constructor asked for."""
        if self.lora_rank:
            self.built = True
            self.enable_lora(self.lora_rank, self.lora_alpha)

    @whole(lambda layer: layer._flatten_layers())
    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: InitializerLike = "he_uniform",
        b_initializer: InitializerLike = "zeros",
    ) -> None:
        """Train W + (alpha / rank) A B by A and B alone. Compile the model after it, for the optimizer to know them.

        Args:
            rank: columns of A and rows of B, a positive whole number; what A and B have is rank / n of W.
            lora_alpha: the addition's weight is alpha / rank; None: 1.
            a_initializer: how A begins.
            b_initializer: how B begins; zeros leave the layer what it is.

        Raises:
            ValueError: the layer is not built, has an addition, or a constraint on W, which the sum would break; or
                `rank` is no positive whole number.

        >>> from narae import layers
        >>> layer = layers.Embedding(10, 4)
        >>> layer.build()
        >>> layer.enable_lora(2)
        >>> [w.name for w in layer.trainable_weights]
        ['lora_embeddings_a', 'lora_embeddings_b']
        """
        role, name = self._low_rank_role, type(self).__name__
        if getattr(self, f"{role}_constraint") is not None:
            raise ValueError(
                f"{name}.enable_lora: a constraint on {role} would not hold for the sum; make the layer without "
                f"`{role}_constraint`"
            )
        if not self.built:
            raise ValueError(
                f"{name}.enable_lora: {self.name!r} is not built; call it on data first, or build(input_shape)"
            )
        if self.lora_enabled:
            raise ValueError(f"{name}.enable_lora: {self.name!r} has its addition already")
        if not is_whole(rank) or rank <= 0:
            raise ValueError(f"{name}.enable_lora takes a positive whole rank, got {rank!r}")
        matrix = self._matrix()
        shapes = {"a": (*matrix.shape[:-1], int(rank)), "b": (int(rank), matrix.shape[-1])}
        begin = {"a": a_initializer, "b": b_initializer}
        for part, shape in shapes.items():
            weight = self.add_weight(
                shape,
                initializers.get(begin[part]),
                dtype="float32",  # sums of small steps, whatever W is kept in
                regularizer=getattr(self, f"{role}_regularizer"),
                name=f"lora_{role}_{part}",
            )
            setattr(self, weight.name, weight)
        matrix.trainable = False
        self.lora_enabled = True
        self.lora_rank = int(rank)
        self.lora_alpha = self.lora_rank if lora_alpha is None else lora_alpha

    def _matrix(self) -> Variable:
        """The variable W."""
        return getattr(self, f"_{self._low_rank_role}")

    def _factors(self) -> tuple[Variable, Variable, float]:
        """A, B and alpha / rank."""
        a, b = (getattr(self, f"lora_{self._low_rank_role}_{part}") for part in "ab")
        return a, b, (self.lora_alpha or 0.0) / (self.lora_rank or 1)

    def _sum(self) -> Tensor:
        """W + (alpha / rank) A B, as precise as they are kept."""
        a, b, scale = self._factors()
        return self._matrix().own_value + ops.matmul(a.own_value, b.own_value) * scale

    def _effective(self) -> Any:
        """What the layer computes with: the variable, or the sum in the compute dtype. Raises AttributeError before
        it is built."""
        if not self.built:
            raise AttributeError(self._no_attribute(self._low_rank_role))
        return to(self._sum(), self.compute_dtype) if self.lora_enabled else self._matrix()

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        if not self.lora_enabled:
            return super().save_own_variables(store)
        matrix, kept = self._matrix(), self._without_factors()
        for i, variable in enumerate(kept):
            store[str(i)] = (
                to(self._sum(), matrix.spec.dtype) if variable is matrix else variable
            ).numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        kept = self._without_factors() if self.lora_enabled else self._ordered()
        self._load_variables(kept, store)
        if self.lora_enabled:  # the sum is in W now
            for factor in self._factors()[:2]:
                factor.assign(np.zeros(factor.shape, "float32"))

    def _without_factors(self) -> list[Variable]:
        factors = self._factors()[:2]
        return [v for v in self._ordered() if not any(v is factor for factor in factors)]

    def get_config(self) -> Config:
        added = (
            {"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha} if self.lora_rank else {}
        )
        return {**super().get_config(), **added}
