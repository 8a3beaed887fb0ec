"""Errors show the lines of whoever calls narae, what they misspelt, and an ending that does not fit its loss."""

from __future__ import annotations

import inspect
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops

X, Y = np.ones((8, 4), "float32"), np.zeros((8, 1), "float32")


def _model() -> Any:
    model = narae.Sequential([narae.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def _looked_up(index: np.ndarray) -> Any:
    answer = narae.compile_inference(
        narae.Sequential([narae.Input((1,), dtype="int32"), layers.Embedding(3, 2)])
    )
    answer(np.zeros_like(index))
    return answer(index)


class Fails(layers.Layer):
    """A user's layer with a fault."""

    def call(self, x: Any) -> Any:
        return ops.matmul(x, x)


CALLS: dict[str, Callable[[], Any]] = {
    "fit": lambda: _model().fit(X[:, :2], Y, verbose=0),
    "samples": lambda: _model().fit(X, Y[:3]),
    "evaluate": lambda: _model().evaluate(X[:, :2], Y, verbose=0),
    "predict": lambda: _model().predict(X[0], verbose=0),
    "train_on_batch": lambda: _model().train_on_batch(X[:, :2], Y),
    "predict_on_batch": lambda: _model().predict_on_batch(X[:, :2]),
    "compile": lambda: _model().compile("adma"),
    "call": lambda: layers.Dense(3)(np.float32(1)),
    "a model": lambda: _model()(X[:, :2]),
    "a frozen model": lambda: narae.compile_inference(_model())(X[:, :2]),
    "a frozen model's own program": lambda: _looked_up(np.array([[1], [2], [9]])),
    "compile_inference": lambda: narae.compile_inference(narae.Sequential([layers.Dense(1)])),
    "save": lambda: _model().save("model.odd"),
    "load": lambda: narae.models.load_model("nowhere.keras"),
    "load_weights": lambda: _model().load_weights("nowhere.weights.h5"),
    "set_weights": lambda: _model().set_weights([1]),
    "get_layer": lambda: _model().get_layer("hidden"),
    "an operation": lambda: ops.reshape(X, (3, 3)),
    "within operations": lambda: ops.relu("a"),
    "a loss": lambda: narae.losses.MeanSquaredError()(X, X[:, :3]),
    "a metric": lambda: narae.metrics.Accuracy().update_state(X, X[:3]),
    "a tape": lambda: narae.GradientTape().gradient(1, 2),
    "assign": lambda: narae.Variable(X).assign(X[:2]),
    "a library's error": lambda: _model().summary(line_length="x"),
}


def _files(error: BaseException) -> list[str]:
    return [line.filename for line in traceback.extract_tb(error.__traceback__)]


@pytest.mark.parametrize("name", CALLS)
def test_tracebacks_have_the_lines_of_users_alone(name: str) -> None:
    with pytest.raises(Exception) as caught:
        CALLS[name]()
    one: BaseException | None = caught.value
    while one is not None:
        assert set(_files(one)) <= {__file__}
        one = one.__cause__ or one.__context__
    narae.config.disable_traceback_filtering()
    try:
        with pytest.raises(type(caught.value)) as whole:
            CALLS[name]()
    finally:
        narae.config.enable_traceback_filtering()
    assert any("narae" in file for file in _files(whole.value))


def test_lines_of_users_within_narae_stay() -> None:
    model = narae.Sequential([Fails()])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError) as caught:
        model.fit(X, Y, verbose=0)
    found = traceback.extract_tb(caught.value.__traceback__)
    assert [line.name for line in found] == ["test_lines_of_users_within_narae_stay", "call"]
    assert "ops.matmul(x, x)" in str(found[-1].line)


def test_errors_of_users_keep_the_lines_that_they_lead_to() -> None:
    class Asks(layers.Layer):
        def call(self, x: Any) -> Any:
            return np.linalg.inv(np.ones((2, 3)))

    with pytest.raises(np.linalg.LinAlgError) as caught:
        Asks()(X)
    assert "linalg" in _files(caught.value)[-1]


_METHODS = ("fit", "evaluate", "predict", "compile", "save", "summary", "get_layer")


def _misspelt() -> Iterator[Any]:
    for method in _METHODS:
        parameters = inspect.signature(getattr(narae.Model, method)).parameters.values()
        for p in parameters:
            if len(p.name) > 4 and p.kind is p.POSITIONAL_OR_KEYWORD:
                yield pytest.param(method, p.name, id=f"{method} {p.name}")


@pytest.mark.parametrize(("method", "argument"), list(_misspelt()))
def test_a_misspelt_argument_is_told_the_nearest(method: str, argument: str) -> None:
    wrong = argument[0] + argument[2] + argument[1] + argument[3:]  # two letters changed places
    if wrong == argument:
        wrong = argument[:-1]
    required = {"save": ["model.keras"]}.get(method, [])
    with pytest.raises((TypeError, ValueError), match=f"Did you mean '{argument}'"):
        getattr(_model(), method)(*required, **{wrong: None})


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("from narae.layers import Dens", "Dense"),
        ("from narae.ops import matmull", "matmul"),
        ("from narae import Sequentia", "Sequential"),
        ("from narae.optimizers.schedules import CosineDecoy", "CosineDecay"),
    ],
)
def test_an_import_of_a_name_says_what_its_attribute_says(line: str, meant: str) -> None:
    with pytest.raises(ImportError, match=f"Did you mean '{meant}'"):
        exec(line)


_ENDINGS = {
    "twice": (
        lambda: [layers.Dense(3, activation="softmax")],
        lambda: narae.losses.SparseCategoricalCrossentropy(from_logits=True),
        "leave softmax out",
    ),
    "logits": (
        lambda: [layers.Dense(3)],
        lambda: "sparse_categorical_crossentropy",
        "activation='softmax'",
    ),
    "one logit": (lambda: [layers.Dense(1)], lambda: "binary_crossentropy", "'sigmoid'"),
}


@pytest.mark.parametrize("name", _ENDINGS)
def test_an_ending_that_does_not_fit_its_loss_is_told_once(name: str) -> None:
    made, loss, said = _ENDINGS[name]
    model = narae.Sequential([narae.Input((4,)), *made()])
    model.compile("sgd", loss())
    labels = np.zeros(8, "int32")
    with pytest.warns(UserWarning, match=said) as caught:
        model.fit(X, labels, verbose=0)
    assert [one.filename for one in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, labels, verbose=0)


@pytest.mark.parametrize(
    ("made", "loss"),
    [
        (lambda: [layers.Dense(3, activation="softmax")], "sparse_categorical_crossentropy"),
        (lambda: [layers.Dense(3), layers.Softmax()], "sparse_categorical_crossentropy"),
        (lambda: [layers.Dense(3), layers.Reshape((3,))], "sparse_categorical_crossentropy"),
        (lambda: [layers.Dense(1)], narae.losses.BinaryCrossentropy(from_logits=True)),
        (lambda: [layers.Dense(1)], "mse"),
    ],
)
def test_endings_that_fit_or_say_nothing_are_not_told(made: Any, loss: Any) -> None:
    model = narae.Sequential([narae.Input((4,)), *made()])
    model.compile("sgd", loss)
    model.fit(X, np.zeros(8, "int32"), verbose=0)


@pytest.mark.parametrize(
    ("shape", "said"),
    [((8, 28, 28), r"x\[..., None\]"), ((28, 28, 1), "a batch axis missing")],
)
def test_a_missing_axis_is_named(shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        layers.Conv2D(2, 3)(np.ones(shape, "float32"))
