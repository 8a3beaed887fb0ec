"""Optimizers take the steps that Keras's take, eagerly and in a compiled step, with the same state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.tables.optimizers import IDS, ROWS, SCHEDULES, made_by

import narae
from narae import optimizers
from narae.base.names import name_scope
from narae.engine.jit import jit

pytestmark = pytest.mark.oracle


def _loss_scaled(module: Any) -> Any:
    return module.LossScaleOptimizer(module.Adam(0.1), initial_scale=8.0, dynamic_growth_steps=2)


def _mapped(module: Any) -> Any:
    chosen = module.OptimizerMap(module.SGD(0.1, momentum=0.9), {".*bias": module.Adam(0.1)})
    return module.MultiOptimizer(chosen, loss_scale_factor=2.0)


def _chosen(module: Any) -> Any:
    table = {"kernel": module.RMSprop(), "bias": module.Adam(0.1, use_ema=True)}
    return module.MultiOptimizer(lambda variable: table[variable.name])


def _gap(a: Any, b: Any) -> float:
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-12))


class _Side:
    """Weights with an optimizer, of Keras (stepped by a jitted stateless_apply) or of narae."""

    def __init__(self, module: Any, optimizer: Any, starts: list[np.ndarray]) -> None:
        self.optimizer = optimizer
        named = zip(("bias", "kernel"), starts, strict=True)
        with (name_scope if module is narae else module.name_scope)("dense"):
            self.weights = [module.Variable(start, name=name) for name, start in named]
        optimizer.build(self.weights)

    def run(self, steps: list[list[np.ndarray]], compiled: Any) -> None:
        for gradients in steps:
            compiled(*gradients)
        self.optimizer.finalize_variable_values(self.weights)


def _keras_side(keras: Any, made: Any, starts: list[np.ndarray], steps: Any) -> _Side:
    import jax

    side = _Side(keras, made(keras.optimizers), starts)
    step = jax.jit(side.optimizer.stateless_apply)
    state = [v.value for v in side.optimizer.variables]
    weights = [w.value for w in side.weights]
    for gradients in steps:
        weights, state = step(state, gradients, weights)
    for variable, value in zip(
        [*side.weights, *side.optimizer.variables], [*weights, *state], strict=True
    ):
        variable.assign(value)
    side.optimizer.finalize_variable_values(side.weights)
    return side


def _compare(keras: Any, made: Any, steps: list[list[np.ndarray]], loose_state: bool) -> None:
    rng = np.random.default_rng(1)
    starts = [rng.normal(size=g.shape).astype("float32") for g in steps[0]]
    theirs = _keras_side(keras, made, starts, steps)
    eager, traced = (_Side(narae, made(optimizers), starts) for _ in range(2))
    eager.run(steps, lambda *gradients: eager.optimizer.apply(gradients, eager.weights))
    traced.run(steps, jit(lambda *gradients: traced.optimizer.apply(gradients, traced.weights)))
    for a, b, c in zip(eager.weights, traced.weights, theirs.weights, strict=True):
        assert _gap(a.numpy(), c) < 1e-5
        assert _gap(b.numpy(), a.numpy()) < 1e-6
    for a, b, c in zip(
        eager.optimizer.variables,
        traced.optimizer.variables,
        theirs.optimizer.variables,
        strict=True,
    ):
        assert (a.shape, a.dtype) == (tuple(c.shape), c.dtype)
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-5)
        if not loose_state:
            np.testing.assert_allclose(a.numpy(), np.asarray(c), rtol=1e-4, atol=1e-5)


def _gradients(rng: np.random.Generator, count: int) -> list[list[np.ndarray]]:
    shapes = ((4,), (5, 4))  # a vector first: orders of state by weight and by slot differ
    return [[rng.normal(size=s).astype("float32") for s in shapes] for _ in range(count)]


@pytest.mark.parametrize(("name", "options"), ROWS, ids=IDS)
def test_fifty_steps(name: str, options: Any, keras: Any, rng: np.random.Generator) -> None:
    # Ftrl's linear part is a difference of large numbers
    _compare(keras, lambda m: made_by(m, name, options), _gradients(rng, 50), name == "Ftrl")


@pytest.mark.parametrize("made", [_mapped, _chosen])
def test_several_optimizers(made: Any, keras: Any, rng: np.random.Generator) -> None:
    _compare(keras, made, _gradients(rng, 20), False)


def test_loss_scales(keras: Any, rng: np.random.Generator) -> None:
    steps = _gradients(rng, 20)
    for i, bad in ((3, np.inf), (4, np.nan), (12, -np.inf)):
        steps[i][1][1, 1] = bad
    _compare(keras, _loss_scaled, steps, False)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name: str, keras: Any) -> None:
    import jax

    kind, args = SCHEDULES[name]
    steps = np.arange(60, dtype="int32")
    theirs = jax.jit(jax.vmap(getattr(keras.optimizers.schedules, kind)(*args)))(steps)
    ours = getattr(optimizers.schedules, kind)(*args)
    np.testing.assert_allclose(ours(steps).numpy(), theirs, rtol=2e-5, atol=1e-7)
    np.testing.assert_allclose(float(ours(17)), theirs[17], rtol=2e-5, atol=1e-7)


_MADE = [lambda m, row=row: made_by(m, *row) for row in ROWS]


@pytest.mark.parametrize("made", [*_MADE, _loss_scaled, _mapped])
def test_configs(made: Any, keras: Any) -> None:
    keras.utils.clear_session(free_memory=False)
    ours, theirs = made(optimizers), made(keras.optimizers)
    written = keras.optimizers.serialize(theirs)
    assert optimizers.serialize(ours) == written
    assert optimizers.serialize(optimizers.deserialize(written)) == written


@pytest.mark.parametrize("name", SCHEDULES)
def test_configs_of_schedules(name: str, keras: Any) -> None:
    kind, args = SCHEDULES[name]
    written = keras.optimizers.schedules.serialize(getattr(keras.optimizers.schedules, kind)(*args))
    assert optimizers.schedules.serialize(getattr(optimizers.schedules, kind)(*args)) == written
    again = optimizers.schedules.deserialize(written)
    assert optimizers.schedules.serialize(again) == written


def test_state_is_named_as_in_keras(keras: Any) -> None:
    keras.utils.clear_session(free_memory=False)
    options = {"use_ema": True, "gradient_accumulation_steps": 2, "momentum": 0.9, "centered": True}
    paths = []
    for module in (narae, keras):
        starts = [np.ones(2, "float32"), np.ones((2, 2), "float32")]
        side = _Side(module, module.optimizers.RMSprop(**options), starts)
        paths.append([variable.path for variable in side.optimizer.variables])
    assert paths[0] == paths[1]


@pytest.mark.parametrize("pattern", ["kernel", "bi.s", "dense"])
def test_weights_are_left_out_of_the_decay_by_name(pattern: str, keras: Any) -> None:
    found = []
    for module in (narae, keras):
        optimizer = module.optimizers.SGD(0.1, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(var_names=[pattern])
        side = _Side(module, optimizer, [np.ones(2, "float32"), np.ones((2, 2), "float32")])
        optimizer.apply([np.zeros(2, "float32"), np.zeros((2, 2), "float32")], side.weights)
        found.append([float(np.asarray(w).max()) for w in side.weights])
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gradient_accumulation_steps": 3},
        {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
        {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.5},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_constraints_hold_after_every_call_and_averages_are_of_weights_before_them(
    options: dict[str, Any], keras: Any
) -> None:
    starts = np.array([3.0, -4.0, 0.5], "float32")  # longer than the constraint allows
    gradients = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    sides = []
    for module in (narae, keras):
        weight = module.Variable(starts, name="w")
        weight.constraint = module.constraints.MaxNorm(1.0)
        optimizer = module.optimizers.SGD(0.3, momentum=0.9, **options)
        optimizer.build([weight])
        seen = []
        for gradient in gradients:
            optimizer.apply([module.ops.convert_to_tensor(gradient)], [weight])
            seen.append(np.asarray(weight))
        sides.append([*seen, *(np.asarray(v) for v in optimizer.variables)])
    eps = np.finfo("float32").eps
    for ours, theirs in zip(*sides, strict=True):  # some ten roundings a step
        np.testing.assert_allclose(ours, theirs, rtol=50 * eps, atol=50 * eps)
