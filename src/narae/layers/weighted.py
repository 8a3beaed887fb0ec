"""Layers whose weights each have an initializer, a regularizer and a constraint of their own."""

from __future__ import annotations

from typing import Any

from narae import constraints, initializers, regularizers
from narae.base.types import Config, ShapeLike
from narae.layers.base import Layer

KINDS: dict[str, Any] = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}


class Weighted(Layer):
    """Base of layers with weights by role: `kernel_initializer` and its kin are attributes and config."""

    _roles: tuple[str, ...] = ()

    def take(self, **roles: tuple[Any, Any, Any]) -> None:
        """Remember each role's initializer, regularizer and constraint, given in any form."""
        self._roles = tuple(roles)
        for role, given in roles.items():
            for (kind, module), value in zip(KINDS.items(), given, strict=True):
                setattr(self, f"{role}_{kind}", module.get(value))

    def weight(self, role: str, shape: ShapeLike, name: str | None = None, **options: Any) -> Any:
        """The variable of a role, named after it."""
        made = {kind: getattr(self, f"{role}_{kind}") for kind in KINDS}
        return self.add_weight(shape, name=name or role, **made, **options)

    def get_config(self) -> Config:
        """The constructor's arguments."""
        config = super().get_config()
        for role in self._roles:
            for kind, module in KINDS.items():
                config[f"{role}_{kind}"] = module.serialize(getattr(self, f"{role}_{kind}"))
        return config
