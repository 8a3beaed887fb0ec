"""Initializers, regularizers and constraints by role: an attribute, an entry of the config, and the weight's own."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from narae import constraints, initializers, layers, regularizers

# The first arguments of each weighted layer, and a shape that it is built for, or one for each input.
FIRST: dict[str, tuple[tuple[Any, ...], dict[str, Any], tuple[Any, ...]]] = {
    "BatchNormalization": ((), {}, (None, 3)),
    "Conv1D": ((2, 3), {}, (None, 5, 2)),
    "Conv1DTranspose": ((2, 3), {}, (None, 5, 2)),
    "Conv2D": ((2, 3), {}, (None, 5, 5, 2)),
    "Conv2DTranspose": ((2, 3), {}, (None, 5, 5, 2)),
    "Conv3D": ((2, 2), {}, (None, 3, 3, 3, 2)),
    "Conv3DTranspose": ((2, 2), {}, (None, 3, 3, 3, 2)),
    "Dense": ((3,), {}, (None, 4)),
    "ConvLSTM1D": ((2, 2), {"unit_forget_bias": False}, (None, 3, 5, 2)),
    "ConvLSTM2D": ((2, 2), {"unit_forget_bias": False}, (None, 3, 5, 5, 2)),
    "ConvLSTM3D": ((2, 2), {"unit_forget_bias": False}, (None, 3, 5, 5, 5, 2)),
    "DepthwiseConv1D": ((3,), {}, (None, 5, 2)),
    "DepthwiseConv2D": ((3,), {}, (None, 5, 5, 2)),
    "EinsumDense": (("ab,bc->ac", 3), {"bias_axes": "c"}, (None, 4)),
    "Embedding": ((5, 3), {}, (None, 4)),
    "GRU": ((2,), {}, (None, 4, 3)),
    "GRUCell": ((2,), {}, (None, 3)),
    "GroupQueryAttention": ((2, 2, 1), {}, ((None, 3, 4), (None, 3, 4))),
    "GroupNormalization": ((1,), {}, (None, 4)),
    "LSTM": ((2,), {"unit_forget_bias": False}, (None, 4, 3)),
    "LSTMCell": ((2,), {"unit_forget_bias": False}, (None, 3)),
    "LayerNormalization": ((), {}, (None, 4)),
    "MultiHeadAttention": ((1, 2), {}, ((None, 3, 4), (None, 3, 4))),
    "PReLU": ((), {}, (None, 4)),
    "ReversibleEmbedding": ((5, 3), {}, (None, 4)),
    "SeparableConv1D": ((2, 3), {}, (None, 5, 2)),
    "SeparableConv2D": ((2, 3), {}, (None, 5, 5, 2)),
    "SimpleRNN": ((2,), {}, (None, 4, 3)),
    "SimpleRNNCell": ((2,), {}, (None, 3)),
}
WEIGHTS = {
    "depthwise": ("kernel", "depthwise_kernel"),
    "pointwise": ("pointwise_kernel",),
    "recurrent": ("recurrent_kernel",),
}
KINDS = {
    "initializer": lambda i: initializers.Constant(i / 8),
    "regularizer": lambda i: regularizers.L2(i / 8),
    "constraint": lambda i: constraints.MaxNorm(i / 8),
}


def roles_of(layer: type) -> list[tuple[str, str]]:
    names = inspect.signature(layer.__init__).parameters
    pairs = [name.rsplit("_", 1) for name in names if name != "activity_regularizer"]
    return [(pair[0], pair[1]) for pair in pairs if pair[-1] in KINDS]


def test_the_table_has_every_layer_with_initializers() -> None:
    found = {
        getattr(layer, "__keras_name__", layer.__name__)
        for layer in (getattr(layers, name) for name in layers.__all__)
        if inspect.isclass(layer) and roles_of(layer)
    }
    assert found == set(FIRST), (
        "each layer with initializers has a row in FIRST: its arguments and input"
    )


@pytest.mark.parametrize("name", FIRST)
def test_what_a_role_is_given_is_attribute_config_and_the_weight_s(name: str) -> None:
    first, more, shape = FIRST[name]
    kind_of = getattr(layers, name)
    given = {
        f"{role}_{kind}": KINDS[kind](i) for i, (role, kind) in enumerate(roles_of(kind_of), 1)
    }
    layer = kind_of(*first, **more, **given)
    for argument, value in given.items():
        assert getattr(layer, argument) is value
    config = layer.get_config()
    again = kind_of.from_config(config)
    assert again.get_config() == config
    layer.build(*(shape if isinstance(shape[0], tuple) else (shape,)))
    for role, kind in roles_of(kind_of):
        value = given[f"{role}_{kind}"]
        assert getattr(again, f"{role}_{kind}").get_config() == value.get_config()
        assert config[f"{role}_{kind}"]["config"] == value.get_config()
        names = WEIGHTS.get(role, (role,))
        weight = next(w for w in layer.weights if w.name in names)
        if kind == "initializer":
            assert (weight.numpy() == value.value).all()
        else:
            assert getattr(weight, kind) is value
