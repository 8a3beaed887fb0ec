"""Every metric against Keras on JAX: results and state over updates, weights, masks, configs."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tables import metrics as rows
from tests.tables.metrics import CASES, IDS

from narae import metrics, ops
from narae.engine.jit import jit

# Keras's own IoU asks JAX for int64, and warns of weights that are no integers
pytestmark = pytest.mark.filterwarnings(
    "ignore:Explicitly requested dtype int64", "ignore:You are passing weight as"
)


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order():
    rows.same_numbers()


def _batches(make, weighted):
    for _ in range(2):
        weight = rows.RNG.integers(1, 4, rows.N).astype("float32") if weighted else None
        yield *make(), weight


def _same(ours, theirs, rtol=1e-5):
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=rtol, atol=1e-5)


# IoU counts whole numbers, and says so where a weight has fractions
_FLOAT_WEIGHTS = pytest.mark.filterwarnings("ignore:.*weight.*float.*int:UserWarning")


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "kw", "make"), CASES, ids=IDS)
@_FLOAT_WEIGHTS
def test_equals_keras(keras, name, kw, make):
    ours, theirs = getattr(metrics, name)(**kw), getattr(keras.metrics, name)(**kw)
    for weighted in (False, True):
        for y_true, y_pred, weight in _batches(make, weighted):
            ours.update_state(y_true, y_pred, sample_weight=weight)
            theirs.update_state(y_true, y_pred, sample_weight=weight)
        assert [v.name for v in ours.variables] == [v.name for v in theirs.variables]
        assert [v.dtype for v in ours.variables] == [v.dtype for v in theirs.variables]
        for mine, other in zip(ours.variables, theirs.variables, strict=True):
            if mine.name != "num_samples":  # Keras counts samples times outputs
                _same(mine, other.value)
        _same(ours.result(), theirs.result(), 1e-4)
    ours.reset_state()
    assert not any(v.numpy().any() for v in ours.variables)


@pytest.mark.parametrize(("name", "kw", "make"), CASES, ids=IDS)
@_FLOAT_WEIGHTS
def test_traced_equals_eager(name, kw, make):
    eager, traced = getattr(metrics, name)(**kw), getattr(metrics, name)(**kw)

    @jit
    def step(y_true, y_pred, weight):
        traced.update_state(y_true, y_pred, sample_weight=weight)
        return traced.result()

    for y_true, y_pred, weight in _batches(make, True):
        eager.update_state(y_true, y_pred, sample_weight=weight)
        result = step(y_true, y_pred, weight)
    assert result.dtype == "float32"
    np.testing.assert_allclose(result.numpy(), eager.result().numpy(), rtol=1e-5, atol=1e-6)


def _plain(value):
    return value if isinstance(value, str) or value is None else np.asarray(value).tolist()


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "kw"), [case[:2] for case in CASES], ids=IDS)
def test_config_goes_both_ways(keras, name, kw):
    ours = getattr(metrics, name)(name="one", **kw)
    theirs = getattr(keras.metrics, name)(name="one", **kw)
    written, expected = metrics.serialize(ours), theirs.get_config()
    assert written["module"] == "keras.metrics"
    assert {k: written["config"][k] for k in expected} == {
        k: _plain(v) for k, v in expected.items()
    }
    assert metrics.serialize(metrics.deserialize(written)) == written
    assert type(keras.metrics.deserialize(written)) is type(theirs)


@pytest.mark.oracle
@pytest.mark.parametrize("shape", [(), (1,), (rows.N,), (rows.N, 1), (rows.N, rows.D)])
@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_mean_and_sum(keras, name, shape):
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    weight, values = rows.RNG.random(shape).astype("float32"), rows.floats(rows.N, rows.D)
    for metric in (ours, theirs):
        metric.update_state(values)
        metric.update_state(values, sample_weight=weight)
    _same(ours.result(), theirs.result())


@pytest.mark.oracle
@pytest.mark.parametrize("shape", [(1,), (rows.N, 1), (rows.N, rows.D), ()])
@pytest.mark.parametrize("name", ["TruePositives", "AUC"])
def test_weights_of_decisions(keras, name, shape):
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    weight, (y_true, y_pred) = rows.RNG.random(shape).astype("float32"), rows.table()
    for metric in (ours, theirs):
        metric.update_state(y_true, y_pred, sample_weight=weight)
    for mine, other in zip(ours.variables, theirs.variables, strict=True):
        _same(mine, other.value)


@pytest.mark.oracle
@pytest.mark.parametrize("weighted", [False, True])
def test_masks(keras, weighted):
    y_true, y_pred = rows.regression()
    mask = np.arange(rows.N) % 3 > 0
    ours_pred, theirs_pred = ops.convert_to_tensor(y_pred), keras.ops.convert_to_tensor(y_pred)
    ours_pred._keras_mask = ops.convert_to_tensor(mask)
    theirs_pred._keras_mask = keras.ops.convert_to_tensor(mask)
    weight = rows.RNG.random(rows.N).astype("float32") if weighted else None
    ours, theirs = metrics.MeanSquaredError(), keras.metrics.MeanSquaredError()
    ours.update_state(y_true, ours_pred, sample_weight=weight)
    theirs.update_state(y_true, theirs_pred, sample_weight=weight)
    _same(ours.result(), theirs.result())


_REQUIRED = {
    "MeanMetricWrapper": {"fn": "mean_squared_error"},
    "FBetaScore": {},
    "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "MeanIoU": {"num_classes": 2},
    "OneHotMeanIoU": {"num_classes": 2},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
}


@pytest.mark.oracle
def test_names_and_aliases(keras):
    from keras.src.metrics import ALL_OBJECTS_DICT

    for name, cls in ALL_OBJECTS_DICT.items():
        written = {"class_name": name, "config": _REQUIRED.get(cls.__name__, {})}
        assert type(metrics.deserialize(written)).__name__ == cls.__name__
    public = {n for n in dir(keras.metrics) if not n.startswith("_")}
    assert public <= set(metrics.__all__)


FUNCTIONS = ["binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
             "top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy",
             "pearson_correlation", "concordance_correlation"]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(keras, name):
    y_true, y_pred = rows.sparse() if name.startswith("sparse") else rows.dense()
    kw = {"k": 2} if "top_k" in name else {}
    _same(getattr(metrics, name)(y_true, y_pred, **kw),
          getattr(keras.metrics, name)(y_true, y_pred, **kw))  # fmt: skip
