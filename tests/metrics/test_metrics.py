"""Metrics: their base, what they refuse, and laws that need no oracle."""

from __future__ import annotations

import numpy as np
import pytest

from narae import losses, metrics, ops
from narae.engine.jit import jit
from narae.engine.variable import Variable

X, Y = np.arange(6, dtype="float32").reshape(3, 2), np.ones((3, 2), "float32")

BAD = [
    ("AUC", {"num_labels": 3}, "multi_label=True"),
    ("Precision", {"thresholds": [0.5, 2]}, r"between 0 and 1, got \[2\]"),
    ("TruePositives", {"thresholds": -1}, r"between 0 and 1, got \[-1\]"),
    ("AUC", {"num_thresholds": 1}, "above 1"),
    ("AUC", {"curve": "X"}, "curve is one of 'ROC', 'PR', 'PRGAIN'"),
    ("AUC", {"summation_method": "X"}, "'interpolation', 'majoring', 'minoring'"),
    ("PrecisionAtRecall", {"recall": 2}, "recall is between 0 and 1"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.5, "num_thresholds": 0}, "at least 1"),
    ("FBetaScore", {"average": "x"}, "average is None, 'micro'"),
    ("FBetaScore", {"beta": 0.0}, "beta is a float above 0"),
    ("F1Score", {"threshold": 0.0}, "threshold is None or a float"),
    ("R2Score", {"class_aggregation": "x"}, "class_aggregation is None"),
    ("R2Score", {"num_regressors": -1}, "at least 0"),
    ("IoU", {"num_classes": 2, "target_class_ids": [2]}, "classes are 0 to 1"),
]


@pytest.mark.parametrize(("name", "kw", "message"), BAD)
def test_refuses_arguments(name, kw, message):
    with pytest.raises(ValueError, match=message):
        getattr(metrics, name)(**kw)


BAD_DATA = [
    ("MeanSquaredError", {}, X, Y[:2], r"got shapes \(3, 2\) and \(2, 2\)"),
    ("CategoricalAccuracy", {}, [1, 0, 1], X, r"got \(3,\)"),
    ("SparseCategoricalAccuracy", {}, X, X, "look one-hot: categorical_accuracy"),
    ("Precision", {}, Y[:2], X, "one shape"),
    ("Precision", {"class_id": 1}, [1, 0], [0.5, 0.5], r"\(samples, classes\), got \(2,\)"),
    ("AUC", {"multi_label": True}, [1, 0], [0.5, 0.5], r"\(samples, labels\), got \(2,\)"),
    ("F1Score", {}, [1, 0], [0.5, 0.5], r"\(samples, outputs\)"),
    ("R2Score", {}, [1.0, 0.0], [0.5, 0.5], r"\(samples, outputs\)"),
]


