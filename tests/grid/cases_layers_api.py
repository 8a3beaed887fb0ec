"""What people write with Layer itself: weights, builds, calls, masks, penalties, tracking, attributes."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.grid import Case
from tests.grid.probing import attempt, numbers, told

_X = numbers((2, 3))
_STEPS = numbers((2, 3, 4))
_Pair = collections.namedtuple("_Pair", "a b")


def _named(group: str, table: dict[str, Callable[[Any], Any]], **options: Any) -> list[Case]:
    return [Case(f"layers.{group}({name})", code, **options) for name, code in table.items()]


def _weight(*args: Any, **options: Any) -> Callable[[Any], Any]:
    """A layer with one weight that `add_weight` makes of these arguments."""

    def code(k: Any) -> Any:
        class One(k.layers.Layer):
            def build(self, shape: Any) -> None:
                self.w = self.add_weight(*args, **options)

            def call(self, x: Any) -> Any:
                return x

        layer = One(name="one")
        layer(_X)
        kinds = [type(v).__name__ for v in (layer.w.regularizer, layer.w.constraint)]
        return [tuple(layer.w.shape), layer.w.dtype, layer.w.trainable, kinds, len(layer.losses)]

    return code


_WEIGHTS = {
    "nothing": _weight(),
    "shape by position": _weight((3,)),
    "three by position": _weight((3,), "ones", "int32"),
    "four by position": _weight((3,), "ones", "int32", False),
    "shape twice": _weight((3,), shape=(2,)),
    "initializer twice": _weight((3,), "ones", initializer="ones"),
    "dtype twice": _weight((3,), "ones", "int32", dtype="int32"),
    "name by position": _weight("m"),
    "a number": _weight(3),
    "a list": _weight([2, 3]),
    "unknown": _weight(shape=(2, None)),
    "negative": _weight(shape=(-1,)),
    "not whole": _weight(shape=(2.0,)),
    "a string": _weight(shape="ab"),
    "name with a slash": _weight(name="a/b"),
    "name that is a number": _weight(name=3),
    "dtype": _weight(shape=(2,), dtype="float16"),
    "dtype bool": _weight(shape=(2,), dtype="bool", initializer="ones"),
    "no dtype": _weight(dtype="foo"),
    "no initializer": _weight(initializer="foo"),
    "a number as initializer": _weight(initializer=5),
    "an array": _weight(shape=(2,), initializer=np.ones(2)),
    "an array of another shape": _weight(shape=(2,), initializer=np.ones(3)),
    "a function": _weight(shape=(2,), initializer=lambda shape, dtype: np.ones(shape, dtype)),
    "regularizer": _weight(shape=(2,), regularizer="l1"),
    "no regularizer": _weight(regularizer="foo"),
    "constraint": _weight(shape=(2,), constraint="non_neg", trainable=False),
    "a number as constraint": _weight(constraint=5),
    "aggregation": _weight(aggregation="mean"),
    "no aggregation": _weight(aggregation="foo"),
    "aggregation None": _weight(aggregation=None),
    "unknown argument": _weight(bogus=1),
}


def _built(**methods: Any) -> Callable[[Any], Any]:
    """A layer of these methods, called on an array, on two, and on unknown lengths."""

    def code(k: Any) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            layer = type("Made", (k.layers.Layer,), methods)()
            out = layer(*args, **kwargs)
            return [out, layer.built, layer.get_build_config(), getattr(layer, "seen", None)]

        symbol = k.KerasTensor((None, 3))
        return [
            attempt(lambda: called(_X)),
            attempt(lambda: called(_X, _X)),
            attempt(lambda: called([_X, _X])),
            attempt(lambda: called({"b": _X, "a": _X})),
            attempt(lambda: called(x=_X)),
            attempt(lambda: called(symbol)),
            attempt(lambda: called(symbol, symbol)),
            attempt(lambda: called(_X, 3)),
            attempt(lambda: called([_X, 3])),
            attempt(lambda: called()),
        ]

    return code


def _note(self: Any, **shapes: Any) -> None:
    self.seen = {name: repr(shape) for name, shape in shapes.items()}


_BUILDS = {
    "call alone": _built(call=lambda self, x: x),
    "two arguments": _built(call=lambda self, x, y=None: x),
    "a shape of any name": _built(
        call=lambda self, x, y=None: x, build=lambda self, foo: _note(self, foo=foo)
    ),
    "both shapes": _built(
        call=lambda self, x, y=None: x,
        build=lambda self, x_shape, y_shape=None: _note(self, x=x_shape, y=y_shape),
    ),
    "a shape without its ending": _built(
        call=lambda self, x, y=None: x, build=lambda self, x_shape, y: None
    ),
    "a shape of no argument": _built(
        call=lambda self, x, y=None: x, build=lambda self, x_shape, z_shape: None
    ),
    "no shape": _built(call=lambda self, x: x, build=lambda self: None),
    "any shapes": _built(call=lambda self, x: x, build=lambda self, *args, **kwargs: None),
    "all arguments": _built(call=lambda self, *args: args[0]),
    "named arguments": _built(call=lambda self, x, **kwargs: x),
    "a setting": _built(call=lambda self, x, factor=2: x * factor),
}


def _mask_layer(k: Any, **attributes: Any) -> Any:
    def call(self: Any, x: Any, mask: Any = None) -> Any:
        self.seen = None if mask is None else np.asarray(mask)
        return x * 1

    return type("Seeing", (k.layers.Layer,), {"call": call, **attributes})()


def _mask_case(attributes: dict[str, Any], how: str) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        layer = _mask_layer(k, **attributes)
        x = k.layers.Masking()(np.where(np.arange(4) < 2, _STEPS, 0) * (np.arange(3) > 0)[:, None])
        mask = np.array([[True, False, True]] * 2)
        args: tuple[Any, ...] = (x, mask) if how == "position" else (x,)
        out = layer(*args, **({"mask": mask} if how == "keyword" else {}))
        return [out, layer.seen, getattr(out, "_keras_mask", None), layer.supports_masking]

    return code


_MASKS = {
    f"{name}, {how}": _mask_case(attributes, how)
    for name, attributes in {
        "plain": {},
        "supports": {"supports_masking": True},
        "computes": {"compute_mask": lambda self, x, previous_mask=None: None},
    }.items()
    for how in ("carried", "keyword")
}


def _tracked(value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What a layer finds of what an attribute holds."""

    def code(k: Any) -> Any:
        class Holder(k.layers.Layer):
            def __init__(self) -> None:
                super().__init__(name="holder")
                self.held = value(k)

            def call(self, x: Any) -> Any:
                return x

        layer = Holder()
        inner = [x.name for x in layer._flatten_layers(include_self=False)]
        for x in layer._flatten_layers(include_self=False):
            x.build((None, 3))
        return [inner, [w.path for w in layer.weights], len(layer.variables), len(layer.metrics)]

    return code


