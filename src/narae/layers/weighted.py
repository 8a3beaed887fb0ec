"""Layers whose weights each have an initializer, a regularizer and a constraint of their own."""

from __future__ import annotations

from types import ModuleType
from typing import Any, TypeAlias

from narae import constraints, initializers, regularizers
from narae.base.types import (
    Config,
    ConstraintLike,
    InitializerLike,
    RegularizerLike,
    ShapeLike,
)
from narae.engine.variable import Variable
from narae.layers.base import Layer

FAMILIES: dict[str, ModuleType] = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}
# What a constructor was given for one weight, in the order of FAMILIES; state that is not trained has
# an initializer alone.
Trained: TypeAlias = "tuple[InitializerLike | None, RegularizerLike | None, ConstraintLike | None]"
Given: TypeAlias = "Trained | tuple[InitializerLike | None]"


class Weighted(Layer):
    """Base of layers with weights by role: `kernel_initializer` and the like are attributes and config."""

    _roles: dict[str, tuple[str, ...]]  # the families of each role

    def _declare(self, **roles: Given) -> None:
        """Note each role's initializer, regularizer and constraint, given in any form."""
        self._roles = {role: tuple(FAMILIES)[: len(given)] for role, given in roles.items()}
        for role, given in roles.items():
            for kind, value in zip(self._roles[role], given, strict=True):
                setattr(self, f"{role}_{kind}", FAMILIES[kind].get(value))

    def _weight(
        self, role: str, shape: ShapeLike, name: str | None = None, **options: Any
    ) -> Variable:
        """Make the variable of a role, named after it."""
        own = {kind: getattr(self, f"{role}_{kind}") for kind in self._roles[role]}
        return self.add_weight(shape, name=name or role, **{**own, **options})

    def get_config(self) -> Config:
        config = super().get_config()
        for kind, family in FAMILIES.items():
            for role, kinds in self._roles.items():
                if kind in kinds:
                    config[f"{role}_{kind}"] = family.serialize(getattr(self, f"{role}_{kind}"))
        return config


class KernelAndBias(Weighted):
    """Base of layers with a kernel and, where asked for, a bias."""

    kernel: Variable
    bias: Variable | None
    kernel_initializer: Any
    kernel_regularizer: Any
    kernel_constraint: Any
    bias_initializer: Any
    bias_regularizer: Any
    bias_constraint: Any
