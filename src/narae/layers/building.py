"""Building a layer once, within its name, its shapes remembered; and what an unbuilt layer says of what it lacks."""

from __future__ import annotations

import dis
import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base import trees
from narae.base.changes import Before, being_made, whole
from narae.base.missing import Attributes
from narae.base.names import name_scope, scopes
from narae.base.types import ShapeLike, Tree
from narae.engine.scope import eagerly
from narae.layers.calling import Bound, signature_of, signature_of_method
from narae.tensor.symbolic import KerasTensor

if TYPE_CHECKING:
    from narae.layers.base import Layer


class BuildHints(Attributes):
    """Base of layers: an attribute that `build` sets is explained before the layer is built."""

    def _no_attribute(self, name: str) -> str:
        usual, held = super()._no_attribute(name), self.__dict__
        if "_ready" not in held:
            return f"{usual}: its __init__ did not call super().__init__()"
        if held["built"]:
            return usual
        later = {name, f"_{name}"} & _set_in_build(type(self))  # a property may show it
        return (
            f"{f'You must build the layer before accessing `{name}`' if later else usual}: {held['name']!r} is not "
            "built, and what its build makes is not there yet. Call it on data, or build(input_shape)"
        )


def _set_in_build(kind: type) -> set[str]:
    """The names of attributes that a class's `build` sets, itself or by methods that it calls."""
    classes = [cls for cls in kind.__mro__ if issubclass(cls, BuildHints)]
    found: set[str] = set()
    seen, todo = {"add_weight"}, ["build"]
    while todo:
        name = todo.pop()
        seen.add(name)
        for cls in classes:
            function = vars(cls).get(name)
            code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
            if code is not None:
                found.update(
                    i.argval for i in dis.get_instructions(code) if i.opname == "STORE_ATTR"
                )
                todo += [called for called in code.co_names if called not in seen]
    return found


def scoped_build(build: Callable[..., Any]) -> Callable[..., Any]:
    """`build` within the layer's name, once, its shapes remembered for the configuration. One that
    raises or is interrupted leaves the layer, and those below it, as they were."""

    @functools.wraps(build)
    def scoped(self: Any, *args: Any, **kwargs: Any) -> None:
        if being_made(self):  # super().build(): the outermost one notes the shapes
            return build(self, *args, **kwargs)
        bound = signature_of_method(build).bind(args, kwargs, self.name)
        if "_locked" in self.__dict__:
            return _built_again(self, build, bound, args, kwargs)
        return _built(self, build, bound, args, kwargs)

    return scoped


@whole(lambda layer: layer._flatten_layers())
def _built(
    self: Any,
    build: Callable[..., Any],
    bound: Bound,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    with name_scope(self.name, self), eagerly():
        self.__dict__["_path"] = "/".join(scopes())
        build(self, *args, **kwargs)
    finish(self, bound)


def _built_again(
    self: Any,
    build: Callable[..., Any],
    bound: Bound,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    """A layer that is built has its weights: for the same shapes nothing is to be done, for others `build` may
    change what is no state. Raises ValueError where it would make weights anew."""
    if self.built and _alike(self._build_shapes, bound):
        return
    before = Before(self._flatten_layers())
    try:
        with name_scope(self.name, self), eagerly():
            build(self, *args, **kwargs)
    except BaseException as error:
        before.restore()
        if type(error) is not ValueError:
            raise
        raise ValueError(
            f"{self.name!r} was built for {self._build_shapes} and cannot be built again for {bound}, make a new "
            f"layer for these: {error}"
        ) from error
    self._build_shapes = bound
    self.built = True


def _alike(a: object, b: object) -> bool:
    """Whether shapes, or structures of them, are the same but for a batch that one leaves open."""
    if isinstance(a, dict) or isinstance(b, dict):
        return (
            isinstance(a, dict)
            and isinstance(b, dict)
            and a.keys() == b.keys()
            and all(_alike(a[k], b[k]) for k in a)
        )
    if not isinstance(a, (tuple, list)) or not isinstance(b, (tuple, list)) or len(a) != len(b):
        return bool(a == b)
    if not any(isinstance(n, (tuple, list, dict)) for n in (*a, *b)):
        return all(
            n == m or (i == 0 and None in (n, m)) for i, (n, m) in enumerate(zip(a, b, strict=True))
        )
    return all(map(_alike, a, b))


def finish(layer: Layer, shapes: dict[str, Any]) -> None:
    """What ends every building: the shapes are noted, and no more state is taken."""
    layer._build_shapes = shapes
    layer.built = True
    if not layer._grows:
        layer.__dict__["_locked"] = True
    if not layer._trainable:
        layer._train_own_variables(False)  # the layers below keep their own flags


def fitting(
    target: Callable[..., Any], shapes: dict[str, Any], call: list[str], layer: str
) -> dict[str, Any]:
    """The arguments of `build` or `compute_output_shape`: a single one is the first input's shape, of several
    each is named after an argument of `call`. Raises ValueError for a name that is not."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = signature_of(target).signature.parameters
    names = [n for n, p in parameters.items() if p.kind not in kinds]
    if len(names) == 1:
        return {names[0]: next(iter(shapes.values()), None)}
    for name in names:
        if not name.endswith("_shape") or name.removesuffix("_shape") not in call:
            raise ValueError(
                f"{layer}.{target.__name__} takes {names}: of several arguments each is an argument of `call` with "
                f"_shape behind its name, and {name!r} is none of {[f'{n}_shape' for n in call]}"
            )
    return {name: shapes[name] for name in names if name in shapes}


def as_shapes(shape: object) -> Any:
    """A structure of shapes as the same structure of tensors."""
    if isinstance(shape, (tuple, list)) and all(
        n is None or isinstance(n, (int, np.integer)) for n in shape
    ):
        return KerasTensor(tuple(shape))
    if isinstance(shape, dict):
        return {key: as_shapes(value) for key, value in shape.items()}
    if not isinstance(shape, (tuple, list)):
        raise ValueError(
            f"a shape is a tuple of lengths, or a structure of such tuples, got {shape!r}"
        )
    return type(shape)(as_shapes(item) for item in shape)


def specs_of(shape: Tree[ShapeLike], dtype: str) -> Any:
    return trees.map_tree(lambda leaf: KerasTensor(leaf.shape, dtype), as_shapes(shape))
