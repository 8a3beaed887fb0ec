"""Pictures of what a network has learnt and what it makes of data: weights, activations, embeddings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base import trees
from narae.base.errors import unknown_name
from narae.base.files import PathLike
from narae.base.types import Tensors
from narae.drawing.figures import finished, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

    from narae.layers.base import Layer
    from narae.models.model import Model
    from narae.tensor.symbolic import Call

_MOST = 64  # small pictures of one figure


def plot_weights(layer: Layer, path: PathLike | None = None, most: int = _MOST) -> Any:
    """The weights into each unit as a picture: of a Dense layer on images, of a convolution's filters.

    A Dense kernel (n, units) of n = h·h or h·h·3 pixels is drawn as images, any other as one matrix; a
    convolution's kernel (h, w, in, filters) as its filters, summed over the inputs unless these are 1 or 3. Red is
    positive, blue negative, white 0. Needs the extra `plot`.

    Args:
        layer: a layer with a kernel, or a model: its first layer that has one.
        path: a file to write it to, whose ending names the format; None for none.
        most: how many units or filters are drawn.

    Returns: the matplotlib Figure.

    Raises:
        ValueError: there is no kernel.

    >>> import narae
    >>> dense = narae.layers.Dense(3)
    >>> _ = dense(np.zeros((1, 16)))
    >>> len(plot_weights(dense).axes)
    3
    """
    found = _with_kernel(layer)
    kernel = np.asarray(found.kernel, np.float64)
    pictures = _as_pictures(kernel)
    most = max(1, most)
    reach = float(np.abs(kernel).max()) or 1.0
    figure = _grid(
        pictures[:most],
        [str(i) for i in range(len(pictures))] if len(pictures) > 1 else [""],
        {"cmap": "RdBu_r", "vmin": -reach, "vmax": reach},
    )
    shown = f", {min(most, len(pictures))} of {len(pictures)}" if len(pictures) > most else ""
    figure.suptitle(f"{found.name}: weights {list(kernel.shape)}{shown}, up to ±{reach:.3g}")
    return finished(figure, path)


def plot_activations(
    model: Model,
    x: Tensors,
    layer: Layer | str | None = None,
    path: PathLike | None = None,
    most: int = _MOST,
) -> Any:
    """What layers give for one sample: maps for images, bars for vectors.

    Needs the extra `plot`.

    Args:
        model: a Sequential or functional model.
        x: one sample, or a batch whose first is taken.
        layer: a layer, or its name; None for every layer.
        path: a file to write it to, whose ending names the format; None for none.
        most: maps of one layer that are drawn.

    Returns: the matplotlib Figure.

    Raises:
        ValueError: the layer is not in the model, or the model is not a graph of layers.

    >>> import narae
    >>> model = narae.Sequential([narae.Input((4,)), narae.layers.Dense(3, name="wide")])
    >>> figure = plot_activations(model, np.ones(4))
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['wide: 3']
    """
    sample = _one_sample(model, x)
    every = outputs_of(model, sample, None if layer is None else [layer])
    rows = [_row_pictures(name, value[0], most) for name, value in every]
    columns = max(len(pictures) for pictures, _ in rows)
    columns = min(columns, 16)
    lines = [
        (p[i : i + columns], t if not i else "") for p, t in rows for i in range(0, len(p), columns)
    ]
    figure = new_figure(max(4.0, 0.72 * columns + 0.6), sum(_height(p) for p, _ in lines) + 0.3)
    heights = [_height(pictures) for pictures, _ in lines]
    for part, (pictures, title) in zip(
        np.atleast_1d(figure.subfigures(len(lines), 1, height_ratios=heights)), lines, strict=True
    ):
        _draw_row(part, pictures, title, columns)
    return finished(figure, path)


def outputs_of(
    model: Model, x: Tensors, layers: Sequence[Any] | None = None
) -> list[tuple[str, np.ndarray]]:
    """What layers give for a batch.

    Args:
        model: a Sequential or functional model.
        x: a batch, (n, ...), or a nest of them.
        layers: layers, or their names; None for all that are called on the model's data.

    Returns: (name, output) of each, in the order of the layers.

    Raises:
        ValueError: a layer is not there, or the model has no graph.

    >>> import narae
    >>> model = narae.Sequential([narae.Input((4,)), narae.layers.Dense(3, name="wide")])
    >>> [(name, out.shape) for name, out in outputs_of(model, np.ones((2, 4)))]
    [('wide', (2, 3))]
    """
    from narae.models import Model

    graph: Any = getattr(model, "_functional", None) or model
    if not hasattr(graph, "_graph_calls"):
        raise ValueError(
            f"model {model.name!r} is no graph of layers (it is a subclass, or was not built): what its "
            "layers give is seen by calling them one after the other, or by narae.inspect.explain"
        )
    made = {call.target.name: call.outputs for call in graph._graph_calls.items if _is_layer(call)}
    wanted = list(made) if layers is None else [getattr(one, "name", one) for one in layers]
    for name in wanted:
        if name not in made:
            raise unknown_name(f"layer of {model.name!r}", name, made)
    outputs = [trees.flatten(made[name])[0] for name in wanted]
    found = Model(graph.inputs, outputs).predict(x, verbose=0)
    return list(zip(wanted, found if isinstance(found, list) else [found], strict=True))


def _is_layer(call: Call) -> bool:
    return hasattr(call.target, "weights")


def _with_kernel(layer: Layer) -> Any:
    if getattr(layer, "kernel", None) is not None:
        return layer
    held = list(layer._flatten_layers()) if hasattr(layer, "_flatten_layers") else []
    for one in held:
        if getattr(one, "kernel", None) is not None:
            return one
    raise ValueError(
        f"{getattr(layer, 'name', layer)!r} has no kernel to draw: give a Dense or convolution layer that is "
        "built, or a model that has one"
    )


def _as_pictures(kernel: np.ndarray) -> list[np.ndarray]:
    """One picture per unit or filter; the whole matrix where units are no pictures."""
    if kernel.ndim == 2:
        side = _side(kernel.shape[0])
        if side is None:
            return [kernel]
        return [column.reshape(side) for column in kernel.T]
    if kernel.ndim == 3:  # one axis: the window's places down, the inputs to the right
        return [kernel[..., i] for i in range(kernel.shape[-1])]
    if kernel.ndim == 4:
        filters = np.moveaxis(kernel, -1, 0)
        return [f[..., 0] if f.shape[-1] == 1 else f.sum(axis=-1) for f in filters]
    return [kernel.reshape(-1, kernel.shape[-1])]


def _side(pixels: int) -> tuple[int, int] | None:
    side = math.isqrt(pixels)
    return (side, side) if side * side == pixels and side >= 4 else None


def _one_sample(model: Model, x: Tensors) -> Any:
    """A batch of one: of a sample as it is, or of a batch's first. Axes of length 1 may be missing."""
    shape = getattr(model, "input_shape", None)
    leaves = [np.asarray(leaf) for leaf in trees.flatten(x)]
    if isinstance(shape, tuple) and len(leaves) == 1 and None not in shape[1:]:
        size = math.prod(shape[1:])
        for one in (leaves[0], leaves[0][:1] if leaves[0].ndim else leaves[0]):
            if one.size == size:
                return one.reshape(1, *shape[1:])
    return trees.pack_as(x, [leaf[:1] for leaf in leaves])


