"""MultiHeadAttention: attention in several projections at once."""

from __future__ import annotations

from typing import Any, Unpack

from narae.base.arguments import axes
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import (
    Config,
    ConstraintLike,
    InitializerLike,
    Ints,
    RegularizerLike,
    Shape,
    ShapeLike,
)
from narae.layers.einsum_dense import EinsumDense
from narae.layers.heads import Heads
from narae.layers.options import WeightedOptions
from narae.tensor.masks import get_keras_mask, set_keras_mask
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class MultiHeadAttention(Heads):
    """Σₕ softmax(qₕ kₕᵀ / √key_dim) vₕ Wₕ + b over heads h: qₕ, kₕ and vₕ are dense projections of query, key
    and value.

    query: (B, T, C), value: (B, S, D), key: (B, S, E) -> (B, T, C); scores: (B, num_heads, T, S). Of inputs with
    more axes `attention_axes` are those of T and S, and the others are like the batch's.

    Args:
        num_heads: how many heads there are.
        key_dim: the width of a head's queries and keys.
        value_dim: the width of a head's values; None: key_dim.
        dropout: the share of the scores that is dropped in training, in [0, 1].
        use_bias: whether the projections add a bias.
        output_shape: lengths of the outputs' last axes in place of C; a number for one axis; None: C.
        attention_axes: the axis, or axes, that are attended over, counted in the inputs; None: all but the batch's and
            the features'.
        sliding_window: n, where a query sees keys that are less than n steps away; None: all.
        flash_attention: True: scores are never kept as a whole, which needs dropout=0; None: as
            `narae.config.is_flash_attention_enabled()` says.
        kernel_initializer: how the projections' kernels begin (default: uniform within ±√(6 / (inputs + outputs))).
        bias_initializer: how the biases begin (default: zeros).
        kernel_regularizer: the penalty on the kernels in the loss; None: none.
        bias_regularizer: the penalty on the biases in the loss; None: none.
        activity_regularizer: the penalty on the projections' outputs in the loss; None: none.
        kernel_constraint: what brings the kernels back into bounds after each update; None: nothing.
        bias_constraint: what brings the biases back into bounds after each update; None: nothing.
        use_gate: whether heads are multiplied by sigmoid(query W + b) before they are projected back.
        seed: where dropout's random numbers begin, a whole number; None: elsewhere each time.

    Raises:
        ValueError: a number of heads, a width or a window is not a positive whole number; `dropout` is not in [0, 1],
            or goes with flash_attention=True; `output_shape` is neither a number nor a list of them.
        ShapeError: values and keys differ in their lengths, or the inputs have not the attention axes.

    Source: Vaswani et al. 2017, section 3.2.2; the gate: Qiu et al. 2025.

    >>> import narae
    >>> layer = narae.layers.MultiHeadAttention(num_heads=2, key_dim=3)
    >>> x, memory = narae.ops.ones((1, 4, 5)), narae.ops.ones((1, 6, 5))
    >>> outputs, scores = layer(x, memory, return_attention_scores=True)
    >>> outputs.shape, scores.shape
    ((1, 4, 5), (1, 2, 4, 6))
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | ShapeLike | None = None,
        attention_axes: Ints | None = None,
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
        self._num_heads = self._counted("num_heads", num_heads)
        self._key_dim = self._counted("key_dim", key_dim)
        self._value_dim = (
            self._key_dim if value_dim is None else self._counted("value_dim", value_dim)
        )
        super().__init__(
            width=self._key_dim,
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
        self._output_shape = _lengths(output_shape)
        self._attention_axes = _axes(attention_axes)

    @property
    def num_heads(self) -> int:
        """How many heads there are."""
        return self._num_heads

    @property
    def key_dim(self) -> int:
        """The width of a head's queries and keys."""
        return self._key_dim

    @property
    def value_dim(self) -> int:
        """The width of a head's values."""
        return self._value_dim

    @property
    def attention_axes(self) -> tuple[int, ...] | None:
        """The axes that are attended over; None, before the layer is built: all."""
        return self._attention_axes

    @property
    def query_dense(self) -> EinsumDense:
        """The projection of queries."""
        return self._query_dense

    @property
    def key_dense(self) -> EinsumDense:
        """The projection of keys."""
        return self._key_dense

    @property
    def value_dense(self) -> EinsumDense:
        """The projection of values."""
        return self._value_dense

    @property
    def output_dense(self) -> EinsumDense:
        """The projection of heads to outputs."""
        return self._output_dense

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """The projections of query, key and value, that of the gate, and that of the outputs."""
        query_shape, value_shape = tuple(query_shape), tuple(value_shape)
        key_shape = value_shape if key_shape is None else tuple(key_shape)
        self._require_one_length(value_shape, key_shape)
        rank = len(query_shape)
        keys, values = (self._num_heads, self._key_dim), (self._num_heads, self._value_dim)
        self._query_dense = self._projection("query", rank, keys)
        self._query_dense.build(query_shape)
        self._key_dense = self._projection("key", len(key_shape), keys)
        self._key_dense.build(key_shape)
        if self._use_gate:
            self._gate_dense = self._projection("gate", rank, values, activation="sigmoid")
            self._gate_dense.build(query_shape)
        self._value_dense = self._projection("value", len(value_shape), values)
        self._value_dense.build(value_shape)
        self._attention_axes = self._axes(rank)
        self._build_attention(rank + 1)
        made = self._output_shape or (query_shape[-1],)
        self._output_dense = self._projection("attention_output", rank, made, bound=2)
        self._output_dense.build((*query_shape[:-1], *values))

    def _axes(self, rank: int) -> tuple[int, ...]:
        given = self._attention_axes
        if rank < 3:
            raise ShapeError(
                f"MultiHeadAttention takes (batch, time, features), or more axes of time, got inputs of rank {rank}; "
                "expand_dims before it?"
            )
        if given is None:
            return tuple(range(1, rank - 1))
        found = tuple(axis if axis >= 0 else rank + axis for axis in given)
        if not all(0 <= axis < rank - 1 for axis in found) or len(set(found)) < len(found):
            raise ShapeError(
                f"MultiHeadAttention(attention_axes={given}) takes inputs with these axes before the last, got "
                f"inputs of rank {rank}"
            )
        return found

    def _heads(self) -> int:
        return self._num_heads

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
        """Attend from each time of the query to the times of value and key. Their masks end here, as in Keras: the
        outputs have the query's, and what else reads the inputs at that time sees none.

        Args:
            query: what asks, (B, ..., C).
            value: what is averaged, (B, ..., D).
            key: what the query is compared with, (B, ..., E); None: the value.
            query_mask: the query's own mask, always, as in Keras: queries that do not count see nothing.
            value_mask: which times of the value count, (B, S); None: the value's own mask.
            key_mask: which times of the key count, (B, S); None: the key's own mask.
            attention_mask: which scores count, (B, T, S), or with an axis of heads, (B, N, T, S); None: all.
            return_attention_scores: whether scores come with the outputs: how much of each value is in each mean.
            training: whether scores are dropped.
            use_causal_mask: whether a query sees its own time and those before it alone.

        Returns: the outputs, or (outputs, scores).

        Raises:
            ValueError: scores are asked for where flash attention is on.
            ShapeError: lengths of key and value differ.
        """
        query_mask = get_keras_mask(query)
        for part in (query, value, key):
            if part is not None and get_keras_mask(part) is not None:
                set_keras_mask(part, None)
        return super().call(
            query,
            value,
            key,
            query_mask,
            value_mask,
            key_mask,
            attention_mask,
            return_attention_scores,
            training,
            use_causal_mask,
        )

    def compute_output_shape(
        self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None
    ) -> Shape:
        """The query's, with `output_shape` in place of its last length."""
        query_shape, value_shape = tuple(query_shape), tuple(value_shape)
        if key_shape is not None:
            self._require_one_length(value_shape, tuple(key_shape))
        return (*query_shape[:-1], *(self._output_shape or query_shape[-1:]))

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "num_heads": self._num_heads,
            "key_dim": self._key_dim,
            "value_dim": self._value_dim,
            "output_shape": self._output_shape,
            "attention_axes": self._attention_axes,
        }


def _lengths(shape: Any) -> tuple[int, ...] | None:
    """Lengths of the outputs' last axes. Raises ValueError for what is none."""
    if not shape:
        return None
    if isinstance(shape, int):
        return (shape,)
    if not hasattr(shape, "__iter__"):
        raise ValueError(
            f"Invalid `output_shape` {shape!r:.80}: MultiHeadAttention takes a number or a list of them"
        )
    return tuple(shape)


def _axes(given: Any) -> Any:
    """Axes as given, one as a tuple. Raises ValueError for what is none."""
    if given is None:
        return None
    try:
        found = axes("MultiHeadAttention", "attention_axes", given)
    except TypeError as error:
        raise ValueError(str(error)) from None
    return found if isinstance(given, int) else type(given)(found)
