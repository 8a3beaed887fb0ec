"""Notebooks show pictures and tables of what they are given, with no magic; chromium looks at them."""

from __future__ import annotations

import base64
import html
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.chromium import CHROMIUM, FLAGS, WITHOUT
from tests.inspect.notebook_cells import CELLS
from tests.kernels import execute

import narae
from narae import layers, ops
from narae.callbacks import History

nbformat = pytest.importorskip("nbformat")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each cell gave, in a kernel of its own."""
    cells = [nbformat.v4.new_code_cell(text.strip()) for text in CELLS.values()]
    book = nbformat.v4.new_notebook(cells=cells)
    folder = tmp_path_factory.mktemp("notebook")
    execute(book, folder, allow_errors=True)
    return {name: cell.outputs for name, cell in zip(CELLS, book.cells)}


def _shown(outputs: list[Any], kind: str) -> list[str]:
    return [o.data[kind] for o in outputs if "data" in o and kind in o.data]


@pytest.mark.parametrize("cell", ["plot", "plot_model", "confusion", "pyplot"])
def test_a_figure_is_a_picture_and_just_one(outputs: dict[str, list[Any]], cell: str) -> None:
    [picture] = _shown(outputs[cell], "image/png")
    assert base64.b64decode(picture)[1:4] == b"PNG"


def test_progress_is_one_line_an_epoch(outputs: dict[str, list[Any]]) -> None:
    text = "".join(o.text for o in outputs["train"] if o.output_type == "stream")
    seen = [line.rpartition("\r")[2] for line in text.split("\n") if line]
    assert [bool(re.match(r"(\x1b\[1m)?9/9", line)) for line in seen] == [False, True] * 2
    assert not [o for o in outputs["train"] if o.output_type == "error"]


@pytest.mark.parametrize(
    ("cell", "words"),
    {
        "history": ["data:image/png", "val_accuracy", "epoch"],
        "model": ["dense_1 (Dense)", "(None, 3)", "Total params: 587"],
        "layer": ["Dense dense", "activation", "kernel", "(8, 16)"],
        "tensor": ["Tensor int32[20, 30]", "299.5", "…", "599"],
        "variable": ["kernel float32[8, 16]"],
        "explain": ["<iframe", "srcdoc"],
        "plan": ["<table>", "native"],
    }.items(),
)
def test_html(outputs: dict[str, list[Any]], cell: str, words: list[str]) -> None:
    [shown] = _shown(outputs[cell], "text/html")
    assert not [word for word in words if word not in shown]


def test_an_error_is_the_users_line_and_the_message(outputs: dict[str, list[Any]]) -> None:
    [error] = [o for o in outputs["error"] if o.output_type == "error"]
    text = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error.traceback))
    assert "model.predict(x[0])" in text
    assert "site-packages" not in text
    assert "narae/models" not in text


@pytest.mark.browser
def test_chromium_shows_them(outputs: dict[str, list[Any]], tmp_path: Path) -> None:
    api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip(WITHOUT)
    parts = []
    for name, found in outputs.items():
        parts += [f"<section id={name}>{s}</section>" for s in _shown(found, "text/html")]
        parts += [f'<img src="data:image/png;base64,{s}">' for s in _shown(found, "image/png")]
    file = tmp_path / "book.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{''.join(parts)}", encoding="utf-8")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for width in (390, 1000):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(file.as_uri())
            sizes = page.evaluate("[...document.images].map(i => i.naturalWidth)")
            assert len(sizes) == 5
            assert min(sizes) > 400
            page.locator("iframe").scroll_into_view_if_needed()
            # a frame tells its height anew whenever it changes
            within = "document.body.getBoundingClientRect().height"
            for _ in range(100):
                inner = page.frames[1].evaluate(within)
                outer = page.evaluate("document.querySelector('iframe').offsetHeight")
                if inner <= outer <= inner + 40 and outer != 640:
                    break
                page.wait_for_timeout(100)
            assert inner <= outer <= inner + 40
            assert outer < (1400 if width > 900 else 2600)
            wide = page.evaluate("[...document.querySelectorAll('.narae')].map(e => e.offsetWidth)")
            assert max(wide) <= width
        browser.close()


def test_nothing_that_a_card_shows_is_markup() -> None:
    bad = "<img src=x onerror=alert(1)>"
    layer = layers.Dense(2)
    layer.name = bad
    found = [
        layer._repr_html_(),
        ops.convert_to_tensor(1.0)._repr_html_(),
    ]
    assert not [text for text in found if "<img" in text]
    assert html.escape(bad) in found[0]


def test_cards_of_what_is_not_ready() -> None:
    assert "no epoch has ended yet" in History()._repr_html_()
    assert "no layers yet" in narae.Sequential()._repr_html_()
    assert "not before it sees an input" in layers.Dense(2)._repr_html_()

    class Own(layers.Layer):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.width = width

    assert "Own" in Own(3)._repr_html_()


@pytest.mark.parametrize("error", [ValueError("<b>"), AttributeError("q"), RecursionError()])
def test_a_card_says_what_a_users_configuration_raises(error: Exception) -> None:
    class Own(layers.Layer):
        def get_config(self) -> dict[str, Any]:
            raise error

    shown = Own()._repr_html_()
    assert html.escape(f"{type(error).__name__}: {error}") in shown


@pytest.mark.parametrize(
    "values",
    [0.0, [], [[]], [True, False], np.arange(24).reshape(2, 3, 4), [np.nan, 1.0], np.zeros((0, 3))],
)
def test_tensors_of_all_kinds_have_a_card(values: Any) -> None:
    assert "Tensor" in ops.convert_to_tensor(values)._repr_html_()


def test_a_picture_can_be_pickled() -> None:
    h = History()
    h.history = {"loss": [1.0, 0.5]}
    again = pickle.loads(pickle.dumps(h.plot()))
    assert again._repr_png_()[1]["width"] > 100


def test_a_model_has_one_language() -> None:
    model = narae.Sequential([narae.layers.Dense(1)], name="m")
    try:
        narae.config.set_language("ko")
        card = model._repr_html_()
    finally:
        narae.config.set_language(None)
    assert "모델: &quot;m&quot;" in card or '모델: "m"' in card
    assert not [word for word in ("Layer", "Output", "Param", "params") if word in card]
