"""A loop of unknown length, whose test and body are graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from narae.base.errors import DtypeError, NotYet
from narae.base.types import Namespace
from narae.graph.graph import Graph, evaluate
from narae.graph.ir import Spec, Value
from narae.graph.recording import is_traced
from narae.primitives import costs, insides, pruning, rows
from narae.primitives.record import record
from narae.primitives.records.arithmetic import add
from narae.primitives.records.body import (
    Body,
    check_same,
    traced_function,
)
from narae.primitives.records.logic import less
from narae.primitives.records.reduce import reduce_sum
from narae.primitives.records.state import trace_bodies


def _while_rule(
    *inputs: Spec, test: Graph, body: Graph, count: int, limit: int | None
) -> tuple[Spec, ...]:
    if [v.spec for v in test.outputs] != [Spec((), "bool")]:
        got = [(v.shape, v.dtype) for v in test.outputs]
        raise DtypeError(f"the condition of a while_loop gives one bool, got {got}")
    check_same("the arguments of a while_loop", inputs, body.inputs)
    check_same("the body of a while_loop", body.outputs, inputs[:count])
    return tuple(inputs[:count])


def _while(
    xp: Namespace, *arrays: np.ndarray, test: Graph, body: Graph, count: int, limit: int | None
) -> tuple[Any, ...]:
    state, captured, done = tuple(arrays[:count]), arrays[count:], 0
    while (limit is None or done < limit) and bool(evaluate(test, (*state, *captured), xp)[0]):
        state, done = evaluate(body, (*state, *captured), xp), done + 1
    return state


def _while_joint(wanted: set[int], *_: Any, **__: Any) -> Any:
    raise NotYet(
        "a while_loop of unknown length cannot be differentiated in reverse: its past states are "
        "not kept. Use narae.ops.scan or fori_loop with a known number of steps, or run it eagerly "
        "under the tape."
    )


def _while_samples(rng: np.random.Generator) -> list[Any]:
    limit = np.asarray(9.0)
    test = traced_function(lambda x, most: [less(reduce_sum(x, axes=(0,)), most)], (2,), ())
    body = traced_function(lambda x, most: [add(x, x)], (2,), ())
    graphs = {"test": test, "body": body, "count": 1}
    return [((np.asarray([1.0, 0.5]), limit), {**graphs, "limit": n}) for n in (None, 2, 0)]


# The state after as many steps of the body as the test allows, at most `limit` when there is one.
while_ = record(
    "while",
    _while_rule,
    _while,
    joint=_while_joint,
    samples=_while_samples,
    cost=costs.of_graphs("test", "body"),
    rows=rows.looped,
    prune=pruning.repeated,
    inside=insides.repeated,
)


def repeat_while(
    test: Callable[..., Value], body: Body, state: Sequence[Value], limit: int | None = None
) -> tuple[Value, ...]:
    """The state after repeating `body` while `test` holds, at most `limit` times.

    When everything is known it runs step by step, and a tape records each step; within a trace it
    is one operation, through which reverse mode does not go. Step by step, dtypes may change.
    """
    if not is_traced() and all(v.data is not None for v in state):
        current, done = tuple(state), 0
        while (limit is None or done < limit) and bool(test(*current)):
            after = tuple(body(*current))
            wanted = [Spec(v.shape, new.dtype) for v, new in zip(current, after, strict=False)]
            check_same("the body of a while_loop", after, wanted)
            current, done = after, done + 1
        return current
    found = trace_bodies([lambda *s: [test(*s)], body], [v.spec for v in state])
    tested, stepped = found.outputs
    if any(new is not old for new, (_, old) in zip(found.news[0], found.written, strict=True)):
        raise ValueError(
            "the condition of a while_loop assigns to a variable (is there dropout in it?): the body may"
        )
    inputs = [*found.inputs, *(value for _, value in found.written)]
    graphs, captured = found.graphs(inputs, [tested, [*stepped, *found.news[1]]])
    states = [*state, *found.before()]
    counts = {"count": len(states), "limit": limit}
    result = while_(*states, *captured, test=graphs[0], body=graphs[1], **counts)
    found.assign(result[len(state) :])
    return result[: len(state)]
