"""Images with what the model made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base.errors import ShapeError
from narae.base.files import PathLike
from narae.base.types import TensorLike
from narae.drawing.figures import QUIET, RIGHT, WRONG, finished, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_samples(
    images: TensorLike,
    probabilities: TensorLike,
    labels: TensorLike | None = None,
    path: PathLike | None = None,
    columns: int = 5,
    titles: Sequence[str] | None = None,
) -> Any:
    """A grid of images, each with its prediction and the probability of every class; wrong ones in red.

    Args:
        images: (n, height, width).
        probabilities: (n, classes).
        labels: the true classes, (n,); None when they are not known.
        path: a file to write it to, whose ending names the format; None for none.
        columns: images in a row.
        titles: of the images; None for the prediction, and the label where it differs.

    Returns: the matplotlib Figure.

    Raises:
        ShapeError: the lengths differ.

    >>> figure = plot_samples(np.zeros((2, 28, 28)), np.eye(10)[:2], [0, 3])
    >>> [ax.get_title() for ax in figure.axes]
    ['0', '1, not 3']
    """
    images, probabilities = np.asarray(images), np.asarray(probabilities)
    known = None if labels is None else np.asarray(labels).reshape(-1)
    if len(images) != len(probabilities) or (known is not None and len(known) != len(images)):
        raise ShapeError(
            f"plot_samples got {len(images)} images, {len(probabilities)} rows of probabilities and "
            f"{'no' if known is None else len(known)} labels: the numbers must agree"
        )
    columns = max(1, min(columns, len(images)))
    rows = math.ceil(len(images) / columns)
    height = 1.75 if titles is None else 1.95  # a line more
    figure = new_figure(2.3 * columns, height * rows)
    for i, picture in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        if i >= len(images):
            picture.axis("off")
            continue
        label = None if known is None else int(known[i])
        bars = picture.inset_axes([1.16, 0, 0.5, 1])  # beside the image, as high as it
        _draw(picture, bars, images[i], probabilities[i], label, titles[i] if titles else None)
    return finished(figure, path)


def _draw(
    picture: Axes,
    bars: Axes,
    image: np.ndarray,
    row: np.ndarray,
    label: int | None,
    title: str | None,
) -> None:
    best = int(row.argmax())
    wrong = label is not None and best != label
    colour = WRONG if wrong else RIGHT
    picture.imshow(image.reshape(image.shape[:2]), cmap="gray_r")
    picture.set_xticks([])
    picture.set_yticks([])
    for spine in picture.spines.values():
        spine.set_color(colour if label is not None else QUIET)
        spine.set_linewidth(2 if wrong else 1)
    text = f"{best}, not {label}" if wrong else f"{best}"
    shown = text if title is None else f"{_short(title)}\n{text}"
    picture.set_title(shown, color=colour, fontsize=10)
    colours = [QUIET] * len(row)
    colours[best] = colour
    bars.barh(range(len(row)), row, color=colours)
    bars.set_yticks(range(len(row)))
    bars.tick_params(labelsize=6, length=0)
    bars.set_xlim(0, 1)
    bars.set_xticks([])
    bars.invert_yaxis()
    for side in ("top", "right", "bottom"):
        bars.spines[side].set_visible(False)


def _short(title: str, most: int = 20) -> str:
    """A title that fits above its image: its end stays, where names of files differ.

    >>> _short("photograph of a digit 17.png")
    '…h of a digit 17.png'
    """
    return title if len(title) <= most else "…" + title[1 - most :].lstrip()
