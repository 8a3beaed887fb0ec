"""Functional models: structures, order, symbols, sharing, nesting; the same code on narae and on Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.alike import alike

import narae
from narae import layers

X = np.arange(6, dtype="float32").reshape(2, 3)
Y = X[:, :2]


def ones(model: Any) -> Any:
    """The model with weights that depend on their place only."""
    model.set_weights([np.full(w.shape, 0.1 * (i + 1)) for i, w in enumerate(model.get_weights())])
    return model


def state(model: Any) -> list[Any]:
    names = [layer.name for layer in model.layers]
    paths = [(w.path, tuple(w.shape)) for w in model.weights]
    return [names, paths, model.input_shape, model.output_shape, model.output_names, model.name]


def two(k: Any) -> Any:
    """Two inputs, two outputs."""
    a, b = k.Input((3,), name="a"), k.Input((2,), name="b")
    h = k.layers.Dense(4, name="h")(k.layers.Concatenate()([a, b]))
    return k.Model(
        [a, b], [k.layers.Dense(1, name="p")(h), k.layers.Dense(2, name="q")(h)], name="m"
    )


def several_inputs_and_outputs(k: Any) -> Any:
    model = ones(two(k))
    return [state(model), model([X, Y]), model({"a": X, "b": Y}), model.count_params()]


def dicts(k: Any) -> Any:
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    model = k.Model({"y": a, "x": b}, {"s": a + b, "d": a - b})
    out = model({"y": X, "x": X * 2})
    return [state(model), [out["s"], out["d"]]]


def dicts_given_lists(k: Any) -> Any:
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    return k.Model({"a": a, "b": b}, a - b)([X, X * 2])


def lists_of_one(k: Any) -> Any:
    a = k.Input((3,), name="a")
    model = k.Model([a], [a * 2])
    return [
        model(X),
        model([X]),
        model.input_shape,
        model.output,
        k.Model({"a": a}, a * 2).input_shape,
    ]


def nested_structures(k: Any) -> Any:
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    model = k.Model([a, {"z": b}], [(a + b), [a * b]])
    return [state(model), model([X, {"z": X}])]


def an_input_nobody_reads(k: Any) -> Any:
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    model = k.Model([a, b], a * 2)
    return [state(model), model([X, X])]


def an_input_as_output(k: Any) -> Any:
    a = k.Input((3,))
    return k.Model(a, a)(X)


def begins_in_the_middle(k: Any) -> Any:
    h = k.layers.Dense(4)(k.Input((3,)))
    model = ones(k.Model(h, k.layers.Dense(2, name="o")(h)))
    return [model(np.ones((2, 4), "float32")), [type(x).__name__ for x in model.layers]]


def shared(k: Any) -> Any:
    dense, a = k.layers.Dense(3, name="d"), k.Input((3,), name="a")
    model = ones(k.Model(a, dense(dense(a))))
    return [state(model), model(X), dense.input, dense.output]


def nested(k: Any) -> Any:
    a, i = k.Input((4,), name="a"), k.Input((4,), name="i")
    inner = k.Model(i, [k.layers.Dense(4, name="d")(i), i + 1], name="inner")
    stack = k.Sequential([k.layers.Dense(4), k.layers.ReLU()], name="s")
    model = ones(k.Model(a, inner(stack(inner(a)[1]))[0], name="m"))
    return [state(model), model(np.ones((2, 4), "float32"))]


def order_of_branches(k: Any) -> Any:
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    c, d = k.layers.Dense(3, name="c")(a), k.layers.Dense(3, name="d")(b)
    e = k.layers.Dense(3, name="e")(d)
    s = k.layers.Add(name="s")([e, c])
    t = k.layers.Multiply(name="t")([s, c])
    return state(k.Model([a, b], [t, k.layers.Dense(1, name="z")(d)]))


def residuals(k: Any) -> Any:
    x = a = k.Input((3,), name="a")
    for n in range(3):
        y = k.layers.ReLU(name=f"r{n}")(k.layers.Dense(3, name=f"d{n}")(x))
        x = k.layers.Add(name=f"s{n}")([x, y])
    model = ones(k.Model(a, x))
    return [state(model), model(X)]


def frozen_parts(k: Any) -> Any:
    a, part = k.Input((3,)), k.Sequential([k.layers.Dense(2)], name="part")
    model = k.Model(a, k.layers.Dense(1, name="o")(part(a)))
    part.trainable = False
    return [
        [w.path for w in model.trainable_weights],
        [w.path for w in model.non_trainable_weights],
    ]


def optional_inputs(k: Any) -> Any:
    class Maybe(k.layers.Layer):
        def call(self, x: Any, y: Any = None) -> Any:
            return x if y is None else x + y

    a, b = k.Input((3,), name="a"), k.Input((3,), name="b", optional=True)
    model = k.Model([a, b], Maybe()(a, b))
    return [model([X, None]), model([X, X])]


def masks(k: Any) -> Any:
    class Shown(k.layers.Layer):
        def call(self, x: Any, mask: Any = None) -> Any:
            return k.ops.zeros((1, 1)) if mask is None else k.ops.cast(mask, "float32")

    x = np.array([[[1, 1], [0, 0], [2.0, 2]]], "float32")
    y = np.array([[[1, 1], [0, 0], [0.0, 0]]], "float32")
    a, b, mask = k.Input((3, 2)), k.Input((3, 2)), k.layers.Masking()
    out = []
    for layer in (
        *(k.layers.Add(), k.layers.Concatenate(axis=1), k.layers.Concatenate(axis=-1)),
        *(k.layers.Subtract(), k.layers.Maximum()),
    ):
        out.append(k.Model([a, b], Shown()(layer([mask(a), mask(b)])))([x, y]))
        out.append(k.Model([a, b], Shown()(layer([mask(a), b])))([x, y]))
    for layer in (
        *(
            k.layers.Dense(2),
            k.layers.Dropout(0.5),
            k.layers.Activation("relu"),
            k.layers.Softmax(),
        ),
        *(k.layers.Lambda(lambda x: x), k.layers.UnitNormalization(), k.layers.Identity()),
        *(k.layers.Rescaling(2.0), k.layers.PReLU()),
    ):
        out.append(k.Model(a, Shown()(layer(mask(a))))(x))
    return out


def subclass_with_a_graph(k: Any) -> Any:
    class Graph(k.Model):
        def __init__(self, units: int, name: str = "g") -> None:
            a = k.Input((3,), name="a")
            super().__init__(
                inputs=a, outputs=k.layers.Dense(units, kernel_initializer="ones")(a), name=name
            )
            self.units = units

    class Twice(Graph):
        def call(self, x: Any) -> Any:
            return super().call(x) * 2

    return [state(Graph(2)), Graph(2)(X), Twice(2)(X), Graph(2).units]


CODE = [
    *(several_inputs_and_outputs, dicts, dicts_given_lists, lists_of_one, nested_structures),
    *(an_input_nobody_reads, an_input_as_output, begins_in_the_middle, shared, nested),
    *(order_of_branches, residuals, frozen_parts, optional_inputs, masks),
    subclass_with_a_graph,
]


@pytest.mark.oracle
@pytest.mark.parametrize("code", CODE, ids=lambda code: code.__name__)
def test_it_is_keras_s(code: Any, keras: Any) -> None:
    alike(code, keras)


# what is done with a symbol x of shape (None, 4, 3)
SYMBOLS: list[Any] = [
    *(
        lambda o, x: 1 - x,
        lambda o, x: 2 / (x + 1),
        lambda o, x: -(abs(x) ** 2),
        lambda o, x: x // 2 % 2,
    ),
    *(lambda o, x: x @ np.ones((3, 2), "float32"), lambda o, x: x > 1),
    *(
        lambda o, x: x[:, 0],
        lambda o, x: x[..., 1:],
        lambda o, x: x[:, None],
        lambda o, x: x[:, ::2, -1],
    ),
    *(lambda o, x: o.mean(x, axis=1), lambda o, x: o.sum(x, axis=(1, 2), keepdims=True)),
    *(lambda o, x: o.concatenate([x, x], axis=-1), lambda o, x: o.stack([x, x], 1)),
    *(lambda o, x: o.reshape(x, (-1, 12)), lambda o, x: o.transpose(x, (0, 2, 1))),
    *(lambda o, x: o.einsum("abc,abd->acd", x, x), lambda o, x: o.where(x > 2, x, 0.0)),
    *(
        lambda o, x: o.split(x, 2, axis=1)[1],
        lambda o, x: o.top_k(x, 2)[0],
        lambda o, x: o.argmax(x, -1),
    ),
    *(lambda o, x: o.cast(x, "int32"), lambda o, x: o.one_hot(o.cast(x[:, 0], "int32"), 5)),
    *(
        lambda o, x: o.shape(x)[1] * x,
        lambda o, x: o.squeeze(x[:, :1], 1),
        lambda o, x: o.std(x, axis=1),
    ),
]


@pytest.mark.oracle
def test_symbols_compute_as_tensors_do(keras: Any) -> None:
    def code(k: Any) -> Any:
        x = k.Input((4, 3))
        data = np.arange(24, dtype="float32").reshape(2, 4, 3)
        made = [use(k.ops, x) for use in SYMBOLS]
        return [made, k.Model(x, made)(data)]

    alike(code, keras)


# what is done -> the error's class and a part of its message
REFUSED: list[tuple[Any, type[Exception], str]] = [
    (
        lambda k: k.Model(k.Input((3,), name="a"), k.layers.Dense(1)(k.Input((3,), name="b"))),
        ValueError,
        r"depends on the input .*not among the model's inputs",
    ),
    (lambda k: k.Model(k.Input((3,)), 3), ValueError, "outputs are KerasTensors"),
    (lambda k: k.Model(X, X), ValueError, "inputs are KerasTensors"),
    (lambda k: two(k)([X]), ValueError, r"takes 2 input\(s\) \['a', 'b'\], got 1"),
    (lambda k: two(k)(X), ValueError, "got 1"),
    (lambda k: two(k)([X, Y, X]), ValueError, "got 3"),
    (lambda k: two(k)({"a": X}), ValueError, r"missing from the dict: \['b'\]"),
    (lambda k: two(k)([Y, X]), ValueError, r"for the input 'a', got shape \(2, 2\)"),
    (lambda k: two(k).set_weights(two(k).get_weights()[:-1]), ValueError, "was given 5"),
    (lambda k: two(k).set_weights([Y] * 6), ValueError, r"has shape \(5, 4\), the value given"),
    (lambda k: k.Input(3), ValueError, r"for one axis write \(3,\)"),
    (lambda k: k.Input((-1,)), ValueError, "at least 0"),
    (lambda k: k.Input(), ValueError, "give one of the two"),
    (lambda k: k.Input((3,), batch_shape=(None, 3)), ValueError, "give one of the two"),
    (lambda k: bool(k.Input((3,)) > 1), TypeError, "no truth value"),
]


@pytest.mark.parametrize(("code", "kind", "message"), REFUSED)
def test_what_it_refuses_says_why(code: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        code(narae)


@pytest.mark.oracle
def test_keras_refuses_the_same(keras: Any) -> None:
    for code, _, _ in REFUSED:
        alike(code, keras)


def test_a_missing_key_of_a_dict_is_told() -> None:
    a, b = narae.Input((3,), name="u"), narae.Input((3,), name="v")
    with pytest.raises(ValueError, match=r"missing from the dict: \['v'\]"):
        narae.Model({"u": a, "v": b}, a + b)({"u": X})
    with pytest.raises(ValueError, match="it is not optional"):
        narae.Model([a, b], a + b)([X, None])


def test_compiled_calls_and_gradients_agree_with_the_eager_one() -> None:
    model = ones(two(narae))
    wanted = [y.numpy() for y in model([X, Y])]
    for got, want in zip(narae.jit(lambda a, b: model([a, b]))(X, Y), wanted, strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)
    with narae.GradientTape() as tape:
        x = narae.ops.convert_to_tensor(X)
        tape.watch(x)
        loss = narae.ops.sum(model([x, Y])[1])
    weights = [layers_kernel.numpy() for layers_kernel in (model.weights[0], model.weights[4])]
    want = np.tile((weights[0] @ weights[1]).sum(1)[:3], (2, 1))
    np.testing.assert_allclose(tape.gradient(loss, x).numpy(), want, rtol=1e-5)


def test_batches_of_one_are_the_samples() -> None:
    model = ones(two(narae))
    whole = model([X, Y])[0].numpy()
    for i in range(2):
        part = model([X[i : i + 1], Y[i : i + 1]])[0].numpy()
        np.testing.assert_allclose(part, whole[i : i + 1], rtol=1e-6)


def test_layers_may_be_left_after_the_model_is_made() -> None:
    a = narae.Input((3,))
    model = narae.Model(a, layers.Dense(2)(a))
    layers.Dense(5)(model.output)  # another use of its symbols is no part of it
    assert [layer.name for layer in model.layers] == ["input_layer", "dense"]


class Shown(narae.layers.Layer):
    """Adds 1 where it is told to train, 2 where it is told not to."""

    def call(self, x: Any, training: bool | None = None) -> Any:
        return x + (0.0 if training is None else 1.0 if training else 2.0)


class ByDefault(narae.layers.Layer):
    """The same, told not to train by default."""

    def call(self, x: Any, training: bool = False) -> Any:
        return x + (1.0 if training else 2.0)


@pytest.mark.parametrize("kind", [Shown, ByDefault])
@pytest.mark.parametrize("mode", [True, False])
def test_what_a_layer_was_given_goes_before_the_mode_of_the_run(kind: type, mode: bool) -> None:
    """Keras 3.16 and Keras 2: model(x, training=...) and the loops do not override it."""
    a = narae.Input((3,))
    model = narae.Model(a, kind()(a, training=mode))
    outer = narae.Model(a, narae.Sequential([a, model])(a))
    model.compile("sgd", "mse")
    zeros, told = np.zeros((2, 3), "float32"), 1.0 if mode else 2.0
    for one in (model, outer, narae.models.clone_model(model)):
        for training in (None, True, False):
            np.testing.assert_array_equal(one(zeros, training=training), zeros + told)
        np.testing.assert_array_equal(one.predict(zeros, verbose=0), zeros + told)
    assert model.train_on_batch(zeros, zeros) == told**2


@pytest.mark.parametrize("kind", [Shown, ByDefault])
def test_a_layer_that_was_given_no_mode_takes_the_run_s(kind: type) -> None:
    a = narae.Input((3,))
    model = narae.Model(a, kind()(a))
    zeros = np.zeros((2, 3), "float32")
    for one in (model, narae.models.clone_model(model)):
        assert [float(one(zeros, training=t)[0, 0]) for t in (True, False)] == [1.0, 2.0]


def test_monte_carlo_dropout_drops_in_predict() -> None:
    a = narae.Input((50,))
    model = narae.Model(a, narae.layers.Dropout(0.5)(a, training=True))
    x = np.ones((4, 50), "float32")
    first, second = model.predict(x, verbose=0), model.predict(x, verbose=0)
    assert set(np.unique(first)) == {0.0, 2.0}
    assert (first != second).any()


def _named(*names: str) -> list[Any]:
    a = narae.Input((3,), name="i")
    return [a, [narae.layers.Dense(3, name=name)(a) for name in names]]


@pytest.mark.parametrize(
    "build",
    [
        lambda: narae.Model(*_named("d", "d")),
        lambda: narae.Model(*_named("i")),
        lambda: narae.Model([narae.Input((3,), name="i"), (b := narae.Input((3,), name="i"))], b),
        lambda: narae.Model(
            a := narae.Input((3,)),
            narae.Model(*_named("x"), name="m")(narae.Model(*_named("x"), name="m")(a)),
        ),
    ],
    ids=["layers", "an input and a layer", "inputs", "models"],
)
def test_two_of_one_name_are_refused(build: Any) -> None:
    """A file knows the layers by their names: with two of one it would be another model."""
    with pytest.raises(ValueError, match="is used 2 times in the model"):
        build()


def test_layers_of_nested_models_may_have_the_names_of_those_outside() -> None:
    a = narae.Input((3,), name="i")
    inner = narae.Sequential([narae.Input((3,), name="i"), narae.layers.Dense(3, name="d")])
    model = narae.Model(a, narae.layers.Dense(2, name="d")(inner(a)))
    assert model.count_params() == 12 + 8


def test_operations_and_paths() -> None:
    a = narae.Input((3,), name="i")
    model = narae.Model(a, narae.layers.Dense(2, name="d")(a) * 2 + 1, name="m")
    assert [op.name for op in model.operations] == ["i", "d", "multiply", "add"]
    assert [model.path, model.get_layer("d").path] == ["m", "d"]
    assert narae.layers.Dense(2).path is None
    with pytest.raises(AttributeError, match="is reserved"):
        model.layers = []
