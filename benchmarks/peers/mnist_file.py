"""MNIST for the classic script on Keras: from a file of Keras's own format, so nothing is downloaded."""

from __future__ import annotations

import os
from typing import Any

import numpy as np


def load_data() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """(images, labels) to train and to test, as keras.datasets.mnist gives them."""
    with np.load(os.path.join(os.environ["BENCH_DATA"], "mnist.npz")) as file:
        return (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])
