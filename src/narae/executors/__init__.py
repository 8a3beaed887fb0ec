"""What runs a graph. An executor is a module with `load(graph, state, updates) -> Program`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from narae.graph.graph import Graph

EXECUTORS: Mapping[str, str] = {"numpy": "narae.executors.numpy"}


class Program(Protocol):
    """A loaded graph. `inputs` are its argument buffers; a call gives its output buffers.

    The last inputs of the graph are state: arrays given to `load`, which outlive the program. A call leaves
    the outputs named by `updates` (position of a state array -> position of an output) in them.
    """

    inputs: list[np.ndarray]

    def __call__(self) -> list[np.ndarray]: ...


def load(
    name: str, graph: Graph, state: Sequence[np.ndarray], updates: Mapping[int, int]
) -> Program:
    """Load a graph on the executor `name`."""
    return importlib.import_module(EXECUTORS[name]).load(graph, state, updates)
