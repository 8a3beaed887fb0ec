"""ProgbarLogger: the progress bar of fit, evaluate and predict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from narae.base.language import tr
from narae.callbacks.base import Callback, LazyLogs, Logs
from narae.utils.progbar import Progbar, emit


class ProgbarLogger(Callback):
    """Shows each epoch's progress and metrics. It is added by `verbose`; there is no need to pass
    one.

    >>> ProgbarLogger().target is None  # steps of an epoch, once they are known
    True
    """

    def __init__(self) -> None:
        super().__init__()
        self.progbar: Progbar | None = None
        self.seen = 0
        self.target: int | None = None
        self.verbose, self.epochs = 1, 1
        self._in_fit = False

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the loop's arguments."""
        super().set_params(params)
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.target = params.get("steps")
        self.epochs = params.get("epochs") or 1

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """From here on validation is part of an epoch's line."""
        self._in_fit = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Forget that."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Say which epoch begins."""
        self._begin()
        if self.verbose and self.epochs > 1:
            emit(tr("Epoch {epoch}/{epochs}", epoch=epoch + 1, epochs=self.epochs) + "\n")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """End the line with the epoch's metrics."""
        self._end(logs or {})

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Begin a line, outside of fit."""
        if not self._in_fit:
            self._begin()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """End it."""
        if not self._in_fit:
            self._end(logs or {})

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Begin a line."""
        self._begin()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """End it."""
        self._end({})

    def on_train_batch_end(self, batch: int, logs: LazyLogs | None = None) -> None:
        """Draw when it is time; logs may be a function that makes them."""
        # the last execution of several batches may end beyond the data
        self.seen = batch + 1 if self.target is None else min(batch + 1, self.target)
        if self.progbar is not None:
            self.progbar.update(self.seen, _lazily(logs), finalize=False)

    def on_test_batch_end(self, batch: int, logs: LazyLogs | None = None) -> None:
        """The same, outside of fit."""
        if not self._in_fit:
            self.on_train_batch_end(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: LazyLogs | None = None) -> None:
        """The same, without metrics."""
        self.on_train_batch_end(batch, dict)

    def _begin(self) -> None:
        self.seen = 0
        self.progbar = Progbar(self.target, verbose=self.verbose)

    def _end(self, logs: Logs) -> None:
        if self.progbar is None:
            return
        if self.target is None:  # known from now on
            self.target = self.progbar.target = self.seen
        self.progbar.update(self.seen, lambda: logs, finalize=True)
        self.progbar = None


def _lazily(logs: LazyLogs | None) -> Callable[[], Logs]:
    return logs if callable(logs) else lambda: logs or {}
