"""What runs through NumPy in a native training step: nothing but what the documentation lists."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tests.layers import space
from tests.tables.layers import LAYERS, arguments_of
from tests.tables.losses import CASES as LOSSES
from tests.tables.metrics import CASES as METRICS

import narae
from narae import activations, constraints, layers, losses, metrics, ops, optimizers, regularizers
from narae.engine import config
from narae.engine.compiled import compile_function
from narae.engine.tape import grad
from narae.executors import coverage, explain
from narae.executors.native.jit import compiler
from narae.executors.native.lower.fallbacks import IN_TRAINING, OPERATIONS, no_code
from narae.executors.native.run import phases
from narae.graph.ir import Spec
from narae.primitives.record import RECORDS

BASES = {layers: "Layer", losses: "Loss", metrics: "Metric", optimizers: "Optimizer"}
# What is there to be wrapped around others or subclassed, computes nothing, or is a user's code.
NO_ROWS = {
    *("InputLayer", "Lambda", "Wrapper", "LossFunctionWrapper", "MeanMetricWrapper"),
    # cells are within a layer: row "cells"
    *("LSTMCell", "GRUCell", "SimpleRNNCell", "StackedRNNCells"),
    *("Mean", "Sum"),  # every training step has one for its loss; Sum is that without a count
}
TABLE = next(make for name, arguments, make in METRICS if arguments.get("top_k"))
_written: set[str] = set()


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    """Native, but LLVM: kernels are written and not compiled, and no program here is run."""

    def written(kernels: Sequence[tuple[str, compiler.Build]]) -> list[int]:
        for key, build in kernels:
            if key not in _written:
                build("kernel")
                _written.add(key)
        return [0] * len(kernels)

    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(phases, "addresses", written)


def _classes(module: ModuleType) -> dict[str, Any]:
    """A family's classes by their own names."""
    base = getattr(module, BASES[module])
    found = [getattr(module, name) for name in module.__all__]
    kinds = [c for c in found if inspect.isclass(c) and issubclass(c, base) and c is not base]
    return {kind.__dict__.get("__keras_name__", kind.__name__): kind for kind in kinds}


def _of_function(function: Callable[..., Any], *arrays: np.ndarray) -> set[str]:
    specs = [Spec(a.shape, np.dtype(a.dtype).name) for a in map(np.asarray, arrays)]
    compiled = compile_function(function, *specs)
    hows = explain("native", compiled.program)
    assert hows
    return {how.why for how in hows if how.way != "native"}


def _of_training(model: Any, x: Any, y: np.ndarray) -> set[str]:
    rows = model.explain_plan(x, y).rows
    assert len(rows) > 3
    return {row.why for row in rows if row.how != "native"}


def _network(optimizer: Any = "sgd", activation: Any = None, **arguments: Any) -> set[str]:
    middle = layers.Activation(activation)
    model = narae.Sequential(
        [narae.Input((4,)), layers.Dense(6, **arguments), middle, layers.Dense(1)]
    )
    model.compile(optimizer, "mse")
    return _of_training(model, np.zeros((8, 4), "float32"), np.zeros((8, 1), "float32"))


# -- families ------------------------------------------------------------------------------------


_STEPS = np.random.default_rng(1).normal(size=(4, 3, 2)).astype("float32")

ROWS: dict[str, tuple[str, dict[str, Any], Any]] = {
    **LAYERS,
    "both ways": ("Bidirectional", {"layer": layers.GRU(2, return_sequences=True)}, _STEPS),
    "cells": (
        "RNN",
        {"cell": [layers.LSTMCell(2, dropout=0.1), layers.GRUCell(2), layers.SimpleRNNCell(2)]},
        _STEPS,
    ),
    "all steps": ("TimeDistributed", {"layer": layers.Dense(2, "tanh")}, _STEPS),
    "spectral": ("SpectralNormalization", {"layer": layers.Conv2D(3, 3)}, space.IMAGE),
}


