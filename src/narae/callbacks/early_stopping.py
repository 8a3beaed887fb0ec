"""EarlyStopping: end training when a metric no longer improves."""

from __future__ import annotations

from typing import Any

from narae.callbacks.base import Logs
from narae.callbacks.monitor import Monitor
from narae.utils.progbar import emit


class EarlyStopping(Monitor):
    """Ends `fit` when `monitor` has not improved for `patience` epochs.

    Args:
        monitor: the metric that is watched, by its name in the logs.
        min_delta: the least change that counts as one.
        patience: epochs without improvement before training ends.
        verbose: 1 says why training ended.
        mode: "min" when less is better, "max" when more is; "auto" tells by the metric.
        baseline: a value that has to be beaten as well; None for none.
        restore_best_weights: whether the model goes back to the weights of its best epoch at the end.
        start_from_epoch: epochs before watching begins.

    Raises:
        ValueError: mode is not known.

    >>> stop = EarlyStopping(monitor="loss", patience=2)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._forget()

    def _forget(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self._forget()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look at the metric."""
        self._set_monitor_op()
        value = self.get_monitor_value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)  # even when nothing ever improves (NaN) there is something to restore
        self.wait += 1
        if self._is_improvement(value, self.best):
            self.best = value
            self._keep(epoch)
            if self.baseline is None or self._is_improvement(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def get_monitor_value(self, logs: Logs | None) -> Any:
        """The value that is watched; None, with a warning, when the logs have none."""
        return self.watched(logs, "Early stopping conditioned on")

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restore the best weights."""
        if self.stopped_epoch and self.verbose:
            emit(f"Epoch {self.stopped_epoch + 1}: early stopping\n")
        if self.best_weights is not None:
            if self.verbose:
                emit(
                    "Restoring model weights from the end of the best epoch: "
                    f"{self.best_epoch + 1}.\n"
                )
            self.model.set_weights(self.best_weights)
