"""What is compared of a layer: born built or not, config, weights, outputs, shapes, masks, penalties."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.grid import Case, shown

Shape = tuple[int | None, ...]


def numbers(shape: Any, dtype: str = "float32") -> np.ndarray:
    """Numbers of both signs and no order, the same for the same shape."""
    size = int(np.prod(shape))
    values = (np.arange(size) * 37 % 101 - 50) / 25
    return (
        np.abs(values * 25).astype(dtype).reshape(shape)
        if dtype[0] in "iu"
        else values.astype(dtype).reshape(shape)
    )


def attempt(code: Callable[[], Any], kind: bool = True) -> Any:
    """What code gives, or that it refuses, and with which of Python's errors."""
    try:
        return code()
    except Exception as error:
        if not kind:  # shape inference: Keras's own slips, and those of its engine, come out too
            return "refused"
        kinds = (c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins")
        return f"refused: {next(kinds)}"


def unknown(shape: Shape) -> list[Shape]:
    """A shape with an unknown length in each axis, in the first two, and in all but the last."""
    axes = range(len(shape))
    sets = [{a} for a in axes] + [{0, 1}, set(axes) - {len(shape) - 1}]
    made = [tuple(None if a in s else n for a, n in enumerate(shape)) for s in sets]
    return list(dict.fromkeys(made))


def weighted(layer: Any) -> None:
    """Give a layer's weights numbers that do not depend on an initializer's generator."""
    layer.set_weights(
        [np.abs(numbers(w.shape, str(w.dtype))) + np.asarray(0.5, w.dtype) for w in layer.weights]
    )
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()


def told(layer: Any) -> list[Any]:
    """Name, shape, dtype and kind of each weight."""
    return [[w.path, tuple(w.shape), w.dtype, w.trainable] for w in layer.weights]


def probe(k: Any, name: str, options: dict[str, Any], inputs: Any, call: dict[str, Any]) -> Any:
    """All of a layer that is compared on one input, or a list of them."""
    kind = getattr(k.layers, name)
    layer = kind(**options)
    born, config = layer.built, layer.get_config()
    tensors = [k.ops.convert_to_tensor(x) for x in inputs] if listed(inputs) else inputs
    layer(tensors, **call)
    weighted(layer)
    out = layer(tensors, **call)
    return {
        "born": born,
        "built": layer.built,
        "config": config,
        "again": kind.from_config(config).get_config() == config,
        "weights": told(layer),
        "build": layer.get_build_config(),
        "parameters": layer.count_params(),
        "masks": layer.supports_masking,
        "out": out,
        "mask": getattr(out, "_keras_mask", None),
        "losses": list(layer.losses),
    }


def listed(inputs: Any) -> bool:
    """Whether a case has several inputs."""
    return isinstance(inputs, (list, tuple))


def symbolic(k: Any, name: str, options: dict[str, Any], inputs: Any) -> Any:
    """Shapes and dtypes for inputs with unknown lengths, by a call and by `compute_output_shape`."""
    shapes = [x.shape for x in inputs] if listed(inputs) else [inputs.shape]
    dtypes = [str(x.dtype) for x in (inputs if listed(inputs) else [inputs])]
    found = {}
    for variants in itertools.zip_longest(*map(unknown, shapes)):
        each = [v or s for v, s in zip(variants, shapes, strict=True)]

        def called(each: list[Shape] = each) -> Any:
            made = [k.KerasTensor(s, d) for s, d in zip(each, dtypes, strict=True)]
            return getattr(k.layers, name)(**options)(made if listed(inputs) else made[0])

        def shaped(each: list[Shape] = each) -> Any:
            layer = getattr(k.layers, name)(**options)
            return list(layer.compute_output_shape(list(each) if listed(inputs) else each[0]))

        found[str(each)] = [attempt(called, False), attempt(shaped, False)]
    return found


def case(
    name: str, options: dict[str, Any], inputs: Any, call: Any = None, terms: int = 64
) -> Case:
    """A layer on numbers."""
    first = inputs[0] if listed(inputs) else inputs
    suffix = f" of {first.dtype}{first.shape}" + (f", {shown(call)}" if call else "")
    return Case(
        f"layers.{name}({shown(options)}){suffix}",
        lambda k: probe(k, name, options, inputs, call or {}),
        terms=terms,
    )


def unknown_case(name: str, options: dict[str, Any], inputs: Any) -> Case:
    """A layer on unknown lengths."""
    first = inputs[0] if listed(inputs) else inputs
    return Case(
        f"layers.{name}({shown(options)}) of unknown {first.dtype}{first.shape}",
        lambda k: symbolic(k, name, options, inputs),
    )


def refused(layer: str, /, *args: Any, **options: Any) -> Case:
    """A constructor with arguments that Keras refuses."""
    return Case(
        f"layers.{layer}{args or ''} refuses {shown(options)}",
        lambda k: attempt(lambda: getattr(k.layers, layer)(*args, **options).name),
        warnings=False,
    )
