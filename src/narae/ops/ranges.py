"""Sequences and grids of numbers, and windows."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Literal, Protocol, overload

import numpy as np

from narae.base.arrays import as_plain
from narae.base.dtypes import is_float, np_dtype, result_type, standardize_dtype
from narae.base.limits import afford
from narae.base.types import DTypeLike, Number, TensorLike
from narae.ops.arithmetic import power
from narae.ops.logic import where
from narae.ops.table import named
from narae.primitives.records import arithmetic as A
from narae.primitives.records import shape as S
from narae.primitives.records.logic import cast
from narae.tensor.promote import dtype_of, promoted, to
from narae.tensor.public_names import exported
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of


@exported
def arange(
    start: Number | Tensor,
    stop: Number | Tensor | None = None,
    step: Number | Tensor | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """start, start + step, ... below stop (above it for a step below 0).

    -> (⌈(stop - start) / step⌉,).

    Args:
        start: the first number; given alone, it is the stop, and 0 is the first.
        stop: the end, which is left out.
        step: the distance of neighbours; None: 1.
        dtype: the result's dtype; None: the one in which the three meet.

    Returns: a vector.

    Raises:
        TypeError: an end that is traced, and so not known.
        ZeroDivisionError: a step of 0.

    >>> import narae
    >>> narae.ops.arange(3).tolist(), narae.ops.arange(1, 7, 2).tolist()
    ([0, 1, 2], [1, 3, 5])
    """
    given = [v for v in (start, stop, 1 if step is None else step) if v is not None]
    name = result_type(*(dtype_of(v) for v in given)) if dtype is None else standardize_dtype(dtype)
    start, stop = (0, start) if stop is None else (start, stop)
    numbers = [
        as_plain(v, "an end of arange").item() for v in (start, stop, 1 if step is None else step)
    ]
    afford((numbers[1] - numbers[0]) / (numbers[2] or 1))
    return tensor_of(np.arange(*numbers).astype(np_dtype(name)))


@overload
def linspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: Literal[False] = False,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Tensor: ...


@overload
def linspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    *,
    retstep: Literal[True],
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> tuple[Tensor, Tensor]: ...


@public
def linspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Tensor | tuple[Tensor, Tensor]:
    """So many numbers from start to stop, evenly.

    start, stop: shapes that broadcast to (...) -> (num, ...).

    Args:
        start: the first number, or several.
        stop: the last number, or the one after it (endpoint).
        num: how many.
        endpoint: whether stop is the last of them.
        retstep: whether the distance of neighbours is returned too.
        dtype: the result's dtype; None: the float dtype in which start and stop meet.
        axis: where the new axis is in the result.

    Returns: a tensor; with retstep, a tuple of it and the distance.

    >>> import narae
    >>> narae.ops.linspace(0.0, 1.0, 3).tolist()
    [0.0, 0.5, 1.0]
    """
    low, high = promoted(start, stop, floating=True)
    name = low.dtype if dtype is None else standardize_dtype(dtype)
    parts = builtins.max(num - 1 if endpoint else num, 1)
    step = (high - low) / float(parts)
    afford(num)
    places = tensor_of(np.arange(num, dtype=np_dtype(low.dtype)))
    shape = (num,) + (1,) * len(step.shape)
    out = low + S.reshape(places, shape=shape) * step
    if endpoint and num > 1:  # the last one exactly, whatever rounding did
        last = tensor_of(np.arange(num) == num - 1)

        out = where(S.reshape(last, shape=shape), high, out)
    out = S.move_axis(out, 0, axis) if len(out.shape) > 1 else out
    if not is_float(name):  # the whole number below, as in NumPy
        out = A.floor(out)
    out = out if name == out.dtype else cast(out, dtype=name)
    if not retstep:
        return out
    return out, step if (num - 1 if endpoint else num) > 0 else step * float("nan")


@public
def logspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Tensor:
    """So many numbers from base^start to base^stop, evenly on a logarithmic scale.

    start, stop: shapes that broadcast to (...) -> (num, ...).

    Args:
        start: the first exponent, or several.
        stop: the last exponent, or the one after it (endpoint).
        num: how many.
        endpoint: whether base^stop is the last of them.
        base: the base of the powers.
        dtype: the result's dtype; None: the float dtype in which start and stop meet.
        axis: where the new axis is in the result.

    Returns: a tensor.

    >>> import narae
    >>> narae.ops.logspace(0.0, 2.0, 3).numpy().round(3).tolist()
    [1.0, 10.0, 100.0]
    """
    out = power(float(base), linspace(start, stop, num, endpoint, axis=axis))
    return out if dtype is None else to(out, standardize_dtype(dtype))


@public
def geomspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Tensor:
    """So many numbers from start to stop, each the same multiple of the one before.

    start, stop: shapes that broadcast to (...) -> (num, ...).

    Args:
        start: the first number, or several; not 0.
        stop: the last number, of start's sign, or the one after it (endpoint).
        num: how many.
        endpoint: whether stop is the last of them.
        dtype: the result's dtype; None: the float dtype in which start and stop meet.
        axis: where the new axis is in the result.

    Returns: a tensor.

    >>> import narae
    >>> narae.ops.geomspace(1.0, 100.0, 3).numpy().round(3).tolist()
    [1.0, 10.0, 100.0]
    """
    low, high = promoted(start, stop, floating=True)
    ratio = high / low  # positive: both ends lie on one side of zero
    places = linspace(low * 0, low * 0 + 1, num, endpoint)
    out = low * power(ratio, places)
    if endpoint and num > 1:  # the last one exactly, whatever rounding did
        last = S.reshape(tensor_of(np.arange(num) == num - 1), shape=(num,) + (1,) * ratio.ndim)
        out = where(last, high, out)
    out = S.move_axis(out, 0, axis) if len(out.shape) > 1 else out
    return out if dtype is None else to(out, standardize_dtype(dtype))


@public
def meshgrid(*x: TensorLike, indexing: str = "xy") -> list[Tensor]:
    """Coordinates of a grid, from those of its axes.

    x: k vectors of n_1, n_2, n_3, ... -> k of (n_2, n_1, n_3, ...) for 'xy', (n_1, n_2, n_3, ...)
    for 'ij'.

    Args:
        x: the places on each axis; other shapes are flattened.
        indexing: 'xy': the first vector runs along columns; 'ij': along rows.

    Returns: a list of k tensors, each with one coordinate of every point.

    Raises:
        ValueError: another word for indexing.

    >>> import narae
    >>> narae.ops.meshgrid([1, 2], [3, 4])[0].tolist()
    [[1, 2], [1, 2]]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing is 'xy' or 'ij', got {indexing!r}")
    axes = [as_tensor(a) for a in x]
    axes = [S.reshape(a, shape=(a.size,)) for a in axes]
    order = list(range(len(axes)))
    if indexing == "xy" and len(axes) > 1:
        order[0], order[1] = 1, 0
    lengths = [0] * len(axes)
    for place, a in zip(order, axes, strict=True):
        lengths[place] = a.size
    out = []
    for place, a in zip(order, axes, strict=True):
        wide = tuple(a.size if i == place else 1 for i in range(len(axes)))
        out.append(S.broadcast_to(S.reshape(a, shape=wide), shape=tuple(lengths)))
    return out


