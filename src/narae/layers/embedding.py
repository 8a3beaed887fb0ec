"""Embedding: a learned vector for each whole number; ReversibleEmbedding: and back to numbers."""

from __future__ import annotations

from typing import Any, Unpack

from narae import ops
from narae.base.errors import warn_user
from narae.base.language import tr
from narae.base.registry import builtin
from narae.base.types import (
    Config,
    ConstraintLike,
    DTypeLike,
    InitializerLike,
    RegularizerLike,
    Shape,
    ShapeLike,
    TensorLike,
)
from narae.engine.variable import Variable
from narae.layers.dense import validate_positive
from narae.layers.full_rank import refuse_quantization
from narae.layers.low_rank import LowRank
from narae.layers.options import EmbeddingOptions, ReversibleOptions
from narae.tensor.masks import set_keras_mask
from narae.tensor.symbolic import KerasTensor
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class Embedding(LowRank):
    """A row of a learned table E for each whole number.

    x: (...) of whole numbers from 0 to input_dim - 1 -> (..., output_dim). E: (input_dim, output_dim).

    Args:
        input_dim: how many numbers there are (the size of a vocabulary), a positive whole number.
        output_dim: the length of a vector, a positive whole number.
        embeddings_initializer: how the table begins (default: uniform within ±0.05).
        embeddings_regularizer: the penalty on the table in the loss; None: none.
        embeddings_constraint: what brings the table back into bounds after each update; None: nothing.
        mask_zero: whether 0 is padding: the outputs have a mask that is False there, for the layers that follow.
        weights: the table to begin with, (input_dim, output_dim), alone or in a list; None: the initializer's.
        lora_rank: the rank of an addition to the table that is trained in its place; None: the table is trained.
        lora_alpha: the addition's weight is lora_alpha / lora_rank; None: 1.
        quantization_config: None: layers are not quantized in narae.

    Raises:
        ValueError: `input_dim` or `output_dim` is no positive whole number, `weights` has another shape, or an option
            of quantization is given.

    Source: Bengio et al. 2003, section 2; of the addition: Hu et al. 2021 (LoRA).

    >>> import narae
    >>> layer = narae.layers.Embedding(3, 2, weights=[[[0, 1], [2, 3], [4, 5]]])
    >>> layer(narae.ops.array([[2, 0]])).tolist()
    [[[4.0, 5.0], [0.0, 1.0]]]
    """

    _low_rank_role = "embeddings"
    quantization_config: Any = None
    embeddings_initializer: Any
    embeddings_regularizer: Any
    embeddings_constraint: Any

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: InitializerLike | None = "uniform",
        embeddings_regularizer: RegularizerLike | None = None,
        embeddings_constraint: ConstraintLike | None = None,
        mask_zero: bool = False,
        weights: TensorLike | list[TensorLike] | None = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: None = None,
        **kwargs: Unpack[EmbeddingOptions],
    ) -> None:
        name = type(self).__name__
        refuse_quantization(self, quantization_config=quantization_config)
        if kwargs.pop("input_length", None) is not None:
            warn_user(
                tr(
                    "{name}(input_length=...) is of Keras 2 and does nothing: leave it out",
                    name=name,
                )
            )
        super().__init__(**kwargs)
        self.input_dim = validate_positive("input_dim", input_dim, name)
        self.output_dim = validate_positive("output_dim", output_dim, name)
        self._declare(
            embeddings=(embeddings_initializer, embeddings_regularizer, embeddings_constraint)
        )
        self._declare_low_rank(lora_rank, lora_alpha)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False  # a float16 has no whole numbers above 2048
        if weights is not None:
            self.build()
            alone = not (isinstance(weights, list) and len(weights) == 1)
            self.set_weights([weights] if alone else weights)  # type: ignore[list-item, arg-type]

    def build(self, input_shape: Any = None) -> None:
        """embeddings (input_dim, output_dim)."""
        if not self.built:
            self._embeddings = self._weight("embeddings", (self.input_dim, self.output_dim))
            self._enable_declared()

    @property
    def embeddings(self) -> Variable | Tensor:
        """The table: a variable, or its sum with the addition of low rank."""
        return self._effective()

    def call(self, inputs: Tensor) -> Tensor:
        if inputs.dtype not in ("int32", "int64"):
            inputs = ops.cast(inputs, "int32")
        # rows in the table's own dtype, cast afterwards: a cast of the whole table costs more than they do
        rows = ops.take(self._embeddings.own_value, inputs, axis=0)
        if self.lora_enabled:
            a, b, scale = self._factors()
            added = ops.matmul(ops.take(a.own_value, inputs, axis=0), b.own_value)
            rows = rows + added * scale
        return ops.cast(rows, self.compute_dtype)

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        """True where the number is not 0, with `mask_zero`; else None."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The inputs', and `output_dim`."""
        return (*input_shape, self.output_dim)

    def get_config(self) -> Config:
        return {
            "activity_regularizer": None,
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }


