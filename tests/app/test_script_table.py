"""A script that reads a CSV file has the points, targets and split that the playground has."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narae.app.features import FEATURES
from narae.app.knobs import check_knobs
from narae.app.script import script
from narae.app.script_table import table_script
from narae.app.tables.points import Chosen, points_of
from narae.app.tables.reading import read_table
from narae.app.tasks import TASKS

RNG = random.Random(3)
ROWS = [(RNG.gauss(150, 20), RNG.random(), RNG.choice("가나다")) for _ in range(60)]
SEMICOLONS = "키;폭;반\n" + "".join(f"{x:.2f};{y:.4f};{c}\n" for x, y, c in ROWS).replace(".", ",")
FILES: dict[str, tuple[bytes, str]] = {
    "cp949, commas, gaps": ((SEMICOLONS + ";1,5;가\nabc;2;나\n").encode("cp949"), "classes"),
    "numbers": ("".join(f"{x},{y},{x * y}\n" for x, y, _ in ROWS).encode("utf-16"), "number"),
    "too many": ("".join(f"{i % 97},{i % 89},{i % 3}\n" for i in range(3000)).encode(), "classes"),
}


@pytest.mark.parametrize("name", FILES)
def test_it_has_the_playgrounds_points(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    raw, targets = FILES[name]
    own = points_of(read_table(raw), Chosen(0, 1, 2, targets))["own"]
    own["table"]["file"] = "내 표.csv"
    (tmp_path / "내 표.csv").write_bytes(raw)
    monkeypatch.chdir(tmp_path)
    given = {"data": "own", "own": own, "features": list(FEATURES), "test_share": 0.3, "seed": 5}
    knobs = check_knobs("plane", given)
    data = TASKS["plane"](knobs)
    found: dict[str, Any] = {"np": np}
    exec(table_script(knobs), found)
    pairs = {"x": data.x, "y": data.y, "val_x": data.validation_x, "val_y": data.validation_y}
    for key, array in pairs.items():
        np.testing.assert_allclose(found[key], array, atol=5e-4)
        assert found[key].dtype == array.dtype
    text = script("plane", knobs)
    assert "내 표.csv" in text
    compile(text, "script.py", "exec")
    own["table"]["file"] = ""  # points that were changed by hand stand in it as numbers
    assert "csv" not in script("plane", check_knobs("plane", {**given, "own": own}))
