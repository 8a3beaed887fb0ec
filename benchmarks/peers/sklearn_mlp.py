"""scikit-learn's MLPClassifier and MLPRegressor (Adam: they have no RMSprop).

python sklearn_mlp.py TASK [--quick]
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import common

start = time.perf_counter()
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402

imported = time.perf_counter() - start
warnings.simplefilter("ignore")  # of training that ends before it converges


def classifier() -> Any:
    return MLPClassifier(hidden_layer_sizes=(512,), batch_size=128, max_iter=1)


def seed() -> dict[str, float]:
    x, y = common.mnist()
    step = common.seconds(lambda: classifier().fit(x[:128], y[:128]))
    epoch = common.epoch_s(lambda n: classifier().fit(x[:n], y[:n]))
    return {"first_step_s": step, "epoch_s": epoch}


def predict() -> dict[str, float]:
    x, y = common.mnist()
    fitted = classifier().fit(x[:1280], y[:1280])
    return {"call_ms": common.per_call_ms(lambda: fitted.predict_proba(x[:1]))}


def tiny() -> dict[str, float]:
    x, y = common.tiny()
    batch = common.TINY_BATCH

    def fit(epochs: int) -> None:
        # It stops when it no longer improves; that many epochs without are never reached.
        stays: dict[str, Any] = {"max_iter": epochs, "n_iter_no_change": 10**6}
        MLPRegressor(hidden_layer_sizes=(64, 64), batch_size=batch, **stays).fit(x, y[:, 0])

    return {"step_ms": common.per_step_ms(fit, len(x) // batch)}


common.main({"seed": seed, "predict": predict, "tiny": tiny}, imported)
