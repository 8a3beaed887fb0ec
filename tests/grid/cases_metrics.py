"""Metrics: every class and function, its options, weights of every rank, masks, dtypes and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from tests.grid.grid import Case, shown

_RNG = np.random.default_rng(11)
_N, _D = 6, 4


def _rounded(x: Any) -> np.ndarray:
    return (np.round(np.asarray(x) * 16) / 16).astype("float32")


_X, _Y = _rounded(_RNG.normal(size=(_N, _D))), _rounded(_RNG.normal(size=(_N, _D)))
_P = _rounded(_RNG.uniform(0.1, 0.9, (_N, _D)))
_BITS = _RNG.integers(0, 2, (_N, _D)).astype("float32")
_LABELS = np.array([1, 3, 0, 2, 1, 3], "int32")
_ONE_HOT = np.eye(_D, dtype="float32")[_LABELS]
_BIT, _GUESS = np.array([0, 1, 1, 0, 1, 0], "float32"), _P[:, 0]
_PLACES = np.array([0, 2, 1, 3, 3, 1], "int32")
_SORTED = np.argsort(-_P, axis=-1).astype("int32")
_LINE = _rounded(_RNG.normal(size=(_N, 2)))
_NEAR = _LINE + _rounded(_RNG.normal(size=(_N, 2)) / 4)

# class -> targets, predictions, arguments that it needs, options at other values than the defaults
_TABLE: dict[str, tuple[Any, Any, dict[str, Any], list[dict[str, Any]]]] = {
    "MeanSquaredError": (_Y, _X, {}, []),
    "RootMeanSquaredError": (_Y, _X, {}, []),
    "MeanAbsoluteError": (_Y, _X, {}, []),
    "MeanAbsolutePercentageError": (_Y, _X, {}, []),
    "MeanSquaredLogarithmicError": (_P, _P[::-1], {}, []),
    "LogCoshError": (_Y, _X, {}, []),
    "CosineSimilarity": (_Y, _X, {}, [{"axis": 1}, {"axis": 0}]),
    "Hinge": (_BITS, _X, {}, []),
    "SquaredHinge": (_BITS, _X, {}, []),
    "CategoricalHinge": (_ONE_HOT, _X, {}, []),
    "KLDivergence": (_P, _P[::-1], {}, []),
    "Poisson": (_P, _P[::-1], {}, []),
    "PearsonCorrelation": (_Y, _X, {}, [{"axis": 0}]),
    "ConcordanceCorrelation": (_Y, _X, {}, [{"axis": 0}]),
    "Accuracy": (_LABELS[:, None], _PLACES[:, None], {}, []),
    "BinaryAccuracy": (_BITS, _P, {}, [{"threshold": 0.25}, {"threshold": 0}, {"threshold": 1}]),
    "CategoricalAccuracy": (_ONE_HOT, _P, {}, []),
    "SparseCategoricalAccuracy": (_LABELS, _P, {}, []),
    "TopKCategoricalAccuracy": (_ONE_HOT, _P, {}, [{"k": 1}, {"k": 2}, {"k": 4}]),
    "SparseTopKCategoricalAccuracy": (_LABELS, _P, {}, [{"k": 1}, {"k": 3}]),
    "BinaryCrossentropy": (
        _BITS,
        _P,
        {},
        [{"from_logits": True}, {"label_smoothing": 0.2}],
    ),
    "CategoricalCrossentropy": (
        _ONE_HOT,
        _P,
        {},
        [{"from_logits": True}, {"label_smoothing": 0.2}, {"axis": 0}],
    ),
    "SparseCategoricalCrossentropy": (
        _LABELS,
        _P,
        {},
        [{"from_logits": True}, {"ignore_class": 1}, {"ignore_class": -1, "from_logits": True}],
    ),
    **{
        name: (
            _BITS,
            _P,
            {},
            [
                {"thresholds": 0.25},
                {"thresholds": [0.25, 0.5]},
                {"thresholds": [0.0, 0.5, 1.0]},
            ],
        )
        for name in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives")
    },
    **{
        name: (
            _BITS,
            _P,
            {},
            [
                {"thresholds": 0.25},
                {"thresholds": [0.25, 0.75, 0.5]},
                {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]},
                {"top_k": 2},
                {"top_k": 2, "thresholds": 0.5},
                {"class_id": 1},
                {"class_id": 2, "top_k": 2},
                {"class_id": 0, "thresholds": [0.2, 0.6]},
            ],
        )
        for name in ("Precision", "Recall")
    },
    **{
        name: (
            _BITS,
            _P,
            {"value": 0.5},
            [
                {"num_thresholds": 1},
                {"num_thresholds": 5},
                {"class_id": 1},
                {"num_thresholds": 10, "class_id": 2},
                {"value": 0.0},
                {"value": 1.0},
            ],
        )
        for name in (
            "SensitivityAtSpecificity",
            "SpecificityAtSensitivity",
            "PrecisionAtRecall",
            "RecallAtPrecision",
        )
    },
    "AUC": (
        _BIT,
        _GUESS,
        {},
        [
            *(
                {"curve": curve, "summation_method": method}
                for curve in ("ROC", "PR", "PRGAIN")
                for method in ("interpolation", "majoring", "minoring")
            ),
            {"num_thresholds": 3},
            {"num_thresholds": 2},
            {"thresholds": [0.2, 0.4, 0.7]},
            {"thresholds": [0.75, 0.25, 0.5]},
            {"thresholds": [0.5], "curve": "pr"},
            {"from_logits": True},
            {"curve": "roc", "summation_method": "Majoring"},
        ],
    ),
    "FBetaScore": (
        _BITS,
        _P,
        {},
        [
            *({"average": a, "beta": 2.0} for a in (None, "micro", "macro", "weighted")),
            {"threshold": 0.4},
            {"threshold": 0.4, "average": "weighted", "beta": 0.5},
        ],
    ),
    "F1Score": (
        _ONE_HOT,
        _P,
        {},
        [{"average": "micro"}, {"average": "macro"}, {"average": "weighted"}, {"threshold": 0.5}],
    ),
    "R2Score": (
        _LINE[:, :1],
        _NEAR[:, :1],
        {},
        [
            {"class_aggregation": None},
            {"class_aggregation": "variance_weighted_average"},
        ],
    ),
    "IoU": (
        _LABELS,
        _PLACES,
        {"num_classes": 4, "target_class_ids": [0, 2]},
        [
            {"target_class_ids": [1]},
            {"target_class_ids": (3, 1)},
            {"ignore_class": 1},
            {"dtype": "float32"},
        ],
    ),
    "MeanIoU": (_LABELS, _PLACES, {"num_classes": 4}, [{"ignore_class": 3}, {"num_classes": 5}]),
    "BinaryIoU": (
        _BIT,
        _GUESS,
        {},
        [
            {"target_class_ids": [0]},
            {"threshold": 0.3},
            {"target_class_ids": [1], "threshold": 0.7},
        ],
    ),
    "OneHotIoU": (
        _ONE_HOT,
        _P,
        {"num_classes": 4, "target_class_ids": [0, 2]},
        [{"ignore_class": 0}],
    ),
    "OneHotMeanIoU": (_ONE_HOT, _P, {"num_classes": 4}, [{"ignore_class": 0}]),
}
_VALUES = {
    "SensitivityAtSpecificity": "specificity",
    "SpecificityAtSensitivity": "sensitivity",
    "PrecisionAtRecall": "recall",
    "RecallAtPrecision": "precision",
}


def _arguments(name: str, options: dict[str, Any]) -> dict[str, Any]:
    given = {**_TABLE[name][2], **options}
    return {_VALUES[name] if key == "value" else key: value for key, value in given.items()}


def _case(
    name: str, options: dict[str, Any], y: Any = None, p: Any = None, w: Any = None, tag: str = ""
) -> Case:
    """Two updates, the result after each, the state, and the result once it is forgotten."""
    y, p = (_TABLE[name][0], _TABLE[name][1]) if y is None else (y, p)

    def code(k: Any) -> Any:
        metric = getattr(k.metrics, name)(**_arguments(name, options))
        metric.update_state(y, p, sample_weight=w)
        first = metric.result()
        metric.update_state(y[::-1], p, sample_weight=w)
        state = [[v.name, v.shape, v.dtype, v.numpy()] for v in metric.variables]
        second = metric.result()
        metric.reset_state()
        return [first, second, state, [v.numpy() for v in metric.variables]]

    return Case(f"metrics.{name}({shown(_arguments(name, options))}){tag}", code)


_READ = (
    *("name", "dtype", "k", "threshold", "thresholds", "init_thresholds", "top_k", "class_id"),
    *("specificity", "sensitivity", "recall", "precision", "value", "num_thresholds", "average"),
    *("beta", "num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "axis"),
    *("sparse_y_pred", "num_labels", "multi_label", "label_weights", "class_aggregation"),
    *("num_regressors", "from_sorted_ids", "from_logits", "label_smoothing", "_direction"),
)
_ADDED = {  # what narae's have and Keras's lack: an attribute more does no harm
    "CosineSimilarity": {"axis"},
    "PearsonCorrelation": {"axis"},
    "ConcordanceCorrelation": {"axis"},
    "AUC": {"from_logits", "thresholds"},
}


def _described(name: str, options: dict[str, Any]) -> Case:
    """Config, its round trips, the variables' paths, and the attributes that users read."""

    def code(k: Any) -> Any:
        metric = getattr(k.metrics, name)(**_arguments(name, options))
        again = type(metric).from_config(metric.get_config())
        written = k.metrics.serialize(metric)
        read = k.metrics.deserialize(written)
        keys = [key for key in _READ if key not in _ADDED.get(name, ())]
        seen = {key: getattr(metric, key, "none") for key in keys}
        paths = [v.path for v in metric.variables]
        text = [str(metric), repr(metric)]
        return [
            metric.get_config(),
            again.get_config(),
            written,
            read.get_config(),
            seen,
            paths,
            text,
        ]

    return Case(f"metrics.{name}({shown(_arguments(name, options))}) config", code)


