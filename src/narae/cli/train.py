"""`narae train mnist`."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import narae
from narae import layers, optimizers, utils
from narae.base.files import PathLike
from narae.cli.output import Pictures, check_writable, say
from narae.datasets import mnist
from narae.inspect import (
    confusion_matrix,
    overfitting_sentence,
    plot_confusion,
    plot_history,
    plot_samples,
)

if TYPE_CHECKING:
    from narae.models.model import Model


@dataclass(frozen=True)
class Job:
    """The flags of `train`."""

    epochs: int
    batch_size: int
    units: int
    optimizer: str
    learning_rate: float | None
    seed: int
    out: Path
    plot: bool


def as_inputs(images: np.ndarray) -> np.ndarray:
    """Images (n, 28, 28) of bytes as rows (n, 784) of floats in [0, 1]."""
    rows = images.reshape(len(images), -1).astype("float32")
    rows /= 255  # in place: the training rows are 188 MB
    return rows


def train_mnist(job: Job) -> None:
    """Train, test, save and draw."""
    check_writable(job.out)
    utils.set_random_seed(job.seed)
    (train_images, train_labels), (test_images, test_labels) = mnist.load_data()
    model = narae.Sequential(
        [
            narae.Input((784,)),
            layers.Dense(job.units, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    optimizer = optimizers.get(job.optimizer)
    if job.learning_rate is not None:
        optimizer.learning_rate = job.learning_rate
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    inputs, tests = as_inputs(train_images), as_inputs(test_images)
    del train_images
    try:
        # The test images are only looked at here: nothing is chosen by them.
        model.fit(
            inputs,
            train_labels,
            epochs=job.epochs,
            batch_size=job.batch_size,
            validation_data=(tests, test_labels),
        )
    except KeyboardInterrupt:
        say("\nstopped: what was learned so far is tested and saved")
    del inputs
    _finish(job, model, tests, test_images, test_labels)


def _finish(
    job: Job, model: Model, tests: np.ndarray, images: np.ndarray, labels: np.ndarray
) -> None:
    loss, accuracy = model.evaluate(tests, labels, verbose=0)
    say(f"test loss     {loss:.4f}")
    say(f"test accuracy {accuracy:.4f}")
    curves = model.history.history
    if curves.get("accuracy"):
        trained = curves["accuracy"][-1]
        say(f"training accuracy {trained:.4f}, gap {100 * (trained - accuracy):+.1f} points")
        say(overfitting_sentence(trained, accuracy))
    saved = _saved(model, job.out / "mnist.keras")
    pictures = Pictures(job.out, job.plot)
    probabilities = model.predict(tests, batch_size=1024, verbose=0)
    if curves.get("loss"):
        pictures.draw("curves.png", lambda path: plot_history(curves, path))
    pictures.draw("digits.png", lambda path: draw_digits(images, labels, probabilities, path))
    matrix = confusion_matrix(labels, probabilities, 10)
    pictures.draw("confusion.png", lambda path: plot_confusion(matrix, path))
    say(f"saved {saved}")
    pictures.report()


def _saved(model: Model, wanted: Path) -> Path:
    """Save a trained model; where the disk is full by now, into the folder for temporary files."""
    try:
        model.save(wanted)
    except OSError as error:
        kept = Path(tempfile.mkdtemp(prefix="narae-")) / wanted.name
        model.save(kept)
        say(f"{wanted} could not be written ({error.strerror or error}): the model is in {kept}")
        return kept
    return wanted


def draw_digits(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, path: PathLike
) -> None:
    """Fifteen test digits, then the five surest mistakes."""
    guesses = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    surest = wrong[np.argsort(-probabilities[wrong, guesses[wrong]])][:5]
    shown = np.concatenate([np.arange(20 - len(surest)), surest])
    plot_samples(images[shown], probabilities[shown], labels[shown], path)
