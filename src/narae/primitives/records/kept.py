"""What a scan keeps of its forward pass for its gradient, and the body of that gradient.

The gradient of a body reads values of its forward pass. Those that cost much (products, slow functions) are kept,
stacked over the steps; what a few cheap operations make of kept ones is computed again. Where all that would take
more than `LIMIT` bytes, the carries alone are kept, and a step back runs the step forward once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from narae.base.errors import NotYet
from narae.graph.autodiff import backprop
from narae.graph.graph import Graph, build, renewed, substitute
from narae.graph.ir import Op, Value, now
from narae.graph.recording import ended, traced
from narae.graph.rewrite import simplify
from narae.primitives.records.body import ALGEBRA, float_places
from narae.primitives.records.outside import Roles

LIMIT = 1 << 30  # bytes that one scan keeps beside its carries


@dataclass(frozen=True)
class Joint:
    """A body and its gradient in one graph: (*inputs, *cotangents of the outputs `seeded`) -> cotangents
    of the inputs `wanted`, None where no gradient comes.

    outputs: the body's own, in this graph.
    """

    graph: Graph
    wanted: tuple[int, ...]
    inputs: tuple[Value, ...]
    cotangents: tuple[Value, ...]
    outputs: tuple[Value, ...]
    gradients: tuple[Value | None, ...]


def joint(body: Graph, seeded: Sequence[int], wanted: Sequence[int]) -> Joint:
    """The body and its gradient. What both compute is there once."""
    since = now()
    inputs = [Op.result_type(v.spec) for v in body.inputs]
    cts = [Op.result_type(body.outputs[i].spec) for i in seeded]
    with traced():
        outs = substitute(body, inputs)
        sources = [inputs[i] for i in wanted]
        found = backprop([outs[i] for i in seeded], cts, sources, ALGEBRA, since)
    there = [g for g in found if g is not None]
    whole = build([*inputs, *cts], [*outs, *there], since)[0]
    graph = simplify(whole, gradients=True)
    rest = iter(graph.outputs[len(outs) :])
    gradients = tuple(None if g is None else next(rest) for g in found)
    return Joint(
        graph, tuple(wanted), tuple(inputs), tuple(cts), graph.outputs[: len(outs)], gradients
    )


class Choice:
    """What of the forward pass is kept: `kept`, by uid, the carries that are needed among it.

    backward: the uids of what depends on a cotangent.

    Args:
        pair: the body and its gradient.
        roles: what the body's inputs are.
        there: values that are stacked already.
        alone: whether carries alone are kept.
    """

    def __init__(self, pair: Joint, roles: Roles, there: Sequence[Value], alone: bool) -> None:
        self._pair, self._alone = pair, alone
        self._made = {uid: node for node in pair.graph.nodes for uid in node.uids}
        carried, sliced, _ = roles.parts(pair.inputs)
        self._carried = {v.uid for v in carried}
        self._there = {v.uid for v in (*there, *sliced)}
        self._moving = {v.uid for v in (*carried, *sliced)}
        self.backward = {v.uid for v in pair.cotangents}
        for node in pair.graph.nodes:
            if any(v.uid in self.backward for v in node.inputs):
                self.backward.update(node.uids)
            elif any(v.uid in self._moving for v in node.inputs):
                self._moving.update(node.uids)
        read = self._read()
        self._read_uids = {v.uid for v in read}
        self._costs = self._priced()
        self.kept: dict[int, Value] = {}
        self._choose(read)

    def _read(self) -> list[Value]:
        """The values of the forward pass that the gradient's own operations read."""
        needed, seen = dict[int, Value](), set[int]()
        todo = [g for g in self._pair.gradients if g is not None]
        while todo:
            value = todo.pop()
            if value.uid not in self.backward:
                needed[value.uid] = value
            elif value.uid not in seen and value.uid in self._made:
                seen.add(value.uid)
                todo.extend(self._made[value.uid].inputs)
        return list(needed.values())

    def _dear(self, value: Value) -> bool:
        """Whether a value is not computed again: it comes by a carry, or by an operation that takes long."""
        node = self._made.get(value.uid)
        if node is None:
            return value.uid in self._carried
        moved = node.op.elementwise or node.op.view or node.op.exact
        return not self._alone and (node.op.slow or not moved)

    def _is_there(self, uid: int) -> bool:
        return uid in self._there or uid not in self._moving

    def _priced(self) -> dict[int, int]:
        """The bytes of each value's cheapest way: to be there, to be kept, or by what it is made of."""
        costs: dict[int, int] = {}
        carried = [v for v in self._pair.inputs if v.uid in self._carried]
        made = [n.output(i) for n in self._pair.graph.nodes for i in range(len(n.uids))]
        for v in (*carried, *made):
            if self._is_there(v.uid) or (self._dear(v) and v.uid in self._read_uids):
                costs[v.uid] = 0
            elif self._dear(v):
                costs[v.uid] = v.spec.nbytes
            else:
                costs[v.uid] = min(v.spec.nbytes, self._again(v, costs))
        return costs

    def _again(self, value: Value, costs: dict[int, int]) -> int:
        """What is kept for a value to be computed again."""
        return sum(costs.get(uid, 0) for uid in {v.uid for v in self._made[value.uid].inputs})

    def _choose(self, read: Sequence[Value]) -> None:
        todo, seen = list(read), set[int]()
        while todo:
            value = todo.pop()
            if value.uid in seen or self._is_there(value.uid):
                continue
            seen.add(value.uid)
            less = not self._alone and value.uid not in self._carried
            if self._dear(value) or (less and value.spec.nbytes < self._again(value, self._costs)):
                self.kept[value.uid] = value
            elif value.uid in self._made:
                todo.extend(self._made[value.uid].inputs)


