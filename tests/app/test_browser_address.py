"""The address has tab, language, knobs and seed: a reload, or a link, gives the same page and the same training."""

from __future__ import annotations

from typing import Any

from tests.app.test_browser import Open, browser, open_page, press, pytestmark, state  # noqa: F401

KNOB = "#panel-plane [data-knob={}]"


def curve(page: Any) -> str:
    """What the page says of its loss after two single steps."""
    for step in (1, 2):
        press(page, "plane", 1)
        where = page.locator("#panel-plane .where")
        while not where.text_content().endswith(f" {step}"):
            page.wait_for_timeout(20)
    page.wait_for_timeout(200)
    return page.locator("#panel-plane .chart canvas").first.get_attribute("aria-label")


def test_a_reload_gives_the_same_page_and_training(open_page: Open) -> None:  # noqa: F811
    page = open_page("plane")
    state(page, "plane", "paused")
    page.select_option(KNOB.format("data"), "circles")
    page.locator(KNOB.format("seed")).fill("7")
    page.locator(KNOB.format("seed")).blur()
    page.locator(KNOB.format("units")).first.fill("5")
    page.locator(KNOB.format("units")).first.blur()
    page.wait_for_timeout(300)
    state(page, "plane", "paused")
    assert "plane.data=circles" in page.url
    assert "plane.seed=7" in page.url
    assert "plane.units=5-16-8" in page.url
    before = curve(page)
    page.reload()
    page.wait_for_selector("#panel-plane:not([hidden])")
    state(page, "plane", "paused")
    assert page.locator(KNOB.format("data")).input_value() == "circles"
    assert page.locator(KNOB.format("units")).first.input_value() == "5"
    assert curve(page) == before


def test_back_brings_the_tab_before_and_leaves_the_knobs(open_page: Open) -> None:  # noqa: F811
    page = open_page("plane")
    state(page, "plane", "paused")
    page.click("#tab-draw")
    page.click("#tab-plane")
    page.select_option(KNOB.format("data"), "moons")
    page.go_back()
    page.wait_for_selector("#panel-draw:not([hidden])")
    page.go_back()
    page.wait_for_selector("#panel-plane:not([hidden])")
    assert page.locator(KNOB.format("data")).input_value() == "moons"
    assert "plane.data=moons" in page.url


def test_what_an_address_asks_for_in_vain_is_said(open_page: Open) -> None:  # noqa: F811
    page = open_page("plane")
    state(page, "plane", "paused")
    cases = {
        "plane.noise=9": "Noise = 9; it may be 0 … 0.5",
        "plane.units=16-0": "it may be 1 … 1024",
        "plane.data=cubes": "spirals, circles",
        "plane.speed=warp": "full, fast",
        "draw.network=huge": "dense, conv",
        "lang=fr": "en, ko",
        "nothing=1": "which is nothing here",
        "plane.epochs=99999": "1 … 2000",
    }
    for query, said in cases.items():
        page.evaluate(f"location.hash = '#plane?{query}'")
        page.wait_for_timeout(100)
        assert said in page.locator("#notice").text_content(), query
        state(page, "plane", "paused")
        assert page.locator(KNOB.format("data")).input_value() == "spirals"
    page.evaluate("location.hash = '#plane?lang=ko&plane.noise=0.2'")
    page.wait_for_timeout(100)
    assert page.locator("html").get_attribute("lang") == "ko"
    assert page.locator(KNOB.format("noise")).input_value() == "0.2"