def _layer(kind: str, arguments: dict[str, Any], x: Any) -> set[str]:
    """Between layers with weights, so that its input has a gradient, unless that is whole numbers."""
    given = arguments_of(x)
    arrays = narae.tree.flatten(given)
    inputs = [narae.Input(a.shape[1:], dtype=a.dtype) for a in arrays]
    before = [
        layers.Dense(a.shape[-1])(i) if a.dtype.kind == "f" else i
        for a, i in zip(arrays, inputs, strict=True)
    ]
    made = getattr(layers, kind)(**arguments)(*narae.tree.pack_sequence_as(given, before))
    model = narae.Model(inputs, layers.Dense(1)(layers.Flatten()(made)))
    model.compile("sgd", "mse")
    return _of_training(model, arrays, np.zeros((len(arrays[0]), 1), "float32"))


def _loss(case: Any) -> set[str]:
    name, arguments, true, predicted = case
    loss = getattr(losses, name)(**arguments)
    return _of_function(lambda y, p: grad(lambda q: loss(y, q))(p), true, predicted)


def _metric(case: Any) -> set[str]:
    name, arguments, make = case
    metric = getattr(metrics, name)(**arguments)

    def step(y: Any, p: Any) -> Any:
        metric.update_state(y, p)
        return metric.result()

    return _of_function(step, *make())


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    **_classes(optimizers),
    "LossScaleOptimizer": lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1)),
    "MultiOptimizer": lambda: optimizers.MultiOptimizer(lambda weight: optimizers.SGD(0.1)),
    "nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "centered": lambda: optimizers.RMSprop(centered=True, momentum=0.9),
    "amsgrad": lambda: optimizers.Adam(amsgrad=True),
    "clipnorm": lambda: optimizers.Adam(clipnorm=1.0),
    "clipvalue": lambda: optimizers.Adam(clipvalue=1.0),
    "global_clipnorm": lambda: optimizers.Adam(global_clipnorm=1.0),
    "average": lambda: optimizers.Adam(use_ema=True, ema_overwrite_frequency=3),
    "accumulation": lambda: optimizers.Adam(gradient_accumulation_steps=2),
    "weight decay": lambda: optimizers.Adam(weight_decay=0.1),
    **{
        name: lambda s=schedule: optimizers.SGD(s)
        for name, schedule in {
            "cosine": optimizers.schedules.CosineDecay(0.1, 9, warmup_steps=3, warmup_target=0.2),
            "restarts": optimizers.schedules.CosineDecayRestarts(0.1, 5),
            "exponential": optimizers.schedules.ExponentialDecay(0.1, 9, 0.5, staircase=True),
            "inverse": optimizers.schedules.InverseTimeDecay(0.1, 9, 0.5),
            "pieces": optimizers.schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01]),
            "polynomial": optimizers.schedules.PolynomialDecay(0.1, 9, cycle=True),
        }.items()
    },
}
ACTIVATIONS: dict[str, Any] = {
    **{name: name for name in activations.__all__},
    "glu": lambda x: activations.glu(ops.concatenate([x, -x], -1)),  # of x's own width
    "threshold": lambda x: activations.threshold(x, 0.1, 0.0),
}
for _name in ("get", "serialize", "deserialize"):
    del ACTIVATIONS[_name]
OTHERS: dict[str, dict[str, Any]] = {
    **{
        name: {"kernel_regularizer": getattr(regularizers, name)()}
        for name in ("L1", "L2", "L1L2", "OrthogonalRegularizer")
    },
    **{
        name: {"kernel_constraint": getattr(constraints, name)()}
        for name in ("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm")
    },
    "bias": {"bias_regularizer": "l2", "bias_constraint": "non_neg"},
    "outputs": {"activity_regularizer": "l2"},
}


def _sweep() -> Iterator[tuple[str, Callable[[], set[str]]]]:
    for name, row in ROWS.items():
        yield f"layer {name}", lambda row=row: _layer(*row)
    for case in LOSSES:
        yield f"loss {case[0]}", lambda case=case: _loss(case)
    for case in [*METRICS, ("Recall", {"top_k": 2}, TABLE)]:
        yield f"metric {case[0]}", lambda case=case: _metric(case)
    for name, make in OPTIMIZERS.items():
        yield f"optimizer {name}", lambda make=make: _network(make())
    for name, activation in ACTIVATIONS.items():
        yield f"activation {name}", lambda a=activation: _network(activation=a)
    for name, arguments in OTHERS.items():
        yield f"option {name}", lambda arguments=arguments: _network(**arguments)


