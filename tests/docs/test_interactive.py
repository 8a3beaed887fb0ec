"""Interactive figures: arithmetic as NumPy and narae have it, words in both languages, run by a browser from files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.chromium import CHROMIUM, FLAGS, WITHOUT
from tools import pages

from narae import GradientTape, Variable, ops, optimizers
from narae.datasets import mnist

LEARN = pages.ROOT / "docs" / "learn"
FOLDER = LEARN / "interactive"
PLACE = re.compile(r'^<div data-figure="(\w+)">\n[^<]+\n</div>$', re.MULTILINE)
FIGURES = ("broadcasting", "descent", "chain", "geometry", "convolution", "attention")


def _scripts() -> list[str]:
    """The scripts in the order in which the site loads them."""
    text = (pages.ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    found = re.search(r"^extra_javascript:\n((?:  - .*\n)+)", text, re.MULTILINE)
    assert found
    return re.findall(r"learn/interactive/(\w+\.js)", found[1])


def _words() -> dict[str, dict[str, str]]:
    text = (FOLDER / "words.js").read_text(encoding="utf-8")
    entry = re.compile(r'"([\w.]+)": \{\s*en: "([^"]*)",\s*ko: "([^"]*)",?\s*\}')
    return {key: {"en": english, "ko": korean} for key, english, korean in entry.findall(text)}


def test_the_site_loads_every_script_and_the_kit_first() -> None:
    scripts = _scripts()
    assert scripts[:2] == ["kit.js", "words.js"]
    assert sorted(scripts) == sorted(path.name for path in FOLDER.glob("*.js"))
    for path in FOLDER.iterdir():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path.name


def test_styles_touch_the_figures_alone() -> None:
    """Every class of theirs begins with nf-: `nf` itself is what Pygments calls a function's name."""
    text = (FOLDER / "figures.css").read_text(encoding="utf-8")
    selectors = re.findall(r"(?:^|[}/])\s*([^{}@/]+)\{", text)
    assert len(selectors) > 30
    for selector in selectors:
        assert all(name.startswith("nf-") for name in re.findall(r"\.([A-Za-z][\w-]*)", selector))
        assert ".nf-" in selector, selector


def test_words_are_whole_used_and_there() -> None:
    words = _words()
    text = (FOLDER / "words.js").read_text(encoding="utf-8")
    assert len(words) == text.count(" en: "), "an entry is not {en, ko}"
    code = "".join(
        path.read_text(encoding="utf-8") for path in FOLDER.glob("*.js") if path.name != "words.js"
    )
    asked = set(re.findall(r'say\("([\w.]+)"', code))
    assert asked <= set(words)
    # Keys that are put together, `descent.${name}` say, leave their beginning.
    begun = tuple(f"{name}." for name in re.findall(r"say\(`(\w+)\.\$\{", code))
    own = {f"{name}.{part}" for name in FIGURES for part in ("title", "help")}
    chosen = set(re.findall(r'"((?:geometry)\.\w+)"', code))
    assert all(key in asked | own | chosen or key.startswith(begun) for key in words)
    for key, entry in words.items():
        holes = [set(re.findall(r"\{\w+\}", entry[language])) for language in ("en", "ko")]
        assert holes[0] == holes[1], key
        letters = re.sub(r"\{\w+\}|[A-Z]\b|\b[xwb]\b", "", entry["ko"])
        assert re.search("[가-힣]", letters) or not re.search("[a-z]{3}", letters), key


@pytest.mark.parametrize("language", ["en", "ko"])
def test_each_figure_stands_on_one_page_with_words_without_javascript(
    language: str,
) -> None:
    found = [
        name
        for path in sorted((LEARN / language).glob("[0-9]-*.md"))
        for name in PLACE.findall(path.read_text(encoding="utf-8"))
    ]
    assert sorted(found) == sorted(FIGURES)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page of all figures, opened from a file, that fails at the end if anything went wrong in it."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip(WITHOUT)
    file = tmp_path_factory.mktemp("figures") / "all.html"
    scripts = "".join(
        f'<script defer src="{(FOLDER / name).as_uri()}"></script>' for name in _scripts()
    )
    style = f'<link rel="stylesheet" href="{(FOLDER / "figures.css").as_uri()}">'
    places = "".join(f'<div data-figure="{name}">still</div>' for name in FIGURES)
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width">{style}'
    file.write_text(
        f'<!doctype html><html lang="ko"><head>{head}{scripts}</head><body>{places}</body></html>',
        encoding="utf-8",
    )
    wrong: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_page(
            viewport={"width": 390, "height": 844}, reduced_motion="reduce", has_touch=True
        )
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("console", lambda message: wrong.append(message.text))
        opened.on("request", lambda r: r.url.startswith("file:") or wrong.append(r.url))
        opened.goto(file.as_uri())
        yield opened
        browser.close()
    assert wrong == []


