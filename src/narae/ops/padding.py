"""Elements before and after along each axis."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from narae.base.arrays import as_plain
from narae.base.dtypes import as_float, is_float, np_dtype
from narae.base.limits import afford
from narae.base.types import TensorLike
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
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """x with elements before and after along each axis.

    mode: 'constant' (0, or constant_values), 'edge', 'reflect', 'symmetric' or 'wrap' (elements of x), 'maximum',
    'minimum', 'mean' or 'median' (of each axis), 'linear_ramp' (down to 0), 'empty' (0). Raises ValueError for others.

    >>> import narae
    >>> narae.ops.pad([1, 2], 1).tolist()
    [0, 1, 2, 0]
    """
    x = as_tensor(x)
    if mode not in ("constant", *_BY_PLACE, *_BY_VALUE):
        known = ", ".join(("constant", *_BY_PLACE, *_BY_VALUE))
        raise ValueError(f"pad takes a mode of {known}, got {mode!r}")
    if constant_values is not None and mode != "constant":
        raise ValueError(f"constant_values go with mode='constant', got mode={mode!r}")
    pairs = np.broadcast_to(as_plain(pad_width, "pad_width"), (x.ndim, 2))
    widths = [(int(before), int(after)) for before, after in pairs]
    if mode in ("constant", "empty"):
        return _padded_with(x, tuple(widths), constant_values)
    for axis, (before, after) in enumerate(widths):
        if (before or after) and mode in _BY_PLACE:
            afford(x.shape[axis] + before + after)
            places = np.pad(np.arange(x.shape[axis], dtype=np.int32), (before, after), mode=mode)  # type: ignore[call-overload]
            x = I.take(x, tensor_of(places), axis=axis)
        elif before or after:
            parts = [_beside(x, axis, before, mode, 0), x, _beside(x, axis, after, mode, -1)]
            x = S.concatenate(*parts, axis=axis)
    return x


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
