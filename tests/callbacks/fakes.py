"""What the callbacks use of a model, with its calls recorded."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np


class Model:
    """Weights that are a number, a learning rate, and files that hold nothing."""

    def __init__(self, rate: float = 0.1, metrics=()):
        self.optimizer = SimpleNamespace(learning_rate=np.float32(rate), built=True)
        self.metrics = list(metrics)
        self.stop_training = False
        self.weight = 0
        self.saved: list[str] = []

    @property
    def metrics_names(self):
        return [metric.name for metric in self.metrics]

    def get_weights(self):
        return [np.float32(self.weight)]

    def set_weights(self, weights):
        self.weight = int(weights[0])

    def save(self, path, overwrite=True):
        self.saved.append(str(path))

    save_weights = save


def drive(callback, logs, model=None, batches=0):
    """Run a callback over epochs of logs; (the epochs run, the model)."""
    model = model or Model()
    callback.set_model(model)
    callback.set_params({"epochs": len(logs), "verbose": 0, "steps": batches})
    callback.on_train_begin({})
    seen = []
    for epoch, values in enumerate(logs):
        given = dict(values)
        callback.on_epoch_begin(epoch, {})
        for batch in range(batches):
            callback.on_train_batch_end(batch, dict(values))
        model.weight = epoch + 1
        callback.on_epoch_end(epoch, given)
        seen.append(given)
        if model.stop_training:
            break
    callback.on_train_end({})
    return seen, model
