"""Layers around layers of sequences: TimeDistributed, Bidirectional."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.cases_masks import carried
from tests.grid.grid import Case
from tests.grid.probing import attempt, numbers, told, unknown, weighted

_X = numbers((2, 3, 4))
_IMAGES = numbers((2, 3, 4, 4, 2))
_DEEP = numbers((2, 3, 2, 4))
_IDS = (np.arange(12).reshape(2, 3, 2) % 5).astype("int32")
_MASK = np.array([[True, True, False], [False, True, False]])
_WIDE = np.stack([_MASK, ~_MASK], -1)


def _within(k: Any) -> Any:
    return k.Sequential([k.Input((4,)), k.layers.Dense(3), k.layers.BatchNormalization()])


def _mean_of_batch(k: Any) -> Any:
    """A layer that mixes samples."""
    return type(
        "Centred",
        (k.layers.Layer,),
        {
            "call": lambda self, x: x - k.ops.mean(x, axis=0, keepdims=True),
            "compute_output_shape": lambda self, shape: shape,
        },
    )()


def _counting(k: Any) -> Any:
    """A layer that changes its state in each call."""

    class Counting(k.layers.Layer):
        def build(self, shape: Any) -> None:
            self.calls = self.add_weight((), "zeros", trainable=False, name="calls")

        def call(self, x: Any) -> Any:
            self.calls.assign_add(1.0)
            return x * self.calls

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    return Counting()


def _losing(k: Any) -> Any:
    class Losing(k.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(k.ops.sum(k.ops.square(x)))
            return x

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    return Losing()


def _by_mask(k: Any) -> Any:
    class ByMask(k.layers.Layer):
        def call(self, x: Any, mask: Any = None) -> Any:
            if mask is None:
                return x
            mask = mask if len(mask.shape) == 2 else k.ops.expand_dims(mask, -1)
            return x * k.ops.cast(mask[..., :1], x.dtype)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    return ByMask()


_INNER: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "Dense": (lambda k: k.layers.Dense(3, "tanh", activity_regularizer="l2"), _X),
    "Dense of rank 4": (lambda k: k.layers.Dense(3), _DEEP),
    "Conv2D": (lambda k: k.layers.Conv2D(3, 2, strides=2), _IMAGES),
    "Flatten": (lambda k: k.layers.Flatten(), _IMAGES),
    "MaxPooling2D": (lambda k: k.layers.MaxPooling2D(), _IMAGES),
    "BatchNormalization": (lambda k: k.layers.BatchNormalization(momentum=0.5), _X),
    "LayerNormalization": (lambda k: k.layers.LayerNormalization(), _X),
    "Embedding": (lambda k: k.layers.Embedding(5, 3), _IDS),
    "Reshape": (lambda k: k.layers.Reshape((2, 2)), _X),
    "Lambda": (lambda k: k.layers.Lambda(lambda x: x[:, ::-1] * 2), _X),
    "Dropout": (lambda k: k.layers.Dropout(0.0), _X),
    "a model": (_within, _X),
    "TimeDistributed": (lambda k: k.layers.TimeDistributed(k.layers.Dense(3)), _DEEP),
    "GlobalAveragePooling1D": (lambda k: k.layers.GlobalAveragePooling1D(), _DEEP),
    "a layer that mixes samples": (_mean_of_batch, _X),
    "a layer that counts": (_counting, _X),
    "a layer with a loss": (_losing, _X),
}


def _distributed(name: str, training: bool | None) -> Case:
    """Numbers, state and config of a layer on all steps."""

    def code(k: Any) -> Any:
        inner, x = _INNER[name][0](k), _INNER[name][1]
        layer = k.layers.TimeDistributed(inner, name="all")
        layer(x)
        weighted(layer)
        out = layer(k.ops.convert_to_tensor(x), training=training)
        config = layer.get_config()
        config.pop("layer")
        return {
            "out": out,
            "losses": list(layer.losses),
            "weights": told(layer),
            "state": layer.get_weights(),
            "config": config,
            "build": layer.get_build_config(),
        }

    return Case(f"wrappers.TimeDistributed({name}, training={training})", code)


def _of_unknown(name: str) -> Case:
    def code(k: Any) -> Any:
        make, x = _INNER[name]
        found = {}
        for shape in unknown(x.shape):
            made = k.KerasTensor(shape, str(x.dtype))
            layer = k.layers.TimeDistributed(make(k))
            shaped = functools.partial(layer.compute_output_shape, shape)
            found[str(shape)] = [
                attempt(functools.partial(layer, made), False),
                attempt(shaped, False),
            ]
        return found

    return Case(f"wrappers.TimeDistributed({name}) of unknown lengths", code)


_MASKED: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "Dense": (lambda k: k.layers.Dense(2, kernel_initializer="ones"), _X, _MASK),
    "a layer that takes masks": (_by_mask, _DEEP, _WIDE),
    "a layer that takes masks of steps": (_by_mask, _X, _MASK),
    "BatchNormalization": (lambda k: k.layers.BatchNormalization(), _DEEP, _WIDE),
    "GlobalAveragePooling1D": (lambda k: k.layers.GlobalAveragePooling1D(), _DEEP, _WIDE),
    "a mask of one axis": (lambda k: k.layers.Dense(2), _X, _MASK[:, 0]),
    "a mask of other steps": (lambda k: k.layers.Dense(2), _X, _MASK[:, :2]),
    "a mask of another batch": (lambda k: k.layers.Dense(2), _X, _MASK[:1]),
}


def _of_masked(name: str) -> Case:
    def code(k: Any) -> Any:
        make, x, mask = _MASKED[name]
        out = k.layers.TimeDistributed(make(k))(x, mask=mask, training=True)
        return [out, carried(out)]

    return Case(f"wrappers.TimeDistributed({name}) masked", code)


def _modelled(k: Any) -> Any:
    start = k.Input((None, 4))
    x = k.layers.TimeDistributed(k.layers.Dense(3, kernel_initializer="ones"))(
        k.layers.Masking()(start)
    )
    model = k.Model(start, [x, k.layers.GlobalAveragePooling1D()(x)])
    x = np.where(_MASK[..., None], _X, 0)
    again = k.Model.from_config(model.get_config())
    return [model(x), again(x), carried(model(x)), model.output_shape]


def _mixed(policy: str) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        layer = k.layers.TimeDistributed(
            k.layers.Dense(3, dtype=policy, kernel_initializer="ones"), dtype=policy
        )
        out = layer(_X)
        return [out, layer.compute_dtype, layer.layer.kernel.dtype, layer(k.KerasTensor((2, 3, 4)))]

    return code


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "in a model": _modelled,
    **{f"of {policy}": _mixed(policy) for policy in ("mixed_float16", "mixed_bfloat16")},
    "of no layer": lambda k: attempt(lambda: k.layers.TimeDistributed(3)),
    "of two axes": lambda k: attempt(lambda: k.layers.TimeDistributed(k.layers.Dense(2))(_X[0])),
    "built of two axes": lambda k: attempt(
        lambda: k.layers.TimeDistributed(k.layers.Dense(2)).build((2, 3))
    ),
    "attributes": lambda k: [
        layer := k.layers.TimeDistributed(k.layers.Dense(2, name="inner"), trainable=False),
        layer.built,
        layer.build((None, None, 4)),
        layer.built,
        layer.layer.built,
        layer.layer.name,
        layer.supports_masking,
        layer.trainable,
        layer.layer.trainable,
        [v.path for v in layer.weights],
        layer.compute_output_shape((None, None, 4)),
    ][1:],
}

CASES = [
    *(_distributed(name, training) for name in _INNER for training in (False, True)),
    *map(_of_unknown, _INNER),
    *map(_of_masked, _MASKED),
    *(Case(f"wrappers.TimeDistributed {name}", code) for name, code in _SPECIAL.items()),
]
