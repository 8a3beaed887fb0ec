"""Monitor: what callbacks share that watch one metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from narae import ops
from narae.base.errors import warn_user
from narae.callbacks.base import Callback, Logs

if TYPE_CHECKING:
    from narae.models import Model

# Metrics that are better when higher or lower, by class, as Keras has them.
_MODES = ("auto", "min", "max")


class Monitor(Callback):
    """Watches one entry of the logs, and knows which way is better.

    mode: "min", "max", or "auto": told by the metric of that name. A `min_delta` of change counts
    as none.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        super().__init__()
        if mode not in _MODES:
            warn_user(
                f"{type(self).__name__} mode {mode!r} is unknown, fallback to auto mode. "
                "There are 'auto', 'min' and 'max'."
            )
            mode = "auto"
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        self.monitor_op: Callable[[Any, Any], Any] | None = None

    def _set_monitor_op(self) -> None:
        """Settle which way is better: `monitor_op(value, reference)` tells. Raises ValueError when
        neither the mode nor the metrics do."""
        if self.monitor_op is not None:
            return
        higher = self.mode == "max"
        if self.mode == "auto":
            told = _higher_is_better(self.monitor.removeprefix("val_"), self.model)
            if told is None:
                raise ValueError(
                    f"{type(self).__name__} callback received monitor={self.monitor}, and it is not "
                    "known whether that metric should be maximized or minimized. Pass `mode='max'` or "
                    f"`mode='min'`. {_there_are([name for name, _ in _named(self.model)])}"
                )
            higher = told
        self.monitor_op = ops.greater if higher else ops.less

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        """Whether `value` is better than `reference` by more than min_delta."""
        if reference is None:
            return True
        if self.monitor_op is ops.greater:
            return bool(value - self.min_delta > reference)
        if self.monitor_op is ops.less:
            return bool(value + self.min_delta < reference)
        assert self.monitor_op is not None
        return bool(self.monitor_op(value, reference))  # one of the user's own

    def watched(self, logs: Logs | None, consequence: str) -> Any:
        """The metric's value; None, with a warning that lists what there is, when it is missing."""
        logs = logs or {}
        value = logs.get(self.monitor)
        if value is None:
            hint = ""
            if self.monitor.startswith("val_") and not any(k.startswith("val_") for k in logs):
                hint = " fit(validation_data=...) or validation_split gives val_ metrics."
            warn_user(
                f"{consequence} metric `{self.monitor}` which is not available. Available metrics "
                f"are: {','.join(logs)}.{hint}"
            )
        return value


def _higher_is_better(name: str, model: Model | None) -> bool | None:
    if name == "loss" or name.endswith("_loss"):
        return False
    for own, metric in _named(model):
        # the logs' names of several outputs, and of metrics in a dict, begin with another's
        if own == name or metric.name == name or name.endswith(f"_{metric.name}"):
            told = getattr(metric, "_direction", None)
            if told in ("up", "down"):
                return told == "up"
    return None


def _named(model: Model | None) -> list[tuple[str, Any]]:
    """A model's metrics, the compiled ones singly, each with its name in the logs."""
    found: list[tuple[str, Any]] = []
    for metric in getattr(model, "metrics", None) or ():
        named = getattr(metric, "named", None)
        found += [(metric.name, metric)] if named is None else list(named().items())
    return found


def _there_are(names: Sequence[str]) -> str:
    return f"The model's metrics are: {', '.join(names)}." if names else ""
