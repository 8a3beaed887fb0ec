"""Axes taken apart, reordered and put together: by a pattern, between space and depth, by halves."""

from __future__ import annotations

import math

import numpy as np

from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.base.settings import standardize_data_format
from narae.base.types import TensorLike
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import shape as S
from narae.tensor.promote import to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor

Groups = list[list[str]]


def _groups(side: str, pattern: str) -> Groups:
    """'a (b c)' as [[a], [b, c]]."""
    out: Groups = []
    inside = False
    for token in side.replace("(", " ( ").replace(")", " ) ").split():
        if token in "()":
            if inside == (token == "("):
                raise ValueError(f"rearrange: the parentheses of {pattern!r} do not match")
            inside = token == "("
            if inside:
                out.append([])
        elif token != "..." and not token.isidentifier():
            raise ValueError(f"rearrange: {token!r} in {pattern!r} is no name of an axis")
        elif inside:
            out[-1].append(token)
        else:
            out.append([token])
    if inside:
        raise ValueError(f"rearrange: the parentheses of {pattern!r} do not match")
    return out


def _spelled(groups: Groups, rest: int) -> Groups:
    """The ellipsis as names of the axes it stands for: each alone, or all within its parentheses."""
    names = [f"...{i}" for i in range(rest)]
    out: Groups = []
    for group in groups:
        if group == ["..."]:
            out += [[name] for name in names]
        else:
            out.append([n for name in group for n in (names if name == "..." else [name])])
    return out


def _lengths(
    groups: Groups, shape: tuple[int, ...], given: dict[str, int], pattern: str
) -> dict[str, int]:
    """The length of each named axis; one of a group may be left to what remains."""
    found = dict(given)
    for group, length in zip(groups, shape, strict=True):
        open_ = [name for name in group if name not in found]
        known = math.prod(found[name] for name in group if name in found)
        if len(open_) > 1:
            raise ValueError(f"rearrange: {pattern!r} needs the lengths of all but one of {open_}")
        if length % known if open_ and known else length != known:
            raise ShapeError(
                f"rearrange: an axis of length {length} is no ({' '.join(group)}) with {given}",
                lengths=None if open_ else (length, known),
                divisor=known if open_ else None,
            )
        if open_:
            found[open_[0]] = length // known if known else 0
    return found


@public
def rearrange(tensor: TensorLike, pattern: str, **axes_lengths: int) -> Tensor:
    """Axes split, reordered and merged as a pattern says: "batch (h w) c -> batch c h w" with h=4.

    In a pattern, parentheses hold what is one axis; ... stands for all axes that are not named.

    tensor: the axes before the arrow -> those after it.

    Args:
        tensor: a tensor of any dtype.
        pattern: the names of the axes before and after, each once on both sides.

    Returns: a tensor of the same elements and dtype. `axes_lengths`: lengths of axes by name; one
        of each pair of parentheses may be left out.

    Raises:
        ValueError: a pattern that cannot be read, or lengths that are missing or unknown.
        ShapeError: the pattern does not fit the shape.

    Source: Rogozhnikov 2022.

    >>> import narae
    >>> narae.ops.rearrange(narae.ops.ones((2, 3, 4)), "a b c -> c (a b)").shape
    (4, 6)
    """
    x = as_tensor(tensor)
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ValueError(f"rearrange takes a pattern 'before -> after', got {pattern!r}")
    before, after = (_groups(side, pattern) for side in sides)
    rest = x.ndim - len(before) + 1 if ["..."] in before else 0
    before, after = _spelled(before, rest), _spelled(after, rest)
    if len(before) != x.ndim:
        raise ShapeError(f"rearrange: {pattern!r} names {len(before)} axes, the shape is {x.shape}")
    names, wanted = ([n for group in side for n in group] for side in (before, after))
    if sorted(names) != sorted(wanted) or len(set(names)) != len(names):
        raise ValueError(f"rearrange: both sides of {pattern!r} name the same axes, each once")
    unknown = [name for name in axes_lengths if name not in names]
    if unknown:
        raise ValueError(f"rearrange: {pattern!r} has no axis {unknown[0]!r}")
    lengths = _lengths(before, x.shape, axes_lengths, pattern)
    apart = S.reshape(x, shape=tuple(lengths[name] for name in names))
    moved = S.transpose(apart, axes=tuple(names.index(name) for name in wanted))
    return S.reshape(moved, shape=tuple(math.prod(lengths[n] for n in group) for group in after))


