"""Control flow: a choice, a loop and a scan, whose bodies are graphs.

A body is a Python function traced once. What it uses from outside becomes further inputs, so that
gradients reach it. Reverse mode through a scan is another scan, over the body's own gradient, in
the other direction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import is_float, np_dtype
from narae.base.errors import DtypeError, NotYet, ShapeError, differing
from narae.base.types import Namespace
from narae.graph.graph import Graph, evaluate, substitute
from narae.graph.ir import Spec, Value
from narae.graph.recording import is_traced, tapes
from narae.primitives import costs
from narae.primitives.record import record
from narae.primitives.records.arithmetic import add, multiply, tanh
from narae.primitives.records.body import (
    ALGEBRA,
    Body,
    gradient_graph,
    trace_graph,
)
from narae.primitives.records.logic import less
from narae.primitives.records.reduce import reduce_sum
from narae.primitives.records.state import trace_bodies


def _floats(values: Sequence[Value | Spec]) -> list[int]:
    return [i for i, v in enumerate(values) if is_float(v.dtype)]


def _known_zero(value: Value) -> bool:
    """Whether a value is the broadcast zero that stands for a cotangent that never came."""
    data = value.data
    return data is not None and value.node is None and not any(data.strides) and not data.any()


def _check_same(what: str, got: Sequence[Value | Spec], wanted: Sequence[Value | Spec]) -> None:
    shown = [(v.shape, v.dtype) for v in got], [(v.shape, v.dtype) for v in wanted]
    if shown[0] != shown[1]:
        error = DtypeError if [s for s, _ in shown[0]] == [s for s, _ in shown[1]] else ShapeError
        raise error(
            f"{what}: got {shown[0]} where {shown[1]} is expected; a cast or reshape in it?"
        )


# --- a choice ---


def _switch_rule(index: Spec, *inputs: Spec, branches: tuple[Graph, ...]) -> tuple[Spec, ...]:
    if index.shape != () or is_float(index.dtype):
        raise DtypeError(
            f"a choice takes one integer or bool, got shape {index.shape}, {index.dtype}"
        )
    for branch in branches:
        _check_same("a branch's arguments", inputs, branch.inputs)
        _check_same("one branch", branch.outputs, branches[0].outputs)
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
    seeded = [i for i in _floats(out) if not _known_zero(ct[i])]
    backward = tuple(gradient_graph(branch, seeded, sources) for branch in branches)
    found = switch(index, *inputs, *(ct[i] for i in seeded), branches=backward)
    return _spread(found, [i + 1 for i in sources], len(inputs) + 1)


def _spread(found: Sequence[Value], places: Sequence[int], count: int) -> list[Value | None]:
    out: list[Value | None] = [None] * count
    for place, value in zip(places, found, strict=True):
        out[place] = value
    return out


def _traced(function: Body, *shapes: tuple[int, ...]) -> Graph:
    return trace_graph(function, [Spec(shape, "float64") for shape in shapes])[0]


def _switch_samples(rng: np.random.Generator) -> list[Any]:
    branches = (
        _traced(lambda x, y: [multiply(x, y), x], (3,), ()),
        _traced(lambda x, y: [add(x, y), x], (3,), ()),
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


# --- a loop ---


def _while_rule(
    *inputs: Spec, test: Graph, body: Graph, count: int, limit: int | None
) -> tuple[Spec, ...]:
    if [v.spec for v in test.outputs] != [Spec((), "bool")]:
        got = [(v.shape, v.dtype) for v in test.outputs]
        raise DtypeError(f"the condition of a while_loop gives one bool, got {got}")
    _check_same("the arguments of a while_loop", inputs, body.inputs)
    _check_same("the body of a while_loop", body.outputs, inputs[:count])
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
    test = _traced(lambda x, most: [less(reduce_sum(x, axes=(0,)), most)], (2,), ())
    body = _traced(lambda x, most: [add(x, x)], (2,), ())
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
)


def repeat_while(
    test: Callable[..., Value], body: Body, state: Sequence[Value], limit: int | None = None
) -> tuple[Value, ...]:
    """The state after repeating `body` while `test` holds, at most `limit` times.

    When everything is known it runs step by step, and a tape records each step; within a trace it
    is one operation, through which reverse mode does not go.
    """
    if not is_traced() and all(v.data is not None for v in state):
        current, done = tuple(state), 0
        while (limit is None or done < limit) and bool(test(*current)):
            after = tuple(body(*current))
            _check_same("the body of a while_loop", after, current)
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


# --- a scan ---


def _scan_rule(
    *inputs: Spec, body: Graph, carries: int, slices: int, length: int, reverse: bool, kept: bool
) -> tuple[Spec, ...]:
    """inputs: carries, slices (length, ...), captured; the body's: the same, one slice of each."""
    xs = inputs[carries : carries + slices]
    if any(x.shape[:1] != (length,) for x in xs):
        raise ShapeError(
            f"a scan of {length} steps takes inputs of that length, got {[x.shape for x in xs]}",
            lengths=differing([x.shape[0] for x in xs if x.shape], [length] * len(xs)),
        )
    step = [
        Spec(v.shape[1:], v.dtype) if carries <= i < carries + slices else v
        for i, v in enumerate(inputs)
    ]
    _check_same("the arguments of a scan", step, body.inputs)
    _check_same("the body of a scan", body.outputs[:carries], inputs[:carries])
    ys = [Spec((length, *v.shape), v.dtype) for v in body.outputs[carries:]]
    return (*inputs[:carries], *ys)


