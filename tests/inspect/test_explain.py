"""explain: what it says is what happens, for every kind of model, and nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inspect.subjects import SUBJECTS, floats

import narae
from narae import layers, ops
from narae.base import trees
from narae.inspect import explain
from narae.inspect.explanation.phases import PHASES
from narae.inspect.explanation.statistics import statistics_of


@pytest.fixture(params=SUBJECTS)
def subject(request: pytest.FixtureRequest) -> Any:
    """A compiled model and its batch."""
    return SUBJECTS[request.param]()


def _variables(model: Any) -> Iterator[Any]:
    yield from model.variables
    yield from (v for metric in model.metrics for v in metric.variables)
    if model.optimizer is not None:
        yield from model.optimizer.variables


def _state(model: Any) -> dict[str, bytes]:
    return {f"{i} {v.path}": v.numpy().tobytes() for i, v in enumerate(_variables(model))}


def test_it_says_what_the_step_does_and_changes_nothing(subject: Any, own_executor: str) -> None:
    model, batch = subject
    found = explain(model, *batch)
    before = _state(model)
    again = explain(model, *batch)
    assert _state(model) == before
    assert _told(again) == _told(found)
    own = model.explain_plan(*batch[:2], step="train") if len(batch) == 2 else None
    if own is not None:
        assert [tuple(o.name for o in s.operations) for s in found.steps] == [
            row.operations for row in own.rows
        ]
    weights = {v.path: v.numpy() for v in model.trainable_variables}
    logs = model.train_on_batch(*batch, return_dict=True)
    assert {k: pytest.approx(v, 1e-4, 1e-6) for k, v in logs.items()} == found.results
    by_change = sorted(w.change for w in found.weights if w.change is not None and w.gradient_norm)
    real = [np.linalg.norm(v.numpy() - weights[v.path]) for v in model.trainable_variables]
    assert by_change == pytest.approx(sorted(real), 2e-2, 1e-6)


def _told(found: Any) -> list[Any]:
    return [
        (s.phase, s.layer, s.formula, s.statistics, s.gradient_norm, s.dead) for s in found.steps
    ]


def test_everything_has_its_place(subject: Any) -> None:
    model, batch = subject
    found = explain(model, *batch)
    assert {o.phase for o in found.operations} <= set(PHASES)
    assert {"forward", "loss", "backward", "update"} <= {o.phase for o in found.operations}
    assert sum(o.flops for s in found.steps for o in s.operations) == found.flops
    total = sum(n for layer in found.layers for n in layer.flops.values())
    assert total == found.flops + sum(o.flops for o in found.operations if not o.step)
    seconds = sum(t for layer in found.layers for t in layer.seconds.values())
    assert seconds == pytest.approx(sum(s.seconds for s in found.steps))
    paths = {layer.path for layer in found.layers}
    assert {o.layer for o in found.operations} == paths
    trained = [w for w in found.weights if w.gradient_norm is not None]
    assert len(trained) == len(model.trainable_variables)
    assert all(s.formula and s.seconds >= 0 and s.read + s.written for s in found.steps)
    for operation in found.operations:
        assert all(0 <= n < operation.number for n in operation.needs)
    forward = explain(model, batch[0])
    assert (forward.kind, {o.phase for o in forward.operations}) == ("predict", {"forward"})


def test_every_layer_that_computes_is_there() -> None:
    model, batch = SUBJECTS["cnn"]()
    found = explain(model, *batch)
    kinds = [layer.kind for layer in found.layers]
    assert kinds[:7] == [type(layer).__name__ for layer in model.layers]
    assert kinds[7:] == ["loss", "optimizer", "metrics"]
    shapes = {layer.kind: layer.shape for layer in found.layers}
    assert (shapes["Conv2D"], shapes["Flatten"], shapes["Dense"]) == ((5, 6, 6, 4), (5, 36), (5, 3))
    nested, batch = SUBJECTS["nested"]()
    paths = [layer.path for layer in explain(nested, *batch).layers]
    assert paths[:3] == ["inner/dense_1", "inner/dense_2", "add"]


@pytest.mark.parametrize("name", ["mlp", "cnn", "many_ends", "shared", "nested", "subclassed"])
def test_gradients_are_those_of_a_tape(name: str) -> None:
    model, batch = SUBJECTS[name]()
    found = explain(model, *batch)
    for layer in model._flatten_layers():
        if isinstance(layer, (layers.Dropout,)):
            layer.rate = 0.0
    if name == "cnn":
        found = explain(model, *batch)
    x, y = (trees.map_tree(ops.convert_to_tensor, part) for part in batch)
    with narae.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_weights)
    real = {
        v.path: float(np.linalg.norm(g))
        for v, g in zip(model.trainable_weights, gradients, strict=True)
    }
    told = {w.name: w.gradient_norm for w in found.weights if w.gradient_norm is not None}
    assert sorted(told.values()) == pytest.approx(sorted(real.values()), 1e-3, 1e-6)


def test_the_gradient_of_a_layers_output_is_that_of_a_tape() -> None:
    model, (x, y) = SUBJECTS["mlp"]()
    found = explain(model, x, y)
    first, second = model.layers
    hidden = first(x)
    with narae.GradientTape() as tape:
        tape.watch(hidden)
        loss = model.compute_loss(x, y, second(hidden))
    real = float(np.linalg.norm(tape.gradient(loss, hidden)))
    assert found.layers[0].gradient_norm == pytest.approx(real, 1e-4)
    (step,) = (s for s in found.steps if s.result == "dense")
    assert step.gradient_norm == pytest.approx(real, 1e-4)


def test_statistics_are_of_the_values() -> None:
    model, (x, y) = SUBJECTS["mlp"]()
    found = explain(model, x, y)
    model.layers[0].kernel.assign(model.layers[0].kernel.numpy() * 0)
    model.layers[0].bias.assign([1, -1, 1, -1, -1, -1, 1, 0])
    dead = explain(model, x, y).layers[0]
    assert dead.dead == 5 / 8
    assert (dead.statistics.min, dead.statistics.max, dead.statistics.zero_share) == (0, 1, 5 / 8)
    hidden = np.maximum(x @ model.layers[0].kernel.numpy(), 0)
    assert hidden.max() == 0
    assert found.layers[0].shape == (5, 8)
    assert found.layers[0].statistics.size == 40


def test_the_first_value_that_is_no_number_is_named() -> None:
    model = narae.Sequential(
        [
            narae.Input((2,)),
            layers.Dense(2, name="a"),
            layers.Lambda(lambda x: ops.log(x - 1e9), name="bad"),
            layers.Dense(1, name="c"),
        ]
    )
    found = explain(model, floats(4, 2))
    assert found.unsound[0].layer == "bad"
    assert (found.unsound[0].name, found.unsound[0].statistics.nans) == ("log", 8)
    assert {s.layer for s in found.unsound} == {"bad", "c"}


@pytest.mark.parametrize(
    ("make", "shape", "expected"),
    [
        (lambda: layers.Dense(7, use_bias=False), (5,), 2 * 3 * 5 * 7),
        (lambda: layers.Dense(7), (5,), 2 * 3 * 5 * 7 + 3 * 7),
        (lambda: layers.Conv2D(4, 3, use_bias=False), (6, 6, 2), 2 * 3 * (4 * 4 * 4) * (3 * 3 * 2)),
        (lambda: layers.Conv2D(4, 3, use_bias=False, groups=2), (6, 6, 2), 2 * 3 * (4 * 4 * 4) * 9),
        (lambda: layers.MaxPooling2D(2), (4, 4, 3), 3 * 2 * 2 * 3 * 4),
        (lambda: layers.Activation("relu"), (10,), 30),
        (lambda: layers.Flatten(), (4, 4), 0),
    ],
)
def test_flops_by_hand(make: Any, shape: tuple[int, ...], expected: int) -> None:
    model = narae.Sequential([narae.Input(shape), make()])
    assert explain(model, floats(3, *shape)).flops == expected


def test_bytes_by_hand(own_executor: str) -> None:
    model = narae.Sequential([narae.Input((5,)), layers.Dense(7, "relu")])
    steps = explain(model, floats(3, 5)).steps
    assert steps[-1].written == 4 * 3 * 7
    inner = 0 if len(steps) == 1 else 2 * 4 * 3 * 7  # what the product writes, and the sum reads
    assert sum(s.read + s.written for s in steps) == 4 * (3 * 5 + 5 * 7 + 7 + 3 * 7) + inner


def test_formulas_read_like_the_book() -> None:
    model, batch = SUBJECTS["mlp"]()
    model.compile("sgd", "mse")
    found = explain(model, batch[0], floats(5, 3))
    lines = [line for step in found.steps for line in step.formula.splitlines()]
    joined = "\n".join(lines)
    assert "max(x · dense/kernel + dense/bias, 0)" in joined
    assert "∇dense/kernel = xᵀ · " in joined
    assert "dense/kernel′ = dense/kernel − " in joined


def test_results_are_of_this_batch_alone() -> None:
    model, (x, y) = SUBJECTS["mlp"]()
    model.fit(x, y, epochs=2, verbose=0)  # the metrics have counted, the optimizer has moved
    found = explain(model, x, y)
    logs = model.train_on_batch(x, y, return_dict=True)
    assert {k: pytest.approx(v, 1e-4) for k, v in logs.items()} == found.results


def test_values_that_become_one_have_the_whole_gradient() -> None:
    x = narae.Input((3,))
    h = layers.Dense(4, name="h")(x)
    model = narae.Model(x, layers.Dense(1, name="out")(layers.Add()([h, ops.tanh(h * 1.0)])))
    model.compile("sgd", "mse")
    data, y = floats(5, 3), floats(5, 1)
    found = next(layer for layer in explain(model, data, y).layers if layer.path == "h")
    hidden = model.get_layer("h")(data)
    with narae.GradientTape() as tape:
        tape.watch(hidden)
        out = model.get_layer("out")(hidden + ops.tanh(hidden))
        loss = model.compute_loss(data, y, out)
    real = float(np.linalg.norm(tape.gradient(loss, hidden)))
    assert found.gradient_norm == pytest.approx(real, 1e-4)


numbers = st.lists(
    st.floats(width=32) | st.sampled_from([0.0, 1e-45, -3e-45, 1e38]), min_size=1, max_size=40
)


@given(numbers)
def test_statistics_are_numpy_s(values: list[float]) -> None:
    array = np.array(values, "float32")
    s = statistics_of(array)
    finite = array[np.isfinite(array)].astype(np.float64)
    assert (s.size, s.nans, s.infs) == (len(array), np.isnan(array).sum(), np.isinf(array).sum())
    assert (s.zeros, sum(s.histogram)) == ((finite == 0).sum(), finite.size)
    if finite.size:
        assert (s.min, s.max) == (finite.min(), finite.max())
        assert s.mean == pytest.approx(finite.mean())
        assert s.std == pytest.approx(finite.std(), rel=1e-3, abs=1e-3 * abs(finite).max())
    assert np.isfinite(array).all() == s.sound


def test_without_compile_it_says_so() -> None:
    model = narae.Sequential([narae.Input((2,)), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"compile\(\)"):
        explain(model, floats(3, 2), floats(3, 1))
    assert explain(model, floats(3, 2)).kind == "predict"


def test_a_loop_shows_its_body_and_what_a_round_takes() -> None:
    model, batch = SUBJECTS["recurrent"]()
    found = explain(model, *batch)
    loops = [step for step in found.steps if step.rounds]
    assert {step.phase for step in loops} == {"forward", "backward"}
    (first,) = (step for step in loops if step.phase == "forward")
    assert first.rounds == 7
    assert "each of 7 rounds, 672 bytes kept for the gradient:" in first.formula  # two states
    assert "[t-1] · " in first.formula  # the state that comes in, times the recurrent weights
    assert "a round" in str(found)
    # the cell is never called: its weights are the layer's
    kinds = [layer.kind for layer in found.layers]
    assert kinds == ["SimpleRNN", "Dense", "loss", "optimizer", "metrics"]
    assert [len(layer.weights) for layer in found.layers[:2]] == [3, 2]
