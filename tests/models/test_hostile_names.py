"""Names in a file may hold what a terminal obeys: they are shown as escapes wherever they are printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import narae
from narae import layers
from narae.inspect import explain

NAME = "a\x1b[31mred\x07"


def test_names_of_a_file_reach_no_terminal(tmp_path: Path, capsys: Any) -> None:
    metric = narae.metrics.MeanAbsoluteError(name=NAME)
    dense = layers.Dense(1, name=NAME)
    i = narae.Input((3,), name=NAME + "i")
    model = narae.Model(i, layers.Add()([dense(i), dense(i)]), name=NAME + "m")
    model.compile("sgd", "mse", metrics=[metric])
    model.save(tmp_path / "m.keras")
    other = narae.models.load_model(tmp_path / "m.keras")
    x, y = np.ones((4, 3), "float32"), np.ones((4, 1), "float32")
    other.summary()
    other.fit(x, y, verbose=2)
    other.fit(x, y, verbose=1)
    print(explain(other, x, y))
    print(other.explain_plan(x, y))
    said = "".join(capsys.readouterr()).replace("\r", "").replace("\b", "")
    assert "\\x1b[31mred" in said
    assert not {c for c in said if not c.isprintable()} - {"\n"}
