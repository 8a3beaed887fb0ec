"""The same Keras code on narae and on Keras's backends: only the import differs.

python keras_like.py narae | narae-xla | tensorflow | jax | torch TASK [--quick]
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import common

PEER = sys.argv[1]
OURS = PEER.startswith("narae")
if PEER == "narae-xla":
    os.environ["NARAE_EXECUTOR"] = "xla"
elif not OURS:
    os.environ["KERAS_BACKEND"] = PEER
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
start = time.perf_counter()
if OURS:
    import narae as keras
    from narae import layers
else:
    import keras
    from keras import layers
keras.Sequential  # noqa: B018  narae loads its rooms when they are used
imported = time.perf_counter() - start

import keras_inference  # noqa: E402
import numpy as np  # noqa: E402
from keras_sequences import Tasks as Sequences  # noqa: E402


def dense(*widths: int, last: str | None = "softmax") -> list[Any]:
    """Dense layers, with relu but for the last."""
    hidden = [layers.Dense(width, activation="relu") for width in widths[:-1]]
    return [*hidden, layers.Dense(widths[-1], activation=last)]


def classifier(stack: list[Any]) -> Any:
    model = keras.Sequential(stack)
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def convolutional() -> Any:
    return classifier(
        [
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 3, activation="relu"),
            layers.Flatten(),
            *dense(10),
        ]
    )


def first(model: Any, x: Any, y: Any, batch: int) -> float:
    """Seconds of the first step, compilation and all."""
    return common.seconds(lambda: model.fit(x[:batch], y[:batch], batch_size=batch, verbose=0))


def seed() -> dict[str, float]:
    images, labels = common.mnist()
    model = classifier(dense(512, 10))
    step = first(model, images, labels, 128)
    epoch = common.epoch_s(lambda n: model.fit(images[:n], labels[:n], batch_size=128, verbose=0))
    return {"first_step_s": step, "epoch_s": epoch}


def mixed() -> dict[str, float]:
    keras.config.set_dtype_policy("mixed_bfloat16")
    return {"epoch_s": seed()["epoch_s"]}


def busy() -> dict[str, float]:
    images, labels = common.mnist()
    model = classifier(dense(512, 10))
    return common.quiet_and_busy(
        lambda n: model.fit(images[:n], labels[:n], batch_size=128, verbose=0)
    )


def first_seed() -> dict[str, float]:
    return {"first_step_s": first(classifier(dense(512, 10)), *common.mnist(), 128)}


def first_cnn() -> dict[str, float]:
    return {"first_step_s": first(convolutional(), *common.pictures(), common.CNN_BATCH)}


def predict() -> dict[str, float]:
    one = common.mnist()[0][:1]
    model = classifier(dense(512, 10))
    return {
        "predict_ms": common.per_call_ms(lambda: model.predict(one, verbose=0)),
        "call_ms": common.per_call_ms(lambda: np.asarray(model(one))),
        "on_batch_ms": common.per_call_ms(lambda: model.predict_on_batch(one)),
    }


def tiny() -> dict[str, float]:
    x, y = common.tiny()
    model: Any = keras.Sequential(dense(64, 64, 1, last=None))
    model.compile(optimizer="rmsprop", loss="mse")
    batch = common.TINY_BATCH
    steps = common.TINY_ROWS // batch
    return {
        "step_ms": common.per_step_ms(
            lambda n: model.fit(x, y, epochs=n, batch_size=batch, verbose=0), steps
        )
    }


def cnn() -> dict[str, float]:
    x, y = common.pictures()
    model, batch = convolutional(), common.CNN_BATCH
    return {
        "step_ms": common.per_step_ms(
            lambda n: model.fit(x, y, epochs=n, batch_size=batch, verbose=0), len(x) // batch
        )
    }


def deep() -> dict[str, float]:
    batch = common.DEEP_BATCH
    rng = np.random.default_rng(0)
    x = rng.random((common.DEEP_ROWS, common.DEEP[0]), np.float32)
    y = rng.integers(0, 10, len(x)).astype("int32")
    model = classifier(dense(*common.DEEP[1:]))
    return {
        "step_ms": common.per_step_ms(
            lambda n: model.fit(x, y, epochs=n, batch_size=batch, verbose=0), len(x) // batch
        )
    }


def sizes() -> dict[str, float]:
    """GFLOP/s of two Dense layers in `predict`, for batch sizes and widths: {"32 x 128": ...}."""
    found = {}
    work = 5e8 if common.QUICK else 4e9  # operations that a timing has at least
    for width in (128, 512, 1024, 2048, 4096):
        model = keras.Sequential(dense(width, width, last="relu"))
        for batch in (32, 128, 512, 1024, 4096):
            each = 4 * batch * width * width
            if common.QUICK and each > 4 * 1024**3:
                continue
            x = np.random.default_rng(0).random(
                (batch * max(1, min(int(work / each), 2**26 // (batch * width))), width), np.float32
            )

            def run(model: Any = model, x: Any = x, batch: int = batch) -> Any:
                return model.predict(x, batch_size=batch, verbose=0)

            run()
            taken = common.seconds(run, 3 if each < 2e10 and not common.QUICK else 1)
            found[f"{batch} x {width}"] = each * len(x) / batch / taken / 1e9
    return found


TASKS = (seed, mixed, busy, first_seed, first_cnn, predict, tiny, cnn, deep, sizes)
SEQUENCES = Sequences(keras)
ANSWERS = {
    "answer_seed": lambda: classifier(dense(512, 10)),
    "answer_cnn": convolutional,
    "answer_lstm": SEQUENCES.lstm_model,
    "answer_encoder": SEQUENCES.encoder_model,
}
common.main(
    {task.__name__: task for task in TASKS}
    | SEQUENCES.all()
    | keras_inference.tasks(keras, ANSWERS),
    imported,
)
