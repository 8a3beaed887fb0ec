"""Boxes and their connections as a picture."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from narae.drawing.figures import new_figure, shapes
from narae.drawing.layered import in_rows, placed
from narae.drawing.model_boxes import Box, Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CHARACTER, _LINE = 0.083, 0.2  # inches of a character and of a line
_KINDS = {  # the heading's colour by what a layer does
    "#8a6d00": ("InputLayer",),
    "#1f6feb": ("Dense", "EinsumDense", "Embedding"),
    "#0b7285": ("Conv", "Depthwise", "Separable"),
    "#2b7a3a": ("Pooling", "Pool"),
    "#6f42c1": ("Normalization", "Dropout", "Noise"),
}


def figure_of(drawn: Drawn, direction: str, angular: bool) -> Any:
    """A matplotlib Figure as large as the boxes need. direction: where data flows: TB, BT, LR, RL;
    angular: edges with right angles, else curves. Raises MissingExtra without matplotlib."""
    across = direction in ("LR", "RL")
    sizes = [_size(box) for box in drawn.boxes]
    rows = in_rows(len(sizes), drawn.edges)
    widths, heights = ([s[k] for s in sizes] for k in ((1, 0) if across else (0, 1)))
    places, (width, height) = placed(rows, widths, heights, (0.35, 0.45))
    depths = {
        n: max((heights[m] for m in row if m < len(sizes)), default=0.0)
        for row in rows.rows
        for n in row
    }
    margin = 0.15
    if direction in ("BT", "RL"):
        places = {n: (x, height - y) for n, (x, y) in places.items()}
    if across:
        places = {n: (y, x) for n, (x, y) in places.items()}
        width, height = height, width
    figure = new_figure(width + 2 * margin, height + 2 * margin)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-margin, width + margin), ylim=(height + margin, -margin))
    axes.axis("off")
    for way in rows.chains.values():
        _draw_edge(axes, way, places, depths, sizes, across, angular)
    for i, box in enumerate(drawn.boxes):
        _draw_box(axes, box, places[i], sizes[i])
    return figure


def _size(box: Box) -> tuple[float, float]:
    widest = max(1.1 * len(box.kind), *(0.95 * len(line) for line in box.lines), 8)
    return _CHARACTER * widest + 0.25, _LINE * (1 + len(box.lines)) + 0.14


def _colour(kind: str) -> str:
    for colour, parts in _KINDS.items():
        if any(part in kind for part in parts):
            return colour
    return "#495057"


def _draw_box(axes: Any, box: Box, centre: tuple[float, float], size: tuple[float, float]) -> None:
    patches, _ = shapes()
    (x, y), (width, height) = centre, size
    left, top = x - width / 2, y - height / 2
    head = _LINE + 0.07
    colour = _colour(box.kind)
    axes.add_patch(
        patches.Rectangle((left, top), width, height, facecolor="white", edgecolor=colour, zorder=2)
    )
    axes.add_patch(
        patches.Rectangle((left, top), width, head, facecolor=colour, edgecolor=colour, zorder=2)
    )
    style = {"ha": "center", "va": "center", "zorder": 3}
    axes.text(x, top + head / 2, box.kind, color="white", weight="bold", fontsize=9, **style)
    for i, line in enumerate(box.lines):
        axes.text(x, top + head + (i + 0.5) * _LINE, line, color="#212529", fontsize=8, **style)


def _draw_edge(
    axes: Axes,
    way: Sequence[int],
    places: dict[int, tuple[float, float]],
    depths: Mapping[int, float],
    sizes: Sequence[tuple[float, float]],
    across: bool,
    angular: bool,
) -> None:
    """A line from the one box's side to the other's, straight within rows: it turns between them,
    where no box is in its way. depths: of each node's row, along the flow."""
    patches, paths = shapes()
    Curve = paths.Path
    k = 0 if across else 1  # the axis along which data flows
    forward = 1 if places[way[-1]][k] >= places[way[0]][k] else -1

    def beside(node: int, distance: float) -> tuple[float, float]:
        moved = list(places[node])
        moved[k] += forward * distance / 2
        return moved[0], moved[1]

    first, last = way[0], way[-1]
    vertices, codes = [beside(first, sizes[first][k])], [Curve.MOVETO]
    for a, b in itertools.pairwise(way):
        (x0, y0), (x1, y1) = start, end = beside(a, depths[a]), beside(b, -depths[b])
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        turns = [(middle[0], y0), (middle[0], y1)] if across else [(x0, middle[1]), (x1, middle[1])]
        vertices += [start, *turns, end]
        codes += [Curve.LINETO, *[Curve.LINETO if angular else Curve.CURVE4] * 3]
    side = beside(last, -sizes[last][k])
    if side != vertices[-1]:  # an arrow's head needs a last stretch that is longer than nothing
        vertices.append(side)
        codes.append(Curve.LINETO)
    style = {"arrowstyle": "-|>", "mutation_scale": 9, "color": "#868e96", "zorder": 1}
    axes.add_patch(patches.FancyArrowPatch(path=Curve(vertices, codes), **style))