class Window(Protocol):
    """A function that gives a window."""

    def __call__(self, x: int) -> Tensor: ...


def _window(name: str, says: str, make: Callable[[int], np.ndarray]) -> Window:
    def function(x: int) -> Tensor:
        return tensor_of(make(int(x)).astype(np_dtype(standardize_dtype(None))))

    args, returns = {"x": "how many places."}, "a vector of floatx."
    return named(
        function,
        name,
        __name__,
        says,
        f"{name}(4).shape",
        "(4,)",
        args,
        returns,
        shapes="-> (x,).",
        enter=exported,
    )


bartlett = _window("bartlett", "A triangular window: 1 - |r|, r from -1 to 1.", np.bartlett)
blackman = _window(
    "blackman", "Blackman's window: 0.42 + 0.5 cos πr + 0.08 cos 2πr, r from -1 to 1.", np.blackman
)
hamming = _window("hamming", "Hamming's window: 0.54 + 0.46 cos πr, r from -1 to 1.", np.hamming)
hanning = _window("hanning", "Hann's window: 0.5 + 0.5 cos πr, r from -1 to 1.", np.hanning)


@exported
def kaiser(x: int, beta: float) -> Tensor:
    """Kaiser's window: I₀(β √(1 - r²)) / I₀(β), r from -1 to 1.

    -> (x,).

    Args:
        x: how many places.
        beta: β, how fast it falls to the sides; 0: a rectangle.

    Returns: a vector of floatx.

    Source: Kaiser 1966.

    >>> import narae
    >>> narae.ops.kaiser(4, 14.0).shape
    (4,)
    """
    return tensor_of(
        np.kaiser(int(x), float(as_plain(beta, "beta"))).astype(np_dtype(standardize_dtype(None)))
    )
