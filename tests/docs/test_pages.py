"""The chapters do what they say: code runs, shows what it prints, makes the figures; both languages say the same."""

from __future__ import annotations

import ast
import doctest
import io
import sys
from pathlib import Path
from types import ModuleType

import pytest
from docs.learn import drawing
from PIL import Image
from tools import pages
from tools import same_code as comparing
from tools.same_code import HANGUL, same_code, same_numbers

LEARN = pages.ROOT / "docs" / "learn"
CHAPTERS = sorted(path.name for path in (LEARN / "en").glob("[0-9]-*.md"))
LANGUAGES = {"en": "ko", "ko": "en"}
MOST_BYTES = 60_000


def _read(language: str, name: str) -> str:
    return (LEARN / language / name).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chapter_does_what_it_shows(
    language: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tests/docs/test_notebooks.py runs all that a reader sees of a language; this the other, and hidden blocks."""
    figures, elsewhere = tmp_path / "figures", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)  # where the page's own files go
    outcomes = list(pages.run(LEARN / language / name, figures))
    assert outcomes
    wrong = [str(outcome) for outcome in outcomes if not outcome.right]
    assert not wrong, "\n".join(wrong)
    drawn = {path.relative_to(figures).as_posix() for path in figures.rglob("*.png")}
    assert drawn == set(pages.pictures(_read(language, name)))


def _examples(language: str, name: str) -> list[pages.Example]:
    """The examples of a page that both languages have: a font for Hangul is chosen in one."""
    return [e for e in pages.examples(_read(language, name)) if e.code.title != "그림의 한글"]


@pytest.mark.parametrize("name", CHAPTERS)
def test_both_languages_have_the_same_code_and_figures(name: str) -> None:
    for here, there in zip(_examples("en", name), _examples("ko", name), strict=True):
        where = f"{name}, line {here.code.line} and {there.code.line}"
        assert same_code(here.code.text, there.code.text), where
        assert here.code.hidden == there.code.hidden, where
        assert bool(here.shown) == bool(there.shown), where
        if here.shown and there.shown:
            assert same_numbers(here.shown.text, there.shown.text), where
    english, korean = (list(pages.pictures(_read(language, name))) for language in ("en", "ko"))
    assert [file.replace("en/", "ko/") for file in english] == korean


@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_reader_types_needs_narae_and_matplotlib_alone(language: str, name: str) -> None:
    for example in pages.examples(_read(language, name)):
        if not example.code.hidden:
            tree = ast.walk(ast.parse(example.code.text))
            names = [node.module or "" for node in tree if isinstance(node, ast.ImportFrom)]
            tree = ast.walk(ast.parse(example.code.text))
            names += [a.name for node in tree if isinstance(node, ast.Import) for a in node.names]
            rooms = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
            assert rooms <= {"narae", "numpy", "matplotlib"}, f"line {example.code.line}"


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_exercise_has_a_solution_that_shows_it_is_right(name: str) -> None:
    english, korean = (pages.exercises(_read(language, name)) for language in ("en", "ko"))
    assert 4 <= len(english) <= 6
    for (question, here), (asked, there) in zip(english, korean, strict=True):
        assert question, "a solution without a question"
        assert HANGUL.search(asked), asked
        codes = [block for block in pages.blocks(here) if block.language == "python"]
        others = [block for block in pages.blocks(there) if block.language == "python"]
        for one, two in zip(codes, others, strict=True):
            assert same_code(one.text, two.text), question
        shown = "assert " in here or any(e.shown for e in pages.examples(here))
        assert shown or not codes, f"{question}: nothing says that its code is right"
    assert sum("```python" in solution for _, solution in english) >= 3, "exercises to run"


@pytest.mark.parametrize("language", LANGUAGES)
def test_hidden_blocks_are_drawings_alone(language: str) -> None:
    """What a reader can't see prints nothing and hides no result: each draws the picture that follows it."""
    for name in CHAPTERS:
        for example in pages.examples(_read(language, name)):
            if example.code.hidden:
                assert example.pictures, f"{name}, line {example.code.line}"
                assert not example.shown, f"{name}, line {example.code.line}"


@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_are_there_small_and_described(language: str, name: str) -> None:
    for file, description in pages.pictures(_read(language, name)).items():
        data = (LEARN / "figures" / file).read_bytes()
        assert len(data) <= MOST_BYTES, file
        assert Image.open(io.BytesIO(data)).mode == "P", file
        assert len(description) > 20, f"{file} needs words for those who cannot see it"


def test_no_figure_is_left_over() -> None:
    shown = {
        file
        for language in LANGUAGES
        for name in CHAPTERS
        for file in pages.pictures(_read(language, name))
    }
    figures = LEARN / "figures"
    assert {path.relative_to(figures).as_posix() for path in figures.rglob("*.*")} == shown


def test_both_languages_have_the_same_pages() -> None:
    assert len(CHAPTERS) >= 5
    names = {
        language: {path.name for path in (LEARN / language).iterdir()} for language in LANGUAGES
    }
    assert names["en"] == names["ko"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_leads_to_the_other_language(language: str) -> None:
    for path in (LEARN / language).glob("*.md"):
        assert f"](../{LANGUAGES[language]}/{path.name})" in path.read_text(encoding="utf-8"), path


def test_korean_pages_are_korean() -> None:
    for path in (LEARN / "ko").glob("[0-9]-*.md"):
        words = pages.FENCE.sub("", path.read_text(encoding="utf-8"))
        hangul = sum("가" <= sign <= "힣" for sign in words)
        latin = sum(sign.isascii() and sign.isalpha() for sign in words)
        assert hangul > latin, path


def test_a_page_of_words_has_no_examples() -> None:
    assert pages.examples("Only words.\n") == []


def test_a_page_that_shows_something_else_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(6 * 7)\n```\n\nIt prints:\n\n```text\n43\n```\n")
    (outcome,) = pages.run(page, tmp_path)
    assert not outcome.right
    assert outcome.printed == "42\n"
    pages.update(page, [outcome])
    (outcome,) = pages.run(page, tmp_path)
    assert outcome.right


def test_a_page_that_hides_what_it_prints_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nx = 42\nprint(x)\n```\n\nwords\n\n```python\nprint(x)\n```\n```text\n4...\n```\n"
    )
    hidden, shown = pages.run(page, tmp_path)
    assert not hidden.right
    assert shown.right
    pages.update(page, [hidden, shown])
    assert [example.shown.text for example in pages.examples(page.read_text())] == [
        "42\n",
        "4...\n",
    ]


def test_an_error_names_the_line_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n```python\nx = 1\nx / 0\n```\n")
    with pytest.raises(ZeroDivisionError) as caught:
        list(pages.run(page, tmp_path))
    last = caught.traceback[-1]
    assert (str(last.path), last.lineno + 1) == (str(page), 5)


def test_visible_code_does_not_see_what_hidden_code_defines(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- hidden\n```python\nx = 1\n```\n-->\n\n```python\nprint(x)\n```\n")
    with pytest.raises(NameError):
        list(pages.run(page, tmp_path))


def test_figures_are_those_that_the_page_shows(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    code = "```python\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n```\n"
    page.write_text(code + "![A line.](figures/en/line.png)\n")
    list(pages.run(page, tmp_path))
    assert (tmp_path / "en" / "line.png").exists()
    page.write_text(code + "![A line.](figures/en/line.png) ![One more.](figures/en/more.png)\n")
    with pytest.raises(ValueError, match="line 2: 1 figures are drawn, 2 shown"):
        list(pages.run(page, tmp_path))


def test_a_machine_without_hangul_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(drawing, "HANGUL", ("No such font",))
    (tmp_path / "ko").mkdir()
    page = tmp_path / "ko" / "page.md"
    page.write_text("![그림](figures/ko/x.png)\n")
    with pytest.raises(drawing.MissingFont, match="apt install fonts-nanum"):
        list(pages.run(page, tmp_path))


@pytest.mark.parametrize("module", [pages, comparing])
def test_the_tools_own_examples(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
