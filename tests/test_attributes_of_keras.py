"""Public attributes of Keras's objects, new and built: narae's have them, with equal values where they are plain."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae.base.missing import missing_member

_ARGUMENTS: dict[str, Any] = {
    "EinsumDense": ("ab,bc->ac", 5),
    "GroupQueryAttention": (3, 2, 1),
    "MultiHeadAttention": (2, 3),
    "Activation": ("relu",),
    "Permute": ((2, 1),),
    "Reshape": ((3, 2),),
    "Rescaling": (2.0,),
    "Lambda": (abs,),
    "InputLayer": ((4,),),
    "IoU": (2, [0]),
    "OneHotIoU": (2, [0]),
    "MeanIoU": (2,),
    "OneHotMeanIoU": (2,),
    "MeanMetricWrapper": (max,),
    "ModelCheckpoint": ("x.keras",),
    "BackupAndRestore": ("backup",),
    "CSVLogger": ("x.csv",),
    "LearningRateScheduler": (abs,),
    "CosineDecay": (0.1, 10),
    "CosineDecayRestarts": (0.1, 10),
    "PolynomialDecay": (0.1, 10),
    "ExponentialDecay": (0.1, 10, 0.5),
    "InverseTimeDecay": (0.1, 10, 0.5),
    "PiecewiseConstantDecay": ([1], [0.1, 0.2]),
}
_BY_WORDS: tuple[tuple[str, Any], ...] = (  # the first that a name has in it
    *(("Global", ()), ("AveragePool", (2,)), ("AvgPool", (2,)), ("MaxPool", (2,))),
    *(("Adaptive", (1,)), ("Depthwise", (2,)), ("Conv", (3, 2)), ("Dropout", (0.5,))),
    *(("GaussianNoise", (0.5,)), ("RepeatVector", (2,)), ("Cropping", (1,)), ("Dense", (3,))),
    *(("PrecisionAt", (0.5,)), ("RecallAt", (0.5,)), ("SensitivityAt", (0.5,)), ("Dot", (1,))),
    ("Embedding", (5, 3)),
    *(("SpecificityAt", (0.5,)), ("RNN", (2,)), ("GRU", (2,)), ("LSTM", (2,))),
)
_OF_CELLS: dict[str, Any] = {  # made of other objects of the same library
    "RNN": lambda k: k.layers.RNN(k.layers.LSTMCell(2)),
    "Bidirectional": lambda k: k.layers.Bidirectional(k.layers.GRU(2)),
    "TimeDistributed": lambda k: k.layers.TimeDistributed(k.layers.Dense(2)),
    "StackedRNNCells": lambda k: k.layers.StackedRNNCells([k.layers.GRUCell(2)]),
}
_SEQUENCES = ("RNN", "SimpleRNN", "GRU", "LSTM", "Bidirectional", "TimeDistributed")
_FAMILIES = (
    *("layers", "losses", "metrics", "optimizers", "optimizers.schedules", "initializers"),
    *("regularizers", "constraints", "callbacks"),
)
# Bases, and what is made of other objects.
_LEFT_OUT = frozenset(
    {
        *("Layer", "Loss", "Metric", "Optimizer", "Initializer", "Regularizer", "Constraint"),
        *("LearningRateSchedule", "Callback", "CallbackList", "InputSpec", "Wrapper", "Pipeline"),
        *("SpectralNormalization", "MultiOptimizer", "OptimizerMap", "LossScaleOptimizer"),
    }
)
# Values that differ on purpose or by chance; "backend" is the module that computes.
_OTHER = frozenset({"name", "path", "seed", "backend", "input_spec", "thresholds", "backup_dir"})


def _made(k: Any, name: str, kind: Any) -> Any:
    if name in _OF_CELLS:
        return _OF_CELLS[name](k)
    words = next((given for word, given in _BY_WORDS if word in name), ())
    return kind(*_ARGUMENTS.get(name, words))


def _shapes(name: str) -> tuple[Any, ...]:
    """What a layer is built for."""
    if name in ("GroupQueryAttention", "MultiHeadAttention"):
        return (None, 3, 4), (None, 3, 4)
    return (_shape(name),)


def _shape(name: str) -> Any:
    if name in (
        "AdditiveAttention",
        "Attention",
        "Dot",
        "Add",
        "Average",
        "Concatenate",
        "Maximum",
        "Minimum",
        "Multiply",
        "Subtract",
    ):
        return [(None, 4), (None, 4)]
    rank = next((n for n in (1, 2, 3) if f"{n}D" in name), 0)
    if name in ("Permute", "Reshape", *_SEQUENCES):
        return (None, 2, 3)
    return (None, *(6,) * rank, 32)


def _seen(thing: Any) -> dict[str, Any]:
    """Public attributes that are no methods: plain values, else only that they are there."""
    found = {}
    for name in dir(thing):
        if name.startswith("_"):
            continue
        try:
            value = getattr(thing, name)
        except Exception:
            continue  # not yet, or not on this backend
        plain = isinstance(value, (bool, int, float, str, type(None)))
        found[name] = value if plain and not inspect.ismethod(value) else "there"
    return found


def _lacking(theirs: Any, ours: Any) -> Iterator[str]:
    has = _seen(ours)
    for name, value in _seen(theirs).items():
        if missing_member(type(ours).__mro__, name) is not None or name == "backend":
            continue
        if name not in has:
            yield f"{type(ours).__name__}.{name} is missing"
        elif name not in _OTHER and has[name] != value and "there" not in (value, has[name]):
            yield f"{type(ours).__name__}.{name} is {has[name]!r}, {value!r} in Keras"


def _classes(keras: Any, family: str) -> Iterator[tuple[str, Any, Any]]:
    theirs, ours = keras, narae
    for part in family.split("."):
        theirs, ours = getattr(theirs, part), getattr(ours, part)
    for name in dir(theirs):
        kind = getattr(theirs, name)
        if inspect.isclass(kind) and name not in _LEFT_OUT and hasattr(ours, name):
            yield name, kind, getattr(ours, name)


@pytest.mark.oracle
@pytest.mark.parametrize("family", _FAMILIES)
def test_objects_have_every_attribute(
    keras: Any, family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lacking = _lacking_in(keras, family)
    assert lacking == []


def _lacking_in(keras: Any, family: str) -> list[str]:
    lacking: list[str] = []
    count = 0
    for name, kind, own in _classes(keras, family):
        theirs, ours = _made(keras, name, kind), _made(narae, name, own)
        lacking += _lacking(theirs, ours)
        if family == "layers" and name != "InputLayer":
            theirs.build(*_shapes(name))
            ours.build(*_shapes(name))
            lacking += [f"built {text}" for text in _lacking(theirs, ours)]
        if family == "optimizers":
            theirs.build([keras.Variable(np.ones((2, 3), "float32"))])
            ours.build([narae.Variable(np.ones((2, 3), "float32"))])
            lacking += [f"built {text}" for text in _lacking(theirs, ours)]
        count += 1
    assert count
    return lacking


def _model(k: Any) -> Any:
    i = k.Input((4,))
    model = k.Model(i, k.layers.Dense(2)(i))
    model.compile("sgd", "mse", metrics=["mae"])
    return model


_SINGLE: dict[str, Callable[[Any], Any]] = {
    "Variable": lambda k: k.Variable(np.ones(2, "float32")),
    "KerasTensor": lambda k: k.KerasTensor((None, 2)),
    "InputSpec": lambda k: k.InputSpec(ndim=2),
    "DTypePolicy": lambda k: k.DTypePolicy("float32"),
    "SeedGenerator": lambda k: k.random.SeedGenerator(1),
    "Sequential": lambda k: k.Sequential([k.layers.Dense(2)]),
    "Functional": _model,
    "History": lambda k: _model(k).fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0),
    "SpectralNormalization": lambda k: k.layers.SpectralNormalization(k.layers.Dense(2)),
    "LossScaleOptimizer": lambda k: k.optimizers.LossScaleOptimizer(k.optimizers.SGD()),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", _SINGLE)
def test_other_objects_have_every_attribute(keras: Any, name: str) -> None:
    assert not list(_lacking(_SINGLE[name](keras), _SINGLE[name](narae)))


@pytest.mark.oracle
def test_names_of_symbolic_tensors(keras: Any) -> None:
    """An Input's tensor has a name by number, or the one given; the outputs of calls count on."""
    found = []
    for k in (keras, narae):
        k.utils.clear_session()
        first, named = k.Input((2,)), k.Input((2,), name="named")
        made = k.layers.Dense(3)(first)
        tensors = [first, named, made, made + 1, k.KerasTensor((2,))]
        found.append([(t.name, t.sparse, t.ragged, t.record_history) for t in tensors])
    assert found[0] == found[1]


