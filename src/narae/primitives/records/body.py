"""Bodies of control flow: functions traced into graphs, and the graphs of their gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from narae.base.dtypes import is_float
from narae.base.errors import DtypeError, ShapeError
from narae.graph.autodiff import Algebra, backprop
from narae.graph.graph import Graph, build, substitute
from narae.graph.ir import Node, Op, Spec, Value, now
from narae.graph.recording import traced
from narae.primitives.records.arithmetic import add
from narae.primitives.records.shape import concatenate, full, unslice


def _sum(a: Value, b: Value) -> Value:
    """The sum of two parts of a gradient. Those of slices that lie beside each other, a cell's gates for one, are
    put together: nothing is added to zeros."""
    joined = _beside(a, b)
    if joined is None:
        joined = _beside(b, a)
    return add(a, b) if joined is None else joined


def _beside(a: Value, b: Value) -> Value | None:
    """The sum of two slices amid zeros where b's begins along one axis at the place at which a's ends."""
    first, second = a.node, b.node
    if first is None or second is None or not (_is_part(first) and _is_part(second)):
        return None
    start, stop = first.params["start"], first.params["stop"]
    begin, end = second.params["start"], second.params["stop"]
    apart = [i for i in range(a.ndim) if (start[i], stop[i]) != (begin[i], end[i])]
    if len(apart) != 1 or stop[apart[0]] != begin[apart[0]]:
        return None
    (axis,) = apart
    parts = [*_joined_before(first.inputs[0], axis), *_joined_before(second.inputs[0], axis)]
    joined = concatenate(*parts, axis=axis)
    if joined.shape == a.shape:
        return joined
    further = (*stop[:axis], end[axis], *stop[axis + 1 :])
    return unslice(joined, **{**first.params, "stop": further})


def _is_part(node: Node) -> bool:
    """Whether a node gives a slice amid zeros."""
    return node.op is unslice and set(node.params["step"]) <= {1}


def _joined_before(value: Value, axis: int) -> Sequence[Value]:
    node = value.node
    if node is not None and node.op is concatenate and node.params["axis"] == axis:
        return node.inputs
    return [value]


ALGEBRA = Algebra(add=_sum, zeros=lambda spec: full(0, spec.shape, spec.dtype))

Body = Callable[..., Sequence[Value]]


def trace_graphs(
    functions: Sequence[Body], specs: Sequence[Spec]
) -> tuple[tuple[Graph, ...], list[Value]]:
    """Functions of tensors of `specs` as graphs of the same inputs: those, then what any captures.

    Each function gives a flat sequence of tensors. The captured values are the second result.
    """
    since = now()
    inputs = [Op.result_type(spec) for spec in specs]
    with traced():
        outputs = [tuple(function(*inputs)) for function in functions]
    captured = build(inputs, [v for outs in outputs for v in outs], since)[1]
    return tuple(build([*inputs, *captured], outs, since)[0] for outs in outputs), captured


def trace_graph(function: Body, specs: Sequence[Spec]) -> tuple[Graph, list[Value]]:
    """`trace_graphs` of one function."""
    (graph,), captured = trace_graphs([function], specs)
    return graph, captured


def gradient_graph(graph: Graph, seeded: Sequence[int], wanted: Sequence[int]) -> Graph:
    """The graph (*inputs, *cotangents of outputs `seeded`) -> cotangents of the inputs `wanted`."""

    def backward(*values: Value) -> list[Value]:
        inputs, cts = values[: len(graph.inputs)], values[len(graph.inputs) :]
        outputs = substitute(graph, inputs)
        sources = [inputs[i] for i in wanted]
        found = backprop([outputs[i] for i in seeded], cts, sources, ALGEBRA, since)
        return [
            ALGEBRA.zeros(v.spec) if g is None else g for v, g in zip(sources, found, strict=True)
        ]

    since = now()
    specs = [v.spec for v in graph.inputs] + [graph.outputs[i].spec for i in seeded]
    return trace_graph(backward, specs)[0]


def float_places(values: Sequence[Value | Spec]) -> list[int]:
    """The positions of the values of float dtypes: those that have gradients."""
    return [i for i, v in enumerate(values) if is_float(v.dtype)]


def known_zero(value: Value) -> bool:
    """Whether a value is the broadcast zero that stands for a cotangent that never came."""
    data = value.data
    return data is not None and value.node is None and not any(data.strides) and not data.any()


def check_same(what: str, got: Sequence[Value | Spec], wanted: Sequence[Value | Spec]) -> None:
    """Raise ShapeError or DtypeError unless shapes and dtypes are those that are expected."""
    shown = [(v.shape, v.dtype) for v in got], [(v.shape, v.dtype) for v in wanted]
    if shown[0] != shown[1]:
        error = DtypeError if [s for s, _ in shown[0]] == [s for s, _ in shown[1]] else ShapeError
        raise error(
            f"{what}: got {shown[0]} where {shown[1]} is expected; a cast or reshape in it?"
        )


def spread_out(found: Sequence[Value], places: Sequence[int], count: int) -> list[Value | None]:
    """The values at their places among `count`, None elsewhere."""
    out: list[Value | None] = [None] * count
    for place, value in zip(places, found, strict=True):
        out[place] = value
    return out


def traced_function(function: Body, *shapes: tuple[int, ...]) -> Graph:
    """The graph of a function of float64 tensors: for the records' samples."""
    return trace_graph(function, [Spec(shape, "float64") for shape in shapes])[0]
