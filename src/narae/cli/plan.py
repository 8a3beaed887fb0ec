"""`narae plan MODEL.keras`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from narae.base import trees
from narae.base.dtypes import np_dtype
from narae.saving import load_model


def print_plan(path: Path, step: str, batch: int) -> None:
    """Compile a saved model's step for zeros of the right shapes, and print what it became."""
    model = load_model(path)
    x = trees.map_tree(lambda t: _zeros(t, batch), ends(model, "inputs"))
    if step == "predict":
        report = model.explain_plan(x)
    elif not model.compiled:
        raise ValueError(
            f"{path} was saved without compile(): it has no loss to {step} with; `--step predict` needs none"
        )
    else:
        report = _with_labels(model, x, step, batch)
    Console().print(report)


def _with_labels(model: Any, x: Any, step: str, batch: int) -> Any:
    y = labels_like(model, batch)
    try:
        return model.explain_plan(x, y, step=step)
    except (ValueError, TypeError) as error:
        shapes = ", ".join(str(a.shape) for a in trees.flatten(y))
        raise ValueError(
            f"the loss takes no zeros of shape {shapes} as labels: {error}; in Python, "
            "model.explain_plan(x, y) takes labels of your own"
        ) from error


def ends(model: Any, which: str) -> Any:
    found = getattr(model, which.removesuffix("s"), None)  # in their nest
    if found is None:
        raise ValueError(
            f"the model's {which} are known when it is called only; in Python, model.explain_plan(x) takes a batch"
        )
    return found[0] if isinstance(found, list) and len(found) == 1 else found


def _zeros(tensor: Any, batch: int) -> np.ndarray:
    if None in tensor.shape[1:]:
        raise ValueError(
            f"the model takes {tensor.name!r} of shape {tensor.shape}, whose length is open; in Python, "
            "model.explain_plan(x) takes a batch with a length"
        )
    return np.zeros((batch, *tensor.shape[1:]), np_dtype(tensor.dtype))


def labels_like(model: Any, batch: int) -> Any:
    """Zeros for each output that has a loss: classes where its loss is a sparse one, else of the
    output's shape."""
    outputs = trees.flatten(ends(model, "outputs"))
    names = list(model.output_names)
    losses = _losses(model.loss, names)
    labels = [_label(loss, out, batch) for loss, out in zip(losses, outputs, strict=True)]
    if isinstance(model.loss, dict):
        return {n: y for n, y, loss in zip(names, labels, losses, strict=True) if loss is not None}
    return labels if len(labels) > 1 else labels[0]


def _losses(given: Any, names: list[str]) -> list[Any]:
    """What `compile` was given for each output."""
    if isinstance(given, dict):
        return [given.get(name) for name in names]
    return list(given) if isinstance(given, (list, tuple)) else [given] * len(names)


def _label(loss: Any, output: Any, batch: int) -> np.ndarray:
    zeros = _zeros(output, batch)
    name = loss if isinstance(loss, str) else getattr(loss, "name", None) or ""
    return np.zeros(zeros.shape[:-1], np.int32) if "sparse" in name.lower() else zeros
