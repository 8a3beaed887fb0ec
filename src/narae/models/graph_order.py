"""The calls and the operations of a functional model, in the order in which they run, and where it begins."""

from __future__ import annotations

from typing import Any

from narae.layers.base import Layer
from narae.layers.input import InputLayer
from narae.tensor.symbolic import Call, KerasTensor


def calls_between(
    inputs: list[KerasTensor], outputs: list[KerasTensor]
) -> tuple[list[Call], list[Any]]:
    """The calls that lead from inputs to outputs, each after those it needs; and the operations (layers,
    calls of public ops, inputs' tensors) as they are met on the way back from the outputs.

    Raises ValueError when an output needs an Input that is not among `inputs`.
    """
    given = {id(t) for t in inputs}
    order: list[Call] = []
    met: dict[int, Any] = {}
    state: dict[int, int] = {}  # 1: being visited, 2: done
    todo: list[tuple[Any, bool]] = [(t, False) for t in reversed(outputs)]
    while todo:
        item, after = todo.pop()
        if after:
            state[id(item)] = 2
            order.append(item)
            continue
        call = item.history
        if id(item) in given:
            met.setdefault(id(item), item)
            continue
        if call is not None and id(call) in state:
            continue
        if call is None or isinstance(call.target, InputLayer):
            raise ValueError(
                f"the output depends on the input {item.name!r} (shape {item.shape}), which is not among the "
                f"model's inputs {[t.name for t in inputs]}: add it to `inputs`"
            )
        state[id(call)] = 1
        met.setdefault(id(operation_of(call)), operation_of(call))
        todo.append((call, True))
        todo += [(t, False) for t in reversed(call.inputs)]
    return order, list(met.values())


def operation_of(call: Call) -> Any:
    """What is called: a layer, which may be called again; or this one call of a public op."""
    return call.target if isinstance(call.target, Layer) else call


def by_depth(order: list[Call], met: list[Any]) -> list[Any]:
    """Operations by their distance from the outputs, the farthest first: the order of Keras's `layers`."""
    depth_of_op = {id(op): 0 for op in met}
    depth_of_call: dict[int, int] = {}
    for call in reversed(order):
        operation = id(operation_of(call))
        depth = max(depth_of_call.get(id(call), 0), depth_of_op[operation])
        depth_of_op[operation] = depth_of_call[id(call)] = depth
        for tensor in call.inputs:
            table, key = (
                (depth_of_op, id(tensor))
                if id(tensor) in depth_of_op
                else (depth_of_call, id(tensor.history))
            )
            table[key] = max(table.get(key, 0), depth + 1)
    return sorted(met, key=lambda op: -depth_of_op[id(op)])


class Untracked:
    """A list that attribute tracking does not look into."""

    def __init__(self, items: list[Any]) -> None:
        self.items: list[Any] = items


def input_layer(tensor: KerasTensor) -> InputLayer:
    """The layer behind an input. A model may also begin at an intermediate tensor: a layer of its own."""
    made_by = tensor.history
    if made_by is not None and isinstance(made_by.target, InputLayer):
        return made_by.target
    return InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype)


def given_of(call: Call) -> dict[str, Any]:
    """What a call was given by name: of `training` not the default, which the run's mode replaces."""
    if call.own_training or "training" not in call.kwargs:
        return call.kwargs
    return {name: value for name, value in call.kwargs.items() if name != "training"}