def _options() -> list[Case]:
    rows = []
    for name, (_, _, _, options) in _TABLE.items():
        rows += [_case(name, row) for row in [{}, *options]]
        rows += [_described(name, row) for row in [{}, *options[-3:]]]
        rows.append(_described(name, {"name": "mine", "dtype": "float16"}))
    sorted_ids = {"k": 2, "from_sorted_ids": True}
    rows += [
        _case("SparseTopKCategoricalAccuracy", sorted_ids, _LABELS, _SORTED),
        _described("SparseTopKCategoricalAccuracy", sorted_ids),
    ]
    return rows


_WEIGHTS = {
    "(n)": np.array([1, 0, 2, 1, 0.5, 3], "float32"),
    "(n, 1)": np.array([[1], [0], [2], [1], [0.5], [3]], "float32"),
    "zeros": np.zeros(6, "float32"),
    "list": [1, 0, 2, 1, 1, 3],
    "()": np.float32(0.5),
}
_EACH = np.arange(24, dtype="float32").reshape(_N, _D) / 8


def _weighted() -> list[Case]:
    rows = []
    for name in _TABLE:
        wants_vector = "Score" in name and name != "R2Score"
        tags = ["(n)", "zeros"] if wants_vector else list(_WEIGHTS)
        if name == "AUC":  # a column of weights for a vector is no weight for Keras
            tags.remove("(n, 1)")
        rows += [_case(name, {}, w=_WEIGHTS[tag], tag=f" w {tag}") for tag in tags]
    for name in ("MeanSquaredError", "BinaryAccuracy", "Precision", "TruePositives", "Accuracy"):
        y, p = (_BITS, _P) if name != "Accuracy" else (_BITS, np.round(_P))
        rows.append(_case(name, {}, y, p, _EACH, " w (n, d)"))
        rows.append(_case(name, {}, y[:, :, None], p[:, :, None], _EACH, " w (n, d) of 3d"))
    for options in ({"class_id": 1}, {"top_k": 2}, {"thresholds": [0.2, 0.6]}):
        rows.append(_case("Recall", options, w=_WEIGHTS["(n)"], tag=" w (n)"))
        if "class_id" not in options:  # Keras takes weights of shape (n, 1) alone there
            rows.append(_case("Precision", options, w=_EACH, tag=" w (n, d)"))
    labels = {"multi_label": True, "num_labels": 4}
    for options in (
        labels,
        {"multi_label": True},
        {**labels, "label_weights": [0.5, 0.25, 0.0, 1.0]},
        {**labels, "curve": "PR", "label_weights": [0.5, 0.25, 0.0, 1.0]},
        {**labels, "thresholds": [0.2, 0.6]},
        {"label_weights": [0.5, 0.25, 0.0, 1.0]},
        {"label_weights": [0.5, 0.25, 0.0, 1.0], "thresholds": [0.2, 0.6]},
    ):
        for tag in (None, "(n)", "(n, 1)"):
            w = None if tag is None else _WEIGHTS[tag]
            rows.append(_case("AUC", options, _BITS, _P, w, "" if tag is None else f" w {tag}"))
    return rows


