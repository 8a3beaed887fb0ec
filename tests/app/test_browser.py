"""The page in a real browser: Debian's chromium, driven by Playwright."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.app.conftest import PATIENCE, Served, labs, until
from tests.app.strokes import strokes_of
from tests.chromium import CHROMIUM, FLAGS, WITHOUT

from narae.app.digits import digits

sync_api = pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason=WITHOUT,
    ),
]
TABS = ("draw", "train", "plane", "sample", "experiments", "map", "evaluate")
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, served: Served) -> Iterator[Open]:
    """Opens the playground in a browser of its own; at the end nothing may have gone wrong in it,
    and nothing have been asked of any other place."""
    contexts, wrong = [], []

    def open_page(
        tab: str = "draw", url: str = served.url, allowed: str = "-", **options: Any
    ) -> Any:
        context = browser.new_context(**{"locale": "en-US", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", lambda m: None if allowed in m.text else wrong.append(m.text))
        page.on("request", lambda r: None if r.url.startswith(url) else wrong.append(r.url))
        page.on(
            "websocket",
            lambda w: None if w.url == f"ws{url[4:]}/session" else wrong.append(w.url),
        )
        page.goto(f"{url}/#{tab}")
        page.wait_for_selector(f"#panel-{tab}:not([hidden])")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def when(page: Any, expression: str) -> None:
    """Wait for JavaScript to be true. (Playwright's own waiting uses eval, which the page forbids.)"""
    until(lambda: page.evaluate(expression))


def draw(page: Any, image: Any) -> None:
    """The strokes of an image, by the mouse."""
    page.locator("#panel-draw .row button").first.click()  # clear
    box = page.locator("#panel-draw .pad").bounding_box()
    for stroke in strokes_of(image.reshape(28, 28)):
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in [*points[1:-1:2], points[-1]]:  # a mouse is not at every pixel either
            page.mouse.move(*point)
        page.mouse.up()


def read(page: Any) -> str:
    """What the page says aloud of the drawing, which it does when it has settled. On a busy machine it may
    take a pause between two strokes for the end, so it has to say the same for a while."""
    when(page, "document.querySelector('#prediction').textContent !== ''")
    before = None
    while (said := page.locator("#prediction").text_content()) != before or not said:
        before = said
        page.wait_for_timeout(700)
    return said


def test_digits_traced_from_test_images_are_read(open_page: Open) -> None:
    page, data = open_page(), digits()
    right = []
    for digit in range(10):
        draw(page, data.test_x[data.test_y == digit][0])
        said = read(page)
        assert said.startswith(page.locator(".digit").text_content())
        right.append(said.startswith(f"{digit}, "))
    print("digits read:", "".join(str(d) if ok else "." for d, ok in enumerate(right)))
    assert sum(right) >= 9


PIXELS = "canvas => canvas.toDataURL()"


def test_every_layer_changes_with_the_stroke(open_page: Open) -> None:
    page, images = open_page(), digits().test_x
    seen: list[list[str]] = []
    for image in images[:2]:
        draw(page, image)
        read(page)
        canvases = page.locator(".layers canvas").element_handles()
        seen.append([canvas.evaluate(PIXELS) for canvas in canvases])
    assert len(seen[0]) == len(seen[1]) == 3  # what it sees, and two layers
    assert all(one != two for one, two in zip(*seen, strict=True))
    shares = page.locator(".bars .value").all_text_contents()
    assert sum(float(share.rstrip("%")) for share in shares) == pytest.approx(100, abs=1)
    page.select_option("#draw-network", "conv")
    when(page, "document.querySelector('.layers').textContent.includes('26 × 26')")


def press(page: Any, tab: str, button: int) -> None:
    page.locator(f"#panel-{tab} .buttons button").nth(button).click()


def told(page: Any, tab: str) -> Any:
    """What a training view says of itself."""
    return page.evaluate(f"({{...document.querySelector('#panel-{tab} .train').dataset}})")


def state(page: Any, tab: str, *states: str) -> None:
    until(lambda: told(page, tab)["state"] in states)


def accuracy(page: Any, tab: str, least: float) -> None:
    until(lambda: float(told(page, tab).get("accuracy", 0)) >= least)


def test_a_network_trains_live_to_95_percent(open_page: Open) -> None:
    page = open_page("train")
    state(page, "train", "paused")
    weights = page.locator(".weights")
    when(page, "document.querySelector('.weights').width > 100")
    before = weights.evaluate(PIXELS)
    press(page, "train", 0)
    accuracy(page, "train", 0.95)
    assert weights.evaluate(PIXELS) != before
    label = page.locator("#panel-train .chart canvas").nth(1).get_attribute("aria-label")
    assert label.startswith("Accuracy: training 9")
    state(page, "train", "done", "running")
    # what was trained reads drawings too
    page.click("#tab-draw")
    page.select_option("#draw-network", "mine")
    draw(page, digits().test_x[0])
    assert read(page).startswith("7, ")


def test_pause_step_and_slow_motion(open_page: Open) -> None:
    page = open_page("plane")
    state(page, "plane", "paused")
    where = page.locator("#panel-plane .where")
    for step in (1, 2):
        press(page, "plane", 1)
        until(lambda step=step: where.text_content().endswith(f"step {step}"))
    page.select_option("#panel-plane [data-knob=speed]", "slow")
    press(page, "plane", 0)
    state(page, "plane", "running")
    when(page, "document.querySelector('#panel-plane .where').textContent.endsWith('step 4')")
    press(page, "plane", 0)
    state(page, "plane", "paused")
    assert int(where.text_content().split()[-1]) < 20


def test_the_plane_is_parted_and_knobs_make_another_network(open_page: Open) -> None:
    page = open_page("plane")
    state(page, "plane", "paused")
    page.select_option("#panel-plane [data-knob=data]", "circles")
    state(page, "plane", "paused")
    page.select_option("#panel-plane [data-knob=speed]", "full")
    page.locator("#panel-plane [data-knob=units]").first.fill("5")
    page.locator("#panel-plane [data-knob=units]").first.blur()
    page.get_by_label("Remove the last layer").last.click()
    before = page.locator(".plane-map").evaluate(PIXELS)
    when(page, "document.querySelectorAll('#panel-plane [data-unit^=\"0-\"]').length === 5")
    press(page, "plane", 0)
    accuracy(page, "plane", 0.9)
    assert page.locator("#panel-plane .layer-name").count() == 4
    assert page.locator(".plane-map").evaluate(PIXELS) != before


def test_an_evaluation_is_shown(open_page: Open) -> None:
    page = open_page("evaluate")
    page.click("#panel-evaluate button.main")
    page.wait_for_selector(".report table")
    cells = [int(text) for text in page.locator(".report td").all_text_contents() if text]
    assert (len(cells), sum(cells)) == (100, 10000)
    assert page.locator(".mistakes figure").count() == 15
    assert "right of 10,000 test images" in page.locator("#panel-evaluate .state").text_content()
    page.select_option("#evaluate-network", "mine")
    page.click("#panel-evaluate button.main")
    when(page, "!document.querySelector('#notice').hidden")
    assert page.locator("#notice").text_content().startswith("There is no network of yours")


def test_reloading_ends_one_session_and_begins_another(open_page: Open) -> None:
    until(lambda: not labs())
    page = open_page("train")
    state(page, "train", "paused")
    press(page, "train", 0)
    state(page, "train", "running")
    page.reload()
    page.wait_for_selector("#panel-train:not([hidden])")
    state(page, "train", "paused")
    until(lambda: page.locator("#panel-train .where").text_content().endswith("step 0"))
    until(lambda: len(labs()) == 1)
    page.close()
    until(lambda: not labs())


def test_two_browsers_at_once_have_their_own_networks(open_page: Open) -> None:
    one, two = open_page("plane"), open_page("plane", locale="ko-KR")
    for page in (one, two):
        state(page, "plane", "paused")
        page.select_option("#panel-plane [data-knob=speed]", "full")
    press(one, "plane", 0)
    accuracy(one, "plane", 0.9)
    assert two.locator("#panel-plane .where").text_content().endswith("단계 0")
    press(two, "plane", 0)
    accuracy(two, "plane", 0.9)


def test_a_lost_connection_is_said_and_comes_back(open_page: Open, folder: Path) -> None:
    served = Served(folder)
    page = open_page("plane", served.url, allowed="WebSocket connection to")
    state(page, "plane", "paused")
    served.stop()
    notice = page.locator("#notice")
    notice.wait_for()
    assert notice.text_content().startswith("The connection is lost")
    state(page, "plane", "empty")
    served.start()
    when(page, "document.querySelector('#notice').textContent.startsWith('Connected')")
    state(page, "plane", "paused")  # a new session, a new network
    page.click("#tab-draw")
    draw(page, digits().test_x[0])
    assert read(page).startswith("7, ")
    page.close()
    served.stop()


def test_the_language_is_the_browsers_and_can_be_changed(open_page: Open) -> None:
    page = open_page(locale="ko-KR")
    assert page.locator("html").get_attribute("lang") == "ko"
    assert page.title() == "나래 놀이터"
    assert page.locator("#tab-train").text_content() == "학습"
    page.click("#language")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#tab-train").text_content() == "Train"
    assert "Drawing area" in page.locator("#panel-draw .pad").get_attribute("aria-label")
    page.reload()
    page.wait_for_selector("#tab-train")
    assert page.locator("#tab-train").text_content() == "Train"  # it is kept


def test_drawing_and_tabs_by_keyboard(open_page: Open) -> None:
    page = open_page()
    page.locator("#panel-draw .pad").focus()
    for key in ["Shift+ArrowUp"] * 3 + [" "] + ["ArrowDown"] * 18 + [" "]:
        page.keyboard.press(key)
    assert read(page).startswith("1, ")
    page.keyboard.press("Delete")
    assert page.locator(".digit").text_content() == "Draw, and the answer appears here."
    page.locator("#tab-draw").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#panel-train:not([hidden])")
    assert page.evaluate("document.activeElement.id") == "tab-train"
    page.keyboard.press("End")
    page.wait_for_selector("#panel-evaluate:not([hidden])")


def test_a_finger_draws(open_page: Open) -> None:
    page = open_page(has_touch=True, viewport={"width": 375, "height": 700})
    box = page.locator("#panel-draw .pad").bounding_box()
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        at = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in points
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    send("touchStart", (0.5, 0.2))
    for y in range(3, 9):
        send("touchMove", (0.5, y / 10))
    send("touchEnd")
    assert read(page).startswith("1, ")
    assert page.evaluate("scrollY") == 0


UNNAMED = """() => [...document.querySelectorAll("button, input, select, canvas, [role=tab]")]
  .filter((e) => e.offsetParent && !(e.getAttribute("aria-label") || "").trim()
    && !(e.labels && e.labels.length && e.labels[0].textContent.trim())
    && !(e.tagName === "BUTTON" && e.textContent.trim()))
  .map((e) => e.outerHTML.slice(0, 100))"""
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [375, 1440])
def test_all_has_names_and_fits_the_window(open_page: Open, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 800}, locale="ko-KR")
    draw(page, digits().test_x[0])
    read(page)
    for tab in TABS:
        page.click(f"#tab-{tab}")
        if tab in ("train", "plane"):
            state(page, tab, "paused")
            page.wait_for_selector(f"#panel-{tab} .chart canvas[aria-label]")
        if tab == "evaluate":
            page.click("#panel-evaluate button.main")
            page.wait_for_selector(".report table")
        assert page.evaluate(UNNAMED) == []
        assert not page.evaluate(WIDE), tab


def test_light_and_dark(open_page: Open) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    page = open_page(color_scheme="dark")
    dark = page.evaluate(paper)
    page.emulate_media(color_scheme="light")
    when(page, "document.documentElement.dataset.theme === 'light'")
    assert page.evaluate(paper) != dark
    page.click("#theme")
    assert page.evaluate(paper) == dark


def test_less_motion_where_it_is_wished(open_page: Open) -> None:
    page = open_page("plane", reduced_motion="reduce")
    state(page, "plane", "paused")
    fill = page.locator(".bars .fill").first
    assert fill.evaluate("e => getComputedStyle(e).transitionDuration") == "0s"
    painted = (
        "() => { window.painted = 0; const p = CanvasRenderingContext2D.prototype.putImageData;"
    )
    painted += "CanvasRenderingContext2D.prototype.putImageData = function (...a) {"
    painted += "window.painted += a[0].width === 60; return p.apply(this, a); } }"
    page.evaluate(painted)
    press(page, "plane", 0)
    page.wait_for_timeout(1500)
    assert page.evaluate("window.painted") <= 5  # twice a second; else it is ten times
