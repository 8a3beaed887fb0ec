"""Optimizers take the steps that Keras's take, eagerly and in a compiled step; and say what is wrong."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from narae import Variable, ops, optimizers
from narae.engine.jit import jit

_NAMES = [
    name
    for name, kind in vars(optimizers).items()
    if isinstance(kind, type)
    and issubclass(kind, optimizers.Optimizer)
    and name not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")
]


@pytest.mark.parametrize("name", _NAMES)
def test_a_quadratic_converges(name: str) -> None:
    # |w|² / 2 from (1, -2): every optimizer, found by its name in lower case, goes down to the valley
    w = Variable(np.array([[1.0, -2.0]], "float32"))
    optimizer = optimizers.get(name.lower())
    rate = {"Adadelta": 20.0, "SGD": 0.3, "Ftrl": 1.0, "Adagrad": 0.5, "Lion": 0.02}
    optimizer.learning_rate = rate.get(name, 0.05)
    step = jit(lambda: optimizer.apply([w.value], [w]))
    for _ in range(300):
        step()
    assert np.abs(w.numpy()).max() < 0.2, w.numpy()
    assert int(optimizer.iterations) == 300


def test_a_compiled_step_builds_the_optimizer_that_it_uses() -> None:
    w = Variable([1.0, 2.0])
    optimizer = optimizers.Adam(0.5, use_ema=True)
    step = jit(lambda g: optimizer.apply([g], [w]))
    for _ in range(2):
        step(np.array([1.0, -1.0], "float32"))
    np.testing.assert_allclose(w.numpy(), [0.0, 3.0], atol=1e-3)
    np.testing.assert_allclose(optimizer._averages[0].numpy(), [0.495, 2.505], atol=1e-3)


def test_constraints_hold_after_every_step() -> None:
    w = Variable([1.0, 2.0])
    w.constraint = lambda value: ops.maximum(value, 1.5)
    optimizers.SGD(0.5).apply([[0.0, 0.5]], [w])
    assert w.numpy().tolist() == [1.5, 1.75]


def test_only_constraints_change_weights_between_accumulated_steps() -> None:
    w = Variable([1.0, 2.0])
    w.constraint = lambda value: ops.minimum(value, 1.5)
    optimizer = optimizers.SGD(0.5, momentum=0.9, gradient_accumulation_steps=2, weight_decay=0.1)
    optimizer.apply([[1.0, 1.0]], [w])
    assert w.numpy().tolist() == [1.0, 1.5]  # no decay, no gradient
    optimizer.apply([[3.0, 3.0]], [w])
    np.testing.assert_allclose(w.numpy(), [-0.05, 0.425], rtol=1e-6)


def test_building_again_changes_nothing() -> None:
    w = [Variable([1.0])]
    for optimizer in (optimizers.Muon(), optimizers.Nadam(), optimizers.Adam(use_ema=True)):
        optimizer.build(w)
        before = list(map(id, optimizer.variables))
        optimizer.build(w)
        assert list(map(id, optimizer.variables)) == before


def test_stateless_apply_changes_nothing(rng: np.random.Generator) -> None:
    w, g = Variable(rng.normal(size=3)), rng.normal(size=3)
    optimizer = optimizers.Adam(0.1)
    optimizer.build([w])
    held = [w, *optimizer.variables]
    before = [v.numpy() for v in held]
    weights, state = optimizer.stateless_apply(before[1:], [g], before[:1])
    assert all((v.numpy() == old).all() for v, old in zip(held, before, strict=True))
    optimizer.apply([g], [w])
    for v, new in zip(held, [*weights, *state], strict=True):
        np.testing.assert_array_equal(v.numpy(), new.numpy())
    with pytest.raises(ValueError, match="got 1 optimizer variables"):
        optimizer.stateless_apply([1], [g], before[:1])


def test_schedule_free_steps_without_averaging_are_adam_s() -> None:
    # β1 = 0: gradients are taken at z itself, and nothing is divided by β1
    a, b = Variable([1.0, -2.0]), Variable([1.0, -2.0])
    free = optimizers.ScheduleFreeAdamW(0.1, beta_1=0.0)
    adam = optimizers.Adam(0.1, beta_1=0.0, epsilon=1e-8)
    for g in ([1.0, 2.0], [0.5, -1.0], [3.0, 1.0]):
        free.apply([g], [a])
        adam.apply([g], [b])
    np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5)


def test_a_weight_that_several_patterns_match_is_told() -> None:
    chosen = optimizers.OptimizerMap(
        optimizers.SGD(), {".*bias": optimizers.SGD(), "dense/.*": optimizers.SGD()}
    )
    with pytest.raises(ValueError, match="'dense/bias' matches several"):
        _ = chosen["dense/bias"]
    with pytest.raises(ValueError, match="has an optimizer already"):
        chosen[".*bias"] = optimizers.SGD()
    several = optimizers.MultiOptimizer(chosen)
    assert not hasattr(several, "learning_rate")


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


def test_a_loss_scale_that_grows_changes_no_step(rng: np.random.Generator) -> None:
    import narae

    x = rng.normal(size=(8, 3)).astype("float32")
    scaled = optimizers.LossScaleOptimizer(optimizers.SGD(0.1), 8.0, dynamic_growth_steps=2)
    weights = []
    for optimizer in (optimizers.SGD(0.1), scaled):
        model = narae.Sequential(
            [narae.Input((3,)), narae.layers.Dense(1, bias_initializer="ones")]
        )
        model.layers[0].kernel.assign(np.ones((3, 1)))
        model.compile(optimizer, "mse")
        model.fit(x, x[:, :1], epochs=6, batch_size=8, verbose=0)
        weights.append(model.layers[0].kernel.numpy())
    assert float(scaled.dynamic_scale) == 64.0
    np.testing.assert_allclose(*weights, rtol=1e-6)


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
    with pytest.raises(ValueError, match="has 4 variables and is given 2"):
        second.load_own_variables({"0": np.zeros(()), "1": np.zeros(())})


def test_the_learning_rate_can_be_set_unless_a_schedule_sets_it() -> None:
    optimizer = optimizers.SGD(0.1)
    optimizer.learning_rate = 0.25
    assert float(optimizer.learning_rate) == 0.25
    optimizer.learning_rate = optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
    with pytest.raises(TypeError, match="follows a schedule"):
        optimizer.learning_rate = 0.1


class Summed(optimizers.Optimizer):
    """An optimizer in Keras's documented way."""

    def __init__(self, learning_rate: Any = 0.5, scale: float = 1.0, **options: Any) -> None:
        super().__init__(learning_rate, **options)
        self.scale = scale

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self.sums = [self.add_variable_from_reference(v, "sum", "ones") for v in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        total = self.sums[self._get_variable_index(variable)]
        self.assign_add(total, gradient)
        self.assign_sub(variable, learning_rate * self.scale * total)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}


