"""clone_model: the same structure with weights of its own, as Keras's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.alike import alike

import narae


def two(k: Any) -> Any:
    a, b = k.Input((3,), name="a"), k.Input((2,), name="b")
    h = k.layers.Dense(4, name="h")(k.layers.Concatenate()([a, b]))
    return k.Model([a, b], [k.layers.Dense(1, name="p")(h), h * 2], name="two")


def stack(k: Any) -> Any:
    return k.Sequential([k.Input((3,)), k.layers.Dense(2, name="d"), k.layers.ReLU()], name="q")


def state(model: Any) -> list[Any]:
    names = [layer.name for layer in model.layers]
    paths = [(w.path, tuple(w.shape)) for w in model.weights]
    return [type(model).__name__, model.name, names, paths, model.output_shape]


def plain(k: Any) -> Any:
    return [state(k.models.clone_model(make(k))) for make in (two, stack)]


def other_layers(k: Any) -> Any:
    def wider(layer: Any) -> Any:
        made = layer.__class__.from_config(layer.get_config())
        return k.layers.Dense(5, name="n") if isinstance(layer, k.layers.Dense) else made

    return state(k.models.clone_model(stack(k), clone_function=wider))


def other_inputs(k: Any) -> Any:
    inputs = [k.Input((3,), name="x"), k.Input((2,), name="y")]
    return state(k.models.clone_model(two(k), input_tensors=inputs))


def other_calls(k: Any) -> Any:
    def quiet(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return layer(*args, **kwargs)

    return state(k.models.clone_model(two(k), call_function=quiet))


def subclass(k: Any) -> Any:
    class Own(k.Model):
        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units

    return [type(k.models.clone_model(Own())).__name__, k.models.clone_model(Own()).units]


@pytest.mark.oracle
@pytest.mark.parametrize("code", [plain, other_layers, other_inputs, other_calls, subclass])
def test_it_is_keras_s(code: Any, keras: Any) -> None:
    alike(code, keras)


def test_a_clone_computes_alike_with_weights_of_its_own() -> None:
    model = two(narae)
    clone = narae.models.clone_model(model)
    data = [np.ones((2, 3), "float32"), np.ones((2, 2), "float32")]
    assert not np.allclose(clone(data)[0].numpy(), model(data)[0].numpy())
    clone.set_weights(model.get_weights())
    for got, want in zip(clone(data), model(data), strict=True):
        np.testing.assert_array_equal(got.numpy(), want.numpy())
    clone.layers[3].kernel.assign(np.zeros((5, 4)))
    assert model.layers[3].kernel.numpy().any()


def test_a_shared_layer_is_cloned_once() -> None:
    a, dense, made = narae.Input((3,)), narae.layers.Dense(3), []

    def noted(layer: Any) -> Any:
        made.append(type(layer).from_config(layer.get_config()))
        return made[-1]

    for model in (narae.Model(a, dense(dense(a))), narae.Sequential([a, dense, dense])):
        made.clear()
        assert len(narae.models.clone_model(model, clone_function=noted).weights) == 2
        assert len(made) == 1


def test_recursive_reaches_nested_layers() -> None:
    a = narae.Input((3,))
    model = narae.Model(a, stack(narae)(a))
    seen: list[str] = []

    def noted(layer: Any) -> Any:
        seen.append(layer.name)
        return type(layer).from_config(layer.get_config())

    narae.models.clone_model(model, clone_function=noted)
    narae.models.clone_model(model, clone_function=noted, recursive=True)
    assert seen == ["q", "d", "re_lu"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda: (3,), "takes a Model"),
        (lambda: (two(narae), [narae.Input((3,))]), r"has 2 input\(s\)"),
        (lambda: (stack(narae), None, None, print), "for functional models"),
        (lambda: (stack(narae), None, lambda layer: 3), "it gives layers"),
        (lambda: (narae.Model(), None, lambda layer: layer), "a call of its own"),
    ],
)
def test_what_it_refuses_says_why(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        narae.models.clone_model(*arguments())


def test_a_clone_is_compiled_as_the_model_is_with_a_state_of_its_own() -> None:
    metric = narae.metrics.MeanAbsoluteError(name="far")
    model = narae.Sequential([narae.Input((3,)), narae.layers.Dense(1)])
    model.compile(
        narae.optimizers.Adam(0.1), lambda t, p: narae.ops.mean(t - p), metrics=["mse", metric]
    )
    x, y = np.ones((4, 3), "float32"), np.zeros((4, 1), "float32")
    model.fit(x, y, verbose=0)
    clone = narae.models.clone_model(model)
    clone.set_weights(model.get_weights())
    assert clone.compiled
    assert clone.optimizer is not model.optimizer
    assert int(clone.optimizer.iterations.numpy()) == 0
    assert clone.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    assert metric not in clone._compile_state.metrics.metrics
    assert not narae.models.clone_model(narae.Sequential([narae.layers.Dense(1)])).compiled


def test_the_state_tree_is_assigned_as_it_was() -> None:
    model = narae.Sequential([narae.Input((3,)), narae.layers.Dense(1, name="d")], name="m")
    model.compile("adam", "mse", metrics=["mae"])
    x, y = np.ones((4, 3), "float32"), np.zeros((4, 1), "float32")
    model.fit(x, y, verbose=0)
    tree = model.get_state_tree("numpy_array")
    assert sorted(tree) == [
        "metrics_variables",
        "non_trainable_variables",
        "optimizer_variables",
        "trainable_variables",
    ]
    wanted = model.get_weights()
    model.fit(x, y, verbose=0)
    model.set_state_tree(tree)
    for got, want in zip(model.get_weights(), wanted, strict=True):
        np.testing.assert_array_equal(got, want)
    with pytest.raises(ValueError, match="Unknown kind of variables: 'weights'"):
        model.set_state_tree({"weights": {}})
    with pytest.raises(ValueError, match="m/d/kernl"):
        model.set_state_tree({"trainable_variables": {"m": {"d": {"kernl": 1.0}}}})


def test_a_compiled_model_gives_a_compiled_clone() -> None:
    """With an optimizer and metrics of its own; losses that are lambdas included."""
    import numpy as np

    x = np.ones((4, 3), "float32")
    for loss in ("mse", lambda a, b: narae.ops.mean((a - b) ** 2, -1)):
        inputs = narae.Input((3,))
        for model in (
            narae.Sequential([narae.Input((3,)), narae.layers.Dense(1)]),
            narae.Model(inputs, narae.layers.Dense(1)(inputs)),
        ):
            model.compile(narae.optimizers.Adam(0.25), loss, metrics=[narae.metrics.AUC()])
            model.fit(x, x[:, :1], verbose=0)
            clone = narae.models.clone_model(model)
            assert clone.compiled
            assert clone.optimizer is not model.optimizer
            assert float(clone.optimizer.learning_rate) == 0.25
            assert int(clone.optimizer.iterations) == 0
            clone.fit(x, x[:, :1], verbose=0)
            assert int(model.optimizer.iterations) == int(clone.optimizer.iterations) == 1
