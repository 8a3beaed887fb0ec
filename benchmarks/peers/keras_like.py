"""The same Keras code on narae and on Keras's backends: only the import differs.

python keras_like.py narae | tensorflow | jax | torch [--quick]
"""

from __future__ import annotations

import os
import sys
import time

import common

PEER = sys.argv[1]
if PEER != "narae":
    os.environ["KERAS_BACKEND"] = PEER
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
start = time.perf_counter()
if PEER == "narae":
    import narae as keras
    from narae import layers
else:
    import keras
    from keras import layers
keras.Sequential  # noqa: B018  narae loads its rooms when they are used
imported = time.perf_counter() - start

images, labels = common.mnist()
model = keras.Sequential(
    [layers.Dense(512, activation="relu"), layers.Dense(10, activation="softmax")]
)
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
first = common.seconds(
    lambda: model.fit(images[:128], labels[:128], epochs=1, batch_size=128, verbose=0)
)
epoch = common.seconds(
    lambda: model.fit(images, labels, epochs=1, batch_size=128, verbose=0), common.EPOCHS
)
one = images[:1]
model.predict(one, verbose=0)
single = common.seconds(lambda: model.predict(one, verbose=0), 20)

x, y = common.tiny()
small = keras.Sequential(
    [layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu"), layers.Dense(1)]
)
small.compile(optimizer="rmsprop", loss="mse")
tiny = common.per_tiny_step(lambda n: small.fit(x, y, epochs=n, batch_size=16, verbose=0))
common.report(
    import_s=imported,
    first_step_s=first,
    epoch_s=epoch,
    predict_ms=1e3 * single,
    tiny_ms=tiny,
)
