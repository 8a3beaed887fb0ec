"""Every metric against Keras on JAX: results and state over updates, weights, masks, configs."""

from __future__ import annotations

import numpy as np
import pytest

from narae import metrics, ops
from narae.engine.jit import jit

# Keras's own IoU asks JAX for int64, and warns of weights that are no integers
pytestmark = pytest.mark.filterwarnings(
    "ignore:Explicitly requested dtype int64", "ignore:You are passing weight as"
)
RNG = np.random.default_rng(3)
N, D = 8, 4


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order():
    global RNG
    RNG = np.random.default_rng(3)


def _probabilities(*shape):
    x = RNG.random(shape).astype("float32") + 0.05
    return x / x.sum(-1, keepdims=True)


def _floats(*shape):
    return RNG.normal(size=shape).astype("float32")


def _bits(*shape):
    return RNG.integers(0, 2, shape).astype("float32")


def _labels(*shape):
    return RNG.integers(0, D, shape).astype("int32")


def _one_hot():
    return np.eye(D, dtype="float32")[_labels(N)]


def _scores(*shape):
    """Scores between the thresholds of 1/(n-1) steps that the tests use."""
    return (RNG.integers(0, 97, shape) / 97 + 0.003).astype("float32")


def _binary():
    return _bits(N), _scores(N)


def _table():
    return _bits(N, D), _scores(N, D)


def _regression():
    return _floats(N, D), _floats(N, D)


def _classes():
    return _labels(N), _labels(N)


def _sparse():
    return _labels(N), _probabilities(N, D)


def _dense():
    return _one_hot(), _probabilities(N, D)


# class name, arguments, a maker of (y_true, y_pred)
CASES = [
    ("Accuracy", {}, _classes),
    ("BinaryAccuracy", {}, lambda: (_bits(N, 1), _scores(N, 1))),
    ("BinaryAccuracy", {"threshold": 0.3}, lambda: (_bits(N), _scores(N, 1))),
    ("CategoricalAccuracy", {}, _dense),
    ("SparseCategoricalAccuracy", {}, _sparse),
    ("SparseCategoricalAccuracy", {}, lambda: (_labels(N, 3, 1), _probabilities(N, 3, D))),
    ("TopKCategoricalAccuracy", {"k": 2}, _dense),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, _sparse),
    (
        "SparseTopKCategoricalAccuracy",
        {"k": 2, "from_sorted_ids": True},
        lambda: (_labels(N), np.argsort(RNG.random((N, D)), -1).astype("int32")),
    ),
    ("MeanSquaredError", {}, _regression),
    ("RootMeanSquaredError", {}, _regression),
    ("MeanAbsoluteError", {}, _regression),
    ("MeanAbsolutePercentageError", {}, _regression),
    ("MeanSquaredLogarithmicError", {}, lambda: (_scores(N, D), _scores(N, D))),
    ("LogCoshError", {}, _regression),
    ("CosineSimilarity", {}, _regression),
    ("CosineSimilarity", {"axis": 1}, _regression),
    ("Hinge", {}, lambda: (_bits(N, D), _floats(N, D))),
    ("SquaredHinge", {}, lambda: (_bits(N, D), _floats(N, D))),
    ("CategoricalHinge", {}, lambda: (_one_hot(), _floats(N, D))),
    ("KLDivergence", {}, lambda: (_probabilities(N, D), _probabilities(N, D))),
    ("Poisson", {}, _table),
    ("BinaryCrossentropy", {}, _table),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, _table),
    ("CategoricalCrossentropy", {}, _dense),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, _dense),
    ("SparseCategoricalCrossentropy", {}, _sparse),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, _sparse),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, _sparse),
    ("PearsonCorrelation", {}, _regression),
    ("PearsonCorrelation", {"axis": 1}, _regression),
    ("ConcordanceCorrelation", {}, _regression),
    ("R2Score", {}, _regression),
    ("R2Score", {"class_aggregation": None}, _regression),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, _regression),
    ("TruePositives", {}, _binary),
    ("TruePositives", {"thresholds": [0.2, 0.6]}, _table),
    ("FalsePositives", {}, _binary),
    ("TrueNegatives", {"thresholds": 0.4}, _binary),
    ("FalseNegatives", {}, _binary),
    ("Precision", {}, _binary),
    ("Precision", {"thresholds": [0.25, 0.5]}, _binary),
    ("Precision", {"thresholds": [0.0, 0.5, 1.0]}, _binary),
    ("Precision", {"top_k": 2}, _table),
    ("Precision", {"top_k": 2, "class_id": 1}, _table),
    ("Recall", {}, _binary),
    ("Recall", {"class_id": 2}, _table),
    ("SensitivityAtSpecificity", {"specificity": 0.5}, _binary),
    ("SpecificityAtSensitivity", {"sensitivity": 0.4, "num_thresholds": 20}, _binary),
    ("PrecisionAtRecall", {"recall": 0.5, "num_thresholds": 1}, _binary),
    ("PrecisionAtRecall", {"recall": 0.5, "class_id": 1}, _table),
    ("RecallAtPrecision", {"precision": 0.6}, _binary),
    ("AUC", {}, _binary),
    ("AUC", {"curve": "PR"}, _binary),
    ("AUC", {"curve": "PRGAIN", "num_thresholds": 9}, _binary),
    ("AUC", {"curve": "PRGAIN", "num_thresholds": 30, "summation_method": "minoring"}, _table),
    ("AUC", {"curve": "PR", "summation_method": "majoring", "num_thresholds": 20}, _binary),
    ("AUC", {"summation_method": "minoring", "thresholds": [0.2, 0.7, 0.3]}, _binary),
    ("AUC", {"multi_label": True}, _table),
    (
        "AUC",
        {
            "multi_label": True,
            "curve": "PR",
            "num_labels": D,
            "label_weights": [1.0, 2.0, 0.0, 3.0],
        },
        _table,
    ),
    ("AUC", {"label_weights": [1.0, 2.0, 0.0, 3.0]}, _table),
    ("AUC", {"from_logits": True}, lambda: (_bits(N), _floats(N))),
    ("F1Score", {}, _dense),
    ("F1Score", {"average": "macro"}, _dense),
    ("F1Score", {"average": "micro", "threshold": 0.3}, _table),
    ("FBetaScore", {"beta": 2.0, "average": "weighted", "threshold": 0.3}, _table),
    ("IoU", {"num_classes": D, "target_class_ids": [0, 2]}, _classes),
    ("IoU", {"num_classes": D, "target_class_ids": [0, 2], "ignore_class": 2}, _classes),
    ("IoU", {"num_classes": D, "target_class_ids": [1], "dtype": "float32"}, _classes),
    ("BinaryIoU", {"threshold": 0.4}, _binary),
    ("MeanIoU", {"num_classes": D}, _classes),
    ("OneHotIoU", {"num_classes": D, "target_class_ids": [1, 3]}, _dense),
    ("OneHotMeanIoU", {"num_classes": D}, _dense),
]
IDS = [f"{name}-{'-'.join(f'{k}={v}' for k, v in kw.items())}" for name, kw, _ in CASES]


