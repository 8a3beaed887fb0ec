"""Every layer's constructor tells a wrong argument by its own words, never by those of Python or NumPy."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest

from narae import layers

GIVEN: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "relu"},
    "Dense": {"units": 3},
    "Dot": {"axes": 1},
    "EinsumDense": {"equation": "ab,bc->ac", "output_shape": 3},
    "GaussianNoise": {"stddev": 0.5},
    "GroupedQueryAttention": {"head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1},
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 2},
    "Permute": {"dims": (1,)},
    "RepeatVector": {"n": 2},
    "Rescaling": {"scale": 2.0},
    "Reshape": {"target_shape": (4,)},
    "Lambda": {"function": abs},
    "RNN": {"cell": layers.GRUCell(2)},
    "StackedRNNCells": {"cells": [layers.GRUCell(2)]},
}
ODD = (
    [1],
    {"a": 1},
    "foo",
    -1,
    None,
    1.5,
    np.ones(2),
    (1, 2, 3, 4, 5),
    object(),
    [],
    [None],
    (("a",),),
)
STRAY = re.compile(
    r"unhashable|zip\(|unpack|truth value|invalid literal|recursion|subscriptable|has no attribute|not iterable|"
    r"unsupported operand|not supported between|scalar|bad operand|indices|could not convert|argument must be"
)
WRAPPERS = ("SpectralNormalization", "TimeDistributed", "Bidirectional")
FLAGS = {
    "center",
    "scale",
    "use_bias",
    "autocast",
    "synchronized",
    "renorm",
    "invert",
    "normalize",
    "keepdims",
}
UNCHECKED = {
    "function",
    "layer",
    "seed",
    "output_shape",
    "offset",
    "mask",
    "lora_rank",
    "lora_alpha",
    *FLAGS,
}


def kinds() -> list[str]:
    found = []
    for name in layers.__all__:
        kind = getattr(layers, name)
        plain = inspect.isclass(kind) and getattr(kind, "__keras_name__", None) == name
        if plain and name not in ("Layer", "Wrapper", "InputLayer", *WRAPPERS):
            found.append(name)
    return found


def required(kind: type) -> dict[str, Any]:
    """The arguments without defaults."""
    known = {
        "input_dim": 5,
        "output_dim": 3,
        "rate": 0.5,
        "filters": 2,
        "kernel_size": 2,
        "pool_size": 2,
        "output_size": 2,
        "units": 3,
    }
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    open_ = [
        p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    return GIVEN.get(kind.__name__) or {name: known[name] for name in open_}


def words(name: str, argument: str, value: Any) -> str:
    """What a layer says of an argument; nothing where it takes it."""
    kind = getattr(layers, name)
    try:
        kind(**{**required(kind), argument: value}).get_config()
    except (ValueError, TypeError) as error:
        return str(error)
    return ""


@pytest.mark.filterwarnings("ignore")  # LeakyReLU's and a function's in a config
@pytest.mark.parametrize("name", kinds())
def test_a_wrong_argument_is_told_in_words(name: str) -> None:
    kind = getattr(layers, name)
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    names = {p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD} | {
        "name",
        "dtype",
        "trainable",
    }
    for argument in sorted(names - UNCHECKED):
        for value in ODD:
            said = words(name, argument, value)
            assert not STRAY.search(said), f"{name}({argument}={value!r}): {said}"


def test_a_nest_that_holds_itself_is_told() -> None:
    own: dict[str, Any] = {}
    own["a"] = own
    with pytest.raises(RecursionError, match="holds itself"):
        layers.Identity()(own)