def _scan(
    xp: Namespace,
    *arrays: np.ndarray,
    body: Graph,
    carries: int,
    slices: int,
    length: int,
    reverse: bool,
    kept: bool,
) -> tuple[Any, ...]:
    carry, xs = tuple(arrays[:carries]), arrays[carries : carries + slices]
    captured = arrays[carries + slices :]
    ys = [np.empty((length, *v.shape), np_dtype(v.dtype)) for v in body.outputs[carries:]]
    for t in reversed(range(length)) if reverse else range(length):
        out = evaluate(body, (*carry, *(x[t] for x in xs), *captured), xp)
        carry = out[:carries]
        for y, value in zip(ys, out[carries:], strict=True):
            y[t] = value
    return (*carry, *ys)


def keep_carries(body: Graph, carries: int) -> Graph:
    """The body with its incoming carries as further outputs: what its gradient needs."""
    return Graph(body.inputs, (*body.outputs, *body.inputs[:carries]), body.nodes)


def _scan_joint(
    wanted: set[int],
    ct: Sequence[Value],
    out: Sequence[Value],
    *inputs: Value,
    body: Graph,
    carries: int,
    slices: int,
    length: int,
    reverse: bool,
    kept: bool,
) -> list[Value | None]:
    """Backwards: the carry is the cotangent of the carry and the sums for what is captured."""
    if not kept:
        long = keep_carries(body, carries)
        params = {"carries": carries, "slices": slices, "length": length, "reverse": reverse}
        out = scan(*inputs, body=long, **params, kept=True)
        body = long
        ct = (*ct, *(ALGEBRA.zeros(v.spec) for v in out[len(ct) :]))
    states, xs = out[-carries:] if carries else (), inputs[carries : carries + slices]
    captured = inputs[carries + slices :]
    first = carries + slices
    moving = _floats(inputs[:carries])
    summed = [i for i in range(first, len(inputs)) if i in wanted]
    sliced = [i for i in range(carries, first) if i in wanted]
    stacked = [
        i for i in range(carries, len(out)) if is_float(out[i].dtype) and not _known_zero(ct[i])
    ]
    step = gradient_graph(body, [*moving, *stacked], [*moving, *summed, *sliced])
    backward = _backward_step(step, len(moving), len(summed), len(states) + slices, len(stacked))
    found = _scanned(
        backward,
        [*(ct[i] for i in moving), *(ALGEBRA.zeros(inputs[i].spec) for i in summed)],
        [*states, *xs, *(ct[i] for i in stacked)],
        captured,
        length,
        not reverse,
    )
    return _spread(found, [*moving, *summed, *sliced], len(inputs))


