"""summary(): each row, column and total that Keras shows."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import narae
from narae.base.names import reset_names


def stack(k: Any) -> Any:
    inner = k.Sequential([k.layers.Dense(2), k.layers.ReLU()], name="inner")
    model = k.Sequential(
        [k.Input((3,)), k.layers.Dense(4), k.layers.Dropout(0.5), inner, k.layers.Dense(1)],
        name="m",
    )
    model.layers[0].trainable = False
    return model


def branches(k: Any) -> Any:
    a, b = k.Input((3,), name="a"), k.Input((2,), name="b")
    h = k.layers.Dense(4, name="h")(k.layers.Concatenate(name="c")([a, b]))
    return k.Model([a, b], [k.layers.Dense(1, name="o")(h), h * 2], name="two")


def deep(k: Any) -> Any:
    inner = [k.Input((4,)), k.layers.Dense(4, "relu"), k.layers.BatchNormalization()]
    nested = k.Sequential([k.Sequential(inner, name="inner"), k.layers.Dense(2)], name="deep")
    x = k.Input((4,), name="x")
    model = k.Model(x, k.layers.Add(name="sum")([nested(x), k.layers.Dense(2)(x)]), name="whole")
    model.compile("adam", "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    return model


def shared(k: Any) -> Any:
    i, d = k.Input((3,), name="i"), k.layers.Dense(3, name="d")
    return k.Model(i, d(d(i)), name="twice")


def unbuilt(k: Any) -> Any:
    return k.Sequential([k.layers.Dense(2, name="d")], name="later")


def trained(k: Any) -> Any:
    model = k.Sequential([k.Input((3,)), k.layers.Dense(2, name="d")], name="t")
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    return model


def called(k: Any) -> Any:
    class Own(k.Model):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.d = k.layers.Dense(3, name="d")

        def call(self, x: Any) -> Any:
            return self.d(x)

    model = Own()
    model(np.ones((2, 3), "float32"))
    return model


def _shown(module: Any, make: Any, **arguments: Any) -> list[Any]:
    """The words of each row, whatever the widths of the columns; rows that wrap are one."""
    reset_names()
    if module is not narae:
        module.backend.clear_session(free_memory=False)
    lines: list[str] = []
    make(module).summary(
        line_length=200, print_fn=lambda text, **_: lines.extend(text.split("\n")), **arguments
    )
    rows = [re.split(r"[│┃]", line) for line in lines if not re.match(r"^[┏┡├└]", line)]
    return [[" ".join(cell.split()) for cell in row if cell.strip()] for row in rows if any(row)]


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (stack, {}),
        (stack, {"expand_nested": True, "show_trainable": True}),
        (stack, {"layer_range": ["dense", "inner"]}),
        (branches, {}),
        (branches, {"show_trainable": True}),
        (shared, {}),
        (deep, {"expand_nested": True, "show_trainable": True}),
        (unbuilt, {}),
        (trained, {}),
        (called, {}),
    ],
)
def test_the_words_are_keras_s(
    make: Any, arguments: Any, keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # Keras crops at the terminal's width
    assert _shown(narae, make, **arguments) == _shown(keras, make, **arguments)


def test_it_prints_and_fits_the_line(capsys: Any) -> None:
    stack(narae).summary(line_length=60)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'Model: "m"'
    assert max(map(len, lines)) <= 60


def test_an_unknown_layer_of_a_range_is_told() -> None:
    with pytest.raises(ValueError, match="Did you mean 'dropout'"):
        stack(narae).summary(layer_range=["dropuot", "inner"])
