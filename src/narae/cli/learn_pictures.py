"""A small convolutional network on a folder of pictures, one folder within it for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import narae
from narae import layers
from narae.base.language import tr
from narae.base.names import printable
from narae.cli import card as cards
from narae.cli import pictures
from narae.cli.fitting import Learning
from narae.cli.job import Asked, Job
from narae.cli.output import Pictures, say


def pictures_task(folder: Path, name: str, job: Job, asked: Asked) -> Learning:
    """A small convolutional network on a folder of pictures."""
    whole, aside, classes = pictures.read(folder, asked.size, asked.grey)
    say(
        tr(
            "pictures of {count} classes: {classes}",
            count=len(classes),
            classes=", ".join(pictures.describe(classes, whole.labels)),
        )
    )
    rng = np.random.default_rng(job.seed)
    images, labels, files = whole.images, whole.labels, whole.files
    if aside is None:
        rest, tested = pictures.split(labels, job.test, rng)
        test, test_files = (images[tested], labels[tested]), [files[i] for i in tested]
        images, labels = images[rest], labels[rest]
    else:
        test, test_files = (aside.images, aside.labels), aside.files
    kept, held = pictures.split(labels, job.validation, rng)
    form = pictures.Form(asked.size, images.shape[-1])

    def more(drawn: Pictures, guesses: np.ndarray) -> None:
        _surest_mistakes(guesses, test[1], test_files, classes)

    return Learning(
        name=name,
        model=picture_network(form, len(classes), job.units or 64),
        train=(images[kept], labels[kept]),
        validation=(images[held], labels[held]),
        test=test,
        classes=classes,
        epochs=20,
        optimizer="adam",
        patience=8,
        card={
            "kind": cards.PICTURES,
            "classes": classes,
            "side": form.side,
            "channels": form.channels,
        },
        more=more,
    )


def picture_network(form: pictures.Form, classes: int, units: int) -> narae.Sequential:
    """Two rounds of convolution and pooling, a hidden layer, the classes. It scales bytes itself."""
    return narae.Sequential(
        [
            narae.Input((form.side, form.side, form.channels)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(units, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def _surest_mistakes(
    guesses: np.ndarray, labels: np.ndarray, files: Sequence[Path], classes: Sequence[str]
) -> None:
    found = guesses.argmax(axis=1)
    wrong = np.flatnonzero(found != labels)
    if len(wrong):
        say(tr("the surest mistakes:"))
    for i in wrong[np.argsort(-guesses[wrong, found[wrong]])][:5]:
        say(
            "  "
            + tr(
                "{file}: {guess} with {share:.1%}, it is {label}",
                file=printable(str(files[i])),
                guess=printable(classes[int(found[i])]),
                share=float(guesses[i, found[i]]),
                label=printable(classes[int(labels[i])]),
            )
        )
