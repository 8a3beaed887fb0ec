"""Building a layer once, within its name, its shapes remembered."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from narae.base import trees
from narae.base.names import name_scope
from narae.engine.scope import eagerly
from narae.layers.calling import signature_of
from narae.ops.symbolic import KerasTensor


def scoped_build(build: Callable[..., Any]) -> Callable[..., Any]:
    """`build` within the layer's name, once, its shapes remembered for the configuration."""

    @functools.wraps(build)
    def scoped(self: Any, *args: Any, **kwargs: Any) -> None:
        outer = "_building" not in self.__dict__
        if not outer:  # super().build(): the outermost one keeps the books
            return build(self, *args, **kwargs)
        bound = signature_of(functools.partial(build, self)).bind(args, kwargs, self.name)
        self.__dict__["_building"] = True
        try:
            with name_scope(self.name), eagerly():
                build(self, *args, **kwargs)
        finally:
            del self.__dict__["_building"]
        self._build_shapes = bound
        self.built = True
        if not self._trainable:
            self._train_own_variables(False)  # the layers below keep their own flags
        return None

    return scoped


def as_shapes(shape: Any) -> Any:
    """A nest of shapes as a nest of leaves that have a `shape`."""
    if isinstance(shape, (tuple, list)) and all(
        n is None or isinstance(n, (int, np.integer)) for n in shape
    ):
        return KerasTensor(tuple(shape))
    if isinstance(shape, dict):
        return {key: as_shapes(value) for key, value in shape.items()}
    return [as_shapes(item) for item in shape]


def specs_of(shape: Any, dtype: str) -> Any:
    return trees.map_tree(lambda leaf: KerasTensor(leaf.shape, dtype), as_shapes(shape))
