"""Pictures of attention: how much of each step's value is in each step's mean, head by head."""

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
from narae.layers.attending import Seen, watched
from narae.layers.attention import Attention
from narae.layers.calling import in_call
from narae.layers.heads import Heads

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

    from narae.layers.base import Layer

_MOST = 16  # heads of one layer that are drawn
_NAMED = 40  # steps that get a label each, at most


def attention_of(
    model: Layer, x: Tensors, layer: Layer | str | None = None
) -> list[tuple[str, np.ndarray]]:
    """The scores of each call of a layer of attention, on one sample, outside of training.

    Args:
        model: a model of any kind, or a layer of attention itself.
        x: one sample, or a batch whose first is taken: what the model takes. For a layer of attention (steps, features)
            or (batch, steps, features) for query and value in one, or a list of query, value and, if there is one, key.
        layer: a layer of attention in the model, or its name; None: all that are called.

    Returns: (name, scores) of each call in their order: (heads, queries, keys), shares that add up to 1 along the last
        axis but where a mask leaves none. Several attention axes are one after the other.

    Raises:
        ValueError: no layer of attention is called, or not the one that was asked for; one was made with
            flash_attention=True, which keeps no scores.

    >>> import narae
    >>> layer = narae.layers.MultiHeadAttention(2, 4, name="looks")
    >>> [(name, scores.shape) for name, scores in attention_of(layer, np.ones((5, 8)))]
    [('looks', (2, 5, 5))]
    """
    seen: Seen = []
    with watched(seen), in_call(False):
        _run(model, x)
    names = list(dict.fromkeys(one.name for one, _ in seen))
    if not names:
        raise ValueError(
            f"{model.name!r} calls no MultiHeadAttention, GroupQueryAttention, Attention or AdditiveAttention: there "
            "are no scores to show"
        )
    wanted = None if layer is None else getattr(layer, "name", layer)
    if wanted is not None and wanted not in names:
        raise unknown_name(f"layer of attention of {model.name!r}", wanted, names)
    return [(one.name, _maps(one, s)) for one, s in seen if wanted in (None, one.name)]


def plot_attention(
    model: Layer,
    x: Tensors,
    layer: Layer | str | None = None,
    tokens: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    path: PathLike | None = None,
    most: int = _MOST,
) -> Any:
    """Where each step of one sample looks: a map for each head, queries down and keys to the right.

    Dark is much: a row's shares add up to 1. Needs the extra `plot`.

    Args:
        model: a model of any kind, or a layer of attention itself.
        x: one sample, or a batch whose first is taken, as `attention_of` takes it.
        layer: a layer of attention in the model, or its name; None: all that are called.
        tokens: a label for each query, words or characters; None: numbers. More than 40 are not written.
        keys: a label for each key; None: those of the queries, where there are as many.
        path: a file to write it to, whose ending names the format; None for none.
        most: heads of one layer that are drawn.

    Returns: the matplotlib Figure.

    Raises:
        ValueError: as of `attention_of`; there are not as many labels as steps in any of the maps.

    >>> import narae
    >>> layer = narae.layers.MultiHeadAttention(2, 4, name="looks")
    >>> figure = plot_attention(layer, np.ones((3, 8)), tokens=["a", "small", "net"])
    >>> [text.get_text() for text in figure.subfigs[0].axes[0].get_yticklabels()]
    ['a', 'small', 'net']
    """
    found = attention_of(model, x, layer)
    _require_labels("tokens", tokens, {s.shape[1] for _, s in found})
    _require_labels("keys", keys, {s.shape[2] for _, s in found})
    rows = [(name, scores[: max(1, most)], len(scores)) for name, scores in found]
    columns = min(4, max(len(scores) for _, scores, _ in rows))
    side = [_side(scores) for _, scores, _ in rows]
    heights = [
        math.ceil(len(scores) / columns) * (s + 0.3) + 0.4
        for (_, scores, _), s in zip(rows, side, strict=True)
    ]
    figure = new_figure(max(4.0, columns * (max(side) + 0.5)), sum(heights))
    parts = np.atleast_1d(figure.subfigures(len(rows), 1, height_ratios=heights))
    for part, (name, scores, heads) in zip(parts, rows, strict=True):
        _draw_layer(part, name, scores, heads, columns, tokens, keys)
    return finished(figure, path)


