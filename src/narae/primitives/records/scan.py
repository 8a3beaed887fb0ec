"""A scan: a loop of known length over slices, whose body is a graph.

A body is a Python function traced once. What it uses from outside becomes further inputs, so that
gradients reach it. Reverse mode through a scan is another scan, over the body's own gradient, in
the other direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import is_float, np_dtype
from narae.base.errors import ShapeError, differing
from narae.base.types import Namespace
from narae.graph.graph import Graph, evaluate, substitute
from narae.graph.ir import Spec, Value
from narae.graph.recording import tapes
from narae.primitives import costs, insides, rows
from narae.primitives.record import record
from narae.primitives.records.arithmetic import add, multiply, tanh
from narae.primitives.records.body import (
    ALGEBRA,
    Body,
    check_same,
    float_places,
    gradient_graph,
    known_zero,
    spread_out,
    trace_graph,
    traced_function,
)
from narae.primitives.records.state import trace_bodies


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
    check_same("the arguments of a scan", step, body.inputs)
    check_same("the body of a scan", body.outputs[:carries], inputs[:carries])
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
    moving = float_places(inputs[:carries])
    summed = [i for i in range(first, len(inputs)) if i in wanted]
    sliced = [i for i in range(carries, first) if i in wanted]
    stacked = [
        i for i in range(carries, len(out)) if is_float(out[i].dtype) and not known_zero(ct[i])
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
    return spread_out(found, [*moving, *summed, *sliced], len(inputs))


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

    graph = traced_function(body, (2,), (2,), (2,))
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
    rows=rows.scanned,
    inside=insides.scanned,
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
