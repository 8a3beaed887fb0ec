"""The "?" buttons in a real browser: beside every knob, chart and number, by mouse and by keys."""

from __future__ import annotations

import pytest
from tests.app.test_browser import (  # noqa: F401  (fixtures)
    TABS,
    WIDE,
    Open,
    browser,
    draw,
    open_page,
    pytestmark,
    read,
    state,
)

from narae.app.digits import digits

# Knobs, pictures and numbers that have no "?" in their card. (Canvases that listen to the pen are no pictures.)
BARE = """() => [...document.querySelectorAll("main .knob, main canvas[role=img], main .card")]
  .filter((e) => e.offsetParent && !(e.matches(".knob") ? e : e.closest("figure.card, .card"))
    .querySelector(".help"))
  .map((e) => e.outerHTML.slice(0, 120))"""
BUTTONS = "main [role=tabpanel]:not([hidden]) .help:visible"


def test_everything_explains_itself_and_fits_a_telephone(open_page: Open) -> None:  # noqa: F811
    page = open_page(viewport={"width": 390, "height": 844}, locale="ko-KR")
    draw(page, digits().test_x[0])
    read(page)
    for tab in TABS:
        page.click(f"#tab-{tab}")
        if tab in ("train", "plane"):
            state(page, tab, "paused")
        if tab == "evaluate":
            page.click("#panel-evaluate button.main")
            page.wait_for_selector(".report table")
        if tab == "sample":  # which fields there are depends on the step that is shown
            page.wait_for_selector(".all-steps li")
        assert page.evaluate(BARE) == []
        for button in page.locator(BUTTONS).all():
            button.click()
            box = page.locator("#help").bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= 844
            words = page.locator("#help-words").text_content()
            assert len(words) >= 10
            assert not page.evaluate(WIDE)
            button.click()
            assert page.locator("#help").is_hidden()


def test_a_question_by_keys_and_in_another_language(open_page: Open) -> None:  # noqa: F811
    page = open_page("plane")
    state(page, "plane", "paused")
    button = page.locator("#panel-plane [data-help='knob.noise']")
    assert button.get_attribute("aria-label") == "What is this: Noise"
    button.focus()
    page.keyboard.press("Enter")
    assert page.locator("#help-heading").text_content() == "Noise"
    assert page.evaluate("document.activeElement.id") == "help"  # a screen reader reads it
    assert button.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.help") == "knob.noise"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # goes on from the button, and closes
    assert page.evaluate("document.activeElement.dataset.knob") == "noise"
    assert page.locator("#help").is_hidden()
    button.click()
    page.mouse.click(5, 600)
    assert page.locator("#help").is_hidden()
    page.click("#language")
    assert button.get_attribute("aria-label") == "설명 보기: 잡음"


@pytest.mark.parametrize("key", ["chart.loss"])
def test_a_question_opens_the_words_of_its_row(open_page: Open, key: str) -> None:  # noqa: F811
    page = open_page("train")
    state(page, "train", "paused")
    page.click(f"#panel-train [data-help='{key}']")
    assert "cross-entropy" in page.locator("#help-words").text_content()
    assert "How to read it:" in page.locator("#help-words").text_content()
