"""Photographs of paper in a real browser: chosen and dropped, shown with what was found, refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.app.test_browser import (  # noqa: F401  (fixtures)
    WIDE,
    Open,
    browser,
    open_page,
    pytestmark,
)

from narae.app.digits import digits

# A file that is dropped on the card: its bytes as the picture of a canvas.
DROP = """async () => {
  const source = document.createElement("canvas");
  [source.width, source.height] = [60, 60];
  source.getContext("2d").fillRect(0, 0, 60, 60);
  const blob = await new Promise((done) => source.toBlob(done));
  const data = new DataTransfer();
  data.items.add(new File([blob], "blank.png", { type: "image/png" }));
  document.querySelector(".paper-card").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
}"""
INKED = "(c) => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"


def sheet(path: Path) -> str:
    page = np.full((160, 240), 255, np.uint8)
    for i in range(4):
        ink = np.uint8(digits().test_x[i].reshape(28, 28) * 255).repeat(2, 0).repeat(2, 1)
        top, left = 12 + 76 * (i // 2), 30 + 60 * (i % 2)
        page[top : top + 56, left : left + 56] -= ink
    Image.fromarray(page).save(path)
    return "".join(str(d) for d in digits().test_y[:4])


@pytest.mark.slow
def test_a_sheet_is_read_shown_and_refused_in_words(open_page: Open, tmp_path: Path) -> None:  # noqa: F811
    page = open_page(viewport={"width": 390, "height": 844}, locale="ko-KR")
    text = sheet(tmp_path / "sheet.png")
    lines = [text[:2], text[2:]]
    page.set_input_files(".paper-card input >> nth=0", tmp_path / "sheet.png")
    page.wait_for_selector(".paper-result:not([hidden])")
    assert page.locator(".paper-text").text_content() == "\n".join(lines)
    assert page.locator("#paper-state").text_content() == f"읽은 값: {lines[0]} / {lines[1]}"
    assert page.locator(".paper-cuts li").count() == 4
    assert page.locator(".paper-cuts li").first.text_content().startswith(text[0])
    assert page.locator(".paper-picture").evaluate(INKED) > 3
    assert not page.evaluate(WIDE)
    page.click("#language")
    assert page.locator("#paper-state").text_content() == f"Read: {lines[0]} / {lines[1]}"
    (tmp_path / "no.png").write_text("no picture")
    page.set_input_files(".paper-card input >> nth=0", tmp_path / "no.png")
    page.wait_for_selector("#paper-state:has-text('no picture')")
    assert page.locator(".paper-result").is_hidden()
    page.evaluate(DROP)
    page.wait_for_selector("#paper-state:has-text('No digit')")
    cameras = page.locator(".paper-card input[capture=environment]")
    assert cameras.count() == 1
