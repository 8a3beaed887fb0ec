"""Keras's layers that narae has not yet."""

from __future__ import annotations

from narae.base.errors import NotYet, nearest

_CONVOLUTION = "convolution, pooling and normalization layers come with the native executor"
_RECURRENT = "recurrent layers come in a later version"
_ATTENTION = "embeddings and attention come in a later version"

MISSING = {
    **dict.fromkeys(
        (
            *(
                f"{kind}{n}D"
                for kind in ("Conv", "SeparableConv", "DepthwiseConv")
                for n in (1, 2, 3)
            ),
            *(f"Conv{n}DTranspose" for n in (1, 2, 3)),
            *(f"Convolution{n}D" for n in (1, 2, 3)),
            *(
                f"{kind}{n}D"
                for kind in ("MaxPooling", "AveragePooling", "MaxPool", "AvgPool")
                for n in (1, 2, 3)
            ),
            *(
                f"Global{kind}{n}D"
                for kind in ("MaxPooling", "AveragePooling", "MaxPool", "AvgPool")
                for n in (1, 2, 3)
            ),
            *(
                f"{kind}{n}D"
                for kind in ("ZeroPadding", "Cropping", "UpSampling")
                for n in (1, 2, 3)
            ),
            *(f"Adaptive{kind}Pooling{n}D" for kind in ("Max", "Average") for n in (1, 2, 3)),
            "BatchNormalization",
            "LayerNormalization",
            "GroupNormalization",
            "RMSNormalization",
            "SpectralNormalization",
        ),
        _CONVOLUTION,
    ),
    **dict.fromkeys(
        (
            *(
                "LSTM",
                "GRU",
                "SimpleRNN",
                "RNN",
                "LSTMCell",
                "GRUCell",
                "SimpleRNNCell",
                "StackedRNNCells",
            ),
            *("Bidirectional", "TimeDistributed", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
        ),
        _RECURRENT,
    ),
    **dict.fromkeys(
        (
            *(
                "Embedding",
                "ReversibleEmbedding",
                "MultiHeadAttention",
                "GroupQueryAttention",
                "Attention",
            ),
            *("AdditiveAttention", "RotaryEmbedding", "Wrapper"),
        ),
        _ATTENTION,
    ),
}


def missing(name: str, known: list[str]) -> Exception:
    """The error for a layer that is not here: not yet, or unknown with the nearest name."""
    if name in MISSING:
        return NotYet(
            f"narae.layers has no {name} yet: {MISSING[name]}. A subclass of Layer can do it meanwhile."
        )
    return AttributeError(f"narae.layers has no {name!r}. {nearest(name, known)}")
