"""A scan: a loop of known length over slices, whose body is a graph.

A body is a Python function traced once. What it uses from outside becomes further inputs, so that
gradients reach it. Reverse mode through a scan is another scan, over the body's own gradient, in
the other direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import np_dtype
from narae.base.errors import ShapeError, differing
from narae.base.types import Namespace
from narae.graph.graph import Graph, evaluate, substitute
from narae.graph.ir import Spec, Value
from narae.graph.recording import tapes
from narae.primitives import costs, insides, pruning, rows
from narae.primitives.record import record
from narae.primitives.records.arithmetic import add, multiply, tanh
from narae.primitives.records.body import (
    ALGEBRA,
    Body,
    check_same,
    float_places,
    known_zero,
    spread_out,
    traced_function,
)
from narae.primitives.records.kept import (
    Choice,
    Joint,
    backward_step,
    chosen,
    joint,
    keeping,
    with_kept,
)
from narae.primitives.records.outside import Loop, Roles, split_off
from narae.primitives.records.shape import reshape
from narae.primitives.records.state import trace_bodies


def _scan_rule(
    *inputs: Spec,
    body: Graph,
    carries: int,
    slices: int,
    length: int,
    reverse: bool,
    kept: int | None,
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
    kept: int | None,
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
    kept: int | None,
) -> list[Value | None]:
    """Backwards: the carry is the cotangent of the carry and the sums for what is captured."""
    roles = Roles(carries, slices, length)
    moving = float_places(inputs[:carries])
    seeded = [i for i in float_places(out) if i >= carries and not known_zero(ct[i])]
    others = sorted(i for i in wanted if i >= carries)
    pair = joint(body, [*moving, *seeded], [*moving, *others])
    there = _stacked(pair, roles, out, inputs, reverse, kept)
    step = backward_step(pair, roles, moving, [v for v, _ in there])
    stacks = {v.uid: x for v, x in there}
    given = [
        *(ct[i] for i in moving),
        *(ALGEBRA.zeros(inputs[i].spec) for i in step.sums),
        *(stacks[uid] for uid in step.read),
        *(ct[i] for i in seeded),
        *inputs[carries + slices :],
    ]
    back = Roles(len(moving) + len(step.sums), len(step.read) + len(seeded), length)
    found = split_off(step.body, back, given, _looped(length, not reverse))
    return spread_out(found, [*moving, *step.sums, *step.slices], len(inputs))


def _stacked(
    pair: Joint,
    roles: Roles,
    out: Sequence[Value],
    inputs: Sequence[Value],
    reverse: bool,
    kept: int | None,
) -> list[tuple[Value, Value]]:
    """What is there of all steps for the gradient: values of its graph, and they themselves, stacked.

    A scan that kept nothing is bound again: it was not known that it would be differentiated.
    """
    _, sliced, _ = roles.parts(pair.inputs)
    _, xs, _ = roles.parts(inputs)
    ys = pair.outputs[roles.carries :]
    choice = chosen(pair, roles, ys) if kept is None else Choice(pair, roles, ys, alone=True)
    if choice.kept:
        out = _bound(with_kept(pair, choice), inputs, roles, reverse, len(choice.kept))
        ys = (*ys, *choice.kept.values())
    return list(zip((*ys, *sliced), (*out[roles.carries :], *xs), strict=True))


def _bound(
    body: Graph, inputs: Sequence[Value], roles: Roles, reverse: bool, kept: int | None
) -> tuple[Value, ...]:
    return scan(
        *inputs,
        body=body,
        carries=roles.carries,
        slices=roles.slices,
        length=roles.length,
        reverse=reverse,
        kept=kept,
    )


def _looped(length: int, reverse: bool) -> Loop:
    """How what is left of a scan is bound: under a tape it keeps what its gradient reads, which the
    caller does not see."""

    def loop(
        body: Graph, first: Sequence[Value], xs: Sequence[Value], rest: Sequence[Value]
    ) -> tuple[Value, ...]:
        inputs, count = (*first, *xs, *rest), len(body.outputs)
        roles, kept = Roles(len(first), len(xs), length), None
        if tapes() and any(v.data is None or v.node or v.tracked for v in inputs):
            body = keeping(body, roles)
            kept = len(body.outputs) - count
        return _bound(body, inputs, roles, reverse, kept)[:count]

    return loop


def _scan_samples(rng: np.random.Generator) -> list[Any]:
    def body(h: Value, x: Value, w: Value) -> list[Value]:
        new = tanh(add(multiply(h, w), x))
        return [new, multiply(new, x)]

    graph = traced_function(body, (2,), (2,), (2,))
    arrays = (rng.normal(size=(2,)), rng.normal(size=(3, 2)), rng.normal(size=(2,)))
    params = {"body": graph, "carries": 1, "slices": 1, "length": 3, "kept": None}
    empty = (arrays[0], arrays[1][:0], arrays[2])
    rows = [(arrays, {**params, "reverse": r}) for r in (False, True)]
    return [*rows, (empty, {**params, "length": 0, "reverse": False})]


# carry, y = body(carry, x) for each x in turn -> the last carries, and the ys stacked. kept: how many of the
# last ys are there for the gradient alone; None where it was not known that there would be one.
scan = record(
    "scan",
    _scan_rule,
    _scan,
    joint=_scan_joint,
    samples=_scan_samples,
    cost=costs.of_graphs("body"),
    rows=rows.scanned,
    prune=pruning.scanned,
    inside=insides.scanned,
)


def _once(body: Graph, roles: Roles, given: Sequence[Value]) -> tuple[Value, ...]:
    """A scan of one step, which is no loop: the body, of the only slices."""
    first, xs, rest = roles.parts(given)
    slices = [reshape(x, shape=x.shape[1:]) for x in xs]
    out = substitute(body, [*first, *slices, *rest])
    ys = [reshape(y, shape=(1, *y.shape)) for y in out[roles.carries :]]
    return (*out[: roles.carries], *ys)


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
    last = count + len(state)
    given = [*init, *found.before(), *xs, *captured]
    whole = {"body": graph, "carries": last, "slices": len(xs), "length": length}
    scan.rule(*(v.spec for v in given), **whole, reverse=reverse, kept=None)
    roles = Roles(last, len(xs), length)
    if length == 1:
        result = _once(graph, roles, given)
    else:
        result = split_off(graph, roles, given, _looped(length, reverse))
    found.assign(result[count:last])
    return (*result[:count], *result[last:])