def _backward_step(step: Graph, moving: int, summed: int, read: int, stacked: int) -> Graph:
    """A gradient graph as a scan's body: (ct carries, sums | states, slices, cts | captured)."""
    inputs, taken = step.inputs, step.inputs[read:]
    captured, moved = taken[: len(taken) - moving - stacked], taken[len(taken) - moving - stacked :]
    order = [*moved[:moving], *inputs[:read], *moved[moving:], *captured]

    def body(*values: Value) -> list[Value]:
        sums = values[moving : moving + summed]
        given = dict(
            zip([v.uid for v in order], (*values[:moving], *values[moving + summed :]), strict=True)
        )
        out = substitute(step, [given[v.uid] for v in inputs])
        added = [
            ALGEBRA.add(s, g) for s, g in zip(sums, out[moving : moving + summed], strict=True)
        ]
        return [*out[:moving], *added, *out[moving + summed :]]

    sums = [v.spec for v in step.outputs[moving : moving + summed]]
    specs = [v.spec for v in order]
    return trace_graph(body, [*specs[:moving], *sums, *specs[moving:]])[0]


def _scanned(
    body: Graph,
    init: Sequence[Value],
    xs: Sequence[Value],
    captured: Sequence[Value],
    length: int,
    reverse: bool,
) -> tuple[Value, ...]:
    """Bind a scan; under a tape it keeps its carries, which the caller does not see."""
    kept = bool(tapes())
    count = len(body.outputs)
    body = keep_carries(body, len(init)) if kept else body
    out = scan(
        *init,
        *xs,
        *captured,
        body=body,
        carries=len(init),
        slices=len(xs),
        length=length,
        reverse=reverse,
        kept=kept,
    )
    return out[:count]


def _scan_samples(rng: np.random.Generator) -> list[Any]:
    def body(h: Value, x: Value, w: Value) -> list[Value]:
        new = tanh(add(multiply(h, w), x))
        return [new, multiply(new, x)]

    graph = _traced(body, (2,), (2,), (2,))
    arrays = (rng.normal(size=(2,)), rng.normal(size=(3, 2)), rng.normal(size=(2,)))
    params = {"body": graph, "carries": 1, "slices": 1, "length": 3, "kept": False}
    empty = (arrays[0], arrays[1][:0], arrays[2])
    rows = [(arrays, {**params, "reverse": r}) for r in (False, True)]
    return [*rows, (empty, {**params, "length": 0, "reverse": False})]


# carry, y = body(carry, x) for each x in turn -> the last carries, and the ys stacked. With `kept`
# the last ys are the carries that came into each step.
scan = record(
    "scan",
    _scan_rule,
    _scan,
    joint=_scan_joint,
    samples=_scan_samples,
    cost=costs.of_graphs("body"),
)


def scan_over(
    function: Body, init: Sequence[Value], xs: Sequence[Value], length: int, reverse: bool = False
) -> tuple[Value, ...]:
    """The last carries and the stacked ys of carry, y = function(carry, x) over slices of `xs`.

    function(*carries, *slices) -> (*carries, *ys), flat. init: the first carries; xs: (length, ...)
    each. Raises ShapeError or DtypeError when a carry changes its shape or dtype.
    """
    specs = [v.spec for v in init] + [Spec(x.shape[1:], x.dtype) for x in xs]
    found = trace_bodies([function], specs)
    count, ((*out,), (new,)) = len(init), (found.outputs[0], found.news)
    state = [value for _, value in found.written]
    inputs = [*found.inputs[:count], *state, *found.inputs[count:]]
    (graph,), captured = found.graphs(inputs, [[*out[:count], *new, *out[count:]]])
    result = _scanned(graph, [*init, *found.before()], xs, captured, length, reverse)
    last = count + len(state)
    found.assign(result[count:last])
    return (*result[:count], *result[last:])