def chosen(pair: Joint, roles: Roles, there: Sequence[Value] = ()) -> Choice:
    """What is kept, the carries alone where all would be more than `LIMIT` bytes."""
    choice = Choice(pair, roles, there, alone=False)
    carried = {v.uid for v in pair.inputs[: roles.carries]}
    size = sum(v.spec.nbytes for v in choice.kept.values() if v.uid not in carried)
    return choice if size * roles.length <= LIMIT else Choice(pair, roles, there, alone=True)


def with_kept(pair: Joint, choice: Choice) -> Graph:
    """The body with what is kept as further outputs."""
    return renewed(build(pair.inputs, [*pair.outputs, *choice.kept.values()])[0])


def keeping(body: Graph, roles: Roles) -> Graph:
    """A body with what a gradient of any of its results would read as further outputs. Where a step has
    no gradient, which is said when one is asked for, the carries are kept."""
    with ended():
        try:
            pair = joint(body, float_places(body.outputs), float_places(body.inputs))
        except NotYet:
            carried = body.inputs[: roles.carries]
            return Graph(body.inputs, (*body.outputs, *carried), body.nodes)
        return with_kept(pair, chosen(pair, roles, pair.outputs[roles.carries :]))


@dataclass(frozen=True)
class Step:
    """The body of a backward scan: (*cotangents of carries, *sums, *values read, *cotangents of ys, *captured)
    -> (*cotangents of the carries before, *sums with this step's, *cotangents of slices).

    read: the uids of the values read, in the graph of the pair. sums, slices: the positions of those captured values
    and slices that have a gradient.
    """

    body: Graph
    read: tuple[int, ...]
    sums: tuple[int, ...]
    slices: tuple[int, ...]


def backward_step(pair: Joint, roles: Roles, moving: Sequence[int], there: Sequence[Value]) -> Step:
    """One step back. moving: the carries that have cotangents, which come first in the pair's; there: what
    is stacked of the forward pass."""
    first = roles.carries + roles.slices
    found = {i: g for i, g in zip(pair.wanted, pair.gradients, strict=True) if g is not None}
    sums = tuple(i for i in found if i >= first)
    slices = tuple(i for i in found if roles.carries <= i < first)
    totals = [Op.result_type(pair.inputs[i].spec) for i in sums]
    with traced():
        zeros = {i: ALGEBRA.zeros(pair.inputs[i].spec) for i in moving if i not in found}
        added = [ALGEBRA.add(t, found[i]) for t, i in zip(totals, sums, strict=True)]
    ends = [*({**zeros, **found}[i] for i in moving), *added, *(found[i] for i in slices)]
    captured, count = pair.inputs[first:], len(moving)
    same = {v.uid for v in captured}
    stacked = {v.uid: v for v in there if v.uid not in same}
    given = [*pair.cotangents[:count], *totals, *stacked.values()]
    graph = build([*given, *pair.cotangents[count:], *captured], ends)[0]
    used = {v.uid for node in graph.nodes for v in node.inputs} | {v.uid for v in ends}
    read = [v for uid, v in stacked.items() if uid in used]
    inputs = (*pair.cotangents[:count], *totals, *read, *pair.cotangents[count:], *captured)
    body = renewed(Graph(inputs, graph.outputs, graph.nodes))
    return Step(body, tuple(v.uid for v in read), sums, slices)