_HELD = {
    "a layer": _tracked(lambda k: k.layers.Dense(2)),
    "a list": _tracked(lambda k: [k.layers.Dense(2), k.layers.Dense(3)]),
    "a tuple": _tracked(lambda k: (k.layers.Dense(2), 3)),
    "a dict": _tracked(lambda k: {"b": k.layers.Dense(2), "a": k.layers.Dense(3)}),
    "a named tuple": _tracked(lambda k: _Pair(k.layers.Dense(2), k.layers.Dense(3))),
    "a nest": _tracked(lambda k: [{"a": [k.layers.Dense(2)]}, (k.layers.Dense(3),)]),
    "one layer twice": _tracked(lambda k: [layer := k.layers.Dense(2), layer]),
    "a variable": _tracked(lambda k: k.Variable(np.ones(2, "float32"), name="v")),
    "variables": _tracked(lambda k: [k.Variable(np.ones(2, "float32"), trainable=False, name="v")]),
    "a metric": _tracked(lambda k: k.metrics.Mean(name="m")),
    "a generator": _tracked(lambda k: k.random.SeedGenerator(1)),
    "nothing": _tracked(lambda k: [1, "a", None]),
}


def _attributes(k: Any) -> Any:
    layer = k.layers.Dense(2, kernel_regularizer="l2", dtype="mixed_float16", name="d")
    before = [layer.path, layer.built, attempt(layer.count_params), attempt(lambda: layer.input)]
    layer(k.KerasTensor((None, 3)))
    names = ("name", "path", "dtype", "compute_dtype", "variable_dtype", "input_dtype", "autocast")
    names += ("supports_masking", "trainable", "quantization_mode", "built", "supports_jit")
    after = [getattr(layer, name) for name in names]
    lists = ("weights", "variables", "trainable_variables", "non_trainable_variables")
    lists += ("trainable_weights", "non_trainable_weights", "metrics", "metrics_variables")
    counts = [len(getattr(layer, name)) for name in lists]
    return [before, after, counts, layer.input, layer.output, layer.dtype_policy.name, repr(layer)]


