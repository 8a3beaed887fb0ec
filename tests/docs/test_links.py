"""Every link in a Markdown file leads somewhere: to a file, a heading, or a name of narae."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from tools import pages

HIDDEN = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FILES = sorted(
    path.relative_to(pages.ROOT).as_posix()
    for path in [*pages.ROOT.glob("*.md"), *(pages.ROOT / "docs").rglob("*.md")]
)


def broken(path: Path) -> list[str]:
    """The links of a Markdown file that lead nowhere."""
    text = HIDDEN.sub("", path.read_text(encoding="utf-8"))
    return [link for link in LINK.findall(text) if "://" not in link and not _leads(path, link)]


def _leads(path: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    if not target.exists() or not target.is_relative_to(pages.ROOT.resolve()):
        return False
    return not anchor or _named(anchor) is not None or anchor in _headings(target)


def _named(anchor: str) -> Any:
    """What a name like narae.layers.Dense stands for, or None."""
    room, _, name = anchor.rpartition(".")
    if not room.startswith("narae"):
        return None
    return getattr(importlib.import_module(room), name, None)


def _headings(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", FILES)
def test_links_lead_somewhere(name: str) -> None:
    assert broken(pages.ROOT / name) == []


@pytest.mark.parametrize("link", ["gone.md", "#nothing", "test_links.py#narae.ops.relux"])
def test_broken_links_are_found(link: str) -> None:
    path = Path(__file__).with_suffix(".md")
    assert not _leads(Path(__file__), link), path


def test_names_of_narae_are_found() -> None:
    assert _leads(Path(__file__), "test_links.py#narae.ops.relu")
