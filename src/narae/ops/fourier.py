"""Fourier transforms and frames of signals. A complex tensor is a pair (real, imaginary), as in Keras."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narae.base.dtypes import is_float, np_dtype
from narae.base.errors import DtypeError, ShapeError, differing
from narae.base.limits import afford
from narae.base.types import TensorLike
from narae.ops.padding import pad
from narae.primitives.record import constant
from narae.primitives.records import fourier as F
from narae.primitives.records import logic as L
from narae.primitives.records import shape as S
from narae.primitives.records.window import fold_windows, windows
from narae.tensor.promote import floated, promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor

Pair = tuple[Tensor, Tensor]


def _pair(name: str, x: Sequence[TensorLike], rank: int = 1) -> Pair:
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(
            f"{name} takes a pair (real, imaginary) of tensors, got {type(x).__name__}"
        )
    parts = [as_tensor(part) for part in x]
    if not all(is_float(part.dtype) for part in parts):
        raise ValueError(
            f"{name} takes two parts of float numbers, got {[part.dtype for part in parts]}; a cast before it?"
        )
    real, imag = promoted(*parts, floating=True)
    if real.shape != imag.shape:
        raise ShapeError(
            f"{name} takes two parts of one shape, got {real.shape} and {imag.shape}",
            lengths=differing(real.shape, imag.shape),
        )
    if real.ndim < rank:
        raise ShapeError(f"{name} takes tensors of rank {rank} or more, got shape {real.shape}")
    return real, imag


def _fitted(x: Tensor, length: int) -> Tensor:
    """The last axis cut off or filled with zeros, to a length."""
    lead, found = x.shape[:-1], x.shape[-1]
    if found > length:
        zeros = (0,) * len(lead)
        return S.slice_(x, start=(*zeros, 0), stop=(*lead, length), step=(1,) * x.ndim)
    widths = [*((0, 0) for _ in lead), (0, length - found)]
    return x if found == length else S.pad_zeros(x, widths)


@public
def fft(x: Sequence[TensorLike]) -> Pair:
    """The frequencies along the last axis: Σₙ x[n] e^(-2πi kn/N).

    x: a pair of (..., N) -> a pair of (..., N).

    Args:
        x: the signal: its real and its imaginary parts, floats.

    Returns: real and imaginary parts of the frequencies k = 0 ... N - 1, in float32 or float64.

    Raises:
        ValueError: x is no pair, or its parts are no floats.
        ShapeError: the parts' shapes differ, or are scalars'.

    >>> import narae
    >>> [part.tolist() for part in narae.ops.fft(([1.0, 0.0], [0.0, 0.0]))]
    [[1.0, 1.0], [0.0, 0.0]]
    """
    real, imag = _pair("fft", x)
    return F.fft(real, imag, axes=(real.ndim - 1,), inverse=False)


@public
def fft2(x: Sequence[TensorLike]) -> Pair:
    """The frequencies over the last two axes: Σₘₙ x[m, n] e^(-2πi (jm/M + kn/N)).

    x: a pair of (..., M, N) -> a pair of (..., M, N).

    Args:
        x: the images: their real and their imaginary parts, floats.

    Returns: real and imaginary parts of the frequencies, in float32 or float64.

    Raises:
        ValueError: x is no pair, or its parts are no floats.
        ShapeError: the parts' shapes differ, or have fewer than two axes.

    >>> import narae
    >>> zero = [[0.0, 0.0]]
    >>> [part.tolist() for part in narae.ops.fft2(([[1.0, 0.0]], zero))]
    [[[1.0, 1.0]], [[0.0, 0.0]]]
    """
    real, imag = _pair("fft2", x, rank=2)
    return F.fft(real, imag, axes=(real.ndim - 2, real.ndim - 1), inverse=False)


@public
def ifft2(x: Sequence[TensorLike]) -> Pair:
    """What `fft2` makes x of: the inverse over the last two axes, with its factor 1 / (M N).

    x: a pair of (..., M, N) -> a pair of (..., M, N).

    Args:
        x: the frequencies: their real and their imaginary parts, floats.

    Returns: real and imaginary parts of the images, in float32 or float64.

    Raises:
        ValueError: x is no pair, or its parts are no floats.
        ShapeError: the parts' shapes differ, or have fewer than two axes.

    >>> import narae
    >>> zero = [[0.0, 0.0]]
    >>> [part.tolist() for part in narae.ops.ifft2(([[1.0, 1.0]], zero))]
    [[[1.0, 0.0]], [[0.0, 0.0]]]
    """
    real, imag = _pair("ifft2", x, rank=2)
    return F.ifft(real, imag, (real.ndim - 2, real.ndim - 1))  # type: ignore[return-value]


@public
def rfft(x: TensorLike, fft_length: int | None = None) -> Pair:
    """The frequencies of real numbers along the last axis; those above half, which mirror them, are left out.

    x: (..., N) -> a pair of (..., fft_length // 2 + 1).

    Args:
        x: the signal; numbers that are no floats become floatx.
        fft_length: the number of samples that count: x is cut, or filled with zeros at its end; None: N.

    Returns: real and imaginary parts of the frequencies.

    >>> import narae
    >>> [part.tolist() for part in narae.ops.rfft([1.0, 0.0])]
    [[1.0, 1.0], [0.0, 0.0]]
    """
    x = floated(x)
    return F.rfft(x if fft_length is None else _fitted(x, int(fft_length)))  # type: ignore[return-value]


@public
def irfft(x: Sequence[TensorLike], fft_length: int | None = None) -> Tensor:
    """The real numbers that have these frequencies: the inverse of `rfft`.

    x: a pair of (..., K) -> (..., fft_length).

    Args:
        x: the frequencies from 0 up: their real and their imaginary parts, floats.
        fft_length: the number of samples; frequencies are cut, or filled with zeros, to fft_length // 2 + 1; None:
            2 (K - 1).

    Raises:
        ValueError: x is no pair, or its parts are no floats.
        ShapeError: the parts' shapes differ, or fft_length is below 1.

    >>> import narae
    >>> narae.ops.irfft(([1.0, 1.0], [0.0, 0.0])).tolist()
    [1.0, 0.0]
    """
    real, imag = _pair("irfft", x)
    n = 2 * (real.shape[-1] - 1) if fft_length is None else int(fft_length)
    if n < 1:
        raise ShapeError(f"irfft makes one number or more, got fft_length={n}")
    return F.irfft(_fitted(real, n // 2 + 1), _fitted(imag, n // 2 + 1), n)  # type: ignore[return-value]


@public
def extract_sequences(x: TensorLike, sequence_length: int, sequence_stride: int) -> Tensor:
    """The frames of the last axis that fit.

    x: (..., N) -> (..., 1 + (N - sequence_length) // sequence_stride, sequence_length); no frame where N is less.

    Args:
        x: a signal, of any dtype.
        sequence_length: samples of a frame.
        sequence_stride: samples from one frame to the next.

    Raises:
        ShapeError: x is a scalar, or a number is below 1.

    >>> import narae
    >>> narae.ops.extract_sequences([1, 2, 3, 4], 2, 1).tolist()
    [[1, 2], [2, 3], [3, 4]]
    """
    return _frames(as_tensor(x), int(sequence_length), int(sequence_stride))


def _frames(x: Tensor, length: int, stride: int) -> Tensor:
    if x.ndim < 1 or length < 1 or stride < 1:
        raise ShapeError(
            f"frames of {length}, each {stride} on, need a signal of rank 1 or more, got shape {x.shape}"
        )
    if x.shape[-1] < length:
        return S.full(0, (*x.shape[:-1], 0, length), x.dtype)  # type: ignore[return-value]
    return windows(x, axes=(x.ndim - 1,), window=(length,), strides=(stride,), dilation=(1,))


_WINDOWS = {
    # periodic: the last place, which would repeat the first, is left out
    "hann": lambda n: 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n),
    "hamming": lambda n: 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(n) / n),
}


def _window(window: str | TensorLike | None, length: int, fft_length: int, dtype: str) -> Tensor:
    """The weights of a frame, in the middle of fft_length places; None: all of those count."""
    if window is None:
        return S.full(1, (fft_length,), dtype)
    if isinstance(window, str):
        if window not in _WINDOWS:
            raise ValueError(f"window is 'hann', 'hamming', a tensor or None, got {window!r}")
        afford(3 * length)
        weights = to(_WINDOWS[window](length), dtype)
    else:
        weights = to(window, dtype)
    if weights.shape != (length,):
        raise ShapeError(
            f"a window has the frame's length: shape ({length},) expected, got {weights.shape}",
            lengths=differing(weights.shape, (length,)),
        )
    before = (fft_length - length) // 2
    return S.pad_zeros(weights, [(before, fft_length - length - before)])


def _checked(name: str, dtype: str, sequence_length: int, fft_length: int) -> None:
    if dtype not in ("float32", "float64"):
        raise DtypeError(f"{name} takes float32 or float64, got {dtype}; a cast before it?")
    if fft_length < sequence_length:
        raise ValueError(
            f"{name}: fft_length must be sequence_length or more, got {fft_length} and "
            f"{sequence_length}"
        )


@public
def stft(
    x: TensorLike,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: str | TensorLike | None = "hann",
    center: bool = True,
) -> Pair:
    """The frequencies of each weighted frame of a signal.

    x: (..., N) -> a pair of (..., frames, fft_length // 2 + 1).

    Args:
        x: the signal, float32 or float64.
        sequence_length: samples of a frame that are weighted.
        sequence_stride: samples from one frame to the next.
        fft_length: samples of a frame in all: the weighted ones are in its middle; of at least sequence_length.
        window: the weights: 'hann', 'hamming', or (sequence_length,) numbers; None: all of fft_length count.
        center: whether frames have their middle at samples 0, sequence_stride ...: the signal is mirrored at both ends
            by fft_length // 2 first; else frames begin there.

    Returns: real and imaginary parts of the frequencies, frame by frame.

    Raises:
        DtypeError: x is neither float32 nor float64.
        ValueError: fft_length is less than sequence_length, or there is no such window.
        ShapeError: weights are not as many as sequence_length, or x is a scalar.

    Source: Allen & Rabiner 1977.

    >>> import narae
    >>> narae.ops.stft(narae.ops.ones(8), 4, 2, 4)[0].shape
    (5, 3)
    """
    x = as_tensor(x)
    _checked("stft", x.dtype, sequence_length, fft_length)
    if center:
        half = fft_length // 2
        x = pad(x, [*((0, 0) for _ in x.shape[:-1]), (half, half)], mode="reflect")
    weights = _window(window, sequence_length, fft_length, x.dtype)
    return F.rfft(_frames(x, fft_length, sequence_stride) * weights)  # type: ignore[return-value]


@public
def istft(
    x: Sequence[TensorLike],
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: str | TensorLike | None = "hann",
    center: bool = True,
) -> Tensor:
    """The signal whose `stft` is nearest: weighted frames added up, divided by the sum of squared weights.

    x: a pair of (..., frames, fft_length // 2 + 1) -> (..., N), N = (frames - 1) sequence_stride + fft_length, less
    fft_length // 2 at each end with `center`.

    Args:
        x: the frequencies of frames: their real and their imaginary parts, float32 or float64.
        sequence_length: samples of a frame that were weighted.
        sequence_stride: samples from one frame to the next.
        fft_length: samples of a frame in all; of at least sequence_length.
        length: samples of the signal at most; None: N.
        window: the weights: 'hann', 'hamming', or (sequence_length,) numbers; None: all of fft_length count.
        center: whether frames had their middle at samples 0, sequence_stride ...

    Raises:
        DtypeError: x is neither float32 nor float64.
        ValueError: x is no pair, fft_length is less than sequence_length, or there is no such window.
        ShapeError: the parts' shapes differ or have fewer than two axes, or weights are not as many as sequence_length.

    Source: Griffin & Lim 1984, eq. 6.

    >>> import narae
    >>> frames = narae.ops.stft([1.0, 2.0, 3.0, 4.0], 4, 1, 4)
    >>> narae.ops.istft(frames, 4, 1, 4).numpy().round(4).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    real, imag = _pair("istft", x, rank=2)
    _checked("istft", real.dtype, sequence_length, fft_length)
    weights = _window(window, sequence_length, fft_length, real.dtype)
    frames = irfft((real, imag), fft_length)
    total = fft_length + (frames.shape[-2] - 1) * sequence_stride
    squared = S.broadcast_to(weights * weights, shape=frames.shape[-2:])
    share = _added(squared, total, sequence_stride)
    tiny = constant(np.finfo(np_dtype(real.dtype)).tiny, real.dtype)
    # a place without weight has the sum 0 already, which nothing need divide
    share = L.select(L.greater(share, tiny), share, constant(1, real.dtype))
    signal = _added(frames * weights, total, sequence_stride) / share
    start = fft_length // 2 if center else 0
    stop = total - start if length is None else start + length
    return signal[..., start:stop]


def _added(frames: Tensor, total: int, stride: int) -> Tensor:
    """Frames (..., count, length) added up where they overlap: (..., total)."""
    lead = frames.shape[:-2]
    return fold_windows(
        frames,
        shape=(*lead, total),
        axes=(len(lead),),
        window=(frames.shape[-1],),
        strides=(stride,),
        dilation=(1,),
    )
