"""Experiments in the browser: predict, run, read the answer; one's own comparison; keys, Korean, a telephone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.app.test_browser import (  # noqa: F401  (fixtures)
    UNNAMED,
    WIDE,
    Open,
    browser,
    open_page,
    pytestmark,
    until,
    when,
)

from narae.app.experiments import EXPERIMENTS

STATE = "document.querySelector('.comparison').dataset.state"
ANSWERED = "document.querySelector('.answer:not([hidden]) a')"


def test_an_experiment_by_keys_from_the_list_to_the_next(open_page: Open) -> None:  # noqa: F811
    page = open_page("experiments")
    when(page, f"document.querySelectorAll('.list li').length === {len(EXPERIMENTS)}")
    page.locator("a[href='#experiment=zeros']").focus()
    page.keyboard.press("Enter")
    when(page, "document.activeElement.textContent === 'All weights begin at zero'")
    page.locator(".question button.main").focus()
    page.keyboard.press("Enter")  # nothing is predicted yet
    assert page.locator(".missing").text_content().startswith("Choose a prediction first")
    assert page.locator(".comparison").is_hidden()
    page.keyboard.press("ArrowDown")  # the first choice has the focus
    page.locator(".question button.main").focus()
    page.keyboard.press("Enter")
    when(page, ANSWERED)
    answer = page.locator(".answer").text_content()
    assert "Zeros 50.0%: Random weights does better." in answer
    assert "You predicted: Zeros gets more of the new samples right" in answer
    assert "no hidden unit ever changes" in answer
    labels = page.locator(".curves canvas").evaluate_all("all => all.map((c) => c.ariaLabel)")
    assert "Zeros, validation 50.0%" in labels[1]
    assert page.locator("[role=status] .answer").count() == 1  # a screen reader says it
    # what was predicted first is kept, and shown in the list
    page.locator(".question input[value=a]").check()
    page.click(".question button.main")
    when(page, f"{ANSWERED} && document.querySelector('.agreed')")
    page.reload()
    when(page, "document.querySelector('.question h2')")
    page.click(".back")
    assert page.locator(".overview .note").first.text_content().startswith("1 of 17 done, 0")
    kept = json.loads(page.evaluate("localStorage.getItem('narae.experiments')"))
    assert kept == {"zeros": {"guess": "b", "outcome": "a"}}


@pytest.mark.slow
def test_an_address_names_an_experiment_in_korean_on_a_telephone(open_page: Open) -> None:  # noqa: F811
    page = open_page("experiments", viewport={"width": 390, "height": 844}, locale="ko-KR")
    page.evaluate("location.hash = 'experiment=scale'")
    when(page, "document.querySelector('.question h2')?.textContent === '0에서 255까지의 픽셀'")
    page.locator(".question input[value=a]").check()
    page.click(".question button.main")
    when(page, ANSWERED)
    assert "예상이 맞았습니다" in page.locator(".answer").text_content()
    # nothing is left in the other language, and all fits
    found = page.locator(".experiments [data-t]").all_text_contents()
    assert [text for text in found if text.isascii() and any(c.isalpha() for c in text)] == []
    assert page.evaluate(UNNAMED) == []
    assert not page.evaluate(WIDE)
    page.click("#language")
    assert "Pixels from 0 to 255" in page.locator(".question").text_content()
    assert "You predicted that." in page.locator(".answer").text_content()
    page.evaluate("location.hash = 'experiment=nonsense'")
    when(page, "document.querySelector('.overview')")


def differing(page: Any) -> list[str]:
    names = "all => all.map((e) => e.querySelector('[data-knob]').dataset.knob)"
    return page.locator(".two .differs").evaluate_all(names)


@pytest.mark.slow
def test_two_networks_of_ones_own(open_page: Open) -> None:  # noqa: F811
    page = open_page("experiments")
    page.evaluate("location.hash = 'experiment=momentum'")
    page.get_by_role("button", name="Change the knobs").click()
    when(page, "document.querySelector('.two .knobs')")
    assert differing(page) == ["momentum"] * 2
    page.get_by_role("button", name="Copy A to B").click()
    assert differing(page) == []
    assert "Nothing differs" in page.locator(".difference").text_content()
    page.locator(".two [data-knob=activation]").nth(1).select_option("tanh")
    assert page.locator(".difference").text_content() == "Different: Activation"
    page.locator(".two .bar select").select_option("slow")
    go, step, reset = (page.locator(".two .bar .buttons button").nth(i) for i in range(3))
    go.click()
    when(page, f"{STATE} === 'running'")
    go.click()
    when(page, f"{STATE} === 'paused'")
    reset.click()
    when(page, f"{STATE} === 'paused'")
    page.locator(".two .bar select").select_option("full")
    go.click()
    when(page, f"{STATE} === 'done'")
    until(lambda: all("epoch 60" in s for s in page.locator(".two .reached").all_text_contents()))
    pictures = page.locator(".two .plane-map").evaluate_all("all => all.map((c) => c.toDataURL())")
    assert pictures[-1] != pictures[-2]
    assert step.is_disabled()
