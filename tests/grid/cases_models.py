"""Model, Functional and Sequential: what they are made of, called with, and tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.grid import Case

_rng = np.random.default_rng(0)
X = _rng.normal(size=(8, 3)).astype("float32")
Y = _rng.normal(size=(8, 1)).astype("float32")
LONG, LONGER = (_rng.normal(size=s).astype("float32") for s in ((4, 6, 2), (2, 9, 2)))


def _filled(model: Any) -> Any:
    for i, v in enumerate(model.weights):
        v.assign(np.full(v.shape, 0.1 * (i + 1), "float32"))
    return model


def _two(k: Any, first: str = "a", second: str = "b") -> Any:
    i = k.Input((3,), name="i")
    return k.Model(i, [k.layers.Dense(1, name=first)(i), k.layers.Dense(1, name=second)(i)])


def _of(inputs: Any, call: Any) -> Callable[[Any], Any]:
    """A model that takes the second of two inputs from the first, called on something."""

    def code(k: Any) -> Any:
        given = inputs(k)
        flat = list(given.values()) if isinstance(given, dict) else list(given)
        model = k.Model(given, flat[0] - flat[1])
        return [
            model(call),
            model.input_shape,
            model.output_shape,
            sorted(t.name for t in model.inputs),
        ]

    return code


def _inputs(*names: str) -> Callable[[Any], Any]:
    return lambda k: [k.Input((3,), name=name) for name in names]


def _keyed(*names: str) -> Callable[[Any], Any]:
    return lambda k: {name: k.Input((3,), name=name) for name in names}


def _alone(call: Any, shape: tuple[int, ...] = (3,), **options: Any) -> Callable[[Any], Any]:
    """A model of one input, called on something."""

    def code(k: Any) -> Any:
        i = k.Input(shape, name="i", **options)
        return k.Model(i, i * 2)(call)

    return code


def _same_names(kind: str) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        i, layers = k.Input((3,), name="i"), k.layers
        if kind == "inputs":
            j = k.Input((3,), name="i")
            model = k.Model([i, j], i + j)
        elif kind == "input and layer":
            model = k.Model(i, layers.Dense(2, name="i")(i))
        elif kind == "layers":
            model = _two(k, "d", "d")
        elif kind == "nested":
            inner = k.Sequential([k.Input((3,)), layers.Dense(3, name="d")])
            model = k.Model(i, layers.Dense(2, name="d")(inner(i)))
        elif kind == "models":
            inner, other = (k.Sequential([k.Input((3,)), layers.Dense(3)], name="s") for _ in "ab")
            model = k.Model(i, other(inner(i)))
        else:
            model = k.Model([i, i], layers.Add()([i, i]))
        return len(model.layers)

    return code


def _stack(k: Any, *layers: Any) -> Any:
    return k.Sequential([make(k.layers) for make in layers])


def _conv(layers: Any) -> Any:
    return layers.Conv1D(3, 2, padding="same")


def _dense(layers: Any) -> Any:
    return layers.Dense(2)


def _lengths(first: bool, *rest: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A Sequential model that saw one length, on another."""

    def code(k: Any) -> Any:
        begin = [k.Input((6, 2))] if first else []
        model = k.Sequential([*begin, *(make(k.layers) for make in rest)])
        model(LONG)
        return [_filled(model)(LONGER), model.predict(LONGER, verbose=0), model.input_shape]

    return code


def _attribute(name: str) -> Case:
    return Case(f"models.Sequential(unbuilt).{name}", lambda k: getattr(_stack(k, _dense), name))


def _built(*shapes: Any) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        model = _stack(k, _dense)
        for shape in shapes:
            model.build(shape)
        return [model.input_shape, model.output_shape, model.built]

    return code


def _modes(**given: Any) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        i = k.Input((3,))
        model = k.Model(i, k.layers.Dropout(0.5, seed=1)(i, **given))
        drops = [
            bool((k.ops.convert_to_numpy(model(X, training=t)) != X).any()) for t in (True, False)
        ]
        return [drops, bool((model.predict(X, verbose=0) != X).any())]

    return code


def _compiled(k: Any) -> Any:
    model = _filled(k.Sequential([k.Input((3,)), k.layers.Dense(1, name="d")], name="s"))
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0)
    return model


