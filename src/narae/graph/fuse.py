"""Fusion: elementwise nodes of one shape that feed each other become one step.

What a step computes for itself alone never needs storage of its own size: an executor keeps it in
registers, or in blocks that fit the cache.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from narae.base.dtypes import np_dtype
from narae.graph.aliases import Aliases, find_aliases
from narae.graph.graph import Graph
from narae.graph.ir import Node, Spec

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Step:
    """Nodes that run together: any one, or elementwise ones of one shape.

    shape: the shape that all outputs share, None for a node that is not elementwise.
    inner: uids of the outputs that nothing outside of the step reads. headed: the first node is
    one that is made tile by tile, and the elementwise ones are computed on its tiles.
    """

    nodes: tuple[Node, ...]
    shape: Shape | None
    inner: frozenset[int]
    headed: bool = False

    @property
    def outputs(self) -> tuple[int, ...]:
        """The uids of the values that outlive the step."""
        return tuple(u for node in self.nodes for u in node.uids if u not in self.inner)

    @property
    def reads(self) -> tuple[int, ...]:
        """The uids of the values that come from outside, in the order of their first use."""
        made = {u for node in self.nodes for u in node.uids}
        used = (v.uid for node in self.nodes for v in node.inputs)
        return tuple(dict.fromkeys(u for u in used if u not in made))


@dataclass(frozen=True, eq=False)
class Fused:
    """A graph whose computing nodes are gathered in steps, which `schedule` puts in order."""

    graph: Graph
    aliases: Aliases
    steps: tuple[Step, ...]


def fuse(graph: Graph, heads: bool = False) -> Fused:
    """Gather the graph's nodes in steps. heads: put a node that is made tile by tile in the step
    that reads it element by element, for executors that can do both at once."""
    aliases = find_aliases(graph)
    groups = _Groups(graph, aliases)
    for node in aliases.computing:
        groups.add(node)
    groups.sink()
    if heads:
        groups.join_heads()
    return Fused(graph, aliases, tuple(groups.steps()))


@dataclass(eq=False)
class _Group:
    """A step in the making.

    mask: the bits that name it, one for each group that was merged into it; before: the bits of all
    groups from which a path leads here. reads: the roots that it reads; views: those that it reads
    through a view.
    """

    shape: Shape | None
    mask: int
    nodes: list[Node]
    reads: set[int]
    views: set[int]
    before: int = 0
    head: Node | None = None  # the node whose tiles the others are computed on

    def absorb(self, other: _Group) -> None:
        """Become one with another group."""
        self.mask |= other.mask
        self.before |= other.before
        self.nodes += other.nodes
        self.reads |= other.reads
        self.views |= other.views


class _Groups:
    def __init__(self, graph: Graph, aliases: Aliases) -> None:
        self._root = aliases.root
        self._specs = {uid: v.spec for uid, v in aliases.values.items()}
        self._groups: dict[int, _Group] = {}  # by id
        self._count = 0
        self._of: dict[int, _Group] = {}  # uid of an output -> the group that computes it
        self._kept = {aliases.root[v.uid] for v in graph.outputs}
        self._viewed = {aliases.root[n.uids[0]] for n in aliases.views}
        self._readers: dict[int, list[Node]] = {}  # root -> the nodes that read it
        for node in aliases.computing:
            for uid in {self._root[v.uid] for v in node.inputs}:
                self._readers.setdefault(uid, []).append(node)

    def add(self, node: Node) -> None:
        """Put a node in the groups it reads from where that makes no cycle, else in a new one."""
        uids = [v.uid for v in node.inputs]
        views = {self._root[u] for u in uids if self._root[u] != u}
        made = _Group(_shape(node), 1 << self._count, [node], {self._root[u] for u in uids}, views)
        self._count += 1
        made.before = self._ancestors(made)
        joined: list[_Group] = []
        if made.shape is not None:
            direct = {id(g): g for u in uids if (g := self._of.get(u)) is not None}
            for group in sorted(direct.values(), key=lambda g: -g.mask):
                if group.shape == made.shape and self._acyclic([made, *joined, group]):
                    joined.append(group)
        for group in joined:
            self._take(made, group)
        self._groups[id(made)] = made
        self._of.update((uid, made) for uid in node.uids)
        if joined:
            self._inherit(made)

    def _acyclic(self, joined: list[_Group]) -> bool:
        """Whether groups can be one: no path leaves them and comes back, and none reads a view of
        what another computes, since a view is there only when all of its storage is computed."""
        inside = {id(g) for g in joined}
        mask = sum(g.mask for g in joined)  # no two groups share a bit
        for group in joined:
            for uid in group.reads & self._of.keys():
                source = self._of[uid]
                if id(source) in inside:
                    if uid in group.views:
                        return False
                elif source.before & mask:
                    return False
        return True

    def _take(self, made: _Group, group: _Group) -> None:
        made.absorb(group)
        del self._groups[id(group)]
        self._of.update((uid, made) for node in group.nodes for uid in node.uids)

    def _ancestors(self, group: _Group) -> int:
        before = 0
        for uid in group.reads & self._of.keys():
            source = self._of[uid]
            if source is not group:
                before |= source.before | source.mask
        return before

    def _inherit(self, group: _Group) -> None:
        """What comes before a group that has grown comes before all that follow it."""
        group.before = self._ancestors(group)
        added = group.before | group.mask
        for other in self._groups.values():
            if other.before & group.mask and other is not group:
                other.before |= added

    def sink(self) -> None:
        """Move a node to the later step that alone reads it where no more bytes then pass between
        the steps: the forward pass need not store what the backward pass can compute as cheaply."""
        for group in reversed(list(self._groups.values())):
            if group.shape is None:
                continue
            for node in sorted(group.nodes, key=lambda n: -n.uids[0]):
                target = self._later(node, group)
                if target is not None and self._bytes_added(node, group) <= _bytes(node.specs):
                    group.nodes.remove(node)
                    target.nodes.append(node)
                    self._of.update((uid, target) for uid in node.uids)

    def _later(self, node: Node, group: _Group) -> _Group | None:
        """The one other group of the same shape in which all readers of the node are."""
        found: dict[int, _Group] = {}
        for uid in node.uids:
            if uid in self._kept or uid in self._viewed:
                return None
            found.update(
                (id(g), g) for r in self._readers.get(uid, ()) if (g := self._of[r.uids[0]])
            )
        if len(found) != 1:
            return None
        target = next(iter(found.values()))
        return target if target is not group and target.shape == group.shape else None

    def _bytes_added(self, node: Node, group: _Group) -> int:
        """The bytes of inputs that would have to be stored for the node, and are not now."""
        total = 0
        for uid in {v.uid for v in node.inputs}:
            root = self._root[uid]
            if root not in self._of or root in self._kept:
                continue
            others = [r for r in self._readers[root] if r is not node]
            if all(self._of[r.uids[0]] is group for r in others):
                total += _bytes([self._specs[root]])
        return total

    def join_heads(self) -> None:
        """Give tiled nodes the groups that read their results element by element."""
        for group in list(self._groups.values()):
            if len(group.nodes) != 1 or not group.nodes[0].op.tiled or group.head is not None:
                continue
            node = group.nodes[0]
            readers = self._readers.get(node.uids[0], ())
            found = {id(g): g for r in readers if (g := self._of[r.uids[0]]) is not group}
            for target in found.values():
                if self._may_head(node, group, target):
                    target.absorb(group)
                    target.head = node
                    del self._groups[id(group)]
                    self._of.update((uid, target) for uid in node.uids)
                    self._inherit(target)
                    break

    def _may_head(self, node: Node, group: _Group, target: _Group) -> bool:
        """Whether a group can be computed on the tiles of a node: it reads the result as it is,
        and nothing that is computed in between."""
        uid = node.uids[0]
        if target.head is not None or target.shape != node.specs[0].shape or uid in target.views:
            return False
        return self._acyclic([group, target])

    def steps(self) -> Iterable[Step]:
        """The groups as steps."""
        for group in self._groups.values():
            if not group.nodes:  # all of it sank
                continue
            nodes = tuple(sorted(group.nodes, key=lambda n: (n is not group.head, n.uids[0])))
            outputs = [uid for node in nodes for uid in node.uids]
            inner = frozenset(
                u for u in outputs if group.shape is not None and self._is_inner(u, group)
            )
            yield Step(nodes, group.shape, inner, group.head is not None)

    def _is_inner(self, uid: int, group: _Group) -> bool:
        outside = uid in self._kept or uid in self._viewed
        return not outside and all(self._of[r.uids[0]] is group for r in self._readers.get(uid, ()))


def _shape(node: Node) -> Shape | None:
    """The shape that all of an elementwise node's outputs have."""
    shapes = {spec.shape for spec in node.specs}
    return shapes.pop() if node.op.elementwise and len(shapes) == 1 else None


def _bytes(specs: Iterable[Spec]) -> int:
    return sum(spec.size * np_dtype(spec.dtype).itemsize for spec in specs)
