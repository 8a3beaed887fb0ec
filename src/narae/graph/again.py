"""Values that are computed again for the backward pass, where they would be kept for it.

At the moment at which most is alive (in training: where the forward pass ends), some of what waits for later readers
is cheap to make from other values that wait there anyway: a normalization's result from its centered input, an
activation from what it was of. Late readers get a copy, which is made just before them; the original lives as long as
the early ones need it. The same operations on the same numbers give the same bits.

What that costs is bounded: `SHARE` of the graph's operations. Steps of early nodes do not take in nodes
that are computed again (`Groups`): else both would be computed early, and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from narae.graph.cost import flops
from narae.graph.graph import Again, Aliases, Graph, build, find_aliases
from narae.graph.ir import Node, Value, now

FROM = 1 << 20  # bytes of a value: smaller ones are in a cache, and little together
CHAIN = 8  # nodes that are computed again for one value
SLOW = 16  # operations that one of a slow node counts for
SHARE = 0.02  # of the graph's operations
SMALL = 8  # times smaller than a value is what may be kept longer for it


def repeated(graph: Graph, also: Sequence[Value] = ()) -> tuple[Graph, list[Value]]:
    """A graph that keeps less, and what stands for other values of the old one in it.

    Args:
        graph: simplified: what is there twice would be found and made one.
        also: values of the graph.

    Returns:
        The graph, whose `again` says what is computed twice; the same graph where nothing is.
    """
    lives = _Lives(graph)
    chains = lives.chains()
    if not chains:
        return graph, list(also)
    return _Rebuilt(graph, lives, chains).result(also)


@dataclass(frozen=True)
class _Life:
    """The node that makes a value, its place in the order, that of its last reader."""

    node: Node
    begin: int
    end: int


class _Lives:
    """From where to where large values are needed, taking nodes in the order of the graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.aliases: Aliases = find_aliases(graph)
        self.root = self.aliases.root
        kept = {self.root[v.uid] for v in graph.outputs}
        end = {uid: len(graph.nodes) for uid in kept}
        for place, node in enumerate(graph.nodes):
            for v in node.inputs:
                root = self.root[v.uid]
                end[root] = max(end.get(root, 0), place)
        makers = {node.uids[0] for node in self.aliases.computing}
        self.lives = {
            uid: _Life(node, place, end.get(uid, place))
            for place, node in enumerate(graph.nodes)
            if node.uids[0] in makers
            for uid, spec in zip(node.uids, node.specs, strict=True)
            if spec.nbytes >= FROM
        }
        self.makers = {uid: node for node in self.aliases.computing for uid in node.uids}
        self.most = self._most()
        early = graph.nodes[: self.most + 1]
        self.read = {self.root[v.uid] for node in early for v in node.inputs}
        self.waiting = {
            u
            for u, one in self.lives.items()
            if one.begin <= self.most < one.end and not self._idle(u, one)
        }

    def _idle(self, uid: int, one: _Life) -> bool:
        """Whether a value waits nowhere, for the step that reads it last makes it: nothing but elementwise nodes come
        between; or it is made from what is given, as a share of an optimizer's state is, and first read late."""
        between = self.graph.nodes[one.begin + 1 : one.end]
        given = all(self.root[v.uid] not in self.makers for v in one.node.inputs)
        late = given and uid not in self.read and one.node.op.elementwise
        return late or all(node.op.elementwise for node in between)

    def bytes_of(self, uid: int) -> int:
        """Of a value."""
        return self.aliases.values[uid].spec.nbytes

    def _most(self) -> int:
        """The place at which most bytes are alive."""
        change = [0] * (len(self.graph.nodes) + 2)
        for uid, one in self.lives.items():
            change[one.begin] += self.bytes_of(uid)
            change[one.end + 1] -= self.bytes_of(uid)
        alive = most = place = 0
        for i, by in enumerate(change):
            alive += by
            if alive > most:
                most, place = alive, i
        return place

    def chains(self) -> dict[int, list[Node]]:
        """The values that need not wait, with the nodes that make them again, in order."""
        left = SHARE * sum(map(flops, self.graph.nodes))
        found: dict[int, list[Node]] = {}
        for uid in sorted(self.waiting, key=lambda u: self.lives[u].begin):
            if self.lives[uid].end == len(self.graph.nodes):
                continue
            nodes: dict[int, Node] = {}
            if not self._collect(uid, uid, nodes):
                continue
            cost = sum(flops(n) * (SLOW if n.op.slow else 1) for n in nodes.values())
            if cost <= left:
                left -= cost
                found[uid] = [nodes[u] for u in sorted(nodes)]
                self.waiting.discard(uid)
        return found

    def _collect(self, uid: int, whole: int, nodes: dict[int, Node]) -> bool:
        """Gather the nodes that make a value from what is there anyway; False where that cannot be."""
        node = self.makers.get(uid)
        if node is None or not node.op.elementwise or node.multi:
            return False
        nodes[uid] = node
        if len(nodes) > CHAIN:
            return False
        for v in node.inputs:
            root = self.root[v.uid]
            given = root not in self.makers or root in self.waiting - {whole}
            if given or SMALL * self.bytes_of(root) <= self.bytes_of(whole) or root in nodes:
                continue
            if v.uid != root or not self._collect(root, whole, nodes):
                return False
        return True


class _Rebuilt:
    """The graph anew: nodes after the most, over what is computed again."""

    def __init__(self, graph: Graph, lives: _Lives, chains: dict[int, list[Node]]) -> None:
        self.graph, self.lives, self.chains = graph, lives, chains
        self.env: dict[int, Value] = {}  # of late nodes' results, and views computed again
        self.again: set[int] = set()
        early = {uid for node in graph.nodes[: lives.most + 1] for uid in node.uids}
        self.views = {n.uids[0]: n for n in lives.aliases.views if n.uids[0] in early}

    def result(self, also: Sequence[Value]) -> tuple[Graph, list[Value]]:
        """The graph, and the values that stand for others."""
        since = now()
        for node in self.graph.nodes[self.lives.most + 1 :]:
            made = self._over(node, [self._late(v) for v in node.inputs])
            self.env.update((u, made.output(i)) for i, u in enumerate(node.uids))

        def stands(value: Value) -> Value:
            return self.env.get(value.uid, value)

        # what only late nodes read is left behind where it was
        graph = build(self.graph.inputs, [stands(v) for v in self.graph.outputs])[0]
        spared = sum(map(self.lives.bytes_of, self.chains))
        again = Again(frozenset(self.again), since, spared)
        return replace(graph, again=again), [stands(v) for v in also]

    def _late(self, value: Value) -> Value:
        """What a late node reads in the place of a value."""
        uid = value.uid
        if uid in self.env:
            return self.env[uid]
        if self.lives.root.get(uid, uid) not in self.chains:
            return value
        if uid in self.views:
            view = self.views[uid]
            made = self._over(view, [self._late(v) for v in view.inputs]).output(0)
        else:
            made = self._made_again(uid)
        self.env[uid] = made
        return made

    def _made_again(self, uid: int) -> Value:
        own: dict[int, Value] = {}
        for node in self.chains[uid]:
            ins = [own.get(v.uid, v) for v in node.inputs]
            made = self._over(node, ins)
            self.again.add(made.uids[0])
            own[node.uids[0]] = made.output(0)
        return own[uid]

    def _over(self, node: Node, inputs: Sequence[Value]) -> Node:
        made = Node(node.op, tuple(inputs), node.params, node.specs, node.datas, node.multi)
        made.where = node.where
        return made
