"""Statistics of tensors, and normalization by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from narae.base.settings import epsilon as default_epsilon
from narae.base.types import Axis, TensorLike
from narae.ops.reductions import max as largest
from narae.ops.reductions import mean, sum
from narae.ops.shapes import expand_dims, moveaxis, reshape, squeeze
from narae.primitives.record import constant, normalize_axes
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records.linalg import singular_values
from narae.tensor.promote import floated, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor


@public
def moments(
    x: TensorLike, axes: Axis, keepdims: bool = False, synchronized: bool = False
) -> tuple[Tensor, Tensor]:
    """Mean and variance over axes: Σ x / n and Σ (x - mean)² / n. Halves are computed in float32.

    Args:
        x: numbers of any shape; those that are no floats become floatx.
        axes: the axis, or axes, over which both are taken; None: all.
        keepdims: whether these axes stay, with length 1.
        synchronized: has no effect: a batch that is spread over devices has one mean and one variance.

    Returns: the mean and the variance, both of x's shape without `axes`.

    Raises:
        ShapeError: x has no such axis, or an axis is named twice.

    >>> import narae
    >>> [t.item() for t in narae.ops.moments([1.0, 3.0], [0])]
    [2.0, 1.0]
    """
    x = floated(x)
    wide = _wide(x)
    middle = mean(wide, axes, True)
    spread = mean(A.square(wide - middle), axes, True)
    if not keepdims:
        kept = tuple(n for i, n in enumerate(x.shape) if i not in normalize_axes(axes, x.ndim))
        middle, spread = reshape(middle, kept), reshape(spread, kept)
    return to(middle, x.dtype), to(spread, x.dtype)


def _wide(x: Tensor) -> Tensor:
    """Squares of halves overflow and underflow: those are taken in float32."""
    return to(x, "float32") if x.dtype in ("float16", "bfloat16") else x


@public
def normalize(
    x: TensorLike, axis: Axis = -1, order: int = 2, epsilon: float | None = None
) -> Tensor:
    """Vectors along an axis divided by their length: x / max(|x|, epsilon).

    x: any shape -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.
        axis: the axis, or axes, along which a vector lies; None: all of x is one.
        order: p of the length (Σ |x|^p)^(1/p): 1 the sum of sizes, 2 Euclid's length.
        epsilon: the least length that is divided by (default: narae.config.epsilon()).

    Raises:
        ValueError: order is not a whole number of 1 or more.

    >>> import narae
    >>> narae.ops.normalize([3.0, 4.0]).numpy().round(3).tolist()
    [0.6000000238418579, 0.800000011920929]
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(
            f"normalize takes an order that is a whole number of 1 or more, got {order!r}"
        )
    x = floated(x)
    least = default_epsilon() if epsilon is None else epsilon
    if order == 2:
        wide = _wide(x)
        squared = A.maximum(sum(A.square(wide), axis, True), to(least**2, wide.dtype))
        return to(wide * A.reciprocal(A.sqrt(squared)), x.dtype)
    size = norm(x, order, axis, True)
    return x / A.maximum(size, to(least, x.dtype))


