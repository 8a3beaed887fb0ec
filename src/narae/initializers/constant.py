"""Initializers without chance: Zeros, Ones, Constant, Identity, STFT."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae import ops
from narae.base.dtypes import np_dtype, standardize_dtype
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.initializers.base import Initializer
from narae.ops.tensor import Tensor, as_tensor


@builtin("keras.initializers")
class Zeros(Initializer):
    """All 0.

    >>> Zeros()((2,)).tolist()
    [0.0, 0.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The tensor to start from."""
        return ops.full(shape, 0, standardize_dtype(dtype))


@builtin("keras.initializers")
class Ones(Initializer):
    """All 1.

    >>> Ones()((2,)).tolist()
    [1.0, 1.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The tensor to start from."""
        return ops.full(shape, 1, standardize_dtype(dtype))


@builtin("keras.initializers")
class Constant(Initializer):
    """All one value, or an array that broadcasts.

    >>> Constant(3.0)((2,)).tolist()
    [3.0, 3.0]
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The tensor to start from."""
        return ops.broadcast_to(as_tensor(self.value, standardize_dtype(dtype)), tuple(shape))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"value": self.value}


@builtin("keras.initializers")
class Identity(Initializer):
    """The identity matrix times a gain. Raises ShapeError for another rank than 2.

    >>> Identity()((2, 2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The tensor to start from."""
        if len(shape) != 2:
            raise ShapeError(f"Identity starts matrices, got shape {tuple(shape)}")
        return as_tensor(self.gain * np.eye(*shape), standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; none, as Keras writes it, for a gain of 1."""
        return {} if self.gain == 1.0 else {"gain": self.gain}


@builtin("keras.initializers")
class STFT(Initializer):
    """The kernels of a short-time Fourier transform, for a convolution: cosines ('real') or sines ('imag').

    shape: (frame_length, 1, fft_length // 2 + 1). window: 'hann', 'hamming' or None; scaling: 'density',
    'spectrum' or None.

    >>> STFT()((4, 1, 3)).shape
    (4, 1, 3)
    """

    def __init__(
        self,
        side: str = "real",
        window: Any = "hann",
        scaling: Any = "density",
        periodic: bool = False,
    ) -> None:
        if side not in ("real", "imag"):
            raise ValueError(f"side is 'real' or 'imag', got {side!r}")
        if isinstance(window, str) and window not in ("hann", "hamming"):
            raise ValueError(f"window is 'hann', 'hamming' or None, got {window!r}")
        if scaling not in ("density", "spectrum", None):
            raise ValueError(f"scaling is 'density', 'spectrum' or None, got {scaling!r}")
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The tensor to start from."""
        length, channels, bins = shape
        if channels != 1:
            raise ShapeError(f"STFT kernels have one input channel, got shape {tuple(shape)}")
        n = np.arange(length)
        angle = 2 * np.pi / (2 * (bins - 1)) * n[:, None, None] * np.arange(bins)[None, None, :]
        kernel = np.cos(angle) if self.side == "real" else -np.sin(angle)
        window = self._window(n, length)
        if self.scaling == "density":
            kernel = kernel * (window / np.sqrt((window**2).sum()))[:, None, None]
        elif self.scaling == "spectrum":
            kernel = kernel * (window / window.sum())[:, None, None]
        else:
            kernel = kernel * window[:, None, None]
        return as_tensor(kernel.astype(np_dtype(standardize_dtype(dtype))))

    def _window(self, n: np.ndarray, length: int) -> np.ndarray:
        if self.window is None:
            return np.ones(length)
        if callable(self.window):
            return np.asarray(self.window(length))
        base = 0.5 if self.window == "hann" else 0.54
        span = length if self.periodic else max(length - 1, 1)
        return base - (1 - base) * np.cos(2 * np.pi * n / span)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "side": self.side,
            "window": self.window,
            "periodic": self.periodic,
            "scaling": self.scaling,
        }
