"""The calls and the operations of a functional model, in the order in which they run, where it begins, and data for its
inputs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from narae import ops
from narae.base.errors import ShapeError
from narae.base.language import tr
from narae.layers.base import Layer
from narae.layers.calling import is_tensor
from narae.layers.input import InputLayer
from narae.tensor.masks import get_keras_mask, with_mask
from narae.tensor.promote import to
from narae.tensor.symbolic import Call, KerasTensor
from narae.tensor.tensor import as_tensor

if TYPE_CHECKING:
    from narae.base.types import Shape, TensorLike


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


def fitted(
    model: str, layer: InputLayer, leaf: TensorLike | None, mismatches: list[ShapeError] | None
) -> Any:
    """Data for an input: of its dtype, its last axis of length 1 added or dropped where it must be."""
    if leaf is None:
        if layer.optional:
            return None
        raise ValueError(f"input {layer.name!r} of model {model!r} got None: it is not optional")
    value: Any = leaf if is_tensor(leaf) else as_tensor(leaf)
    want, got = layer.batch_shape, tuple(value.shape)
    if len(got) == len(want) + 1 and got[-1] == 1:
        value = ops.squeeze(value, -1)
    elif len(got) == len(want) - 1 and want[-1] == 1:
        value = ops.expand_dims(value, -1)
    got = tuple(value.shape)
    fits = len(got) == len(want) and all(
        w is None or g is None or w == g for w, g in zip(want[1:], got[1:], strict=True)
    )
    if not fits:
        pairs = list(zip(got[1:], want[1:], strict=False))
        odd = ((g, w) for g, w in pairs if g is not None and w is not None and g != w)
        error = ShapeError(
            tr(
                "model {model!r} takes data of shape {want} for the input {name!r}, got shape {got}{hint}",
                model=model,
                want=want,
                name=layer.name,
                got=got,
                hint=_hint(want, got),
            ),
            lengths=next(odd, None),
        )
        if mismatches is None or len(got) != len(want):
            raise error
        mismatches.append(error)
    if isinstance(value, KerasTensor) or value.dtype == layer.dtype:
        return value
    return with_mask(to(value, layer.dtype), get_keras_mask(value))


def _hint(want: Shape, got: Shape) -> str:
    known = [n for n in want[1:] if n is not None]
    lengths = [n for n in got[1:] if n is not None]
    if len(known) == len(want) - 1 and len(lengths) == len(got[1:]):
        if len(got) > 1 and math.prod(lengths) == math.prod(known):
            shape = ", ".join(map(str, known))
            return tr("; the elements fit: reshape((-1, {shape})) before it", shape=shape)
        if got == tuple(known):
            return tr("; a batch axis is missing: x[None] makes a batch of one")
    return ""
