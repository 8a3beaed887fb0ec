"""MNIST as networks take it, read once for all sessions."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass

import numpy as np

from narae.datasets import mnist

TRAINING = 50000  # of the 60,000 training images; the others are for validation
_reading = threading.Lock()


@dataclass(frozen=True)
class Digits:
    """Images (n, 784) of floats in [0, 1] with labels (n,). Nobody writes into them."""

    x: np.ndarray
    y: np.ndarray
    validation_x: np.ndarray
    validation_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


def digits() -> Digits:
    """The data; the first call reads them.

    >>> digits().x.shape, digits().validation_x.shape, digits().test_x.shape
    ((50000, 784), (2000, 784), (10000, 784))
    """
    with _reading:
        return _read()


@functools.cache
def _read() -> Digits:
    (x, y), (test_x, test_y) = mnist.load_data()
    kept = slice(TRAINING, TRAINING + 2000)
    return Digits(
        _rows(x[:TRAINING]),
        y[:TRAINING].astype(np.int32),
        _rows(x[kept]),
        y[kept].astype(np.int32),
        _rows(test_x),
        test_y.astype(np.int32),
    )


def _rows(images: np.ndarray) -> np.ndarray:
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows /= 255
    rows.flags.writeable = False
    return rows
