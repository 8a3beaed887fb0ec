"""Callbacks: every one with its options, by what it does to a fit or with logs that are made up."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.cases_fit import X, Y, stack
from tests.grid.grid import Case, shown

# a metric that improves, stands still, worsens, and improves again
FALLING = [5.0, 3.0, 3.0, 3.05, 4.0, 2.0, 2.5, 2.5, 2.5, 2.5, 1.0]


def _driven(
    name: str, options: dict[str, Any], values: Any = FALLING, metric: str = "loss"
) -> Case:
    """A callback over epochs whose metric has these values: when it stops, and the learning rates."""

    def code(k: Any) -> Any:
        model = stack(k, metrics=["accuracy"])
        model.evaluate(X, Y, verbose=0)
        callback = getattr(k.callbacks, name)(**options)
        callback.set_model(model)
        callback.set_params({"epochs": len(values), "steps": 1, "verbose": 0})
        callback.on_train_begin({})
        rates, weights = [], []
        for epoch, value in enumerate(values):
            logs = {metric: value}
            callback.on_epoch_begin(epoch, logs)
            model.set_weights([np.full((3, 1), epoch, "float32"), np.zeros(1, "float32")])
            callback.on_epoch_end(epoch, logs)
            rates.append(float(k.ops.convert_to_numpy(model.optimizer.learning_rate)))
            weights.append(sorted(logs))
            if model.stop_training:
                break
        callback.on_train_end({})
        kept = float(k.ops.convert_to_numpy(model.weights[0])[0, 0])
        told = {
            key: getattr(callback, key, None) for key in ("wait", "stopped_epoch", "best_epoch")
        }
        return [rates, weights, kept, float(getattr(callback, "best", None) or 0), told]

    label = f", {metric}" if metric != "loss" else ""
    return Case(f"callbacks.{name}({shown(options)}{label})", code)


_STOPPING: list[dict[str, Any]] = [
    {},
    {"patience": 1},
    {"patience": 3},
    {"patience": 2, "min_delta": 0.5},
    {"patience": 2, "min_delta": -0.5},
    {"patience": 2, "mode": "max"},
    {"patience": 2, "mode": "min"},
    {"patience": 2, "baseline": 2.5},
    {"patience": 2, "baseline": 0.5},
    {"patience": 2, "restore_best_weights": True},
    {"patience": 20, "restore_best_weights": True},
    {"patience": 1, "start_from_epoch": 4},
    {"patience": 1, "start_from_epoch": 4, "restore_best_weights": True},
    {"patience": 1, "start_from_epoch": 40, "restore_best_weights": True},
    {"patience": 2, "mode": "sideways"},
]
_PLATEAU: list[dict[str, Any]] = [
    {"patience": 1},
    {"patience": 2, "factor": 0.5},
    {"patience": 0},
    {"patience": 1, "min_delta": 0.5},
    {"patience": 1, "cooldown": 2},
    {"patience": 1, "min_lr": 0.005},
    {"patience": 1, "mode": "max"},
    {"patience": 1, "factor": 1.5},
]


def _said(name: str, options: dict[str, Any], **fit: Any) -> Case:
    """Whether a callback prints at all; and that the fit has its history."""

    def code(k: Any) -> Any:
        model = stack(k)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            history = model.fit(
                X, Y, shuffle=False, verbose=0, epochs=3,
                callbacks=[getattr(k.callbacks, name)(**options)], **fit,
            )  # fmt: skip
        return [list(history.history.items()), bool(out.getvalue())]

    return Case(f"callbacks.{name}({shown(options)}) in fit", code)


def _schedule(name: str, schedule: Callable[..., Any], **options: Any) -> Case:
    def code(k: Any) -> Any:
        callback = k.callbacks.LearningRateScheduler(schedule, **options)
        return list(
            stack(k)
            .fit(X, Y, epochs=3, shuffle=False, verbose=0, callbacks=[callback])
            .history.items()
        )

    return Case(f"callbacks.LearningRateScheduler({name})", code)


def _files(name: str, make: Callable[[Any, str], Any], again: bool = False, **fit: Any) -> Case:
    """The files that a callback writes, and the text of those that are text."""

    def code(k: Any) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            model = stack(k, metrics=["mae"])
            options = {"epochs": 2, "batch_size": 5, "shuffle": False, "verbose": 0, **fit}
            for _ in range(2 if again else 1):
                model.fit(X, Y, callbacks=[make(k, folder)], **options)
            names = sorted(os.listdir(folder))
            texts = {}
            for one in names:
                if one.endswith(".csv"):
                    with open(os.path.join(folder, one), encoding="utf-8") as file:
                        texts[one] = [
                            re.split("[,;]", line)[0] for line in file.read().splitlines()
                        ]
                        file.seek(0)
                        texts["head"] = file.readline().strip()
            return [names, texts]

    return Case(f"callbacks.{name}", code)


def _lambdas(name: str, *hooks: str) -> Case:
    def code(k: Any) -> Any:
        found: list[Any] = []

        def note(hook: str) -> Callable[..., None]:
            return lambda *args, logs=None: found.append([hook, *map(str, args[:1])])

        callback = k.callbacks.LambdaCallback(**{hook: note(hook) for hook in hooks})
        stack(k).fit(X, Y, batch_size=10, epochs=2, verbose=0, callbacks=[callback])
        return [[item[0], item[1] if "epoch" in item[0] else ""] for item in found]

    return Case(f"callbacks.LambdaCallback({name})", code)


def _wrong(name: str, call: Callable[[Any], Any]) -> Case:
    return Case(f"callbacks.{name}", lambda k: type(call(k)).__name__)


CASES = [
    *(_driven("EarlyStopping", {"monitor": "loss", **options}) for options in _STOPPING),
    _driven("EarlyStopping", {"monitor": "accuracy", "patience": 1}, metric="accuracy"),
    _driven("EarlyStopping", {"monitor": "val_loss", "patience": 1}, metric="val_loss"),
    _driven("EarlyStopping", {"monitor": "nothing"}),
    _driven("EarlyStopping", {"monitor": "nothing", "mode": "min"}),
    *(_driven("ReduceLROnPlateau", {"monitor": "loss", **options}) for options in _PLATEAU),
    _driven("ReduceLROnPlateau", {"monitor": "nothing", "mode": "min"}),
    _driven("ReduceLROnPlateau", {"monitor": "accuracy", "patience": 1}, metric="accuracy"),
    _said("EarlyStopping", {"monitor": "loss", "mode": "max", "patience": 0, "verbose": 1}),
    _said("ReduceLROnPlateau", {"monitor": "loss", "mode": "max", "patience": 1, "verbose": 1}),
    _said("TerminateOnNaN", {}),
    _schedule("of epochs", lambda epoch: 0.1 / (epoch + 1)),
    _schedule("of epochs and rates", lambda epoch, rate: rate * 0.5),
    _schedule("a NumPy number", lambda epoch: np.float32(0.25)),
    _schedule("no number", lambda epoch: "fast"),
    _schedule("a tensor's shape", lambda epoch: np.ones(2)),
    _files("CSVLogger()", lambda k, d: k.callbacks.CSVLogger(f"{d}/a.csv")),
    _files(
        "CSVLogger(append=True)",
        lambda k, d: k.callbacks.CSVLogger(f"{d}/a.csv", append=True),
        again=True,
    ),
    _files("CSVLogger() again", lambda k, d: k.callbacks.CSVLogger(f"{d}/a.csv"), again=True),
    _files(
        "CSVLogger(separator=';')",
        lambda k, d: k.callbacks.CSVLogger(f"{d}/a.csv", separator=";"),
        validation_split=0.25,
    ),
    _files(
        "ModelCheckpoint(epochs)",
        lambda k, d: k.callbacks.ModelCheckpoint(d + "/{epoch:02d}.keras"),
    ),
    _files(
        "ModelCheckpoint(metrics)",
        lambda k, d: k.callbacks.ModelCheckpoint(
            d + "/{epoch}-{mae:.1f}.weights.h5", save_weights_only=True
        ),
    ),
    _files(
        "ModelCheckpoint(batches)",
        lambda k, d: k.callbacks.ModelCheckpoint(d + "/{epoch}-{batch}.keras", save_freq=3),
        epochs=3,
    ),
    _files(
        "ModelCheckpoint(best)",
        lambda k, d: k.callbacks.ModelCheckpoint(d + "/{epoch}.keras", "loss", save_best_only=True),
        epochs=3,
    ),
    _files(
        "ModelCheckpoint(best, max)",
        lambda k, d: k.callbacks.ModelCheckpoint(
            d + "/{epoch}.keras", "loss", save_best_only=True, mode="max"
        ),
        epochs=3,
    ),
    _files(
        "ModelCheckpoint(best, threshold)",
        lambda k, d: k.callbacks.ModelCheckpoint(
            d + "/{epoch}.keras", "loss", save_best_only=True, initial_value_threshold=0.1
        ),
    ),
    _files(
        "ModelCheckpoint(best, not there)",
        lambda k, d: k.callbacks.ModelCheckpoint(
            d + "/{epoch}.keras", "zz", save_best_only=True, mode="min"
        ),
    ),
    _files(
        "ModelCheckpoint(a name not there)",
        lambda k, d: k.callbacks.ModelCheckpoint(d + "/{zz}.keras"),
    ),
    _files(
        "BackupAndRestore()", lambda k, d: k.callbacks.BackupAndRestore(d + "/backup"), epochs=1
    ),
    _lambdas("epochs", "on_epoch_begin", "on_epoch_end"),
    _lambdas(
        "all of fit",
        "on_train_begin",
        "on_train_end",
        "on_epoch_end",
        "on_train_batch_begin",
        "on_train_batch_end",
    ),
    _wrong("LambdaCallback(other)", lambda k: k.callbacks.LambdaCallback(other=lambda logs: None)),
    _wrong("ModelCheckpoint('a')", lambda k: k.callbacks.ModelCheckpoint("a")),
    _wrong(
        "ModelCheckpoint('a.h5')",
        lambda k: k.callbacks.ModelCheckpoint("a.h5", save_weights_only=True),
    ),
    _wrong(
        "ModelCheckpoint(save_freq)",
        lambda k: k.callbacks.ModelCheckpoint("a.keras", save_freq="batch"),
    ),
    _wrong("ModelCheckpoint(mode)", lambda k: k.callbacks.ModelCheckpoint("a.keras", mode="best")),
    _wrong("BackupAndRestore(None)", lambda k: k.callbacks.BackupAndRestore(None)),
    _wrong("BackupAndRestore('')", lambda k: k.callbacks.BackupAndRestore("")),
    _wrong(
        "BackupAndRestore(save_freq)", lambda k: k.callbacks.BackupAndRestore("a", save_freq=1.5)
    ),
    _wrong(
        "fit(callbacks=a class)",
        lambda k: stack(k).fit(X, Y, verbose=0, callbacks=[k.callbacks.History]),
    ),
]