def _batches(make, weighted):
    for _ in range(2):
        weight = RNG.integers(1, 4, N).astype("float32") if weighted else None
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
@pytest.mark.parametrize("shape", [(), (1,), (N,), (N, 1), (N, D)])
@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_mean_and_sum(keras, name, shape):
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    weight, values = RNG.random(shape).astype("float32"), _floats(N, D)
    for metric in (ours, theirs):
        metric.update_state(values)
        metric.update_state(values, sample_weight=weight)
    _same(ours.result(), theirs.result())


@pytest.mark.oracle
@pytest.mark.parametrize("shape", [(1,), (N, 1), (N, D), ()])
@pytest.mark.parametrize("name", ["TruePositives", "AUC"])
def test_weights_of_decisions(keras, name, shape):
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    weight, (y_true, y_pred) = RNG.random(shape).astype("float32"), _table()
    for metric in (ours, theirs):
        metric.update_state(y_true, y_pred, sample_weight=weight)
    for mine, other in zip(ours.variables, theirs.variables, strict=True):
        _same(mine, other.value)


@pytest.mark.oracle
@pytest.mark.parametrize("weighted", [False, True])
def test_masks(keras, weighted):
    y_true, y_pred = _regression()
    mask = np.arange(N) % 3 > 0
    ours_pred, theirs_pred = ops.convert_to_tensor(y_pred), keras.ops.convert_to_tensor(y_pred)
    ours_pred._keras_mask = ops.convert_to_tensor(mask)
    theirs_pred._keras_mask = keras.ops.convert_to_tensor(mask)
    weight = RNG.random(N).astype("float32") if weighted else None
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
    y_true, y_pred = _sparse() if name.startswith("sparse") else _dense()
    kw = {"k": 2} if "top_k" in name else {}
    _same(getattr(metrics, name)(y_true, y_pred, **kw),
          getattr(keras.metrics, name)(y_true, y_pred, **kw))  # fmt: skip
