"""A training program holds large weights by panels from step to step: nobody can tell but by the time."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae as keras
from narae import layers
from narae.executors.native import tuning
from narae.executors.native.jit import bounds
from narae.executors.native.lower import held
from narae.executors.shared.memory import Store

pytestmark = [
    pytest.mark.usefixtures("native"),
    pytest.mark.skipif(bounds.enabled(), reason="checked kernels hold weights as they are"),
]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 300)).astype("float32")
Y = RNG.integers(0, 5, 80)


@pytest.fixture(name="native")
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NARAE_EXECUTOR", "native")
    monkeypatch.setattr(tuning, "PASS_FROM", 1 << 16)


def _model(optimizer: Any = "rmsprop", width: int = 70, **kwargs: Any) -> Any:
    keras.utils.set_random_seed(1)
    first = layers.Dense(width, activation="relu", **kwargs)
    model = keras.Sequential([keras.Input((300,)), first, layers.Dense(5)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss)
    return model


def _forms(model: Any) -> int:
    """How many matrices the model's programs hold."""
    gc.collect()
    stores = {id(v.store) for v in (*model.variables, *model.optimizer.variables)}
    return sum(store in stores for store, _ in held._forms)


def _all(model: Any) -> list[np.ndarray]:
    return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]


def _way(model: Any) -> list[Any]:
    """Batches of two sizes, steps alone, an assignment between, and what all of it gives."""
    history = model.fit(X, Y, batch_size=32, epochs=2, verbose=0, validation_data=(X[:9], Y[:9]))
    found: list[Any] = [history.history, model.train_on_batch(X[:32], Y[:32]), _all(model)]
    model.set_weights([w * 0.5 for w in model.get_weights()])
    found += [model.evaluate(X, Y, verbose=0), model.train_on_batch(X[:32], Y[:32])]
    return [*found, _all(model), model.predict(X, verbose=0)]


_OPTIMIZERS: dict[str, tuple[Callable[[], Any], int]] = {
    "SGD": (lambda: keras.optimizers.SGD(0.01), 1),
    "momentum": (lambda: keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True), 2),
    "RMSprop": (lambda: keras.optimizers.RMSprop(weight_decay=0.01), 2),
    "Adam": (lambda: keras.optimizers.Adam(amsgrad=True), 4),
}


@pytest.mark.parametrize("name", _OPTIMIZERS)
@pytest.mark.parametrize("width", [64, 70])
def test_bits_are_those_of_weights_as_they_are(
    name: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, matrices = _OPTIMIZERS[name]
    model = _model(make(), width)
    given = _way(model)
    assert _forms(model) == matrices
    monkeypatch.setattr(tuning, "HELD", 0)
    model = _model(make(), width)
    ordinary = _way(model)
    assert _forms(model) == 0
    keras.tree.map_structure(np.testing.assert_array_equal, given, ordinary)


def test_each_way_to_read_gives_the_newest_numbers() -> None:
    model = _model()
    kernel = model.layers[0].kernel
    before = kernel.numpy()
    for read in (
        lambda: kernel.numpy(),
        lambda: kernel.value.numpy(),
        lambda: np.asarray(kernel),
        lambda: model.get_weights()[0],
        lambda: copy.deepcopy(kernel).numpy(),
        lambda: keras.ops.convert_to_numpy(kernel + 0.0),
        lambda: keras.models.clone_model(model).set_weights(model.get_weights()) or kernel.numpy(),
    ):
        model.train_on_batch(X[:32], Y[:32])
        read_now = read()
        assert (read_now != before).any()
        np.testing.assert_array_equal(read_now, kernel.numpy())
        before = read_now


def test_callbacks_see_and_give_weights() -> None:
    seen: list[np.ndarray] = []

    class Halve(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            kernel = self.model.layers[0].kernel
            seen.append(kernel.numpy())
            kernel.assign(kernel * 0.0)

    model = _model(keras.optimizers.SGD(0.0))
    first = model.layers[0].kernel.numpy()
    model.fit(X, Y, batch_size=32, epochs=2, verbose=0, callbacks=[Halve()])
    np.testing.assert_array_equal(seen[0], first)  # nothing is learned
    assert not seen[1].any()  # and the second epoch began with what was assigned


@pytest.mark.parametrize(
    "other",
    [
        {"kernel_regularizer": "l2"},  # the loss reads the weight
        {"kernel_constraint": keras.constraints.UnitNorm()},  # sums of its columns
    ],
)
def test_weights_that_something_else_reads_stay_as_they_are(other: dict[str, Any]) -> None:
    model = _model(**other)
    model.fit(X, Y, batch_size=32, verbose=0)
    assert _forms(model) == 0


def test_the_plan_says_how_much_memory_it_is() -> None:
    model = _model(width=96)
    programs = model.explain_plan(X[:32], Y[:32]).programs
    assert max(program.laid_out for program in programs) == 2 * 4 * 300 * 96


@pytest.mark.parametrize("shape", [(3, 48), (5, 50), (7, 96), (2, 5)])
def test_panels_hold_all_numbers(shape: tuple[int, int]) -> None:
    store = Store(RNG.normal(size=shape).astype("float32"))
    form = held.Form(store, 48)
    value = store.array.copy()
    form.bring()
    form.mark()
    assert store.form is form
    store.array[:] = 0
    np.testing.assert_array_equal(store.host(), value)
    store.write(2 * value)
    assert store.form is None
    form.bring()
    np.testing.assert_array_equal(form.fetch(), 2 * value)


def test_all_is_free_when_the_model_is() -> None:
    model = _model()
    model.fit(X, Y, batch_size=32, verbose=0)
    forms = [weakref.ref(form) for form in held._forms.values()]
    assert forms
    del model
    gc.collect()  # models have cycles of their own
    assert all(form() is None for form in forms)


def test_a_store_and_its_form_are_no_cycle() -> None:
    store = Store(np.ones((4, 50), np.float32))
    form = held.Form(store, 48)
    form.mark()
    seen = weakref.ref(store)
    del store, form
    assert seen() is None
