"""Optimizers take the steps that Keras's take, eagerly and in a compiled step; and say what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae import Variable, ops, optimizers
from narae.engine.jit import jit

_SCHEDULES = {
    "exponential": ("ExponentialDecay", (0.1, 10, 0.5)),
    "staircase": ("ExponentialDecay", (0.1, 10, 0.5, True)),
    "inverse": ("InverseTimeDecay", (0.1, 10, 0.5)),
    "restarts": ("CosineDecayRestarts", (0.1, 7)),
    "even restarts": ("CosineDecayRestarts", (0.1, 7, 1.0, 0.8)),
    "polynomial": ("PolynomialDecay", (0.1, 9)),
    "cycle": ("PolynomialDecay", (0.1, 9, 0.01, 2.0, True)),
    "cosine": ("CosineDecay", (0.1, 20)),
    "warm-up": ("CosineDecay", (0.0, 20, 0.1, "c", 0.1, 5)),
    "piecewise": ("PiecewiseConstantDecay", ([5, 9], [0.1, 0.05, 0.01])),
}
_ROWS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("Nadam", {}),
    ("Adamax", {}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("Adafactor", {}),
    ("Adafactor", {"relative_step": False}),
    ("Ftrl", {}),
    (
        "Ftrl",
        {
            "l1_regularization_strength": 0.01,
            "l2_shrinkage_regularization_strength": 0.01,
            "beta": 0.1,
        },
    ),
    ("Lion", {}),
    ("Lamb", {}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None}),
    ("Adam", {"use_ema": True}),
    ("Adam", {"use_ema": True, "ema_overwrite_frequency": 3}),
    ("Adam", {"gradient_accumulation_steps": 3}),
    ("Adam", {"gradient_accumulation_steps": 3, "use_ema": True, "weight_decay": 0.01}),
    ("SGD", {"clipnorm": 0.5}),
    ("SGD", {"clipvalue": 0.1}),
    ("SGD", {"global_clipnorm": 0.5}),
    ("SGD", {"weight_decay": 0.1}),
    ("SGD", {"loss_scale_factor": 4.0}),
    *(("SGD", {"learning_rate": name}) for name in _SCHEDULES),
]


def _made(module: Any, name: str, options: dict[str, Any]) -> Any:
    rate = options.get("learning_rate")
    if rate in _SCHEDULES:
        kind, args = _SCHEDULES[rate]
        options = {**options, "learning_rate": getattr(module.schedules, kind)(*args)}
    return getattr(module, name)(**options)


def _gap(a: Any, b: Any) -> float:
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-12))


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("name", "options"), _ROWS, ids=[f"{n}-{'-'.join(map(str, o.values()))}" for n, o in _ROWS]
)
def test_fifty_steps_are_keras_s(
    name: str, options: Any, keras: Any, rng: np.random.Generator
) -> None:
    starts = [rng.normal(size=(5, 4)).astype("float32"), rng.normal(size=4).astype("float32")]
    eager, traced = ([Variable(s) for s in starts] for _ in range(2))
    theirs = [keras.Variable(s) for s in starts]
    ours, compiled = _made(optimizers, name, options), _made(optimizers, name, options)
    oracle = _made(keras.optimizers, name, options)
    step = jit(lambda g, h: compiled.apply([g, h], traced))
    for _ in range(50):
        gradients = [rng.normal(size=s.shape).astype("float32") for s in starts]
        ours.apply([ops.convert_to_tensor(g) for g in gradients], eager)
        oracle.apply([keras.ops.convert_to_tensor(g) for g in gradients], theirs)
        step(*gradients)
    for optimizer, weights in ((ours, eager), (compiled, traced), (oracle, theirs)):
        optimizer.finalize_variable_values(weights)
    for a, b, c in zip(eager, traced, theirs, strict=True):
        assert _gap(a.numpy(), c) < 1e-5
        assert _gap(b.numpy(), a.numpy()) < 1e-6
    assert [v.shape for v in ours.variables] == [tuple(v.shape) for v in oracle.variables]
    if name != "Ftrl":  # its linear part is a difference of large numbers
        for a, c in zip(ours.variables, oracle.variables, strict=True):
            np.testing.assert_allclose(a.numpy(), np.asarray(c), rtol=1e-4, atol=1e-5)


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "options"), _ROWS[::2] + _ROWS[-10:])
def test_configs_are_keras_s(name: str, options: Any, keras: Any) -> None:
    ours, theirs = _made(optimizers, name, options), _made(keras.optimizers, name, options)
    a, b = optimizers.serialize(ours), keras.optimizers.serialize(theirs)
    a["config"]["name"] = b["config"]["name"]
    assert a == b
    again = optimizers.deserialize(b)
    assert again.get_config() == {**ours.get_config(), "name": again.name}


def test_loss_scale_optimizer_follows_the_gradients() -> None:
    w = Variable(np.ones(2, "float32"))
    optimizer = optimizers.LossScaleOptimizer(
        optimizers.SGD(0.1), initial_scale=8.0, dynamic_growth_steps=2
    )
    seen = []
    for g in ([8.0, 16.0], [np.inf, 0.0], [4.0, 4.0], [4.0, 4.0]):
        optimizer.apply([ops.convert_to_tensor(np.array(g, "float32"))], [w])
        seen.append(
            (
                w.numpy().round(4).tolist(),
                float(optimizer.dynamic_scale),
                int(optimizer.step_counter),
            )
        )
    assert [row[1:] for row in seen] == [(8.0, 1), (4.0, 0), (4.0, 1), (8.0, 0)]
    np.testing.assert_allclose(
        [row[0] for row in seen], [[0.9, 0.8], [0.9, 0.8], [0.8, 0.7], [0.7, 0.6]]
    )
    assert optimizer.scale_loss(ops.convert_to_tensor(2.0)).item() == 16.0


def test_state_is_saved_by_position_and_read_back(rng: np.random.Generator) -> None:
    w = Variable(rng.normal(size=3))
    first, second = optimizers.Adam(0.1), optimizers.Adam(0.5)
    first.apply([ops.ones(3)], [w])
    store: dict[str, Any] = {}
    first.save_own_variables(store)
    second.build([w])
    second.load_own_variables(store)
    for a, b in zip(first.variables, second.variables, strict=True):
        assert (a.numpy() == b.numpy()).all()
    with pytest.raises(ValueError, match="has 4 variables, the file has 2"):
        second.load_own_variables({"0": np.zeros(()), "1": np.zeros(())})


def test_the_learning_rate_can_be_set_unless_a_schedule_sets_it() -> None:
    optimizer = optimizers.SGD(0.1)
    optimizer.learning_rate = 0.25
    assert float(optimizer.learning_rate) == 0.25
    optimizer.learning_rate = optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
    with pytest.raises(TypeError, match="follows a schedule"):
        optimizer.learning_rate = 0.1


class _Keras(optimizers.Optimizer):
    """An optimizer in Keras's documented way."""

    def build(self, variables: Any) -> None:
        super().build(variables)
        self.sums = [self.add_variable_from_reference(v, "sum") for v in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        total = self.sums[self._places[id(variable)]]
        self.assign_add(total, gradient)
        self.assign_sub(variable, learning_rate * total)


def test_an_optimizer_written_in_keras_s_way_works() -> None:
    w = Variable([1.0])
    optimizer = _Keras(0.5)
    for _ in range(2):
        optimizer.apply_gradients([(ops.ones(1), w)])
    assert w.numpy().tolist() == [-0.5]
    assert int(optimizer.iterations) == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: optimizers.get("rmsporp"), "Unknown optimizer: 'rmsporp'. Did you mean 'RMSprop'"),
        (lambda: optimizers.get(3), "cannot interpret 3"),
        (
            lambda: optimizers.SGD(0.1, clipnorm=1.0, clipvalue=1.0),
            "clips in one way, got clipnorm and clipvalue",
        ),
        (lambda: optimizers.SGD(0.1, clipnorm=-1.0), "positive"),
        (lambda: optimizers.SGD("fast"), "learning_rate is a number"),
        (lambda: optimizers.SGD(0.1, momentum=2), "momentum is in"),
        (lambda: optimizers.SGD(0.1, decay=2), "unknown arguments: decay"),
        (lambda: optimizers.AdamW(weight_decay=None), "weight_decay is a number"),
        (lambda: optimizers.SGD(0.1).apply([None], [Variable(1.0)]), "No gradients provided"),
        (lambda: optimizers.SGD(0.1).apply([ops.ones(2)], []), "1 gradients for 0 weights"),
        (lambda: optimizers.SGD(0.1).apply([ops.ones(2)], [Variable(1.0)]), "has shape"),
    ],
)
def test_bad_arguments_are_told(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        call()


def test_a_missing_gradient_is_told_and_its_weight_stays() -> None:
    a, b = Variable(1.0, name="a"), Variable(1.0, name="b")
    with pytest.warns(UserWarning, match=r"Gradients do not exist for variables \['b'\]"):
        optimizers.SGD(0.5).apply([ops.convert_to_tensor(1.0), None], [a, b])
    assert (float(a), float(b)) == (0.5, 1.0)


def test_weights_the_optimizer_was_not_built_for_are_told() -> None:
    optimizer = optimizers.SGD(0.1)
    optimizer.build([Variable(1.0)])
    with pytest.raises(ValueError, match="was built for other weights"):
        optimizer.apply([ops.convert_to_tensor(1.0)], [Variable(1.0)])
