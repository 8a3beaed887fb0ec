"""`narae explain MODEL.keras`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from narae.base import trees
from narae.base.language import tr, trn
from narae.base.types import Tree
from narae.cli.evaluate import fitted
from narae.cli.output import check_writable, say
from narae.cli.plan import batch_shape, ends, labels_like
from narae.datasets import mnist
from narae.inspect import explain
from narae.saving import load_model

if TYPE_CHECKING:
    from narae.models.model import Model

_SEED = 1


def print_explanation(path: Path, batch: int, length: int | None, html: Path | None) -> None:
    """Explain a saved model's step on test images of MNIST where they fit, else on random numbers."""
    if html is not None:
        check_writable(html.parent)
    model = load_model(path)
    x, digits = _inputs(model, batch, length)
    y, what = None, tr("no labels, since it was saved without compile(): forward alone")
    if model.compiled:
        y, what = _labels(labels_like(model, batch, length), model, digits)
    source = tr("random numbers") if digits is None else tr("test images of MNIST")
    say(
        trn(
            "{count} sample: {source}; {what}",
            "{count} samples: {source}; {what}",
            batch,
            source=source,
            what=what,
        )
    )
    found = _explained(model, x, y)
    if html is None:
        Console().print(found)
    else:
        found.save(html)
        say(
            trn(
                "wrote {path}: {count} step; open it in a browser",
                "wrote {path}: {count} steps; open it in a browser",
                len(found.steps),
                path=html,
            )
        )


def _explained(model: Model, x: Tree[np.ndarray], y: Tree[np.ndarray] | None) -> Any:
    try:
        return explain(model, x, y)
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError(
            tr(
                "{error}; in Python, narae.inspect.explain(model, x, y) takes data of your own",
                error=error,
            )
        ) from error


def _inputs(model: Model, batch: int, length: int | None) -> tuple[Any, np.ndarray | None]:
    """A batch, and its labels where it is of digits."""
    _, (images, labels) = mnist.load_data()
    try:
        return fitted(model, images[:batch].astype("float32") / 255), labels[:batch]
    except ValueError:
        rng = np.random.default_rng(_SEED)
        inputs = ends(model, "inputs")
        return trees.map_tree(
            lambda t: _random(t.dtype, batch_shape(t, batch, length), rng), inputs
        ), None


def _random(dtype: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal floats; 0 and 1 where the model takes integers."""
    if dtype.startswith(("int", "uint", "bool")):
        return rng.integers(0, 2, shape).astype(dtype)
    return rng.normal(size=shape).astype("float32")


def _labels(zeros: Any, model: Model, digits: np.ndarray | None) -> tuple[Any, str]:
    """The digits' labels in the form that a classifier's loss takes, else the zeros."""
    shape = getattr(model, "output_shape", None)  # the batch's length is known, or not
    classes = isinstance(zeros, np.ndarray) and isinstance(shape, tuple) and shape[1:] == (10,)
    if digits is None or not classes:
        return zeros, tr("labels of zeros")
    named = np.eye(10, dtype="float32")[digits] if zeros.ndim == 2 else digits.astype("int32")
    return named, tr("their labels")
