"""What a scan's body does that need not be in the loop: done once before it, or for all steps before or after.

The carry's recursion alone has to go step by step. What depends on no step is computed once. Products of
slices with what is the same for all steps are one product over all steps before the loop (the inputs' product
of a recurrent layer); products that only results or sums need are one after it (outputs, gradients
of inputs, and of weights, which are sums over the steps).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from narae.base.dtypes import is_float
from narae.graph.graph import Graph, build, renewed
from narae.graph.ir import Node, Op, Value
from narae.graph.rewrite import simplify
from narae.primitives.record import constant
from narae.primitives.records.arithmetic import multiply
from narae.primitives.records.shape import broadcast_to
from narae.primitives.records.steps import is_product, product_of_all_steps, stacked

Loop = Callable[[Graph, Sequence[Value], Sequence[Value], Sequence[Value]], Sequence[Value]]

# Σ f(x) = f(Σ x), where one operand moves
_LINEAR = {"reshape", "transpose", "negative", "slice", "unslice", "broadcast_to", "reduce_sum"}
_LINEAR |= {"cast", "multiply", "dot", "conv"}
_SUMS = {"add", "subtract"}  # of each operand, be it the same for all steps or not
# a product is taken out of the loop where what it reads is at most so many times as large
_WIDER = 8
LIMIT = 1 << 30  # bytes that a loop stacks for products after it


@dataclass(frozen=True)
class Roles:
    """What the inputs of a body are: carries, slices, and the rest, which is the same for all steps."""

    carries: int
    slices: int
    length: int

    def parts(self, values: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """The three parts of a sequence that lies like the inputs."""
        last = self.carries + self.slices
        return [*values[: self.carries]], [*values[self.carries : last]], [*values[last:]]


class Body:
    """A body's values by what they depend on.

    still: carries that each step hands on. moving: what differs from step to step; free: what of it
    needs no carry, and can be computed for all steps at once. products: values that come by a
    product of something that moves and something that does not, with its size. summed: values
    whose sum over the steps is a product or a reduction of stacks. sums: what carries add up.
    needed: what the recursion of the carries reads.
    """

    def __init__(self, graph: Graph, roles: Roles, after: bool = True) -> None:
        """after: whether anything is put off until after the loop, which stacks what goes in."""
        self.graph, self._after = graph, after
        self.carried, self.sliced, _ = roles.parts(graph.inputs)
        self.ends, self.ys = graph.outputs[: roles.carries], graph.outputs[roles.carries :]
        self.made = {uid: node for node in graph.nodes for uid in node.uids}
        pairs = list(zip(self.carried, self.ends, strict=True))
        self.still = {c.uid for c, end in pairs if c.uid == end.uid}
        self.moving = {v.uid for v in (*self.carried, *self.sliced)} - self.still
        self.free = {v.uid for v in self.sliced}
        self.products: dict[int, int] = {}
        self.summed: set[int] = set()
        for node in graph.nodes:
            if self.moves(node):
                self.moving.update(node.uids)
                self._look(node, self.moves(node))
        self.sums = self._sums(pairs) if after else {}
        self.recursive = [(c, end) for c, end in pairs if c.uid not in {*self.sums, *self.still}]
        self.needed = self._cone(end for _, end in self.recursive)

    def _look(self, node: Node, moving: list[int]) -> None:
        uid, product = node.uids[0], is_product(node)
        ins = [node.inputs[i].uid for i in moving]
        if stacked(node, moving) is not None:
            if all(i in self.free for i in ins):
                self.free.add(uid)
            if product and len(ins) == 1:
                self.products[uid] = node.specs[0].size
            elif any(i in self.products for i in ins):
                self.products[uid] = max(self.products.get(i, 0) for i in ins)
        of_stacks = node.op.known == "reduce_sum" or (product and len(ins) == 2)
        if of_stacks or (self.linear(node) and all(i in self.summed for i in ins)):
            self.summed.add(uid)

    def moves(self, node: Node) -> list[int]:
        """The positions of a node's inputs that differ from step to step."""
        return [i for i, v in enumerate(node.inputs) if v.uid in self.moving]

    def linear(self, node: Node) -> bool:
        """Whether the sum over the steps goes through an operation to its operands that move."""
        name = node.op.known
        if name == "cast" and not is_float(node.inputs[0].dtype):
            return False
        moving = self.moves(node)
        if name == "divide":
            return moving == [0]
        return name in _SUMS or (name in _LINEAR and len(moving) == 1)

    def _sums(self, pairs: Sequence[tuple[Value, Value]]) -> dict[int, tuple[Op, Value]]:
        """By the uid of a carry that nothing else reads: how and what each step adds to it."""
        reads = Counter(v.uid for node in self.graph.nodes for v in node.inputs)
        reads.update(v.uid for v in self.graph.outputs)
        found = {}
        for c, end in pairs:
            node = self.made.get(end.uid)
            if (
                node is None
                or node.op.known not in _SUMS
                or (reads[c.uid], reads[end.uid]) != (1, 1)
            ):
                continue
            first, second = node.inputs
            if first.uid == c.uid and second.uid in self.summed:
                found[c.uid] = (node.op, second)
            elif second.uid == c.uid and first.uid in self.summed and node.op.known == "add":
                found[c.uid] = (node.op, first)
        return found

    def _cone(self, values: Iterable[Value]) -> set[int]:
        found, todo = set[int](), list(values)
        while todo:
            value = todo.pop()
            if value.uid not in found:
                node = self.made.get(value.uid)
                found.update((value.uid,) if node is None else node.uids)
                todo.extend(() if node is None else node.inputs)
        return found

    def splits_off(self, value: Value) -> bool:
        """Whether a value that is asked for of all steps is computed outside of the loop."""
        if value.uid in self.free:
            return True
        if value.uid not in self.products or value.uid in self.needed or not self._after:
            return False
        node = self.made[value.uid]
        read = max(node.inputs[i].spec.size for i in self.moves(node))
        return read <= _WIDER * node.specs[0].size


