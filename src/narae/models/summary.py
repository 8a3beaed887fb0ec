"""The table of a model's layers."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from narae.base import trees
from narae.base.dtypes import np_dtype
from narae.base.errors import unknown_name
from narae.base.language import tr
from narae.base.names import printable
from narae.layers.input import InputLayer
from narae.models.functional_config import places_of
from narae.models.graph_order import operation_of
from narae.saving.operation_names import class_name_of
from narae.tensor.symbolic import Call

if TYPE_CHECKING:
    from narae.drawing.cards import Card
    from narae.engine.variable import Variable
    from narae.layers.base import Layer
    from narae.models.functional import Functional
    from narae.models.model import Model


def print_summary(
    model: Model,
    line_length: int | None,
    print_fn: Callable[[str], Any] | None,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Sequence[str] | None,
) -> None:
    """Print the layers with output shapes and numbers of parameters, and the totals."""
    rows = list(_rows(model, expand_nested, layer_range))
    branched = _branched(model)
    text = _rendered(model, rows, line_length, show_trainable, branched, plain=print_fn is not None)
    (print_fn or print)(text)


def show_summary(model: Model, card: Card) -> None:
    """Put the same table on a notebook's card."""
    branched = _branched(model)
    rows = [_cells(model, layer, depth, branched) for layer, depth in _rows(model, False, None)]
    card.title(tr('Model: "{name}"', name=model.name))
    if not rows:
        return card.lines([tr("it has no layers yet")])
    card.table(_heads(branched), rows, (2,))
    card.lines(totals(model))


_WORDS: dict[str, Any] = {"overflow": "fold"}
# How a terminal's table shows what is under each head.
_FORMS: tuple[dict[str, Any], ...] = (
    {**_WORDS, "ratio": 40},
    {**_WORDS, "ratio": 28},
    {"justify": "right", "ratio": 18},
    {**_WORDS, "ratio": 26},
)


def _heads(branched: bool) -> list[str]:
    heads = [tr("Layer (type)"), tr("Output Shape"), tr("Param #")]
    return [*heads, tr("Connected to")] if branched else heads


def _cells(model: Model, layer: Layer | Call, depth: int, branched: bool) -> list[str]:
    """A row under these heads. Names may come from a file: who shows them escapes them."""
    name = f"{'  ' * depth}{'└ ' if depth else ''}{layer.name} ({_kind(layer)})"
    cells = [name, output_shape_of(layer), _params(layer)]
    if branched:
        cells.append(", ".join([] if depth else _sources(model, layer)) or "-")
    return cells


def _rows(
    model: Model, expand: bool, layer_range: Sequence[str] | None, depth: int = 0
) -> Iterator[tuple[Any, int]]:
    """Layers and calls of public ops, each with its depth of nesting."""
    graph = _graph(model)
    operations = model.layers if graph is None else graph.operations
    if layer_range is not None:
        names = [operation.name for operation in operations]
        first, last = (_matches(names, pattern) for pattern in layer_range)
        operations = operations[first[0] : last[-1] + 1]
    for operation in operations:
        yield operation, depth
        if expand and getattr(operation, "layers", None):
            yield from _rows(cast("Model", operation), True, None, depth + 1)


def _graph(model: Model) -> Functional | None:
    """The model as a graph of calls, None where it is none."""
    return cast("Functional", model) if hasattr(model, "_graph_calls") else None


def _matches(names: list[str], pattern: str) -> list[int]:
    found = [i for i, name in enumerate(names) if re.match(pattern, name)]
    if not found:
        raise unknown_name(tr("layer in layer_range"), pattern, names)
    return found


def _branched(model: Model) -> bool:
    """Whether operations are connected otherwise than one after the other."""
    graph = _graph(model)
    if graph is None:
        return False
    calls = graph._graph_calls.items
    read = [id(t) for call in calls for t in call.inputs]
    targets = [id(operation_of(call)) for call in calls]
    several = any(len(set(keys)) < len(keys) for keys in (read, targets))
    ends = max(len(model.inputs), len(model.outputs))
    return several or ends > 1 or any(len(call.inputs) != 1 for call in calls)