@pytest.mark.parametrize(("name", "kw", "y_true", "y_pred", "message"), BAD_DATA)
def test_refuses_data(name, kw, y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        getattr(metrics, name)(**kw).update_state(y_true, y_pred)


def test_refuses_weights_that_do_not_fit():
    with pytest.raises(ValueError, match="one weight per sample"):
        metrics.Recall().update_state(Y, X, sample_weight=[1.0, 2.0])


@pytest.mark.parametrize("name", ["F1Score", "R2Score"])
def test_no_result_of_nothing(name):
    with pytest.raises(ValueError, match="counted nothing yet"):
        getattr(metrics, name)().result()
    with pytest.raises(ValueError, match="num_labels"):
        metrics.AUC(multi_label=True).result()


class Positives(metrics.Metric):
    def __init__(self, name="positives", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(name="total", initializer="zeros", shape=(2,))
        self.mean = metrics.Mean(name="inner")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(ops.sum(ops.cast(y_pred > 0, self.dtype), axis=0))
        self.mean.update_state(y_pred)

    def result(self):
        return self.total.value


def test_a_metric_of_ones_own():
    metric = Positives(dtype="float64")
    paths = [v.path for v in metric.variables]
    assert paths == ["positives/total", "inner/total", "inner/count"]
    assert [v.dtype for v in metric.variables] == ["float32", "float32", "float32"]
    assert not any(v.trainable for v in metric.variables)
    assert metric(Y, X).tolist() == [2.0, 3.0]
    metric.reset_state()
    assert metric.result().tolist() == [0.0, 0.0]
    assert metric.mean.result().item() == 0.0
    again = Positives.from_config(metric.get_config())
    assert again.get_config() == {"name": "positives", "dtype": "float64"}


def test_variables_may_be_attributes():
    class Held(metrics.Metric):
        def __init__(self):
            super().__init__()
            self.own = Variable(0.0)
            self.own = self.own

    assert len(Held().variables) == 1


def test_super_init_first():
    class Hasty(metrics.Metric):
        def __init__(self):
            self.total = self.add_weight()

    with pytest.raises(RuntimeError, match="must call super"):
        Hasty()


def test_methods_to_give():
    metric = metrics.Metric(name="empty")
    with pytest.raises(NotImplementedError, match="update_state"):
        metric.update_state()
    with pytest.raises(NotImplementedError, match="result"):
        metric.result()


def test_stateless():
    metric = metrics.MeanSquaredError()
    metric.update_state(Y, X)
    before = [v.numpy() for v in metric.variables]
    state = metric.stateless_reset_state()
    assert [float(v) for v in state] == [0.0, 0.0]
    state = metric.stateless_update_state(state, Y, Y + 2)
    assert metric.stateless_result(state).item() == 4.0
    assert [v.numpy() for v in metric.variables] == before
    with pytest.raises(ValueError, match="has 2 variables, got 1"):
        metric.stateless_result(state[:1])


def test_stateless_in_a_traced_function():
    metric = metrics.Sum()
    metric.update_state([5.0])
    step = jit(lambda s, x: metric.stateless_update_state([s], x)[0])
    assert step(np.float32(1.0), np.ones(3, "float32")).item() == 4.0
    assert metric.result().item() == 5.0


def test_batches_count_as_one():
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 2, (12, 3)).astype("float32")
    y_pred = rng.random((12, 3)).astype("float32")
    for name in ("MeanSquaredError", "AUC", "Precision", "F1Score", "R2Score", "BinaryIoU"):
        whole, parts = getattr(metrics, name)(), getattr(metrics, name)()
        whole.update_state(y_true, y_pred)
        for i in range(0, 12, 5):
            parts.update_state(y_true[i : i + 5], y_pred[i : i + 5])
        np.testing.assert_allclose(whole.result().numpy(), parts.result().numpy(), rtol=1e-5)


def test_a_weight_of_two_is_twice_the_sample():
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 2, (4, 3)).astype("float32")
    y_pred = rng.random((4, 3)).astype("float32")
    counts = np.array([1, 2, 0, 3])
    for name in ("MeanSquaredError", "AUC", "Recall", "F1Score", "R2Score"):
        weighted, repeated = getattr(metrics, name)(), getattr(metrics, name)()
        weighted.update_state(y_true, y_pred, sample_weight=counts.astype("float32"))
        repeated.update_state(np.repeat(y_true, counts, 0), np.repeat(y_pred, counts, 0))
        np.testing.assert_allclose(weighted.result().numpy(), repeated.result().numpy(), rtol=1e-5)


def test_an_index_does_not_wrap_around_to_a_small_label():
    scores = np.eye(300, dtype="float32")[[256, 7]]
    assert metrics.SparseCategoricalAccuracy()(np.array([0, 7], "uint8"), scores).item() == 0.5


KINDS = [
    ((8,), (8, 10), "Sparse"),
    ((8, 1), (8, 10), "Sparse"),
    ((8, 10), (8, 10), "Categorical"),
    ((8, 1), (8, 1), "Binary"),
    ((8,), (8, 1), "Binary"),
    ((8,), (8,), "Binary"),
    ((8, 5), (8, 5, 3), "Sparse"),
    ((8, 5, 3), (8, 5, 3), "Categorical"),
]


@pytest.mark.parametrize(("true", "pred", "kind"), KINDS)
def test_accuracy_by_shapes(true, pred, kind):
    assert metrics.accuracy_for(true, pred).__name__.startswith(kind)
    assert metrics.crossentropy_for(true, pred).__name__.startswith(kind)


def test_names_that_are_none():
    with pytest.raises(ValueError, match="Did you mean 'mean_squared_error'"):
        metrics.get("mean_squared_eror")
    assert metrics.get(None) is None
    assert metrics.get("mse").name == "mean_squared_error"
    metric = metrics.Mean()
    assert metrics.get(metric) is metric
    assert metrics.get(losses.huber) is losses.huber


