"""The page of an explanation: complete, alone, small, and drawn by a browser without an error."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inspect.subjects import SUBJECTS, floats, labels

import narae
from narae import layers, ops
from narae.drawing.layered import in_rows, placed
from narae.inspect import explain


def _data(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_picture_holds_every_step_once(name: str) -> None:
    model, batch = SUBJECTS[name]()
    found = explain(model, *batch)
    page = found.html()
    data = _data(page)
    drawn = [(o["result"], o["formula"]) for part in data["parts"] for o in part["operations"]]
    assert sorted(drawn) == sorted((o.result, o.formula) for o in found.operations)
    assert sorted(i for box in data["boxes"] for i in box.get("parts", [])) == list(
        range(len(data["parts"]))
    )
    assert sum(p["seconds"] for p in data["parts"]) == pytest.approx(
        sum(s.seconds for s in found.steps), rel=1e-2
    )
    boxes = range(len(data["boxes"]))
    assert all(a in boxes and b in boxes and a != b for a, b in data["edges"])
    placed_once = sorted(n for row in data["forward"]["rows"] for n in row)
    assert placed_once[: len(data["forward"]["boxes"])] == list(
        range(len(data["forward"]["boxes"]))
    )
    assert {layer.path for layer in found.layers} == set(data["layers"])
    assert {box["layer"] for box in data["boxes"] if "parts" in box} == set(data["layers"])


def test_it_needs_nothing_else_and_is_small(tmp_path: Path) -> None:
    model = narae.Sequential(
        [narae.Input((784,)), layers.Dense(512, "relu"), layers.Dense(10, "softmax")]
    )
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    found = explain(model, floats(128, 784), labels(128, 10))
    found.save(tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page == found.html()
    assert len(page.encode()) < 300_000
    urls = set(re.findall(r"https?://[^\"' ]+", page))
    assert urls == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.search(r"(src|href)=", page)
    assert "default-src 'none'" in page
    assert "dense/kernel" in page
    assert found._repr_html_().startswith("<iframe ")


def test_what_a_name_holds_is_text(tmp_path: Path) -> None:
    model = narae.Sequential(
        [narae.Input((2,)), layers.Dense(2, name="<b>&</script>".replace("/", "|"))]
    )
    page = explain(model, floats(2, 2)).html()
    assert "<b>&" not in page
    assert page.count("</script>") == 2


def test_what_is_no_number_is_drawn_too() -> None:
    model = narae.Sequential([narae.Input((2,)), layers.Lambda(lambda x: ops.log(x * 0 - 1))])
    page = explain(model, floats(3, 2)).html()
    data = _data(page)
    assert any(o["numbers"][5] == 6 for part in data["parts"] for o in part["operations"])


def test_many_layers_stay_few_boxes() -> None:
    stack = [layers.Dense(3, "relu") for _ in range(30)]
    inner = [narae.Sequential(stack[i : i + 10], name=f"block_{i // 10}") for i in (0, 10, 20)]
    model = narae.Sequential([narae.Input((3,)), *inner, *(layers.Dense(3) for _ in range(30))])
    model.compile("sgd", "mse")
    found = explain(model, floats(4, 3), floats(4, 3))
    data = _data(found.html())
    assert len(found.layers) > 60
    forward = [box for box in data["boxes"] if box["phase"] == "forward"]
    assert len(forward) == 33
    assert {"block_0", "block_1", "block_2"} < {box["layer"] for box in forward}
    block = next(box for box in forward if box["layer"] == "block_0")
    assert len(block["parts"]) >= 10


def test_text_says_it_all() -> None:
    model, batch = SUBJECTS["mlp"]()
    text = str(explain(model, *batch))
    for words in (
        "one train step",
        "dense/kernel",
        "Layers",
        "Weights",
        "Steps",
        "max(x ·",
    ):
        assert words in text
    assert max(map(len, text.splitlines())) <= 150


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
@pytest.mark.parametrize("name", ["cnn", "many_ends", "scanned"])
def test_a_browser_draws_it(name: str, tmp_path: Path) -> None:
    model, batch = SUBJECTS[name]()
    path = tmp_path / "page.html"
    found = explain(model, *batch)
    found.save(path)
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [*command, f"--user-data-dir={tmp_path / 'profile'}", f"{path.as_uri()}#all"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    data = _data(found.html())
    drawn = set(re.findall(r'data-key="(\w+)"', done.stdout))
    assert {f"b{box['id']}" for box in data["boxes"]} <= drawn
    assert {f"p{i}" for box in data["boxes"] for i in box.get("parts", [])} <= drawn
    assert 'aria-expanded="true"' in done.stdout


edges = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30)


@given(edges)
def test_rows_have_every_node_once_and_edges_lead_down(pairs: list[tuple[int, int]]) -> None:
    found = in_rows(12, pairs)
    rank = {n: i for i, row in enumerate(found.rows) for n in row}
    assert sorted(n for n in rank if n < 12) == list(range(12))
    assert set(found.chains) == {(a, b) for a, b in pairs if a != b}
    for (a, b), way in found.chains.items():
        assert (way[0], way[-1]) == (a, b)
        assert [rank[n] for n in way] in (
            list(range(rank[a], rank[b] + 1)),
            list(range(rank[a], rank[b] - 1, -1)),
        )
    if all(a < b for a, b in pairs):  # no circle: all lead down
        assert all(rank[a] < rank[b] for a, b in pairs)


@given(edges, st.lists(st.integers(1, 9), min_size=12, max_size=12))
def test_boxes_do_not_meet(pairs: list[tuple[int, int]], widths: list[int]) -> None:
    found = in_rows(12, pairs)
    places, (width, _) = placed(found, widths, [2] * 12, (3, 4))
    for row in found.rows:
        at = [
            (places[n][0] - w / 2, places[n][0] + w / 2)
            for n in row
            for w in [([*widths, *[0] * 999])[n]]
        ]
        assert all(b[0] - a[1] > 3 - 1e-6 for a, b in itertools.pairwise(at))
        assert all(left > -1e-6 and right < width + 1e-6 for left, right in at)


def test_crossings_that_need_not_be_are_not() -> None:
    rng = np.random.default_rng(0)
    order = rng.permutation(6)
    found = in_rows(12, [(i, 6 + int(order[i])) for i in range(6)])
    upper, lower = found.rows
    assert [6 + int(order[i]) for i in upper] == list(lower)