def _clone(k: Any) -> Any:
    model = _compiled(k)
    clone = k.models.clone_model(model)
    logs = _filled(clone).evaluate(X, Y, verbose=0, return_dict=True)
    iterations = int(k.ops.convert_to_numpy(clone.optimizer.iterations))
    return [clone.compiled, clone.optimizer is model.optimizer, iterations, sorted(logs.items())]


def _tree(k: Any) -> Any:
    tree = _compiled(k).get_state_tree("numpy_array")
    return {key: value for key, value in tree.items() if key != "metrics_variables"}


def _jit(**options: Any) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        model = _two(k)
        model.compile("sgd", "mse", **options)
        return [model.jit_compile, model.run_eagerly, model.get_compile_config()["jit_compile"]]

    return code


def _code(name: str, code: Callable[[Any], Any], warnings: bool = True) -> Case:
    return Case(f"models.{name}", code, warnings=warnings)


def _setting_layers(k: Any) -> None:
    _two(k).layers = []


def _popped(k: Any) -> Any:
    model = k.Sequential([k.Input((3,)), k.layers.Dense(2, name="a"), k.layers.Dense(1)])
    taken = model.pop()
    return [taken.name, model.output_shape, len(model.layers)]


def _paths(k: Any) -> Any:
    i = k.Input((3,), name="i")
    inner = k.Sequential([k.Input((3,)), k.layers.Dense(2, name="q")], name="n")
    model = k.Model(i, k.layers.Dense(2, name="d")(inner(i)) * 2 + 1, name="m")
    return [
        [op.name for op in model.operations],
        [layer.name for layer in model.layers],
        [v.path for v in model.weights],
        [model.path, model.get_layer("d").path, inner.path, inner.layers[0].path],
    ]


