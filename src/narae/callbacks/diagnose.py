"""Diagnose: say what is wrong with a training, by its evidence, and what usually helps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from narae.base import trees
from narae.base.language import tr
from narae.callbacks.base import Callback, Logs
from narae.diagnose.data import Finding, misfit, unknown_inputs, unscaled
from narae.diagnose.rates import SYMPTOM as TOO_HIGH
from narae.diagnose.rates import constant_loss, too_high
from narae.diagnose.training import (
    dead_units,
    exploding,
    not_a_number,
    overfitting,
    stuck,
    vanishing,
)
from narae.losses.base import ending_of, ends
from narae.utils.progbar import emit


class Diagnose(Callback):
    """Names what is wrong while a model trains: the symptom, the evidence, the usual mends.

    Before training it looks at a batch: data that was not scaled or is NaN, labels or a last layer
    that do not fit the loss. Then, and after each epoch, it puts that batch (of at most 256 samples) through the
    training step without changing the model: exploding or vanishing gradients, dead units. From the
    logs: a loss that is NaN, a learning rate that is too high (the loss jumps, or stays above what always the same
    answer would give), a loss that does not move in `patience` epochs, or overfitting for as many.
    Each symptom is told once. A healthy training says nothing.

    `findings` are all that was found, with `symptom`, `evidence`, `mends` and `epoch`. A model that runs
    eagerly is judged by its data and logs alone. Keras has no such callback.

    Args:
        patience: epochs after which a loss that does not move, or overfitting, is named.
        verbose: 1 prints each finding, 0 keeps silent.

    Raises:
        ValueError: patience is less than 1.

    >>> import numpy as np, narae
    >>> model = narae.Sequential([narae.Input((2,)), narae.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> doctor = Diagnose(verbose=0)
    >>> x = np.array([[0.0, 900.0], [1.0, 300.0]])
    >>> _ = model.fit(x, x[:, :1], verbose=0, callbacks=[doctor])
    >>> doctor.findings[0].symptom
    'data that was not scaled'
    """

    def __init__(self, patience: int = 3, verbose: int = 1) -> None:
        super().__init__()
        if patience < 1:
            raise ValueError(
                tr(
                    "patience is a number of epochs of at least 1, got {patience!r}",
                    patience=patience,
                )
            )
        self.patience, self.verbose = patience, verbose
        self.findings: list[Finding] = []
        self._waiting: list[Finding] = []  # to be told when no progress bar is on the line
        self._losses: list[float] = []
        self._validation: list[float] = []
        self._data: Any = None
        self._probe: Any = None
        self._constant: float | None = None  # the loss of always the same answer
        self._bounded = False  # whether networks begin near it
        self._unsound: tuple[str, str] | None = None  # the first operation that gave NaN

    def on_data(self, peek: Callable[[], Any]) -> None:
        """Look at a batch before anything is built: labels that do not fit may end the fit."""
        self.findings, self._waiting, self._losses, self._validation = [], [], [], []
        self._data, self._probe, self._unsound = peek(), None, None
        self._constant = None
        x, y = ([np.asarray(a) for a in trees.flatten(t) if a is not None] for t in self._data[:2])
        layers = list(getattr(self.model, "layers", ()))
        self._note(0, unknown_inputs([*x, *y]))
        self._note(0, unscaled(x, type(layers[0]).__name__ if layers else ""))
        ending = ending_of(self.model)
        if ending is not None and len(y) == 1:
            self._constant = constant_loss(y[0], ending.loss)
            self._bounded = ending.loss.endswith("crossentropy")
            self._note(0, misfit(y[0], ending, ends(ending)))
            self.model._compile_state.looked_at_ending = True  # `fit` need not say it too
        self._tell()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Look at gradients and units as they are at the start."""
        if self._data is not None and not self.model.run_eagerly:
            self._probe = self.model._probe(self._data)
            self._look(0)
            self._tell()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Tell what the epoch before has shown."""
        self._tell()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Tell what is left to be told."""
        self._tell()
        self._probe = self._data = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look at the curves, then at gradients and units."""
        logs = logs or {}
        self._look(epoch + 1)
        if "loss" in logs:
            self._losses.append(float(logs["loss"]))
            self._note(epoch + 1, [not_a_number(self._losses[-1], self._unsound)])
        if "val_loss" in logs:
            self._validation.append(float(logs["val_loss"]))
        known = {finding.symptom for finding in self.findings}
        scaled = "data that was not scaled" not in known
        self._note(epoch + 1, [too_high(self._losses, self._constant, self._bounded, scaled)])
        if TOO_HIGH not in {finding.symptom for finding in self.findings}:
            self._note(epoch + 1, [stuck(self._losses, self.patience + 1)])
        self._note(epoch + 1, [overfitting(self._losses, self._validation, self.patience)])

    def _look(self, epoch: int) -> None:
        """Put the batch through the step."""
        if self._probe is None:
            return
        try:
            health = self._probe.look()
        except IndexError:  # a label out of range, which fit's own check is about to tell
            return
        if health.weights:
            self._note(epoch, [exploding(health.weights), vanishing(health.weights)])
        self._note(epoch, dead_units(health.dead, health.samples))
        # later on all that follows is no number either
        self._unsound = self._unsound or health.unsound

    def _note(self, epoch: int, found: Iterable[Finding | None]) -> None:
        for finding in found:
            known = {f.symptom for f in self.findings}
            if finding is not None and finding.symptom not in known:
                self.findings.append(replace(finding, epoch=epoch))
                self._waiting.append(self.findings[-1])

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self.verbose:
            for finding in waiting:
                emit(f"{finding}\n")