def _blocks(name: str, x: TensorLike, size: int, data_format: str | None) -> tuple[Tensor, bool]:
    x = as_tensor(x)
    if size < 2:
        raise ValueError(f"{name} takes a block_size of 2 or more, got {size}")
    if x.ndim != 4:
        raise ShapeError(f"{name} takes images of rank 4, got shape {x.shape}")
    return x, standardize_data_format(data_format) == "channels_first"


@public
def depth_to_space(
    x: TensorLike, block_size: int, data_format: str | None = "channels_last"
) -> Tensor:
    """Channels spread over blocks of pixels.

    x: (B, H, W, C) -> (B, H n, W n, C / n²) for a block_size of n.

    Args:
        x: images; C is a multiple of n².
        block_size: n, the pixels of a block along each side, 2 or more.
        data_format: "channels_last" as above, or "channels_first": (B, C, H, W); None: the
            setting's.

    Returns: images of x's dtype.

    Raises:
        ValueError: a block_size below 2.
        ShapeError: a rank other than 4, or channels that n² does not divide.

    >>> import narae
    >>> narae.ops.depth_to_space(narae.ops.ones((1, 2, 2, 8)), 2).shape
    (1, 4, 4, 2)
    """
    x, first = _blocks("depth_to_space", x, block_size, data_format)
    after = "b c (h y) (w x)" if first else "b (h y) (w x) c"
    before = "b (c y x) h w" if first else "b h w (y x c)"
    return rearrange(x, f"{before} -> {after}", y=block_size, x=block_size)


@public
def space_to_depth(
    x: TensorLike, block_size: int, data_format: str | None = "channels_last"
) -> Tensor:
    """Blocks of pixels gathered in channels.

    x: (B, H, W, C) -> (B, H / n, W / n, C n²) for a block_size of n.

    Args:
        x: images; H and W are multiples of n.
        block_size: n, the pixels of a block along each side, 2 or more.
        data_format: "channels_last" as above, or "channels_first": (B, C, H, W); None: the
            setting's.

    Returns: images of x's dtype.

    Raises:
        ValueError: a block_size below 2.
        ShapeError: a rank other than 4, or sides that n does not divide.

    >>> import narae
    >>> narae.ops.space_to_depth(narae.ops.ones((1, 4, 4, 2)), 2).shape
    (1, 2, 2, 8)
    """
    x, first = _blocks("space_to_depth", x, block_size, data_format)
    before = "b c (h y) (w x)" if first else "b (h y) (w x) c"
    after = "b (c y x) h w" if first else "b h w (y x c)"
    return rearrange(x, f"{before} -> {after}", y=block_size, x=block_size)


@public
def vander(x: TensorLike, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of a vector as columns: a Vandermonde matrix.

    x: (n,) -> (n, N).

    Args:
        x: a vector; booleans are taken as int32.
        N: how many powers; None: n.
        increasing: whether they go from 0 up; else from N - 1 down to 0.

    Returns: a matrix of x's dtype.

    Raises:
        ValueError: x is no vector.

    >>> import narae
    >>> narae.ops.vander([2, 3]).tolist()
    [[2, 1], [3, 1]]
    """
    x = as_tensor(x)
    if x.ndim != 1:
        raise ValueError(f"vander takes a vector, got shape {x.shape}")
    x = to(x, "int32") if x.dtype == "bool" else x
    afford(x.shape[0] if N is None else int(N))
    powers = np.arange(x.shape[0] if N is None else int(N))
    column = S.reshape(x, shape=(x.shape[0], 1))
    return A.power(column, constant(powers if increasing else powers[::-1], x.dtype))
