"""Fusion: elementwise nodes of one shape that feed each other become one step.

What a step computes for itself alone never needs storage of its own size: an executor keeps it in
registers, or in blocks that fit the cache. `groups` says which nodes go together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from narae.base.types import KnownShape
from narae.graph import rowwise
from narae.graph.graph import Aliases, Graph, find_aliases
from narae.graph.groups import Group, Groups, frame
from narae.graph.ir import Node


@dataclass(frozen=True, eq=False)
class Step:
    """Nodes that run together: any one, or elementwise ones of one shape.

    shape: the shape that all outputs share, None for a node that is not elementwise.
    inner: uids of the outputs that nothing outside of the step reads. headed: the first node is
    one that is made tile by tile, and the elementwise ones are computed on its tiles. rows: the nodes go row by
    row (`rowwise`), over an array of this shape; views: what they read of their own results in another shape.
    """

    nodes: tuple[Node, ...]
    shape: KnownShape | None
    inner: frozenset[int]
    headed: bool = False
    rows: bool = False
    views: tuple[Node, ...] = ()

    @property
    def outputs(self) -> tuple[int, ...]:
        """The uids of the values that outlive the step."""
        return tuple(u for node in self.nodes for u in node.uids if u not in self.inner)

    @property
    def reads(self) -> tuple[int, ...]:
        """The uids of the values that come from outside, in the order of their first use."""
        made = {u for node in (*self.nodes, *self.views) for u in node.uids}
        used = (v.uid for node in self.nodes for v in node.inputs)
        return tuple(dict.fromkeys(u for u in used if u not in made))


@dataclass(frozen=True, eq=False)
class Fused:
    """A graph whose computing nodes are gathered in steps, which `schedule` puts in order."""

    graph: Graph
    aliases: Aliases
    steps: tuple[Step, ...]


def fuse(graph: Graph, heads: bool = False, rows: bool = False) -> Fused:
    """Gather the graph's nodes in steps. heads: put a node that is made tile by tile in the step
    that reads it element by element, for executors that can do both at once. rows: put reductions along
    rows in a step with what is around them, likewise."""
    aliases = find_aliases(graph)
    groups = Groups(graph, aliases)
    for node in aliases.computing:
        groups.add(node)
    groups.sink()
    if rows and any(frame(node) is not None for node in aliases.computing):
        rowwise.joined(groups)
    if heads:
        groups.join_heads()
    return Fused(graph, aliases, tuple(_steps(groups)))


def _steps(groups: Groups) -> Iterable[Step]:
    """The groups as steps."""
    for group in groups.filled():
        if group.rows is not None:
            yield _by_rows(group, groups)
            continue
        nodes = tuple(sorted(group.nodes, key=lambda n: (n is not group.head, n.uids[0])))
        inner = () if group.shape is None else _inner(group, groups)
        yield Step(nodes, group.shape, frozenset(inner), group.head is not None)


def _by_rows(group: Group, groups: Groups) -> Step:
    """A step that goes row by row: its nodes in the order of their levels."""
    views, nodes = groups.views_in(group), sorted(group.nodes, key=lambda n: n.uids[0])
    root = {u: groups.root(u) for view in views for u in view.uids}
    level = rowwise.levels(nodes, root)
    nodes.sort(key=lambda n: level[n.uids[0]])
    inner = groups.inner_of_rows(group)
    return Step(tuple(nodes), group.rows, frozenset(inner), rows=True, views=views)


def _inner(group: Group, groups: Groups) -> Iterable[int]:
    return (u for u in group.made if groups.is_read_within(u, group))
