"""The loops over batches: fit, evaluate, predict, and single batches."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from narae.base import trees
from narae.callbacks import CallbackList
from narae.models.data.sources import make_source, split
from narae.models.training.caps import capped, capped_steps, levels_out
from narae.models.training.checks import Checks, naming, own_step
from narae.models.training.compiled_metrics import CompiledMetrics
from narae.models.training.executions import Executions
from narae.models.training.steps import as_floats


@dataclass(frozen=True)
class FitOptions:
    """The arguments of `fit` that are not data."""

    batch_size: int | None
    epochs: int
    verbose: Any
    callbacks: Any
    validation_split: float
    validation_data: Any
    shuffle: Any
    class_weight: Any
    initial_epoch: int
    steps_per_epoch: int | None
    validation_steps: int | None
    validation_batch_size: int | None
    validation_freq: Any


def fit(model: Any, x: Any, y: Any, sample_weight: Any, options: FitOptions) -> Any:
    """Train; the History. See `Trainer.fit`."""
    options = capped(options)
    train, validation = _sources(x, y, sample_weight, options, model.steps_per_execution)
    steps = model._steps()
    steps.refresh()
    callbacks = _callbacks(
        model,
        options.callbacks,
        options.verbose,
        options.epochs,
        options.steps_per_epoch or train.steps,
        True,
    )
    model._made("train")
    train.reset(not (_layers_built(model) and _compiled_built(model)))
    model.history = callbacks.history
    model.stop_training = False
    callbacks.on_data(lambda: train.peek().tree())
    _build(model, train)
    callbacks.on_train_begin()
    start, done = callbacks.resumed_at or (options.initial_epoch, 0)
    logs: dict[str, Any] = {}
    checks = Checks(model)
    if any(_due(epoch, options.validation_freq) for epoch in range(start, options.epochs)):
        checks.validation(validation)
    for epoch in range(start, options.epochs):
        if epoch > start and not train.ready():
            break
        model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        # data begin at their beginning, whatever the first epoch is called
        part = epoch - options.initial_epoch
        resumed = done if epoch == start else 0
        logs = _train_epoch(model, train, (epoch, part), callbacks, checks, resumed)
        if validation is not None and _due(epoch, options.validation_freq):
            found = _test_epoch(model, validation, callbacks, checks)
            logs.update({f"val_{name}": value for name, value in found.items()})
        logs = dict(sorted(logs.items()))
        callbacks.on_epoch_end(epoch, dict(logs))  # what callbacks add is not on_train_end's
        if model.stop_training:
            break
    if model.optimizer is not None and options.epochs > options.initial_epoch:
        model.optimizer.finalize_variable_values(model.trainable_weights)
    callbacks.on_train_end(logs)
    return model.history


def _build(model: Any, source: Any) -> None:
    """Make all variables, so that callbacks may read and restore them before the first step."""
    with naming(source):
        if not model.run_eagerly:
            model._steps().program("train", source.peek())
        elif not model.built and not own_step(model, "train"):
            model._steps().run("predict", source.peek())


def _layers_built(model: Any) -> bool:
    return all(layer.built for layer in model._flatten_layers())


def _compiled_built(model: Any) -> bool:
    """Whether the compiled loss and metrics have seen a batch."""
    compiled = (model._trained.loss, model._trained.metrics)
    return all(part is None or part.built for part in compiled)


def _sources(
    x: Any, y: Any, sample_weight: Any, options: FitOptions, execution: int
) -> tuple[Any, Any]:
    validation, freq = options.validation_data, options.validation_freq
    several = isinstance(freq, Collection) and not isinstance(freq, str)
    if freq is True or not (freq >= 1 if isinstance(freq, int) else several):
        raise ValueError(
            f"validation_freq is a number of epochs of at least 1, or a list of epochs, got {freq!r}"
        )
    if validation is None and options.validation_split:
        (x, y, sample_weight), validation = split(x, y, sample_weight, options.validation_split)
    train = make_source(
        x,
        y,
        sample_weight,
        batch_size=options.batch_size,
        shuffle=options.shuffle,
        steps=options.steps_per_epoch,
        class_weight=options.class_weight,
        execution=execution,
    )
    if validation is None:
        return train, None
    val_x, val_y, val_weight = _unpacked(validation)
    with naming(None, "validation_data"):
        source = make_source(
            val_x,
            val_y,
            val_weight,
            batch_size=options.validation_batch_size or options.batch_size,
            steps=options.validation_steps,
            execution=execution,
        )
    return train, source


def _unpacked(data: Any) -> tuple[Any, Any, Any]:
    """validation_data: (x,), (x, y), (x, y, sample_weight), or one thing that gives batches."""
    if isinstance(data, (tuple, list)):
        if len(data) not in (1, 2, 3):
            raise ValueError(
                f"validation_data is (x,), (x, y), (x, y, sample_weight) or an iterable of batches, got "
                f"a {type(data).__name__} of {len(data)}"
            )
        return (*data, None, None)[:3]  # type: ignore[return-value]
    return data, None, None


def _callbacks(
    model: Any, given: Any, verbose: Any, epochs: int, steps: int | None, history: bool
) -> Any:
    if isinstance(given, CallbackList):
        return given
    return CallbackList(
        given,
        add_history=history,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=epochs,
        steps=steps,
    )


def _due(epoch: int, freq: Any) -> bool:
    if isinstance(freq, int):
        return (epoch + 1) % freq == 0
    return epoch + 1 in freq


def _train_epoch(
    model: Any, source: Any, number: tuple[int, int], callbacks: Any, checks: Checks, done: int
) -> dict[str, Any]:
    """One pass over the training data but for the first `done` batches; the metrics at its end.

    number: of the epoch, and of the part of the data that is its own.
    """
    epoch, part = number
    model._steps().reread()  # callbacks may have changed a setting
    running = Executions(
        model,
        "train",
        source,
        callbacks,
        lambda batch: checks.labels("train", source, batch),
        lambda logs, first: _watch_losses(logs, epoch, first, checks),
    )
    running.done = done
    if not running.run(part):
        raise ValueError("fit got no data: the source gave no batch")
    return as_floats(model.get_metrics_result() if running.out is None else running.out)


def _test_epoch(model: Any, source: Any, callbacks: Any, checks: Checks) -> dict[str, Any]:
    """One pass over data without training; the metrics at its end."""
    model.reset_metrics()
    model._made("test")
    source.reset(not (_layers_built(model) and _compiled_built(model)))
    model.stop_evaluating = False
    callbacks.on_test_begin()
    check = lambda batch: checks.labels("test", source, batch)  # noqa: E731
    running = Executions(model, "test", source, callbacks, check)
    if not running.run(0):
        raise ValueError("evaluate got no data: the source gave no batch")
    logs = as_floats(running.out)
    callbacks.on_test_end(logs)
    return logs


def _watch_losses(logs: Any, epoch: int, first: int, checks: Checks) -> None:
    """A loss that is no number is told once, with the step: of one step, or of several from
    `first` on."""
    found = logs.get("loss") if isinstance(logs, dict) else None
    losses = np.asarray(0.0 if found is None else found)
    if checks.told_nan or losses.ndim > 1 or not np.isnan(losses).any():
        return
    checks.told_nan = True
    step = first + int(np.isnan(losses).argmax())
    warnings.warn(
        f"The loss became NaN at epoch {epoch + 1}, step {step + 1}: from here on nothing is learned. Usual "
        "causes: NaN in the data (np.isnan(x).any()), inputs that were not scaled, a learning rate too "
        "high. callbacks.TerminateOnNaN() stops at once.",
        RuntimeWarning,
        stacklevel=levels_out(),
    )


def evaluate(
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    verbose: Any,
    steps: int | None,
    callbacks: Any,
) -> dict[str, Any]:
    """The metrics over data by name."""
    steps = capped_steps(steps)
    source = make_source(
        x,
        y,
        sample_weight,
        batch_size=batch_size,
        steps=steps,
        execution=model.steps_per_execution,
    )
    model._steps().refresh()
    listed = _callbacks(model, callbacks, verbose, 1, steps or source.steps, False)
    return _test_epoch(model, source, listed, Checks(model))


def flat(model: Any, logs: dict[str, Any]) -> Any:
    """The values in the order of `model.metrics`, where each of the compiled ones stands by its own name;
    then all others by name. One alone is no list."""
    names: list[str] = []
    for metric in model.metrics:
        names += metric.own_names() if isinstance(metric, CompiledMetrics) else [metric.name]
    values = [logs[name] for name in names if name in logs]
    values += [logs[name] for name in sorted(logs) if name not in names]
    return values[0] if len(values) == 1 else values


def predict(
    model: Any, x: Any, batch_size: int | None, verbose: Any, steps: int | None, callbacks: Any
) -> Any:
    """The outputs for all data."""
    steps = capped_steps(steps)
    execution = model.steps_per_execution
    source = make_source(x, batch_size=batch_size, steps=steps, execution=execution)
    running = model._steps()
    running.refresh()
    listed = _callbacks(model, callbacks, verbose, 1, steps or source.steps, False)
    model._made("predict")
    if not _layers_built(model):
        source.reset(True)
    model.stop_predicting = False
    listed.on_predict_begin()
    out = _Outputs(source.samples if steps is None else None, source.batch_size)
    batches = Executions(model, "predict", source, listed, take=out.add)
    with naming(source):
        if not listed.wants_batches and not model.stop_predicting:
            batches.done = _predict_at_once(running, source, listed, out)
    batches.run(0)
    listed.on_predict_end()
    return out.joined()


def _predict_at_once(running: Any, source: Any, listed: Any, out: _Outputs) -> int:
    """The outputs of all whole batches in one run; how many batches that were."""
    many = running.many("predict", source, 0) if hasattr(source, "rows") else None
    if many is None or not all(
        a.ndim > 1 and a.shape[1] == source.batch_size for a in many[0].kept
    ):
        return 0
    for done in many[0]:
        listed.on_predict_batch_end(done - 1, dict)
    joined = [a.reshape(-1, *a.shape[2:]) for a in many[0].kept]
    out.add(many[0].filled(joined))
    return many[1]


class _Outputs:
    """The batches' outputs, written into arrays of the final size where that is known."""

    def __init__(self, samples: int | None, batch_size: int | None) -> None:
        self._samples, self._size = samples, batch_size
        self._tree: Any = None
        self._whole: list[np.ndarray] = []
        self._parts: list[list[np.ndarray]] = []
        self._done = 0

    def add(self, result: Any) -> Any:
        """Keep a batch's outputs (copied: a program's buffers are written again); what is kept."""
        leaves = [np.asarray(leaf) for leaf in trees.flatten(result)]
        if self._tree is None:
            self._tree = result
            if self._samples is not None and self._by_rows(leaves):
                self._whole = [np.empty((self._samples, *a.shape[1:]), a.dtype) for a in leaves]
        if self._whole and not self._fit(leaves):
            self._parts = [self._written()]
            self._whole = []
        if not self._whole:
            self._parts.append([leaf.copy() for leaf in leaves])
            return trees.pack_as(result, self._parts[-1])
        size = leaves[0].shape[0]
        kept = [whole[self._done : self._done + size] for whole in self._whole]
        for rows, leaf in zip(kept, leaves, strict=True):
            rows[...] = leaf
        self._done += size
        return trees.pack_as(result, kept)

    def _by_rows(self, leaves: list[np.ndarray]) -> bool:
        """Whether outputs have a row for each sample: of one batch, or of whole batches."""
        size = min(self._size or 1, self._samples or 0)
        return all(leaf.ndim and leaf.shape[0] and not leaf.shape[0] % size for leaf in leaves)

    def _fit(self, leaves: list[np.ndarray]) -> bool:
        """Whether outputs go on where the others ended."""
        end = self._done + (leaves[0].shape[0] if leaves[0].ndim else 0)
        pairs = zip(leaves, self._whole, strict=True)
        return all(
            leaf.shape == (end - self._done, *whole.shape[1:]) and end <= len(whole)
            for leaf, whole in pairs
        )

    def _written(self) -> list[np.ndarray]:
        return [whole[: self._done] for whole in self._whole]

    def joined(self) -> Any:
        """All outputs in the model's structure."""
        if self._tree is None:
            raise ValueError("predict got no data: the source gave no batch")
        leaves = self._written() or [
            np.concatenate([np.atleast_1d(part) for part in parts])
            for parts in zip(*self._parts, strict=True)
        ]
        return trees.pack_as(self._tree, list(leaves))


def on_batch(
    model: Any, kind: str, x: Any, y: Any, sample_weight: Any, class_weight: Any, return_dict: bool
) -> Any:
    """One step on one batch."""
    source = make_source(x, y, sample_weight, batch_size=1 << 62, class_weight=class_weight)
    model._made(kind)
    steps = model._steps()
    steps.refresh()
    batch = next(iter(source.epoch(0)))
    if kind != "predict":
        model.reset_metrics()  # the batch's own loss and metrics, as Keras gives them
        Checks(model).labels(kind, source, batch)
    if kind == "predict":
        return steps.run(kind, batch, lambda out: trees.map_tree(np.array, out))
    logs = steps.run(kind, batch, as_floats)
    return logs if return_dict else flat(model, logs)
