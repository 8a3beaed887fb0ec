"""pickle and copy: whatever was done with an object before, its copy behaves the same and is apart from it."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops

_rng = np.random.default_rng(0)
X = _rng.normal(size=(16, 6)).astype("float32")
Y = _rng.normal(size=(16, 1)).astype("float32")

COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


class Subclassed(narae.Model):
    """Layers in a list, one of them with a lambda, and a random stream."""

    def __init__(self, width: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parts = [layers.Dense(width, lambda v: ops.relu(v)), layers.Dropout(0.3, seed=1)]
        self.out = layers.Dense(1)

    def call(self, x: Any, training: bool | None = None) -> Any:
        for part in self.parts:
            x = part(x)
        return self.out(x)


class Graph(narae.Model):
    """A subclass that becomes a functional model."""

    def __init__(self) -> None:
        inputs = narae.Input((6,))
        super().__init__(inputs, layers.Dense(1)(inputs))


def _stack() -> Any:
    parts = [layers.Dense(3, "relu"), layers.BatchNormalization(), layers.Dropout(0.4)]
    return narae.Sequential([narae.Input((6,)), *parts, layers.Dense(1)])


def _functional() -> Any:
    inputs = narae.Input((6,))
    shared = layers.Dense(3)
    x = ops.tanh(shared(inputs) + shared(inputs * 2))
    x = layers.GaussianNoise(0.1)(layers.Lambda(lambda v: v * 2)(x))
    return narae.Model(inputs, layers.Dense(1)(x))


def _nested() -> Any:
    inner, inputs = _stack(), narae.Input((6,))
    return narae.Model(inputs, inner(inputs) + inner(inputs * 2))


MODELS: dict[str, Callable[[], Any]] = {
    "sequential": _stack,
    "not built": lambda: narae.Sequential([layers.Dense(3, "relu"), layers.Dense(1)]),
    "functional": _functional,
    "nested": _nested,
    "subclassed": Subclassed,
    "functional subclass": Graph,
}


def _compile(model: Any) -> None:
    model.compile(
        narae.optimizers.Adam(0.01, use_ema=True),
        lambda a, b: ops.mean((a - b) ** 2, -1),
        metrics=["mae", narae.metrics.RootMeanSquaredError()],
    )


def _fit(model: Any) -> Any:
    if not model.compiled:
        _compile(model)
    narae.utils.set_random_seed(3)
    return model.fit(X, Y, epochs=1, batch_size=8, verbose=0).history


USES: dict[str, Callable[[Any], Any]] = {
    "new": lambda m: None,
    "compiled": _compile,
    "called": lambda m: (m(X[:4]), m(X[:4])),
    "predicted": lambda m: m.predict(X, verbose=0),
    "fitted": _fit,
    "evaluated": lambda m: (_compile(m), m.evaluate(X, Y, verbose=0)),
    "fitted eagerly": lambda m: (
        m.compile("sgd", "mse", run_eagerly=True),
        m.fit(X, Y, verbose=0),
    ),
}


def _state(model: Any) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def _same_from_here(model: Any, other: Any) -> None:
    """Both predict the same bits and train to the same bits, and neither changes the other."""
    assert type(other) is type(model)
    assert not {id(v) for v in model.variables} & {id(v) for v in other.variables}
    if model.built:
        want = model.predict(X, verbose=0)
        np.testing.assert_array_equal(other.predict(X, verbose=0), want)
    if not model.compiled or not model.built:
        return
    assert _fit(model) == _fit(other)
    assert len(_state(model)) == len(_state(other))
    for a, b in zip(_state(model), _state(other), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("kind", MODELS)
def test_a_copied_model_goes_on_as_the_model_does(kind: str) -> None:
    for use, done in USES.items():
        for how, copied in COPIES.items():
            if how == "copy" and use != "fitted":
                continue  # the same code as deepcopy
            narae.utils.set_random_seed(0)
            model = MODELS[kind]()
            done(model)
            try:
                _same_from_here(model, copied(model))
            except Exception as error:
                error.add_note(f"{kind}, {use}, {how}")
                raise


@pytest.mark.parametrize("executor", ["numpy", "xla"])
def test_on_the_other_executors_too(executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from narae.engine import config

    monkeypatch.setattr(config, "_chosen", [executor])
    model = narae.Sequential([narae.Input((6,)), layers.Dense(1)])
    model.compile("adam", "mse")
    _fit(model)
    _same_from_here(model, copy.deepcopy(model))
    _same_from_here(model, pickle.loads(pickle.dumps(model)))


def test_a_deep_graph_takes_no_deep_recursion() -> None:
    x = inputs = narae.Input((6,))
    for _ in range(300):
        x = layers.Add()([x, x])
    model = narae.Model(inputs, x)
    for copied in COPIES.values():
        other = copied(model)
        assert len(other.layers) == len(model.layers)
        # parts of the copy make models, as parts of the original do
        part = narae.Model(other.input, other.layers[5].output)
        np.testing.assert_array_equal(part(X[:1]).numpy(), X[:1] * 2**5)


def test_what_is_shared_stays_shared() -> None:
    base = layers.Dense(3)
    inputs = narae.Input((6,))
    pair = [narae.Model(inputs, layers.Dense(1)(base(inputs))) for _ in range(2)]
    for copied in (COPIES["pickle"], copy.deepcopy):
        first, second = copied(pair)
        assert first.layers[1] is second.layers[1] is not base
        first.layers[1].kernel.assign(ops.zeros((6, 3)))
        assert not second.layers[1].kernel.numpy().any()
        assert base.kernel.numpy().any()


def test_copies_of_layers_hold_what_is_added_to_them() -> None:
    model = Subclassed()
    for copied in COPIES.values():
        other = copied(model)
        other.parts.append(layers.Dense(3))
        other.more = layers.Dense(2)
        other(X[:2])
        assert len(other.layers) == 5
        assert len(model.layers) == 3


def _optimizers() -> list[Any]:
    o = narae.optimizers
    excluded = o.AdamW(0.1, weight_decay=0.1)
    mapped = o.OptimizerMap(o.SGD(0.1), {"b": o.Adam(0.1)})
    return [
        *(o.SGD(0.1, momentum=0.9), o.Adam(0.1, amsgrad=True), o.RMSprop(0.1, centered=True)),
        *(o.Adam(o.schedules.CosineDecay(0.1, 10)), o.SGD(0.1, gradient_accumulation_steps=2)),
        *(o.Adam(lambda: 0.1), o.LossScaleOptimizer(o.SGD(0.1)), o.MultiOptimizer(mapped)),
        *(o.Muon(0.1), o.Adafactor(0.1), excluded),
    ]


def test_optimizers_go_on_from_the_same_state() -> None:
    for optimizer in _optimizers():
        weights = [narae.Variable(np.ones((2, 3), "float32"), name=n) for n in ("a", "b")]
        if optimizer.weight_decay:
            optimizer.exclude_from_weight_decay(var_list=weights[:1])
        gradients = [np.full((2, 3), 0.5, "float32")] * 2
        optimizer.apply(gradients, weights)
        for copied in (COPIES["pickle"], copy.deepcopy):
            other, theirs = copied((optimizer, weights))
            for _ in range(2):
                optimizer.apply(gradients, weights)
                other.apply(gradients, theirs)
            pairs = zip([*weights, *optimizer.variables], [*theirs, *other.variables], strict=True)
            for mine, its in pairs:
                np.testing.assert_array_equal(mine.numpy(), its.numpy(), str(optimizer))


def _things() -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """Objects alone, and what a copy must give as the object does."""
    metric = narae.metrics.AUC()
    metric.update_state([0, 1, 1], [0.2, 0.4, 0.9])
    wrapped = narae.metrics.MeanMetricWrapper(lambda a, b: ops.abs(ops.subtract(a, b)))
    wrapped.update_state([1.0], [3.0])
    generator = narae.random.SeedGenerator(3)
    generator.next()
    dense = layers.Dense(2, activation=lambda v: v * 2)
    dense(X)
    i = narae.initializers
    return {
        "variable": (narae.Variable([1.0, 2.0], name="v"), lambda v: (v.numpy().tolist(), v.path)),
        "read variable": ((v := narae.Variable([1.0]), v.value)[0], lambda v: v.numpy().tolist()),
        "tensor": (ops.convert_to_tensor([1.0, 2.0]), lambda t: t.numpy().tolist()),
        "layer": (dense, lambda d: d(X).numpy().tolist()),
        "rng layer": (layers.Dropout(0.5, seed=3), lambda d: d(X, training=True).numpy().tolist()),
        "metric": (metric, lambda m: float(m.result())),
        "metric of a lambda": (wrapped, lambda m: float(m([2.0], [5.0]))),
        "loss": (narae.losses.Huber(0.3), lambda f: float(f([[1.0]], [[3.0]]))),
        "initializer": (i.GlorotUniform(seed=3), lambda f: f((2, 2)).numpy().tolist()),
        "orthogonal": (i.Orthogonal(seed=3), lambda f: f((2, 2)).numpy().tolist()),
        "regularizer": (narae.regularizers.L2(0.3), lambda f: float(f(X))),
        "constraint": (narae.constraints.MaxNorm(0.3), lambda f: np.asarray(f(X)).tolist()),
        "schedule": (
            narae.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5),
            lambda f: float(f(3)),
        ),
        "seeds": (generator, lambda g: g.next().numpy().tolist()),
        "symbol": (layers.Dense(2)(narae.Input((6,))), lambda t: (t.shape, t.dtype, t.name)),
        "policy": (narae.dtype_policies.DTypePolicy("mixed_bfloat16"), repr),
        "activation": (narae.activations.gelu, lambda f: f(X).numpy().tolist()),
        "op": (narae.ops.softmax, lambda f: f(X).numpy().tolist()),
        "stop early": (narae.callbacks.EarlyStopping(patience=3), lambda c: c.patience),
        "called back": (narae.callbacks.LambdaCallback(lambda e, logs: e), lambda c: type(c)),
        "dataset": (narae.utils.PyDataset(workers=2), lambda d: d.workers),
    }


def test_objects_alone() -> None:
    for name, (thing, shown) in _things().items():
        others = {how: copied(thing) for how, copied in COPIES.items()}
        want = shown(thing)
        for how, other in others.items():
            assert shown(other) == want, (name, how)


def test_every_activation_loss_and_metric_function_is_found_by_its_name() -> None:
    for module in (narae.activations, narae.losses, narae.metrics, narae.initializers, narae.ops):
        for name in dir(module):
            thing = getattr(module, name)
            if callable(thing) and not name.startswith("_"):
                assert pickle.loads(pickle.dumps(thing)) is thing, name


def test_histories_and_callbacks_with_their_models() -> None:
    model = _stack()
    _compile(model)
    stop = narae.callbacks.EarlyStopping("loss", restore_best_weights=True)
    told = narae.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[stop, told])
    for copied in COPIES.values():
        found, other, _ = copied(history), copied(stop), copied(told)
        assert found.history == history.history
        assert found.model is not model
        np.testing.assert_array_equal(
            found.model.predict(X, verbose=0), model.predict(X, verbose=0)
        )
        assert other.model.optimizer.iterations.numpy() == model.optimizer.iterations.numpy()


def test_a_layer_with_a_state_of_its_own_for_pickle() -> None:
    for copied in COPIES.values():
        assert copied(WithReduce(3)).width == 4


class WithReduce(layers.Layer):
    """A class that says itself how it is pickled."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def __reduce__(self) -> Any:
        return WithReduce, (self.width + 1,)


