"""Callbacks that set the learning rate."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base.errors import unknown_arguments
from narae.callbacks.base import Callback, Logs
from narae.callbacks.monitor import Monitor
from narae.utils.progbar import emit

if TYPE_CHECKING:
    from narae.models import Model


def _rate(model: Model) -> float:
    return float(np.asarray(model.optimizer.learning_rate))


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch to `schedule(epoch, learning_rate)`.

    Args:
        schedule: a function of the epoch's number, from 0, and, if it takes two, of the present rate; it
            gives the rate as a float.
        verbose: 1 says what the rate is.

    Raises:
        ValueError: `schedule` gave something else, when an epoch begins.

    >>> halve = LearningRateScheduler(lambda epoch, rate: rate / 2)
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        given = (epoch, _rate(self.model))
        found = self.schedule(*given[: _arguments(self.schedule)])
        is_real = isinstance(found, numbers.Real) or getattr(found, "shape", None) == ()
        if not is_real or isinstance(found, bool):
            raise ValueError(
                f"The output of the `schedule` function should be a float. Got: {found!r}"
            )
        self.model.optimizer.learning_rate = float(np.asarray(found))
        if self.verbose:
            emit(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {found}.\n")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the rate in the logs."""
        if logs is not None:
            logs["learning_rate"] = _rate(self.model)


def _arguments(schedule: Callable[..., Any]) -> int:
    """1 for a schedule of the epoch alone, else 2."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return 1
    except ValueError:  # a builtin without a signature
        return 2
    return 2


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by `factor` when `monitor` has not improved for `patience`
    epochs.

    Args:
        monitor: the metric that is watched, by its name in the logs.
        factor: what the rate is multiplied by, below 1.
        patience: epochs without improvement before that.
        verbose: 1 says what the rate becomes.
        mode: "min" when less is better, "max" when more is; "auto" tells by the metric.
        min_delta: the least change that counts as one.
        cooldown: epochs to wait after a change before watching again.
        min_lr: the least rate.

    Raises:
        ValueError: factor is 1 or more, or mode is not known.

    >>> slower = ReduceLROnPlateau(factor=0.2, patience=5, min_lr=1e-5)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise unknown_arguments("ReduceLROnPlateau", kwargs, ReduceLROnPlateau.__init__)
        super().__init__(monitor, mode, min_delta)
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau needs a factor below 1, got factor={factor}")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self._forget()

    def _forget(self) -> None:
        self.wait = self.cooldown_counter = 0
        self.best: float | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self._forget()

    def in_cooldown(self) -> bool:
        """Whether a reduction was made just now."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look at the metric; note the rate in the logs."""
        self._set_monitor_op()
        if logs is not None:
            logs["learning_rate"] = _rate(self.model)
        value = self.watched(logs, "Learning rate reduction is conditioned on")
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(value, self.best):
            self.best, self.wait = value, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        rate = _rate(self.model)
        if rate <= np.float32(self.min_lr):
            return
        rate = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            emit(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {rate}.\n")
        self.cooldown_counter, self.wait = self.cooldown, 0
