"""Initializers without chance: Zeros, Ones, Constant, Identity, STFT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from narae import ops
from narae.base.dtypes import standardize_dtype
from narae.base.errors import ShapeError, unknown_name
from narae.base.registry import builtin
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, DTypeLike, TensorLike
from narae.initializers.base import Initializer
from narae.tensor.tensor import Tensor, as_tensor


@builtin("keras.initializers")
class Zeros(Initializer):
    """All 0.

    shape -> a tensor of that shape.

    >>> Zeros()((2,)).tolist()
    [0.0, 0.0]
    """

    gives_zeros = True

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        return ops.full(shape, 0, standardize_dtype(dtype))


@builtin("keras.initializers")
class Ones(Initializer):
    """All 1.

    shape -> a tensor of that shape.

    >>> Ones()((2,)).tolist()
    [1.0, 1.0]
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        return ops.full(shape, 1, standardize_dtype(dtype))


@builtin("keras.initializers")
class Constant(Initializer):
    """All one value, or an array that broadcasts.

    shape -> a tensor of that shape.

    Args:
        value: a number, or an array that broadcasts to the shape.

    >>> Constant(3.0)((2,)).tolist()
    [3.0, 3.0]
    """

    def __init__(self, value: TensorLike = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        return ops.broadcast_to(as_tensor(self.value, standardize_dtype(dtype)), shape)

    def get_config(self) -> Config:
        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        return cls(deserialize_keras_object(config.get("value", 0.0)))


@builtin("keras.initializers")
class Identity(Initializer):
    """The identity matrix times a gain.

    (rows, columns) -> a matrix with `gain` where row and column are the same.

    Args:
        gain: the number on the diagonal.

    Raises:
        ShapeError: when it is called: the shape is that of no matrix.

    >>> Identity()((2, 2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        if len(shape) != 2:
            raise ShapeError(f"Identity starts matrices, got shape {tuple(shape)}")
        return as_tensor(self.gain * np.eye(shape[0], shape[1]), standardize_dtype(dtype))

    def get_config(self) -> Config:
        """The constructor's arguments; none, as Keras writes it, for a gain of 1."""
        return {} if self.gain == 1.0 else {"gain": self.gain}


# Windows that are sums of cosines: Σ (-1)^k a_k cos(2πkn / N), by their a_k (Harris 1978).
WINDOWS = {
    "boxcar": (1.0,),
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "nuttall": (0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
}


@builtin("keras.initializers")
class STFT(Initializer):
    """The kernels of a short-time Fourier transform, for a convolution: cosines or minus sines.

    (frame_length, 1, fft_length // 2 + 1) -> kernels of that shape, the last axis one of frequencies.

    Args:
        side: 'real': cosines; 'imag': minus sines.
        window: what the kernels are multiplied by: 'hann', 'hamming' or another name, or frame_length numbers;
            None: nothing.
        scaling: of a window: 'density' divides by the root of its energy, 'spectrum' by the sum of its sizes; None:
            nothing.
        periodic: whether a named window leaves out its last point.

    Raises:
        ValueError: `side`, `window` or `scaling` has another name.
        ShapeError: when it is called: another shape, or a window of another length than the frames'.

    Source: Harris 1978, for the windows.

    >>> STFT(window=None)((4, 1, 3)).numpy()[:, 0, 1].round(3).tolist()
    [1.0, 0.0, -1.0, -0.0]
    """

    def __init__(
        self,
        side: str = "real",
        window: str | Sequence[float] | None = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:
        if side not in ("real", "imag"):
            raise ValueError(f"side is 'real' or 'imag', got {side!r}")
        if isinstance(window, str) and window not in WINDOWS:
            raise unknown_name("window", window, WINDOWS)
        if scaling not in ("density", "spectrum", None):
            raise ValueError(f"scaling is 'density', 'spectrum' or None, got {scaling!r}")
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        if len(shape) != 3 or shape[1] != 1 or shape[2] < 2:
            raise ShapeError(
                "STFT kernels have shape (frame_length, 1, fft_length // 2 + 1), got shape "
                f"{tuple(shape)}"
            )
        length, _, bins = shape
        turns = np.arange(length)[:, None, None] * np.arange(bins) / (2 * (bins - 1))
        kernel = np.cos(2 * np.pi * turns) if self.side == "real" else -np.sin(2 * np.pi * turns)
        if self.window is not None:
            kernel = kernel * self._scaled_window(length)[:, None, None]
        return as_tensor(kernel, standardize_dtype(dtype))

    def _scaled_window(self, length: int) -> np.ndarray:
        if isinstance(self.window, str):
            window = cosine_window(self.window, length, self.periodic)
        else:
            window = np.asarray(self.window, np.float64)
        if window.shape != (length,):
            raise ShapeError(f"the window has shape {window.shape}, the frames {length} numbers")
        if self.scaling is None:
            return window
        by = np.abs(window).sum() if self.scaling == "spectrum" else np.sqrt((window**2).sum())
        return window / by

    def get_config(self) -> Config:
        return {
            "side": self.side,
            "window": serialize_keras_object(self.window),
            "periodic": self.periodic,
            "scaling": self.scaling,
        }

    @classmethod
    def from_config(cls, config: Config) -> Self:
        return cls(**{name: deserialize_keras_object(value) for name, value in config.items()})


def cosine_window(name: str, length: int, periodic: bool) -> np.ndarray:
    """A window of `WINDOWS`; periodic ones are one point longer, and lack the last.

    >>> cosine_window("hann", 3, periodic=False).tolist()
    [0.0, 1.0, 0.0]
    """
    angle = 2 * np.pi * np.arange(length) / (length if periodic else max(length - 1, 1))
    return sum((-1) ** k * a * np.cos(k * angle) for k, a in enumerate(WINDOWS[name])) + np.zeros(
        length
    )