def _reductions() -> list[Case]:
    values = {
        "(6)": _GUESS,
        "(6, 4)": _P,
        "(6, 2, 2)": _P.reshape(6, 2, 2),
        "()": np.float32(3.0),
        "list": [1.0, 2.0, 6.0],
        "int": np.array([1, 2, 4], "int32"),
        "bool": np.array([True, False, True]),
        "empty": np.zeros(0, "float32"),
    }
    weights = {"none": None, "(6)": _WEIGHTS["(n)"], "(6, 1)": _WEIGHTS["(n, 1)"], "(6, 4)": _EACH}

    def code(k: Any, name: str, v: Any, w: Any) -> Any:
        metric = getattr(k.metrics, name)()
        metric.update_state(v, sample_weight=w)
        first = metric.result()
        return [first, metric(v, w), [x.numpy() for x in metric.variables]]

    rows = []
    for name in ("Mean", "Sum"):
        for tag, v in values.items():
            for which, w in weights.items():
                fits = w is None or (np.shape(v)[:1] == (6,) and np.ndim(w) <= np.ndim(v))
                if fits and not (which == "(6, 4)" and tag == "(6, 2, 2)"):
                    rows.append(
                        Case(
                            f"metrics.{name}()({tag}) w {which}",
                            lambda k, a=(name, v, w): code(k, *a),
                        )
                    )
        rows += [
            Case(
                f"metrics.{name} config",
                lambda k, n=name: [
                    getattr(k.metrics, n)().get_config(),
                    getattr(k.metrics, n)("mine", "float16").get_config(),
                    [v.path for v in getattr(k.metrics, n)().variables],
                ],
            ),
            Case(f"metrics.{name} masked", lambda k, n=name: _masked_values(k, n)),
            Case(
                f"metrics.{name} nan",
                lambda k, n=name: getattr(k.metrics, n)()(np.array([1.0, np.nan], "float32")),
            ),
            Case(f"metrics.{name} of nothing", lambda k, n=name: getattr(k.metrics, n)().result()),
        ]
    return rows


