"""Every operation, layer, loss, metric, activation and optimizer on XLA, against the same code on
NumPy. XLA takes a second to compile anything, so that many cases are one program."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.ops.oracle import flat_leaves
from tests.ops.public_cases import CASES as OPERATIONS
from tests.tables import metrics as metric_rows
from tests.tables import optimizers as optimizer_rows
from tests.tables.activations import CASES as ACTIVATIONS
from tests.tables.layers import LAYERS, arguments_of
from tests.tables.losses import CASES as LOSSES
from tests.tables.losses import IDS as LOSS_IDS

import narae
from narae import activations, layers, losses, metrics, ops, optimizers
from narae.base import trees
from narae.base.names import reset_names
from narae.engine import config
from narae.engine.trace import trace
from narae.graph.ir import Spec
from narae.random.keys import reset_global_seed

Case = tuple[Callable[..., Any], list[np.ndarray]]


@pytest.fixture(autouse=True)
def _on_xla(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["xla"])


def agree(eager: dict[str, Case], traced: dict[str, Case], rtol: float, atol: float) -> None:
    """The cases run at once, and as one program: the same numbers, shapes and dtypes. XLA sums in
    another order, and its exponentials and logarithms are others, both within some units in the
    last place; what follows amplifies that."""
    arrays = {name: case[1] for name, case in traced.items()}
    together = narae.jit(lambda every: {k: traced[k][0](*v) for k, v in every.items()})
    got = together(arrays)
    wrong = []
    for name, (function, given) in eager.items():
        wanted = flat_leaves(function(*map(ops.convert_to_tensor, given)))
        for mine, other in zip(flat_leaves(got[name]), wanted, strict=True):
            a, b = np.asarray(mine), np.asarray(other)
            same = a.shape == b.shape and a.dtype == b.dtype
            if not same or not np.allclose(a, b, rtol, atol, equal_nan=True):
                wrong.append((name, a, b))
    assert not wrong


def parts(things: Any, count: int) -> Any:
    """A table in so many parts, for as many programs."""
    things = list(things)
    return [pytest.param(things[i::count], id=f"{i + 1} of {count}") for i in range(count)]


# -- operations --------------------------------------------------------------------------------------


def operation(row: Any) -> Case | None:
    """A call as a function of its arrays; None for one whose shapes or values have to be known."""
    name, args, kwargs = row
    leaves = trees.flatten((args, kwargs))
    arrays = [leaf for leaf in leaves if isinstance(leaf, np.ndarray)]

    def call(*tensors: Any) -> Any:
        rest = iter(tensors)
        filled = [next(rest) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
        args_, kwargs_ = trees.pack_as((args, kwargs), filled)
        return getattr(ops, name)(*args_, **kwargs_)

    with contextlib.suppress(TypeError, ValueError, NotImplementedError):
        trace(call, *(Spec(a.shape, ops.convert_to_tensor(a).dtype) for a in arrays))
        return (call, arrays) if arrays else None
    return None


@pytest.mark.parametrize("rows", parts(enumerate(OPERATIONS), 8))
def test_operations(rows: list[Any]) -> None:
    made = {f"{i} {row[0]}": operation(row) for i, row in rows}
    cases = {name: case for name, case in made.items() if case is not None}
    assert len(cases) > 0.8 * len(rows)
    agree(cases, cases, 2e-4, 2e-5)


# -- layers ------------------------------------------------------------------------------------------


def trained(kind: str, options: dict[str, Any], x: Any) -> Case:
    """Output, gradients and new state of a layer in training."""
    layer = getattr(layers, kind)(**options)
    given = arguments_of(x)
    layer.build(*([a.shape for a in one] if isinstance(one, list) else one.shape for one in given))

    def step(*inputs: Any) -> Any:
        with narae.GradientTape() as tape:
            watched = [x for x in inputs if x.dtype == "float32"]  # whole numbers have no gradient
            tape.watch(watched)
            out = layer(*trees.pack_as(given, inputs), training=True)
            loss = ops.sum(out * np.linspace(-1, 1, out.size, dtype="float32").reshape(out.shape))
            loss = sum(layer.losses, loss)
        grads = tape.gradient(loss, [*watched, *layer.trainable_weights])
        state = [v.value for v in layer.non_trainable_variables]
        return [out, *(g for g in grads if g is not None), *state]

    return step, trees.flatten(given)


@pytest.mark.parametrize("names", parts(sorted(LAYERS), 6))
def test_layers(names: list[str]) -> None:
    both = []
    for _ in range(2):  # the same weights and seeds
        reset_names()
        reset_global_seed()
        narae.utils.set_random_seed(0)
        both.append({name: trained(*LAYERS[name]) for name in names})
    agree(*both, 2e-4, 2e-5)


# -- what training is made of ------------------------------------------------------------------------


def test_activations() -> None:
    x = np.linspace(-5, 5, 24, dtype="float32").reshape(4, 6) + 0.013

    def case(name: str, options: dict[str, Any]) -> Case:
        def weighted(v: Any) -> Any:
            y = getattr(activations, name)(v, **options)
            return ops.sum(y * np.linspace(-1, 2, y.size, dtype="float32").reshape(y.shape))

        return narae.value_and_grad(weighted), [x]

    cases = {f"{name} {options}": case(name, options) for name, options in ACTIVATIONS}
    agree(cases, cases, 1e-4, 1e-5)


def test_losses() -> None:
    def case(name: str, options: dict[str, Any], y_true: Any, y_pred: Any) -> Case:
        loss = getattr(losses, name)(**options)
        of = lambda t, p: narae.value_and_grad(lambda v: loss(t, v))(p)
        return of, [y_true, y_pred]

    cases = {i: case(*row) for i, row in zip(LOSS_IDS, LOSSES, strict=True)}
    agree(cases, cases, 2e-4, 2e-6)


@pytest.mark.filterwarnings("ignore:.*counts in int32:UserWarning")  # rows of IoU with weights
@pytest.mark.parametrize("rows", parts(metric_rows.CASES, 2))
def test_metrics(rows: Any) -> None:
    weight = np.arange(metric_rows.N, dtype="float32") % 3 + 1

    def case(name: str, options: dict[str, Any], batch: Any) -> Case:
        metric = getattr(metrics, name)(**options)

        def updates(*arrays: Any) -> Any:
            for _ in range(2):
                metric.update_state(*arrays, sample_weight=weight)
            return [metric.result(), *(v.value for v in metric.variables)]

        return updates, list(batch)

    batches = [make() for *_, make in rows]
    both = [
        {f"{i} {row[0]}": case(*row[:2], batches[i]) for i, row in enumerate(rows)}
        for _ in range(2)
    ]
    agree(*both, 1e-4, 1e-5)


def test_optimizers() -> None:
    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape).astype("float32") for shape in ((3,), (4, 3))]
    grads = [rng.normal(size=shape).astype("float32") for shape in ((3,), (4, 3))]

    def case(name: str, options: dict[str, Any]) -> Case:
        optimizer = optimizer_rows.made_by(optimizers, name, options)
        weights = [narae.Variable(value) for value in start]
        optimizer.build(weights)

        def steps(*gradients: Any) -> Any:
            for scale in (1.0, -0.5, 2.0):
                optimizer.apply([g * scale for g in gradients], weights)
            return [v.value for v in (*weights, *optimizer.variables)]

        return steps, grads

    rows = optimizer_rows.ROWS
    both = [{f"{i} {row[0]}": case(*row) for i, row in enumerate(rows)} for _ in range(2)]
    agree(*both, 1e-4, 1e-5)
