"""The table of a model's layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from narae.layers.base import Layer
from narae.layers.input import InputLayer


def print_summary(
    model: Any,
    line_length: int | None,
    print_fn: Callable[[str], Any] | None,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Any,
) -> None:
    """Print the layers with output shapes and numbers of parameters, and the totals."""
    rows = list(_rows(model, expand_nested, layer_range))
    branched = _branched(model)
    text = _rendered(model, rows, line_length, show_trainable, branched, plain=print_fn is not None)
    (print_fn or print)(text)


def _rows(
    model: Any, expand: bool, layer_range: Any, depth: int = 0
) -> Iterator[tuple[Layer, int]]:
    layers = model.layers if not hasattr(model, "_stack") else model._stack
    layers = [
        layer
        for layer in layers
        if not (isinstance(layer, InputLayer) and hasattr(model, "_stack"))
    ]
    if layer_range is not None:
        names = [layer.name for layer in layers]
        first, last = (_index(names, name) for name in layer_range)
        layers = layers[first : last + 1]
    for layer in layers:
        yield layer, depth
        if expand and getattr(layer, "layers", None):
            yield from _rows(layer, True, None, depth + 1)


def _index(names: list[str], name: str) -> int:
    from narae.base.errors import unknown_name

    if name not in names:
        raise unknown_name("layer in layer_range", name, names)
    return names.index(name)


def _branched(model: Any) -> bool:
    """Whether layers are connected otherwise than one after the other."""
    calls = getattr(getattr(model, "_graph_calls", None), "items", [])
    return hasattr(model, "_graph_calls") and any(len(call.inputs) != 1 for call in calls)


def output_shape_of(layer: Layer) -> str:
    """The shape that a layer gives, '?' before it is known."""
    if isinstance(layer, InputLayer):
        return str(layer.batch_shape)
    if layer._calls:
        from narae.base import trees

        shapes = [str(t.shape) for t in trees.flatten(layer._calls[-1].outputs)]
        return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"
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


def _params(layer: Layer) -> str:
    if not layer.built and not layer.weights:
        return (
            "0 (unbuilt)" if getattr(layer, "build", None) is not None and not layer.built else "0"
        )
    return f"{sum(v.size for v in layer.weights):,}"


def _rendered(
    model: Any,
    rows: Any,
    line_length: int | None,
    show_trainable: bool,
    branched: bool,
    plain: bool,
) -> str:
    import io

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=True, header_style="bold")
    table.add_column("Layer (type)", overflow="fold", ratio=40)
    table.add_column("Output Shape", overflow="fold", ratio=28)
    table.add_column("Param #", justify="right", ratio=18)
    if branched:
        table.add_column("Connected to", overflow="fold", ratio=26)
    if show_trainable:
        table.add_column("Trainable", justify="center")
    for layer, depth in rows:
        cells = [
            f"{'  ' * depth}{'└ ' if depth else ''}{escape(layer.name)} ({type(layer).__name__})",
            escape(output_shape_of(layer)),
            _params(layer),
        ]
        if branched:
            cells.append(escape(", ".join(_sources(model, layer)) or "-"))
        if show_trainable:
            cells.append("Y" if layer.trainable else "N" if layer.weights else "-")
        table.add_row(*cells)
    buffer = io.StringIO()
    console = Console(
        file=buffer, width=line_length or (80 if not branched else 100), color_system=None
    )
    console.print(f'Model: "{escape(model.name)}"', highlight=False)
    console.print(table)
    for line in totals(model):
        console.print(f" {line}", highlight=False)
    return buffer.getvalue().rstrip("\n")


def _sources(model: Any, layer: Layer) -> list[str]:
    calls = getattr(getattr(model, "_graph_calls", None), "items", [])
    found = []
    for call in calls:
        if call.target is layer:
            for tensor in call.inputs:
                history = tensor.history
                found.append(
                    history.target.name
                    if history and isinstance(history.target, Layer)
                    else tensor.name
                )
    return found


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


def totals(model: Any) -> list[str]:
    """The lines under the table: parameters in all, trained, not trained, and of the optimizer."""
    from narae.base.dtypes import np_dtype

    def line(label: str, variables: Any) -> str:
        size = sum(v.size * np_dtype(v.dtype).itemsize for v in variables)
        return f"{label}: {sum(v.size for v in variables):,} ({readable_size(size)})"

    optimizer = getattr(model, "optimizer", None)
    own = [] if optimizer is None or not optimizer.built else list(optimizer.variables)
    every = [*model.weights, *own]
    lines = [
        line("Total params", every),
        line("Trainable params", model.trainable_weights),
        line("Non-trainable params", model.non_trainable_weights),
    ]
    return lines + ([line("Optimizer params", own)] if own else [])