def test_wrapper_keeps_its_function():
    metric = metrics.MeanMetricWrapper(losses.huber, name="huber", delta=2.0)
    again = metrics.deserialize(metrics.serialize(metric))
    assert again([[0.0]], [[3.0]]).item() == 4.0


@pytest.mark.parametrize("dtype", ["float16", "float64", "mixed_float16"])
def test_dtype(dtype):
    metric = metrics.Mean(dtype=dtype)
    assert metric([1.0, 2.0]).dtype == dtype.removeprefix("mixed_")


def _r2(y_true, y_pred, weight, aggregation, regressors):
    """R² by its definition, in float64, as scikit-learn's r2_score has it; adjusted by samples."""
    y_true, y_pred = np.float64(y_true), np.float64(y_pred)
    weight = np.ones(len(y_true)) if weight is None else np.float64(weight)
    mean = np.average(y_true, axis=0, weights=weight)
    missed = (weight[:, None] * (y_true - y_pred) ** 2).sum(0)
    varied = (weight[:, None] * (y_true - mean) ** 2).sum(0)
    constant = varied == 0
    score = np.where(constant, missed == 0, 1 - missed / np.where(constant, 1, varied))
    if aggregation == "uniform_average":
        score = score.mean()
    elif aggregation == "variance_weighted_average":
        score = np.average(score, weights=varied) if varied.any() else score.mean()
    n = len(y_true)
    return 1 - (1 - score) * (n - 1) / (n - regressors - 1) if regressors else score


@pytest.mark.parametrize("aggregation", [None, "uniform_average", "variance_weighted_average"])
@pytest.mark.parametrize("regressors", [0, 1, 3])
def test_r2_is_its_definition(rng, aggregation, regressors):
    y_true = rng.normal(size=(12, 3)).astype("float32")
    y_pred = y_true + rng.normal(size=(12, 3)).astype("float32")
    y_true[:, 2] = 0.5
    weight = rng.uniform(0.5, 2, 12).astype("float32")
    hit = np.where(np.arange(3) == 2, y_true, y_pred)
    for guess in (y_pred, hit):
        for w in (None, weight):
            metric = metrics.R2Score(aggregation, regressors)
            for part in (slice(0, 5), slice(5, 12)):  # in batches as in one
                metric.update_state(y_true[part], guess[part], None if w is None else w[part])
            expected = _r2(y_true, guess, w, aggregation, regressors)
            # sums of 12 squares in float32, and the difference of two of them
            np.testing.assert_allclose(metric.result().numpy(), expected, rtol=1e-4, atol=1e-5)


def test_r2_of_too_few_samples_is_not_adjusted_and_says_so():
    y_true, y_pred = np.arange(4.0)[:, None], np.array([[0.0], [1.5], [2.0], [2.5]])
    plain = metrics.R2Score()(y_true, y_pred).item()
    for regressors in (3, 4, 9):
        metric = metrics.R2Score(num_regressors=regressors)
        with pytest.warns(UserWarning, match="not adjusted"):
            assert metric(y_true, y_pred).item() == plain


@pytest.mark.parametrize(
    "name", ["R2Score", "Precision", "AUC", "MeanSquaredError", "BinaryAccuracy"]
)
def test_a_vector_beside_a_column_is_compared_sample_by_sample(rng, name):
    truth = rng.integers(0, 2, 8).astype("float32")
    guess = rng.uniform(size=8).astype("float32")
    same = getattr(metrics, name)()(truth[:, None], guess[:, None]).item()
    assert getattr(metrics, name)()(truth, guess[:, None]).item() == pytest.approx(same, rel=1e-6)
    assert getattr(metrics, name)()(truth[:, None], guess).item() == pytest.approx(same, rel=1e-6)


@pytest.mark.parametrize("name", ["Precision", "Recall", "TruePositives", "AUC"])
def test_counts_of_a_metric_in_half_precision_go_beyond_2048(name):
    metric = getattr(metrics, name)(dtype="float16")
    y = np.ones(5000, "float32")
    metric.update_state(y, y)
    metric.update_state(y, y)
    assert max(float(v.numpy().max()) for v in metric.variables) == 10000.0