@builtin("keras.layers")
class ReversibleEmbedding(Embedding):
    """A row of a learned table E for each whole number; and of a vector, by `reverse=True`, a logit for each number.

    x: (...) of whole numbers -> (..., output_dim); reverse: (..., output_dim) -> (..., input_dim), the product with Eᵀ
    or with a matrix of its own.

    Args:
        input_dim: how many numbers there are (the size of a vocabulary), a positive whole number.
        output_dim: the length of a vector, a positive whole number.
        tie_weights: whether the way back is Eᵀ; False: a matrix (output_dim, input_dim) of its own.
        embeddings_initializer: how the matrices begin (default: uniform within ±0.05).
        embeddings_regularizer: the penalty on the table in the loss; None: none.
        embeddings_constraint: what brings the table back into bounds after each update; None: nothing.
        mask_zero: whether 0 is padding: the outputs have a mask that is False there, for the layers that follow.
        reverse_dtype: the dtype of the way back; None: the layer's.
        logit_soft_cap: c: logits become c tanh(logits / c), which are below c; None: they stay.

    Raises:
        ValueError: as Embedding.

    Source: Press and Wolf 2017 (tied weights).

    >>> import narae
    >>> layer = narae.layers.ReversibleEmbedding(3, 2, weights=[[[0, 1], [2, 3], [4, 5]]])
    >>> layer(narae.ops.array([[1.0, 2.0]]), reverse=True).tolist()
    [[2.0, 8.0, 14.0]]
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: InitializerLike | None = "uniform",
        embeddings_regularizer: RegularizerLike | None = None,
        embeddings_constraint: ConstraintLike | None = None,
        mask_zero: bool = False,
        reverse_dtype: DTypeLike | None = None,
        logit_soft_cap: float | None = None,
        **kwargs: Unpack[ReversibleOptions],
    ) -> None:
        self.tie_weights = tie_weights  # `weights` among kwargs builds the layer at once
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        self.reverse_dtype = reverse_dtype
        self.logit_soft_cap = logit_soft_cap

    def build(self, input_shape: Any = None) -> None:
        """embeddings (input_dim, output_dim), and reverse_embeddings (output_dim, input_dim) unless they are tied."""
        if self.built:
            return
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                (self.output_dim, self.input_dim),
                self.embeddings_initializer,
                name="reverse_embeddings",
            )

    def call(self, inputs: Tensor, reverse: bool = False) -> Tensor:
        if reverse:
            return self._logits(inputs)
        rows = super().call(inputs)
        set_keras_mask(rows, super().compute_mask(inputs))
        return rows

    def _logits(self, inputs: Tensor) -> Tensor:
        """x: (..., output_dim) -> (..., input_dim)."""
        kernel = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        if self.reverse_dtype is not None:
            inputs, kernel = (
                ops.cast(inputs, self.reverse_dtype),
                ops.cast(kernel, self.reverse_dtype),
            )
        logits = ops.matmul(inputs, kernel)
        cap = self.logit_soft_cap
        return logits if cap is None else ops.tanh(logits / cap) * cap

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        """None: the way there puts its mask itself, the way back has none."""
        return None

    def compute_output_shape(self, input_shape: Shape, reverse: bool = False) -> Shape:
        """The inputs', and `output_dim`; reverse: `input_dim` in place of the last length."""
        if reverse:
            return (*input_shape[:-1], self.input_dim)
        return (*input_shape, self.output_dim)

    def compute_output_spec(self, inputs: KerasTensor, reverse: bool = False) -> KerasTensor:
        """As `compute_output_shape`."""
        shape: ShapeLike = self.compute_output_shape(inputs.shape, reverse)
        return KerasTensor(shape, self.compute_dtype)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }
