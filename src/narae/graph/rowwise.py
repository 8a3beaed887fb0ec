"""Steps that go row by row: sums along the last axis together with the elementwise nodes around them.

What a normalization or a softmax does to a row needs nothing of the other rows, and a row fits the first cache. In
steps of one kind each, every array in between goes through memory; here a row goes through all of it at once, and
what only the step needs is never stored. In terms of (rows, length) a step has values of three forms:

    whole       (rows, length)   elementwise nodes, of the shape that the step has
    of rows     (rows, 1)        what a reduction along a row gives, and what is computed from that
    of columns  (length,)        reductions of all rows: those of a tile first, which are then put together

The levels of a step are its passes over a row: a node is of the level of what it reads, and what a reduction gives is
there one level later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from narae.base.dtypes import np_dtype
from narae.base.types import KnownShape
from narae.graph.groups import REDUCTIONS, Group, Groups, frame, row_axes
from narae.graph.ir import Node, Spec

BESIDE = 2  # arrays of a product's size that may be read or written on its tiles
SLOW_FROM = 1 << 20  # bytes of a product that is in no cache when slow operations follow it


def joined(groups: Groups) -> None:
    """Make one group of reductions and the groups around them, where that makes no cycle."""
    for group in list(groups.filled()):
        node = group.nodes[0]
        shape = frame(node) if len(group.nodes) == 1 else None
        if shape is not None and groups.of(node.uids[0]) is group:
            _grow(groups, group, shape)


def _grow(groups: Groups, group: Group, shape: KnownShape) -> None:
    """Take in what is near, until nothing more fits: what did not fit before may do so beside what came since."""
    while True:
        near = _near(groups, group)
        other = next((g for g in near if _may_join(groups, group, g, shape)), None)
        if other is None:
            return
        groups.unite(group, other)
        group.rows = group.shape = shape


def _near(groups: Groups, group: Group) -> list[Group]:
    """The groups that make what a group reads, and those that read what it makes, in the order of their coming; then
    reductions that read what it reads."""
    makers = [g for u in sorted(group.reads) if (g := groups.of(u)) is not None]
    readers = [r for u in sorted(group.made) for r in groups.readers(u)]
    beside = [r for u in sorted(group.reads) for r in groups.readers(u) if frame(r)]
    found = [*makers, *(groups.of(r.uids[0]) for r in (*readers, *beside))]
    return list({id(g): g for g in found if g is not None and g is not group}.values())


def _may_join(groups: Groups, group: Group, other: Group, shape: KnownShape) -> bool:
    if other.head is not None or not _is_kin(groups, group, other, shape):
        return False
    if other.rows is None and other.sources and not _is_heavy(groups, other):
        return False  # computed on the tiles of what makes it, it is stored once
    both = (group, other)
    plain = all(map(_is_plain, _specs(other.nodes))) and _sees_rows(groups, both, shape)
    return plain and groups.fits_rows(both) and groups.acyclic(both, shape)


def _is_kin(groups: Groups, group: Group, other: Group, shape: KnownShape) -> bool:
    """Whether a group has one of the three forms."""
    if other.rows is not None:
        return other.rows == shape
    if len(other.nodes) == 1 and frame(other.nodes[0]) is not None:
        return frame(other.nodes[0]) == shape
    if other.shape == shape:
        return True
    return other.shape in (shape[:-1], (*shape[:-1], 1)) and any(
        groups.root(u) in group.made and groups.spec(groups.root(u)).shape != shape
        for u in other.uses
    )


def _sees_rows(groups: Groups, parts: Sequence[Group], shape: KnownShape) -> bool:
    """Whether nodes of groups, as one, read of each other what is there for their row: nothing of columns, and beside
    whole arrays one number for each row."""
    nodes = [node for group in parts for node in group.nodes]
    made = {u for group in parts for u in group.made}
    columns = {n.uids[0] for n in nodes if is_of_columns(n)}
    for node in nodes:
        for v in node.inputs:
            root = groups.root(v.uid)
            if root in columns:
                return False
            is_row = root in made and groups.spec(root).shape != shape
            if is_row and node.specs[0].shape == shape and v.shape != (*shape[:-1], 1):
                return False
    return True


def is_of_columns(node: Node) -> bool:
    """Whether a node of a step reduces all rows."""
    return node.op.known in REDUCTIONS and node.params["axes"] != row_axes(node.inputs[0].shape)


def _is_heavy(groups: Groups, group: Group) -> bool:
    """Whether a group would not gain by being computed on the tiles of a product that it reads: several more arrays of
    its size, or slow operations where what the product gives is in no cache."""
    specs = list(_specs(group.nodes))
    size = max(spec.size for spec in specs)
    if any(node.op.slow for node in group.nodes):
        return max(spec.nbytes for spec in specs) >= SLOW_FROM
    read = sum(groups.spec(u).size == size for u in group.uses - group.made - group.sources)
    return read + sum(not groups.is_read_within(u, group) for u in group.made) > BESIDE


def _specs(nodes: Iterable[Node]) -> Iterator[Spec]:
    for node in nodes:
        yield from node.specs
        yield from (v.spec for v in node.inputs)


def _is_plain(spec: Spec) -> bool:
    return np_dtype(spec.dtype).kind in "fiub" and spec.dtype not in ("float16", "bfloat16")


def levels(nodes: Sequence[Node], root: Mapping[int, int]) -> dict[int, int]:
    """The level of each node of a step, by its first uid. root: of views, the value that they are of."""
    after: dict[int, int] = {}  # by uid: the level from which a value is there
    found: dict[int, int] = {}
    for node in nodes:
        level = max((after.get(root.get(v.uid, v.uid), 0) for v in node.inputs), default=0)
        found[node.uids[0]] = level
        later = level + (node.op.known in REDUCTIONS)
        after.update(dict.fromkeys(node.uids, later))
    return found
