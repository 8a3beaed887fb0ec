"""narae.dtype_policies: what layers compute in and keep their variables in, by Keras's names."""

from __future__ import annotations

from narae.base.missing import explain_missing
from narae.base.serialization import deserialize_keras_object
from narae.base.types import Config, CustomObjects, DTypePolicyLike
from narae.layers.policy import DTypePolicy, FloatDTypePolicy, policy_of, serialize_policy

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]


def get(identifier: DTypePolicyLike | None) -> DTypePolicy:
    """The policy that a layer's `dtype=` means.

    Args:
        identifier: a name such as "mixed_bfloat16", a dtype, a config, or a policy; None: the policy in use.

    Returns: the policy.

    Raises:
        ValueError: it is none of these.

    >>> get("mixed_bfloat16").variable_dtype
    'float32'
    """
    return policy_of(identifier)


def serialize(dtype_policy: DTypePolicy) -> Config:
    """A policy as JSON-ready data.

    Args:
        dtype_policy: a policy.

    Returns: a dict with the class's name and the policy's.

    >>> serialize(DTypePolicy("float16"))["config"]
    {'name': 'float16'}
    """
    return serialize_policy(dtype_policy)


def deserialize(config: Config, custom_objects: CustomObjects | None = None) -> DTypePolicy:
    """The policy that `serialize` described.

    Args:
        config: what `serialize` gave.
        custom_objects: classes of yours by the names in the config.

    Returns: the policy.

    Raises:
        ValueError: it is no config of a policy.

    >>> deserialize(serialize(DTypePolicy("float16")))
    <DTypePolicy "float16">
    """
    found = deserialize_keras_object(config, custom_objects)
    if not isinstance(found, DTypePolicy):
        raise ValueError(f"{config!r:.80} is no config of a dtype policy")
    return found


__path__: list[str] = []  # `from` looks for missing names as it does in a package
explain_missing(__name__, __all__)