def _specs(k: Any) -> Any:
    found = []
    for name, options, shape in (
        ("Dense", {"units": 2}, (2, 3)),
        ("Conv2D", {"filters": 2, "kernel_size": 2}, (1, 4, 4, 2)),
        ("BatchNormalization", {}, (2, 3)),
        ("PReLU", {}, (2, 3)),
        ("MaxPooling1D", {}, (2, 4, 2)),
    ):
        layer = getattr(k.layers, name)(**options)
        first = layer.input_spec
        layer.build(shape)
        for spec in (first, layer.input_spec):
            keys = ("ndim", "min_ndim", "max_ndim", "axes", "shape", "dtype")
            found.append(None if spec is None else [getattr(spec, key) or None for key in keys])
    return found


def _frozen(k: Any) -> Any:
    found = []
    for first in (True, False):
        layer = k.layers.BatchNormalization(trainable=first)
        layer.build((None, 3))
        found.append([len(layer.trainable_weights), len(layer.non_trainable_weights)])
        for value in (not first, first, True):
            layer.trainable = value
            found.append([len(layer.trainable_weights), [v.trainable for v in layer.weights]])
    return [*found, told(layer)]


def _set(weights: Any) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        layer = k.layers.Dense(2)
        layer.build((None, 3))
        layer.set_weights(weights)
        return layer.get_weights()

    return code


_SETS = {
    "right": _set([np.ones((3, 2)), np.zeros(2)]),
    "too few": _set([np.ones((3, 2))]),
    "too many": _set([np.ones((3, 2)), np.zeros(2), np.zeros(2)]),
    "another shape": _set([np.ones((2, 3)), np.zeros(2)]),
    "another dtype": _set([np.ones((3, 2), "int32"), np.zeros(2, "float16")]),
}


def _losing(make: Callable[[Any], Any], times: int = 1) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        layer = make(k)
        for _ in range(times):
            layer(_X)
        return list(layer.losses)

    return code


def _adds(k: Any, loss: Any) -> Any:
    def call(self: Any, x: Any) -> Any:
        self.add_loss(loss(k, x))
        return x

    return type("Adds", (k.layers.Layer,), {"call": call})()


_LOSSES = {
    "a scalar": _losing(lambda k: _adds(k, lambda k, x: k.ops.sum(x))),
    "two calls": _losing(lambda k: _adds(k, lambda k, x: k.ops.sum(x)), 2),
    "a list": _losing(lambda k: _adds(k, lambda k, x: [k.ops.sum(x), k.ops.mean(x)])),
    "a number": _losing(lambda k: _adds(k, lambda k, x: 1.0)),
    "a string": _losing(lambda k: _adds(k, lambda k, x: "a")),
    "of activity": _losing(lambda k: k.layers.Identity(activity_regularizer="l2")),
    "of weights": _losing(
        lambda k: k.layers.Dense(
            2, kernel_initializer="ones", kernel_regularizer=k.regularizers.L1(0.5)
        )
    ),
    "frozen": _losing(lambda k: k.layers.Dense(2, kernel_regularizer="l2", trainable=False)),
}


