"""Notebooks of the chapters, made from the same pages: what a reader sees, with the outputs and pictures of the page.

python -m tools.notebooks FOLDER PAGE...     PAGE.md -> FOLDER/PAGE.ipynb

Nothing runs: outputs are those that the page shows. Code within solutions stays folded text; links to other chapters
lead to their notebooks, others are words alone, since a downloaded notebook has no site around it.
"""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path
from typing import Any

from tools import pages

FIGURES = pages.LEARN / "figures"
INSTALL = {
    "en": "This is a page of narae's chapters as a notebook. It needs narae with its extra `plot`, and Jupyter.",
    "ko": "narae 배우기의 한 쪽을 담은 노트북입니다. narae와 그 추가 기능 `plot`, 그리고 Jupyter가 필요합니다.",
}
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)(?:\{[^}\n]*\})?")
_SWITCH = re.compile(r"^\[(?:한국어|English)\]\(.*?\n\n", re.MULTILINE | re.DOTALL)
_DETAILS = re.compile(r"^<details.*?^</details>$", re.MULTILINE | re.DOTALL)
_HTML = re.compile(r"^<(?:div|script)\b.*?^</(?:div|script)>\n", re.MULTILINE | re.DOTALL)


def notebook(path: Path, figures: Path = FIGURES) -> dict[str, Any]:
    """A page as a notebook of nbformat 4: its words, its code, and what the page shows of outputs and pictures."""
    from nbformat import v4

    language = pages.language_of(path)
    whole = path.read_text(encoding="utf-8")
    page = _SWITCH.sub(INSTALL[language] + "\n\n", whole, count=1)
    page = _HTML.sub("", pages.visible(page))
    drawn = {  # by code that the reader runs; other pictures are part of the words
        name for one in pages.examples(whole) if not one.code.hidden for name in one.pictures
    }
    folded = [found.span() for found in _DETAILS.finditer(page)]
    cells, done = [], 0
    for example in pages.examples(page):
        start, end = example.code.span
        if any(first < start < last for first, last in folded):
            continue
        cells += _words(page[done : page.rindex("```", 0, start)], figures)
        outputs, done = _outputs(page, end + len("```\n"), example.shown, drawn, figures)
        cells.append(v4.new_code_cell(example.code.text.rstrip("\n"), outputs=outputs))
    cells += _words(page[done:], figures)
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # drawn by chance otherwise: the file would differ each time
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    made.metadata["language_info"] = {"name": "python"}
    return made


def written(path: Path) -> str:
    """The text of a page's notebook file."""
    import nbformat

    return nbformat.writes(notebook(path)) + "\n"


def _words(text: str, figures: Path) -> list[Any]:
    """Markdown as a cell, its pictures attached; no cell for blanks."""
    from nbformat import v4

    text = _LINK.sub(_link, text).strip("\n")
    if not text:
        return []
    attachments = {}
    for shown in pages.PICTURE.finditer(text):
        name = shown[2].replace("/", "-")
        attachments[name] = {"image/png": _picture(figures / shown[2])}
    text = pages.PICTURE.sub(
        lambda shown: f"![{shown[1]}](attachment:{shown[2].replace('/', '-')})", text
    )
    cell = v4.new_markdown_cell(text.replace(' markdown="1"', ""))
    if attachments:
        cell["attachments"] = attachments
    return [cell]


def _outputs(
    page: str, end: int, block: pages.Block | None, drawn: set[str], figures: Path
) -> tuple[list[Any], int]:
    """What a cell shows, in the order of its page, and where the page goes on after it."""
    from nbformat import v4

    outputs = []
    if block is not None and block.span[0] - end <= len('\n```text title=""\n') + len(block.title):
        outputs.append(v4.new_output("stream", name="stdout", text=block.text))
        end = block.span[1] + len("```\n")
    while (shown := pages.PICTURE.match(page[end:].lstrip())) and shown[2] in drawn:
        data = {"image/png": _picture(figures / shown[2]), "text/plain": shown[1]}
        outputs.append(v4.new_output("display_data", data=data))
        end = page.index(shown[0], end) + len(shown[0])
    return outputs, end


def _picture(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")


def _link(found: re.Match[str]) -> str:
    """A link to another chapter as one to its notebook, one to elsewhere in this repository as its words."""
    words, target = found[1], found[2]
    if "://" in target or target.startswith("#"):
        return found[0]
    chapter = re.fullmatch(r"(\d[\w-]*)\.md", target)
    return f"[{words}]({chapter[1]}.ipynb)" if chapter else words


def main() -> None:
    """Write the notebooks of the pages named into a folder."""
    folder, *paths = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        (folder / f"{path.stem}.ipynb").write_text(written(path), encoding="utf-8")


if __name__ == "__main__":
    main()
