"""A row for each layer and each of its ways: class, constructor's arguments, inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.layers import space

RNG = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype("float32")


def arguments_of(x: Any) -> tuple[Any, ...]:
    """A row's inputs as the arguments of a call: a tuple is several, a list one argument of several tensors."""
    return x if isinstance(x, tuple) else (x,)


_HEADS: dict[str, Any] = {
    "use_bias": True,
    "kernel_initializer": "he_normal",
    "bias_initializer": "ones",
    "kernel_regularizer": "l2",
    "bias_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "bias_constraint": "non_neg",
    "use_gate": True,
}
# name -> (class, constructor's arguments, inputs)
LAYERS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "dense": ("Dense", {"units": 3, "activation": "tanh"}, floats(4, 5)),
    "dense of rank 3": ("Dense", {"units": 3, "use_bias": False}, floats(4, 2, 5)),
    "dense with all": (
        "Dense",
        {
            "units": 3,
            "kernel_initializer": "he_normal",
            "bias_initializer": "ones",
            "kernel_regularizer": "l2",
            "bias_regularizer": "l2",
            "kernel_constraint": "non_neg",
        },
        floats(4, 5),
    ),
    "einsum": (
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": (None, 7), "bias_axes": "d"},
        floats(4, 2, 5),
    ),
    "einsum dots": (
        "EinsumDense",
        {"equation": "...x,xy->...y", "output_shape": 4, "activation": "relu"},
        floats(4, 2, 5),
    ),
    "einsum heads": (
        "EinsumDense",
        {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "de"},
        floats(4, 2, 5),
    ),
    "activation": ("Activation", {"activation": "softplus"}, floats(4, 5)),
    "relu": ("ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.2}, floats(4, 5)),
    "leaky relu": ("LeakyReLU", {"negative_slope": 0.2}, floats(4, 5)),
    "prelu": ("PReLU", {"alpha_initializer": "ones", "shared_axes": [1]}, floats(4, 2, 5)),
    "elu": ("ELU", {"alpha": 0.5}, floats(4, 5)),
    "softmax": ("Softmax", {"axis": 1}, floats(4, 2, 5)),
    "softmax of axes": ("Softmax", {"axis": [1, 2]}, floats(4, 2, 5)),
    "flatten": ("Flatten", {}, floats(4, 2, 5)),
    "flatten channels first": ("Flatten", {"data_format": "channels_first"}, floats(4, 2, 5, 3)),
    "reshape": ("Reshape", {"target_shape": (5, -1)}, floats(4, 2, 5)),
    "permute": ("Permute", {"dims": (2, 1)}, floats(4, 2, 5)),
    "repeat": ("RepeatVector", {"n": 3}, floats(4, 5)),
    "dropout": ("Dropout", {"rate": 0.5, "noise_shape": (None, 1)}, floats(4, 5)),
    "spatial dropout": ("SpatialDropout2D", {"rate": 0.5}, floats(4, 2, 5, 3)),
    "spatial dropout of steps": ("SpatialDropout1D", {"rate": 0.5}, floats(4, 2, 5)),
    "spatial dropout of volumes": (
        "SpatialDropout3D",
        {"rate": 0.5, "seed": 2},
        floats(4, 2, 2, 3, 2),
    ),
    "noise": ("GaussianNoise", {"stddev": 0.5}, floats(4, 5)),
    "gaussian dropout": ("GaussianDropout", {"rate": 0.5}, floats(4, 5)),
    "alpha dropout": ("AlphaDropout", {"rate": 0.5}, floats(4, 5)),
    "identity": ("Identity", {}, floats(4, 5)),
    "masking": (
        "Masking",
        {"mask_value": 0.0},
        np.where(floats(4, 3, 1) > 0, floats(4, 3, 2), 0).astype("float32"),
    ),
    "embedding": (
        "Embedding",
        {"input_dim": 5, "output_dim": 3, "mask_zero": True, "embeddings_regularizer": "l2"},
        (np.arange(8, dtype="int32") % 5).reshape(4, 2),
    ),
    "embedding of low rank": (
        "Embedding",
        {"input_dim": 5, "output_dim": 3, "lora_rank": 2},
        (np.arange(8, dtype="int32") % 5).reshape(4, 2),
    ),
    "reversible embedding": (
        "ReversibleEmbedding",
        {"input_dim": 5, "output_dim": 3, "embeddings_initializer": "ones"},
        (np.arange(8, dtype="int32") % 5).reshape(4, 2),
    ),
    "penalty": ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, floats(4, 5)),
    "unit": ("UnitNormalization", {"axis": 1}, floats(4, 2, 5)),
    "rescaling": ("Rescaling", {"scale": 0.5, "offset": [1.0, 2.0]}, floats(4, 2)),
    "normalization": (
        "Normalization",
        {"axis": -1, "mean": [1.0, 2.0], "variance": [4.0, 0.5]},
        floats(4, 2),
    ),
    "inverse normalization": (
        "Normalization",
        {"axis": None, "mean": 1.0, "variance": 4.0, "invert": True},
        floats(4, 2),
    ),
    **{
        name.lower(): (name, {}, [floats(4, 5), floats(4, 5)])
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    },
    "add of ranks": ("Add", {}, [floats(4, 5), floats(4, 3, 5), floats(4, 1, 5)]),
    "concatenate": ("Concatenate", {"axis": 1}, [floats(4, 2, 5), floats(4, 3, 5)]),
    "dot": ("Dot", {"axes": 1}, [floats(4, 5), floats(4, 5)]),
    "dot of matrices": (
        "Dot",
        {"axes": (2, 1), "normalize": True},
        [floats(4, 3, 5), floats(4, 5, 2)],
    ),
    "simple rnn": ("SimpleRNN", {"units": 3}, floats(4, 3, 2)),
    "gru": (
        "GRU",
        {"units": 3, "return_sequences": True, "bias_initializer": "normal"},
        floats(4, 3, 2),
    ),
    "gru backwards, reset before": (
        "GRU",
        {"units": 3, "reset_after": False, "go_backwards": True, "return_sequences": True},
        floats(4, 3, 2),
    ),
    "lstm": ("LSTM", {"units": 3, "kernel_regularizer": "l2"}, floats(4, 3, 2)),
    "lstm written out": (
        "LSTM",
        {"units": 3, "unroll": True, "use_bias": False, "return_sequences": True},
        floats(4, 3, 2),
    ),
    "convolutional lstm of lines": (
        "ConvLSTM1D",
        {"filters": 2, "kernel_size": 2, "return_sequences": True, "padding": "same"},
        floats(2, 3, 4, 2),
    ),
    "convolutional lstm": ("ConvLSTM2D", {"filters": 2, "kernel_size": 2}, floats(2, 2, 3, 3, 2)),
    "convolutional lstm of volumes": (
        "ConvLSTM3D",
        {"filters": 2, "kernel_size": 1, "data_format": "channels_first"},
        floats(2, 2, 2, 2, 2, 2),
    ),
    "heads": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, (floats(4, 3, 5),) * 2),
    "heads of all": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "output_shape": 6, "sliding_window": 2, **_HEADS},
        (floats(4, 3, 5), floats(4, 2, 5), floats(4, 2, 6)),
    ),
    "heads over axes": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "value_dim": 2, "attention_axes": (1, 2), "dropout": 0.5},
        (floats(4, 2, 3, 5), floats(4, 3, 2, 5)),
    ),
    "heads in groups": (
        "GroupQueryAttention",
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
        (floats(4, 3, 5), floats(4, 2, 5)),
    ),
    "heads in groups of all": (
        "GroupQueryAttention",
        {"head_dim": 3, "num_query_heads": 2, "num_key_value_heads": 1, "dropout": 0.25, **_HEADS},
        (floats(4, 3, 5),) * 2,
    ),
    "attention": ("Attention", {"use_scale": True}, [floats(4, 3, 5), floats(4, 2, 5)]),
    "attention by sums": (
        "Attention",
        {"score_mode": "concat", "use_scale": True, "dropout": 0.5},
        [floats(4, 3, 5), floats(4, 2, 6), floats(4, 2, 5)],
    ),
    "additive attention": ("AdditiveAttention", {}, [floats(4, 3, 5), floats(4, 2, 5)]),
    **space.ROWS,
}
DIFFERENTIATED = [*(n for n in LAYERS if n not in space.ROWS), *space.DIFFERENTIATED]
DIFFERENTIATED.remove("masking")
DIFFERENTIATED = [
    n for n in DIFFERENTIATED if LAYERS[n][0] not in ("SimpleRNN", "GRU", "LSTM")
]  # the grid's
