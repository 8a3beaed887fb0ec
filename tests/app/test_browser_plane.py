"""Own points by mouse and keys, a table, numbers, and the map, in the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.app.conftest import until
from tests.app.test_browser import (  # noqa: F401
    Open,
    accuracy,
    browser,
    open_page,
    press,
    pytestmark,
    state,
    told,
)

KNOB = "#panel-plane [data-knob={}]"
COUNT = "#panel-plane .own-body > .note"


def count(page: Any) -> int:
    words = page.locator(COUNT).first.text_content()
    return int(words.split()[0]) if words[0].isdigit() else 0


def begun(page: Any) -> Any:
    return page.evaluate("JSON.parse(localStorage.getItem('narae.own'))")


def click(page: Any, x: float, y: float) -> None:
    box = page.locator(".plane-map").bounding_box()
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def test_own_points_are_placed_moved_erased_undone_and_learned(open_page: Open) -> None:  # noqa: F811
    page = open_page("plane", viewport={"width": 1280, "height": 900})
    state(page, "plane", "paused")
    page.get_by_role("button", name="Place points").click()
    assert "two classes" in page.locator("#panel-plane .state").first.text_content()
    for place, label in (((0.2, 0.2), 0), ((0.3, 0.2), 0), ((0.7, 0.8), 1), ((0.8, 0.8), 1)):
        page.locator(".own .chip").nth(label).click()
        click(page, *place)
    assert [p[2] for p in begun(page)["points"]] == [0, 0, 1, 1]
    page.locator(".own").get_by_role("button", name="Erase", exact=True).click()
    click(page, 0.8, 0.8)
    until(lambda: count(page) == 3)
    page.locator(".own").get_by_role("button", name="Undo", exact=True).click()
    until(lambda: count(page) == 4)
    page.locator(".own").get_by_role("button", name="Move", exact=True).click()
    box = page.locator(".plane-map").bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.5 * box["height"], steps=3)
    page.mouse.up()
    moved = begun(page)["points"][0]
    assert abs(moved[0] + 0.96) < 0.02
    assert abs(moved[1]) < 0.02
    # by keys: a third class at the middle, and one step to the right
    page.locator(".own").get_by_role("button", name="Add", exact=True).click()
    page.locator(".plane-map").focus()
    for key in ("3", " ", "ArrowRight", "ArrowRight", " "):
        page.keyboard.press(key)
    assert begun(page)["points"][4:] == [[0, 0, 2], [0.1, 0, 2]]
    page.keyboard.press("Delete")
    page.keyboard.press("Control+z")
    until(lambda: count(page) == 6)
    state(page, "plane", "paused")
    page.select_option("#panel-plane [data-knob=speed]", "full")
    until(lambda: "step 0" in page.locator("#panel-plane .where").text_content())
    page.wait_for_timeout(400)
    press(page, "plane", 0)
    accuracy(page, "plane", 0.99)
    page.reload()
    page.wait_for_selector("#panel-plane:not([hidden])")
    until(lambda: count(page) == 6)  # the browser keeps them


def test_a_table_is_read_its_faults_are_said_and_its_points_learned(
    open_page: Open,  # noqa: F811
    tmp_path: Path,
) -> None:
    page = open_page("plane", locale="ko-KR")
    state(page, "plane", "paused")
    rows = "".join(
        f"{i % 10},{(i * 7) % 11},{'고양이' if i % 10 < 5 else '개'}\n" for i in range(80)
    )
    file = tmp_path / "표.csv"
    file.write_bytes(f"키,몸무게,종\n{rows},3,개\n".encode("cp949"))
    page.locator(".table-card input[type=file]").set_input_files(file)
    until(lambda: "82번째 줄" in page.locator(".table-card .notes").text_content())
    assert "CP949" in page.locator(".table-card > .note").text_content()
    until(lambda: "고양이" in page.locator(".plane-key").text_content())
    assert len(begun(page)["points"]) == 80
    page.select_option("#panel-plane [data-knob=speed]", "full")
    page.wait_for_timeout(400)
    press(page, "plane", 0)
    accuracy(page, "plane", 0.95)
    page.locator(".table-card summary").click()
    page.locator(".table-card textarea").fill("a,b,c\n1,2,x\n1,2\n")
    page.locator(".table-card details button").click()
    until(lambda: "3번째 줄은 칸이 2개" in page.locator(".table-card .problem").text_content())
    assert len(begun(page)["points"]) == 80  # as they were


def test_numbers_have_a_bar_and_r2_and_inputs_are_chosen(open_page: Open) -> None:  # noqa: F811
    page = open_page("plane")
    state(page, "plane", "paused")
    page.select_option(KNOB.format("data"), "saddle")
    for box in ("x2", "y2"):
        page.locator(f'{KNOB.format("features")}[value="{box}"]').check()
    page.locator("#panel-plane [data-knob=units]").first.fill("8")
    page.locator("#panel-plane [data-knob=units]").first.blur()
    page.locator(".colour-bar").wait_for()
    page.select_option("#panel-plane [data-knob=speed]", "full")
    page.wait_for_timeout(300)
    press(page, "plane", 0)
    until(lambda: float(told(page, "plane").get("r2") or 0) > 0.95)
    captions = page.locator("#panel-plane figcaption")
    assert captions.get_by_text("R²: variance explained").is_visible()
    assert captions.get_by_text("Accuracy", exact=True).is_hidden()
    assert page.locator(f"{KNOB.format('classes')}").is_hidden()


def test_the_map_is_made_hovered_and_a_drawing_placed(open_page: Open) -> None:  # noqa: F811
    page = open_page("map", viewport={"width": 1280, "height": 900})
    page.click("#panel-map button.main")
    words = page.locator("#panel-map .choices .state")
    until(lambda: "of all variance" in words.text_content())
    page.locator(".map-canvas").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".map-image .state").text_content() == "a 7, read as 7"
    box = page.locator("#panel-map .pad").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.85 * box["height"], steps=4)
    page.mouse.up()
    until(lambda: page.locator(".map-image .state").text_content().endswith("read as 1"))
    page.locator("#panel-map select").nth(2).select_option("tsne")
    page.click("#panel-map button.main")
    until(lambda: "step 1" in words.text_content())
    page.click("#panel-map button.main")
    until(lambda: page.locator("#panel-map button.main").text_content() == "Make the map")
