"""plot_model: a model's layers as a picture; model_to_dot: the same as text for graphviz."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from narae.base.errors import unknown_name
from narae.base.files import PathLike, atomic_write
from narae.drawing.model_boxes import Drawn, Shown, drawn_of
from narae.drawing.model_figure import figure_of

_DIRECTIONS = ("TB", "BT", "LR", "RL")


def plot_model(
    model: Any,
    to_file: PathLike = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw a model's layers and how they are connected, into a file; the matplotlib Figure.

    to_file: its ending names the format: png, svg or pdf; None writes none. rankdir: where data flows:
    "TB" down, "LR" to the right, "BT", "RL". expand_nested: the layers of nested models in place of
    the models. splines: "ortho" for edges with right angles, any other for curves. Needs the extra
    `plot`, and no graphviz. Raises ValueError for a model that is not
    built, an unknown `rankdir` or ending, MissingExtra without matplotlib.

    >>> import narae
    >>> model = narae.Sequential([narae.Input((4,)), narae.layers.Dense(2)])
    >>> figure = plot_model(model, to_file=None, show_shapes=True)
    >>> [text.get_text() for text in figure.axes[0].texts][-2:]
    ['Dense', '(None, 4) → (None, 2)']
    """
    _refuse(kwargs, "plot_model")
    shown = Shown(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable, expand_nested
    )  # fmt: skip
    ending = "png" if to_file is None else Path(os.fspath(to_file)).suffix[1:].lower() or "png"
    if ending not in ("png", "svg", "pdf"):
        raise unknown_name("ending of to_file", ending, ("png", "svg", "pdf"))
    figure = figure_of(drawn_of(model, shown), _direction(rankdir), splines == "ortho")
    if to_file is not None:
        with atomic_write(to_file) as file:
            figure.savefig(file, format=ending, dpi=dpi)
    return figure


class Dot:
    """A graph in graphviz's language: `to_string()` is the text, `write(path)` writes it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def to_string(self) -> str:
        """The text."""
        return self._text

    __str__ = to_string

    def write(self, path: PathLike) -> None:
        """Write the text to a file, which `dot -Tpng` draws."""
        with atomic_write(path, "w") as file:
            file.write(self._text)


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Dot:
    """A model's graph in graphviz's language. Options as of `plot_model`; subgraph: as a cluster, to be
    put into another graph. Needs neither graphviz nor pydot.

    >>> import narae
    >>> model = narae.Sequential([narae.Input((4,)), narae.layers.Dense(2, name="out")], name="m")
    >>> print(model_to_dot(model))
    digraph "m" {
      graph [rankdir="TB", dpi="200", splines="ortho"];
      node [shape="box", fontname="Helvetica"];
      n0 [label="InputLayer\\nname: ..."];
      n1 [label="Dense\\nname: out"];
      n0 -> n1;
    }
    """
    _refuse(kwargs, "model_to_dot")
    shown = Shown(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable, expand_nested
    )  # fmt: skip
    drawn = drawn_of(model, shown)
    name = f"cluster_{model.name}" if subgraph else model.name
    lines = [
        f'{"subgraph" if subgraph else "digraph"} "{name}" {{',
        f'  graph [rankdir="{_direction(rankdir)}", dpi="{dpi}", splines="{_quoted(splines)}"];',
        '  node [shape="box", fontname="Helvetica"];',
        *_dot_boxes(drawn),
        *(f"  n{a} -> n{b};" for a, b in drawn.edges),
        "}",
    ]
    return Dot("\n".join(lines))


def _refuse(kwargs: dict[str, Any], what: str) -> None:
    if kwargs:
        raise ValueError(f"{what} got unknown arguments: {', '.join(sorted(kwargs))}")


def _direction(rankdir: str) -> str:
    if rankdir not in _DIRECTIONS:
        raise unknown_name("rankdir", rankdir, _DIRECTIONS)
    return rankdir


def _dot_boxes(drawn: Drawn) -> Iterator[str]:
    for group in dict.fromkeys(box.group for box in drawn.boxes):
        indent = "  "
        if group:
            yield f'  subgraph "cluster_{_quoted(group)}" {{'
            yield f'    label="{_quoted(group)}";'
            indent = "    "
        for i, box in enumerate(drawn.boxes):
            if box.group == group:
                label = "\\n".join(map(_quoted, (box.kind, *box.lines)))
                yield f'{indent}n{i} [label="{label}"];'
        if group:
            yield "  }"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
