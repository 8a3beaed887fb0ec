"""Where a variable's numbers are: in an array of this process, and perhaps newer on a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class Store:
    """The numbers of one variable. Programs on the processor bind the array for life and write to
    it in place; programs on a device leave what they compute there, until somebody looks.

    array: what is there without a look at the device. device: the present value there, None where
    it is only in the array.
    """

    __slots__ = ("_newer", "array", "device")

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.device: Any = None
        self._newer: Callable[[Any], np.ndarray] | None = None

    def host(self) -> np.ndarray:
        """The array, with the present value in it."""
        if self._newer is not None:
            fetch, self._newer = self._newer, None
            np.copyto(self.array, fetch(self.device))
        return self.array

    def __reduce__(self) -> Any:
        return Store, (self.host(),)

    def wrote(self) -> None:
        """The array was written to: what is on the device is old."""
        self.device = self._newer = None

    def keep(self, device: Any, fetch: Callable[[Any], np.ndarray]) -> None:
        """There is a newer value on a device. fetch: makes an array of it."""
        self.device, self._newer = device, fetch
