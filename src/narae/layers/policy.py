"""Dtype policies: what dtype a layer computes in and keeps its variables in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from narae import ops
from narae.base.dtypes import is_float, standardize_dtype
from narae.base.registry import builtin
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.settings import DEFAULT_POLICY, floatx
from narae.base.types import Config, DTypeLike, DTypePolicyLike
from narae.tensor.symbolic import KerasTensor
from narae.tensor.tensor import as_tensor

_MIXED = {"mixed_float16": ("float16", "float32"), "mixed_bfloat16": ("bfloat16", "float32")}


@builtin("keras.dtype_policies")
@builtin("keras")
class DTypePolicy:
    """What dtype a layer computes in, and what dtype it keeps its variables in.

    Args:
        name: a dtype, for both; or "mixed_float16", "mixed_bfloat16": computation in half precision, variables in
            float32. None: the policy of `narae.config.dtype_policy()`.

    Raises:
        TypeError: the name is no string.
        ValueError: the name is no dtype, and no mixed policy.

    Source: Micikevicius et al. 2018 (mixed precision).

    >>> mixed = DTypePolicy("mixed_bfloat16")
    >>> mixed.compute_dtype, mixed.variable_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = dtype_policy().name
        if not isinstance(name, str):
            raise TypeError(f"a dtype policy's name is a string like 'mixed_float16', got {name!r}")
        self._name = name
        self._compute_dtype, self._variable_dtype = _MIXED.get(name) or _same(name)

    @property
    def name(self) -> str:
        """The policy's name."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype of inputs and computation."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of variables."""
        return self._variable_dtype

    @property
    def quantization_mode(self) -> str | None:
        """None: narae has no quantized policies."""
        return None

    def convert_input(self, x: Any, autocast: bool, dtype: DTypeLike) -> Any:
        """An array as a tensor, and floats in another dtype; other things as they are.

        Args:
            x: an input of a layer.
            autocast: whether floats are cast.
            dtype: the dtype that they are cast to.

        Returns: the tensor, or x.

        >>> DTypePolicy("float16").convert_input(np.ones(2), True, "float16").dtype
        'float16'
        """
        if isinstance(x, np.ndarray):
            x = as_tensor(x)
        known = isinstance(x, KerasTensor) or ops.is_tensor(x)
        name = standardize_dtype(dtype)
        wrong = known and autocast and is_float(standardize_dtype(x.dtype)) and x.dtype != name
        return ops.cast(x, name) if wrong else x

    def get_config(self) -> Config:
        """The constructor's arguments, by name."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """The policy that `get_config` described."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


FloatDTypePolicy = DTypePolicy  # Keras's second name for it
builtin("keras.dtype_policies", "FloatDTypePolicy")(
    builtin("keras", "FloatDTypePolicy")(DTypePolicy)
)


def _same(name: str) -> tuple[str, str]:
    try:
        dtype = standardize_dtype(name)
    except ValueError:
        raise ValueError(
            f"Cannot convert {name!r} to a dtype policy: it is no dtype, and none of "
            f"{', '.join(_MIXED)}"
        ) from None
    return dtype, dtype


def policy_of(identifier: DTypePolicyLike | None = None) -> DTypePolicy:
    """The policy that `dtype=` means: of None (the global one), a name, a dtype, a config or a policy."""
    if identifier is None:
        return DEFAULT_POLICY[-1] if DEFAULT_POLICY else DTypePolicy(floatx())
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        found = deserialize_keras_object(identifier) if "class_name" in identifier else None
        if not isinstance(found, DTypePolicy):
            raise ValueError(f"{identifier!r:.80} is no config of a dtype policy")
        return found
    return DTypePolicy(identifier if isinstance(identifier, str) else standardize_dtype(identifier))


def set_dtype_policy(policy: DTypePolicy | str | Mapping[str, Any]) -> None:
    """Set the policy of layers that are created without a dtype, from now on.

    Args:
        policy: a policy, its name or its config.

    Raises:
        ValueError: it is none of these.

    >>> set_dtype_policy("mixed_bfloat16")
    >>> dtype_policy()
    <DTypePolicy "mixed_bfloat16">
    >>> set_dtype_policy("float32")
    """
    if not isinstance(policy, (str, DTypePolicy, dict)):
        raise ValueError(
            f"set_dtype_policy takes a name like 'mixed_float16', or a DTypePolicy, got {policy!r}"
        )
    DEFAULT_POLICY[:] = [policy_of(policy)]


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are created without a dtype.

    Returns: the policy.

    >>> dtype_policy()
    <DTypePolicy "float32">
    """
    return policy_of()


def serialize_policy(found: DTypePolicy) -> Config:
    """A policy as JSON-ready data."""
    return serialize_keras_object(found)
