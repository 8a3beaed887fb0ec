"""`narae plan MODEL.keras`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from narae.base import trees
from narae.base.dtypes import np_dtype
from narae.base.language import tr
from narae.base.types import LossLike, Tree
from narae.saving import load_model

if TYPE_CHECKING:
    from narae.models.model import Model
    from narae.tensor.symbolic import KerasTensor


def print_plan(path: Path, step: str, batch: int, length: int | None) -> None:
    """Compile a saved model's step for zeros of the right shapes, and print what it became. length: of open axes."""
    model = load_model(path)
    x = trees.map_tree(lambda t: _zeros(t, batch, length), ends(model, "inputs"))
    if step == "predict":
        report = model.explain_plan(x)
    elif not model.compiled:
        raise ValueError(
            tr(
                "{path} was saved without compile(): it has no loss for the step {step}; `--step predict` needs none",
                path=path,
                step=step,
            )
        )
    else:
        report = _with_labels(model, x, step, labels_like(model, batch, length))
    Console().print(report)


def _with_labels(model: Model, x: Tree[np.ndarray], step: str, y: Any) -> Any:
    try:
        return model.explain_plan(x, y, step=step)
    except (ValueError, TypeError) as error:
        shapes = ", ".join(str(a.shape) for a in trees.flatten(y))
        raise ValueError(
            tr(
                "the loss takes no zeros of shape {shapes} as labels: {error}; in Python, "
                "model.explain_plan(x, y) takes labels of your own",
                shapes=shapes,
                error=error,
            )
        ) from error


def ends(model: Model, which: str) -> Any:
    found = getattr(model, which.removesuffix("s"), None)  # in their nest
    if found is None:
        raise ValueError(
            tr(
                "the model's {which} are known when it is called only; in Python, model.explain_plan(x) takes a batch",
                which=tr("inputs") if which == "inputs" else tr("outputs"),
            )
        )
    return found[0] if isinstance(found, list) and len(found) == 1 else found


def batch_shape(tensor: KerasTensor, batch: int, length: int | None) -> tuple[int, ...]:
    """The shape of a batch. length: of the axes that are open. Raises ValueError where it is missing."""
    lengths = [length if n is None else n for n in tensor.shape[1:]]
    found = [n for n in lengths if n is not None]
    if len(found) < len(lengths):
        raise ValueError(
            tr(
                "the model takes {name!r} of shape {shape}, whose length is open: say one by `--length 20`",
                name=tensor.name,
                shape=tensor.shape,
            )
        )
    return (batch, *found)


def _zeros(tensor: KerasTensor, batch: int, length: int | None) -> np.ndarray:
    return np.zeros(batch_shape(tensor, batch, length), np_dtype(tensor.dtype))


def labels_like(model: Model, batch: int, length: int | None) -> Any:
    """Zeros for each output that has a loss: classes where its loss is a sparse one, else of the
    output's shape."""
    outputs = trees.flatten(ends(model, "outputs"))
    names = list(model.output_names)
    losses = _losses(model.loss, names)
    labels = [
        _label(loss, _zeros(out, batch, length)) for loss, out in zip(losses, outputs, strict=True)
    ]
    if isinstance(model.loss, dict):
        return {n: y for n, y, loss in zip(names, labels, losses, strict=True) if loss is not None}
    return labels if len(labels) > 1 else labels[0]


def _losses(given: Tree[LossLike | None], names: list[str]) -> list[Any]:
    """What `compile` was given for each output."""
    if isinstance(given, dict):
        return [given.get(name) for name in names]
    return list(given) if isinstance(given, (list, tuple)) else [given] * len(names)


def _label(loss: LossLike | None, zeros: np.ndarray) -> np.ndarray:
    name = loss if isinstance(loss, str) else getattr(loss, "name", None) or ""
    return np.zeros(zeros.shape[:-1], np.int32) if "sparse" in name.lower() else zeros