def _misuse(k: Any, what: str) -> Any:
    class Forgets(k.layers.Layer):
        def __init__(self) -> None:
            self.units = 2

        def call(self, x: Any) -> Any:
            return x

    class Late(k.layers.Layer):
        def call(self, x: Any) -> Any:
            self.w = self.add_weight(shape=(2,))
            return x

    class Mine(k.layers.Dropout):
        def build(self, shape: Any) -> None:
            self.w = self.add_weight(shape=(shape[-1],), initializer="ones")

        def call(self, x: Any, training: bool = False) -> Any:
            return super().call(x, training=training) * self.w

    return {
        "super().__init__ forgotten": lambda: Forgets()(_X),
        "a weight made in call": lambda: len(Late()(_X) * 0),
        "no call": lambda: k.layers.Layer()(_X),
        "a number for an input": lambda: k.layers.Dense(2)(3),
        "a string": lambda: k.layers.Dense(2)("a"),
        "too many arguments": lambda: k.layers.Dense(2)(_X, _X, _X),
        "unknown argument": lambda: k.layers.Dense(2)(_X, bogus=1),
        "a subclass of Dropout with a build": lambda: [Mine(0.5).built, Mine(0.5)(_X)],
        "Wrapper of no layer": lambda: k.layers.Wrapper(3),
        "add_metric": lambda: k.layers.Layer().add_metric(1),
        "an axis of another length": lambda: (
            layer := k.layers.Dense(2),
            layer(_X),
            layer(_X[:, :2]),
        ),
        "count_params before building": lambda: k.layers.Dense(2).count_params(),
        "stateless_call before building": lambda: k.layers.Dense(2).stateless_call([], [], _X),
        "input before a call": lambda: k.layers.Dense(2).input,
        "a mixed nest": lambda: k.layers.Add()([_X, 3]),
        "an unknown policy": lambda: setattr(k.layers.Dense(2), "dtype_policy", "foo"),
        "no policy": lambda: k.config.set_dtype_policy(None),
        "a number as policy": lambda: k.config.set_dtype_policy(5),
    }[what]()


_MISUSES = (
    "super().__init__ forgotten",
    "a weight made in call",
    "no call",
    "a number for an input",
    "a string",
    "too many arguments",
    "unknown argument",
    "a subclass of Dropout with a build",
    "Wrapper of no layer",
    "add_metric",
    "an axis of another length",
    "count_params before building",
    "stateless_call before building",
    "input before a call",
    "a mixed nest",
    "an unknown policy",
    "no policy",
    "a number as policy",
)


def _lambda(**options: Any) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        layer = k.layers.Lambda(lambda x: x[0] * 2 if isinstance(x, list) else x * 2, **options)
        symbols = [k.KerasTensor((None, 3)), k.KerasTensor((None, 3))]
        return [
            layer(_X),
            layer([_X, _X]),
            attempt(lambda: layer(symbols[0])),
            attempt(lambda: layer(symbols)),
            attempt(lambda: layer.compute_output_shape((None, 3))),
            attempt(lambda: layer.compute_output_shape([(None, 3), (None, 3)])),
            layer.compute_mask(_X, None),
            layer.supports_masking,
        ]

    return code


_LAMBDAS = {
    "plain": _lambda(),
    "a shape": _lambda(output_shape=(1,)),
    "an empty shape": _lambda(output_shape=()),
    "a function of the shape": _lambda(output_shape=lambda shape: (7, 7)),
    "a mask": _lambda(mask=True),
    "a function of the mask": _lambda(mask=lambda x, mask: None),
}


def _adapted(data: Callable[[Any], Any], **options: Any) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        layer = k.layers.Normalization(**options)
        layer.adapt(data(k))
        return [
            layer.mean,
            layer.variance,
            layer(_DATA[:2]),
            told(layer),
            layer.get_config()["axis"],
        ]

    return code


_DATA = numbers((8, 3, 4))


_ADAPTS = {
    f"{what}, {options}": _adapted(data, **options)
    for options in (
        {},
        {"axis": None},
        {"axis": (1, 2)},
        {"axis": 1, "invert": True},
        {"axis": [-1, 1]},
    )
    for what, data in {
        "an array": lambda k: _DATA,
        "a tensor": lambda k: k.ops.convert_to_tensor(_DATA),
    }.items()
} | {
    "integers": _adapted(lambda k: (_DATA * 25).astype("int32")),
    "one float16 policy": _adapted(lambda k: _DATA, dtype="float16"),
}

CASES = [
    *_named("Layer.add_weight", _WEIGHTS),
    *_named("Layer.build", _BUILDS),
    *_named("Layer.mask", _MASKS),
    *_named("Layer.tracks", _HELD),
    *_named("Layer", {"attributes": _attributes, "input_spec": _specs, "trainable": _frozen}),
    *_named("Layer.set_weights", _SETS),
    *_named("Layer.losses", _LOSSES),
    *_named("Layer.misuse", {w: lambda k, w=w: _misuse(k, w) for w in _MISUSES}),
    *_named("Lambda", _LAMBDAS),
    *_named("Normalization.adapt", _ADAPTS),
]
