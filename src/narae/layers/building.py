"""Building a layer once, within its name, its shapes remembered."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from narae.base import trees
from narae.base.names import name_scope, scopes
from narae.base.whole import being_made, whole
from narae.engine.scope import eagerly
from narae.layers.calling import signature_of
from narae.ops.symbolic import KerasTensor


def scoped_build(build: Callable[..., Any]) -> Callable[..., Any]:
    """`build` within the layer's name, once, its shapes remembered for the configuration. One that
    raises or is interrupted leaves the layer, and those below it, as they were."""

    @functools.wraps(build)
    def scoped(self: Any, *args: Any, **kwargs: Any) -> None:
        if being_made(self):  # super().build(): the outermost one keeps the books
            return build(self, *args, **kwargs)
        bound = signature_of(functools.partial(build, self)).bind(args, kwargs, self.name)
        return _built(self, build, bound, args, kwargs)

    return scoped


@whole(lambda layer: layer._flatten_layers())
def _built(self: Any, build: Callable[..., Any], bound: Any, args: Any, kwargs: Any) -> None:
    with name_scope(self.name), eagerly():
        self.__dict__["_path"] = "/".join(scopes())
        build(self, *args, **kwargs)
    self._build_shapes = bound
    self.built = True
    if not self._trainable:
        self._train_own_variables(False)  # the layers below keep their own flags


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
