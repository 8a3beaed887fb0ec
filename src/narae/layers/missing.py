"""Keras's layers that narae has not yet."""

from __future__ import annotations

from narae.base.errors import NotYet, nearest

_RECURRENT = "recurrent layers come in a later version"
_ATTENTION = "embeddings and attention come in a later version"

MISSING = {
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
            *("AdditiveAttention", "RotaryEmbedding"),
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
