"""Callbacks of a few lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from narae.callbacks.base import BATCH_HOOKS, Callback, Logs
from narae.utils.progbar import emit


class TerminateOnNaN(Callback):
    """Ends training at the first batch after which the loss is NaN or infinite.

    Args:
        raise_error: whether it ends by a RuntimeError; else `fit` ends as after its last epoch.

    >>> TerminateOnNaN(raise_error=True).on_train_batch_end(3, {"loss": float("nan")})
    Traceback (most recent call last):
    RuntimeError: NaN or Inf loss encountered at batch 3. Loss value: nan. Terminating training
    immediately.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or np.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"NaN or Inf loss encountered at batch {batch}. Loss value: {loss}. Terminating "
                "training immediately."
            )
        emit(f"Batch {batch}: Invalid loss, terminating training\n")
        self.model.stop_training = True


class LambdaCallback(Callback):
    """Calls plain functions: each keyword is a hook's name, or None. Others become attributes.

    Args:
        on_epoch_begin: called with (epoch, logs), epochs counted from 0.
        on_epoch_end: called with (epoch, logs).
        on_train_begin: called with (logs).
        on_train_end: called with (logs).
        on_train_batch_begin: called with (batch, logs), batches counted from 0 in each epoch.
        on_train_batch_end: called with (batch, logs).

    Raises:
        ValueError: a keyword begins as a hook's name and is none.

    >>> say = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    >>> say.on_epoch_end(0, {"loss": 0.5})
    0 0.5
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any] | None,
    ) -> None:
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        } | kwargs
        for name, function in given.items():
            if name.startswith("on_") and name in kwargs and name not in _HOOKS:
                raise ValueError(f"LambdaCallback knows no hook {name!r}: {', '.join(_HOOKS)}")
            if function is not None:
                setattr(self, name, function)


_HOOKS = (
    *BATCH_HOOKS,
    "on_batch_begin",
    "on_batch_end",
    *(f"on_{kind}_{edge}" for kind in ("test", "predict") for edge in ("begin", "end")),
)
