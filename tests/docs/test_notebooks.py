"""The notebooks of the chapters: they are the pages, whole, and run where nothing of this repository is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from tests.kernels import execute
from tools import notebooks, pages

CHAPTERS = sorted(path.name for path in (pages.LEARN / "en").glob("[0-9]*-*.md"))


def _codes(made: Any) -> list[Any]:
    return [cell for cell in made.cells if cell.cell_type == "code"]


def _printed(cell: Any) -> str:
    return "".join(
        output.text
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    )


def _pictures(cell: Any) -> int:
    return sum(output.output_type == "display_data" for output in cell.outputs)


@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_a_notebook_is_its_page(language: str, name: str) -> None:
    path = pages.LEARN / language / name
    made = nbformat.reads(notebooks.written(path), as_version=4)
    nbformat.validate(made)
    page = path.read_text(encoding="utf-8")
    text = "\n".join(cell.source for cell in made.cells)
    assert "<!--" not in text
    assert "docs.learn" not in text
    assert "](../" not in text, "a link that leads nowhere"
    for example in pages.examples(page):
        if not example.code.hidden:
            assert example.code.text.strip() in text, f"line {example.code.line}"
    prints = {e.code.text.strip(): bool(e.shown) for e in pages.examples(page)}
    for cell in _codes(made):
        streams = [output for output in cell.outputs if output.output_type == "stream"]
        assert bool(streams) == prints[cell.source.strip()], cell.source
    shown = sum(len(cell.get("attachments", {})) for cell in made.cells)
    shown += sum(_pictures(cell) for cell in _codes(made))
    assert shown == len(pages.pictures(page)), "as many pictures as on the page"


# Those that train networks take up to half a minute each.
LONG = ("1-", "5-", "6-", "7-", "8-")
RUN = [
    pytest.param(name, marks=pytest.mark.slow if name.startswith(LONG) else []) for name in CHAPTERS
]


@pytest.mark.parametrize("name", RUN)
def test_a_notebook_runs_and_prints_what_it_shows(name: str, tmp_path: Path) -> None:
    made = nbformat.reads(notebooks.written(pages.LEARN / "en" / name), as_version=4)
    wanted = [_pictures(cell) for cell in _codes(made)]
    page = (pages.LEARN / "en" / name).read_text(encoding="utf-8")
    blocks = {example.code.text.strip(): example.shown for example in pages.examples(page)}
    execute(made, tmp_path)
    for cell, pictures in zip(_codes(made), wanted, strict=True):
        shown = blocks[cell.source.strip()]
        assert pages.shows(shown, _printed(cell)), f"{cell.source}\nprints\n{_printed(cell)}"
        assert _pictures(cell) == pictures, f"the figures of\n{cell.source}"
        assert not [o for o in cell.outputs if o.get("name") == "stderr"], cell.outputs