CASES = [
    *(_code(f"Model(two of one name: {kind})", _same_names(kind)) for kind in (
        "inputs", "input and layer", "layers", "nested", "models", "one input twice")),
    _code("Model(list)(list)", _of(_inputs("q", "p"), [X, 2 * X])),
    _code("Model(list)(tuple)", _of(_inputs("q", "p"), (X, 2 * X))),
    _code("Model(list)(dict)", _of(_inputs("q", "p"), {"q": X, "p": 2 * X})),
    _code("Model(list)(dict with more)", _of(_inputs("q", "p"), {"q": X, "p": X, "z": X})),
    _code("Model(list)(dict with less)", _of(_inputs("q", "p"), {"q": X})),
    _code("Model(list)(one)", _of(_inputs("q", "p"), X)),
    _code("Model(dict)(dict)", _of(_keyed("p", "q"), {"p": X, "q": 2 * X})),
    _code("Model(dict)(dict with more)", _of(_keyed("p", "q"), {"p": X, "q": X, "z": X})),
    _code("Model(dict)(dict with less)", _of(_keyed("p", "q"), {"p": X})),
    _code("Model(dict)(list)", _of(_keyed("p", "q"), [X, 2 * X])),
    _code("Model(dict against the alphabet)(list)", _of(_keyed("q", "p"), [X, 2 * X])),
    _code("Model(one)(dict)", _alone({"i": X})),
    _code("Model(one)(list)", _alone([X])),
    _code("Model(one)(an axis more)", _alone(X[:, :, None])),
    _code("Model(one)(an axis less)", _alone(X, (3, 1))),
    _code("Model(one)(two axes more)", _alone(X[:, :, None, None])),
    _code("Model(one)(another length)", _alone(X, (4,))),
    _code("Model(integers)(floats)", _alone(X * 10, dtype="int32")),
    _code("Model(key of another name)", lambda k: k.Model({"p": (i := k.Input((3,), name="x1"))}, i * 2)({"p": X})),
    _code("Model(numbers)", lambda k: k.Model(X, X)),
    _code("Model(None among the outputs)", lambda k: k.Model(i := k.Input((3,)), [i * 2, None])),
    _code("Model(an input too few)", lambda k: k.Model(k.Input((3,)), k.Input((3,)) * 2)),
    _code("Model(trainable=False)", lambda k: len(
        k.Model(i := k.Input((3,)), k.layers.Dense(2)(i), trainable=False).trainable_weights)),
    _code("Model.operations, path", _paths),
    _code("Model.layers = []", _setting_layers),
    *(
        _code(f"Model.get_layer({name!r}, {index!r})", lambda k, n=name, i=index: _two(k).get_layer(n, i).name)
        for name, index in [("a", None), (None, 1), (None, -1), (None, 9), (None, None), ("a", 1), ("z", None)]
    ),
    *(_code(f"layer(training={mode})", _modes(training=mode)) for mode in (True, False, None)),
    *(_code(f"compile({name})", _jit(**options)) for name, options in {
        "": {}, "run_eagerly=True": {"run_eagerly": True}, "jit_compile=False": {"jit_compile": False},
        "jit_compile=True": {"jit_compile": True},
        "run_eagerly=True, jit_compile=True": {"run_eagerly": True, "jit_compile": True}}.items()),
    _code("get_state_tree()", _tree),
    _code("get_state_tree('x')", lambda k: _compiled(k).get_state_tree("x")),
    _code("set_state_tree(other)", lambda k: _compiled(k).set_state_tree({"zz": {}})),
    _code("clone_model(compiled)", _clone),
    _code("clone_model(another nest)", lambda k: k.models.clone_model(
        k.Model((d := _keyed("p", "q")(k)), d["p"] - d["q"]), input_tensors=_inputs("a", "b")(k))),
    _code("metrics before the first batch", lambda k: _two(k).get_compile_config()),
    _code("get_metrics_result() too early", lambda k: (
        (m := k.Sequential([k.layers.Dense(1)])).compile("sgd", "mse", metrics=["mae"]), m.get_metrics_result())),
    _code("fit before compile", lambda k: _two(k).fit(X, Y)),
    _code("evaluate before compile", lambda k: _two(k).evaluate(X, Y)),
    _code("train_on_batch before compile", lambda k: _two(k).train_on_batch(X, Y)),
    *map(_attribute, ("inputs", "outputs", "input_shape", "output_shape", "input", "output", "layers")),
    _code("Sequential(other lengths)", _lengths(False, _conv, _dense)),
    _code("Sequential(other lengths, Input)", _lengths(True, _conv, _dense)),
    _code("Sequential(other lengths, pooled)", _lengths(False, _conv, lambda la: la.GlobalAveragePooling1D())),
    _code("Sequential(other lengths, flat)", _lengths(False, lambda la: la.Flatten(), _dense)),
    _code("Sequential(a symbol of another length)", lambda k: k.Sequential(
        [k.Input((6, 2)), k.layers.Dense(2)])(k.Input((9, 2)))),
    _code("Sequential.build()", _built((None, 9, 2))),
    _code("Sequential.build() twice", _built((None, 9, 2), (None, 9, 2))),
    _code("Sequential.build() anew", _built((None, 9, 2), (None, 7, 2))),
    _code("Sequential()(x)", lambda k: k.Sequential()(X)),
    _code("Sequential().build()", lambda k: k.Sequential().build((None, 2))),
    _code("Sequential().pop()", lambda k: k.Sequential().pop()),
    _code("Sequential.pop()", _popped),
    _code("Sequential([3])", lambda k: k.Sequential([3])),
    _code("Sequential([class])", lambda k: k.Sequential([k.layers.Dense])),
    _code("Sequential([function])", lambda k: k.Sequential([lambda x: x])),
    _code("Sequential(two Inputs)", lambda k: k.Sequential([k.Input((3,)), k.Input((3,))])),
    _code("Sequential(an Input late)", lambda k: len(k.Sequential([k.layers.Dense(1), k.Input((3,))]).layers)),
    _code("Sequential(a layer twice)", lambda k: len(
        k.Sequential([k.Input((3,)), d := k.layers.Dense(3), d]).layers)),
    _code("Sequential(one name twice)", lambda k: k.Sequential(
        [k.layers.Dense(3, name="d"), k.layers.Dense(3, name="d")])),
    _code("Sequential(a model first)", lambda k: [
        (m := k.Sequential([k.Sequential([k.Input((3,)), k.layers.Dense(2)]), k.layers.Dense(1)])).built,
        m.output_shape]),
]  # fmt: skip
