"""ModelCheckpoint: keep the model, or its weights, while it trains."""

from __future__ import annotations

import os
from pathlib import Path

from narae.base.files import PathLike
from narae.callbacks.base import Logs
from narae.callbacks.folders import writable_folder
from narae.callbacks.monitor import Monitor
from narae.utils.progbar import emit


class ModelCheckpoint(Monitor):
    """Saves the model (`.keras`) or its weights (`.weights.h5`) after each epoch, or every
    `save_freq` batches.

    Args:
        filepath: the file; its folder is made, and tried before training begins. It may hold {epoch}, {batch} and
            names of metrics: "{epoch:02d}-{val_loss:.2f}.keras".
        monitor: the metric that is watched for the best, by its name in the logs.
        verbose: 1 says when something is saved.
        save_best_only: whether only what improved on all before is saved.
        save_weights_only: whether the weights alone are saved, to a name with the ending `.weights.h5`.
        mode: "min" when less is better, "max" when more is; "auto" tells by the metric.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: what the first has to improve on; None for nothing.

    Raises:
        ValueError: the name has another ending, or mode or save_freq is not known.
        KeyError: the name asks for what the logs do not have, when it is saved.
        OSError: the folder cannot be written to.

    >>> keep = ModelCheckpoint("best.keras", save_best_only=True)
    """

    def __init__(
        self,
        filepath: PathLike,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose, self.save_best_only = verbose, save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq, self.best = check_save_freq(save_freq), initial_value_threshold
        self._check_ending()
        self._epoch = self._since = 0
        self._batch = -1

    def _check_ending(self) -> None:
        if self.save_weights_only:
            if not self.filepath.endswith(".weights.h5"):
                raise ValueError(
                    "When using `save_weights_only=True` in `ModelCheckpoint`, the filepath must "
                    "end in "
                    f"`.weights.h5`. Received: filepath={self.filepath}"
                )
        elif not self.filepath.endswith((".keras", ".h5")):
            raise ValueError(
                "The filepath of `ModelCheckpoint` must end in `.keras`, or in `.h5` for the format of older "
                "Keras (weights alone: save_weights_only=True and `.weights.h5`). Received: "
                f"filepath={self.filepath}"
            )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Try the folder."""
        folder = os.path.dirname(self.filepath)
        if "{" not in folder:
            writable_folder(folder or ".", "ModelCheckpoint")
        if Path(self.filepath).is_dir():
            raise IsADirectoryError(f"ModelCheckpoint writes a file, {self.filepath} is a folder")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note which epoch it is."""
        self._epoch, self._batch = epoch, -1

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save when enough batches were seen."""
        if self.save_freq == "epoch":
            return
        self._since += batch - self._batch
        self._batch = batch
        if self._since >= int(self.save_freq):
            self._since = 0
            self._save(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save after the epoch."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self._path(epoch, batch, logs)
        if self.save_best_only and not self._is_best(epoch, logs, path):
            return
        if self.verbose and not self.save_best_only:
            emit(f"\nEpoch {epoch + 1}: saving model to {path}\n")
        writable_folder(os.path.dirname(path) or ".", "ModelCheckpoint")
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path, overwrite=True)
        if self.verbose:
            emit(f"\nEpoch {epoch + 1}: finished saving model to {path}\n")

    def _path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        """The filepath with numbers from 1 in its braces."""
        numbers = {"epoch": epoch + 1} | ({} if batch is None else {"batch": batch + 1})
        try:
            return self.filepath.format(**(logs | numbers))
        except KeyError as error:
            raise KeyError(
                f'Failed to format this callback filepath: "{self.filepath}". Reason: {error}; the '
                f"names at hand are {', '.join([*numbers, *logs])}"
            ) from None

    def _is_best(self, epoch: int, logs: Logs, path: str) -> bool:
        self._set_monitor_op()
        value = self.watched(logs, "ModelCheckpoint(save_best_only=True) is conditioned on")
        if value is None:
            return True  # warned about: a model too many is better than none
        before = self.best
        better = self._is_improvement(value, before)
        if better:
            self.best = value
        if self.verbose:
            shown = None if before is None else f"{before:.5f}"
            change = f"improved from {shown} to {value:.5f}, saving model to {path}"
            told = change if better else f"did not improve from {shown}"
            emit(f"\nEpoch {epoch + 1}: {self.monitor} {told}\n")
        return better


def check_save_freq(save_freq: str | int) -> str | int:
    """The word "epoch", or a number of batches. Raises ValueError for anything else."""
    whole = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
    if save_freq != "epoch" and not whole:
        raise ValueError(
            f"Unrecognized save_freq: {save_freq!r}. It is 'epoch' or a number of batches (>= 1)."
        )
    return save_freq