Pictures = list[np.ndarray]


def _row_pictures(name: str, value: np.ndarray, most: int) -> tuple[Pictures, str]:
    """A layer's output for one sample as pictures, and their title."""
    if value.ndim == 3:
        shown = min(value.shape[-1], max(1, most))
        more = f", {shown} of them" if shown < value.shape[-1] else ""
        maps = [value[..., i] for i in range(shown)]
        return maps, f"{name}: {value.shape[-1]} maps of {value.shape[0]} × {value.shape[1]}{more}"
    if value.ndim == 1:
        return [value], f"{name}: {value.shape[0]}"
    return [value.reshape(-1, value.shape[-1]).T], f"{name}: {' × '.join(map(str, value.shape))}"


def _height(pictures: Pictures) -> float:
    return 1.15 if len(pictures) > 1 or pictures[0].ndim == 2 else 1.1


def _draw_row(part: SubFigure, pictures: Pictures, title: str, columns: int) -> None:
    if len(pictures) == 1:
        axes = part.subplots(1, 1)
        if pictures[0].ndim == 1:
            axes.bar(range(len(pictures[0])), pictures[0], width=1.0, color="#1f6feb")
            axes.margins(x=0)
            axes.tick_params(labelsize=7)
        else:
            axes.imshow(pictures[0], cmap="viridis", aspect="auto")
            axes.axis("off")
        axes.set_title(title, fontsize=9, loc="left")
        return
    grid = part.subplots(1, columns, squeeze=False)[0]
    for axes in grid:
        axes.axis("off")
    for axes, picture in zip(grid, pictures, strict=False):
        axes.imshow(picture, cmap="viridis")
    part.suptitle(title, fontsize=9, x=0.005, ha="left")


def _grid(pictures: Pictures, titles: Sequence[str], style: dict[str, Any]) -> Any:
    columns = min(len(pictures), max(1, math.ceil(math.sqrt(len(pictures) * 1.6))))
    rows = math.ceil(len(pictures) / columns)
    side = 4.0 if len(pictures) == 1 else 1.0
    figure = new_figure(max(3.0, side * columns + 0.4), side * rows * 1.18 + 0.5)
    cells = figure.subplots(rows, columns, squeeze=False).flat
    for i, cell in enumerate(cells):
        if i >= len(pictures):
            cell.remove()
            continue
        cell.imshow(pictures[i], aspect="auto" if len(pictures) == 1 else "equal", **style)
        cell.set_xticks([])
        cell.set_yticks([])
        cell.set_title(titles[i], fontsize=7, pad=2)
    return figure
