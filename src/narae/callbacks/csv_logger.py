"""CSVLogger: the metrics of every epoch in a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np

from narae.base.files import PathLike
from narae.callbacks.base import Callback, Logs
from narae.callbacks.folders import check_log, writable_folder
from narae.distributed.processes import leads


class CSVLogger(Callback):
    """Writes a row of metrics after each epoch: `epoch`, then the metrics by name; NA for those
    that an epoch lacks.

    Each row is on the disk when its epoch ends.

    Args:
        filename: the file. One that is there is replaced, unless `append`.
        separator: what stands between two values.
        append: whether a file that is there goes on, without another head.

    Raises:
        OSError: the file's folder cannot be written to.

    >>> log = CSVLogger("training.csv", separator=";")
    """

    def __init__(self, filename: PathLike, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self.keys: list[str] | None = None
        self.csv_file: IO[str] | None = None
        self.writer: Any = None
        self.append_header = True

    def _kept_state(self) -> dict[str, Any]:
        """All but the open file: a copy that goes on with another fit opens its own."""
        return {**super()._kept_state(), "csv_file": None, "writer": None}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file: in process 0, when there are several."""
        if not leads():
            return
        writable_folder(os.path.dirname(self.filename) or ".", "CSVLogger")
        check_log(Path(self.filename), "CSVLogger")
        if self.append and os.path.isfile(self.filename):
            with open(self.filename, encoding="utf-8") as file:
                self.append_header = not file.readline().strip()
        # A log grows by rows as training goes: it is the one file that is not replaced as a whole.
        mode = "a" if self.append else "w"
        self.csv_file = open(self.filename, mode, encoding="utf-8", newline="")  # noqa: SIM115
        self.writer = None
        self.append, self.keys = True, None  # a second fit goes on in the file

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the row."""
        if not leads():
            return
        logs = logs or {}
        if self.keys is None:
            self.keys = self._columns(logs)
            if self.append_header:
                self._write(["epoch", *self.keys])
                self.append_header = False
        self._write([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])

    def _columns(self, logs: Logs) -> list[str]:
        """The metrics' names: with those of validations that begin in later epochs."""
        keys = sorted(logs)
        if not any(key.startswith("val_") for key in keys):
            keys += [f"val_{key}" for key in keys if key != "learning_rate"]
        return keys

    def _write(self, row: Iterable[Any]) -> None:
        if self.csv_file is None:
            raise RuntimeError("CSVLogger's file is not open: on_train_begin comes first")
        if self.writer is None:
            self.writer = csv.writer(self.csv_file, delimiter=self.sep, lineterminator="\n")
        self.writer.writerow(row)
        self.csv_file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        if self.csv_file is not None:
            self.csv_file.close()
            self.csv_file = self.writer = None

    def __del__(self) -> None:
        if getattr(self, "csv_file", None) is not None:  # training was cut off
            self.on_train_end()


def _cell(value: object) -> object:
    """A number as it is, an array as one quoted cell."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"[{', '.join(map(str, value.tolist()))}]"
    return value
