"""plot_model and model_to_dot: every layer is there once, connected as it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers
from narae.utils import model_to_dot, plot_model

pytest.importorskip("matplotlib")


def _model() -> Any:
    x = narae.Input((6,), name="x")
    h = layers.Dense(6, activation="relu", name="first")(x)
    twice = layers.Dense(6, name="twice")
    h = layers.Add(name="sum")([h, twice(twice(h))])
    inner = narae.Sequential(
        [layers.Dense(4, name="in_a"), layers.Dense(4, name="in_b")], name="inner"
    )
    h = inner(h) * 2.0
    ends = [layers.Dense(3, name="a")(h), layers.Dense(1, name="b")(h)]
    return narae.Model(x, ends, name="whole")


def _texts(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_every_layer_is_drawn_with_what_was_asked_for(tmp_path: Path) -> None:
    model = _model()
    model.get_layer("first").trainable = False
    path = tmp_path / "m.png"
    figure = plot_model(
        model, path, True, True, True, show_layer_activations=True, show_trainable=True
    )
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    said = _texts(figure)
    for name in ("x", "first", "twice", "sum", "inner", "a", "b", "multiply"):
        assert said.count(f"name: {name}") == 1
    assert said.count("activation: relu") == 1
    assert "(None, 6), (None, 6) → (None, 6)" in said
    assert (said.count("frozen"), said.count("float32")) == (1, 8)
    assert "name: in_a" not in said
    assert _texts(plot_model(model, None)) == [
        *("InputLayer", "Dense", "Dense", "Add", "Sequential", "multiply", "Dense", "Dense")
    ]


@pytest.mark.parametrize("splines", ["ortho", "curved"])
@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_data_flows_where_it_is_told_to(rankdir: str, splines: str) -> None:
    figure = plot_model(_model(), None, show_layer_names=True, rankdir=rankdir, splines=splines)
    place = {t.get_text(): np.array(t.get_position()) for t in figure.axes[0].texts}
    way = (place["name: a"] - place["name: x"]) * [1, -1]  # the axis points down
    across, sign = rankdir in ("LR", "RL"), 1 if rankdir in ("BT", "LR") else -1
    assert sign * way[0 if across else 1] > abs(way[1 if across else 0])


def test_nested_models_are_opened() -> None:
    said = _texts(plot_model(_model(), None, show_layer_names=True, expand_nested=True))
    assert "name: inner" not in said
    assert {"name: in_a", "name: in_b"} < set(said)
    text = model_to_dot(_model(), expand_nested=True).to_string()
    assert 'subgraph "cluster_inner" {' in text
    assert text.count("InputLayer") == 1  # the inner model's own Input is what it is called on


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_other_endings_are_other_formats(ending: str, tmp_path: Path) -> None:
    plot_model(_model(), tmp_path / f"m.{ending}")
    assert {"svg": b"<svg", "pdf": b"%PDF"}[ending] in (tmp_path / f"m.{ending}").read_bytes()


def test_the_text_is_graphviz_s(tmp_path: Path) -> None:
    dot = model_to_dot(_model(), show_shapes=True, rankdir="LR", dpi=90)
    lines = [line.strip() for line in str(dot).splitlines()]
    assert lines[:2] == ['digraph "whole" {', 'graph [rankdir="LR", dpi="90", splines="ortho"];']
    number = {line.split()[0]: line for line in lines if "[label=" in line}
    names = {
        key: line.split("name: ")[1].split("\\n")[0].rstrip('"];') for key, line in number.items()
    }
    edges = [
        tuple(names[n] for n in line.rstrip(";").split(" -> ")) for line in lines if "->" in line
    ]
    assert sorted(edges) == sorted(
        [
            *(("x", "first"), ("first", "sum"), ("first", "twice"), ("twice", "twice")),
            *(("twice", "sum"), ("sum", "inner"), ("inner", "multiply")),
            *(("multiply", "a"), ("multiply", "b")),
        ]
    )
    dot.write(tmp_path / "m.dot")
    assert (tmp_path / "m.dot").read_text() == str(dot)
    assert str(model_to_dot(_model(), subgraph=True)).startswith('subgraph "cluster_whole"')


def test_a_subclass_is_one_box() -> None:
    class Own(narae.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Own()
    with pytest.raises(ValueError, match="is not built"):
        plot_model(model, None)
    model(np.ones((1, 2), "float32"))
    assert _texts(plot_model(model, None)) == ["Own"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rankdir": "XY"}, "Unknown rankdir"),
        ({"to_file": "model.bmp"}, "Unknown ending"),
        ({"shapes": True}, "unknown arguments: shapes"),
    ],
)
def test_what_cannot_be_drawn_is_told(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plot_model(_model(), **{"to_file": None, **arguments})