@public
def norm(
    x: TensorLike, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False
) -> Tensor:
    """The length of vectors (along one axis) or of matrices (over two axes). The gradient at zeros is 0.

    Args:
        x: numbers of any shape; those that are no floats become floatx.
        ord: which length. None: √Σ x², Euclid's and Frobenius's. Of vectors: p of (Σ |x|^p)^(1/p); 0 counts what is
            not 0; inf and -inf the largest and smallest size. Of matrices: 'fro', 'nuc' (the sum of singular values),
            1 and -1 (the largest and smallest sum of a column's sizes), inf and -inf (of a row's), 2 and -2 (the
            largest and smallest singular value).
        axis: the axis of vectors, or the two of matrices (rows, columns); None: x as a whole is one.
        keepdims: whether these axes stay, with length 1.

    Returns: the lengths, of x's shape without `axis`.

    Raises:
        ValueError: `ord` is not known of vectors or matrices, or is given for more axes than two.
        ShapeError: x has no such axis, or an axis is named twice.

    >>> import narae
    >>> narae.ops.norm([3.0, 4.0]).item()
    5.0
    """
    x = floated(x)
    axes = normalize_axes(axis, x.ndim)
    if ord is None or (len(axes) == 2 and ord == "fro") or (len(axes) == 1 and ord == 2):
        return _rooted(A.sqrt, sum(A.square(x), axes, keepdims))
    if len(axes) == 1:
        return _vector(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix(x, ord, tuple(_listed(axis, x.ndim)), keepdims)
    raise ValueError(
        f"norm with ord={ord!r} takes vectors or matrices, got axes {axis} of shape {x.shape}"
    )


def _rooted(root: Callable[[Tensor], Tensor], total: Tensor) -> Tensor:
    """A root whose infinite slope at 0 no gradient meets."""
    zero = L.equal(total, constant(0, total.dtype))
    safe = L.select(zero, constant(1, total.dtype), total)
    return L.select(zero, constant(0, total.dtype), root(safe))


def _listed(axis: Axis, ndim: int) -> list[int]:
    if axis is None:
        return list(range(ndim))
    return [a % ndim for a in ([axis] if isinstance(axis, int) else axis)]


def _vector(x: Tensor, ord: float | str, axis: int, keepdims: bool) -> Tensor:
    if isinstance(ord, str):
        raise ValueError(f"ord={ord!r} is for matrices; vectors take a number, inf or -inf")
    size = A.absolute(x)
    if ord == np.inf:
        return largest(size, axis, keepdims)
    if ord == -np.inf:
        return A.negative(largest(A.negative(size), axis, keepdims))  # type: ignore[return-value]
    if ord == 0:
        return sum(to(L.not_equal(x, to(0, x.dtype)), x.dtype), axis, keepdims)
    if ord == 1:
        return sum(size, axis, keepdims)
    total = sum(A.power(size, to(ord, x.dtype)), axis, keepdims)
    if ord < 0:
        return A.power(total, to(1.0 / ord, x.dtype))
    return _rooted(lambda t: A.power(t, to(1.0 / ord, x.dtype)), total)


def _matrix(x: Tensor, ord: float | str | None, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    row, column = axes
    if ord in (1, -1, np.inf, -np.inf):
        summed, kept = (row, column) if abs(ord) == 1 else (column, row)
        totals = sum(A.absolute(x), summed, True)
        sign = 1.0 if ord > 0 else -1.0
        out = largest(totals * sign, kept, True) * sign
    elif ord in (2, -2, "nuc"):
        values = singular_values(moveaxis(x, (row, column), (-2, -1)))
        picked = (
            sum(values, -1)
            if ord == "nuc"
            else largest(values, -1)
            if ord == 2
            else -largest(-values, -1)
        )
        for a in sorted(axes):
            picked = expand_dims(picked, a)
        out = picked
    else:
        raise ValueError(
            f"a matrix norm takes ord of None, 'fro', 'nuc', 1, 2, inf or their negatives, got {ord!r}"
        )
    return out if keepdims else squeeze(out, axes)


@public
def batch_normalization(
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    axis: int,
    offset: TensorLike | None = None,
    scale: TensorLike | None = None,
    epsilon: float = 1e-3,
) -> Tensor:
    """scale (x - mean) / √(variance + epsilon) + offset, a number of each for every place of an axis.

    x: (..., n, ...), with n numbers along `axis` -> the same shape, of a float dtype.

    Args:
        x: numbers; those that are no floats become floatx.
        mean: (n,), what is taken from x.
        variance: (n,), of at least 0.
        axis: the axis of the features or channels, that keeps its own mean and variance: -1 for channels last.
        offset: (n,), what is added in the end; None: nothing.
        scale: (n,), what the result is multiplied by before that; None: nothing.
        epsilon: what is added to the variance: no division by 0.

    Raises:
        ShapeError: mean, variance, offset or scale does not hold n numbers.

    Source: Ioffe & Szegedy 2015, algorithm 1.

    >>> import narae
    >>> narae.ops.batch_normalization([[3.0]], [1.0], [4.0], -1, epsilon=0.0).tolist()
    [[1.0]]
    """
    x = floated(x)
    wide = tuple(n if i == axis % x.ndim else 1 for i, n in enumerate(x.shape))
    factor = A.reciprocal(A.sqrt(reshape(to(variance, x.dtype), wide) + epsilon))
    if scale is not None:
        factor = factor * reshape(to(scale, x.dtype), wide)
    shift = -reshape(to(mean, x.dtype), wide) * factor
    if offset is not None:
        shift = shift + reshape(to(offset, x.dtype), wide)
    return x * factor + shift


@public
def layer_normalization(
    x: TensorLike,
    gamma: TensorLike | None = None,
    beta: TensorLike | None = None,
    axis: Axis = -1,
    epsilon: float | None = None,
    **kwargs: Any,
) -> Tensor:
    """gamma (x - mean) / √(variance + epsilon) + beta, mean and variance of each sample by itself.

    x: any shape -> the same shape, of a float dtype. Halves are computed in float32. A further keyword, out of use:
    rms_scaling=True gives gamma x / √(variance + epsilon) alone.

    Args:
        x: numbers; those that are no floats become floatx.
        gamma: the scale, of the lengths of `axis`; None: 1.
        beta: what is added, of the lengths of `axis`; None: 0.
        axis: the axis, or axes, of a sample's features, over which mean and variance are taken.
        epsilon: what is added to the variance: no division by 0 (default: narae.config.epsilon()).

    Raises:
        TypeError: there is another argument.
        ShapeError: x has no such axis, or gamma or beta not its length.

    Source: Ba et al. 2016, eq. 4.

    >>> import narae
    >>> narae.ops.layer_normalization([[1.0, 3.0]], epsilon=0.0).tolist()
    [[-1.0, 1.0]]
    """
    rms_scaling = bool(kwargs.pop("rms_scaling", False))
    if kwargs:
        raise TypeError(f"layer_normalization got unknown arguments: {', '.join(sorted(kwargs))}")
    given = floated(x)
    x = _wide(given)
    middle, spread = moments(x, axis, keepdims=True)
    small = default_epsilon() if epsilon is None else epsilon
    out = (x if rms_scaling else x - middle) * A.reciprocal(A.sqrt(spread + small))
    out = out if gamma is None else out * _along(gamma, x, axis)
    if beta is not None and not rms_scaling:
        out = out + _along(beta, x, axis)
    return to(out, given.dtype)


@public
def rms_normalization(
    x: TensorLike,
    scale: TensorLike | None = None,
    axis: Axis = -1,
    epsilon: float | None = None,
) -> Tensor:
    """scale x / √(mean x² + epsilon), the mean of each sample by itself.

    x: any shape -> the same shape, of a float dtype. Halves are computed in float32.

    Args:
        x: numbers; those that are no floats become floatx.
        scale: what the result is multiplied by: of the lengths of `axis`, or of a shape that broadcasts to x's;
            None: 1.
        axis: the axis, or axes, of a sample's features, over which the mean is taken.
        epsilon: what is added to the mean square: no division by 0 (default: narae.config.epsilon()).

    Raises:
        ShapeError: x has no such axis, or scale not its length.

    Source: Zhang & Sennrich 2019, eq. 4.

    >>> import narae
    >>> narae.ops.rms_normalization([[1.0, -1.0]], epsilon=0.0).tolist()
    [[1.0, -1.0]]
    """
    given = floated(x)
    x = _wide(given)
    small = default_epsilon() if epsilon is None else epsilon
    out = x * A.reciprocal(A.sqrt(mean(A.square(x), axis, True) + small))
    if scale is None:
        return to(out, given.dtype)
    weights = to(scale, x.dtype)
    if not _stretches(weights.shape, x.shape):
        weights = _along(weights, x, axis)
    return to(out * weights, given.dtype)


def _stretches(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether a shape broadcasts to another."""
    pairs = zip(reversed(shape), reversed(wanted), strict=False)
    return len(shape) <= len(wanted) and all(n in (1, m) for n, m in pairs)


def _along(weights: TensorLike, x: Tensor, axis: Axis) -> Tensor:
    axes = normalize_axes(axis, x.ndim)
    return reshape(
        to(weights, x.dtype), tuple(n if i in axes else 1 for i, n in enumerate(x.shape))
    )


@public
def psnr(x1: TensorLike, x2: TensorLike, max_val: float) -> Tensor:
    """The peak signal-to-noise ratio in decibels: 20 log10 max_val - 10 log10 of the mean squared difference.

    Args:
        x1: an image, or numbers of any shape.
        x2: another one of the same shape.
        max_val: the largest number that images can have: 1 or 255, mostly.

    Returns: one number, of a float dtype; inf for equal images.

    Raises:
        ValueError: the shapes differ.

    >>> import narae
    >>> narae.ops.psnr([0.0], [1.0], 1.0).item()
    0.0
    """
    x, y = floated(x1), floated(x2)
    if x.shape != y.shape:
        raise ValueError(f"psnr takes two tensors of one shape, got {x.shape} and {y.shape}")
    error = mean(A.square(x - y))
    return A.log10(to(max_val, x.dtype)) * 20.0 - A.log10(error) * 10.0