def _asked(page: Any, call: str, *arguments: Any) -> Any:
    """What a function of a figure's arithmetic gives."""
    values = ", ".join(json.dumps(argument) for argument in arguments)
    return page.evaluate(f"naraeFigures.maths.{call}({values})")


SHAPES = [[[3, 4], [4]], [[3, 1], [1, 4]], [[2, 3, 4], [3, 1]], [[], [2]], [[5], [5]], [[1], []]]


@pytest.mark.browser
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_broadcasting_is_numpys(page: Any, shapes: list[list[int]]) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-9, 9, shape) for shape in shapes)
    expected = a + b
    found = _asked(page, "broadcasting.broadcast", *shapes)
    assert found == {"shape": list(expected.shape)}
    a_flat, b_flat = a.reshape(-1).tolist(), b.reshape(-1).tolist()
    added = _asked(page, "broadcasting.add", a_flat, shapes[0], b_flat, shapes[1])
    assert added == expected.reshape(-1).tolist()


@pytest.mark.browser
def test_broadcasting_says_which_axes_do_not_fit(page: Any) -> None:
    assert _asked(page, "broadcasting.broadcast", [2, 3, 4], [3, 2, 3]) == {"wrong": [-1, -2, -3]}
    texts = {"(3, 4)": [3, 4], "7,": [7], "": [], "2×3": [2, 3], "3, x": None, "0": None}
    for text, shape in texts.items():
        assert _asked(page, "broadcasting.parsed", text) == shape, text


@pytest.mark.browser
@pytest.mark.parametrize("name", ["bowl", "hills"])
def test_descent_is_sgd_on_the_landscape(page: Any, name: str) -> None:
    w = Variable(2.25)
    optimizer = optimizers.SGD(0.05, momentum=0.8)
    formula = {
        "bowl": lambda w: w * w - 2 * w + 2,
        "hills": lambda w: 0.25 * w**4 - w**2 + 0.3 * w,
    }[name]
    place = {"w": 2.25, "v": 0}
    for _ in range(5):
        with GradientTape() as tape:
            height = formula(w)
        slope = tape.gradient(height, w)
        assert _asked(page, "descent.height", name, place["w"]) == pytest.approx(
            height.item(), abs=1e-4
        )
        assert _asked(page, "descent.slope", name, place["w"]) == pytest.approx(
            slope.item(), abs=1e-4
        )
        optimizer.apply([slope], [w])
        place = _asked(page, "descent.step", name, place, 0.05, 0.8)
        assert place["w"] == pytest.approx(float(w.numpy()), abs=1e-5)


@pytest.mark.browser
@pytest.mark.parametrize("inputs", [(2.0, 3.0, 1.0, 4.0), (-1.5, 0.25, 2.0, -3.0)])
def test_the_chain_rule_is_the_tapes(page: Any, inputs: tuple[float, ...]) -> None:
    x, w, b, y = (Variable(value) for value in inputs)
    with GradientTape() as tape:
        z = w * x
        answer = z + b
        error = answer - y
        loss = error * error
    nodes = {"x": x, "w": w, "b": b, "y": y, "z": z, "answer": answer, "error": error, "loss": loss}
    gradients = tape.gradient(loss, list(nodes.values()))
    values = _asked(page, "chain.forward", dict(zip("xwby", inputs, strict=True)))
    assert values == {name: float(node.numpy()) for name, node in nodes.items()}
    backward = _asked(page, "chain.backward", values)
    assert backward == {name: g.item() for name, g in zip(nodes, gradients, strict=True)}


