"""explain: one batch through a model's compiled step, with every value looked at on the way.

The step is traced anew, planned as the model's own is, and loaded over copies of its state. The
values come from the reference: each operation's NumPy forward, in the order of the graph. The times
come from the executor in use.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from narae.base import trees
from narae.base.types import TensorLike
from narae.engine.compiled import planned_for, simplified_for
from narae.engine.config import executor, num_threads
from narae.engine.trace import fill
from narae.executors import Program, load, step_times
from narae.executors import explain as ways_of
from narae.executors.shared.memory import Store
from narae.graph.ir import Value
from narae.inspect.explanation.assemble import gathered
from narae.inspect.explanation.evaluate import look
from narae.inspect.explanation.phases import Layers, places
from narae.inspect.explanation.report import Explanation
from narae.inspect.explanation.step import Subject
from narae.models.data.sources import make_source

if TYPE_CHECKING:
    from narae.engine.scope import Gradients
    from narae.models.data.protocols import Batch, DataLike
    from narae.models.model import Model
    from narae.models.training.trainable import Kind

_ROUNDS = 5


def explain(
    model: Model, x: DataLike, y: DataLike = None, sample_weight: DataLike = None
) -> Explanation:
    """Every step of forward, loss, backward and update for one batch; without y, forward alone.

    Nothing of the model changes: weights, optimizer, metrics and seeds stay as they are (a model that was not built
    is built).

    The explanation prints as tables, shows itself in notebooks, and `save(path)` writes a page with
    the graph as a picture. Its `steps` and `layers` are data: formulas, shapes, statistics, FLOPs,
    bytes, seconds, gradient norms, dead units.

    Args:
        model: the model; it must be compiled where there is a y.
        x: inputs, (samples, ...), or a nest of them, as `fit` takes them: all samples are one batch.
        y: targets likewise; None for the forward pass alone.
        sample_weight: a weight for each sample; None for none.

    Returns: the Explanation.

    Raises:
        ValueError: there is a y and the model is not compiled, or the data does not fit.

    >>> import narae
    >>> model = narae.Sequential([narae.Input((4,)), narae.layers.Dense(3, "relu", name="first")])
    >>> found = explain(model, np.ones((8, 4)))
    >>> step = next(step for step in found.steps if step.layer == "first")
    >>> step.shape, step.flops, found.layers[0].parameters
    ((8, 3), 240, 15)
    """
    kind: Kind = "predict" if y is None else "train"
    if kind == "train":
        model._require_compiled("explain")
    batch = next(iter(make_source(x, y, sample_weight, batch_size=1 << 62).epoch(0)))
    subject = subject_of(model, kind, batch)
    traced = subject.traced
    state = [subject.layers.fresh(v) for v in traced.variables]
    stores = [Store(a.copy()) for a in state]
    program = load(executor(), subject.plan, stores, num_threads)
    batch.write(program.inputs)
    arrays = [*(a.copy() for a in program.inputs), *state]
    results = trees.map_tree(_plain, fill(traced.result, program()))
    whole = _whole(program, stores, state)
    ways = ways_of(executor(), program)
    times = step_times(executor(), program)
    # again: what else the machine did before it measured the steps would make the two conflict
    whole = min(whole, _whole(program, stores, state))
    return gathered(subject, look(subject, arrays), executor(), ways, times, whole, results)


def subject_of(model: Model, kind: Kind, batch: Batch) -> Subject:
    """A step for a batch, traced anew: its simplified graph and plan, and where its gradients are."""
    traced = model._step_programs().traced(kind, batch.specs())
    asked = cast("Gradients", traced.gradients)  # steps are traced with them
    of_variables = [g for _, g in asked.of_variables.values()]
    values, cotangents = (
        zip(*asked.of_values.values(), strict=True) if asked.of_values else ((), ())
    )
    parts = [asked.targets, of_variables, list(values), list(cotangents)]
    graph, flat = simplified_for(executor(), traced.graph, [v for part in parts for v in part])
    found = iter(flat)
    targets, gradients, values, cotangents = ([next(found) for _ in part] for part in parts)
    layers = Layers(model)
    return Subject(
        model=model,
        kind=kind,
        data=batch.tree(),
        traced=traced,
        graph=graph,
        plan=planned_for(executor(), graph, traced),
        layers=layers,
        places=places(graph, traced, targets, layers, kind),
        targets=tuple(targets),
        gradients=dict(zip(asked.of_variables, gradients, strict=True)),
        # of values that have become one, the first is read by the others: its gradient is theirs
        cotangents=dict(_first_last(values, cotangents, list(asked.of_values))),
    )


def _first_last(values: list[Value], cotangents: list[Value], ages: list[int]) -> Any:
    order = sorted(range(len(ages)), key=lambda i: -ages[i])
    return ((values[i].uid, cotangents[i]) for i in order)


def _whole(program: Program, stores: list[Store], state: list[np.ndarray]) -> float:
    """Seconds of a whole step: the best of a few. The state is put back."""
    best = float("inf")
    for _ in range(_ROUNDS):
        _put(stores, state)
        begin = time.perf_counter()
        program()
        best = min(best, time.perf_counter() - begin)
    _put(stores, state)
    return best


def _put(stores: list[Store], state: list[np.ndarray]) -> None:
    for store, value in zip(stores, state, strict=True):
        store.write(value)


def _plain(leaf: TensorLike) -> Any:
    array = np.asarray(leaf)
    return array.item() if array.size == 1 else array.copy()
