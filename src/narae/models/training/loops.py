"""The loops over epochs and batches: fit, evaluate, predict, and single batches.

From here the way goes down: `epoch_run` takes the batches of an epoch through a step, `step_programs` has the
step as a program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard, cast

import numpy as np

from narae.base.language import tr
from narae.base.settings import max_steps_per_epoch
from narae.callbacks import CallbackList, History
from narae.models.data.batches import ClassWeights, DataLike, Source
from narae.models.data.checks import check_batch_size
from narae.models.data.sources import make_source, split
from narae.models.training.checks import (
    Callbacks,
    Checks,
    FitOptions,
    Verbose,
    has_own_step,
    limited_steps,
    naming,
    warn_of_ending,
)
from narae.models.training.compiled_call import copied, is_plain_array
from narae.models.training.compiled_metrics import CompiledMetrics
from narae.models.training.epoch_run import EpochRun, NanWatch, Results, TrainingResults
from narae.models.training.predictions import Predictions
from narae.models.training.step_programs import StepPrograms, as_floats
from narae.models.training.trainable import Kind, Logs, Trainable

if TYPE_CHECKING:
    from narae.base.types import Tree
    from narae.models.model import Model

WHOLE = 1 << 62  # a batch size that makes one batch of any data


def fit(
    programs: StepPrograms, x: DataLike, y: DataLike, sample_weight: DataLike, options: FitOptions
) -> History:
    """Train; the History. See `Trainer.fit`."""
    model, options = programs.model, options.limited()
    train, validation = _sources(x, y, sample_weight, options, model.steps_per_execution)
    programs.refresh()
    steps = options.steps_per_epoch or train.steps
    callbacks = _listed(model, options.callbacks, options.verbose, options.epochs, steps, True)
    train.reset(not _is_built(model))
    history = model.history = callbacks.history
    model.stop_training = False
    callbacks.on_data(lambda: train.peek().tree())
    _build(programs, train)
    warn_of_ending(model)
    callbacks.on_train_begin()
    logs = _epochs(programs, train, validation, callbacks, options)
    if model.optimizer is not None and options.epochs > options.initial_epoch:
        model.optimizer.finalize_variable_values(model.trainable_weights)
    callbacks.on_train_end(logs)
    return history


def _epochs(
    programs: StepPrograms,
    train: Source,
    validation: Source | None,
    callbacks: CallbackList,
    options: FitOptions,
) -> Logs:
    """All epochs; the last one's logs."""
    model, checks, watch = programs.model, Checks(programs), NanWatch()
    start, done = callbacks.resumed_at or (options.initial_epoch, 0)
    logs: Logs = {}
    if any(map(options.validates, range(start, options.epochs))):
        checks.validation(validation)
    for epoch in range(start, options.epochs):
        if epoch > start and not train.ready():
            break
        model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        running = EpochRun(
            programs,
            "train",
            train,
            callbacks,
            TrainingResults(watch, epoch),
            lambda batch: checks.batch("train", train, batch),
        )
        running.done = done if epoch == start else 0
        # data begin at their beginning, whatever the first epoch is called
        logs = _train_epoch(programs, running, epoch - options.initial_epoch)
        if validation is not None and options.validates(epoch):
            found = _test_epoch(programs, validation, callbacks, checks)
            logs.update({f"val_{name}": value for name, value in found.items()})
        logs = dict(sorted(logs.items()))
        callbacks.on_epoch_end(epoch, dict(logs))  # what callbacks add is not on_train_end's
        if model.stop_training:
            break
    return logs


def _build(programs: StepPrograms, source: Source) -> None:
    """Make all variables, so that callbacks may read and restore them before the first step."""
    model = programs.model
    with naming(source):
        if not model.run_eagerly:
            programs.program("train", source.peek())
        elif not model.built and not has_own_step(model, "train"):
            programs.run("predict", source.peek())


def _is_built(model: Trainable) -> bool:
    """Whether the layers are built, and the compiled loss and metrics have seen a batch."""
    state = model._compile_state
    return _layers_built(model) and all(
        part is None or part.built for part in (state.loss, state.metrics)
    )


def _layers_built(model: Trainable) -> bool:
    return all(layer.built for layer in model._flatten_layers())


def _sources(
    x: DataLike, y: DataLike, sample_weight: DataLike, options: FitOptions, execution: int
) -> tuple[Source, Source | None]:
    """The training data, and those to validate by."""
    options.require_frequency()
    validation = options.validation_data
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


