"""`narae explain MODEL.keras`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from narae.base import trees
from narae.base.types import Tree
from narae.cli.evaluate import fitted
from narae.cli.output import check_writable, say
from narae.cli.plan import ends, labels_like
from narae.datasets import mnist
from narae.inspect import explain
from narae.saving import load_model

if TYPE_CHECKING:
    from narae.models.model import Model
    from narae.tensor.symbolic import KerasTensor

_SEED = 1


def print_explanation(path: Path, batch: int, html: Path | None) -> None:
    """Explain a saved model's step on test images of MNIST where they fit, else on random numbers."""
    if html is not None:
        check_writable(html.parent)
    model = load_model(path)
    x, digits = _inputs(model, batch)
    y, what = None, "no labels, since it was saved without compile(): forward alone"
    if model.compiled:
        y, what = _labels(model, batch, digits)
    source = "random numbers" if digits is None else "test images of MNIST"
    say(f"{batch} samples: {source}; {what}")
    found = _explained(model, x, y)
    if html is None:
        Console().print(found)
    else:
        found.save(html)
        say(f"wrote {html}: {len(found.steps)} steps; open it in a browser")


def _explained(model: Model, x: Tree[np.ndarray], y: Tree[np.ndarray] | None) -> Any:
    try:
        return explain(model, x, y)
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError(
            f"{error}; in Python, narae.inspect.explain(model, x, y) takes data of your own"
        ) from error


def _inputs(model: Model, batch: int) -> tuple[Any, np.ndarray | None]:
    """A batch, and its labels where it is of digits."""
    _, (images, labels) = mnist.load_data()
    try:
        return fitted(model, images[:batch].astype("float32") / 255), labels[:batch]
    except ValueError:
        rng = np.random.default_rng(_SEED)
        return trees.map_tree(lambda t: _random(t, batch, rng), ends(model, "inputs")), None


def _random(tensor: KerasTensor, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Normal floats; 0 and 1 where the model takes integers."""
    if None in tensor.shape[1:]:
        raise ValueError(
            f"the model takes {tensor.name!r} of shape {tensor.shape}, whose length is open; in Python, "
            "narae.inspect.explain(model, x, y) takes a batch with a length"
        )
    shape = (batch, *(n for n in tensor.shape[1:] if n is not None))
    if tensor.dtype.startswith(("int", "uint", "bool")):
        return rng.integers(0, 2, shape).astype(tensor.dtype)
    return rng.normal(size=shape).astype("float32")


def _labels(model: Model, batch: int, digits: np.ndarray | None) -> tuple[Any, str]:
    """The digits' labels in the form that a classifier's loss takes, else zeros."""
    zeros = labels_like(model, batch)
    shape = getattr(model, "output_shape", None)  # the batch's length is known, or not
    classes = isinstance(zeros, np.ndarray) and isinstance(shape, tuple) and shape[1:] == (10,)
    if digits is None or not classes:
        return zeros, "labels of zeros"
    named = np.eye(10, dtype="float32")[digits] if zeros.ndim == 2 else digits.astype("int32")
    return named, "their labels"
