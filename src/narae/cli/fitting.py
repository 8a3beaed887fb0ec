"""What every training of the command line does, whatever it learns from: fit, test, judge, save, draw."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from narae import optimizers
from narae.base.language import tr
from narae.callbacks import Callback, EarlyStopping
from narae.callbacks.base import Logs
from narae.cli import card as cards
from narae.cli.job import Job
from narae.cli.output import Pictures, say
from narae.diagnose.verdict import Verdict, verdict
from narae.inspect import confusion_matrix, plot_confusion, plot_history

if TYPE_CHECKING:
    from narae.models.model import Model

_LINES = 40  # epochs that are shown each with a bar
Part = tuple[np.ndarray, np.ndarray]


@dataclass
class Learning:
    """What is learned: the model, its data in three parts, and the file it becomes.

    classes: names of the classes, None where a number is told. patience: epochs without a lower validation loss
    after which training ends, with the best weights; None: it goes on. more: draws what this kind of data has to show.
    """

    name: str
    model: Model
    train: Part
    validation: Part
    test: Part
    classes: list[str] | None
    epochs: int
    optimizer: str
    card: cards.Card | None = None
    patience: int | None = None
    more: Callable[[Pictures, np.ndarray], None] | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def measure(self) -> str:
        """The metric that people read."""
        return "mean_absolute_error" if self.classes is None else "accuracy"


def learn(job: Job, task: Learning) -> dict[str, Any]:
    """Train, test, judge, save and draw; the results by name.

    What is chosen is chosen by the validation data, which are part of the training data. The test data are looked at
    once, at the end.
    """
    model = task.model
    optimizer = optimizers.get(job.optimizer or task.optimizer)
    if job.learning_rate is not None:
        optimizer.learning_rate = job.learning_rate
    loss = "mse" if task.classes is None else "sparse_categorical_crossentropy"
    model.compile(optimizer=optimizer, loss=loss, metrics=[task.measure])
    model.summary()
    say(
        tr(
            "{train:,} samples to train on, {validation:,} to validate by, {test:,} to test with at the end",
            train=len(task.train[1]),
            validation=len(task.validation[1]),
            test=len(task.test[1]),
        )
    )
    epochs = job.epochs or task.epochs
    watching: list[Callback] = [] if task.patience is None else [_best_weights(task.patience)]
    many = epochs > _LINES
    if many:
        watching.append(_EveryTenth())
    try:
        model.fit(
            *task.train,
            epochs=epochs,
            batch_size=job.batch_size,
            validation_data=task.validation,
            callbacks=watching,
            verbose=0 if many else "auto",
        )
    except KeyboardInterrupt:
        say("\n" + tr("stopped: what was learned so far is tested and saved"))
    return _finish(job, task)


class _EveryTenth(Callback):
    """A line for every tenth epoch: hundreds of short ones would scroll everything else away."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Say where training is."""
        logs = logs or {}
        if (epoch + 1) % 10 == 0:
            say(
                tr(
                    "epoch {epoch}: loss {loss:.4f}, validation loss {validation:.4f}",
                    epoch=epoch + 1,
                    loss=logs["loss"],
                    validation=logs["val_loss"],
                )
            )


def _best_weights(patience: int) -> EarlyStopping:
    return EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)


def _finish(job: Job, task: Learning) -> dict[str, Any]:
    model, measure = task.model, task.measure
    loss, tested = model.evaluate(*task.test, verbose=0)
    curves = model.history.history
    said = f"val_{measure}"
    if curves.get(said):
        say(
            tr(
                "{measure}: training {train:.4f}, validation {validation:.4f}",
                measure=measure_name(measure),
                train=curves[measure][-1],
                validation=curves[said][-1],
            )
        )
    say(tr("test loss     {loss:.4f}", loss=loss))
    say(tr("test {measure} {value:.4f}", measure=measure_name(measure), value=tested))
    judged = verdict_of(task, curves)
    if judged.text:
        say(judged.text)
    saved = saved_model(model, job.out / f"{task.name}.keras", task.card)
    pictures = Pictures(job.out, job.plot)
    guesses = model.predict(task.test[0], batch_size=1024, verbose=0)
    _draw(task, pictures, guesses, curves)
    say(tr("saved {path}", path=saved))
    pictures.report()
    return {
        "model": str(saved),
        "epochs": len(curves.get("loss", ())),
        "samples": {
            "train": len(task.train[1]),
            "validation": len(task.validation[1]),
            "test": len(task.test[1]),
        },
        "history": curves,
        "test": {"loss": float(loss), measure: float(tested)},
        "classes": task.classes,
        "verdict": judged.kind,
        "pictures": [str(path) for path in pictures.written],
        **task.facts,
    }


def verdict_of(task: Learning, curves: dict[str, Any]) -> Verdict:
    """How it went, beside the simplest answer: always the commonest class, or the middle value."""
    labels = task.train[1]
    if task.classes is not None:
        simplest = float(np.bincount(labels).max() / len(labels))
    else:
        simplest = float(np.abs(labels - np.median(labels)).mean())
    return verdict(curves, task.measure, simplest)


def measure_name(measure: str) -> str:
    """A metric's name for people."""
    return tr("accuracy") if measure == "accuracy" else tr("mean absolute error")


def _draw(task: Learning, pictures: Pictures, guesses: np.ndarray, curves: dict[str, Any]) -> None:
    if curves.get("loss"):
        pictures.draw("curves.png", lambda path: plot_history(curves, path))
    if task.classes is not None:
        matrix = confusion_matrix(task.test[1], guesses, len(task.classes))
        pictures.draw("confusion.png", lambda path: plot_confusion(matrix, path, task.classes))
    if task.more is not None:
        task.more(pictures, guesses)


def saved_model(model: Model, wanted: Path, card: cards.Card | None) -> Path:
    """Save a trained model; where the disk is full by now, into the folder for temporary files."""
    try:
        cards.write(model, wanted, card)
    except OSError as error:
        kept = Path(tempfile.mkdtemp(prefix="narae-")) / wanted.name
        cards.write(model, kept, card)
        say(
            tr(
                "{path} could not be written ({reason}): the model is in {kept}",
                path=wanted,
                reason=error.strerror or error,
                kept=kept,
            )
        )
        return kept
    return wanted
