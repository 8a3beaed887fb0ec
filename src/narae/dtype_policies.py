"""narae.dtype_policies: what layers compute in and keep their variables in, by Keras's names."""

from __future__ import annotations

from typing import Any

from narae.base.errors import NotYet, nearest
from narae.base.registry import deserialize_keras_object
from narae.layers.policy import DTypePolicy, FloatDTypePolicy, policy_of, serialize_policy

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]

_QUANTIZED = "weights in less than 16 bits come in a later version; 'mixed_bfloat16' is there"
_MISSING = {
    "DTypePolicyMap": "give each layer its own policy: Dense(10, dtype='float32')",
    **dict.fromkeys(
        (
            *("AWQDTypePolicy", "GPTQDTypePolicy", "Int4DTypePolicy", "QuantizedDTypePolicy"),
            "QuantizedFloat8DTypePolicy",
        ),
        _QUANTIZED,
    ),
}


def get(identifier: Any) -> DTypePolicy:
    """The policy that `identifier` means: a name, a dtype, a config, a policy, or None for the one in use.

    >>> get("mixed_bfloat16").variable_dtype
    'float32'
    """
    return policy_of(identifier)


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """A policy as JSON-ready data.

    >>> serialize(DTypePolicy("float16"))["config"]
    {'name': 'float16'}
    """
    return serialize_policy(dtype_policy)


def deserialize(config: Any, custom_objects: Any = None) -> DTypePolicy:
    """The policy that `serialize` described. Raises ValueError for what describes none.

    >>> deserialize(serialize(DTypePolicy("float16")))
    <DTypePolicy "float16">
    """
    found = deserialize_keras_object(config, custom_objects)
    if not isinstance(found, DTypePolicy):
        raise ValueError(f"{config!r:.80} is no config of a dtype policy")
    return found


def __getattr__(name: str) -> object:
    if name in _MISSING:
        raise NotYet(f"narae.dtype_policies has no {name}: {_MISSING[name]}")
    raise AttributeError(f"narae.dtype_policies has no {name!r}. {nearest(name, __all__)}")
