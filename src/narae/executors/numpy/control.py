"""Control flow: each body is a program of its own, planned like any, over the arrays of the one
around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narae.executors.numpy.calls import Call, call
from narae.executors.numpy.lowerings import Arrays, lowering
from narae.executors.numpy.program import NumpyProgram
from narae.executors.shared.memory import Scratch
from narae.graph.fuse import fuse
from narae.graph.graph import Graph
from narae.graph.ir import Node, Value
from narae.graph.plan import plan
from narae.graph.rewrite import simplify


def _program(
    graph: Graph,
    inputs: Sequence[Value],
    outputs: Sequence[Value],
    given: Arrays,
    scratch: Scratch,
    state: Arrays = (),
) -> NumpyProgram:
    """A body that reads the arrays `given`; its last inputs and outputs are `state`, changed in
    place."""
    body = simplify(Graph((*inputs,), (*outputs,), graph.nodes))
    planned = plan(fuse(body), len(state), range(len(state)))
    return NumpyProgram(planned, state, given, scratch)


def _in_order(arrays: Arrays) -> tuple[list[np.ndarray], list[Call]]:
    """Arrays that a body reads, as it takes them to lie: copies of those whose elements are not next to each
    other, and the calls that fill them."""
    found = [a if a.flags.c_contiguous else np.empty(a.shape, a.dtype) for a in arrays]
    pairs = zip(found, arrays, strict=True)
    return found, [call(np.copyto, near, a) for near, a in pairs if near is not a]


@lowering("switch")
def _switch(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    index, (given, first) = ins[0], _in_order(ins[1:])
    branches = [_program(b, b.inputs, b.outputs, given, scratch) for b in node.params["branches"]]

    def switch(index: np.ndarray) -> None:
        found = branches[min(max(int(index), 0), len(branches) - 1)]()
        for out, result in zip(outs, found, strict=True):
            np.copyto(out, result)

    return [*first, call(switch, index)]


@lowering("while")
def _while(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    count, limit = node.params["count"], node.params["limit"]
    captured, copies = _in_order(ins[count:])
    graph, body = node.params["test"], node.params["body"]
    test = _program(graph, graph.inputs, graph.outputs, [*outs, *captured], scratch)
    step = _program(
        body,
        (*body.inputs[count:], *body.inputs[:count]),
        body.outputs,
        captured,
        scratch,
        outs,
    )

    def repeat() -> None:
        done = 0
        while (limit is None or done < limit) and bool(test()[0]):
            step.run()
            done += 1

    first = [call(np.copyto, out, x) for out, x in zip(outs, ins[:count], strict=True)]
    return [*copies, *first, call(repeat)]


@lowering("scan")
def _scan(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    """The carries live in the results; a step's slices are copied in and its results out."""
    body, length = node.params["body"], node.params["length"]
    carries, slices = node.params["carries"], node.params["slices"]
    first = carries + slices
    xs, (captured, copies) = ins[carries:first], _in_order(ins[first:])
    step_inputs = [np.zeros(x.shape[1:], x.dtype) for x in xs]
    step = _program(
        body,
        (*body.inputs[carries:], *body.inputs[:carries]),
        (*body.outputs[carries:], *body.outputs[:carries]),
        [*step_inputs, *captured],
        scratch,
        outs[:carries],
    )
    order = range(length - 1, -1, -1) if node.params["reverse"] else range(length)
    copies_in, copies_out = list(zip(step_inputs, xs)), list(zip(outs[carries:], step.outputs))

    def scan() -> None:
        for t in order:
            for target, x in copies_in:
                np.copyto(target, x[t])
            step.run()
            for y, result in copies_out:
                y[t] = result

    start = [call(np.copyto, out, x) for out, x in zip(outs[:carries], ins[:carries], strict=True)]
    return [*copies, *start, call(scan)]
