"""scikit-learn's MLPClassifier and MLPRegressor (Adam: they have no RMSprop)."""

from __future__ import annotations

import time
import warnings

import common

start = time.perf_counter()
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402

imported = time.perf_counter() - start
warnings.simplefilter("ignore")
images, labels = common.mnist()


def model(epochs: int = 1) -> MLPClassifier:
    return MLPClassifier(hidden_layer_sizes=(512,), batch_size=128, max_iter=epochs)


first = common.seconds(lambda: model().fit(images[:128], labels[:128]))
epoch = common.seconds(lambda: model().fit(images, labels), common.EPOCHS)
fitted = model().fit(images[:1280], labels[:1280])
single = common.seconds(lambda: fitted.predict_proba(images[:1]), 20)
x, y = common.tiny()


def regressor(epochs: int) -> MLPRegressor:
    # It stops when it no longer improves; that many epochs without are never reached.
    stays = {"max_iter": epochs, "n_iter_no_change": 10**6}
    return MLPRegressor(hidden_layer_sizes=(64, 64), batch_size=16, **stays)


tiny = common.per_tiny_step(lambda n: regressor(n).fit(x, y[:, 0]))
common.report(
    import_s=imported,
    first_step_s=first,
    epoch_s=epoch,
    predict_ms=1e3 * single,
    tiny_ms=tiny,
)
