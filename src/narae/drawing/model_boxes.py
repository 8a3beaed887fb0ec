"""A model's layers as boxes, and how they are connected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from narae.base import trees

if TYPE_CHECKING:
    from narae.layers.base import Layer
    from narae.models.functional import Functional
    from narae.models.model import Model


@dataclass(frozen=True)
class Shown:
    """What the boxes say, by Keras's names of the options."""

    show_shapes: bool = False
    show_dtype: bool = False
    show_layer_names: bool = False
    show_layer_activations: bool = False
    show_trainable: bool = False
    expand_nested: bool = False


@dataclass(frozen=True)
class Box:
    """One layer or operation. lines: under its heading. group: the nested model that it is of."""

    kind: str
    lines: tuple[str, ...]
    group: str = ""


@dataclass
class Drawn:
    """Boxes, and edges between their numbers."""

    boxes: list[Box] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)


def drawn_of(model: Model, shown: Shown) -> Drawn:
    if not getattr(model, "built", False):
        raise ValueError(
            f"model {model.name!r} is not built, so that its layers are not connected yet: begin it with an "
            "Input, or call it on data first"
        )
    drawn = Drawn()
    graph = _graph_of(model)
    if graph is None:  # a subclass: its connections are in its code
        drawn.boxes.append(_box(model, (), (), shown, ""))
        return drawn
    _add(graph, shown, drawn, {}, "")
    drawn.edges = list(dict.fromkeys(drawn.edges))
    return drawn


def _graph_of(model: Layer) -> Any:
    """The functional model behind a model, None for one that is code."""
    graph = getattr(model, "_functional", None) or model
    return graph if hasattr(graph, "_graph_calls") else None


Sources = dict[int, int]  # the id of a symbolic tensor -> the number of the box that makes it


def _add(graph: Functional, shown: Shown, drawn: Drawn, given: Sources, group: str) -> Sources:
    """Add a graph's boxes. given: what makes its inputs, where it is nested; else they get boxes."""
    sources = dict(given)
    for tensor, layer in zip(graph._inputs, graph._input_layers, strict=True):
        if id(tensor) not in sources:
            sources[id(tensor)] = len(drawn.boxes)
            drawn.boxes.append(_box(layer, (), (tensor,), shown, group))
    of_target: dict[int, int] = {}  # a layer that is called twice is one box
    for call in graph._graph_calls.items:
        inner = _graph_of(call.target) if shown.expand_nested else None
        outputs = trees.flatten(call.outputs)
        if inner is not None:
            passed = {
                id(t): sources[id(v)] for t, v in zip(inner._inputs, call.inputs, strict=False)
            }
            path = f"{group}/{call.target.name}" if group else call.target.name
            made = _add(inner, shown, drawn, passed, path)
            sources.update(
                (id(o), made[id(t)]) for o, t in zip(outputs, inner._outputs, strict=True)
            )
            continue
        key = id(call.target) if hasattr(call.target, "weights") else id(call)
        if key not in of_target:
            of_target[key] = len(drawn.boxes)
            drawn.boxes.append(_box(call.target, call.inputs, outputs, shown, group, call.name))
        box = of_target[key]
        drawn.edges += [(sources[id(t)], box) for t in call.inputs]
        sources.update((id(t), box) for t in outputs)
    return sources


def _box(
    target: Any,
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    shown: Shown,
    group: str,
    name: str = "",
) -> Box:
    layer = hasattr(target, "weights")
    lines = []
    if shown.show_layer_names:
        lines.append(f"name: {target.name if layer else name}")
    function = getattr(getattr(target, "activation", None), "__name__", None)
    if shown.show_layer_activations and function:
        lines.append(f"activation: {function}")
    if shown.show_shapes and outputs:
        ends = [_shapes(ts) for ts in (inputs, outputs) if ts]
        lines.append(" → ".join(ends))
    if shown.show_dtype and outputs:
        lines.append(", ".join(dict.fromkeys(t.dtype for t in outputs)))
    if shown.show_trainable and layer and target.weights:
        lines.append("trainable" if target.trainable else "frozen")
    return Box(type(target).__name__ if layer else target.__name__, tuple(lines), group)


def _shapes(tensors: Sequence[Any]) -> str:
    return ", ".join(str(tuple(t.shape)) for t in tensors)
