"""narae.dtype_policies: what layers compute in and keep their variables in, by Keras's names."""

from __future__ import annotations

from typing import Any

from narae.base.missing import explain_missing
from narae.base.registry import deserialize_keras_object
from narae.layers.policy import DTypePolicy, FloatDTypePolicy, policy_of, serialize_policy

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]


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


__path__: list[str] = []  # `from` looks for missing names as it does in a package
explain_missing(__name__, __all__)
