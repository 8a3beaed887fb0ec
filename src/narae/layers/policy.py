"""Dtype policies: what dtype a layer computes in and keeps its variables in."""

from __future__ import annotations

from typing import Any

from narae.base.dtypes import standardize_dtype
from narae.base.errors import NotYet
from narae.base.registry import builtin, deserialize_keras_object, serialize_keras_object
from narae.base.settings import floatx

_default: list[DTypePolicy] = []


@builtin("keras.dtype_policies")
@builtin("keras")
class DTypePolicy:
    """A policy by the name of a dtype: computation and variables in that dtype.

    The mixed policies raise NotYet.

    >>> DTypePolicy("float16").compute_dtype
    'float16'
    """

    def __init__(self, name: str | None = None, source_name: str | None = None) -> None:
        name = name or floatx()
        if name in ("mixed_float16", "mixed_bfloat16"):
            raise NotYet(
                f"the dtype policy {name!r} is not in narae yet: 'float32' trains everywhere, and "
                "'float16' or 'bfloat16' compute wholly in that dtype"
            )
        try:
            self._name = standardize_dtype(name)
        except ValueError:
            raise ValueError(f"Cannot convert {name!r} to a dtype policy: it is no dtype") from None

    @property
    def name(self) -> str:
        """The policy's name."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype of inputs and computation."""
        return self._name

    @property
    def variable_dtype(self) -> str:
        """The dtype of variables."""
        return self._name

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """The policy that `get_config` described."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


def policy(identifier: Any = None) -> DTypePolicy:
    """The policy that `dtype=` means: None (the global one), a name, a dtype, a config, a policy."""
    if identifier is None:
        return _default[-1] if _default else DTypePolicy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        found = deserialize_keras_object(identifier)
        return found if isinstance(found, DTypePolicy) else policy(found)
    return DTypePolicy(identifier if isinstance(identifier, str) else standardize_dtype(identifier))


def set_dtype_policy(identifier: Any) -> None:
    """Set the policy of layers that are made without a dtype."""
    _default[:] = [] if identifier is None else [policy(identifier)]


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are made without a dtype."""
    return policy()


def serialize_policy(found: DTypePolicy) -> Any:
    """A policy as JSON-ready data."""
    return serialize_keras_object(found)