def _unpacked(data: DataLike) -> tuple[Any, Any, Any]:
    """validation_data: (x,), (x, y), (x, y, sample_weight), or one thing that gives batches."""
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if len(data) not in (1, 2, 3):
        raise ValueError(
            tr(
                "validation_data is (x,), (x, y), (x, y, sample_weight) or an iterable of batches, got a "
                "{kind} of {count}",
                kind=type(data).__name__,
                count=len(data),
            )
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def _listed(
    model: Trainable,
    given: Callbacks,
    verbose: Verbose,
    epochs: int,
    steps: int | None,
    history: bool,
) -> CallbackList:
    """The callbacks as one, with a progress bar unless silent, and a History if asked for."""
    if isinstance(given, CallbackList):
        return given
    return CallbackList(
        given,
        add_history=history,
        add_progbar=verbose != 0,
        model=cast("Model", model),
        verbose=verbose,
        epochs=epochs,
        steps=steps,
    )


def _train_epoch(programs: StepPrograms, running: EpochRun, part: int) -> Logs:
    """One pass over the training data; the metrics at its end. part: which epoch of the data it is."""
    programs.refresh_dependencies()  # callbacks may have changed a setting
    if not running.run(part):
        raise ValueError(tr("fit got no data: the source gave no batch"))
    last = running.results.last
    return as_floats(programs.model.get_metrics_result() if last is None else last)


def _test_epoch(
    programs: StepPrograms, source: Source, callbacks: CallbackList, checks: Checks
) -> Logs:
    """One pass over data without training; the metrics at its end."""
    model = programs.model
    model.reset_metrics()
    model._step_function("test")
    source.reset(not _is_built(model))
    model.stop_evaluating = False
    callbacks.on_test_begin()
    results = Results()
    running = EpochRun(
        programs,
        "test",
        source,
        callbacks,
        results,
        lambda batch: checks.batch("test", source, batch),
    )
    if not running.run(0):
        raise ValueError(tr("evaluate got no data: the source gave no batch"))
    logs = as_floats(results.last)
    callbacks.on_test_end(logs)
    return logs


def evaluate(
    programs: StepPrograms,
    x: DataLike,
    y: DataLike,
    sample_weight: DataLike,
    batch_size: int | None,
    verbose: Verbose,
    steps: int | None,
    callbacks: Callbacks,
) -> Logs:
    """The metrics over data by name."""
    model, steps = programs.model, limited_steps(steps)
    source = make_source(
        x,
        y,
        sample_weight,
        batch_size=batch_size,
        steps=steps,
        execution=model.steps_per_execution,
    )
    programs.refresh()
    listed = _listed(model, callbacks, verbose, 1, steps or source.steps, False)
    return _test_epoch(programs, source, listed, Checks(programs))


def flat(model: Trainable, logs: Logs) -> Any:
    """The values in the order of `model.metrics`, where each of the compiled ones stands by its own name;
    then all others by name. One alone is no list."""
    if len(logs) == 1:  # no order to look for
        return next(iter(logs.values()))
    names: list[str] = []
    for metric in model.metrics:
        names += metric.own_names() if isinstance(metric, CompiledMetrics) else [metric.name]
    values = [logs[name] for name in names if name in logs]
    values += [logs[name] for name in sorted(logs) if name not in names]
    return values[0] if len(values) == 1 else values


def predict(
    programs: StepPrograms,
    x: DataLike,
    batch_size: int | None,
    verbose: Verbose,
    steps: int | None,
    callbacks: Callbacks,
) -> Tree[np.ndarray]:
    """The outputs for all data."""
    model = programs.model
    if verbose == 0 and callbacks is None and steps is None and _is_one_batch(x, batch_size):
        outputs = programs.call(x, copied)
        if outputs is not None:
            return outputs
    steps = limited_steps(steps)
    source = make_source(x, batch_size=batch_size, steps=steps, execution=model.steps_per_execution)
    programs.refresh()
    listed = _listed(model, callbacks, verbose, 1, steps or source.steps, False)
    if not _layers_built(model):
        source.reset(True)
    model.stop_predicting = False
    listed.on_predict_begin()
    out = Predictions(source.samples if steps is None else None, source.batch_size)
    checks = Checks(programs)
    EpochRun(
        programs,
        "predict",
        source,
        listed,
        out,
        lambda batch: checks.batch("predict", source, batch),
    ).run(0)
    listed.on_predict_end()
    return out.joined()


def _is_one_batch(x: DataLike, batch_size: int | None) -> TypeGuard[np.ndarray]:
    """Whether x is an array of no more rows than a batch, and no limit is set."""
    if not is_plain_array(x) or x.ndim < 2 or max_steps_per_epoch():
        return False
    return 0 < len(x) <= check_batch_size(batch_size)


def on_batch(
    programs: StepPrograms,
    kind: Kind,
    x: DataLike,
    y: DataLike = None,
    sample_weight: DataLike = None,
    class_weight: ClassWeights | None = None,
) -> Any:
    """One step on one batch: its logs, or for predict its outputs."""
    if kind == "predict" and is_plain_array(x) and x.ndim > 1:
        outputs = programs.call(x, copied)
        if outputs is not None:
            return outputs
    source = make_source(x, y, sample_weight, batch_size=WHOLE, class_weight=class_weight)
    programs.refresh()
    batch = next(iter(source.epoch(0)))
    if kind == "predict":
        return programs.run(kind, batch, copied)
    programs.model.reset_metrics()  # the batch's own loss and metrics, as Keras gives them
    Checks(programs).batch(kind, source, batch)
    return programs.run(kind, batch, as_floats)