class Outside:
    """Which values are computed for all steps at once, and which the loop is given and gives.

    same: computed once, of those that do not move. before, after: of all steps, from slices, and from
    what the loop gives. totals: sums over the steps. leaves: what the loop stacks. fed: what it
    is given as further slices.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self.same: set[int] = set()
        self.before: set[int] = set()
        self.after: set[int] = set()
        self.totals: set[int] = set()
        self.leaves: dict[int, Value] = {}
        self.fed: dict[int, Value] = {}
        self.once: dict[int, Value] = {}  # what the loop is given that does not move
        self._stack(body.ys)
        self._total([value for _, value in body.sums.values()])
        self._feed()

    def _stack(self, values: Sequence[Value]) -> None:
        body, todo = self.body, list(values)
        while todo:
            value = todo.pop()
            node, uid = body.made.get(value.uid), value.uid
            if uid in self.before or uid in self.after or uid in self.leaves:
                continue
            if uid not in body.moving:
                self._once([value])
            elif not body.splits_off(value):
                self.leaves[uid] = value
            elif node is not None:
                (self.before if uid in body.free else self.after).add(uid)
                todo.extend(node.inputs)

    def _once(self, values: Sequence[Value]) -> None:
        todo = list(values)
        while todo:
            node = self.body.made.get(todo.pop().uid)
            if node is not None and node.uids[0] not in self.same:
                self.same.update(node.uids)
                todo.extend(node.inputs)

    def _total(self, values: Sequence[Value]) -> None:
        body, todo = self.body, list(values)
        while todo:
            value = todo.pop()
            node = body.made.get(value.uid)
            if value.uid not in body.moving or node is None:
                self._once([value])
            elif value.uid not in self.totals:
                self.totals.add(value.uid)
                if self.goes_through(node):
                    todo.extend(node.inputs)
                else:
                    self._stack(node.inputs)

    def goes_through(self, node: Node) -> bool:
        """Whether the sum of a node's results is made of its operands' sums, not of their stacks."""
        body = self.body
        return body.linear(node) and all(
            node.inputs[i].uid in body.summed for i in body.moves(node)
        )

    def _feed(self) -> None:
        """What the loop need not compute: what comes by a product of slices alone and is no larger than
        the product, what is computed before the loop anyway, and what does not move. Views of
        such are made in the loop."""
        body, seen = self.body, set[int]()
        todo = [end for _, end in body.recursive] + list(self.leaves.values())
        while todo:
            value = todo.pop()
            node = body.made.get(value.uid)
            if node is None or value.uid in seen:
                continue
            seen.add(value.uid)
            if node.op.view and not self._of_what_is_made_once(value):
                todo.extend(node.inputs)
            elif value.uid not in body.moving:
                self.once[value.uid] = value
            elif value.uid in self.before or self._comes_by_a_product(value):
                self.fed[value.uid] = value
            else:
                todo.extend(node.inputs)
        self._once(list(self.once.values()))
        self._stack(list(self.fed.values()))

    def _of_what_is_made_once(self, value: Value) -> bool:
        """Whether a view is one of what is computed once: the places of random numbers by rows and columns, of
        a list of all, for one. A view of more than there is, or of what is given, is made in the loop."""
        node = self.body.made.get(value.uid)
        while node is not None and node.op.view and node.op.known != "broadcast_to":
            node = self.body.made.get(node.inputs[0].uid)
        return value.uid not in self.body.moving and node is not None and not node.op.view

    def _comes_by_a_product(self, value: Value) -> bool:
        body = self.body
        return value.uid in body.free and value.spec.size <= body.products.get(value.uid, 0)


class Values:
    """Values outside of the loop: of those that do not move, and of the others stacked over the steps."""

    def __init__(self, outside: Outside, length: int, same: dict[int, Value]) -> None:
        self.outside, self.length = outside, length
        self.same, self.stacks = same, dict[int, Value]()
        self.totals: dict[int, Value] = {}
        for node in outside.body.graph.nodes:
            if node.uids[0] in outside.same:
                found = node.op(*map(self.once, node.inputs), **node.params)
                same.update(zip(node.uids, found if node.multi else (found,), strict=True))

    def once(self, value: Value) -> Value:
        """What stands for a value that does not move: itself where it is a constant."""
        return self.same.get(value.uid, value)

    def compute(self, uids: set[int]) -> None:
        """Stack values whose operands are stacked already."""
        for node in self.outside.body.graph.nodes:
            if node.uids[0] in uids:
                moving = self.outside.body.moves(node)
                rule = stacked(node, moving)
                assert rule is not None
                operands = [self._operand(v) for v in node.inputs]
                self.stacks[node.uids[0]] = rule(node, operands, moving, self.length)

    def _operand(self, value: Value) -> Value:
        return self.stacks[value.uid] if value.uid in self.outside.body.moving else self.once(value)

    def stack(self, value: Value) -> Value:
        """A value of all steps."""
        if value.uid in self.outside.body.moving:
            return self.stacks[value.uid]
        return broadcast_to(self.once(value), shape=(self.length, *value.shape))

    def add_up(self) -> None:
        """The sums over the steps that are asked for."""
        for node in self.outside.body.graph.nodes:
            if node.uids[0] not in self.outside.totals:
                continue
            if self.outside.goes_through(node):
                parts = [self._part(node, v) for v in node.inputs]
                total = node.op(*parts, **node.params)
            elif is_product(node):
                total = product_of_all_steps(node, *map(self._operand, node.inputs))
            else:
                axes = (0, *(a + 1 for a in node.params["axes"]))
                total = node.op(self._operand(node.inputs[0]), axes=axes)
            self.totals[node.uids[0]] = total

    def _part(self, node: Node, value: Value) -> Value:
        """An operand of a sum of linear functions: what is the same in each term of a sum counts as often."""
        if value.uid in self.totals:
            return self.totals[value.uid]
        same = self.once(value)
        times = constant(self.length, value.dtype)
        return multiply(same, times) if node.op.known in _SUMS else same


def split_off(graph: Graph, roles: Roles, given: Sequence[Value], loop: Loop) -> tuple[Value, ...]:
    """The results of a scan, of which only what has to be is a loop.

    Args:
        graph: the body, (*carries, *slices, *the rest) -> (*carries, *ys).
        roles: how many of each.
        given: the first carries, the stacked slices, and the rest.
        loop: scans a smaller body: (graph, first carries, slices, rest) -> (*carries, *ys).

    Returns:
        The last carries, and the ys, stacked.
    """
    outside = _divided(simplify(graph, gradients=True), roles)
    body = outside.body
    first, xs, rest = roles.parts(given)
    carried, sliced, others = roles.parts(body.graph.inputs)
    same = {v.uid: x for v, x in zip((*carried, *others), (*first, *rest), strict=True)}
    values = Values(outside, roles.length, same)
    values.stacks.update((v.uid, x) for v, x in zip(sliced, xs, strict=True))
    values.compute(outside.before)
    last: dict[int, Value] = {}
    if body.recursive or outside.leaves:
        found = iter(loop(*_inside(outside, values)))
        last.update((c.uid, next(found)) for c, _ in body.recursive)
        values.stacks.update((uid, next(found)) for uid in outside.leaves)
    values.compute(outside.after)
    values.add_up()
    for c in carried:
        if c.uid in body.sums:
            op, added = body.sums[c.uid]
            last[c.uid] = op(same[c.uid], values.totals[added.uid])
    ends = [last[c.uid] if c.uid in last else same[c.uid] for c in carried]
    return (*ends, *map(values.stack, body.ys))


def _divided(graph: Graph, roles: Roles) -> Outside:
    """What is done where. Nothing is put off until after the loop where that would stack more than `LIMIT` bytes
    that nobody asked for."""
    body = Body(graph, roles)
    outside = Outside(body)
    asked = {v.uid for v in body.ys}
    size = sum(v.spec.nbytes for uid, v in outside.leaves.items() if uid not in asked)
    return outside if size * roles.length <= LIMIT else Outside(Body(graph, roles, after=False))


def _inside(
    outside: Outside, values: Values
) -> tuple[Graph, list[Value], list[Value], list[Value]]:
    """The body that is left, and what it is given: first carries, slices, and what is the same for all
    steps. It gives the carries that recur, and the leaves."""
    body = outside.body
    carried = [c for c, _ in body.recursive]
    ends = [*(end for _, end in body.recursive), *outside.leaves.values()]
    made = [*outside.fed.values(), *outside.once.values()]
    graph = build([*body.graph.inputs, *made], ends)[0]
    read = {v.uid for node in graph.nodes for v in node.inputs} | {v.uid for v in ends}
    first = {c.uid for c in carried}
    used = [v for v in (*body.graph.inputs, *made) if v.uid in read and v.uid not in first]
    slices = [v for v in used if v.uid in body.moving]
    rest = [v for v in used if v.uid not in body.moving]
    inner = renewed(Graph((*carried, *slices, *rest), graph.outputs, graph.nodes))
    start = [values.once(c) for c in carried]
    return inner, start, [values.stack(v) for v in slices], [values.once(v) for v in rest]
