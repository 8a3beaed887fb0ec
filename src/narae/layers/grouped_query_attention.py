"""GroupQueryAttention: heads of queries in groups, each of which shares one head of keys and values."""

from __future__ import annotations

from typing import Unpack

from narae import ops
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import Config, ConstraintLike, InitializerLike, RegularizerLike, Shape
from narae.layers.heads import Heads
from narae.layers.options import WeightedOptions
from narae.tensor.tensor import Tensor


@builtin("keras.layers")  # as whole models in HDF5 call it
@builtin("keras.layers", "GroupQueryAttention")
class GroupedQueryAttention(Heads):
    """Attention over heads, where num_query_heads / num_key_value_heads heads of queries share one of keys and
    values.

    query: (B, T, C), value, key: (B, S, C) -> (B, T, C); scores: (B, num_query_heads, T, S). One head of keys and
    values is multi-query attention, as many as of queries are `MultiHeadAttention`.

    Args:
        head_dim: the width of a head.
        num_query_heads: how many heads of queries there are, a multiple of num_key_value_heads.
        num_key_value_heads: how many heads of keys and values there are.
        dropout: the share of the scores that is dropped in training, in [0, 1].
        use_bias: whether the projections add a bias.
        sliding_window: n, where a query sees keys that are less than n steps away; None: all.
        flash_attention: True: scores are never kept as a whole, which needs dropout=0; None: as
            `narae.config.is_flash_attention_enabled()` says.
        kernel_initializer: how the projections' kernels begin (default: uniform within ±√(6 / (inputs + outputs))).
        bias_initializer: how the biases begin (default: zeros).
        kernel_regularizer: the penalty on the kernels in the loss; None: none.
        bias_regularizer: the penalty on the biases in the loss; None: none.
        activity_regularizer: the penalty on the outputs of the layer and of its projections in the loss; None: none.
        kernel_constraint: what brings the kernels back into bounds after each update; None: nothing.
        bias_constraint: what brings the biases back into bounds after each update; None: nothing.
        use_gate: whether heads are multiplied by sigmoid(query W + b) before they are projected back.
        seed: where dropout's random numbers begin, a whole number; None: elsewhere each time.

    Raises:
        ValueError: a number of heads, a width or a window is not a positive whole number; heads of queries are no
            multiple; `dropout` is not in [0, 1], or goes with flash_attention=True.
        ShapeError: lengths of values and keys differ.

    Source: Ainslie et al. 2023; the gate: Qiu et al. 2025.

    >>> import narae
    >>> layer = narae.layers.GroupQueryAttention(head_dim=3, num_query_heads=4, num_key_value_heads=2)
    >>> x = narae.ops.ones((1, 5, 8))
    >>> layer(x, x).shape
    (1, 5, 8)
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: InitializerLike | None = "glorot_uniform",
        bias_initializer: InitializerLike | None = "zeros",
        kernel_regularizer: RegularizerLike | None = None,
        bias_regularizer: RegularizerLike | None = None,
        activity_regularizer: RegularizerLike | None = None,
        kernel_constraint: ConstraintLike | None = None,
        bias_constraint: ConstraintLike | None = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Unpack[WeightedOptions],
    ) -> None:
        self.head_dim = self._counted("head_dim", head_dim)
        self.num_query_heads = self._counted("num_query_heads", num_query_heads)
        self.num_key_value_heads = self._counted("num_key_value_heads", num_key_value_heads)
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                f"{num_query_heads} heads of queries cannot share {num_key_value_heads} of keys and values: "
                "num_query_heads must be divisible by num_key_value_heads"
            )
        self.num_repeats = num_query_heads // num_key_value_heads
        super().__init__(
            width=self.head_dim,
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            use_gate=use_gate,
            activity_regularizer=activity_regularizer,
            seed=seed,
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
            **kwargs,
        )
        self.activity_regularizer = self._activity_regularizer

    @property
    def use_gate(self) -> bool:
        """Whether heads are gated."""
        return self._use_gate

    @property
    def sliding_window(self) -> int | None:
        """How far a query sees; None: everywhere."""
        return self._sliding_window

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """The projections of query, key and value, that of the gate, and that of the outputs."""
        key_shape = value_shape if key_shape is None else key_shape
        for name, shape in (("query", query_shape), ("value", value_shape), ("key", key_shape)):
            if len(shape) != 3:
                raise ShapeError(
                    f"GroupQueryAttention takes a {name} (batch, time, features), got shape {tuple(shape)}"
                )
        queries = (self.num_query_heads, self.head_dim)
        shared = (self.num_key_value_heads, self.head_dim)
        self.feature_dim = query_shape[-1]
        self._query_dense = self._projection("query", 3, queries)
        self._query_dense.build(query_shape)
        self._key_dense = self._projection("key", 3, shared)
        self._key_dense.build(key_shape)
        if self._use_gate:
            self._gate_dense = self._projection("gate", 3, queries, activation="sigmoid")
            self._gate_dense.build(query_shape)
        self._value_dense = self._projection("value", 3, shared)
        self._value_dense.build(value_shape)
        self._build_attention(4)
        self._output_dense = self._projection("attention_output", 3, (self.feature_dim,), bound=2)
        self._output_dense.build((None, None, *queries))

    def _heads(self) -> int:
        return self.num_query_heads

    def _by_scores(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
        training: bool | None,
        use_causal_mask: bool,
    ) -> tuple[Tensor, Tensor]:
        key, value = (ops.repeat(x, query.shape[2] // x.shape[2], axis=2) for x in (key, value))
        return super()._by_scores(query, key, value, mask, training, use_causal_mask)

    def compute_output_shape(
        self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None
    ) -> Shape:
        """The query's."""
        if query_shape[-1] != value_shape[-1]:
            raise ShapeError(
                "GroupQueryAttention takes queries and values of one width: their last lengths must be equal, got "
                f"query_shape={query_shape} and value_shape={value_shape}"
            )
        if key_shape is not None:
            self._require_one_length(value_shape, key_shape)
        return query_shape

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
        }


GroupQueryAttention = GroupedQueryAttention  # Keras's public name of the class
