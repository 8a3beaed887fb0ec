"""BackupAndRestore: a fit that was cut off goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base.files import PathLike, atomic_write, kind_of
from narae.callbacks.base import Callback, Logs
from narae.callbacks.folders import writable_folder
from narae.callbacks.model_checkpoint import check_save_freq
from narae.distributed.processes import of_first, process_index, written_once

if TYPE_CHECKING:
    from narae.models import Model

_POINTER = "training_metadata.json"


class BackupAndRestore(Callback):
    """Keeps the state of training in a folder: weights, the optimizer's and the random generators'
    state, epoch and batch; the metrics' state too within an epoch. A `fit` that finds one goes on
    from there.

    Each backup is a file of its own, and what points to it is replaced in one step once it is
    whole: a process that is killed leaves the backup before. The batches that an epoch has done
    already are skipped; with narae.utils.set_random_seed at the beginning the others come in the
    order they would have had.

    Args:
        backup_dir: the folder. It belongs to one training: another one needs another.
        save_freq: "epoch", or a number of batches between backups.
        double_checkpoint: whether the backup before the last is kept as well, and read when the last is damaged.
        delete_checkpoint: whether the backups are removed when `fit` ends.

    Raises:
        ValueError: backup_dir is empty, or save_freq neither "epoch" nor a positive whole number.
        OSError: the folder cannot be written to.

    >>> keep = BackupAndRestore("backup", save_freq=1000)
    """

    def __init__(
        self,
        backup_dir: PathLike,
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if backup_dir is None or not os.fspath(backup_dir):
            raise ValueError("Empty `backup_dir` argument passed")
        self.backup_dir = Path(backup_dir)
        self.save_freq = check_save_freq(save_freq)
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self.resumed_at: tuple[int, int] | None = None
        self._metrics: list[np.ndarray] = []
        self._epoch = self._since = 0
        self._first = 0

    # -- restoring ---------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Take up the state of a fit that was cut off."""
        writable_folder(self.backup_dir, "BackupAndRestore")
        self.resumed_at, self._metrics, self._since = None, [], 0
        backups = self._backups()
        self._check_shared(backups)
        for i, backup in enumerate(backups):
            try:
                self._restore(backup)
                return
            except (ValueError, OSError):
                if i == len(backups) - 1:
                    raise

    def _check_shared(self, backups: list[dict[str, Any]]) -> None:
        """A process that went on alone would wait for the others for ever."""
        mine = json.dumps(backups)
        if of_first("backups", mine) != mine:
            raise RuntimeError(
                f"process {process_index()} finds other backups in {self.backup_dir} than process 0: "
                "name a folder that all processes share"
            )

    def _backups(self) -> list[dict[str, Any]]:
        """What the pointer says: {"epoch", "batch", "weights", "metrics"}, the last backup
        first."""
        try:
            if kind_of(self.backup_dir / _POINTER) is not None:
                raise ValueError("no file")
            found = json.loads((self.backup_dir / _POINTER).read_text("utf-8"))
        except FileNotFoundError:
            return []
        except ValueError:
            found = None
        backups = found.get("backups") if isinstance(found, dict) else None
        if not isinstance(backups, list) or not all(map(_is_backup, backups)):
            raise ValueError(
                f"{self.backup_dir / _POINTER} was not written by narae's BackupAndRestore: remove "
                "the "
                "folder, or name another backup_dir"
            )
        return backups

    def _restore(self, backup: dict[str, Any]) -> None:
        self.model.load_weights(self.backup_dir / backup["weights"])
        if backup["metrics"]:
            if kind_of(self.backup_dir / backup["metrics"]) is not None:
                raise ValueError(f"{self.backup_dir / backup['metrics']} is no file")
            with np.load(self.backup_dir / backup["metrics"], allow_pickle=False) as file:
                _assign(_seeds(self.model), _numbered(file, "seed"))
                self._metrics = _numbered(file, "metric")
        self.resumed_at = (backup["epoch"], backup["batch"])

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Within the epoch that was cut off: the metrics' state."""
        self._epoch = epoch
        if self.resumed_at is None or epoch != self.resumed_at[0]:
            return
        _assign(_metric_variables(self.model), self._metrics)
        self._metrics = []

    # -- saving ------------------------------------------------------------------------------

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save when enough batches were seen."""
        if self.save_freq == "epoch":
            return
        self._since += 1
        if self._since < int(self.save_freq):
            return
        self._since = 0
        if batch + 1 == self.params.get("steps"):
            self._save(self._epoch + 1, 0)
        else:
            self._save(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save after an epoch."""
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0)

    def _save(self, epoch: int, batch: int) -> None:
        before = self._backups()
        # Two names in turn: the last backup is whole until the pointer leaves it.
        used = {backup["weights"] for backup in before[: 1 + self.double_checkpoint]}
        stem = next(s for s in ("state_a", "state_b", "state_c") if f"{s}.weights.h5" not in used)
        stem = of_first("backup", stem)  # the others may find the pointer that it wrote meanwhile
        weights, metrics = f"{stem}.weights.h5", f"{stem}.metrics.npz"
        self.model.save_weights(self.backup_dir / weights, overwrite=True)
        kept = {f"seed_{i}": np.array(v) for i, v in enumerate(_seeds(self.model))}
        if batch:
            of_metrics = enumerate(_metric_variables(self.model))
            kept |= {f"metric_{i}": np.array(v) for i, v in of_metrics}
        backup = {"epoch": epoch, "batch": batch, "weights": weights, "metrics": metrics}
        backups = [backup, *before[: int(self.double_checkpoint)]]
        with written_once(f"{self.backup_dir}") as here:
            if not here:
                return
            with atomic_write(self.backup_dir / metrics) as file:
                np.savez(file, **kept)  # type: ignore[arg-type]
            with atomic_write(self.backup_dir / _POINTER, "w") as file:
                json.dump({"backups": backups}, file)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """The fit is done: remove its backups."""
        if not self.delete_checkpoint:
            return
        with written_once(f"{self.backup_dir}") as here:
            if here:
                self._remove()

    def _remove(self) -> None:
        for path in (self.backup_dir / _POINTER, *self.backup_dir.glob("state_[abc].*")):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # something else is in the folder: it stays
            self.backup_dir.rmdir()


def _is_backup(backup: object) -> bool:
    """Whether an entry has the fields of one, with plain names of files in the folder."""
    if not isinstance(backup, dict):
        return False
    names = (backup.get("weights"), backup.get("metrics") or "x")
    numbers = (backup.get("epoch"), backup.get("batch"))
    return all(isinstance(n, str) and n == os.path.basename(n) for n in names) and all(
        isinstance(n, int) for n in numbers
    )


def _metric_variables(model: Model) -> list[Any]:
    return [v for metric in getattr(model, "metrics", ()) for v in metric.variables]


def _seeds(model: Model) -> list[Any]:
    """The random generators' states, which files of weights leave out."""
    weights = {id(v) for v in model.weights}
    return [v for v in model.variables if id(v) not in weights]


def _numbered(file: Mapping[str, np.ndarray], kind: str) -> list[np.ndarray]:
    count = sum(name.startswith(f"{kind}_") for name in file)
    return [file[f"{kind}_{i}"] for i in range(count)]


def _assign(variables: list[Any], values: list[np.ndarray]) -> None:
    if len(variables) == len(values):  # those of another model or other metrics begin anew
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
