"""The chapters do what they say: code runs, shows what it prints, makes the figures; both languages say the same."""

from __future__ import annotations

import doctest
import io
from pathlib import Path

import pytest
from PIL import Image
from tools import pages

LEARN = pages.ROOT / "docs" / "learn"
CHAPTERS = sorted(path.name for path in (LEARN / "en").glob("[0-9]-*.md"))
LANGUAGES = {"en": "ko", "ko": "en"}
MOST_BYTES = 60_000


def _read(language: str, name: str) -> str:
    return (LEARN / language / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_does_what_it_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures, elsewhere = tmp_path / "figures", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)  # where the page's own files go
    outcomes = list(pages.run(LEARN / "en" / name, figures))
    assert outcomes
    wrong = [str(outcome) for outcome in outcomes if not outcome.right]
    assert not wrong, "\n".join(wrong)
    shown = pages.pictures(_read("en", name))
    assert {path.name for path in figures.iterdir()} == set(shown)


@pytest.mark.parametrize("name", CHAPTERS)
def test_both_languages_have_the_same_code_and_figures(name: str) -> None:
    english, korean = _read("en", name), _read("ko", name)
    for here, there in zip(pages.examples(english), pages.examples(korean), strict=True):
        assert pages.bare_code(here.code.text) == pages.bare_code(there.code.text)
        assert (here.shown and here.shown.text) == (there.shown and there.shown.text)
    assert list(pages.pictures(english)) == list(pages.pictures(korean))


@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_are_there_small_and_described(language: str, name: str) -> None:
    for file, description in pages.pictures(_read(language, name)).items():
        data = (LEARN / "figures" / file).read_bytes()
        assert len(data) <= MOST_BYTES, file
        assert Image.open(io.BytesIO(data)).mode == "P", file
        assert len(description) > 20, f"{file} needs words for those who cannot see it"


def test_no_figure_is_left_over() -> None:
    shown = {file for name in CHAPTERS for file in pages.pictures(_read("en", name))}
    assert {path.name for path in (LEARN / "figures").iterdir()} == shown


def test_both_languages_have_the_same_pages() -> None:
    assert len(CHAPTERS) == 5
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
        words = pages._FENCE.sub("", path.read_text(encoding="utf-8"))
        hangul = sum("가" <= sign <= "힣" for sign in words)
        latin = sum(sign.isascii() and sign.isalpha() for sign in words)
        assert hangul > latin, path


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


def test_the_runner_s_own_examples() -> None:
    assert doctest.testmod(pages).failed == 0
