"""trace: a Python function as a graph, its variables lifted to inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from narae.base import trees
from narae.engine.scope import Gradients, tracing
from narae.engine.variable import Variable
from narae.graph.graph import Graph, build
from narae.graph.ir import Spec, Value
from narae.tensor.tensor import Tensor, as_tensor


@dataclass(frozen=True, eq=False)
class Traced:
    """A traced function. The graph's inputs are the arguments' tensors, then the variables; its
    outputs are the results' tensors, then the new values of the variables in `written`."""

    graph: Graph
    variables: tuple[Variable, ...]
    written: tuple[int, ...]  # positions in `variables`
    result: Any  # the function's result, with a position in the outputs for each tensor
    gradients: Gradients | None  # what tapes were asked for on the way


@dataclass(frozen=True)
class _Place:
    index: int


def trace(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Traced:
    """Trace `function`; the leaves of its arguments that are Specs become inputs of the graph.

    Other leaves are passed as they are. Tensors in the result become outputs, other leaves of the result
    stay what they are. Raises what the function raises; a tensor from another trace is an error.
    """
    inputs: list[Tensor] = []

    def placed(leaf: object) -> Any:
        if not isinstance(leaf, Spec):
            return leaf
        inputs.append(Tensor(leaf))
        return inputs[-1]

    with tracing() as scope:
        args, kwargs = trees.map_tree(placed, (args, kwargs))
        result = function(*args, **kwargs)
    outputs: list[Value] = []

    def collected(leaf: object) -> Any:
        if not (isinstance(leaf, Tensor) or hasattr(leaf, "__narae_tensor__")):
            return leaf
        tensor = scope.read(leaf) if isinstance(leaf, Variable) else as_tensor(cast("Tensor", leaf))
        outputs.append(tensor)
        return _Place(len(outputs) - 1)

    result = trees.map_tree(collected, result)
    variables = tuple(scope.variables.values())
    order = {id(v): i for i, v in enumerate(variables)}
    written = tuple(order[key] for key in scope.written)
    news = [scope.current[key] for key in scope.written]
    lifted = [scope.inputs[id(v)] for v in variables]
    graph, captured = build([*inputs, *lifted], [*outputs, *news])
    if captured:
        raise ValueError(
            f"the traced function uses {len(captured)} tensor(s) of another trace, of shapes "
            f"{[v.shape for v in captured]}: pass them as arguments"
        )
    return Traced(graph, variables, written, result, scope.gradients)


def fill(result: object, outputs: list[Any]) -> Any:
    """A traced function's result with real outputs in its places."""
    return trees.map_tree(
        lambda leaf: outputs[leaf.index] if isinstance(leaf, _Place) else leaf, result
    )
