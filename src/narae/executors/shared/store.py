"""Where a variable's numbers are: in an array of this process, and perhaps newer on a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Fetch = Callable[[Any], np.ndarray]


class Store:
    """The numbers of one variable. Programs on the processor bind the array for life and write to
    it in place; programs on a device leave what they compute there, until somebody looks.

    array: what is there without a look at the device.
    """

    __slots__ = ("_there", "array")

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        # What is on a device, and what makes an array of it where the array here is older. In one:
        # Ctrl-C may come between any two assignments.
        self._there: tuple[Any, Fetch | None] = (None, None)

    @property
    def device(self) -> Any:
        """The present value on a device, None where there is none."""
        return self._there[0]

    @device.setter
    def device(self, value: Any) -> None:
        self._there = (value, None)

    def host(self) -> np.ndarray:
        """The array, with the present value in it."""
        device, fetch = self._there
        if fetch is not None:
            np.copyto(self.array, fetch(device))
            self._there = (device, None)
        return self.array

    def __reduce__(self) -> Any:
        return Store, (self.host(),)

    def write(self, value: np.ndarray) -> None:
        """Put another value in."""
        if self._there[1] is None:
            self._there = (None, None)
        np.copyto(self.array, value)  # what is newer on a device counts up to here
        self._there = (None, None)

    def wrote(self) -> None:
        """The array was written to: what is on the device is old."""
        self._there = (None, None)

    def keep(self, device: Any, fetch: Fetch) -> None:
        """There is a newer value on a device. fetch: makes an array of it."""
        self._there = (device, fetch)