def test_an_optimizer_written_in_keras_s_way_works() -> None:
    w = Variable([1.0])
    optimizer = Summed(0.5, scale=2.0)
    for _ in range(2):
        optimizer.apply_gradients([(ops.ones(1), w)])
    assert w.numpy().tolist() == [-4.0]
    assert int(optimizer.iterations) == 2
    assert [v.path for v in optimizer.variables][2:] == ["summed/variable_sum"]
    again = optimizers.deserialize(optimizers.serialize(optimizer), {"Summed": Summed})
    assert again.get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: optimizers.get("rmsporp"), "Unknown optimizer: 'rmsporp'. Did you mean 'rmsprop'"),
        (lambda: optimizers.get(3), "cannot interpret 3"),
        (lambda: optimizers.schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps is a positive"),
        (
            lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0),
            "takes no clipnorm",
        ),
        (
            lambda: optimizers.MultiOptimizer(cast(Any, optimizers.SGD())),
            "optimizer_map is an OptimizerMap",
        ),
        (lambda: optimizers.SGD(gradient_accumulation_steps=1), "whole number of at least 2"),
        (
            lambda: optimizers.SGD(0.1, clipnorm=1.0, clipvalue=1.0),
            "clips in one way, got clipnorm and clipvalue",
        ),
        (lambda: optimizers.SGD("fast"), "learning_rate is a number"),
        (lambda: optimizers.SGD(0.1, momentum=2), "momentum is in"),
        (lambda: optimizers.SGD(0.1, rate=2), "unknown arguments: rate"),
        (lambda: optimizers.AdamW(weight_decay=cast(Any, None)), "weight_decay is a number"),
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


def test_under_a_loss_scale_optimizer_there_is_one_scale():
    """The step is that of the optimizer without any scale, whatever factor the inner one was given."""
    for factor in (None, 100.0):
        inner = optimizers.SGD(0.5, loss_scale_factor=factor)
        optimizer = optimizers.LossScaleOptimizer(inner, initial_scale=8.0)
        w = Variable([1.0, 2.0])
        optimizer.build([w])
        scaled = [float(optimizer.scale_loss(ops.convert_to_tensor(g))) for g in (0.25, -1.0)]
        assert scaled == [2.0, -8.0]
        optimizer.apply([scaled], [w])
        assert w.numpy().tolist() == [1.0 - 0.5 * 0.25, 2.0 + 0.5 * 1.0]


@pytest.mark.parametrize("off", [{"clipnorm": 0.0}, {"clipvalue": -1.0}, {"global_clipnorm": 0.0}])
def test_a_bound_of_zero_or_less_clips_nothing(off):
    w = Variable([1.0, 2.0])
    optimizers.SGD(1.0, **off).apply([[3.0, -4.0]], [w])
    assert w.numpy().tolist() == [-2.0, 6.0]


def test_iterations_count_updates_of_weights():
    w = Variable(1.0)
    optimizer = optimizers.SGD(0.5, gradient_accumulation_steps=3)
    counts = []
    for _ in range(7):
        optimizer.apply([1.0], [w])
        counts.append(int(optimizer.iterations))
    assert counts == [0, 0, 1, 1, 1, 2, 2]
