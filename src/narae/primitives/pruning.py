"""What operations that run graphs leave out when results of theirs are not read: rules for records, see
`narae.graph.prune`."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from narae.graph.graph import Graph, build
from narae.graph.ir import Node
from narae.graph.prune import Less, Needed, pruned


def scanned(node: Node, used: set[int]) -> Less | None:
    """A scan without carries and ys that are not read."""
    body: Graph = node.params["body"]
    carries, last = node.params["carries"], node.params["carries"] + node.params["slices"]
    ys = [i for i in sorted(used) if i >= carries]
    need = Needed(body)
    need.add(body.outputs[i] for i in ys)
    live = _live([body], [need], carries, used)
    inputs = [*live, *_read(body, need, range(carries, len(body.inputs)))]
    outputs, kept = [*live, *ys], node.params["kept"]
    changed = {
        "body": _part(body, inputs, outputs),
        "carries": len(live),
        "slices": sum(carries <= i < last for i in inputs),
        "kept": kept and sum(i >= len(body.outputs) - kept for i in ys),
    }
    return _less(node, inputs, outputs, changed)


def repeated(node: Node, used: set[int]) -> Less | None:
    """A loop without the state that is not read, by its test neither."""
    test, body, count = node.params["test"], node.params["body"], node.params["count"]
    needs = [Needed(test), Needed(body)]
    needs[0].add(test.outputs)
    live = _live([test, body], needs, count, used)
    others = range(count, len(body.inputs))
    inputs = [*live, *sorted({*_read(test, needs[0], others), *_read(body, needs[1], others)})]
    changed = {
        "test": _part(test, inputs, [0]),
        "body": _part(body, inputs, live),
        "count": len(live),
    }
    return _less(node, inputs, live, changed)


def of_branches(node: Node, used: set[int]) -> Less | None:
    """A choice of the results that are read."""
    branches: Sequence[Graph] = node.params["branches"]
    outputs, inputs = sorted(used), set[int]()
    for branch in branches:
        need = Needed(branch)
        need.add(branch.outputs[i] for i in outputs)
        inputs.update(_read(branch, need, range(len(branch.inputs))))
    parts = tuple(_part(branch, sorted(inputs), outputs) for branch in branches)
    return _less(node, [0, *(i + 1 for i in sorted(inputs))], outputs, {"branches": parts})


def _live(
    graphs: Sequence[Graph], needs: Sequence[Needed], count: int, used: set[int]
) -> list[int]:
    """The carries that are read after the loop, or within it for what is read. The last graph is the step."""

    def read() -> set[int]:
        return {i for g, n in zip(graphs, needs, strict=True) for i in _read(g, n, range(count))}

    live, todo = set[int](), {i for i in used if i < count} | read()
    while todo:
        live |= todo
        needs[-1].add(graphs[-1].outputs[i] for i in todo)
        todo = read() - live
    return sorted(live)


def _read(graph: Graph, need: Needed, places: range) -> list[int]:
    return [i for i in places if graph.inputs[i].uid in need.uids]


def _part(graph: Graph, inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
    """Some outputs of a graph, from some inputs; what it runs itself has fewer results too."""
    ends = [graph.outputs[i] for i in outputs]
    return pruned(build([graph.inputs[i] for i in inputs], ends)[0])[0]


def _less(
    node: Node, inputs: Sequence[int], outputs: Sequence[int], changed: dict[str, object]
) -> Less | None:
    """None where nothing is left out, here and further in."""
    whole = len(inputs) == len(node.inputs) and len(outputs) == len(node.uids)
    if whole and all(_same(node.params[name], new) for name, new in changed.items()):
        return None
    return Less(tuple(inputs), tuple(outputs), {**node.params, **changed})


def _same(old: object, new: object) -> bool:
    if isinstance(old, tuple) and isinstance(new, tuple):
        return all(map(_same, old, new))
    if isinstance(old, Graph) and isinstance(new, Graph):
        return len(old.nodes) == len(new.nodes) and all(map(operator.is_, old.nodes, new.nodes))
    return old == new
