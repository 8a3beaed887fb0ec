"""The site: it builds without a warning, has every public name, fetches nothing, and switches languages."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tools import pages

ROOMS = ("layers", "losses", "metrics", "optimizers", "callbacks", "models", "inspect", "random")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="needs the extra docs: make site")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=pages.ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_in_the_reference(site: Path, room: str) -> None:
    page = (site / "reference" / f"{room}.html").read_text(encoding="utf-8")
    there = set(re.findall(r'id="narae\.\w+\.(\w+)"', page))
    module = importlib.import_module(f"narae.{room}")
    things = {name for name in module.__all__ if callable(getattr(module, name))}
    # A module of the same name hides a function from those who read the code without running it.
    modules = {path.stem for path in Path(str(module.__file__)).parent.glob("*.py")}
    assert things - modules <= there


@pytest.mark.slow
def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    fetched = re.compile(
        r"""<(?:script|img|iframe)[^>]*\ssrc="?https?:|<link[^>]*href="?https?:|url\(https?:"""
    )
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        assert not fetched.search(path.read_text(encoding="utf-8")), path


@pytest.mark.slow
def test_chapters_switch_languages_and_show_the_code_linked_to(site: Path) -> None:
    korean = (site / "learn/ko/1-first-look.html").read_text(encoding="utf-8")
    assert '<html lang="ko"' in korean
    assert "../en/1-first-look.html" in korean
    assert "../../source/src/narae/layers/dense.py.html" in korean
    assert "class Dense" in re.sub(
        "<[^>]*>", "", (site / "source/src/narae/layers/dense.py.html").read_text(encoding="utf-8")
    )


def test_the_navigation_has_every_page() -> None:
    named = re.findall(r"[\w./-]+\.md", (pages.ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    docs = pages.ROOT / "docs"
    there = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    assert there <= set(named)
