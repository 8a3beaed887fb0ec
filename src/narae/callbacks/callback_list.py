"""CallbackList: one callback that calls many."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from narae.base import trees
from narae.callbacks.base import BATCH_HOOKS, Callback, History, LazyLogs, Logs, overrides
from narae.callbacks.progbar_logger import ProgbarLogger

if TYPE_CHECKING:
    from narae.base.types import CallbackLike
    from narae.models import Model

_VERBOSE = (0, 1, 2, "auto")


class CallbackList:
    """Several callbacks as one: each hook calls theirs in order, the progress bar and History last.

    Logs of batches may be given as a function that makes them: it is called only when a callback looks at
    them.

    Args:
        callbacks: a Callback, a list of them, or None.
        add_history: whether a History is added where none is given.
        add_progbar: whether a progress bar is added where none is given.
        model: the model that trains.
        **params: what `set_params` tells each of them: "verbose", "epochs", "steps".

    Raises:
        TypeError: something is no callback.
        ValueError: `verbose` is not known.

    >>> listed = CallbackList(add_history=True, epochs=1)
    >>> listed.on_epoch_end(0, {"loss": 0.5})
    >>> listed.history.history, listed.wants_batches
    ({'loss': [0.5]}, False)
    """

    def __init__(
        self,
        callbacks: CallbackLike | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Model | None = None,
        **params: Any,
    ) -> None:
        verbose = params.get("verbose", 1)
        if verbose not in _VERBOSE:
            raise ValueError(
                f'verbose is 0 (silent), 1 (a bar), 2 (a line per epoch) or "auto", got {verbose!r}'
            )
        self.callbacks = [_checked(c) for c in trees.flatten(callbacks) if c is not None]
        self._progbar = self._first(ProgbarLogger) or (
            self._added(ProgbarLogger()) if add_progbar else None
        )
        self._history = self._first(History) or (self._added(History()) if add_history else None)
        self.params: dict[str, Any] = {}
        self._model: Model | None = None
        if model is not None:
            self.set_model(model)
        self.set_params(params)
        self._find_hooks()

    def _first(self, kind: type) -> Any:
        return next((c for c in self.callbacks if isinstance(c, kind)), None)

    def _added(self, callback: Callback) -> Any:
        self.callbacks.append(callback)
        return callback

    def _find_hooks(self) -> None:
        """For each batch hook the callbacks that do something in it, but for the progress bar."""
        self._batch: dict[str, list[Callable[..., None]]] = {
            hook: [
                getattr(c, hook)
                for c in self.callbacks
                if c is not self._progbar and overrides(c, hook)
            ]
            for hook in BATCH_HOOKS
        }
        self.wants_batches = any(self._batch.values())

    @property
    def model(self) -> Any:
        """The model that trains."""
        return self._model

    @property
    def history(self) -> Any:
        """The History among the callbacks, None when there is none."""
        return self._history

    @property
    def resumed_at(self) -> tuple[int, int] | None:
        """(epoch, batch) at which a callback found that training was cut off; None when none
        did."""
        found = (getattr(c, "resumed_at", None) for c in self.callbacks)
        return next((at for at in found if at is not None), None)

    def append(self, callback: Callback) -> None:
        """Add a callback, to be called last."""
        self.callbacks.append(_checked(callback))
        if self._model is not None:
            callback.set_model(self._model)
        callback.set_params(self.params)
        self._find_hooks()

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell every callback the loop's arguments."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Model) -> None:
        """Tell every callback which model trains."""
        self._model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def on_data(self, peek: Callable[[], Any]) -> None:
        """Before a fit builds anything: peek() gives a batch (x, y, sample_weight) to those
        callbacks that have a method of this name."""
        for callback in self.callbacks:
            see = getattr(callback, "on_data", None)
            if see is not None:
                see(peek)

    def _all(self, hook: str, *args: int | Logs) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(*args)

    def _some(self, hook: str, batch: int, logs: LazyLogs | None) -> None:
        wanting = self._batch[hook]
        if wanting:
            found = logs() if callable(logs) else logs or {}
            for function in wanting:
                function(batch, found)
            logs = found
        if self._progbar is not None:
            getattr(self._progbar, hook)(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of `on_train_batch_begin`."""
        self._some("on_train_batch_begin", batch, logs)

    def on_batch_end(self, batch: int, logs: LazyLogs | None = None) -> None:
        """Another name of `on_train_batch_end`."""
        self._some("on_train_batch_end", batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch of fit."""
        self._all("on_epoch_begin", epoch, {} if logs is None else logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch of fit. All callbacks get the same dict, and may add to it."""
        self._all("on_epoch_end", epoch, {} if logs is None else logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step."""
        self._some("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: LazyLogs | None = None) -> None:
        """After a training step."""
        self._some("on_train_batch_end", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step of evaluate."""
        self._some("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: LazyLogs | None = None) -> None:
        """After a step of evaluate."""
        self._some("on_test_batch_end", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step of predict."""
        self._some("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: LazyLogs | None = None) -> None:
        """After a step of predict."""
        self._some("on_predict_batch_end", batch, logs)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before fit's first epoch."""
        self._all("on_train_begin", {} if logs is None else logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After fit's last epoch."""
        self._all("on_train_end", {} if logs is None else logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before evaluate, or fit's validation."""
        self._all("on_test_begin", {} if logs is None else logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After evaluate, or fit's validation."""
        self._all("on_test_end", {} if logs is None else logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before predict."""
        self._all("on_predict_begin", {} if logs is None else logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After predict."""
        self._all("on_predict_end", {} if logs is None else logs)


def _checked(callback: object) -> Callback:
    if isinstance(callback, type):
        raise TypeError(
            f"callbacks got the class {callback.__name__}: pass an object, {callback.__name__}(...)"
        )
    needed = ("set_model", "set_params", "on_epoch_end", *BATCH_HOOKS)
    if not all(hasattr(callback, name) for name in needed):
        raise TypeError(
            f"callbacks takes narae.callbacks.Callback objects, got {callback!r:.80} "
            f"({type(callback)})"
        )
    return cast("Callback", callback)