def test_the_sweep_has_every_class() -> None:
    swept = {
        layers: {kind for kind, _, _ in ROWS.values()},
        losses: {case[0] for case in LOSSES},
        metrics: {case[0] for case in METRICS},
        optimizers: set(OPTIMIZERS),
    }
    missing = {
        f"{module.__name__}.{name}"
        for module, names in swept.items()
        for name in _classes(module).keys() - names - NO_ROWS
    }
    assert not missing, (
        f"no row of tests/tables/{{layers,losses,metrics,optimizers}}.py, nor of ROWS here, has {missing}"
    )


@pytest.mark.filterwarnings(
    "ignore:.*does not support masking:UserWarning"
)  # a Flatten after Masking
def test_in_training_nothing_falls_back_but_what_is_listed() -> None:
    found: dict[str, set[str]] = {}
    for name, reasons in _sweep():
        for why in reasons():
            found.setdefault(why, set()).add(name)
    known = {name for names in OPERATIONS.values() for name in names}
    assert found == {
        no_code(why) if why in known else why: set(users) for why, users in IN_TRAINING.items()
    }


def test_every_operation_without_native_code_has_its_reason() -> None:
    listed = [name for names in OPERATIONS.values() for name in names]
    ways = coverage("native", RECORDS)
    assert sorted(listed) == sorted(name for name, way in ways.items() if way != "native")


# Shapes and dtypes, on both sides of what there is code for: name -> (the reason, a maker of what
# falls back, a maker of what does not).
def _conv(groups: int) -> set[str]:
    x, kernel = np.zeros((1, 2, 2 * groups), "float32"), np.zeros((1, 2, groups), "float32")
    return _of_function(ops.conv, x, kernel)


def _pool(size: int) -> set[str]:
    return _of_function(layers.MaxPooling2D((1, size)), np.zeros((1, 2, size, 1), "float32"))


def _pairs(count: int) -> set[str]:
    pairs = np.zeros((count, 1, 2), "float32"), np.zeros((count, 2, 1), "float32")
    return _of_function(ops.matmul, *pairs)


def _numbers(dtype: str) -> set[str]:
    return _of_function(lambda x: x + x, np.zeros(3, dtype))


LIMITS: dict[str, tuple[Callable[[Any], set[str]], Any, Any]] = {
    "conv in 1025 groups": (_conv, 1025, 1024),
    "windows of 65 elements": (_pool, 65, 64),
    "a product of 4097 pairs of matrices": (_pairs, 4097, 4096),
    "numbers of dtype float16": (_numbers, "float16", "int8"),
}


@pytest.mark.parametrize("why", LIMITS)
def test_limits_are_where_they_are_listed(why: str) -> None:
    found, beyond, within = LIMITS[why]
    assert found(beyond) == {why}
    assert found(within) == set()


# -- the documentation ---------------------------------------------------------------------------


def _tables() -> list[list[tuple[str, ...]]]:
    """The rows of each table in docs/native.md, without the heads."""
    page = Path(__file__).parents[3] / "docs" / "native.md"
    if not page.exists():
        pytest.skip("the documentation is not beside the tests")
    found: list[list[tuple[str, ...]]] = [[]]
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            found[-1].append(tuple(cell.strip() for cell in line.strip("|").split(" | ")))
        elif found[-1]:
            found.append([])
    return [table[2:] for table in found if table]


def _quoted(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def test_the_documentation_lists_the_same() -> None:
    in_training, operations, limits = (
        next(t for t in _tables() if any(word in row[column] for row in t))
        for word, column in (("`sparsemax`", 1), ("`cholesky`", 0), ("groups", 0))
    )
    assert {row[1]: _quoted(row[0]) for row in operations} == {
        reason: set(names) for reason, names in OPERATIONS.items()
    }
    listed = {
        (name, user) for row in in_training for name in _quoted(row[0]) for user in _quoted(row[1])
    }
    assert listed == {
        (why.split()[0], user.split()[1]) for why, users in IN_TRAINING.items() for user in users
    }
    assert [row[1] for row in limits] == [f"`{why}`" for why in LIMITS]
