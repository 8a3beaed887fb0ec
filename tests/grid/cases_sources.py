"""Kinds of data beside arguments that they have no use for; what a PyDataset is told; lists as data."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.cases_fit import stack
from tests.grid.grid import Case, shown
from tests.grid.probing import attempt

X = np.linspace(-1, 1, 24).reshape(8, 3).astype("float32")
Y = np.arange(8).reshape(8, 1).astype("float32") % 2
ROWS = X.tolist()


def _generator(k: Any, item: Callable[[Any, Any], Any] = lambda x, y: (x, y)) -> Any:
    return (item(X[at : at + 2], Y[at : at + 2]) for at in (0, 2, 4, 6))


def _dataset(k: Any, count: int | None = 4, told: Any = None, item: Any = None, **o: Any) -> Any:
    """A PyDataset of two rows a batch, which notes what it is told."""
    told = [] if told is None else told

    class Data(k.utils.PyDataset):
        @property
        def num_batches(self) -> int | None:
            return count

        def __getitem__(self, i: int) -> Any:
            at = i % 4 * 2
            pair = X[at : at + 2], Y[at : at + 2]
            return pair if item is None else item(*pair)

        def on_epoch_begin(self) -> None:
            told.append("begin")

        def on_epoch_end(self) -> None:
            told.append("end")

    return Data(**o)


_SOURCES: dict[str, Callable[[Any], Any]] = {
    "arrays": lambda k: X,
    "generator": _generator,
    "PyDataset": _dataset,
    "PyDataset without end": lambda k: _dataset(k, None),
}
_GIVEN: list[tuple[str, dict[str, Any]]] = [
    ("fit", {}),
    ("fit", {"shuffle": True}),
    ("fit", {"shuffle": False}),
    ("fit", {"batch_size": 3, "shuffle": False}),
    ("fit", {"validation_split": 0.5, "shuffle": False}),
    ("fit", {"sample_weight": np.ones(8, "float32"), "shuffle": False}),
    ("fit", {"class_weight": {0: 1.0, 1: 2.0}, "shuffle": False}),
    ("fit", {"y": Y, "shuffle": False}),
    ("evaluate", {"batch_size": 3}),
    ("evaluate", {"y": Y}),
    ("evaluate", {"sample_weight": np.ones(8, "float32")}),
    ("predict", {"batch_size": 3}),
]


def _given(name: str, make: Callable[[Any], Any], call: str, options: dict[str, Any]) -> Case:
    """Whether it is refused, and whether it is said that the batches' order stays."""
    if name == "arrays" and call != "predict":
        options = {"y": Y, **options}
    count = "steps_per_epoch" if call == "fit" else "steps"
    if name == "PyDataset without end":
        options = {**options, count: 2}

    def code(k: Any) -> Any:
        model = stack(k)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            done = attempt(lambda: getattr(model, call)(make(k), verbose=0, **options) is not None)
        return [done, any("shuffle" in str(warning.message) for warning in told)]

    return Case(f"sources.{call}({name}, {shown(options)})", code)


def _told(call: str, built: bool = True, workers: int = 1, **options: Any) -> Case:
    """What a PyDataset, and that of the validation data, are told, and when."""

    def code(k: Any) -> Any:
        told: list[str] = []
        model = stack(k)
        if not built:
            model = k.Sequential([k.layers.Dense(1)])
            model.compile("sgd", "mse")
        given = dict(options)
        if given.pop("validation", False):
            given["validation_data"] = _dataset(k, 2, told)
        if given.pop("stop", False):
            stop = k.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: setattr(model, "stop_training", True)
            )
            given["callbacks"] = [stop]
        for _ in range(2):  # a model that has been trained is not built again
            told.append(call)
            getattr(model, call)(_dataset(k, 4, told, workers=workers), verbose=0, **given)
        return told

    named = shown({"built": built, "workers": workers, **options})
    return Case(f"sources.PyDataset is told in {call}({named})", code, warnings=False)


def _data(name: str, code: Callable[[Any], Any]) -> Case:
    return Case(f"sources.{name}", lambda k: attempt(lambda: code(k)), warnings=False)


def _fitted(*data: Any, **options: Any) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        given = [part(k) if callable(part) else part for part in data]
        return stack(k).fit(*given, shuffle=False, verbose=0, **options).history["loss"]

    return code


_ITEMS: dict[str, Callable[[Any, Any], Any]] = {
    "a list": lambda x, y: [x, y],
    "x alone": lambda x, y: x,
    "a tuple of lists": lambda x, y: (x.tolist(), y.tolist()),
    "four things": lambda x, y: (x, y, None, None),
}

CASES = [
    *(
        _given(name, make, call, options)
        for name, make in _SOURCES.items()
        for call, options in _GIVEN
        if not (name == "arrays" and "y" in options)  # arrays have theirs in each row
    ),
    _told("fit"),
    _told("fit", built=False),
    _told("fit", epochs=2, validation=True),
    _told("fit", epochs=2, validation=True, workers=2),
    _told("fit", epochs=2, steps_per_epoch=2),
    _told("fit", steps_per_epoch=7),
    _told("fit", epochs=2, validation=True, stop=True),
    *(_told(call, built) for call in ("evaluate", "predict") for built in (True, False)),
    _told("evaluate", steps=2),
    _data("fit(lists of numbers)", _fitted(ROWS, Y.tolist())),
    _data("fit(arrays, list of numbers)", _fitted(X, Y.tolist())),
    _data("fit(list of one array)", _fitted([X], [Y])),
    _data("predict(lists of numbers)", lambda k: stack(k).predict(ROWS, verbose=0)),
    _data("evaluate(lists of numbers)", lambda k: stack(k).evaluate(ROWS, Y.tolist(), verbose=0)),
    _data("train_on_batch(lists)", lambda k: stack(k).train_on_batch(ROWS, Y.tolist())),
    _data("validation_data=[x, y]", _fitted(X, Y, validation_data=[X, Y])),
    *(
        _data(f"fit(generator of {name})", _fitted(lambda k, i=item: _generator(k, i)))
        for name, item in _ITEMS.items()
    ),
    *(
        _data(f"fit(PyDataset of {name})", _fitted(lambda k, i=item: _dataset(k, item=i)))
        for name, item in _ITEMS.items()
    ),
    _data("fit(a list of batches)", _fitted(lambda k: [(X, Y), (X, Y)])),
    _data("fit(an iterator)", _fitted(lambda k: iter([(X, Y)]))),
]
