"""What a person met in the playground that was wrong, as the laws that it broke."""

from __future__ import annotations

from tests.app.test_browser import (  # noqa: F401
    Open,
    browser,
    draw,
    open_page,
    press,
    pytestmark,
    read,
    state,
    when,
)

from narae.app.digits import digits


def test_a_network_that_never_trained_says_so(open_page: Open) -> None:  # noqa: F811
    page = open_page(viewport={"width": 390, "height": 844})
    draw(page, digits().test_x[0])
    assert read(page).startswith("7, ")
    for selector in (".pad", ".digit", ".bars li:last-child"):  # seen while one draws
        box = page.locator(f"#panel-draw {selector}").bounding_box()
        assert box["y"] + box["height"] <= 844, selector
    page.select_option("#draw-network", "mine")  # there is none at all
    when(page, "document.querySelector('#panel-draw').textContent.includes('untrained')")
    assert not page.locator("#panel-draw .digit").text_content().isdigit()
    page.click("#tab-train")
    state(page, "train", "paused")  # there is one, without a step
    page.click("#tab-draw")
    when(page, "document.querySelector('#panel-draw').textContent.includes('untrained')")
    assert not page.locator("#panel-draw .digit").text_content().isdigit()


def test_what_may_not_be_does_not_start(open_page: Open) -> None:  # noqa: F811
    page = open_page("plane")
    state(page, "plane", "paused")
    epochs = page.locator("#panel-plane [data-knob=epochs]")
    epochs.fill("99999")
    epochs.blur()
    for button in (0, 1, 2):
        press(page, "plane", button)
        page.wait_for_timeout(100)
        assert page.locator("#panel-plane .train").get_attribute("data-state") == "paused"
        assert "Epochs: from 1 to 2000." in page.locator("#panel-plane").text_content()
    epochs.fill("3")
    epochs.blur()
    press(page, "plane", 0)
    state(page, "plane", "done", "running")


def test_a_mend_is_a_button_and_is_undone(open_page: Open) -> None:  # noqa: F811
    page = open_page("train")
    state(page, "train", "paused")
    for name, value in (("learning_rate", "10"), ("samples", "1000")):
        page.select_option(f"#panel-train [data-knob={name}]", value)
    press(page, "train", 0)
    page.locator("#panel-train .finding[data-symptom=too_high]").wait_for()
    words = page.locator("#panel-train .finding").first.text_content()
    assert "always the same answer would give 2.3" in words
    page.locator("#panel-train .finding button").first.click()
    assert "Learning rate 10 → 0.003" in page.locator("#panel-train .mended").text_content()
    rate = page.locator("#panel-train [data-knob=learning_rate]")
    assert rate.input_value() == "0.003"
    page.locator("#panel-train .mended button").click()
    assert rate.input_value() == "10"


def test_a_network_and_its_script_are_downloaded(open_page: Open) -> None:  # noqa: F811
    page = open_page("plane")
    state(page, "plane", "paused")
    with page.expect_download() as download:
        page.locator("#panel-plane .keep button:has-text('Save')").click()
    assert download.value.suggested_filename == "playground-plane.keras"
    page.locator("#panel-plane .keep button:has-text('code')").click()
    dialog = page.locator("#panel-plane dialog.code")
    dialog.wait_for()
    assert "model.fit(" in dialog.locator("pre").text_content()
    with page.expect_download() as download:
        dialog.locator("button:has-text('Download')").click()
    assert download.value.suggested_filename == "playground-plane.py"
    dialog.locator("button:has-text('Close')").click()
    assert dialog.is_hidden()