def test_variables_that_a_tape_watched() -> None:
    w = narae.Variable([2.0, 3.0])
    with narae.GradientTape() as tape:
        loss = ops.sum(w * w)
    copies = [copied(w) for copied in COPIES.values()]
    assert tape.gradient(loss, w).numpy().tolist() == [4.0, 6.0]
    for other in copies:
        with narae.GradientTape() as tape:
            loss = ops.sum(other * other)
        assert tape.gradient(loss, other).numpy().tolist() == [4.0, 6.0]


def _predicted(model: Any, queue: Any) -> None:
    queue.put(model.predict(X, verbose=0))


def test_a_spawned_process_is_given_a_model_that_was_trained() -> None:
    model = _nested()
    _fit(model)
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_predicted, args=(model, queue))
    process.start()
    try:
        found = queue.get(timeout=120)
    finally:
        process.join(60)
    np.testing.assert_array_equal(found, model.predict(X, verbose=0))


SCRIPT = """
import sys, pickle
import numpy as np, narae
from narae import layers, ops

offset = 3.0

@narae.saving.register_keras_serializable("here")
def made():
    class Local(layers.Layer):
        def call(self, x):
            return x * 2
    return narae.saving.register_keras_serializable("here")(Local)

Local = made()
model = narae.Sequential([narae.Input((2,)), Local(), layers.Lambda(lambda v: ops.abs(v) + offset)])
if sys.argv[1] == "write":
    pickle.dump(model, open(sys.argv[2], "wb"))
else:
    print(pickle.load(open(sys.argv[2], "rb")).predict(np.ones((1, 2)), verbose=0).tolist())
"""


def test_another_process_reads_lambdas_and_registered_local_classes(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    for what in ("write", "read"):
        done = subprocess.run(
            [sys.executable, str(script), what, str(tmp_path / "m.pkl")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[[5.0, 5.0]]"
