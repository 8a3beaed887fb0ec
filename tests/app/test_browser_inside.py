"""The inside of a network in a real browser: its diagram, its units, and one sample's arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from tests.app.conftest import Served, until
from tests.app.test_browser import (  # noqa: F401  (fixtures)
    Open,
    browser,
    draw,
    open_page,
    press,
    pytestmark,
    state,
    when,
)

from narae.app.digits import digits

PLANE = "#panel-plane"


def lab_of(served: Served, task: str) -> Any:
    """The lab of the only session."""
    (session,) = served.playground.sessions
    return session._labs[task]


def weights(served: Served, task: str = "plane") -> list[np.ndarray]:
    read = lambda network: [w.numpy().copy() for w in network.model.trainable_weights]
    return lab_of(served, task).call(read).result(30)


def loss(page: Any) -> str:
    """What the chart of losses says last."""
    return page.locator(f"{PLANE} .chart canvas").first.get_attribute("aria-label")


def image(page: Any, selector: str) -> str:
    return page.locator(selector).first.evaluate("c => c.toDataURL()")


def changes(page: Any, selector: str, before: str) -> str:
    until(lambda: image(page, selector) != before)
    return image(page, selector)


def started(open_page: Open, **options: Any) -> Any:  # noqa: F811
    page = open_page("plane", **options)
    state(page, "plane", "paused")
    page.locator(f"{PLANE} [data-unit='0-0']").wait_for()
    return page


def test_a_unit_is_looked_at_switched_off_edited_and_put_back(
    open_page: Open,  # noqa: F811
    served: Served,
) -> None:
    until(lambda: not served.playground.sessions)
    page = started(open_page)
    unit = page.locator(f"{PLANE} [data-unit='1-2']")
    unit.scroll_into_view_if_needed()
    unit.hover()
    title = page.locator(f"{PLANE} .unit-panel h4")
    until(lambda: title.text_content() == "Layer 2, unit 3")
    assert not page.locator(f"{PLANE} .editing").is_visible()  # pointed at, not chosen
    kernel, bias = weights(served)[2:4]
    shown = page.locator(f"{PLANE} .weights-list").first.locator(".value").all_text_contents()
    assert len(shown) == 16
    np.testing.assert_allclose([float(v) for v in shown], kernel[:, 2], rtol=6e-4, atol=1e-6)
    out = page.locator(f"{PLANE} .weights-list").nth(1).locator(".value").all_text_contents()
    np.testing.assert_allclose([float(v) for v in out], weights(served)[4][2], rtol=6e-4, atol=1e-6)
    unit.click()
    page.locator(f"{PLANE} .editing").wait_for()
    boundary, said = image(page, f"{PLANE} .plane-map"), loss(page)

    # off: the boundary and the loss follow at once, the mark and the words too
    switch = page.locator(f"{PLANE} .editing button").first
    switch.click()
    off = changes(page, f"{PLANE} .plane-map", boundary)
    until(lambda: loss(page) != said)
    until(lambda: "switched off" in unit.get_attribute("aria-label"))
    assert "off, its output is 0" in title.text_content()
    assert page.locator(f"{PLANE} .network .row").first.text_content().endswith("off: 1")
    switch.click()
    changes(page, f"{PLANE} .plane-map", off)

    # a weight by number, by slider, undone
    value = page.locator(f"{PLANE} .editor input[type=number]")
    value.fill("1.75")
    value.press("Enter")
    until(lambda: weights(served)[2][0, 2] == 1.75)
    slider = page.locator(f"{PLANE} .editor input[type=range]")
    slider.focus()
    slider.press("ArrowRight")
    until(lambda: abs(weights(served)[2][0, 2] - 1.76) < 1e-6)
    page.select_option(f"{PLANE} .editor select", "-1")
    value.fill("-3")
    value.press("Enter")
    until(lambda: weights(served)[3][2] == -3)
    press(page, "plane", 1)  # training goes on from there
    until(lambda: page.locator(f"{PLANE} .where").text_content().endswith("step 1"))
    assert abs(weights(served)[3][2] + 3) < 0.1
    page.locator(f"{PLANE} .editing button").nth(1).click()  # as before
    until(lambda: weights(served)[2][0, 2] == kernel[0, 2])
    assert weights(served)[3][2] == bias[2]
    page.click(f"{PLANE} [data-edit=undo]")
    until(lambda: abs(weights(served)[3][2] + 3) < 0.1)

    # another network: nothing to undo; a unit that is off stays off
    switch.click()
    until(lambda: "off, its output is 0" in title.text_content())
    press(page, "plane", 2)
    until(lambda: page.locator(f"{PLANE} [data-edit=undo]").is_disabled())
    until(lambda: "switched off" in unit.get_attribute("aria-label"))
    page.click(f"{PLANE} [data-edit=all_on]")
    until(lambda: "switched off" not in unit.get_attribute("aria-label"))


def test_the_diagram_by_keys_and_its_edges_numbers(
    open_page: Open,  # noqa: F811
    served: Served,
) -> None:
    until(lambda: not served.playground.sessions)
    page = started(open_page, viewport={"width": 1280, "height": 900})
    page.locator(f"{PLANE} [data-unit='0-0']").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    title = page.locator(f"{PLANE} .unit-panel h4")
    until(lambda: title.text_content() == "Layer 3, unit 2")
    chosen = page.locator(f"{PLANE} [data-unit='2-1']")
    until(lambda: chosen.get_attribute("aria-pressed") == "true")
    page.locator(f"{PLANE} .editing").wait_for()
    page.keyboard.press("Escape")
    until(lambda: chosen.get_attribute("aria-pressed") == "false")

    # the middle between x and a unit lies on their edge
    page.mouse.move(0, 0)
    page.locator(f"{PLANE} .stage").scroll_into_view_if_needed()
    ends = page.evaluate(
        f"""() => {{
          const box = (e) => document.querySelector(e).getBoundingClientRect();
          const to = box("{PLANE} [data-unit='0-15']"), stage = box("{PLANE} .stage");
          const x = stage.x + stage.width / 10 + to.width / 2;
          const mean = (box("{PLANE} [data-unit='0-7']").y + box("{PLANE} [data-unit='0-8']").y) / 2;
          const step = box("{PLANE} [data-unit='0-8']").y - box("{PLANE} [data-unit='0-7']").y;
          return [x, mean - step / 2 + to.height / 2, to.x, to.y + to.height / 2];
        }}"""
    )
    middle = ((ends[0] * 0.6 + ends[2] * 0.4), (ends[1] * 0.6 + ends[3] * 0.4))
    page.mouse.move(*middle)
    tip = page.locator(f"{PLANE} .tip")
    tip.wait_for()
    name, number = tip.text_content().split(": ")
    source, target = ["x", "y"].index(name.split(" → ")[0]), int(name.rsplit(".", 1)[1]) - 1
    assert math.isclose(float(number), weights(served)[0][source, target], rel_tol=1e-6)


def test_six_layers_of_64_stay_smooth_and_digits_say_what_is_hidden(
    open_page: Open,  # noqa: F811
) -> None:
    page = started(open_page, viewport={"width": 390, "height": 844})
    for _ in range(3):
        page.locator(PLANE).get_by_role("button", name="Add a layer").click()
    for cell in page.locator(f"{PLANE} .cells input").all():
        cell.fill("64")
        cell.blur()
    page.locator(f"{PLANE} .network").scroll_into_view_if_needed()
    page.select_option(f"{PLANE} [data-knob=shown]", "64")
    until(lambda: page.locator(f"{PLANE} .unit").count() == 6 * 64 + 2)
    assert "largest of" in page.locator(f"{PLANE} .network > .note").text_content()
    press(page, "plane", 0)
    state(page, "plane", "running")
    # processor time of the page's own thread, which no other load makes longer: it has to have half to spare
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})
    busy = lambda: {m["name"]: m["value"] for m in tools.send("Performance.getMetrics")["metrics"]}
    before = busy()["TaskDuration"]
    page.wait_for_timeout(2000)
    spent = busy()["TaskDuration"] - before
    print(f"{spent:.2f} s of 2 with 386 units that train")
    assert spent < 1
    page.click("#tab-train")
    page.locator("#panel-train [data-unit='0-7']").wait_for()
    assert page.locator("#panel-train .layer-more").all_text_contents() == ["120 more\nhidden"]
    assert page.locator("#panel-train [data-unit^='1-']").count() == 10


def value(page: Any, name: str) -> float:
    """A number of the step that is shown, as it is."""
    return float(
        page.locator(f"#panel-sample .step [data-number='{name}']").first.get_attribute("value")
    )


def step(page: Any, title: str) -> None:
    page.locator("#panel-sample .steps button", has_text=title).first.click()
    until(lambda: title in page.locator("#sample-step").text_content())


def test_a_digits_arithmetic_is_shown_with_its_numbers(
    open_page: Open,  # noqa: F811
    served: Served,
) -> None:
    page = open_page("sample", reduced_motion="reduce")
    page.locator("#panel-sample .steps button").first.wait_for()
    page.select_option("[data-sample=network]", "conv")
    until(lambda: page.locator("#panel-sample .steps").text_content().count("onvolution") == 2)
    page.fill("[data-sample=index]", "3")
    page.locator("[data-sample=index]").blur()
    until(lambda: page.locator("[data-sample=target]").input_value() == "0")
    x = digits().test_x[3].reshape(28, 28)
    model = served.library.get("conv")._model
    k1, b1 = (w.numpy() for w in model.trainable_weights[:2])

    step(page, "Layer 1: convolution")
    assert page.get_by_role("button", name="Slide the window").count() == 0  # less motion
    for name, number in (("unit", 3), ("row", 12), ("column", 9)):
        page.fill(f"[data-sample={name}]", str(number))
        page.locator(f"[data-sample={name}]").blur()
        page.wait_for_timeout(150)
    under = x[12:15, 9:12]
    until(
        lambda: (
            value(page, "under0") == under[0, 0]
            and page.locator("[data-sample=column]").input_value() == "9"
        )
    )
    close = lambda name, number: np.testing.assert_allclose(
        value(page, name), number, rtol=1e-4, atol=1e-6
    )
    for i in range(9):
        close(f"under{i}", under.ravel()[i])
        close(f"kernel{i}", k1[:, :, 0, 2].ravel()[i])
        close(f"products{i}", (under * k1[:, :, 0, 2]).ravel()[i])
    z = (under * k1[:, :, 0, 2]).sum() + b1[2]
    close("sum0", z - b1[2])
    close("z", z)
    close("output", max(z, 0))

    step(page, "Softmax: quotients")
    p = np.asarray(model.predict_on_batch(x[None, ..., None]))[0]
    zs = [value(page, f"z{i}") for i in range(10)]
    e = np.exp(np.array(zs) - max(zs))
    for i in range(10):
        close(f"power{i}", e[i])
        close(f"p{i}", p[i])
    close("total", e.sum())
    page.get_by_role("button", name="Next").click()
    until(lambda: page.locator("#sample-step").text_content() == "The loss")
    close("loss", -math.log(p[0]))
    page.get_by_role("button", name="Next").click()
    until(lambda: "gradient of z" in page.locator("#sample-step").text_content())
    for i in range(10):
        close(f"delta{i}", p[i] - (i == 0))
    step(page, "gradient of one weight")
    close("gradient", value(page, "x") * value(page, "delta"))
    step(page, "The weight's update")
    g, w, m, v, t = (value(page, n) for n in ("g", "w", "m", "v", "t"))
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    alpha = 0.001 * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    close("m′", m)
    close("w′", w - alpha * m / (math.sqrt(v) + 1e-7))

    # the drawn one, and a point of the plane
    page.click("#tab-draw")
    draw(page, digits().test_x[0])
    page.click("#tab-sample")
    page.select_option("[data-sample=kind]", "drawn")
    page.select_option("[data-sample=network]", "dense")
    until(lambda: page.locator("[data-sample=target]").input_value() == "7")
    page.click("#tab-plane")
    state(page, "plane", "paused")
    page.click("#tab-sample")
    page.select_option("[data-sample=network]", "plane")
    until(lambda: page.locator("#sample-step").text_content() == "The input, 2")
    assert (value(page, "x0"), value(page, "x1")) == (0.5, 0.25)
    page.get_by_role("button", name="Another one").click()
    until(lambda: value(page, "x0") != 0.5)
    assert value(page, "x0") == np.float32(page.locator("[data-sample=x1]").input_value())


def test_a_window_slides_by_itself_until_it_is_stopped(open_page: Open) -> None:  # noqa: F811
    page = open_page("sample")
    page.locator("#panel-sample .steps button").first.wait_for()
    page.select_option("[data-sample=network]", "conv")
    until(lambda: page.locator("#panel-sample .steps").text_content().count("ooling") == 2)
    step(page, "Layer 1: convolution")
    place = lambda: [page.locator(f"[data-sample={n}]").input_value() for n in ("row", "column")]
    before = place()
    page.get_by_role("button", name="Slide the window").click()
    until(lambda: place() != before)
    page.get_by_role("button", name="Stop").click()
    page.wait_for_timeout(300)  # what was asked for before
    stopped = place()
    page.wait_for_timeout(500)
    assert place() == stopped
    when(page, "document.querySelectorAll('#panel-sample .picked').length === 1")
