"""The door through which arrays from outside come in; and what is computed on NumPy's arrays as it is defined, where
NumPy alone would do otherwise, or has no such thing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.types import TensorLike


def native(array: np.ndarray, name: str = "") -> np.ndarray:
    """An array as machine code reads it: of this machine's byte order, aligned, an ndarray itself and
    not of a subclass. Everything else about its layout may stay as it is.

    name: what error messages call it. Raises ValueError for a masked array that masks something: the mask
    would be lost.

    >>> native(np.array([1, 2], ">i2")).dtype
    dtype('int16')
    """
    if type(array) is not np.ndarray:
        if is_masked(array):
            array = _unmasked(array, name)
        array = np.asarray(array)
    if array.dtype.isnative and array.flags.aligned:
        return array
    return array.astype(array.dtype.newbyteorder("="), order="K")


def as_plain(value: TensorLike, name: str) -> np.ndarray:
    """A setting that is a number or a list of them, as an array. Raises ValueError for one that masks something.

    >>> as_plain([1, 2], "repeats").tolist()
    [1, 2]
    """
    return native(value if isinstance(value, np.ndarray) else np.asarray(value), name)


def is_masked(x: object) -> bool:
    """Whether x is a masked array. Where nobody has loaded `numpy.ma`, which takes a quarter as long as
    NumPy itself, there are none.

    >>> is_masked(np.zeros(2)), is_masked(np.ma.zeros(2))
    (False, True)
    """
    loaded = sys.modules.get("numpy.ma")
    return loaded is not None and isinstance(x, loaded.MaskedArray)


def _unmasked(array: np.ndarray, name: str) -> Any:
    """The numbers of a masked array that masks none."""
    hidden = int(np.ma.count_masked(array))
    if hidden:
        what = name or "x"
        raise ValueError(
            f"{name or 'this'} is a masked array of shape {array.shape} with {hidden} masked values, and "
            f"tensors have no masks: pass {what}.filled(0.0) (as data with a sample_weight of 0 where a "
            "sample is not to count), or leave those values out"
        )
    return array.data


def as_integers(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Floats as integers, cut off towards 0: those out of range as the nearest integer there is, NaN as
    0. (C, and NumPy with it, leave that to the processor.)

    >>> as_integers(np.array([1.7, -np.inf, 1e30, np.nan]), np.dtype("int8")).tolist()
    [1, -128, 127, 0]
    """
    info = np.iinfo(dtype)
    low, high = float(info.min), float(info.max // 2 + 1) * 2  # powers of two: exact in any float
    with np.errstate(all="ignore"):
        if x.dtype.itemsize == 2:
            x = x.astype(np.float32)
        out = x.astype(dtype)
        if not x.size or (low <= x.min() and x.max() < high):  # not so where there is a NaN
            return out
        out = np.where(x >= high, info.max, np.where(x <= low, info.min, out))
        return np.where(np.isnan(x), 0, out).astype(dtype)


def to_power(x: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """x^y of floats. For one exponent of 0.5 NumPy takes the root, which differs at two numbers: the power of
    -0.0 is 0.0, that of -inf is inf.

    >>> to_power(np.array([-0.0, -np.inf, 4.0]), np.array(0.5)).tolist()
    [0.0, inf, 2.0]
    """
    if y.ndim == 0 and y == 0.5:
        x = np.where(x == -np.inf, np.asarray(np.inf, x.dtype), x + np.zeros((), x.dtype))
    return np.power(x, y, out=out)


# The rounds of Threefry-2x32 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
PARITY = np.uint32(0x1BD11BDA)
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def turn(y0: np.ndarray, y1: np.ndarray, keys: Sequence[Any], scratch: np.ndarray) -> None:
    """The twenty rounds, in place in y0 and y1: counters, to which the first two keys were added."""
    word = np.uint32
    for group in range(5):
        for r in ROTATIONS[group % 2]:
            np.add(y0, y1, out=y0)
            np.left_shift(y1, word(r), out=scratch)
            np.right_shift(y1, word(32 - r), out=y1)
            np.bitwise_or(y1, scratch, out=y1)
            np.bitwise_xor(y1, y0, out=y1)
        np.add(y0, keys[(group + 1) % 3], out=y0)
        np.add(y1, keys[(group + 2) % 3], out=y1)
        np.add(y1, word(group + 1), out=y1)
