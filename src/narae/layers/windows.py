"""What layers of sliding windows share: numbers per axis, paddings, and the lengths that come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from narae.base.arguments import is_whole
from narae.base.errors import ShapeError, nearest

Lengths = tuple[int | None, ...]


def per_axis(
    layer: str, argument: str, value: object, count: int, least: int = 1
) -> tuple[int, ...]:
    """One whole number for each of `count` places. Raises ValueError that names the argument."""
    given = (value,) * count if is_whole(value) else value
    text = isinstance(given, (str, bytes))
    found: tuple[Any, ...] = tuple(given) if isinstance(given, Iterable) and not text else ()
    if len(found) != count or not all(is_whole(n) and int(n) >= least for n in found):
        raise ValueError(
            f"{layer} takes `{argument}` as a whole number of at least {least}, or {count} of them, got {value!r}"
        )
    return tuple(int(n) for n in found)


def validate_padding(layer: str, value: str, known: Sequence[str] = ("valid", "same")) -> str:
    """A padding's name. Raises ValueError for another one."""
    name = value.lower() if isinstance(value, str) else None
    if name is None or name not in known:
        hint = nearest(value, known) if isinstance(value, str) else f"Known names: {known}."
        raise ValueError(
            f"{layer} takes `padding` as one of {', '.join(known)}, got {value!r}. {hint} Other widths: a "
            "ZeroPadding layer before it"
        )
    return name


def split_shape(
    shape: Sequence[int | None], data_format: str
) -> tuple[int | None, Lengths, int | None]:
    """A shape's batch, lengths in space, and channels."""
    if data_format == "channels_first":
        return shape[0], tuple(shape[2:]), shape[1]
    return shape[0], tuple(shape[1:-1]), shape[-1]


def join_shape(
    batch: int | None, space: Lengths, channels: int | None, data_format: str
) -> Lengths:
    """The shape of a batch, lengths in space, and channels."""
    if data_format == "channels_first":
        return (batch, channels, *space)
    return (batch, *space, channels)


def spatial_axes(rank: int, data_format: str) -> tuple[int, ...]:
    """The axes of space of a tensor with `rank` of them."""
    first = 2 if data_format == "channels_first" else 1
    return tuple(range(first, first + rank))


def count_windows(
    layer: str,
    space: Lengths,
    window: Sequence[int],
    strides: Sequence[int],
    padding: str,
    dilation: Sequence[int] | None = None,
) -> Lengths:
    """How many windows each axis has. Raises ShapeError where not even one fits."""
    out: list[int | None] = []
    for n, k, s, d in zip(space, window, strides, dilation or (1,) * len(window), strict=True):
        reach = (k - 1) * d + 1 if padding == "valid" else 1
        out.append(None if n is None else (n - reach) // s + 1)
    if any(n is not None and n < 1 for n in out):
        raise ShapeError(
            f"{layer}: no window of {tuple(window)}"
            + (f" with dilation {tuple(dilation)}" if dilation and max(dilation) > 1 else "")
            + f" fits the lengths {space}; padding='same', a smaller window, or less pooling before it?"
        )
    return tuple(out)
