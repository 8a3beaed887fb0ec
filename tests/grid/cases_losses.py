"""Losses: every class and function, its options, the shapes and dtypes it takes, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from tests.grid.grid import Case, shown

_RNG = np.random.default_rng(7)
_N, _D = 3, 4


def _slow(case: Case) -> Case:
    return replace(case, slow=True)


def _rounded(x: Any) -> np.ndarray:
    """Numbers of few digits, which half precision keeps: both sides start from the same."""
    return (np.round(np.asarray(x) * 16) / 16).astype("float32")


_X, _Y = _rounded(_RNG.normal(size=(_N, _D))), _rounded(_RNG.normal(size=(_N, _D)))
_P = _rounded(_RNG.uniform(0.1, 0.9, (_N, _D)))
_BITS = _RNG.integers(0, 2, (_N, _D)).astype("float32")
_LABELS = np.array([1, 3, 0], "int32")
_ONE_HOT = np.eye(_D, dtype="float32")[_LABELS]
_CUBE_P = _rounded(_RNG.uniform(0.1, 0.9, (_N, 2, _D)))
_CUBE_LABELS = _RNG.integers(0, _D, (_N, 2)).astype("int32")
_CUBE_ONE_HOT = np.eye(_D, dtype="float32")[_CUBE_LABELS]
_UNIT = _X / np.linalg.norm(_X, axis=-1, keepdims=True)
_SEQUENCES = np.array([[1, 2, 1], [3, 3, 0], [2, 0, 0]], "int32")
_SCORES = _rounded(_RNG.normal(size=(3, 5, _D)))

# class -> its function, targets, predictions, options at other values than the defaults
_SMOOTH = [
    {"label_smoothing": 0.2},
    {"from_logits": True},
    {"from_logits": True, "label_smoothing": 0.2},
]
_TABLE: dict[str, tuple[str, Any, Any, list[dict[str, Any]]]] = {
    "MeanSquaredError": ("mean_squared_error", _Y, _X, []),
    "MeanAbsoluteError": ("mean_absolute_error", _Y, _X, []),
    "MeanAbsolutePercentageError": ("mean_absolute_percentage_error", _Y, _X, []),
    "MeanSquaredLogarithmicError": ("mean_squared_logarithmic_error", _Y, _X, []),
    "CosineSimilarity": ("cosine_similarity", _Y, _X, [{"axis": 0}, {"axis": 1}, {"axis": (0, 1)}]),
    "Huber": ("huber", _Y, 3 * _X, [{"delta": 0.5}, {"delta": 2}]),
    "LogCosh": ("log_cosh", _Y, 3 * _X, []),
    "Poisson": ("poisson", _P, _P[::-1], []),
    "KLDivergence": ("kl_divergence", _P, _P[::-1], []),
    "Hinge": ("hinge", _BITS, _X, []),
    "SquaredHinge": ("squared_hinge", 2 * _BITS - 1, _X, []),
    "CategoricalHinge": ("categorical_hinge", _ONE_HOT, _X, []),
    "BinaryCrossentropy": (
        "binary_crossentropy",
        _BITS,
        _P,
        [*_SMOOTH, {"axis": 0}, {"axis": 0, "label_smoothing": 0.2}],
    ),
    "BinaryFocalCrossentropy": (
        "binary_focal_crossentropy",
        _BITS,
        _P,
        [
            *_SMOOTH,
            {"apply_class_balancing": True},
            {"apply_class_balancing": True, "alpha": 0.6, "gamma": 1.0},
            {"gamma": 0.0, "axis": 0},
        ],
    ),
    "CategoricalCrossentropy": (
        "categorical_crossentropy",
        _ONE_HOT,
        _P,
        [
            *_SMOOTH,
            {"axis": 0},
            {"axis": -2, "from_logits": True},
            {"label_smoothing": 0.2, "axis": 0},
        ],
    ),
    "CategoricalFocalCrossentropy": (
        "categorical_focal_crossentropy",
        _ONE_HOT,
        _P,
        [
            *_SMOOTH,
            {"alpha": 0.5, "gamma": 1.0},
            {"axis": 0},
            {"alpha": np.array([0.1, 0.2, 0.3, 0.4], "float32")},
            {"label_smoothing": 0.2, "axis": 0},
        ],
    ),
    "SparseCategoricalCrossentropy": (
        "sparse_categorical_crossentropy",
        _LABELS,
        _P,
        [
            {"from_logits": True},
            {"ignore_class": 3},
            {"ignore_class": -1},
            {"ignore_class": 0, "from_logits": True},
        ],
    ),
    "CategoricalGeneralizedCrossEntropy": (
        "categorical_generalized_cross_entropy",
        _LABELS,
        _P,
        [{"q": 0.2}, {"q": 0.9}],
    ),
    "Dice": ("dice", _BITS, _P, [{"axis": 1}, {"axis": (0, 1)}, {"axis": [1]}]),
    "Tversky": (
        "tversky",
        _BITS,
        _P,
        [{"axis": 0}, {"axis": -1, "alpha": 0.3, "beta": 0.3}, {"alpha": 0.2, "beta": 0.8}],
    ),
    "Circle": (
        "circle",
        np.array([1, 1, 0], "int32"),
        _UNIT,
        [{"gamma": 20.0}, {"margin": 0.25}, {"remove_diagonal": False}],
    ),
    "CTC": ("ctc", _SEQUENCES, _SCORES, []),
}
_REDUCTIONS = ["sum", "mean", "mean_with_sample_weight", "none", None]
_FUNCTION_ONLY = {"categorical_generalized_cross_entropy": {"q": 0.5}}


def _class(
    name: str, options: dict[str, Any], y: Any, p: Any, w: Any = None, tag: str = ""
) -> Case:
    return Case(
        f"losses.{name}({shown(options)}){tag}",
        lambda k: getattr(k.losses, name)(**options)(y, p, w),
    )


def _function(name: str, options: dict[str, Any], y: Any, p: Any, tag: str = "") -> Case:
    return Case(
        f"losses.{name}({shown(options)}){tag}", lambda k: getattr(k.losses, name)(y, p, **options)
    )


def _described(name: str, options: dict[str, Any]) -> Case:
    """Config, its round trips, and the attributes that users read."""

    def code(k: Any) -> Any:
        loss = getattr(k.losses, name)(**options)
        again = type(loss).from_config(loss.get_config())
        written = k.losses.serialize(loss)
        read = k.losses.deserialize(written)
        seen = [getattr(loss, key, "none") for key in ("name", "reduction", "dtype", *options)]
        return [loss.get_config(), again.get_config(), written, read.get_config(), seen]

    return Case(f"losses.{name}({shown(options)}) config", code)


def _options() -> list[Case]:
    rows = []
    for name, (function, y, p, options) in _TABLE.items():
        plain = _FUNCTION_ONLY.get(function, {})
        rows += [_class(name, {}, y, p), _function(function, plain, y, p)]
        rows += [_class(name, row, y, p) for row in options]
        rows += [_function(function, row, y, p) for row in options if row != plain]
        rows += [_described(name, row) for row in [{}, *options[:3]]]
    return rows


_WEIGHTS = {
    "(n)": np.array([1, 0, 2], "float32"),
    "(n, 1)": np.array([[1], [0], [2]], "float32"),
    "()": np.float32(0.5),
    "list": [1, 0, 2],
    "zeros": np.zeros(3, "float32"),
}


def _reductions() -> list[Case]:
    rows = []
    for name in ("MeanSquaredError", "SparseCategoricalCrossentropy"):
        _, y, p, _ = _TABLE[name]
        for reduction in _REDUCTIONS:
            options = {"reduction": reduction}
            rows += [_class(name, options, y, p)]
            rows += [_class(name, options, y, p, w, f" w {tag}") for tag, w in _WEIGHTS.items()]
    for name in ("Dice", "Circle", "CTC", "BinaryCrossentropy", "CosineSimilarity"):
        _, y, p, _ = _TABLE[name]
        rows += [_class(name, {"reduction": r}, y, p) for r in ("sum", None)]
        rows += [_class(name, {}, y, p, _WEIGHTS["(n)"], " w (n)")]
    cube = np.array([[1, 0], [2, 1], [0, 1]], "float32")
    for reduction in ("sum_over_batch_size", "mean_with_sample_weight", "none"):
        options = {"reduction": reduction}
        for tag, w in {**_WEIGHTS, "(n, t)": cube}.items():
            rows.append(
                _class("CategoricalCrossentropy", options, _CUBE_ONE_HOT, _CUBE_P, w, f" 3d {tag}")
            )
    return rows


_PLAIN = [
    name
    for name in _TABLE
    if name not in ("Circle", "CTC", "SparseCategoricalCrossentropy")
    and not name.startswith("CategoricalGen")
]
_PAIRS = {  # shapes of targets and predictions that do not agree, or not quite
    "(3) (3)": ((3,), (3,)),
    "(3, 1) (3, 4)": ((3, 1), (3, 4)),
    "(3, 4) (3, 1)": ((3, 4), (3, 1)),
    "(3, 4) (1, 4)": ((3, 4), (1, 4)),
    "(3, 2, 4) (3, 2, 4)": ((3, 2, 4), (3, 2, 4)),
    "(4) (3, 4)": ((4,), (3, 4)),
    "(0, 4) (0, 4)": ((0, 4), (0, 4)),
}
_RANKS = {
    "(3) (3, 1)": ((3,), (3, 1)),
    "(3, 1) (3)": ((3, 1), (3,)),
    "(3, 2) (3, 2, 1)": ((3, 2), (3, 2, 1)),
}


def _of_shapes(name: str, tag: str, a: Any, b: Any) -> list[Case]:
    function = _TABLE[name][0]
    y = (np.arange(np.prod(a, dtype=int)) % 2).astype("float32").reshape(a)
    p = (np.linspace(0.25, 0.875, np.prod(b, dtype=int)) ** 2).astype("float32").reshape(b)
    return [
        _class(name, {"reduction": None}, y, p, tag=f" {tag}"),
        _function(function, {}, y, p, f" {tag}"),
    ]


def _shapes() -> list[Case]:
    rows = []
    for name in _PLAIN:
        for tag, (a, b) in _PAIRS.items():
            rows += _of_shapes(name, tag, a, b)
        if not name.startswith("Categorical") or name == "CategoricalHinge":
            for tag, (a, b) in _RANKS.items():
                rows += _of_shapes(name, f"ranks {tag}", a, b)
    sparse = {
        "(3, 1) (3, 4)": (_LABELS[:, None], _P),
        "(3, 2) (3, 2, 4)": (_CUBE_LABELS, _CUBE_P),
        "(3, 2, 1) (3, 2, 4)": (_CUBE_LABELS[..., None], _CUBE_P),
        "one-hot": (_ONE_HOT, _P),
        "(2) (3, 4)": (_LABELS[:2], _P),
        "() (4)": (np.int32(1), _P[0]),
        "floats": (_LABELS.astype("float32"), _P),
        "uint8": (_LABELS.astype("uint8"), _P),
        "int64": (_LABELS.astype("int64"), _P),
    }
    for tag, (y, p) in sparse.items():
        for name in ("SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"):
            rows.append(_class(name, {"reduction": None}, y, p, tag=f" {tag}"))
        for options in ({"from_logits": True}, {"ignore_class": 1}):
            rows.append(_class("SparseCategoricalCrossentropy", options, y, p, tag=f" {tag}"))
    rows += [
        _class(name, {"axis": 1, "reduction": None}, y, p, tag=" 3d")
        for name, y, p in (
            ("CategoricalCrossentropy", _CUBE_ONE_HOT, _CUBE_P),
            ("CategoricalFocalCrossentropy", _CUBE_ONE_HOT, _CUBE_P),
            ("BinaryCrossentropy", _CUBE_ONE_HOT, _CUBE_P),
            ("BinaryFocalCrossentropy", _CUBE_ONE_HOT, _CUBE_P),
            ("CosineSimilarity", _CUBE_ONE_HOT, _CUBE_P),
        )
    ]
    return rows


def _dtypes() -> list[Case]:
    rows = []
    for name, (function, y, p, _) in _TABLE.items():
        plain = _FUNCTION_ONLY.get(function, {})
        for dtype in ("float16", "bfloat16"):
            rows.append(_class(name, {"dtype": dtype}, y, p))

        def halves(
            k: Any, function: str = function, y: Any = y, p: Any = p, plain: Any = plain
        ) -> Any:
            truth = k.ops.convert_to_tensor(y)
            return getattr(k.losses, function)(truth, k.ops.cast(p, "bfloat16"), **plain)

        def lists(k: Any, name: str = name, y: Any = y, p: Any = p) -> Any:
            return getattr(k.losses, name)()(y.tolist(), p.tolist())

        def variables(k: Any, name: str = name, y: Any = y, p: Any = p) -> Any:
            return getattr(k.losses, name)()(k.Variable(y), k.Variable(p))

        def integers(
            k: Any, function: str = function, y: Any = y, p: Any = p, plain: Any = plain
        ) -> Any:
            return getattr(k.losses, function)(
                np.asarray(y).astype("int32"), (np.asarray(p) * 4).astype("int32"), **plain
            )

        rows += [
            Case(f"losses.{function} of bfloat16", halves),
            Case(f"losses.{name} of lists", lists),
            Case(f"losses.{name} of variables", variables),
            Case(f"losses.{function} of integers", integers),
        ]
    return rows


_SPECIAL = {
    "0 and 1": (
        np.array([[0.0, 1.0], [1.0, 0.0]], "float32"),
        np.array([[0, 1], [0, 1]], "float32"),
    ),
    "large": (np.array([[0.0, 1.0]], "float32"), np.array([[-200.0, 200.0]], "float32")),
    "nan": (np.array([[0.0, 1.0]], "float32"), np.array([[np.nan, 0.5]], "float32")),
    "inf": (np.array([[0.0, 1.0]], "float32"), np.array([[np.inf, 0.5]], "float32")),
}


def _special() -> list[Case]:
    rows = []
    for name in _PLAIN:
        logits = [{"from_logits": True}] if "rossentropy" in name else []
        for tag, (y, p) in _SPECIAL.items():
            rows += [_class(name, options, y, p, tag=f" {tag}") for options in ({}, *logits)]
    return rows


def _masked(name: str, weight: Any, reduction: Any) -> Case:
    _, y, p, _ = _TABLE[name]

    def code(k: Any) -> Any:
        guess = k.ops.convert_to_tensor(p)
        guess._keras_mask = k.ops.convert_to_tensor(np.array([True, False, True]))
        return getattr(k.losses, name)(reduction=reduction)(y, guess, weight)

    tag = "" if weight is None else " weighted"
    return Case(f"losses.{name}(reduction={reduction!r}) masked{tag}", code)


def _names() -> list[Case]:
    spellings = {
        *_TABLE,
        *(row[0] for row in _TABLE.values()),
        *("bce", "BCE", "kld", "KLD", "mae", "MAE", "mape", "MAPE", "mse", "MSE", "msle", "MSLE"),
        *("binary_focal_crossentropy", "huber_loss", "logcosh", "kullback_leibler_divergence"),
        *("nothing", "", "cosine_proximity", "Huber"),
    } - {"CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy"}

    def got(k: Any, name: Any) -> Any:
        found = k.losses.get(name)
        return getattr(found, "__name__", None) or [type(found).__name__, found.get_config()]

    rows = [
        Case(f"losses.get({name!r})", lambda k, n=name: got(k, n)) for name in sorted(spellings)
    ]
    config = {"class_name": "Huber", "config": {"delta": 0.5}}
    lower = {"class_name": "binary_crossentropy", "config": {}}
    return [
        *rows,
        Case("losses.get(config)", lambda k: got(k, dict(config))),
        Case("losses.get(function config)", lambda k: got(k, lower)),
        Case(
            "losses.deserialize(function)",
            lambda k: k.losses.deserialize(k.losses.serialize(k.losses.huber)).__name__,
        ),
    ]


def _refused() -> list[Case]:
    rows: list[tuple[str, dict[str, Any]]] = [
        ("MeanSquaredError", {"reduction": "average"}),
        ("MeanSquaredError", {"dtype": "float7"}),
        ("MeanSquaredError", {"axis": 1}),
        ("CategoricalGeneralizedCrossEntropy", {"q": 1.0}),
        ("CategoricalGeneralizedCrossEntropy", {"q": 0.0}),
        ("CategoricalCrossentropy", {"axis": True}),
        ("CategoricalFocalCrossentropy", {"axis": True}),
        ("CategoricalCrossentropy", {"axis": 5}),
        ("CategoricalFocalCrossentropy", {"axis": 2}),
        ("MeanSquaredError", {"name": "mine", "dtype": "float16"}),
        ("MeanSquaredError", {"name": None}),
        ("Huber", {"name": "mine"}),
    ]
    cases = [_class(name, row, *_TABLE[name][1:3], tag=" checked") for name, row in rows]
    one = np.ones((3, 1), "float32")
    cases.append(_function("mean_squared_error", {}, _Y, _X[:, :3], " (3, 4) (3, 3)"))
    cases.append(_function("binary_crossentropy", {}, _BITS, _P[:, :3], " (3, 4) (3, 3)"))
    out_of_range = np.array([1, 4, 0], "int32")
    cases.append(
        _function("sparse_categorical_crossentropy", {}, out_of_range, _P, " label out of range")
    )
    for name in ("categorical_crossentropy", "categorical_focal_crossentropy"):
        cases.append(_function(name, {}, one, one, " one class"))
    cases += [
        Case("losses.ctc of a vector", lambda k: k.losses.ctc(_LABELS, _SCORES)),
        Case("losses.ctc of a matrix", lambda k: k.losses.ctc(_SEQUENCES, _P)),
        Case(
            "losses.ctc(blank among the labels)",
            lambda k: k.losses.CTC()(
                np.array([[1, 2, 1, 0], [1, 2, 0, 2]]),
                ((np.arange(24).reshape((2, 4, 3)) - 12) / 100).astype("float32"),
            ),
        ),
        Case(
            "losses.Loss.call",
            lambda k: k.losses.Loss()(1.0, 1.0),
        ),
        Case(
            "losses.circle(references)",
            lambda k: k.losses.circle(
                np.array([1, 1, 0]), _UNIT, np.array([0, 1]), _UNIT[:2], remove_diagonal=False
            ),
        ),
        Case("losses of a dict", lambda k: _pair_loss(k)({"a": _X, "b": _Y}, {"a": _Y, "b": _X})),
    ]
    return cases


def _pair_loss(k: Any) -> Any:
    class Pair(k.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return k.ops.mean(k.ops.abs(y_true["a"] - y_pred["b"]), axis=-1)

    return Pair()


def _wrapped() -> list[Case]:
    def distance(y_true: Any, y_pred: Any, scale: float = 1.0) -> Any:
        return scale * (y_true - y_pred) ** 2

    return [
        Case(
            "losses.subclass(name, config)",
            lambda k: [_pair_loss(k).name, _pair_loss(k).get_config()],
        ),
    ]


CASES = [
    *_options(),
    *_reductions(),
    *(_slow(case) if case.id[7:8].islower() else case for case in _shapes()),
    *(case if "dtype" in case.id else _slow(case) for case in _dtypes()),
    *(_slow(case) for case in _special()),
    *(
        _masked(name, weight, reduction)
        for name in ("MeanSquaredError", "SparseCategoricalCrossentropy")
        for weight in (None, _WEIGHTS["(n)"])
        for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight", "none")
    ),
    *_names(),
    *_refused(),
    *_wrapped(),
]
