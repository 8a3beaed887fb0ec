"""Take the pictures of the playground that the documents show: `make play-pictures`.

Needs chromium (or NARAE_CHROMIUM=path) and a font with Korean letters.
"""

from __future__ import annotations

import io
import math
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from narae.app.pretrained import Library
from narae.app.server import bind, create_app, new_server

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
SIZE = {"width": 1280, "height": 900}


def three() -> list[tuple[float, float]]:
    """A 3 in one stroke: two arcs, as points (x, y) in [0, 1]."""
    arcs = ((0.47, 0.33, 0.15, -150, 90), (0.47, 0.665, 0.185, -90, 150))
    return [
        (x + r * math.cos(math.radians(a)), y + r * math.sin(math.radians(a)))
        for x, y, r, begin, end in arcs
        for a in range(begin, end + 1, 8)
    ]


def draw(page: Any) -> None:
    """Draw the 3 and wait until it has been read."""
    box = page.locator(".pad").bounding_box()
    for i, (x, y) in enumerate(three()):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if i == 0:
            page.mouse.down()
    page.mouse.up()
    page.wait_for_selector(".layers figure:nth-child(3)")
    page.wait_for_timeout(1500)


def train(page: Any, tab: str, seconds: float) -> None:
    """Train for a while."""
    button = page.locator(f"#panel-{tab} button.main")
    page.wait_for_selector(f"#panel-{tab} .train[data-state=paused]")
    button.click()
    page.wait_for_timeout(seconds * 1000)


def train_digits(page: Any) -> None:
    """A network of two hidden layers, slowly enough for smooth curves."""
    page.get_by_label("Add a layer").first.click()
    page.locator("#panel-train [data-knob=units]").nth(1).fill("64")
    page.locator("#panel-train [data-knob=units]").nth(1).blur()
    page.select_option("#panel-train [data-knob=speed]", "fast")
    page.wait_for_timeout(1500)
    train(page, "train", 8)


SHOTS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "play-draw": ("draw", {"locale": "en-US"}, draw),
    "play-train": ("train", {"locale": "en-US", "color_scheme": "dark"}, train_digits),
    "play-2d": ("plane", {"locale": "ko-KR"}, lambda page: train(page, "plane", 7)),
}


def main() -> None:
    """Serve the playground, open it, and take each picture."""
    chromium = os.environ.get("NARAE_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        sys.exit("no chromium here: install it, or set NARAE_CHROMIUM to its path")
    library = Library()
    server, listening = new_server(create_app(library)), bind("127.0.0.1", 0)
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
    thread.start()
    while not server.started:
        time.sleep(0.05)
    library.wait(300)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, (tab, options, act) in SHOTS.items():
            context = browser.new_context(viewport=SIZE, **options)
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{listening.getsockname()[1]}/#{tab}")
            page.wait_for_selector(f"#panel-{tab}:not([hidden])")
            act(page)
            taken = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
            # 256 colours are a third of the bytes
            taken.quantize(256, Image.Quantize.MAXCOVERAGE).save(
                PICTURES / f"{name}.png", optimize=True
            )
            context.close()
        browser.close()
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    main()
