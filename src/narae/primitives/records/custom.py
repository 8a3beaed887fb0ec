"""A function with a gradient of its own: two graphs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import is_float
from narae.base.errors import DtypeError, ShapeError
from narae.base.types import Namespace
from narae.graph.graph import Graph, evaluate, substitute
from narae.graph.ir import Spec, Value
from narae.primitives import costs, insides, rows
from narae.primitives.record import record
from narae.primitives.records.arithmetic import multiply, sin, square
from narae.primitives.records.body import trace_graph


def _rule(*inputs: Spec, forward: Graph, backward: Graph) -> tuple[Spec, ...]:
    for got, wanted in zip(inputs, (v.spec for v in forward.inputs), strict=True):
        if got != wanted:
            error = ShapeError if got.dtype == wanted.dtype else DtypeError
            raise error(f"a function with a gradient of its own takes {wanted}, got {got}")
    return tuple(v.spec for v in forward.outputs)


def _forward(
    xp: Namespace, *arrays: np.ndarray, forward: Graph, backward: Graph
) -> tuple[Any, ...]:
    return evaluate(forward, arrays, xp)


def _joint(
    wanted: set[int],
    ct: Sequence[Value],
    out: Sequence[Value],
    *inputs: Value,
    forward: Graph,
    backward: Graph,
) -> list[Value | None]:
    """backward: (*forward's inputs, *cotangents of its float outputs) -> a cotangent of each of the
    first inputs; what it has none for was captured, and gets none."""
    cts = [c for c, v in zip(ct, out, strict=True) if is_float(v.dtype)]
    found: list[Value | None] = list(substitute(backward, [*inputs, *cts]))
    return found + [None] * (len(inputs) - len(found))


def _samples(rng: np.random.Generator) -> list[Any]:
    def specs(count: int) -> list[Spec]:
        return [Spec((3,), "float64") for _ in range(count)]

    forward, _ = trace_graph(lambda x, y: [multiply(square(x), y), sin(y)], specs(2))

    def pulled(x: Value, y: Value, ct0: Value, ct1: Value) -> list[Value]:
        down = multiply(ct0, square(x)) + multiply(ct1, sin(y + np.pi / 2))
        return [multiply(ct0, x * y * 2.0), down]

    backward, _ = trace_graph(pulled, specs(4))
    arrays = (rng.normal(size=3), rng.normal(size=3))
    return [(arrays, {"forward": forward, "backward": backward})]


# The outputs of `forward`, with the gradient that `backward` says.
custom_gradient = record(
    "custom_gradient",
    _rule,
    _forward,
    joint=_joint,
    samples=_samples,
    cost=costs.of_graphs("forward"),
    rows=rows.graphs_on_inputs("forward"),
    inside=insides.of_forward,
)
