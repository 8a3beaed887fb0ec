"""Callback: what is called while a model trains. History: the one that every `fit` has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from narae.base.copying import Copied
from narae.base.errors import MissingExtra
from narae.base.files import PathLike
from narae.base.language import tr
from narae.drawing.cards import Card, Shown
from narae.drawing.figures import QUIET, TRAIN, VALIDATION, finished, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from narae.models import Model


Logs = dict[str, Any]
LazyLogs = Logs | Callable[[], Logs]  # of batches: made when somebody looks


_LAST = 5  # epochs whose numbers a notebook shows


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


class History(Callback, Shown):
    """What `fit` gives: `history`, a list of values by metric name, one per epoch; `epoch`, their
    numbers.

    >>> h = History()
    >>> h.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.6})
    >>> h.history
    {'loss': [0.5], 'val_loss': [0.6]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []
        self._at: dict[
            str, list[int]
        ] = {}  # the epoch of each value: validation may leave some out

    def set_model(self, model: Model) -> None:
        """The model's `history` is this one from now on."""
        super().set_model(model)
        model.history = self

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Count epochs anew."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Keep an epoch's metrics."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
            self._at.setdefault(name, []).append(epoch + 1)

    def plot(self, path: PathLike | None = None) -> Any:
        """The curves of each metric, training against validation: a matplotlib Figure, written to
        `path` (PNG) when given.

        Raises ValueError before the first epoch, MissingExtra without matplotlib.
        """
        names = [name for name, v in self.history.items() if len(v) and not name.startswith("val_")]
        if not names:
            raise ValueError("the history is empty: fit for one epoch at least, then plot it")
        figure = new_figure(5.2 * len(names), 4.0)
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            self._draw(axes, name)
        return finished(figure, path)

    def _show_on(self, card: Card) -> None:
        card.title("History")
        curves = {name: values for name, values in self.history.items() if len(values)}
        if not curves:
            return card.lines([tr("no epoch has ended yet")])
        try:
            card.picture(self.plot())
        except MissingExtra as error:
            card.lines([str(error)])
        most = max(map(len, curves.values()))
        rows = [
            (i + 1, *(_shown(values, i) for values in curves.values()))
            for i in range(max(0, most - _LAST), most)
        ]
        card.table((tr("epoch"), *curves), rows, range(len(curves) + 1))

    def _draw(self, axes: Axes, name: str) -> None:
        validation = f"val_{name}"
        styles = ((name, "o-", TRAIN, "training"), (validation, "s--", VALIDATION, "validation"))
        for key, style, color, label in styles:
            if self.history.get(key):
                axes.plot(self._epochs(key), self.history[key], style, color=color, label=label)
        if validation in self.history and self._epochs(validation) == self._epochs(name):
            low, high = self.history[name], self.history[validation]
            axes.fill_between(self._epochs(name), low, high, color=QUIET, alpha=0.25, label="gap")
        axes.set(title=name, xlabel="epoch", ylabel=name)
        axes.locator_params(axis="x", integer=True)
        axes.grid(alpha=0.3)
        axes.legend()

    def _epochs(self, name: str) -> list[int]:
        """Where a metric's values are, from 1; by their order when fits share this History."""
        count, at = len(self.history[name]), self._at.get(name, [])
        return at if at == sorted(set(at)) and len(at) == count else list(range(1, count + 1))


def _shown(values: list[Any], place: int) -> str:
    if place >= len(values):
        return ""
    value = values[place]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
