"""`narae train mnist`, `narae train FOLDER`, `narae train FILE.csv`."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import narae
from narae import layers, utils
from narae.base.files import PathLike
from narae.base.language import tr
from narae.cli import card as cards
from narae.cli.fitting import Learning, learn
from narae.cli.job import Asked, Job
from narae.cli.learn_pictures import pictures_task
from narae.cli.learn_table import table_task
from narae.cli.output import Pictures, check_writable
from narae.datasets import mnist
from narae.inspect import plot_samples

_MNIST = "mnist"


def train(what: str, job: Job, asked: Asked, as_json: bool = False) -> None:
    """Train on a data set, a folder of pictures or a table, and say what came of it."""
    path = Path(what)
    kind = _kind(what, path)
    name = _MNIST if kind == _MNIST else (path.resolve().stem or "model")
    check_writable(job.out, f"{name}.keras")
    _check_flags(kind, asked)
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        utils.set_random_seed(job.seed)
        if kind == _MNIST:
            task = mnist_task(job)
        elif kind == cards.PICTURES:
            task = pictures_task(path, name, job, asked)
        else:
            task = table_task(path, name, job, asked)
        results = learn(job, task)
    if as_json:
        print(json.dumps(results, ensure_ascii=False))


def train_mnist(job: Job) -> dict[str, Any]:
    """Train, test, save and draw, on MNIST."""
    check_writable(job.out, f"{_MNIST}.keras")
    utils.set_random_seed(job.seed)
    return learn(job, mnist_task(job))


def _kind(what: str, path: Path) -> str:
    if what == _MNIST:
        return _MNIST
    if path.is_dir():
        return cards.PICTURES
    if path.is_file():
        if path.suffix.lower() in (".csv", ".tsv", ".txt"):
            return cards.TABLE
        raise ValueError(
            tr(
                "{path} is no table that can be read: a CSV file is expected, or a folder of pictures",
                path=path,
            )
        )
    raise FileNotFoundError(
        tr(
            "there is no data set, folder or file {what}: `mnist`, a folder of pictures or a CSV file is expected",
            what=what,
        )
    )


def _check_flags(kind: str, asked: Asked) -> None:
    """Raise ValueError for flags that say nothing of this kind of data."""
    if kind != cards.TABLE and (asked.target or asked.task or asked.ignore):
        raise ValueError(tr("--target, --task and --ignore are for tables (FILE.csv)"))
    if kind == cards.TABLE and not asked.target:
        raise ValueError(
            tr("which column is to be told? Say it by --target COLUMN, one of the table's header")
        )


# -- digits ------------------------------------------------------------------------------------------


def as_inputs(images: np.ndarray) -> np.ndarray:
    """Images (n, 28, 28) of bytes as rows (n, 784) of floats in [0, 1]."""
    rows = images.reshape(len(images), -1).astype("float32")
    rows /= 255  # in place: the training rows are 188 MB
    return rows


def mnist_task(job: Job) -> Learning:
    """The first network of every course, on MNIST; the last part of its training images validates."""
    (images, labels), (test_images, test_labels) = mnist.load_data()
    inputs, tests = as_inputs(images), as_inputs(test_images)
    kept = len(inputs) - max(1, round(job.validation * len(inputs)))
    model = narae.Sequential(
        [
            narae.Input((784,)),
            layers.Dense(job.units or 512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )

    def more(drawn: Pictures, guesses: np.ndarray) -> None:
        drawn.draw("digits.png", lambda path: draw_digits(test_images, test_labels, guesses, path))

    return Learning(
        name=_MNIST,
        model=model,
        train=(inputs[:kept], labels[:kept]),
        validation=(inputs[kept:], labels[kept:]),
        test=(tests, test_labels),
        classes=[str(digit) for digit in range(10)],
        epochs=5,
        optimizer="rmsprop",
        more=more,
    )


def draw_digits(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, path: PathLike
) -> None:
    """Fifteen test digits, then the five surest mistakes."""
    guesses = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    surest = wrong[np.argsort(-probabilities[wrong, guesses[wrong]])][:5]
    shown = np.concatenate([np.arange(20 - len(surest)), surest])
    plot_samples(images[shown], probabilities[shown], labels[shown], path)
