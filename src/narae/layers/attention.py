"""Attention and AdditiveAttention: means of values by scores of two formulas, without projections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.types import Config, Shape
from narae.layers import attending
from narae.layers.base import Layer
from narae.layers.noise import validate_rate
from narae.layers.options import AdditiveOptions, LayerOptions
from narae.random import basic as random
from narae.random.keys import SeedGenerator
from narae.tensor.symbolic import KerasTensor
from narae.tensor.tensor import Tensor

SCORES = ("dot", "concat")


@builtin("keras.layers")
class Attention(Layer):
    """softmax(scores) v: each query's mean of values, where scores are q kᵀ, or Σ tanh(q + k) over features.

    inputs: [query (B, T, C), value (B, S, D)], or with a key (B, S, C) as the third -> (B, T, D); scores: (B, T, S).

    Args:
        use_scale: whether scores are multiplied by a learned number; with "concat", q + k is.
        score_mode: "dot": q kᵀ; "concat": Σ tanh(q + k) over features, times a learned number.
        dropout: the share of the scores that is dropped in training, in [0, 1].
        seed: where dropout's random numbers begin, a whole number; None: elsewhere each time.

    Raises:
        ValueError: `score_mode` is neither, `dropout` is not in [0, 1]; the inputs are not a list of two or three.

    Source: Luong et al. 2015, section 3.1.

    >>> import narae
    >>> query, value = narae.ops.zeros((1, 2, 3)), narae.ops.convert_to_tensor([[[1.0], [3.0]]])
    >>> narae.layers.Attention()([query, value, narae.ops.zeros((1, 2, 3))]).tolist()
    [[[2.0], [2.0]]]
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(score_mode, str) or score_mode not in SCORES:
            raise ValueError(
                f"{type(self).__name__}: invalid value for argument score_mode, expected one of {SCORES}, got "
                f"{score_mode!r:.80}"
            )
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = validate_rate(type(self).__name__, dropout, "dropout")
        self.seed = seed
        if self.dropout > 0:
            self.seed_generator = SeedGenerator(seed)

    def build(self, input_shape: Sequence[Shape]) -> None:
        """The scale, and the factor of "concat"."""
        self._validate_inputs(input_shape)
        self.scale = self.add_weight((), "ones", name="scale") if self.use_scale else None
        self.concat_score_weight = None
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def call(
        self,
        inputs: Sequence[Tensor],
        mask: Sequence[Tensor | None] | None = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Attend from the queries to the values.

        Args:
            inputs: [query, value] or [query, value, key]; without a key, the value is.
            mask: [query's, value's], (B, T) and (B, S): queries that do not count get 0, values that do not count are
                in no mean; None: the inputs' own.
            training: whether scores are dropped.
            return_attention_scores: whether scores come with the outputs.
            use_causal_mask: whether a query sees its own time and those before it alone.

        Returns: the outputs, or (outputs, scores).

        Raises:
            ValueError: inputs are not a list of two or three, or masks are none.
        """
        self._validate_inputs(inputs, mask)
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        of_queries, of_values = (None, None) if mask is None else (mask[0], mask[1])
        told = return_attention_scores or attending.watching()
        if told or not self._streams(inputs, training):
            scores = self._calculate_scores(query, key)
            seen = self._calculate_score_mask(scores, of_values, use_causal_mask)
            outputs, scores = self._apply_scores(scores, value, seen, training)
            attending.note(self, scores)
        else:
            outputs, scores = self._streamed(query, key, value, of_values, use_causal_mask), None
        if of_queries is not None:
            counted = ops.expand_dims(ops.cast(of_queries, "bool"), -1)
            outputs = ops.where(counted, outputs, ops.cast(0, outputs.dtype))
        return (outputs, scores) if return_attention_scores else outputs

    def _streams(self, inputs: Sequence[Tensor], training: bool) -> bool:
        """Whether means are found without keeping the scores."""
        kind = type(self)
        own = (
            kind._calculate_scores is Attention._calculate_scores
            and kind._apply_scores is Attention._apply_scores
        )
        dropped = training and self.dropout > 0
        flat = all(len(x.shape) == 3 for x in inputs)
        return own and flat and not dropped and self.score_mode == "dot"

    def _streamed(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, causal: bool
    ) -> Tensor:
        """The means of values, one head of them."""
        if self.scale is not None:
            query = ops.multiply(query, self.scale)
        if mask is not None:
            mask = ops.cast(mask, "bool")[:, None, None, :]
        query, key, value = (ops.expand_dims(x, 2) for x in (query, key, value))
        return ops.dot_product_attention(
            query, key, value, mask=mask, scale=1.0, is_causal=bool(causal)
        )[:, :, 0]

    def _calculate_scores(self, query: Tensor, key: Tensor) -> Tensor:
        """(..., T, C), (..., S, C) -> (..., T, S)."""
        if self.score_mode == "dot":
            dots = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return dots if self.scale is None else ops.multiply(dots, self.scale)
        both = ops.expand_dims(query, -2) + ops.expand_dims(key, -3)
        if self.scale is not None:
            both = self.scale * both
        scores = ops.sum(ops.tanh(both), axis=-1)
        factor = self.concat_score_weight
        return scores if factor is None else ops.multiply(factor, scores)

    def _calculate_score_mask(
        self, scores: Tensor, v_mask: Tensor | None, use_causal_mask: bool
    ) -> Tensor | None:
        """Which scores count: (B, S), (1, T, S) or (B, T, S); None: all."""
        if not use_causal_mask:
            return v_mask
        seen = attending.causal(*scores.shape[-2:])
        if v_mask is None:
            return seen
        return ops.logical_and(ops.expand_dims(ops.cast(v_mask, "bool"), -2), seen)

    def _apply_scores(
        self,
        scores: Tensor,
        value: Tensor,
        scores_mask: Tensor | None = None,
        training: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """The means of values, and scores as shares of 1."""
        if scores_mask is not None:
            counted = ops.cast(scores_mask, "bool")
            if len(counted.shape) == 2:
                counted = ops.expand_dims(counted, -2)
            # shifted, and not replaced: a wholly masked row stays finite. 65504 is the largest float16
            shift = ops.cast(65504.0 if scores.dtype == "float16" else 1e9, scores.dtype)
            scores = ops.where(counted, scores, scores - shift)
        weights = ops.softmax(scores, axis=-1)
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        return ops.matmul(weights, value), weights

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The query's mask.

        Args:
            inputs: [query, value] or [query, value, key].
            mask: a list of their masks; None: none.

        Returns: a mask, or None.

        Raises:
            ValueError: one is not a list of two or three.
        """
        self._validate_inputs(inputs, mask)
        if mask is None or mask[0] is None:
            return None
        return ops.convert_to_tensor(mask[0])

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        """The query's shape, as wide as the value."""
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(
        self,
        inputs: Sequence[KerasTensor],
        mask: Sequence[KerasTensor | None] | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Shapes and dtypes of outputs and, where they are asked for, of scores: (B, T, S)."""
        self._validate_inputs(inputs, mask)
        shape = self.compute_output_shape([x.shape for x in inputs])
        outputs = KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return outputs
        scores = (*inputs[0].shape[:-1], inputs[-1].shape[-2])
        return outputs, KerasTensor(scores, self.compute_dtype)

    def _validate_inputs(self, inputs: Any, mask: Any = None) -> None:
        """Raises ValueError unless inputs, and masks where there are some, are lists of two or three."""
        name = type(self).__name__
        if not isinstance(inputs, list):
            raise ValueError(
                f"{name} layer must be called on a list of inputs, [query, value] or [query, value, key], got "
                f"{inputs!r:.200}"
            )
        if not 2 <= len(inputs) <= 3:
            raise ValueError(
                f"{name} layer accepts inputs list of length 2 or 3, [query, value] or [query, value, key], got "
                f"{len(inputs)} of them"
            )
        if mask is None:
            return
        if not isinstance(mask, list):
            raise ValueError(
                f"{name} layer mask must be a list, [query_mask, value_mask], got {mask!r:.200}"
            )
        if not 2 <= len(mask) <= 3:
            raise ValueError(
                f"{name} layer accepts mask list of length 2 or 3, [query_mask, value_mask], got {len(mask)} of them"
            )

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "score_mode": self.score_mode,
            "dropout": self.dropout,
            "seed": self.seed,
        }


@builtin("keras.layers")
class AdditiveAttention(Attention):
    """softmax(scores) v: each query's mean of values, where scores are Σ w tanh(q + k) over features.

    inputs: [query (B, T, C), value (B, S, D)], or with a key (B, S, C) as the third -> (B, T, D); scores: (B, T, S).

    Args:
        use_scale: whether there is a learned w for each feature; otherwise w is 1.
        dropout: the share of the scores that is dropped in training, in [0, 1].

    Raises:
        ValueError: `dropout` is not in [0, 1]; the inputs are not a list of two or three.

    Source: Bahdanau et al. 2015, appendix A.1.2, the inputs already projected.

    >>> import narae
    >>> query, value = narae.ops.zeros((1, 2, 3)), narae.ops.ones((1, 4, 3))
    >>> narae.layers.AdditiveAttention()([query, value]).shape
    (1, 2, 3)
    """

    def __init__(
        self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Unpack[AdditiveOptions]
    ) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Sequence[Shape]) -> None:
        """The scale, a number for each feature."""
        self._validate_inputs(input_shape)
        width = input_shape[0][-1]
        self.scale = (
            self.add_weight((width,), "glorot_uniform", name="scale") if self.use_scale else None
        )

    def _calculate_scores(self, query: Tensor, key: Tensor) -> Tensor:
        """(..., T, C), (..., S, C) -> (..., T, S)."""
        both = ops.tanh(ops.expand_dims(query, -2) + ops.expand_dims(key, -3))
        return ops.sum(both if self.scale is None else self.scale * both, axis=-1)

    def get_config(self) -> Config:
        config = super().get_config()
        del config["score_mode"]
        return config
