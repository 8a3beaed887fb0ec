"""Elements before and after along each axis."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

import numpy as np

from narae.base.arrays import as_plain
from narae.base.dtypes import as_float, is_float, np_dtype
from narae.base.limits import afford
from narae.base.types import Ints, TensorLike
from narae.ops.quantiles import median
from narae.ops.reductions import max, mean, min
from narae.ops.rounding import round
from narae.ops.shapes import broadcast_to
from narae.primitives.record import constant
from narae.primitives.records import index as I
from narae.primitives.records import logic as L
from narae.primitives.records import shape as S
from narae.tensor.promote import to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of

_BY_PLACE = ("reflect", "symmetric", "edge", "wrap")
_BY_VALUE = ("maximum", "minimum", "mean", "median", "linear_ramp", "empty")


@public
def pad(
    x: TensorLike,
    pad_width: Ints | Sequence[Ints],
    mode: str = "constant",
    constant_values: TensorLike | None = None,
) -> Tensor:
    """x with elements before and after along each axis.

    x: (n, ...) -> (before + n + after, ...), of the same dtype.

    Args:
        x: a tensor of any rank.
        pad_width: numbers of elements: one for all, a pair (before, after) for all axes, or a pair for each axis.
        mode: what is put there: 'constant': constant_values; 'edge': the outermost element; 'reflect': elements
            mirrored at the outermost one; 'symmetric': mirrored at the edge; 'wrap': those of the other end; 'maximum',
            'minimum', 'mean' or 'median': that of the axis; 'linear_ramp': from the outermost down to 0; 'empty': 0.
        constant_values: the number of mode 'constant'; None: 0.

    Raises:
        ValueError: there is no such mode, or constant_values are given for another mode than 'constant'.

    >>> import narae
    >>> narae.ops.pad([1, 2], 1).tolist()
    [0, 1, 2, 0]
    """
    out = as_tensor(x)
    if mode not in ("constant", *_BY_PLACE, *_BY_VALUE):
        known = ", ".join(("constant", *_BY_PLACE, *_BY_VALUE))
        raise ValueError(f"pad takes a mode of {known}, got {mode!r}")
    if constant_values is not None and mode != "constant":
        raise ValueError(f"constant_values go with mode='constant', got mode={mode!r}")
    pairs = np.broadcast_to(as_plain(pad_width, "pad_width"), (out.ndim, 2))
    widths = [(int(before), int(after)) for before, after in pairs]
    if mode in ("constant", "empty"):
        return _padded_with(out, tuple(widths), constant_values)
    for axis, (before, after) in enumerate(widths):
        if (before or after) and mode in _BY_PLACE:
            afford(out.shape[axis] + before + after)
            places = np.pad(np.arange(out.shape[axis], dtype=np.int32), (before, after), mode=mode)  # type: ignore[call-overload]
            out = I.take(out, tensor_of(places), axis=axis)
        elif before or after:
            parts = [_beside(out, axis, before, mode, 0), out, _beside(out, axis, after, mode, -1)]
            out = S.concatenate(*parts, axis=axis)
    return out


def _padded_with(
    x: Tensor, widths: tuple[tuple[int, int], ...], value: TensorLike | None
) -> Tensor:
    out = S.pad_zeros(x, widths)
    if value is None or not np.any(np.asarray(value)):
        return out
    inside = S.pad_zeros(S.full(1, x.shape, x.dtype), widths)
    return L.select(to(inside, "bool"), out, to(value, x.dtype))


_REDUCED = {"maximum": max, "minimum": min, "mean": mean, "median": median}


def _beside(x: Tensor, axis: int, count: int, mode: str, end: int) -> Tensor:
    """What is put before (end 0) or after (end -1) along an axis."""
    shape = tuple(count if i == axis else n for i, n in enumerate(x.shape))
    if mode == "linear_ramp":
        edge = I.take(x, constant([0 if end == 0 else x.shape[axis] - 1], "int32"), axis=axis)
        steps = np.arange(count) / builtins.max(count, 1)
        steps = steps if end == 0 else steps[::-1]
        kind = as_float(x.dtype)
        slope = tensor_of(
            steps.reshape([-1 if i == axis else 1 for i in range(x.ndim)]).astype(np_dtype(kind))
        )
        return to(to(edge, kind) * slope, x.dtype)
    reduced = _REDUCED[mode](x, axis, keepdims=True)
    if not is_float(x.dtype) and is_float(reduced.dtype):
        reduced = round(reduced)
    return broadcast_to(to(reduced, x.dtype), shape)