def _masked_values(k: Any, name: str) -> Any:
    values = k.ops.convert_to_tensor(np.array([1.0, 2.0, 4.0], "float32"))
    values._keras_mask = k.ops.convert_to_tensor(np.array([True, False, True]))
    metric = getattr(k.metrics, name)()
    return [metric(values), metric(values, np.array([1.0, 1.0, 0.5], "float32"))]


def _masked(name: str, weight: Any) -> Case:
    y, p = _TABLE[name][:2]

    def code(k: Any) -> Any:
        guess = k.ops.convert_to_tensor(p)
        guess._keras_mask = k.ops.convert_to_tensor(
            np.array([True, False, True, True, False, True])
        )
        return getattr(k.metrics, name)()(y, guess, weight)

    return Case(f"metrics.{name} masked{'' if weight is None else ' weighted'}", code)


_FUNCTIONS: dict[str, tuple[Any, Any, list[dict[str, Any]]]] = {
    "binary_accuracy": (_BITS, _P, [{"threshold": 0.25}]),
    "categorical_accuracy": (_ONE_HOT, _P, []),
    "sparse_categorical_accuracy": (_LABELS, _P, []),
    "top_k_categorical_accuracy": (_ONE_HOT, _P, [{"k": 1}, {"k": 2}]),
    "sparse_top_k_categorical_accuracy": (_LABELS, _P, [{"k": 1}, {"k": 2}]),
}
_CUBE = _rounded(_RNG.uniform(0.1, 0.9, (3, 2, _D)))
_CUBE_LABELS = _RNG.integers(0, _D, (3, 2)).astype("int32")


