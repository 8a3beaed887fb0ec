"""The reference executor: NumPy, node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from narae.base.dtypes import np_dtype
from narae.graph.graph import Graph, evaluate


class NumpyProgram:
    """Runs a graph node by node."""

    def __init__(self, graph: Graph, state: Sequence[np.ndarray], updates: Mapping[int, int]) -> None:
        count = len(graph.inputs) - len(state)
        self.inputs = [np.zeros(v.shape, np_dtype(v.dtype)) for v in graph.inputs[:count]]
        self._graph, self._state, self._updates = graph, list(state), dict(updates)

    def __call__(self) -> list[np.ndarray]:
        """Run once on what is in `inputs`."""
        outputs = list(evaluate(self._graph, [*self.inputs, *self._state], np))
        new = {i: outputs[o].copy() for i, o in self._updates.items()}
        for i, value in new.items():
            self._state[i][...] = value
        return outputs


def load(graph: Graph, state: Sequence[np.ndarray], updates: Mapping[int, int]) -> NumpyProgram:
    """A program for the graph."""
    return NumpyProgram(graph, state, updates)
