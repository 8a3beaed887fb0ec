"""A choice between functions, each a graph: `switch`, of which `cond` is the one of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import is_float
from narae.base.errors import DtypeError
from narae.base.types import Namespace
from narae.graph.graph import Graph, evaluate
from narae.graph.ir import Spec, Value
from narae.primitives import costs, insides, pruning, rows
from narae.primitives.record import record
from narae.primitives.records.arithmetic import add, multiply
from narae.primitives.records.body import (
    Body,
    check_same,
    float_places,
    gradient_graph,
    known_zero,
    spread_out,
    traced_function,
)
from narae.primitives.records.state import trace_bodies


def _switch_rule(index: Spec, *inputs: Spec, branches: tuple[Graph, ...]) -> tuple[Spec, ...]:
    if index.shape != () or is_float(index.dtype):
        raise DtypeError(
            f"a choice takes one integer or bool, got shape {index.shape}, {index.dtype}"
        )
    for branch in branches:
        check_same("a branch's arguments", inputs, branch.inputs)
        check_same("one branch", branch.outputs, branches[0].outputs)
    return tuple(v.spec for v in branches[0].outputs)


def _switch(
    xp: Namespace, index: np.ndarray, *arrays: np.ndarray, branches: tuple[Graph, ...]
) -> tuple[Any, ...]:
    return evaluate(branches[min(max(int(index), 0), len(branches) - 1)], arrays, xp)


def _switch_joint(
    wanted: set[int],
    ct: Sequence[Value],
    out: Sequence[Value],
    index: Value,
    *inputs: Value,
    branches: tuple[Graph, ...],
) -> list[Value | None]:
    sources = sorted(i - 1 for i in wanted)
    seeded = [i for i in float_places(out) if not known_zero(ct[i])]
    backward = tuple(gradient_graph(branch, seeded, sources) for branch in branches)
    found = switch(index, *inputs, *(ct[i] for i in seeded), branches=backward)
    return spread_out(found, [i + 1 for i in sources], len(inputs) + 1)


def _switch_samples(rng: np.random.Generator) -> list[Any]:
    branches = (
        traced_function(lambda x, y: [multiply(x, y), x], (3,), ()),
        traced_function(lambda x, y: [add(x, y), x], (3,), ()),
    )
    x, y = rng.normal(size=(3,)), np.asarray(rng.normal())
    return [((np.asarray(i, "int32"), x, y), {"branches": branches}) for i in (0, 1, 7)]


# The outputs of one branch: the first for an index of 0 or less, the last for one too large.
switch = record(
    "switch",
    _switch_rule,
    _switch,
    joint=_switch_joint,
    samples=_switch_samples,
    cost=costs.of_the_dearest("branches"),
    rows=rows.graphs_on_inputs("branches", 1),
    prune=pruning.of_branches,
    inside=insides.of_branches,
)


def choose(index: Value, functions: Sequence[Body], operands: Sequence[Value]) -> tuple[Value, ...]:
    """The flat outputs of the function at `index` (an integer or bool scalar).

    A known index calls that function and no other. Raises ShapeError or DtypeError when the
    functions' outputs differ.
    """
    if index.data is not None:
        place = min(max(int(index.data), 0), len(functions) - 1)
        return tuple(functions[place](*operands))
    found = trace_bodies(functions, [v.spec for v in operands])
    outputs = [[*out, *new] for out, new in zip(found.outputs, found.news, strict=True)]
    inputs = [*found.inputs, *(value for _, value in found.written)]
    graphs, captured = found.graphs(inputs, outputs)
    result = switch(index, *operands, *found.before(), *captured, branches=graphs)
    count = len(result) - len(found.written)
    found.assign(result[count:])
    return result[:count]
