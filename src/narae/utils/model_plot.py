"""plot_model: a model's layers as a picture; model_to_dot: the same as text for graphviz."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narae.base.errors import unknown_name
from narae.base.files import PathLike, atomic_write
from narae.drawing.model_boxes import Drawn, Shown, drawn_of
from narae.drawing.model_figure import figure_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from narae.models import Model

_DIRECTIONS = ("TB", "BT", "LR", "RL")


def plot_model(
    model: Model,
    to_file: PathLike | None = "model.png",
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
) -> Figure:
    """Draw a model's layers and how they are connected, into a file. Needs the extra `plot`, and no graphviz.

    Args:
        model: a model that is built.
        to_file: the file; its ending names the format, png, svg or pdf; None writes none.
        show_shapes: whether each layer's input and output shapes are shown.
        show_dtype: whether the dtypes are shown.
        show_layer_names: whether the layers' names are shown, beside their classes.
        rankdir: where data flows: "TB" down, "LR" to the right, "BT" up, "RL" to the left.
        expand_nested: whether the layers of nested models are shown in place of the models.
        dpi: dots per inch of the picture.
        show_layer_activations: whether activations are named.
        show_trainable: whether is shown which layers are trained.
        splines: "ortho" for edges with right angles, any other for curves.

    Returns: the matplotlib Figure.

    Raises:
        ValueError: the model is not built, `rankdir` or the file's ending is not known.
        MissingExtra: matplotlib is not installed.

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
    model: Model,
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
    """A model's graph in graphviz's language. Needs neither graphviz nor pydot.

    Args:
        model: a model that is built.
        show_shapes: whether each layer's input and output shapes are shown.
        show_dtype: whether the dtypes are shown.
        show_layer_names: whether the layers' names are shown, beside their classes.
        rankdir: where data flows: "TB" down, "LR" to the right, "BT" up, "RL" to the left.
        expand_nested: whether the layers of nested models are shown in place of the models.
        dpi: dots per inch of the picture.
        subgraph: whether it is a cluster, to be put into another graph.
        show_layer_activations: whether activations are named.
        show_trainable: whether is shown which layers are trained.
        splines: "ortho" for edges with right angles, any other for curves.

    Returns: the text, with `to_string()` and `write(path)`.

    Raises:
        ValueError: the model is not built, or `rankdir` is not known.

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
