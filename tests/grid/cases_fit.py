"""fit, evaluate, predict and their kin on single batches: every option, and what callbacks are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tests.grid.grid import Case, shown

_rng = np.random.default_rng(0)
X = _rng.normal(size=(20, 3)).astype("float32")
Y = _rng.normal(size=(20, 1)).astype("float32")
W = np.linspace(0.5, 2, 20).astype("float32")
CLASSES = np.arange(20) % 3
ROUGH = {"shuffle": False, "verbose": 0, "batch_size": 4}


def stack(k: Any, units: int = 1, activation: Any = None, **compiled: Any) -> Any:
    """A small model with known weights."""
    model = k.Sequential([k.Input((3,)), k.layers.Dense(units, activation=activation)])
    for v in model.weights:
        v.assign(np.linspace(-0.5, 0.5, int(np.prod(v.shape))).reshape(v.shape))
    model.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return model


def seen(k: Any, found: list[Any]) -> Any:
    """A callback that notes every hook, its number and the names of its logs."""

    class Seen(k.callbacks.Callback):
        pass

    def note(hook: str) -> Callable[..., None]:
        def said(this: Any, *args: Any, **named: Any) -> None:
            *number, logs = args if not named else (*args, named["logs"])
            found.append([hook, *number, sorted(logs or {})])

        return said

    for kind in ("train", "test", "predict"):
        for edge in ("begin", "end"):
            for hook in (f"on_{kind}_{edge}", f"on_{kind}_batch_{edge}"):
                setattr(Seen, hook, note(hook))
    Seen.on_epoch_begin, Seen.on_epoch_end = note("on_epoch_begin"), note("on_epoch_end")
    return Seen()


def _named(options: dict[str, Any]) -> str:
    """Options as they stand in an id, arrays by their sizes."""
    tuples = {k: f"{[len(a) for a in v]}" for k, v in options.items() if isinstance(v, tuple)}
    return shown({**options, **tuples}).replace("'[", "[").replace("]'", "]")


def _fit(name: str, options: Any, data: Any = None, hooks: bool = False, **compiled: Any) -> Case:
    """A fit: its history, epochs, and the weights after it."""

    def code(k: Any) -> Any:
        model, found = stack(k, **compiled), []
        given = options(k) if callable(options) else options
        x, y = (X, Y) if data is None else (data(k), None)
        if hooks:
            given = {**given, "callbacks": [seen(k, found)]}
        history = model.fit(x, y, **{**ROUGH, **given})
        return {
            "history": [list(item) for item in history.history.items()],
            "epoch": list(history.epoch),
            "weights": [k.ops.convert_to_numpy(v) for v in model.weights],
            "hooks": found,
            "steps": history.params["steps"],
        }

    return Case(f"fit.fit({name})", code)


def _batches(count: int, size: int = 4) -> Callable[[Any], Iterator[Any]]:
    """A generator of (x, y)."""
    return lambda k: (
        (X[size * i % 20 : size * i % 20 + size], Y[size * i % 20 : size * i % 20 + size])
        for i in range(count)
    )


def _dataset(count: int | None, **options: Any) -> Callable[[Any], Any]:
    def made(k: Any) -> Any:
        class Data(k.utils.PyDataset):
            @property
            def num_batches(this) -> int | None:
                return count

            def __getitem__(this, i: int) -> Any:
                at = 4 * i % 20
                return X[at : at + 4], Y[at : at + 4]

        return Data(**options)

    return made


_PLAIN: list[dict[str, Any]] = [
    {},
    {"epochs": 2},
    {"epochs": 3, "initial_epoch": 1},
    {"epochs": 1, "initial_epoch": 1},
    {"batch_size": None},
    {"batch_size": 7},
    {"batch_size": 100},
    {"steps_per_epoch": 3, "epochs": 2},
    {"steps_per_epoch": 5, "epochs": 2},
    {"steps_per_epoch": 7},
    {"steps_per_epoch": 4, "epochs": 4},
    {"steps_per_epoch": 3, "batch_size": None, "epochs": 2},
    {"validation_split": 0.25},
    {"validation_split": 0.25, "sample_weight": W},
    {"validation_data": (X[:8], Y[:8])},
    {"validation_data": (X[:8], Y[:8], W[:8])},
    {"validation_data": (X, Y), "validation_batch_size": 3},
    {"validation_data": (X, Y), "validation_steps": 2, "epochs": 2},
    {"validation_data": (X, Y), "validation_steps": 2, "validation_batch_size": 3},
    {"validation_data": (X, Y), "validation_freq": 2, "epochs": 4},
    {"validation_data": (X, Y), "validation_freq": [1, 4], "epochs": 4},
    {"validation_split": 0.5, "validation_data": (X, Y)},
    {"sample_weight": W},
    {"sample_weight": W[:, None]},
    {"epochs": 0},
]
_WRONG: dict[str, dict[str, Any]] = {
    "a weight too few": {"sample_weight": W[:-1]},
    "a split of all": {"validation_split": 1.0},
    "class and sample weights": {"sample_weight": W, "class_weight": {0: 1.0}},
    "validation of another length": {"validation_data": (X[:8], Y[:7])},
    "validation of another shape": {"validation_data": (X[:8, :2], Y[:8])},
}


def _streams() -> list[Case]:
    rows: list[tuple[str, Any, dict[str, Any]]] = [
        ("generator", _batches(5), {}),
        ("generator", _batches(6), {"steps_per_epoch": 3, "epochs": 2}),
        ("generator", _batches(5), {"steps_per_epoch": 7}),
        ("generator", _batches(5), {"epochs": 3}),
        ("generator", _batches(5), {"steps_per_epoch": 3, "epochs": 3}),
        ("PyDataset", _dataset(5), {}),
        ("PyDataset", _dataset(5), {"epochs": 2}),
        ("PyDataset", _dataset(5), {"steps_per_epoch": 3, "epochs": 4}),
        ("PyDataset", _dataset(5), {"steps_per_epoch": 7}),
        ("PyDataset without end", _dataset(None), {"steps_per_epoch": 3, "epochs": 2}),
        ("PyDataset and y", _dataset(5), {"sample_weight": W}),
    ]
    return [
        Case(
            f"fit.fit({name}, {shown(options)})",
            _fit("", {"batch_size": None, **options}, data, hooks=True).code,
            warnings=False,  # Keras warns of shuffle, and of every generator that ends
        )
        for name, data, options in rows
    ]


def _evaluate(name: str, call: Callable[[Any, Any], Any], **compiled: Any) -> Case:
    def code(k: Any) -> Any:
        model = stack(k, **{"metrics": ["mae"], **compiled})
        return [call(model, k), [k.ops.convert_to_numpy(v) for v in model.weights]]

    return Case(f"fit.{name}", code, warnings=False)


def _other_lengths() -> Case:
    def code(k: Any) -> Any:
        i = k.Input((8, 3))
        model = k.Model(i, k.layers.GlobalAveragePooling1D()(i))
        return model.predict(np.ones((2, 7, 3), "float32"), verbose=0)

    return Case("fit.predict(other lengths than the Input's)", code, warnings=False)


def _hooks(kind: str, **options: Any) -> Case:
    def code(k: Any) -> Any:
        model, found = stack(k), []
        data = (X,) if kind == "predict" else (X, Y)
        getattr(model, kind)(*data, batch_size=8, verbose=0, callbacks=[seen(k, found)], **options)
        return found

    return Case(f"fit.{kind}(hooks, {shown(options)})", code)


def _stopped(kind: str, hook: str) -> Case:
    """A callback that sets model.stop_... in a hook: how many batches there are."""

    def code(k: Any) -> Any:
        model, found = stack(k, metrics=["mae"]), []

        class Stop(k.callbacks.Callback):
            pass

        def stop(this: Any, *args: Any, **named: Any) -> None:
            what = {"fit": "training", "evaluate": "evaluating", "predict": "predicting"}[kind]
            setattr(this.model, f"stop_{what}", True)

        setattr(Stop, hook, stop)
        given = [Stop(), seen(k, found)] if "batch" in hook else [Stop()]
        data = (X,) if kind == "predict" else (X, Y)
        order = {"shuffle": False} if kind == "fit" else {}
        out = getattr(model, kind)(*data, batch_size=4, verbose=0, callbacks=given, **order)
        return [out if kind != "fit" else out.history, found]

    return Case(f"fit.{kind}(stopped by {hook})", code)


CASES = [
    *(_fit(_named(options), options, hooks=True) for options in _PLAIN),
    *(_fit(name, options) for name, options in _WRONG.items()),
    *_streams(),
    *(
        _fit(
            f"{_named(options)}, steps_per_execution={n}",
            options,
            hooks=True,
            steps_per_execution=n,
        )
        for n in (2, 3, 10)
        for options in ({}, {"validation_data": (X, Y)})
    ),
    *(
        _fit(
            f"{_named(options)}, steps_per_execution=2",
            options,
            hooks=True,
            steps_per_execution=2,
        )
        for options in (
            {"steps_per_epoch": 3, "epochs": 3},
            {"steps_per_epoch": 3, "batch_size": None, "epochs": 2},
            {"validation_data": (X, Y), "validation_steps": 3},
        )
    ),
    _fit("run_eagerly", {"epochs": 2, "validation_split": 0.25}, hooks=True, run_eagerly=True),
    _evaluate("evaluate()", lambda m, k: m.evaluate(X, Y, verbose=0)),
    _evaluate("evaluate(batch_size=8)", lambda m, k: m.evaluate(X, Y, batch_size=8, verbose=0)),
    _evaluate("evaluate(steps=2)", lambda m, k: m.evaluate(X, Y, steps=2, verbose=0)),
    _evaluate(
        "evaluate(batch_size=8, steps=2)",
        lambda m, k: m.evaluate(X, Y, batch_size=8, steps=2, verbose=0),
    ),
    _evaluate("evaluate(steps=9)", lambda m, k: m.evaluate(X, Y, 4, steps=9, verbose=0)),
    _evaluate("evaluate(sample_weight)", lambda m, k: m.evaluate(X, Y, sample_weight=W, verbose=0)),
    _evaluate(
        "evaluate(return_dict)",
        lambda m, k: list(m.evaluate(X, Y, verbose=0, return_dict=True).items()),
    ),
    _evaluate("evaluate(generator)", lambda m, k: m.evaluate(_batches(5)(k), verbose=0)),
    _evaluate("evaluate(PyDataset)", lambda m, k: m.evaluate(_dataset(5)(k), verbose=0)),
    _evaluate("evaluate(nonsense=1)", lambda m, k: m.evaluate(X, Y, nonsense=1)),
    _evaluate("evaluate(no metrics)", lambda m, k: m.evaluate(X, Y, verbose=0), metrics=None),
    _evaluate("predict()", lambda m, k: m.predict(X, verbose=0)),
    _evaluate("predict(batch_size=8)", lambda m, k: m.predict(X, batch_size=8, verbose=0)),
    _evaluate("predict(steps=2)", lambda m, k: m.predict(X, steps=2, verbose=0)),
    _evaluate(
        "predict(batch_size=8, steps=2)",
        lambda m, k: m.predict(X, batch_size=8, steps=2, verbose=0),
    ),
    _evaluate("predict(generator)", lambda m, k: m.predict(_batches(5)(k), verbose=0)),
    _evaluate("predict(PyDataset)", lambda m, k: m.predict(_dataset(5)(k), verbose=0)),
    _evaluate("predict(one row)", lambda m, k: m.predict(X[:1], verbose=0)),
    _evaluate("train_on_batch()", lambda m, k: [m.train_on_batch(X, Y), m.train_on_batch(X, Y)]),
    _evaluate("train_on_batch(W)", lambda m, k: m.train_on_batch(X, Y, W)),
    _evaluate(
        "train_on_batch(class_weight)",
        lambda m, k: m.train_on_batch(X, CLASSES, class_weight={0: 2.0, 1: 0.5}),
        units=3,
        activation="softmax",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    ),
    _evaluate(
        "train_on_batch(return_dict)",
        lambda m, k: list(m.train_on_batch(X, Y, return_dict=True).items()),
    ),
    _evaluate(
        "train_on_batch(both weights)",
        lambda m, k: m.train_on_batch(X, Y, sample_weight=W, class_weight={0: 1.0}),
    ),
    _evaluate("test_on_batch()", lambda m, k: [m.test_on_batch(X, Y), m.test_on_batch(X, Y)]),
    _evaluate(
        "test_on_batch(W, return_dict)",
        lambda m, k: list(m.test_on_batch(X, Y, W, return_dict=True).items()),
    ),
    _evaluate("predict_on_batch()", lambda m, k: m.predict_on_batch(X)),
    *(
        _evaluate(
            f"fit(class_weight={weights})",
            lambda m, k, weights=weights, y=y: m.fit(X, y, class_weight=weights, **ROUGH).history,
            units=3,
            activation="softmax",
            loss=loss,
            metrics=["accuracy"],
            weighted_metrics=["accuracy"],
        )
        for weights, y, loss in [
            ({0: 2.0, 1: 0.5, 2: 1.0}, CLASSES, "sparse_categorical_crossentropy"),
            ({0: 2.0}, CLASSES[:, None], "sparse_categorical_crossentropy"),
            ({1: 3}, np.eye(3, dtype="float32")[CLASSES], "categorical_crossentropy"),
        ]
    ),
    _other_lengths(),
    *(_hooks(kind, **o) for kind in ("evaluate", "predict") for o in ({}, {"steps": 2})),
    *(
        _stopped(kind, hook)
        for kind, hooks in {
            "fit": ("on_epoch_begin", "on_train_begin", "on_train_batch_end", "on_batch_end"),
            "evaluate": ("on_test_begin", "on_test_batch_begin", "on_test_batch_end"),
            "predict": ("on_predict_begin", "on_predict_batch_end"),
        }.items()
        for hook in hooks
    ),
]
