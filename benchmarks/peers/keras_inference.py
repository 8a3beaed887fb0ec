"""Networks that answer, in Keras's code: narae's ways of asking them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import common
import inference
import numpy as np


def tasks(keras: Any, models: dict[str, Callable[[], Any]]) -> dict[str, common.Task]:
    """By the names of rows. models: makes each row's network."""

    def task(row: str) -> common.Task:
        return lambda: inference.timed(row, ways(keras, models[row](), row))

    return {row: task(row) for row in models}


def ways(keras: Any, model: Any, row: str) -> dict[str, Callable[[Any], Any]]:
    """All ways of asking a model, from NumPy to NumPy."""
    model.predict_on_batch(
        inference.NETWORKS[row].samples(1)
    )  # some are built when they are called
    found = {
        "call": lambda x: np.asarray(model(x)),
        "on batch": model.predict_on_batch,
        "predict": lambda x: model.predict(x, batch_size=len(x), verbose=0),
    }
    if hasattr(keras, "compile_inference"):
        found["frozen"] = keras.compile_inference(model)
    return found
