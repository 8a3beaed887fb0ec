"""The door through which arrays from outside come in."""

from __future__ import annotations

from typing import Any

import numpy as np


def native(array: np.ndarray, name: str = "") -> np.ndarray:
    """An array as machine code reads it: of this machine's byte order, aligned, an ndarray itself and
    not of a subclass. Everything else about its layout may stay as it is.

    name: what error messages call it. Raises ValueError for a masked array that masks something: the mask
    would be lost.

    >>> native(np.array([1, 2], ">i2")).dtype
    dtype('int16')
    """
    if type(array) is not np.ndarray:
        if isinstance(array, np.ma.MaskedArray):
            array = _unmasked(array, name)
        array = np.asarray(array)
    if array.dtype.isnative and array.flags.aligned:
        return array
    return array.astype(array.dtype.newbyteorder("="), order="K")


def _unmasked(array: Any, name: str) -> Any:
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
