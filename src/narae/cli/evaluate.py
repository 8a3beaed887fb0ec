"""`narae evaluate MODEL.keras mnist`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base.language import tr, trn
from narae.cli.output import Pictures, bar, say
from narae.cli.train import draw_digits
from narae.datasets import mnist
from narae.inspect import confusion_matrix, plot_confusion
from narae.saving import load_model

if TYPE_CHECKING:
    from narae.models.model import Model


def fitted(model: Model, images: np.ndarray) -> np.ndarray:
    """Images (n, 28, 28) in [0, 1] in the shape that a model takes. Raises ValueError when none fits."""
    shape = getattr(model, "input_shape", None)
    if isinstance(shape, tuple) and None not in shape[1:] and int(np.prod(shape[1:])) == 28 * 28:
        return images.reshape(len(images), *shape[1:])
    raise ValueError(
        tr("the model takes inputs of shape {shape}, which 28 x 28 digits do not fit", shape=shape)
    )


def load_classifier(path: Path) -> Any:
    """A model of ten classes. Raises ValueError for another one."""
    model = load_model(path)
    shape = getattr(model, "output_shape", None)
    if not (isinstance(shape, tuple) and len(shape) == 2 and shape[1] == 10):
        raise ValueError(
            tr(
                "{path} gives outputs of shape {shape}; a classifier of digits gives (None, 10)",
                path=path,
                shape=shape,
            )
        )
    return model


def class_probabilities(model: Model, images: np.ndarray) -> np.ndarray:
    """What a model makes of images (n, 28, 28) in [0, 1]: rows of ten that sum to 1.

    A model trained with from_logits=True gives no probabilities: its softmax is taken here.
    """
    out = np.asarray(model.predict(fitted(model, images), batch_size=1024, verbose=0))
    if np.all(out >= 0) and np.allclose(out.sum(axis=1), 1, atol=1e-3):
        return out
    powers = np.exp(out - out.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def evaluate_mnist(path: Path, out: Path, plot: bool) -> None:
    """Test a saved model on MNIST's test images; print and draw the results."""
    pictures = Pictures(out, plot)
    model = load_classifier(path)
    _, (images, labels) = mnist.load_data()
    probabilities = class_probabilities(model, images.astype("float32") / 255)
    guesses = probabilities.argmax(axis=1)
    # the loss by its definition, so that a model that was never compiled can be tested too
    picked = np.clip(probabilities[np.arange(len(labels)), labels], 1e-7, 1)
    say(tr("test loss     {loss:.4f}", loss=-np.log(picked).mean()))
    say(tr("test {measure} {value:.4f}", measure=tr("accuracy"), value=(guesses == labels).mean()))
    matrix = confusion_matrix(labels, probabilities, 10)
    say("")
    say(tr("digit  right          most often taken for"))
    for digit, row in enumerate(matrix):
        share = row[digit] / max(row.sum(), 1)
        others = row.copy()
        others[digit] = 0
        other = int(others.argmax())
        taken = (
            trn(
                "{other} ({count} time)", "{other} ({count} times)", int(others[other]), other=other
            )
            if others[other]
            else "-"
        )
        say(f"{digit}      {share:7.2%} {bar((share - 0.9) * 10, 5)}  {taken}")
    wrong = np.flatnonzero(guesses != labels)
    say("")
    say(tr("{wrong} of {count:,} wrong; the surest mistakes:", wrong=len(wrong), count=len(labels)))
    for i in wrong[np.argsort(-probabilities[wrong, guesses[wrong]])][:5]:
        say(
            "  "
            + tr(
                "test image {number}: {guess} with {share:.1%}, it is a {label}",
                number=i,
                guess=guesses[i],
                share=probabilities[i].max(),
                label=labels[i],
            )
        )
    pictures.draw("confusion.png", lambda target: plot_confusion(matrix, target))
    pictures.draw("digits.png", lambda target: draw_digits(images, labels, probabilities, target))
    pictures.report()
