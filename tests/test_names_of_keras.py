"""Every public name of Keras: narae has it, or says that it has not, and what to do instead."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import narae
from narae.base.errors import NotYet
from narae.base.missing import way_out
from narae.base.missing_names import MISSING


def _names(keras: Any, module: Any = None, path: str = "") -> Iterator[tuple[str, Any]]:
    """The public names below `keras`, each with what it is there."""
    for name in dir(keras if module is None else module):
        found = getattr(keras if module is None else module, name)
        if name.startswith("_") or (
            isinstance(found, ModuleType)
            and (not found.__name__.startswith("keras") or ".src" in found.__name__)
        ):
            continue
        yield path + name, found
        if isinstance(found, ModuleType):
            yield from _names(keras, found, f"{path}{name}.")


def _first_missing(path: str) -> str | None:
    """The part of a name at which narae stops: "applications" of "applications.resnet.ResNet50"."""
    parts = path.split(".")
    found: Any = narae
    for i, part in enumerate(parts):
        if not hasattr(found, part):
            return ".".join(parts[: i + 1])
        found = getattr(found, part)
    return None


@pytest.mark.oracle
def test_every_public_name_is_there_or_says_the_way_out(keras: Any) -> None:
    lacking = {}
    for path, _ in _names(keras):
        at = _first_missing(path)
        if at is not None and way_out(f"narae.{at}") is None:
            lacking[path] = at
    assert not lacking


@pytest.mark.oracle
def test_an_attribute_and_an_import_say_it(keras: Any) -> None:
    paths = {at for path, _ in _names(keras) if (at := _first_missing(path))}
    assert len(paths) > 50
    for path in paths:
        above, _, name = f"narae.{path}".rpartition(".")
        module = importlib.import_module(above)
        with pytest.raises(NotYet, match=f" has no {name} yet: "):
            getattr(module, name)
        with pytest.raises(ImportError, match=f" has no {name} yet: "):
            exec(f"from {above} import {name}")
        with pytest.raises(ImportError, match=f" has no {name} yet: "):
            importlib.import_module(f"narae.{path}")


@pytest.mark.oracle
def test_modules_are_imported_by_their_names(keras: Any) -> None:
    for path, found in _names(keras):
        if isinstance(found, ModuleType) and _first_missing(path) is None:
            assert importlib.import_module(f"narae.{path}") is not None


def test_nothing_that_is_there_is_called_missing() -> None:
    for path in MISSING:
        above, _, name = path.rpartition(".")
        owner: Any = narae
        for part in filter(None, above.split(".")):
            owner = getattr(owner, part, None)
        assert owner is None or name not in vars(owner), path


def test_other_names_get_the_nearest() -> None:
    with pytest.raises(AttributeError, match=r"narae\.layers has no 'Dens'. Did you mean 'Dense'"):
        _ = narae.layers.Dens  # type: ignore[attr-defined]
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'narae\.nothing'"):
        importlib.import_module("narae.nothing")


# What Keras has at a class, and narae at its objects alone.
_OF_OBJECTS = {
    "Distribution": {"auto_shard_dataset"},
    "Variable": {"aggregation", "name", "path", "synchronization"},
    "Layer": {"input_spec"},
    "Model": {"run_eagerly"},
    "AUC": {"thresholds"},
    "InputLayer": {"batch_shape"},
    "MultiOptimizer": {"loss_scale_factor"},
    "Dense": {"kernel"},
    "EinsumDense": {"kernel"},
    "Convolution": {"kernel"},
}


@pytest.mark.oracle
def test_classes_have_every_member_or_say_the_way_out(keras: Any) -> None:
    lacking = []
    for path, theirs in _names(keras):
        if not inspect.isclass(theirs) or _first_missing(path) is not None:
            continue
        ours: Any = narae
        for part in path.split("."):
            ours = getattr(ours, part)
        if not inspect.isclass(ours):  # a context manager that is a function here
            continue
        kinds = [kind.__name__ for kind in ours.__mro__]
        lacking += [
            f"{path}.{name}"
            for name in dir(theirs)
            if not name.startswith("_")
            and not hasattr(ours, name)
            and not any(f"{kind}.{name}" in MISSING for kind in kinds)
            and not any(name in _OF_OBJECTS.get(kind, ()) for kind in kinds)
        ]
    assert not lacking


def test_a_missing_member_says_the_way_out() -> None:
    model = narae.Sequential([narae.Input((2,)), narae.layers.Dense(1)])
    assert not hasattr(model, "export")
    with pytest.raises(NotYet, match=r"narae's Sequential has no export yet: model\.save"):
        model.export("folder")  # type: ignore[attr-defined]
    with pytest.raises(NotYet, match="narae's Dense has no quantize yet: mixed precision"):
        model.layers[0].quantize("int8")  # type: ignore[attr-defined]


_UNBUILT = {
    "Dense": (lambda k: k.layers.Dense(2), "kernel bias"),
    "EinsumDense": (lambda k: k.layers.EinsumDense("ab,bc->ac", 2, bias_axes="c"), "kernel bias"),
    "Conv2D": (lambda k: k.layers.Conv2D(2, 2), "kernel bias"),
    "Conv2DTranspose": (lambda k: k.layers.Conv2DTranspose(2, 2), "kernel bias"),
    "DepthwiseConv1D": (lambda k: k.layers.DepthwiseConv1D(2), "kernel bias"),
    "SeparableConv1D": (
        lambda k: k.layers.SeparableConv1D(2, 2),
        "depthwise_kernel pointwise_kernel bias",
    ),
    "PReLU": (lambda k: k.layers.PReLU(), "alpha"),
    "LayerNormalization": (lambda k: k.layers.LayerNormalization(), "gamma beta"),
    "GroupNormalization": (lambda k: k.layers.GroupNormalization(), "gamma beta"),
    "RMSNormalization": (lambda k: k.layers.RMSNormalization(), "scale"),
    "SpectralNormalization": (
        lambda k: k.layers.SpectralNormalization(k.layers.Dense(2)),
        "vector_u",
    ),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", _UNBUILT)
def test_weights_of_a_layer_that_is_not_built(keras: Any, name: str) -> None:
    make, weights = _UNBUILT[name]
    theirs, ours = make(keras), make(narae)
    for weight in weights.split():
        assert not hasattr(theirs, weight)
        with pytest.raises(
            AttributeError, match=f"must build the layer before accessing `{weight}`"
        ):
            getattr(ours, weight)


def test_weights_of_one_s_own_layer_that_is_not_built() -> None:
    class Outer(narae.Layer):
        def build(self, shape: Any) -> None:
            self.make(shape[-1])

        def make(self, width: int) -> None:
            self.scale = self.add_weight((width,), name="scale")

        @property
        def double(self) -> Any:
            return self.scale * 2

        def call(self, x: Any) -> Any:
            return x * self.scale

    layer = Outer()
    with pytest.raises(AttributeError, match="must build the layer before accessing `scale`"):
        _ = layer.scale
    with pytest.raises(AttributeError, match="must build the layer before accessing `scale`"):
        _ = layer.double  # the property's own error, not one about `double`
    with pytest.raises(AttributeError, match=r"has no attribute .scal.*not built"):
        _ = layer.scal  # type: ignore[attr-defined]
    layer(np.ones((1, 2), "float32"))
    assert layer.double.shape == (2,)
    with pytest.raises(AttributeError, match=r"object has no attribute .scal.$"):
        _ = layer.scal  # type: ignore[attr-defined]
