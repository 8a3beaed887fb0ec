"""Callback: what is called while a model trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from narae.base.copying import Copied

if TYPE_CHECKING:
    from narae.models import Model

Logs = dict[str, Any]
LazyLogs = Logs | Callable[[], Logs]  # of batches: made when somebody looks


class Callback(Copied):
    """Hooks into fit, evaluate and predict: override those that are needed.

    `self.model` is the model, `self.params` a dict with "verbose", "epochs" and "steps". `logs`
    holds plain numbers by metric name. Setting `self.model.stop_training = True` ends a fit.

    >>> class Said(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, logs["loss"])
    >>> Said().on_epoch_end(0, {"loss": 0.5})
    0 0.5
    """

    # A subclass that never calls super().__init__() has these.
    params: Any = None
    _model: Any = None

    def __init__(self) -> None:
        self.params = None
        self._model = None

    @property
    def model(self) -> Any:
        """The model that trains; None before it does."""
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        """Say what the loop's arguments are."""
        self.params = params

    def set_model(self, model: Model) -> None:
        """Say which model trains."""
        self._model = model

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch of fit."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch of fit, its validation included."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training step; logs: the metrics so far in this epoch."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step of evaluate, or of fit's validation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a step of evaluate, or of fit's validation."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step of predict."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a step of predict; logs["outputs"] are its outputs."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before fit's first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After fit's last epoch; logs: those of that epoch."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before evaluate, or fit's validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After evaluate, or fit's validation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before predict."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After predict."""


BATCH_HOOKS = tuple(
    f"on_{kind}_batch_{edge}" for kind in ("train", "test", "predict") for edge in ("begin", "end")
)
_ALIASES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


def overrides(callback: Callback, hook: str) -> bool:
    """Whether a callback does anything in a hook."""
    if hook in vars(callback) or getattr(type(callback), hook, None) is not getattr(Callback, hook):
        return True
    return hook in _ALIASES and overrides(callback, _ALIASES[hook])
