"""Sequential: how it begins, grows, shrinks and is built, each law beside Keras."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.alike import alike

import narae
from narae import layers

X = np.arange(6, dtype="float32").reshape(2, 3)


def names(model: Any) -> list[str]:
    return [layer.name for layer in model.layers]


def weights(model: Any) -> list[Any]:
    return [(w.path, tuple(w.shape)) for w in model.weights]


def state(model: Any) -> list[Any]:
    return [model.built, names(model), weights(model), model.input_shape, model.output_shape]


def deferred(k: Any) -> Any:
    model = k.Sequential([k.layers.Dense(2)])
    before = [model.built, names(model), len(model.weights)]
    model(X)
    return [before, state(model), model(np.ones((7, 3))).shape, model.inputs[0]]


def built(k: Any) -> Any:
    model = k.Sequential([k.layers.Dense(2), k.layers.Dense(1)])
    model.build((None, 3))
    return state(model)


def given_by_the_first_layer(k: Any) -> Any:
    shape = k.Sequential([k.layers.Dense(2, input_shape=(3,)), k.layers.Dense(1)])
    width = k.Sequential([k.layers.Dense(2, input_dim=3), k.layers.Dense(1)])
    return [shape.input_shape, width.input_shape, names(width)]


def grows_and_shrinks(k: Any) -> Any:
    model = k.Sequential([k.Input((3,)), k.layers.Dense(2)])
    model.add(k.layers.Dense(4))
    out = [model.output_shape]
    out += [model.pop().name, names(model), model.output_shape]
    model.add(k.layers.Dense(7))
    return [*out, state(model), model(X).shape]


def grows_after_a_call(k: Any) -> Any:
    model = k.Sequential([k.layers.Dense(2)])
    model(X)
    model.add(k.layers.Dense(3))
    return [weights(model), model(X).shape]


def models_within(k: Any) -> Any:
    model = k.Sequential([k.Sequential([k.layers.Dense(2)]), k.layers.Dense(1)])
    model(X)
    return state(model)


def a_built_model_first(k: Any) -> Any:
    i = k.Input((3,))
    first = k.Model(i, k.layers.Dense(2)(i))
    stack = k.Sequential([k.Input((3,)), k.layers.Dense(2)])
    return [
        state(k.Sequential([first, k.layers.Dense(1)])),
        state(k.Sequential([stack, k.layers.Dense(1)])),
    ]


def one_layer_twice(k: Any) -> Any:
    dense = k.layers.Dense(3)
    model = k.Sequential([dense, dense])
    model(X)
    return [len(model.weights), model.count_params()]


def several_inputs(k: Any) -> Any:
    model = k.Sequential([k.layers.Add()])
    return [model([X, X]), len(model.weights)]


def its_tensors_make_models(k: Any) -> Any:
    model = k.Sequential([k.Input((3,)), k.layers.Dense(2, name="a"), k.layers.Dense(1)])
    part = k.Model(model.inputs, model.get_layer("a").output)
    return [part(X).shape, names(part), part.output, model.layers[1].input]


def called_on_a_symbol(k: Any) -> Any:
    model = k.Sequential([k.layers.Dense(2)])
    return [model(k.Input((3,))), model.built]


def of_integers(k: Any) -> Any:
    model = k.Sequential([k.Input((3,)), k.layers.Dense(2, kernel_initializer="ones")])
    return model(np.ones((2, 3), "int64"))


def a_column_without_its_axis(k: Any) -> Any:
    return k.Sequential([k.Input((1,)), k.layers.Rescaling(2.0)])(np.ones(3, "float32"))


def finds_layers(k: Any) -> Any:
    model = k.Sequential([k.Input((3,)), k.layers.Dense(2, name="a"), k.layers.Dense(1)])
    return [
        model.get_layer("a").name,
        model.get_layer(index=1).units,
        model.get_layer(index=-1).units,
    ]


def empty(k: Any) -> Any:
    return [k.Sequential().built, names(k.Sequential()), names(k.Sequential([k.Input((3,))]))]


def its_json(k: Any) -> Any:
    known = k.Sequential([k.Input((3,)), k.layers.Dense(2), k.layers.Dropout(0.3)], name="q")
    seen = k.Sequential([k.layers.Dense(2)], trainable=False)
    seen(X)
    written = [json.loads(m.to_json()) for m in (known, seen, k.Sequential([k.layers.Dense(2)]))]
    again = k.models.model_from_json(json.dumps(written[0]))
    return [written, state(again), again.name]


CODE = [
    *(
        deferred,
        built,
        given_by_the_first_layer,
        grows_and_shrinks,
        grows_after_a_call,
        models_within,
    ),
    *(a_built_model_first, one_layer_twice, several_inputs, its_tensors_make_models),
    *(called_on_a_symbol, of_integers, a_column_without_its_axis, finds_layers, empty, its_json),
]


@pytest.mark.oracle
@pytest.mark.parametrize("code", CODE, ids=lambda code: code.__name__)
def test_it_is_keras_s(code: Any, keras: Any) -> None:
    alike(code, keras)


def _stack() -> Any:
    return narae.Sequential([narae.Input((3,)), layers.Dense(2, name="dense_a")])


# what is done -> the error's class and a part of its message
REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda k: k.Sequential([k.layers.Dense]), ValueError, r"Dense\(\) makes one"),
    (lambda k: k.Sequential([k.ops.relu]), ValueError, r"layers.Lambda\(function\) makes one"),
    (lambda k: k.Sequential(["a"]), ValueError, "takes layers, got 'a'"),
    (
        lambda k: k.Sequential([k.layers.Dense(2, name="a"), k.layers.Dense(1, name="a")]),
        ValueError,
        "has a layer named 'a' already",
    ),
    (
        lambda k: k.Sequential([k.layers.Dense(2)(k.Input((3,)))]),
        ValueError,
        "takes layers, got <KerasTensor",
    ),
    (lambda k: k.Sequential()(X), ValueError, "has no layers: add some first"),
    (lambda k: k.Sequential().pop(), IndexError, "has no layer to take off"),
    (
        lambda k: k.Sequential([k.layers.Dense(2)]).input_shape,
        AttributeError,
        "has no input_shape before it is built",
    ),
    (lambda k: k.layers.Dense(2).output, AttributeError, "before it is called on a KerasTensor"),
    (
        lambda k: k.Sequential([k.Input((3,)), k.layers.Dense(2)])(np.ones((2, 4))),
        ValueError,
        r"takes data of shape \(None, 3\).*got shape \(2, 4\)",
    ),
    (
        lambda k: k.Sequential([k.Input((3,)), k.layers.Dense(2)])(np.ones((2, 3, 3))),
        ValueError,
        r"got shape \(2, 3, 3\)",
    ),
    (
        lambda k: k.Sequential([k.Input((3,)), k.layers.Dense(2)])([[1.0, 2.0, 3.0]]),
        ValueError,
        "convert it with np.array",
    ),
    (lambda k: k.Sequential().get_layer(), ValueError, "a name or an index"),
    (
        lambda k: k.Sequential([k.layers.Dense(1)]).get_layer(index=3),
        ValueError,
        "has 1 layers, there is no index 3",
    ),
    (
        lambda k: k.Sequential([k.layers.Dense(1, name="dense_a")]).get_layer("dens_a"),
        ValueError,
        "Did you mean 'dense_a'",
    ),
]


@pytest.mark.parametrize(("code", "kind", "message"), REFUSED)
def test_what_it_refuses_says_why(code: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        code(narae)


@pytest.mark.oracle
@pytest.mark.parametrize("code", [code for code, _, _ in REFUSED])
def test_keras_refuses_the_same(code: Any, keras: Any) -> None:
    alike(code, keras)


def test_an_input_comes_first() -> None:
    with pytest.raises(ValueError, match="an Input comes first"):
        narae.Sequential([layers.Dense(2), narae.Input((3,))])
    with pytest.raises(ValueError, match="needs an input shape"):
        narae.Sequential([layers.Dense(2)]).build()


def test_elements_that_fit_are_told() -> None:
    with pytest.raises(ValueError, match=r"the elements fit: reshape\(\(-1, 3\)\)"):
        _stack()(np.ones((2, 3, 1, 1)))
    with pytest.raises(ValueError, match="a batch axis is missing"):
        _stack()(np.ones(3))


def test_gradients_and_compiled_calls_agree_with_the_eager_one() -> None:
    model = _stack()
    wanted = model(X).numpy()
    np.testing.assert_allclose(narae.jit(lambda x: model(x))(X).numpy(), wanted, rtol=1e-6)
    with narae.GradientTape() as tape:
        loss = narae.ops.sum(model(X))
    kernel, bias = tape.gradient(loss, model.trainable_variables)
    np.testing.assert_allclose(kernel.numpy(), np.repeat(X.sum(0)[:, None], 2, 1))
    np.testing.assert_allclose(bias.numpy(), [2, 2])


@pytest.mark.parametrize("first", [(), (narae.Input((6, 2)),)], ids=["deferred", "with an Input"])
def test_other_lengths_than_the_first_data_s_go_through_layers_that_take_them(first: Any) -> None:
    x, longer = np.ones((4, 6, 2), "float32"), np.ones((2, 9, 2), "float32")
    model = narae.Sequential([*first, layers.Conv1D(3, 2, padding="same"), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, x[..., :1], verbose=0)
    assert model.predict(longer, verbose=0).shape == (2, 9, 1)
    assert model(longer).shape == (2, 9, 1)
    assert model.evaluate(longer, longer[..., :1], verbose=0) >= 0
    model.fit(longer, longer[..., :1], verbose=0)


def test_lengths_that_the_layers_do_not_take_are_told_as_the_input_s() -> None:
    model = narae.Sequential([narae.Input((6, 2)), layers.Flatten(), layers.Dense(1)])
    with pytest.raises(
        ValueError, match=r"takes data of shape \(None, 6, 2\).*got shape \(2, 9, 2\)"
    ):
        model.predict(np.ones((2, 9, 2), "float32"), verbose=0)


def test_symbols_are_held_to_the_lengths() -> None:
    model = narae.Sequential([narae.Input((6, 2)), layers.Dense(1)])
    with pytest.raises(ValueError, match="takes data of shape"):
        model(narae.Input((9, 2)))


def test_a_model_is_built_for_one_shape() -> None:
    model = narae.Sequential([layers.Dense(1)])
    model.build((None, 9))
    model.build((None, 9))
    with pytest.raises(ValueError, match="already been configured"):
        model.build((None, 7))


def test_a_layer_of_two_arguments_is_refused() -> None:
    class Two(narae.layers.Layer):
        def call(self, x: Any, y: Any) -> Any:
            return x + y

    with pytest.raises(ValueError, match="is called on one tensor"):
        narae.Sequential([narae.Input((3,)), Two()])
