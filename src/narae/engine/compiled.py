"""A traced function, simplified, fused, planned and loaded on an executor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from narae.engine.config import executor, num_threads
from narae.engine.trace import Traced, fill, trace
from narae.executors import load, wants_heads
from narae.graph.fuse import fuse
from narae.graph.plan import plan
from narae.graph.rewrite import simplify


class Compiled:
    """A program bound to the storage of its variables.

    `inputs` are arrays of the program: write the arguments there (their leaves in the order of
    `trees.flatten`), then call. What a call gives are arrays of the program too: valid until the next call.
    """

    def __init__(self, traced: Traced, executor_name: str) -> None:
        state = [v.stored() for v in traced.variables]
        graph = simplify(traced.graph)
        planned = plan(fuse(graph, wants_heads(executor_name)), len(state), traced.written)
        self.traced = traced
        self.graph = graph
        self.program = load(executor_name, planned, state, num_threads)
        self.inputs: list[np.ndarray] = self.program.inputs
        self.lock = threading.Lock()  # a program's buffers serve one call at a time
        self._touched = [traced.variables[i] for i in traced.written]

    def __call__(self) -> Any:
        """Run on what is in `inputs`; the result in the function's structure, of NumPy arrays."""
        try:
            outputs = self.program()
        finally:  # Ctrl-C may come in the middle of a run
            for variable in self._touched:
                variable.touched()
        return fill(self.traced.result, outputs)


def compile_function(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Compiled:
    """Trace `function` with Specs for its arrays, and load it on the executor in use."""
    return Compiled(trace(function, *args, **kwargs), executor())
