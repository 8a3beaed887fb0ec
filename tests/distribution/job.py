"""Training that should give the same numbers on one device, on many, and in many processes: imported by
the tests, and run by `narae launch` as a script (KIND OUT [--kill-at STEP] [--backup FOLDER])."""

from __future__ import annotations

import argparse
import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np

import narae
from narae import callbacks, distribution, layers
from narae.datasets import mnist

BATCH, SAMPLES = 64, 2520  # 39 batches of 64, and one of 24, in each epoch


def mlp() -> Any:
    model = narae.Sequential(
        [
            narae.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(64, activation="relu", name="hidden"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax", name="scores"),
        ]
    )
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def cnn() -> Any:
    model = narae.Sequential(
        [
            narae.Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu", name="second"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", name="scores"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


MODELS = {"mlp": mlp, "cnn": cnn}


def data(kind: str) -> tuple[np.ndarray, np.ndarray]:
    (x, y), _ = mnist.load_data()
    x = x[:SAMPLES].astype("float32") / 255
    return (x[..., None] if kind == "cnn" else x), y[:SAMPLES]


class Losses(callbacks.Callback):
    """The loss of every batch by itself."""

    def __init__(self, kill_at: int = -1) -> None:
        super().__init__()
        self.found: list[float] = []
        self.kill_at = kill_at

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.found.append(logs["loss"])
        self.model.reset_metrics()
        if len(self.found) == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def steps(kind: str, epochs: int = 3, more: Any = (), kill_at: int = -1) -> dict[str, Any]:
    """120 steps, one by one: the losses, and sums of the weights."""
    narae.utils.set_random_seed(1)
    model, losses = MODELS[kind](), Losses(kill_at)
    x, y = data(kind)
    model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[*more, losses])
    return {"losses": losses.found, "weights": weights(model)}


def stretches(kind: str) -> dict[str, Any]:
    """Epochs as runs of many steps, evaluation, prediction."""
    narae.utils.set_random_seed(1)
    model = MODELS[kind]()
    x, y = data(kind)
    history = model.fit(
        x, y, batch_size=BATCH, epochs=2, verbose=0, validation_data=(x[:216], y[:216])
    )
    predicted = model.predict(x[:152], batch_size=BATCH, verbose=0)
    return {
        "losses": [*history.history["loss"], *history.history["val_loss"]],
        "accuracy": history.history["accuracy"],
        "predicted": predicted.tolist(),
        "called": np.asarray(model(x[:3])).tolist(),
        "evaluated": model.evaluate(x[:88], y[:88], batch_size=BATCH, verbose=0),
        "weights": weights(model),
    }


def weights(model: Any) -> list[float]:
    return [float(np.abs(v.numpy()).sum()) for v in model.weights]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="+")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--kill-at", type=int, default=-1)
    parser.add_argument("--backup")
    parser.add_argument("--steps-alone", action="store_true", help="the CNN only step by step")
    parser.add_argument("--split", action="store_true")
    given = parser.parse_args()
    distribution.initialize()
    rank = os.environ["NARAE_PROCESS_ID"]
    distribution.set_distribution(split() if given.split else distribution.DataParallel())
    found: dict[str, Any] = {}
    for kind in given.kinds:
        if given.backup:
            keep = callbacks.BackupAndRestore(given.backup, save_freq=25)
            killed = given.kill_at if rank == "1" else -1
            found[kind] = steps(kind, more=[keep], kill_at=killed)
        else:
            found[kind] = {"steps": steps(kind)}
            if not given.steps_alone or kind == "mlp":
                found[kind]["stretches"] = stretches(kind)
    given.out.with_suffix(f".{rank}.json").write_text(json.dumps(found))


def split() -> Any:
    """Two copies of the model, each over half of the devices."""
    devices = distribution.list_devices()
    mesh = distribution.DeviceMesh((2, len(devices) // 2), ("batch", "model"), devices)
    layouts = distribution.LayoutMap(mesh)
    layouts[".*hidden/kernel"] = (None, "model")
    layouts[".*hidden/bias"] = ("model",)
    layouts[".*second/kernel"] = (None, None, None, "model")
    layouts[".*hidden/output"] = ("batch", "model")
    return distribution.ModelParallel(layout_map=layouts)


if __name__ == "__main__":
    main()
