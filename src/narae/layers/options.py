"""The keyword arguments that all layers take besides their own, by name and type: for type checkers.

A constructor says `**kwargs: Unpack[LayerOptions]`, and a misspelt argument is an error in an editor.
"""

from __future__ import annotations

from typing import TypedDict

from narae.base.types import DTypePolicyLike, RegularizerLike, ShapeLike, TensorLike


class InputOptions(TypedDict, total=False):
    """The old way to say what goes in: a model begins with `Input(shape)` now."""

    input_shape: ShapeLike
    input_dim: int


class UnnamedOptions(InputOptions, total=False):
    """For a layer with `name`, `dtype` and `activity_regularizer` among its own arguments."""

    trainable: bool
    autocast: bool


class WeightedOptions(UnnamedOptions, total=False):
    """For a layer with `activity_regularizer` among its own arguments."""

    name: str | None
    dtype: DTypePolicyLike | None


class LayerOptions(WeightedOptions, total=False):
    """For all others."""

    activity_regularizer: RegularizerLike | None


class EmbeddingOptions(TypedDict, total=False):
    """Those of Embedding, whose `input_dim` is an argument of its own, with an old one that does nothing."""

    input_shape: ShapeLike
    input_length: int | None
    trainable: bool
    autocast: bool
    name: str | None
    dtype: DTypePolicyLike | None
    activity_regularizer: RegularizerLike | None


class ReversibleOptions(EmbeddingOptions, total=False):
    """Those of ReversibleEmbedding: what Embedding takes besides."""

    weights: TensorLike | list[TensorLike] | None
    lora_rank: int | None
    lora_alpha: float | None
    quantization_config: None


class PoolingOptions(UnnamedOptions, total=False):
    """For a layer with `name` among its own arguments."""

    dtype: DTypePolicyLike | None
    activity_regularizer: RegularizerLike | None


class NoiseOptions(UnnamedOptions, total=False):
    """For a layer with `name` and `dtype` among its own arguments."""

    activity_regularizer: RegularizerLike | None


class ScalingOptions(LayerOptions, total=False):
    """Those of LayerNormalization, with an option that RMSNormalization has replaced."""

    rms_scaling: bool


class SlopeOptions(LayerOptions, total=False):
    """Those of LeakyReLU, with the old name of `negative_slope`."""

    alpha: float


class DotOptions(LayerOptions, total=False):
    """Those of Dot as a function."""

    normalize: bool


class CellOptions(LayerOptions, total=False):
    """Those of cells with gates: with 1, each gate has dropout masks of its own."""

    implementation: int


class RecurrentOptions(WeightedOptions, total=False):
    """Those of SimpleRNN: what `RNN` takes, and has no place of its own there."""

    zero_output_for_mask: bool


class ConvolvedOptions(RecurrentOptions, total=False):
    """Those of ConvLSTM1D, ConvLSTM2D and ConvLSTM3D."""

    unroll: bool


class GatedOptions(RecurrentOptions, total=False):
    """Those of GRU and LSTM."""

    implementation: int


class AdditiveOptions(LayerOptions, total=False):
    """Those of AdditiveAttention, with what it shares with Attention."""

    score_mode: str
    seed: int | None