def test_steps_as_functions() -> None:
    model, batch = _model(narae), (np.ones((4, 4), "float32"), np.ones((4, 2), "float32"))
    assert model.train_function is model.test_function is model.predict_function is None
    before = model.get_weights()[0]
    logs = model.make_train_function()(iter([batch]))
    assert set(logs) == {"loss", "mae"}
    assert not np.array_equal(before, model.get_weights()[0])
    assert model.make_train_function() is model.train_function
    assert model.make_train_function(force=True) is not None
    assert set(model.make_test_function()(iter([batch]))) == {"loss", "mae"}
    out = model.make_predict_function()(iter([batch[:1]]))
    np.testing.assert_array_equal(out, model.predict(batch[0], verbose=0))
    with pytest.raises(StopIteration):
        model.train_function(iter([]))

    class Own(narae.Model):
        def make_train_function(self, force: bool = False) -> Any:
            return None

    own = Own(model.inputs, model.outputs)
    own.compile("sgd", "mse")
    with pytest.raises(NotImplementedError, match="Override that one"):
        own.fit(*batch, verbose=0)


@pytest.mark.oracle
def test_losses_of_given_values(keras: Any) -> None:
    """compute_loss_and_updates and its part: the same numbers as in Keras, the model stays as it is."""
    x, y = np.linspace(0, 1, 12).reshape(3, 4).astype("float32"), np.ones((3, 2), "float32")
    found = []
    for k in (keras, narae):
        model = _model(k)
        model.layers[-1].kernel_regularizer = None
        model.set_weights([np.zeros((4, 2)), np.zeros(2)])
        model.evaluate(x, y, verbose=0)
        values = [v.value + 0.5 for v in model.trainable_variables]
        counts = [v.value for v in model.metrics_variables]
        loss, (plain, out, other, metrics) = model.compute_loss_and_updates(
            values,
            [],
            counts,
            x,
            y,
            None,
            training=True,
            optimizer_variables=[v.value for v in model.optimizer.variables],
        )
        again, parts = model.stateless_compute_loss(values, [], counts, x=x, y=y, y_pred=out)
        assert len(parts) == 3
        assert not model.get_weights()[0].any()
        found.append([np.asarray(v) for v in (loss, plain, out, again)])
        assert (len(other), len(metrics)) == (0, len(counts))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    with pytest.raises(ValueError, match="2 trainable variables, got 0 values"):
        model.stateless_compute_loss([], [], counts, x=x, y=y, y_pred=out)
