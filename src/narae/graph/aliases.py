"""Which nodes compute at run time, which give views of what is there, and which depend on constants alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narae.base.dtypes import np_dtype
from narae.graph.graph import Graph
from narae.graph.ir import Node, Value, run


@dataclass(frozen=True, eq=False)
class Aliases:
    """A graph's nodes by how they come to their values, and the storage behind each value.

    once: depend on constants alone. views: new shapes and strides over another value's storage.
    computing: all others, a view's node among them where its layout forces a copy.
    root: uid -> uid of the value whose storage it shares (its own for what has storage).
    """

    once: tuple[Node, ...]
    views: tuple[Node, ...]
    computing: tuple[Node, ...]
    root: dict[int, int]
    values: dict[int, Value]  # every value by its uid


def find_aliases(graph: Graph) -> Aliases:
    """Sort the nodes. Storage is taken to be C-contiguous; constants have the layout they have."""
    values = {v.uid: v for v in (*graph.inputs, *graph.constants)}
    root = {uid: uid for uid in values}
    layouts = _Layouts()
    known = {v.uid for v in graph.constants}
    once, views, computing = [], [], []
    for node in graph.nodes:
        values.update((node.uids[i], node.output(i)) for i in range(len(node.uids)))
        root.update((uid, uid) for uid in node.uids)
        if all(v.uid in known for v in node.inputs):
            once.append(node)
            known.update(node.uids)
        elif node.op.view and layouts.shares(node):
            views.append(node)
            root[node.uids[0]] = root[node.inputs[0].uid]
        else:
            computing.append(node)
    return Aliases(tuple(once), tuple(views), tuple(computing), root, values)


class _Layouts:
    """Stand-ins with the strides that values will have. Their memory is asked for, not touched."""

    def __init__(self) -> None:
        self._arrays: dict[int, np.ndarray] = {}

    def shares(self, node: Node) -> bool:
        """Whether the node's forward gives a view of its first input."""
        source = node.inputs[0]
        array = self._arrays.get(source.uid)
        if array is None:
            array = np.empty(source.shape, np_dtype(source.dtype))
            self._arrays[source.uid] = array
        others = [np.zeros(v.shape, np_dtype(v.dtype)) for v in node.inputs[1:]]
        made = run(node.op, [array, *others], node.params)[0]
        if not np.may_share_memory(made, array):
            return False
        self._arrays[node.uids[0]] = made
        return True
