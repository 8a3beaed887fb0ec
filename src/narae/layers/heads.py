"""Base of attention over heads: queries, keys and values are projected, attended with, and projected back."""

from __future__ import annotations

from typing import Any, Unpack

from narae import ops, regularizers
from narae.base.arguments import is_whole
from narae.base.errors import ShapeError
from narae.base.settings import is_flash_attention_enabled
from narae.base.types import Config, RegularizerLike, Shape
from narae.layers import attending
from narae.layers.activation import Softmax
from narae.layers.einsum_dense import EinsumDense
from narae.layers.noise import Dropout, validate_rate
from narae.layers.options import WeightedOptions
from narae.layers.weighted import Trained, Weighted
from narae.tensor.symbolic import KerasTensor
from narae.tensor.tensor import Tensor


class Heads(Weighted):
    """Base of MultiHeadAttention and GroupQueryAttention. Subclasses make the projections in `build`, and may
    compute attention in their own way: `_compute_attention`."""

    kernel_initializer: Any
    kernel_regularizer: Any
    kernel_constraint: Any
    bias_initializer: Any
    bias_regularizer: Any
    bias_constraint: Any
    _query_dense: EinsumDense
    _key_dense: EinsumDense
    _value_dense: EinsumDense
    _gate_dense: EinsumDense
    _output_dense: EinsumDense

    def __init__(
        self,
        *,
        width: int,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        use_gate: bool,
        activity_regularizer: RegularizerLike | None,
        seed: int | None,
        kernel: Trained,
        bias: Trained,
        **kwargs: Unpack[WeightedOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._declare(kernel=kernel, bias=bias)
        self._dropout = validate_rate(type(self).__name__, dropout, "dropout")
        self._use_bias = use_bias
        self._use_gate = use_gate
        self._sliding_window = (
            None if sliding_window is None else self._counted("sliding_window", sliding_window)
        )
        self._activity_regularizer = regularizers.get(activity_regularizer)
        self.seed = seed
        self._scale = width**-0.5
        if not isinstance(flash_attention, bool | None):
            raise ValueError(
                f"{type(self).__name__} takes `flash_attention` as True, False or None, got {flash_attention!r:.80}"
            )
        self._flash_attention = flash_attention or is_flash_attention_enabled()
        if self._flash_attention and self._dropout > 0:
            raise ValueError(
                f"{type(self).__name__} drops no scores where they are not kept: dropout={dropout} goes with "
                "flash_attention=False, or dropout=0 with flash_attention=True"
            )

    def _counted(self, argument: str, value: Any) -> int:
        """A positive whole number. Raises ValueError that names the argument."""
        if not is_whole(value) or value <= 0:
            raise ValueError(
                f"{type(self).__name__} takes the argument `{argument}` as a positive whole number, got {value!r:.80}"
            )
        return int(value)

    @property
    def dropout(self) -> float:
        """The share of the scores that is dropped in training."""
        return self._dropout

    @property
    def use_bias(self) -> bool:
        """Whether the projections add a bias."""
        return self._use_bias

    # -- building ------------------------------------------------------------------------------

    def _projection(
        self, name: str, rank: int, made: Shape, bound: int = 1, **options: Any
    ) -> EinsumDense:
        """A layer that makes axes of lengths `made` of the last `bound` ones of inputs (B, ..., C).

        rank: of the layer's inputs before they are projected.
        """
        equation, letters = attending.projection(rank - 1, bound, len(made))
        layer = EinsumDense(
            equation,
            output_shape=(*(None,) * (rank - 2), *made),
            bias_axes=letters if self._use_bias else None,
            name=name,
            # of their own: one object gives the same numbers for each shape
            kernel_initializer=_another(self.kernel_initializer),
            bias_initializer=_another(self.bias_initializer),
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self._activity_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            dtype=self.dtype_policy,
            **options,
        )
        layer.supports_masking = True  # a mask is seen to by this layer
        return layer

    def _build_attention(self, rank: int) -> None:
        """The equations of scores and what is done to them. rank: of projected tensors."""
        axes = self._axes(rank - 1)
        self._over = len(axes)
        self._dot_product_equation, self._combine_equation, of_scores = attending.equations(
            rank, axes
        )
        self._softmax = Softmax(
            axis=tuple(range(of_scores - len(axes), of_scores)), dtype=self.dtype_policy
        )
        self._dropout_layer = Dropout(self._dropout, dtype=self.dtype_policy, seed=self.seed)

    def _axes(self, rank: int) -> tuple[int, ...]:
        """The axes of inputs of a rank that are attended over; those of projected tensors are the same."""
        return (1,)

    def _require_one_length(self, value_shape: Shape, key_shape: Shape) -> None:
        if value_shape[1:-1] != key_shape[1:-1]:
            raise ShapeError(
                f"{type(self).__name__} has a key for each value: all lengths between the first and the last must be "
                f"equal, got value_shape={value_shape} and key_shape={key_shape}"
            )

    # -- the call ------------------------------------------------------------------------------

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Tensor | None = None,
        value_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        attention_mask: Tensor | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Attend from each time of the query to the times of value and key.

        Args:
            query: what asks, (B, ..., C).
            value: what is averaged, (B, ..., C).
            key: what the query is compared with, (B, ..., C); None: the value.
            query_mask: which times of the query count, (B, T); others see nothing. None: the query's own mask.
            value_mask: which times of the value count, (B, S); None: the value's own mask.
            key_mask: which times of the key count, (B, S); None: the key's own mask.
            attention_mask: which scores count, (B, T, S), or with an axis of heads, (B, N, T, S); None: all.
            return_attention_scores: whether scores come with the outputs: how much of each value is in each mean.
            training: whether scores are dropped.
            use_causal_mask: whether a query sees its own time and those before it alone.

        Returns: the outputs, or (outputs, scores).

        Raises:
            ValueError: scores are asked for where flash_attention is on.
            ShapeError: lengths of key and value differ.
        """
        key = value if key is None else key
        # a subclass's own attention is given all masks as one
        apart = bool(use_causal_mask) and (
            type(self)._compute_attention is Heads._compute_attention and len(query.shape) == 3
        )
        mask = self._compute_attention_mask(
            query,
            value,
            query_mask=query_mask,
            value_mask=value_mask,
            key_mask=key_mask,
            attention_mask=attention_mask,
            use_causal_mask=use_causal_mask and not apart,
        )
        told = return_attention_scores or attending.watching()
        asked = {"return_attention_scores": True} if told else {}
        outputs, scores = self._compute_attention(
            self._query_dense(query),
            self._key_dense(key),
            self._value_dense(value),
            attention_mask=mask,
            training=training,
            **asked,
            **({"use_causal_mask": True} if apart else {}),
        )
        if self._use_gate:
            outputs = ops.multiply(outputs, self._gate_dense(query))
        outputs = self._output_dense(outputs)
        if scores is not None:
            attending.note(self, scores)
        return (outputs, scores) if return_attention_scores else outputs

    def _compute_attention(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attention_mask: Tensor | None = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Means of projected values, (B, ..., N, H), and the scores where they are kept. Subclasses may have their
        own: the masks of a call are one in `attention_mask`."""
        if self._flash_attention and return_attention_scores:
            raise ValueError(
                f"{type(self).__name__} keeps no scores with flash attention: ask for return_attention_scores=False, "
                "or make the layer with flash_attention=False and narae.config.disable_flash_attention()"
            )
        if self._dropout > 0 or return_attention_scores or len(query.shape) != 4:
            return self._by_scores(query, key, value, attention_mask, training, use_causal_mask)
        if attention_mask is not None:
            attention_mask = ops.cast(attending.spread(attention_mask, 4, 1), "bool")
        outputs = ops.dot_product_attention(
            query,
            key,
            value,
            mask=attention_mask,
            scale=self._scale,
            is_causal=bool(use_causal_mask),
            flash_attention=self._flash_attention or None,
        )
        return outputs, None

    def _by_scores(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
        training: bool | None,
        use_causal_mask: bool,
    ) -> tuple[Tensor, Tensor]:
        """Means and scores, step by step."""
        if use_causal_mask:
            seen = self._compute_causal_mask(query, key)
            mask = seen if mask is None else attending.all_of([mask, seen], 1)
        query = ops.multiply(query, ops.cast(self._scale, query.dtype))
        scores = self._masked_softmax(ops.einsum(self._dot_product_equation, key, query), mask)
        dropped = self._dropout_layer(scores, training=training) if self._dropout > 0 else scores
        return ops.einsum(self._combine_equation, dropped, value), scores

    def _masked_softmax(
        self, attention_scores: Tensor, attention_mask: Tensor | None = None
    ) -> Tensor:
        """Scores as shares of 1, over what the mask leaves."""
        if attention_mask is not None:
            rank = len(attention_scores.shape)
            attention_mask = attending.spread(attention_mask, rank, self._over)
        return self._softmax(attention_scores, mask=attention_mask)

    # -- masks ---------------------------------------------------------------------------------

    def _compute_attention_mask(
        self,
        query: Tensor,
        value: Tensor,
        query_mask: Tensor | None = None,
        value_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        attention_mask: Tensor | None = None,
        use_causal_mask: bool = False,
    ) -> Tensor | None:
        """Which scores all masks leave, (B, T, S) or with an axis of heads; None: all."""
        axes = len(self._axes(len(query.shape)))
        masks = [] if attention_mask is None else [attention_mask]
        masks += [] if query_mask is None else [attending.of_queries(query_mask, axes)]
        masks += [attending.of_keys(m, axes) for m in (value_mask, key_mask) if m is not None]
        if use_causal_mask:
            masks.append(self._compute_causal_mask(query, value))
        if self._sliding_window is not None:
            masks.append(self._compute_sliding_window_mask(query, value))
        return attending.all_of(masks, axes)

    def _lengths(self, query: Tensor, value: Tensor | None) -> tuple[int, int]:
        """How many times queries and values have, where they have one axis of them. Raises ValueError for several:
        there is no order in them."""
        axes = self._axes(len(query.shape))
        if len(axes) != 1:
            raise ValueError(
                f"{type(self).__name__} attends over the axes {axes}: use_causal_mask and sliding_window are for one "
                "axis, whose steps have an order; give an attention_mask, or attention_axes of one axis"
            )
        return query.shape[axes[0]], (query if value is None else value).shape[axes[0]]

    def _compute_causal_mask(self, query: Tensor, value: Tensor | None = None) -> Tensor:
        """(1, T, S): which times of the values those of the queries see."""
        return attending.causal(*self._lengths(query, value))

    def _compute_sliding_window_mask(self, query: Tensor, value: Tensor | None = None) -> Tensor:
        """(1, T, S): which times are near enough."""
        width = self._sliding_window
        assert width is not None, "there is a window where this is asked"
        return attending.window(*self._lengths(query, value), width)

    # -- what comes out ------------------------------------------------------------------------

    def _heads(self) -> int:
        """How many heads queries have."""
        raise NotImplementedError

    def compute_output_shape(
        self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None
    ) -> Shape:
        """The shape of the outputs."""
        raise NotImplementedError

    def compute_output_spec(
        self,
        query: KerasTensor,
        value: KerasTensor,
        key: KerasTensor | None = None,
        query_mask: KerasTensor | None = None,
        value_mask: KerasTensor | None = None,
        key_mask: KerasTensor | None = None,
        attention_mask: KerasTensor | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Shapes and dtypes of outputs and, where they are asked for, of scores: (B, N, T, S)."""
        shape = self.compute_output_shape(
            query.shape, value.shape, None if key is None else key.shape
        )
        outputs = KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return outputs
        axes = self._axes(len(query.shape))
        kept = [n for i, n in enumerate(query.shape[:-1]) if i not in axes]
        asking = [query.shape[i] for i in axes]
        asked = [(value if key is None else key).shape[i] for i in axes]
        scores = (*kept, self._heads(), *asking, *asked)
        return outputs, KerasTensor(scores, self.compute_dtype)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "dropout": self._dropout,
            "use_bias": self._use_bias,
            "use_gate": self._use_gate,
            "sliding_window": self._sliding_window,
            "activity_regularizer": regularizers.serialize(self._activity_regularizer),
            "seed": self.seed,
        }


def _another(initializer: Any) -> Any:
    """An initializer that draws its own numbers; a function as it is."""
    return initializer.clone() if hasattr(initializer, "clone") else initializer
