"""A small model, its data and its training, the same in every process."""

from __future__ import annotations

from typing import Any

import numpy as np

import narae
from narae import layers

ROWS, BATCH = 72, 16  # four batches of 16 and one of 8


def dataset() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(ROWS, 6)).astype("float32")
    return x, (x[:, 0] > 0).astype("int32")


def model_of() -> Any:
    narae.utils.set_random_seed(5)
    model = narae.Sequential(
        [
            narae.Input((6,)),
            layers.Dense(16, activation="tanh", name="hidden"),
            layers.Dropout(0.1),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def numbers(model: Any, fit: Any) -> dict[str, list[float]]:
    return fit(model).history
