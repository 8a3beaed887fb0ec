"""A training of the playground as a script of Keras, complete, and its network as a file."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from narae.app.digits import TRAINING
from narae.app.networks import OPTIMIZERS, TOO_LARGE, Network
from narae.app.script_table import reads_table, table_script
from narae.app.shuffling import shuffled
from narae.app.switches import without_switches
from narae.app.tasks import TASKS, Task

_CLASSES = {
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adam": "Adam",
    "adamw": "AdamW",
}
_CLASSES["nadam"] = "Nadam"
_MOMENTUM = ("sgd", "rmsprop")
_INITIALS = {
    "glorot": "keras.initializers.GlorotUniform(seed={seed})",
    "he": "keras.initializers.HeUniform(seed={seed})",
    "zeros": '"zeros"',
    "large": f'keras.initializers.VarianceScaling({TOO_LARGE**2:g}, "fan_avg", "uniform", seed={{seed}})',
}
_HEAD = '''"""{title}, as narae's playground trains it."""

import numpy as np

import narae as keras  # with Keras itself: import keras

keras.utils.set_random_seed({seed})
'''
_DIGITS = """
(x, y), (test_x, test_y) = keras.datasets.mnist.load_data()
x, test_x = (images.reshape(-1, 784).astype("float32") / 255 for images in (x, test_x))
y, test_y = y.astype("int32"), test_y.astype("int32")
val_x, val_y = x[{kept}:{end}], y[{kept}:{end}]
x, y = x[:{samples}], y[:{samples}]
"""
_SHUFFLED = """
# labels dealt out anew among a share of the samples
rng = np.random.default_rng({seed})
dealt = rng.random(len(y)) < {share}
y = y.copy()
y[dealt] = rng.permutation(y[dealt])
"""
_FIT = """
history = model.fit(
    x,
    y,
    batch_size={batch},
    epochs={epochs},
    validation_data=(val_x, val_y),
    validation_batch_size=len(val_x),
    verbose=2,{callbacks}
)
"""


def script(task: str, knobs: Mapping[str, Any]) -> str:
    """The script of a task's knobs. Points of the plane stand in it as numbers, those of
    a CSV file are read from it.

    >>> from narae.app.knobs import check_knobs
    >>> text = script("digits", check_knobs("digits", {"units": [32]}))
    >>> "layers.Dense(32" in text and "mnist.load_data()" in text
    True
    """
    data = shuffled(TASKS[task](knobs), knobs)
    title = "Digits" if task == "digits" else "Points of the plane"
    parts = [_HEAD.format(title=title, seed=knobs["seed"])]
    if task == "digits":
        end = TRAINING + len(data.validation_x)
        parts.append(_DIGITS.format(kept=TRAINING, end=end, samples=knobs["samples"]))
        if knobs["shuffled"]:
            parts.append(_SHUFFLED.format(seed=knobs["seed"], share=knobs["shuffled"]))
    elif reads_table(knobs):
        parts.append(table_script(knobs))
    else:
        parts.append("".join(_points(data, knobs["features"])))
    parts += ["\nmodel = keras.Sequential(\n    [\n", *_layers(data, knobs), "    ]\n)\n"]
    parts += _compiled(data, knobs)
    parts.append(
        _FIT.format(batch=knobs["batch_size"], epochs=knobs["epochs"], callbacks=_stop(knobs))
    )
    parts.append("\nprint(model.evaluate(val_x, val_y, batch_size=len(val_x), verbose=0))\n")
    if task == "digits":
        parts.append(
            "print(model.evaluate(test_x, test_y, batch_size=1000, verbose=0))  # at the very end\n"
        )
    parts.append('model.save("playground.keras")\n')
    return "".join(parts)


def _points(data: Task, features: Sequence[str]) -> Iterator[str]:
    yield f"\n# inputs: {', '.join(features)}\n"
    for name, array in (
        ("x", data.x),
        ("y", data.y),
        ("val_x", data.validation_x),
        ("val_y", data.validation_y),
    ):
        rows = np.round(array.astype(np.float64), 5).tolist()
        kind = "float32" if array.dtype.kind == "f" else "int32"
        yield f"{name} = np.array(\n    {rows},\n    dtype={kind!r},\n)\n"


def _layers(data: Task, knobs: Mapping[str, Any]) -> Iterator[str]:
    def dense(units: int, activation: str, seed: int) -> str:
        initial = _INITIALS[knobs["initial"]].format(seed=seed)
        more = f", kernel_initializer={initial}"
        if knobs["l1"] or knobs["l2"]:
            more += f", kernel_regularizer=keras.regularizers.L1L2({knobs['l1']}, {knobs['l2']})"
        return f'        keras.layers.Dense({units}, activation="{activation}"{more}),\n'

    yield f"        keras.Input(({data.x.shape[1]},)),\n"
    if knobs["scale"] == "bytes":
        yield "        keras.layers.Rescaling(255.0),\n"
    for i, units in enumerate(knobs["units"]):
        yield dense(units, knobs["activation"], knobs["seed"] + i)
        if knobs["dropout"]:
            yield f"        keras.layers.Dropout({knobs['dropout']}, seed={knobs['seed'] + i}),\n"
    yield dense(data.target.outputs, data.target.activation, knobs["seed"] + len(knobs["units"]))


def _compiled(data: Task, knobs: Mapping[str, Any]) -> Iterator[str]:
    name, rate = knobs["optimizer"], knobs["learning_rate"]
    more = f", momentum={knobs['momentum']}" if name in _MOMENTUM and knobs["momentum"] else ""
    metrics = '["accuracy"]' if data.target.classes else '["r2_score"]'
    yield (
        f"model.compile(\n    keras.optimizers.{_CLASSES[name]}({rate}{more}),\n"
        f'    loss="{data.target.loss}",\n    metrics={metrics},\n)\n'
    )


def _stop(knobs: Mapping[str, Any]) -> str:
    if not knobs["patience"]:
        return ""
    made = f"keras.callbacks.EarlyStopping(patience={knobs['patience']}, restore_best_weights=True)"
    return f"\n    callbacks=[{made}],"


def saved(network: Network, knobs: Mapping[str, Any]) -> dict[str, Any]:
    """A message with the network as a `.keras` file: plain layers, compiled with the knobs' optimizer, that narae
    and Keras read."""
    model = without_switches(network.model)
    rate, momentum = knobs["learning_rate"], knobs["momentum"]
    metrics = ["accuracy"] if network.target.classes else []
    model.compile(
        OPTIMIZERS[knobs["optimizer"]](rate, momentum), network.target.loss, metrics=metrics
    )
    # Keras counts an optimizer's numbers when it reads a file, also of one that has not stepped yet.
    model.optimizer.build(model.trainable_variables)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "playground.keras"
        model.save(path)
        return {"type": "saved", "file": base64.b64encode(path.read_bytes()).decode()}
