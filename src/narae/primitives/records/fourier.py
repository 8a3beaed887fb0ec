"""The discrete Fourier transform, complex numbers as pairs of real and imaginary parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.errors import DtypeError, ShapeError
from narae.base.types import KnownShape, Namespace
from narae.graph.ir import Spec, Value
from narae.primitives import costs, rows
from narae.primitives.record import check_kind, record
from narae.primitives.records.arithmetic import negative
from narae.primitives.records.shape import concatenate, flip_axes, full, slice_
from narae.primitives.samples import cases

Pair = tuple[Value, Value]


def _rule(real: Spec, imag: Spec, *, axes: tuple[int, ...], inverse: bool) -> tuple[Spec, Spec]:
    check_kind("fft", real.dtype, "float")
    if real != imag:
        got = f"{real.dtype}{real.shape} and {imag.dtype}{imag.shape}"
        raise DtypeError(f"fft takes real and imaginary parts of one shape and dtype, got {got}")
    if any(real.shape[a] == 0 for a in axes):
        raise ShapeError(f"fft over axes {axes} of shape {real.shape}: there is nothing in it")
    return real, imag


def _forward(
    xp: Namespace, real: np.ndarray, imag: np.ndarray, *, axes: tuple[int, ...], inverse: bool
) -> tuple[Any, Any]:
    transform = xp.fft.ifftn if inverse else xp.fft.fftn
    # the inverse without its factor 1 / n: then each direction is the other's transpose
    out = transform(real + 1j * imag, axes=axes, norm="forward" if inverse else "backward")
    return out.real.astype(real.dtype), out.imag.astype(real.dtype)


def _joint(
    wanted: set[int],
    ct: Sequence[Value],
    out: Sequence[Value],
    real: Value,
    imag: Value,
    *,
    axes: KnownShape,
    inverse: bool,
) -> Any:
    return fft(*ct, axes=axes, inverse=not inverse)


def _dft(real: np.ndarray, imag: np.ndarray, *, axes: tuple[int, ...], inverse: bool) -> Any:
    out: Any = real + 1j * imag
    for a in axes:
        n = out.shape[a]
        angle = 2 * math.pi / n * np.outer(np.arange(n), np.arange(n))
        out = np.moveaxis(
            np.tensordot(np.exp(1j * (angle if inverse else -angle)), out, (1, a)), 0, a
        )
    return out.real, out.imag


# sum over n of x[n] exp(-2 pi i k n / N) along each axis; inverse: with +, and no factor 1 / N.
fft = record(
    "fft",
    _rule,
    _forward,
    joint=_joint,
    samples=cases(
        ((5,), (5,), {"axes": (0,), "inverse": False}),
        ((2, 3, 4), (2, 3, 4), {"axes": (1, 2), "inverse": True}),
        ((0, 4), (0, 4), {"axes": (1,), "inverse": False}),
    ),
    oracle=_dft,
    cost=costs.of_an_fft,
    rows=rows.beside,
)


def ifft(real: Value, imag: Value, axes: tuple[int, ...]) -> Pair:
    """The inverse transform over axes, with its factor 1 / N."""
    factor = 1.0 / math.prod(real.shape[a] for a in axes)
    real, imag = fft(real, imag, axes=axes, inverse=True)
    return real * factor, imag * factor


def rfft(x: Value) -> Pair:
    """The transform of real numbers along the last axis: (..., n) -> two of (..., n // 2 + 1)."""
    real, imag = fft(x, full(0, x.shape, x.dtype), axes=(x.ndim - 1,), inverse=False)
    half = x.shape[-1] // 2 + 1
    return _last(real, 0, half), _last(imag, 0, half)


def irfft(real: Value, imag: Value, n: int) -> Value:
    """The n real numbers with these frequencies: two of (..., n // 2 + 1) -> (..., n)."""
    axis, half = real.ndim - 1, n // 2 + 1
    if real.shape[-1] != half:
        raise ShapeError(f"irfft to {n} numbers takes {half} frequencies, got shape {real.shape}")
    # the other half mirrors it, conjugated; the first, and for an even n the last, stand alone
    mirrored = [flip_axes(_last(part, 1, (n + 1) // 2), (axis,)) for part in (real, imag)]
    alone = full(0, (*imag.shape[:-1], 1), imag.dtype)
    inside = _last(imag, 1, (n + 1) // 2)
    imag = concatenate(
        *([alone, inside] if n % 2 else [alone, inside, alone]), negative(mirrored[1]), axis=axis
    )
    return ifft(concatenate(real, mirrored[0], axis=axis), imag, (axis,))[0]


def _last(x: Value, start: int, stop: int) -> Value:
    lead = x.shape[:-1]
    return slice_(x, start=(*(0 for _ in lead), start), stop=(*lead, stop), step=(1,) * x.ndim)