def output_shape_of(layer: Layer | Call) -> str:
    """The shape that a layer or a call of an op gives, '?' before it is known."""
    if isinstance(layer, Call):
        return _shown(layer)
    if isinstance(layer, InputLayer):
        return str(layer.batch_shape)
    if layer._calls:
        return _shown(layer._calls[-1])
    found = getattr(layer, "_functional", None)
    if found is not None:
        return str(found.output_shape)
    shapes = layer._build_shapes
    if shapes:
        try:
            return str(layer.compute_output_shape(next(iter(shapes.values()))))
        except Exception:
            return "?"
    return "?"


def _shown(call: Call) -> str:
    shapes = [str(t.shape) for t in trees.flatten(call.outputs)]
    return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"


def _params(layer: Layer | Call) -> str:
    if isinstance(layer, Call):
        return "0"
    if not layer.built and not layer.weights:
        return (
            tr("0 (unbuilt)")
            if getattr(layer, "build", None) is not None and not layer.built
            else "0"
        )
    return f"{sum(v.size for v in layer.weights):,}"


def _rendered(
    model: Model,
    rows: Sequence[tuple[Layer | Call, int]],
    line_length: int | None,
    show_trainable: bool,
    branched: bool,
    plain: bool,
) -> str:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=True, header_style="bold")
    for head, form in zip(_heads(branched), _FORMS):
        table.add_column(head, **form)
    if show_trainable:
        table.add_column(tr("Trainable"), justify="center")
    for layer, depth in rows:
        cells = [escape(printable(cell)) for cell in _cells(model, layer, depth, branched)]
        table.add_row(*cells, *[_trained(layer)] * show_trainable)
    buffer = io.StringIO()
    console = Console(
        file=buffer, width=line_length or (80 if not branched else 100), color_system=None
    )
    name = escape(printable(model.name))
    console.print(tr('Model: "{name}"', name=name), highlight=False)
    console.print(table)
    for line in totals(model):
        console.print(f" {line}", highlight=False)
    return buffer.getvalue().rstrip("\n")


def _kind(operation: Layer | Call) -> str:
    if isinstance(operation, Call):
        return class_name_of(operation.target.__name__)
    return type(operation).__name__


def _trained(operation: Layer | Call) -> str:
    if not getattr(operation, "weights", None):
        return "-"
    return "Y" if cast("Layer", operation).trainable else "N"


def _sources(model: Model, operation: Layer | Call) -> list[str]:
    """Where an operation's inputs come from: name[which call of it][which output of that]."""
    graph = _graph(model)
    if graph is None:
        return []
    places = places_of(graph)
    calls = [call for call in graph._graph_calls.items if operation_of(call) is operation]
    found = [places[id(t)] for call in calls for t in call.inputs]
    return [f"{name}[{node}][{index}]" for name, node, index in found]


def readable_size(count: float) -> str:
    """Bytes as Keras shows them.

    >>> readable_size(1628200)
    '1.55 MB'
    """
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024 or unit == "GB":
            return f"{count:.2f} {unit}"
        count /= 1024
    raise AssertionError("unreachable")


def totals(model: Model) -> list[str]:
    """The lines under the table: parameters in all, trained, not trained, and of the optimizer."""

    def line(label: str, variables: Sequence[Variable]) -> str:
        size = sum(v.size * np_dtype(v.dtype).itemsize for v in variables)
        return f"{label}: {sum(v.size for v in variables):,} ({readable_size(size)})"

    optimizer = getattr(model, "optimizer", None)
    own = [] if optimizer is None or not optimizer.built else list(optimizer.variables)
    every = [*model.weights, *own]
    lines = [
        line(tr("Total params"), every),
        line(tr("Trainable params"), model.trainable_weights),
        line(tr("Non-trainable params"), model.non_trainable_weights),
    ]
    return lines + ([line(tr("Optimizer params"), own)] if own else [])