def _functions() -> list[Case]:
    rows = []
    for name, (y, p, options) in _FUNCTIONS.items():
        cube = _CUBE_LABELS if name.startswith("sparse") else np.eye(_D)[_CUBE_LABELS]
        kinds = {
            "": (y, p),
            " 3d": (cube.astype(y.dtype), _CUBE),
            " float16": (y, p.astype("float16")),
            " int64": (y.astype("int64"), p),
            " lists": (y.tolist(), p.tolist()),
        }
        if name.startswith("sparse"):
            kinds |= {
                " (n, 1)": (y[:, None], p),
                " 3d (n, t, 1)": (cube[..., None], _CUBE),
                " floats": (y.astype("float32"), p),
                " uint8": (y.astype("uint8"), p),
            }
        for tag, (a, b) in kinds.items():
            for row in [{}, *options]:
                rows.append(
                    Case(
                        f"metrics.{name}({shown(row)}){tag}",
                        lambda k, n=name, a=a, b=b, row=row: getattr(k.metrics, n)(a, b, **row),
                    )
                )
    rows += [
        Case(
            f"metrics.{name} {a}{b}",
            lambda k, n=name, a=a, b=b: getattr(k.metrics, n)()(
                np.ones(a, "float32"), np.full(b, 0.75, "float32")
            ),
        )
        for name in (
            "MeanSquaredError",
            "BinaryAccuracy",
            "RootMeanSquaredError",
            "Precision",
            "AUC",
        )
        for a, b in (((6,), (6, 1)), ((6, 1), (6,)), ((3, 2), (3, 2, 1)), ((6,), (6,)))
    ]
    return rows


def _dtypes() -> list[Case]:
    rows = []
    for name in ("MeanSquaredError", "Precision", "AUC", "F1Score", "BinaryAccuracy", "MeanIoU"):
        rows += [_case(name, {"dtype": d}) for d in ("float16", "bfloat16")]
    for name in ("MeanSquaredError", "CategoricalAccuracy", "Precision", "RootMeanSquaredError"):
        y, p = _TABLE[name][:2]
        rows.append(
            Case(
                f"metrics.{name} of halves",
                lambda k, n=name, y=y, p=p: getattr(k.metrics, n)()(y, k.ops.cast(p, "bfloat16")),
            )
        )
        rows.append(
            Case(
                f"metrics.{name} of lists",
                lambda k, n=name, y=y, p=p: getattr(k.metrics, n)()(y.tolist(), p.tolist()),
            )
        )
    return rows


