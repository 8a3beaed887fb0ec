"""What `compile` takes: losses, weights and metrics in every nest, and the names that come of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.grid import Case

_rng = np.random.default_rng(0)
X, A, B = (_rng.normal(size=(8, n)).astype("float32") for n in (3, 1, 2))
W = np.linspace(0.5, 2, 8).astype("float32")
BITS, CLASSES = (A > 0).astype("float32"), np.arange(8) % 2


def _filled(model: Any) -> Any:
    for i, v in enumerate(model.weights):
        v.assign(np.linspace(-0.5, 0.5, int(np.prod(v.shape))).reshape(v.shape) + 0.1 * i)
    return model


def _model(k: Any, kind: str, names: tuple[str, str] = ("oa", "ob")) -> Any:
    """A functional model whose outputs lie in a nest of some kind."""
    i = k.Input((3,), name="i")
    a, b = k.layers.Dense(1, name=names[0])(i), k.layers.Dense(2, name=names[1])(i)
    nest = {
        "list": lambda: [a, b],
        "tuple": lambda: (a, b),
        "dict": lambda: {names[0]: a, names[1]: b},
        "keys": lambda: {"x": a, "y": b},
        "nest": lambda: {"p": a, "q": [b, a]},
        "leaf": lambda: a,
        "[leaf]": lambda: [a],
        "{leaf}": lambda: {names[0]: a},
    }
    return _filled(k.Model(i, nest[kind]()))


def _told(model: Any, y: Any, weight: Any, options: dict[str, Any]) -> dict[str, Any]:
    model.compile("sgd", **options)
    before = list(model.metrics_names)
    logs = model.evaluate(X, y, sample_weight=weight, verbose=0, return_dict=True)
    return {
        "before": before,
        "after": list(model.metrics_names),
        "logs": [[name, value] for name, value in logs.items()],
        "list": model.evaluate(X, y, sample_weight=weight, verbose=0),
        "names": list(getattr(model, "output_names", [])),
    }


_Row = tuple[str, str, Any, Any]  # name, kind of model, y, options of compile or a function of k


def _case(name: str, kind: str, y: Any, options: Any, weight: Any = None) -> Case:
    reversed_ = "score" in repr(y) or "score" in repr(options)
    names = ("score", "cls") if reversed_ else ("oa", "ob")

    def code(k: Any) -> dict[str, Any]:
        given = options(k) if callable(options) else options
        return _told(_model(k, kind, names), y, weight, given)

    return Case(f"compile.{kind}({name})", code)


_L = ["mse", "mae"]
LOSSES: list[_Row] = [
    ("one for all", "list", [A, B], {"loss": "mse"}),
    ("list", "list", [A, B], {"loss": _L}),
    ("tuple", "tuple", (A, B), {"loss": _L}),
    ("tuple for list", "list", (A, B), {"loss": ("mse", "mae")}),
    ("lists of one", "list", [A, B], {"loss": [["mse"], ["mae"]]}),
    ("two of one output", "list", [A, B], {"loss": [["mse", "mae"], ["mae"]]}),
    ("dict of lists", "list", [A, B], {"loss": {"oa": ["mse"], "ob": "mae"}}),
    ("dict", "list", [A, B], {"loss": {"oa": "mse", "ob": "mae"}}),
    ("dict with a part", "list", [A, B], {"loss": {"oa": "mse"}}),
    ("dict, dict of y", "list", {"oa": A, "ob": B}, {"loss": {"oa": "mse", "ob": "mae"}}),
    ("names against the alphabet", "list", {"score": A, "cls": B}, {"loss": _L}),
    ("dicts against the alphabet", "list", {"score": A, "cls": B},
     {"loss": {"score": "mse", "cls": "mae"}, "metrics": {"score": "mae", "cls": ["mse"]}}),
    ("dicts against the alphabet", "dict", {"score": A, "cls": B},
     {"loss": {"score": "mse", "cls": "mae"}, "metrics": {"score": "mae", "cls": ["mse"]},
      "loss_weights": {"score": 2.0, "cls": 0.5}}),
    ("with a part", "dict", {"oa": A, "ob": B}, {"loss": {"oa": "mse"}}),
    ("with a part, and of y", "dict", {"oa": A}, {"loss": {"oa": "mse"}}),
    ("one for all", "dict", {"oa": A, "ob": B}, {"loss": "mse"}),
    ("list", "dict", {"oa": A, "ob": B}, {"loss": _L}),
    ("list, list of y", "dict", [A, B], {"loss": _L}),
    ("keys", "keys", {"x": A, "y": B},
     {"loss": {"x": "mse", "y": "mae"}, "metrics": {"x": ["mae"], "y": ["mae"]}}),
    ("names for keys", "keys", {"x": A, "y": B}, {"loss": {"oa": "mse", "ob": "mae"}}),
    ("None", "list", [A, None], {"loss": ["mse", None]}),
    ("None, one y", "list", A, {"loss": ["mse", None]}),
    ("None, list of one y", "list", [A], {"loss": ["mse", None]}),
    ("None", "dict", {"oa": A, "ob": None}, {"loss": {"oa": "mse", "ob": None}}),
    ("nest", "nest", {"p": A, "q": [B, A]}, {"loss": {"p": "mse", "q": ["mse", "mae"]}}),
    ("one for all", "nest", {"p": A, "q": [B, A]}, {"loss": "mse"}),
    ("None", "nest", {"p": A, "q": [B, A]}, {"loss": {"p": "mse", "q": ["mse", None]}}),
    ("a list of one", "leaf", A, {"loss": ["mse"]}),
    ("a list of two", "leaf", A, {"loss": ["mse", "mae"]}),
    ("a dict", "leaf", A, {"loss": {"oa": "mse"}}),
    ("a dict of another", "leaf", A, {"loss": {"zz": "mse"}}),
    ("y in a dict", "leaf", {"oa": A}, {"loss": {"oa": "mse"}}),
    ("y in a list", "leaf", [A], {"loss": "mse", "metrics": ["mae"]}),
    ("one", "[leaf]", A, {"loss": "mse", "metrics": ["mae"]}),
    ("list", "[leaf]", [A], {"loss": ["mse"], "metrics": ["mae"]}),
    ("dict", "{leaf}", {"oa": A}, {"loss": {"oa": "mse"}, "metrics": ["mae"]}),
    ("one", "{leaf}", A, {"loss": "mse", "metrics": {"oa": ["mae"]}}),
    ("too many", "list", [A, B], {"loss": ["mse", "mae", "mse"]}),
    ("too few", "list", [A, B], {"loss": ["mse"]}),
    ("too few y", "list", [A], {"loss": _L}),
    ("unknown", "leaf", A, {"loss": "nope"}),
    ("objects", "list", [A, B],
     lambda k: {"loss": [k.losses.MeanSquaredError(name="hi"), k.losses.Huber()]}),
    ("a function", "leaf", A, lambda k: {"loss": lambda t, p: k.ops.mean(k.ops.abs(t - p), -1)}),
    ("crossentropy", "leaf", BITS, {"loss": "crossentropy", "metrics": ["acc", "accuracy"]}),
    ("crossentropies", "list", [BITS, CLASSES],
     {"loss": ["ce", "crossentropy"], "metrics": ["acc", ["accuracy"]]}),
    ("crossentropy of one-hot", "list", [BITS, np.eye(2, dtype="float32")[CLASSES]],
     {"loss": "crossentropy"}),
    ("none", "leaf", A, {"metrics": ["mae"]}),
    ("none at all", "leaf", A, {}),
]  # fmt: skip

WEIGHTS: list[_Row] = [
    ("a number", "list", [A, B], {"loss": "mse", "loss_weights": 0.5}),
    ("list, one loss", "list", [A, B], {"loss": "mse", "loss_weights": [0.5, 2.0]}),
    ("list", "list", [A, B], {"loss": _L, "loss_weights": [0.5, 2.0]}),
    ("dict", "list", [A, B],
     {"loss": {"oa": "mse", "ob": "mae"}, "loss_weights": {"oa": 0.5, "ob": 2.0}}),
    ("dict, list of losses", "list", [A, B], {"loss": _L, "loss_weights": {"oa": 0.5, "ob": 2.0}}),
    ("list, dict of losses", "list", [A, B],
     {"loss": {"ob": "mse", "oa": "mae"}, "loss_weights": [0.5, 2.0]}),
    ("too few", "list", [A, B], {"loss": _L, "loss_weights": [0.5]}),
    ("a whole number", "leaf", A, {"loss": "mse", "loss_weights": 2}),
    ("a string", "leaf", A, {"loss": "mse", "loss_weights": "a"}),
    ("list of one", "leaf", A, {"loss": "mse", "loss_weights": [2.0]}),
    ("a number", "leaf", A, {"loss": "mse", "loss_weights": 2.0}),
]  # fmt: skip

METRICS: list[_Row] = [
    ("flat", "list", [A, B], {"metrics": ["mae", "mse"]}),
    ("lists", "list", [A, B], {"metrics": [["mae"], ["mse", "mae"]]}),
    ("None", "list", [A, B], {"metrics": [None, ["mse", "mae"]]}),
    ("an empty one", "list", [A, B], {"metrics": [[], ["mse", "mae"]]}),
    ("too few", "list", [A, B], {"metrics": ["mae"]}),
    ("too many", "list", [A, B], {"metrics": ["mae", "mse", "mae"]}),
    ("a dict of another", "list", [A, B], {"metrics": {"zz": "mae"}}),
    ("a dict", "list", [A, B], {"metrics": {"ob": "mae"}}),
    ("a string", "list", [A, B], {"metrics": "mae"}),
    ("a nest", "nest", {"p": A, "q": [B, A]}, {"metrics": {"p": "mae", "q": [["mse"], "mae"]}}),
    ("too few", "nest", {"p": A, "q": [B, A]}, {"metrics": ["mae"]}),
    ("nested lists", "leaf", A, {"metrics": [["mae"], ["mse"]]}),
    ("none", "leaf", A, {"metrics": []}),
    ("None", "leaf", A, {"metrics": [None]}),
    ("unknown", "leaf", A, {"metrics": ["nope"]}),
    ("objects", "list", [A, B], lambda k: {
        "metrics": [k.metrics.MeanAbsoluteError(name="q"), [k.metrics.MeanSquaredError()]]}),
    ("a class", "leaf", A, lambda k: {"metrics": [k.metrics.MeanAbsoluteError]}),
    ("functions", "leaf", A,
     lambda k: {"metrics": [lambda t, p: k.ops.mean(t), k.losses.mean_squared_error]}),
    ("a loss", "leaf", A, lambda k: {"metrics": [k.losses.MeanAbsoluteError(name="lo")]}),
    ("short and long names", "leaf", A,
     {"metrics": ["MSE", "mean_squared_error", "MeanSquaredError", "cosine_similarity"]}),
]  # fmt: skip

WEIGHTED: list[tuple[str, str, Any, Any, Any]] = [
    ("for both", "list", [A, B],
     {"metrics": [["mae"], ["mse"]], "weighted_metrics": [["mae"], ["mse"]]}, W),
    ("names again", "leaf", A, {"metrics": ["mae", "mae", "mse"],
     "weighted_metrics": ["mae", "mae", "mse", "cosine_similarity"]}, W),
    ("a dict", "list", [A, B], {"weighted_metrics": {"oa": ["mean_squared_error"]},
     "metrics": {"oa": ["mean_squared_error"], "ob": "mae"}}, [W, 2 * W]),
    ("a dict of weights", "dict", {"oa": A, "ob": B}, {"weighted_metrics": {"oa": "mae"}},
     {"oa": W, "ob": 2 * W}),
    ("a dict of weights", "list", [A, B], {}, {"oa": W, "ob": 2 * W}),
    ("one of two", "list", [A, B], {}, [W]),
    ("with None", "list", [A, B], {}, [W, None]),
    ("per element", "list", [A, B], {}, np.ones((8, 2), "float32")),
    ("per element", "leaf", A, {"weighted_metrics": ["mae"]}, W[:, None]),
]  # fmt: skip


def _subclass(name: str, y: Any, out: Callable[[Any, Any], Any], options: dict[str, Any]) -> Case:
    """A model of a class of its own: its outputs have no names."""

    def code(k: Any) -> dict[str, Any]:
        class Own(k.Model):
            def __init__(this) -> None:
                super().__init__()
                this.a, this.b = k.layers.Dense(1), k.layers.Dense(2)

            def call(this, x: Any) -> Any:
                return out(this.a(x), this.b(x))

        model = Own()
        model(X)
        return _told(_filled(model), y, None, options)

    return Case(f"compile.subclass({name})", code)


CASES = [
    *(_case(name, kind, y, options) for name, kind, y, options in LOSSES),
    *(_case(f"loss_weights: {name}", kind, y, options) for name, kind, y, options in WEIGHTS),
    *(
        _case(
            f"metrics: {name}",
            kind,
            y,
            lambda k, options=options: {
                "loss": "mse",
                **(options(k) if callable(options) else options),
            },
        )
        for name, kind, y, options in METRICS
    ),
    *(
        _case(f"weighted: {name}", kind, y, {"loss": "mse", **options}, weight)
        for name, kind, y, options, weight in WEIGHTED
    ),
    _subclass("list", [A, B], lambda a, b: [a, b], {"loss": _L, "metrics": [["mae"], ["mse"]]}),
    _subclass("tuple of one loss", (A, B), lambda a, b: (a, b), {"loss": "mse"}),
    _subclass(
        "dict",
        {"u": A, "v": B},
        lambda a, b: {"v": b, "u": a},
        {"loss": {"u": "mse", "v": "mae"}, "metrics": {"u": ["mae"], "v": ["mse"]}},
    ),
    _subclass(
        "nest",
        {"u": A, "v": {"w": B}},
        lambda a, b: {"v": {"w": b}, "u": a},
        {"loss": {"u": "mse", "v": {"w": "mae"}}},
    ),
]