def _run(model: Layer, x: Any) -> None:
    """Call a model, or a layer of attention, on one sample."""
    if not isinstance(model, (Heads, Attention)):
        model(_one_sample(model, x))
        return
    listed = [*x] if isinstance(x, (list, tuple)) and np.ndim(x[0]) > 1 else [x, x]
    parts = [np.asarray(part) for part in listed]
    batched = [part[None] if part.ndim == 2 else part[:1] for part in parts]
    model(batched) if isinstance(model, Attention) else model(*batched)


def _one_sample(model: Layer, x: Tensors) -> Any:
    """A batch of one: of samples as they are, or of batches' first ones."""
    inputs = trees.flatten(getattr(model, "inputs", None) or [])
    leaves = [np.asarray(leaf) for leaf in _leaves(x, inputs)]
    ranks = [len(i.shape) for i in inputs] if len(inputs) == len(leaves) else [None] * len(leaves)
    batched = [
        leaf[None] if rank is not None and leaf.ndim == rank - 1 else leaf[:1]
        for leaf, rank in zip(leaves, ranks, strict=True)
    ]
    return (
        batched[0] if len(batched) == 1 and not isinstance(x, dict) else trees.pack_as(x, batched)
    )


def _leaves(x: Any, inputs: list[Any]) -> list[Any]:
    """The arrays of a sample; a list of numbers is one."""
    return [x] if len(inputs) == 1 and isinstance(x, (list, tuple)) else trees.flatten(x)


def _maps(layer: Layer, scores: Any) -> np.ndarray:
    """(heads, queries, keys) of the first sample; of axes that are not attended over, the first place."""
    first = np.asarray(scores, np.float32)[0]
    if not isinstance(layer, Heads):
        return first.reshape(-1, *first.shape[-2:])
    axes = layer._over
    while first.ndim > 2 * axes + 1:
        first = first[0]
    queries, keys = (math.prod(n) for n in (first.shape[1 : axes + 1], first.shape[axes + 1 :]))
    return first.reshape(len(first), queries, keys)


def _require_labels(argument: str, labels: Sequence[str] | None, lengths: set[int]) -> None:
    if labels is not None and len(labels) not in lengths:
        raise ValueError(
            f"plot_attention takes {argument}, one for each step: {len(labels)} do not go with maps of "
            f"{sorted(lengths)}"
        )


def _side(scores: np.ndarray) -> float:
    """How many inches a map has: its labels are readable."""
    return float(min(6.0, max(1.6, 0.17 * max(scores.shape[1:]))))


def _draw_layer(
    part: SubFigure,
    name: str,
    scores: np.ndarray,
    heads: int,
    columns: int,
    tokens: Sequence[str] | None,
    keys: Sequence[str] | None,
) -> None:
    rows = math.ceil(len(scores) / columns)
    cells = part.subplots(rows, columns, squeeze=False).flat
    for i, axes in enumerate(cells):
        if i >= len(scores):
            axes.remove()
            continue
        axes.imshow(scores[i], cmap="Blues", vmin=0, vmax=max(float(scores[i].max()), 1e-6))
        axes.set_title(f"head {i}" if heads > 1 else "", fontsize=7, pad=2)
        down = tokens if tokens is not None and len(tokens) == scores.shape[1] else None
        right = keys if keys is not None else tokens
        right = right if right is not None and len(right) == scores.shape[2] else None
        _label(axes, down, scores.shape[1], right, scores.shape[2], first=i % columns == 0)
    shown = f", {len(scores)} of {heads} heads" if len(scores) < heads else ""
    part.suptitle(f"{name}{shown}", fontsize=9, x=0.005, ha="left")


def _label(
    axes: Axes,
    down: Sequence[str] | None,
    queries: int,
    right: Sequence[str] | None,
    steps: int,
    first: bool,
) -> None:
    """Names of steps where they are few; those of the queries at a line's first map."""
    axes.tick_params(labelsize=6, length=1.5, pad=1)
    if down is not None and queries <= _NAMED:
        axes.set_yticks(range(queries), list(down) if first else [""] * queries)
    elif not first:
        axes.set_yticks([])
    if right is not None and steps <= _NAMED:
        axes.set_xticks(range(steps), list(right), rotation=90)