def _r2() -> list[Case]:
    constant = np.full((4, 1), 2.0, "float32")
    one = _LINE[:, :1]
    rows = [
        _case("R2Score", {}, one[:, 0], _NEAR[:, :1], tag=" (n) (n, 1)"),
        _case("R2Score", {}, one, _NEAR[:, 0], tag=" (n, 1) (n)"),
        _case("R2Score", {}, one[:, 0], _NEAR[:, 0], tag=" (n) (n)"),
        _case("R2Score", {}, constant, constant + 1, tag=" constant targets"),
        _case("R2Score", {}, constant, constant, tag=" constant targets, hit"),
        _case("R2Score", {"num_regressors": 2}, one, _NEAR[:, :1], tag=" one output"),
        *(
            Case(
                f"metrics.R2Score({shown(row)}) two outputs",
                lambda k, row=row: k.metrics.R2Score(**row)(_LINE, _NEAR, _WEIGHTS["(n)"]),
            )
            for aggregation in ("uniform_average", "variance_weighted_average", None)
            for row in (
                {"class_aggregation": aggregation},
                {"class_aggregation": aggregation, "num_regressors": 1},
            )
        ),
        Case(
            "metrics.R2Score(num_regressors=5) of 6",
            lambda k: k.metrics.R2Score(num_regressors=5)(one, _NEAR[:, :1]),
        ),
        Case(
            "metrics.R2Score(num_regressors=9) of 6",
            lambda k: k.metrics.R2Score(num_regressors=9)(one, _NEAR[:, :1]),
        ),
        _described("R2Score", {"class_aggregation": None, "num_regressors": 1}),
    ]
    return rows


def _more() -> list[Case]:
    ignored = np.array([0, 2, 255, 3, 255, 1], "int32")
    cube = np.eye(4, dtype="float32")[_CUBE_LABELS]

    def wrapped(k: Any) -> Any:
        def distance(y_true: Any, y_pred: Any, scale: float = 1.0) -> Any:
            return scale * k.ops.mean((y_true - y_pred) ** 2, axis=-1)

        metric = k.metrics.MeanMetricWrapper(distance, name="d", dtype="float32", scale=2.0)
        return [metric(_Y, _X), metric.name, metric(_Y, _X, _WEIGHTS["(n)"])]

    def stateless(k: Any) -> Any:
        metric = k.metrics.Precision()
        start = metric.stateless_reset_state()
        after = metric.stateless_update_state(start, _BITS, _P)
        return [start, after, metric.stateless_result(after), metric.variables[0].numpy()]

    def subclass(k: Any) -> Any:
        class Count(k.metrics.Metric):
            def __init__(self, name: str = "count", **options: Any) -> None:
                super().__init__(name=name, **options)
                self.seen = self.add_variable(shape=(2,), initializer="ones", name="seen")
                self.more = self.add_weight(
                    shape=(), initializer="zeros", name="more", dtype="int32"
                )
                self.inner = k.metrics.Mean(name="inner")

            def update_state(self, values: Any, sample_weight: Any = None) -> None:
                self.seen.assign(self.seen + k.ops.sum(values))
                self.more.assign_add(1)
                self.inner.update_state(values)

            def result(self) -> Any:
                return {"seen": self.seen.value, "mean": self.inner.result()}

        metric = Count()
        out = metric(np.array([1.0, 2.0], "float32"))
        listed = [[v.path, v.dtype, v.trainable] for v in metric.variables]
        metric.reset_state()
        return [out, listed, [v.numpy() for v in metric.variables], metric.get_config()]

    return [
        _case("MeanIoU", {"ignore_class": 255}, ignored, _PLACES),
        _case("MeanIoU", {}, ignored, _PLACES, tag=" out of range"),
        _case("MeanIoU", {"sparse_y_pred": False}, _LABELS, _P),
        _case("MeanIoU", {"sparse_y_true": False}, _ONE_HOT, _PLACES),
        _case(
            "MeanIoU",
            {},
            _CUBE_LABELS,
            _CUBE_LABELS[::-1],
            np.array([[1, 2], [0, 1], [1, 1]]),
            " 2d",
        ),
        _case("OneHotMeanIoU", {}, cube, _CUBE, tag=" 3d"),
        _case("OneHotMeanIoU", {"sparse_y_pred": True}, _ONE_HOT, _PLACES),
        _case("OneHotIoU", {"sparse_y_pred": True}, _ONE_HOT, _PLACES),
        Case("metrics.MeanMetricWrapper", wrapped),
        Case("metrics.stateless", stateless),
        Case("metrics.subclass", subclass),
        Case(
            "metrics.stateless_update_state of too few",
            lambda k: k.metrics.Mean().stateless_update_state([0.0], 1.0),
        ),
        Case("metrics.Metric.result", lambda k: k.metrics.Metric(name="m").result()),
        Case("metrics.Metric.update_state", lambda k: k.metrics.Metric(name="m").update_state(1)),
        Case("metrics.auto names", lambda k: [k.metrics.AUC().name, k.metrics.AUC().name]),
    ]