@pytest.mark.browser
def test_geometry_is_a_dense_layer(page: Any) -> None:
    points = np.random.default_rng(0).normal(size=(7, 2))
    W, b = np.array([[1, 0.6], [-0.5, 1.1]]), np.array([0.4, -0.2])
    for relu in (False, True):
        layer = {"W": W.tolist(), "b": b.tolist(), "relu": relu}
        expected = points @ W + b
        expected = np.maximum(expected, 0) if relu else expected
        assert np.allclose(_asked(page, "geometry.dense", points.tolist(), layer), expected)
    turn = _asked(page, "geometry.turning", 30, 2, -1)
    cos, sin = np.cos(np.pi / 6), np.sin(np.pi / 6)
    column = np.array([[cos, -sin], [sin, cos]]) @ np.diag([2, -1])  # points as columns
    assert np.allclose(points @ np.array(turn), (column @ points.T).T)


@pytest.mark.browser
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2), (1, 3)])
def test_the_map_is_naraes_convolution(page: Any, padding: str, stride: int, dilation: int) -> None:
    rng = np.random.default_rng(0)
    picture = rng.random((28, 28), "float32")
    kernel = rng.normal(size=(3, 3)).astype("float32")
    expected = ops.conv(
        picture[None, ..., None],
        kernel[..., None, None],
        strides=stride,
        padding=padding,
        dilation_rate=dilation,
    ).numpy()[0, ..., 0]
    options = {"stride": stride, "dilation": dilation, "padding": padding}
    found = _asked(page, "convolution.convolve", picture.tolist(), kernel.tolist(), options)
    assert np.shape(found) == expected.shape
    assert np.allclose(found, expected, atol=1e-5)


@pytest.mark.browser
def test_digits_are_those_of_mnist(page: Any) -> None:
    images, labels = mnist.load_data()[1]
    digits = page.evaluate("naraeFigures.digits")
    assert len(digits) >= 5
    for digit, entry in digits.items():
        assert labels[entry["index"]] == int(digit)
        levels = np.rint(images[entry["index"]] / 17)
        found = _asked(page, "convolution.pixels", digit)
        assert np.allclose(np.array(found) * 15, levels)


@pytest.mark.browser
@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_softmax_of_scores_times_values(page: Any, causal: bool) -> None:
    q, k, v = np.random.default_rng(0).normal(size=(3, 6, 2))
    scores = q @ k.T / np.sqrt(2)
    if causal:
        scores = np.where(np.tri(6) == 1, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    found = _asked(page, "attention.attend", q.tolist(), k.tolist(), v.tolist(), causal)
    assert np.allclose(found["weights"], weights)
    assert np.allclose(found["results"], weights @ v)


@pytest.mark.browser
def test_figures_answer_to_keys_touch_and_fields(page: Any) -> None:
    """Every figure is built, fits a phone, speaks Korean to screen readers, and answers."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    told = {}
    for name in FIGURES:
        figure = page.locator(f"[data-figure={name}]")
        assert re.search("[가-힣]", figure.get_attribute("aria-label"))
        told[name] = figure.locator("[role=status]").inner_text()
        assert told[name], name
    changes = {
        "broadcasting": lambda f: f.locator("input").nth(1).fill("3"),
        "descent": lambda f: f.locator("svg").press("ArrowLeft"),
        "chain": lambda f: f.locator("input").nth(1).fill("1"),
        "geometry": lambda f: f.locator("td input").first.fill("2"),
        "convolution": lambda f: f.locator("canvas").first.tap(),
        "attention": lambda f: f.locator("button").nth(1).tap(),
    }
    for name, change in changes.items():
        figure = page.locator(f"[data-figure={name}]")
        change(figure)
        assert figure.locator("[role=status]").inner_text() != told[name], name
    assert "맞지 않습니다" in page.locator("[data-figure=broadcasting] [role=status]").inner_text()


@pytest.mark.browser
def test_a_run_without_motion_goes_to_its_end_at_once_and_too_large_a_rate_is_told(
    page: Any,
) -> None:
    figure = page.locator("[data-figure=descent]")
    figure.locator("button").nth(2).click()
    figure.locator("button").nth(1).click()
    assert "골짜기에 다다랐습니다" in figure.locator("[role=status]").inner_text()
    figure.locator("button").nth(2).click()
    figure.locator("input[type=range]").first.fill("1.1")
    figure.locator("button").nth(1).click()
    assert "학습률을 낮추세요" in figure.locator("[role=status]").inner_text()
    field = page.locator("[data-figure=chain] input").first
    field.fill("")
    assert field.get_attribute("aria-invalid") is not None
