"""Which nodes compute together: groups of elementwise nodes, as they grow.

The cost of all this grows with the graph, not with its square: a group has bounds, and what comes before a
group is handed on to those that follow it only where it is news to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from narae.base.types import KnownShape
from narae.graph.graph import Aliases, Graph
from narae.graph.ir import Node, Spec

# Of one step. A processor has 16 to 32 registers for addresses, prefetches some 16 to 32 streams, and its
# first cache holds 8 to 12 lines of a kind; code of more nodes takes LLVM more than a second.
READS, NODES = 24, 64
# What a step reads has to be there all at once. Of results this large, that no step of this kind makes, it
# reads no more: the sum of a hundred partial gradients takes them a few at a time.
LARGE, ALIVE = 1 << 18, 4  # bytes; results

# Of what is reduced in a step that goes row by row (`rowwise`).
REDUCTIONS = ("reduce_sum", "reduce_max", "reduce_min")
LONGEST = 4096  # elements of a row: what is kept of it has to stay in the first cache
SHORTEST = 16
FEW = 16  # rows: with fewer there is too little to share out


@dataclass(eq=False)
class Group:
    """A step in the making.

    mask: the bits that name it, one for each group that was merged into it; before: the bits of all
    groups from which a path leads here. made: the uids that it computes; uses: those its nodes take.
    reads: the roots of these; views: those that it reads through a view. sources: results made tile by
    tile that it reads element by element. latest: when its last node came.
    """

    shape: KnownShape | None
    latest: int
    nodes: list[Node]
    made: set[int]
    uses: set[int]
    reads: set[int]
    views: set[int]
    sources: set[int] = field(default_factory=set)
    mask: int = 0
    before: int = 0
    head: Node | None = None  # the node whose tiles the others are computed on
    rows: KnownShape | None = None  # of a group that goes row by row (`rowwise`): what all rows are
    again: bool = False  # some of its nodes are computed a second time (`again`)
    early: bool = False  # and some come before all that are

    def absorb(self, other: Group) -> None:
        """Become one with another group."""
        self.mask |= other.mask
        self.before |= other.before
        self.nodes += other.nodes
        self.made |= other.made
        self.uses |= other.uses
        self.reads |= other.reads
        self.views |= other.views
        self.sources |= other.sources
        self.again |= other.again
        self.early |= other.early


class Groups:
    """The groups of a graph's computing nodes."""

    def __init__(self, graph: Graph, aliases: Aliases) -> None:
        self._root, self._again = aliases.root, graph.again
        self._specs = {uid: v.spec for uid, v in aliases.values.items()}
        self._groups: dict[int, Group] = {}  # by id
        self._nodes = self._bits = 0  # nodes that came, groups that were named
        self._of: dict[int, Group] = {}  # uid of an output -> the group that computes it
        self._kept = {aliases.root[v.uid] for v in graph.outputs}
        self._viewed = {aliases.root[n.uids[0]] for n in aliases.views}
        self._views = {n.uids[0]: n for n in aliases.views}
        self._readers: dict[int, list[Node]] = {}  # root -> the nodes that read it
        for node in aliases.computing:
            for uid in {self._root[v.uid] for v in node.inputs}:
                self._readers.setdefault(uid, []).append(node)

    def filled(self) -> Iterator[Group]:
        """All groups but those of which every node sank."""
        return (group for group in self._groups.values() if group.nodes)

    def is_read_within(self, uid: int, group: Group) -> bool:
        """Whether nothing outside of its group asks for a result."""
        outside = uid in self._kept or uid in self._viewed
        return not outside and all(self._of[r.uids[0]] is group for r in self._readers.get(uid, ()))

    # -- nodes come ------------------------------------------------------------------------------

    def add(self, node: Node) -> None:
        """Put a node in the groups it reads from where that makes no cycle and they stay within
        bounds, else in a new one."""
        made = self._alone(node)
        made.before = self._ancestors(made)
        joined: list[Group] = []
        if made.shape is not None:
            direct = {id(g): g for u in made.uses if (g := self._of.get(u)) is not None}
            for group in sorted(direct.values(), key=lambda g: -g.latest):
                parts = [made, *joined, group]
                if group.shape == made.shape and self._fits(parts) and self.acyclic(parts):
                    joined.append(group)
        if not joined:
            made.mask = 1 << self._bits
            self._bits += 1
        for group in joined:
            self._take(made, group)
        self._groups[id(made)] = made
        self._of.update((uid, made) for uid in node.uids)
        if joined:
            self._inherit(made)

    def _alone(self, node: Node) -> Group:
        uses = {v.uid for v in node.inputs}
        reads, shape = {self._root[u] for u in uses}, _shape(node)
        views = {self._root[u] for u in uses if self._root[u] != u}
        made = Group(shape, self._nodes, [node], set(node.uids), uses, reads, views)
        made.again = node.uids[0] in self._again.nodes
        made.early = node.uids[0] < self._again.since
        self._nodes += 1
        if shape is not None:
            made.sources = {u for u in uses & self._of.keys() if self._is_source(u, shape)}
        return made

    def _is_source(self, uid: int, shape: KnownShape) -> bool:
        tiled = any(node.op.tiled for node in self._of[uid].nodes[:1])
        return tiled and self._specs[uid].shape == shape

    def _fits(self, parts: Sequence[Group]) -> bool:
        """Whether groups stay within bounds as one.

        Each result that is made tile by tile takes what follows it along: two of them that are added
        up stay two steps, so that the second adds itself to the first while it is made.
        """
        if sum(len(g.nodes) for g in parts) > NODES:
            return False
        outside = set[int]().union(*(g.uses for g in parts)).difference(*(g.made for g in parts))
        if len(outside) > READS:
            return False
        first: set[int] = set()
        for group in parts:
            if not (first <= group.sources or group.sources <= first):
                return False
            first = first | group.sources
        return sum(map(self._waits, {self._root[u] for u in outside})) <= ALIVE

    def _waits(self, root: int) -> bool:
        """Whether a result is large, and of a step of another kind."""
        group = self._of.get(root)
        return group is not None and group.shape is None and _bytes([self._specs[root]]) >= LARGE

    def acyclic(self, joined: Sequence[Group], rows: KnownShape | None = None) -> bool:
        """Whether groups can be one: no path leaves them and comes back, and none reads a view of
        what another computes, since a view is there only when all of its storage is computed. rows: of groups
        that go row by row: they may read what a row gave in another shape."""
        if any(g.again for g in joined) and any(g.early for g in joined):
            return False  # what is computed again would be computed early
        inside = {id(g) for g in joined}
        mask = sum(g.mask for g in joined)  # no two groups share a bit
        for group in joined:
            for uid in group.reads & self._of.keys():
                source = self._of[uid]
                if id(source) in inside:
                    if uid in group.views and not (rows and self._is_of_rows(uid, group, rows)):
                        return False
                elif source.before & mask:
                    return False
        return True

    def _is_of_rows(self, root: int, group: Group, rows: KnownShape) -> bool:
        """Whether a group sees one number for each row in all views of a value that it reads."""
        forms = (rows[:-1], (*rows[:-1], 1))
        seen = [u for u in group.uses if self._root[u] == root]
        while seen:
            uid = seen.pop()
            if self._specs[uid].shape not in forms:
                return False
            if uid != root:
                if self._views[uid].op.known != "reshape":
                    return False
                seen.append(self._views[uid].inputs[0].uid)
        return True

    # -- for `rowwise` -----------------------------------------------------------------------------

    def of(self, uid: int) -> Group | None:
        """The group that computes a value, None where it is given."""
        return self._of.get(uid)

    def root(self, uid: int) -> int:
        """The value whose storage a value shares."""
        return self._root[uid]

    def spec(self, uid: int) -> Spec:
        """What is known of a value."""
        return self._specs[uid]

    def readers(self, root: int) -> Sequence[Node]:
        """The nodes that read a value, or a view of it."""
        return self._readers.get(root, ())

    def fits_rows(self, parts: Sequence[Group]) -> bool:
        """Whether groups stay within bounds as one that goes row by row."""
        made = set[int]().union(*(g.made for g in parts))
        outside = {u for g in parts for u in g.uses if self._root[u] not in made}
        large = sum(map(self._waits, {self._root[u] for u in outside}))
        return (
            sum(len(g.nodes) for g in parts) <= NODES and len(outside) <= READS and large <= ALIVE
        )

    def unite(self, group: Group, other: Group) -> None:
        """Let a group have all nodes of another one."""
        self._take(group, other)
        self._inherit(group)

    def inner_of_rows(self, group: Group) -> set[int]:
        """What nothing outside of a group that goes row by row asks for."""
        return {
            uid
            for uid in group.made
            if uid not in self._kept
            and all(self._of[r.uids[0]] is group for r in self._readers.get(uid, ()))
        }

    def views_in(self, group: Group) -> tuple[Node, ...]:
        """The views of what a group computes that its own nodes read, each after what it is of."""
        found: dict[int, Node] = {}
        todo = [u for u in group.uses if self._root[u] != u and self._root[u] in group.made]
        while todo:
            node = self._views[todo.pop()]
            found[node.uids[0]] = node
            todo += [v.uid for v in node.inputs if self._root[v.uid] != v.uid]
        return tuple(sorted(found.values(), key=lambda n: n.uids[0]))

    def _take(self, made: Group, group: Group) -> None:
        made.absorb(group)
        del self._groups[id(group)]
        self._of.update((uid, made) for uid in group.made)

    def _ancestors(self, group: Group) -> int:
        before = 0
        for uid in group.reads & self._of.keys():
            source = self._of[uid]
            if source is not group:
                before |= source.before | source.mask
        return before

    def _inherit(self, group: Group) -> None:
        """What comes before a group that has grown comes before all that follow it. Those to whom it
        is no news have told theirs."""
        group.before |= self._ancestors(group)
        added = group.before | group.mask
        todo = list(self._following(group))
        while todo:
            other = todo.pop()
            if added & ~other.before:
                other.before |= added
                todo += self._following(other)

    def _following(self, group: Group) -> Iterator[Group]:
        """The groups that read a group's results."""
        for uid in group.made:
            for reader in self._readers.get(uid, ()):
                other = self._of.get(reader.uids[0])
                if other is not None and other is not group:
                    yield other

    # -- nodes move ------------------------------------------------------------------------------

    def sink(self) -> None:
        """Move a node to the later step that alone reads it where no more bytes then pass between
        the steps: the forward pass need not store what the backward pass can compute as cheaply."""
        for group in reversed(list(self._groups.values())):
            if group.shape is None:
                continue
            for node in sorted(group.nodes, key=lambda n: -n.uids[0]):
                target = self._later(node, group)
                if target is not None and self._bytes_added(node, group) <= _bytes(node.specs):
                    self._move(node, group, target)

    def _move(self, node: Node, group: Group, target: Group) -> None:
        moved = self._alone(node)
        moved.early = False  # it goes where it is read
        if not self._fits([moved, target]):
            return
        target.absorb(moved)
        group.nodes.remove(node)
        group.made -= moved.made
        group.uses = {v.uid for n in group.nodes for v in n.inputs}
        self._of.update((uid, target) for uid in node.uids)

    def _later(self, node: Node, group: Group) -> Group | None:
        """The one other group of the same shape in which all readers of the node are."""
        found: Group | None = None
        for uid in node.uids:
            if uid in self._kept or uid in self._viewed:
                return None
            for reader in self._readers.get(uid, ()):
                other = self._of[reader.uids[0]]
                if other is group or other.shape != group.shape or found not in (None, other):
                    return None
                found = other
        return found

    def _bytes_added(self, node: Node, group: Group) -> int:
        """The bytes of inputs that would have to be stored for the node, and are not now."""
        total = 0
        for root in {self._root[v.uid] for v in node.inputs}:
            if root not in self._of or root in self._kept:
                continue
            readers = self._readers[root]
            if all(r is node or self._of[r.uids[0]] is group for r in readers):
                total += _bytes([self._specs[root]])
        return total

    def join_heads(self) -> None:
        """Give tiled nodes the groups that read their results element by element; of two that one
        group reads the later one, which so adds itself to what is there."""
        for group in reversed(list(self._groups.values())):
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

    def _may_head(self, node: Node, group: Group, target: Group) -> bool:
        """Whether a group can be computed on the tiles of a node: it reads the result as it is,
        and nothing that is computed in between."""
        uid = node.uids[0]
        if target.head is not None or target.rows is not None:
            return False
        if target.shape != node.specs[0].shape or uid in target.views:
            return False
        used = (target.uses | group.uses) - target.made - group.made
        return len(used) <= READS and self.acyclic([group, target])


def _shape(node: Node) -> KnownShape | None:
    """The shape that all of an elementwise node's outputs have."""
    shapes = {spec.shape for spec in node.specs}
    return shapes.pop() if node.op.elementwise and len(shapes) == 1 else None


def _bytes(specs: Iterable[Spec]) -> int:
    return sum(spec.nbytes for spec in specs)


def frame(node: Node) -> KnownShape | None:
    """The shape over which a node reduces rows or columns, None for others."""
    if node.op.known not in REDUCTIONS:
        return None
    spec, axes = node.inputs[0].spec, node.params["axes"]
    if len(spec.shape) < 2 or axes not in (
        row_axes(spec.shape),
        tuple(range(len(spec.shape) - 1)),
    ):
        return None
    last = spec.shape[-1]
    fits = SHORTEST <= last <= LONGEST and spec.size >= FEW * last
    return spec.shape if fits and spec.dtype in ("float32", "float64") else None


def row_axes(shape: KnownShape) -> tuple[int, ...]:
    """The axis along rows."""
    return (len(shape) - 1,)