def _refused() -> list[Case]:
    rows: list[tuple[str, dict[str, Any]]] = [
        *((name, {"value": v}) for name in _VALUES for v in (-0.1, 1.1)),
        *((name, {"num_thresholds": v}) for name in _VALUES for v in (0, -1)),
        *(("Precision", {"thresholds": v}) for v in ([-1, 0.5], [None], 2.0)),
        *(("TruePositives", {"thresholds": v}) for v in ([-1, 0.5], [None])),
        *(("AUC", row) for row in ({"num_thresholds": 1}, {"curve": "X"}, {"num_labels": 3})),
        ("AUC", {"summation_method": "X"}),
        *(("FBetaScore", row) for row in ({"average": "x"}, {"beta": 1}, {"beta": 0.0})),
        *(
            ("FBetaScore", row)
            for row in ({"threshold": 1}, {"threshold": 0.0}, {"threshold": 1.5})
        ),
        *(("R2Score", row) for row in ({"class_aggregation": "x"}, {"num_regressors": -1})),
        ("IoU", {"target_class_ids": [4]}),
        ("BinaryAccuracy", {"threshold": 1.5}),
        ("BinaryAccuracy", {"threshold": -0.5}),
        ("MeanSquaredError", {"axis": 1}),
        ("MeanSquaredError", {"dtype": "float7"}),
    ]
    cases = [
        Case(
            f"metrics.{name}({shown(_arguments(name, row))}) refused",
            lambda k, n=name, row=row: getattr(k.metrics, n)(**_arguments(n, row)).name,
        )
        for name, row in rows
    ]
    shapes: list[tuple[str, dict[str, Any], Any, Any]] = [
        ("Precision", {"class_id": 1}, _BIT, _GUESS),
        ("F1Score", {}, _BIT, _GUESS),
        ("AUC", {"multi_label": True}, _BIT, _GUESS),
        ("Precision", {}, _BITS, _P[:, :2]),
    ]
    cases += [
        Case(
            f"metrics.{n}({shown(row)}) of other shapes",
            lambda k, n=n, row=row, y=y, p=p: getattr(k.metrics, n)(**row)(y, p),
        )
        for n, row, y, p in shapes
    ]
    return cases


CASES = [
    *_options(),
    *(
        replace(case, slow=True) if case.id.endswith(("w list", "w ()", "w zeros")) else case
        for case in _weighted()
    ),
    *_reductions(),
    *(
        _masked(name, weight)
        for name in ("MeanSquaredError", "SparseCategoricalAccuracy", "Accuracy", "Precision")
        for weight in (None, _WEIGHTS["(n)"])
    ),
    *_functions(),
    *(replace(case, slow="bfloat16" in case.id) for case in _dtypes()),
    *_r2(),
    *_more(),
    *_refused(),
]
