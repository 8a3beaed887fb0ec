"""A digit is the same digit in whatever picture it comes: colour, size, paper, shadow, pen."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narae.datasets import mnist
from narae.paper import network
from narae.paper.opening import open_file, open_picture
from narae.paper.page import Page, read_page

Image = pytest.importorskip("PIL.Image")
ImageDraw = pytest.importorskip("PIL.ImageDraw")

COUNT = 6


def _digits() -> tuple[np.ndarray, np.ndarray]:
    _, (images, labels) = mnist.load_data()
    return images[:COUNT], labels[:COUNT]


def _large(image: np.ndarray, size: int = 140) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC))


def _inverted(image: np.ndarray) -> Any:
    return Image.fromarray(255 - _large(image))


def _coloured(ink: Any, paper: Any) -> Callable[[np.ndarray], Any]:
    def draw(image: np.ndarray) -> Any:
        share = _large(image)[..., None] / 255
        return Image.fromarray((share * np.array(ink) + (1 - share) * np.array(paper)).astype("u1"))

    return draw


def _transparent(ink: int) -> Callable[[np.ndarray], Any]:
    def draw(image: np.ndarray) -> Any:
        alpha = _large(image)
        return Image.fromarray(np.stack([np.full_like(alpha, ink)] * 3 + [alpha], axis=-1))

    return draw


def _on_a_corner(image: np.ndarray) -> Any:
    page = Image.new("L", (300, 200), 255)
    page.paste(Image.fromarray(255 - _large(image, 110)), (170, 80))
    return page


def _photograph(image: np.ndarray) -> Any:
    """Grey paper that darkens to the right, pale ink, noise."""
    rng = np.random.default_rng(int(image.sum()))
    y, x = np.indices((240, 300))
    ink = np.zeros((240, 300))
    ink[20:220, 50:250] = _large(image, 200) / 255
    grey = (0.85 - 0.3 * x / 300 - 0.1 * y / 240) * (1 - 0.7 * ink)
    return Image.fromarray(np.uint8(np.clip(grey + rng.normal(0, 0.02, grey.shape), 0, 1) * 255))


FORMS: dict[str, tuple[str, Callable[[np.ndarray], Any], str]] = {
    "white on black": ("png", lambda a: Image.fromarray(_large(a)), "grey; light on dark"),
    "black on white": ("png", _inverted, "grey; dark on light"),
    "jpeg": ("jpg", _inverted, "grey; dark on light"),
    "red on cream": ("png", _coloured((200, 30, 40), (250, 240, 200)), "colour; dark on light"),
    "red on a green as light": ("png", _coloured((255, 0, 0), (0, 130, 0)), "colour"),
    "yellow on blue": ("png", _coloured((250, 240, 60), (20, 20, 90)), "colour; light on dark"),
    "black on nothing": ("png", _transparent(0), "transparent; dark on light"),
    "white on nothing": ("png", _transparent(255), "transparent; light on dark"),
    "in a corner of a page": ("png", _on_a_corner, "300 x 200, grey"),
    "a photograph": ("jpg", _photograph, "300 x 240, grey; dark on light"),
    "16 bits": (
        "png",
        lambda a: Image.fromarray(_large(a).astype("u2") * 257),
        "grey; light on dark",
    ),
}


def _page(path: Path) -> Page:
    opened = open_file(path)
    return read_page(opened.colours, network.classify, opened.said)


def _read(draw: Callable[[np.ndarray], Any], path: Path, images: np.ndarray) -> list[Page]:
    pages = []
    for image in images:
        draw(image).save(path)
        pages.append(_page(path))
    return pages


def _images(pages: list[Page]) -> np.ndarray:
    assert all(len(page.marks) == 1 for page in pages)
    return np.stack([page.marks[0].image for page in pages])


@pytest.mark.parametrize("form", FORMS)
def test_digits_in_any_form_are_mnists_own(form: str, tmp_path: Path) -> None:
    ending, draw, said = FORMS[form]
    images, labels = _digits()
    pages = _read(draw, tmp_path / f"digit.{ending}", images)
    assert said in pages[-1].done
    whole = [(page, i, d) for page, i, d in zip(pages, images, labels) if len(page.marks) == 1]
    assert len(whole) >= COUNT - 1
    found = np.stack([page.marks[0].image for page, _, _ in whole])
    # 0.03 when centred a pixel off
    assert np.square(found - np.stack([i for _, i, _ in whole]) / 255).mean() < 0.02
    assert sum(page.text == str(d) for page, _, d in whole) >= COUNT - 1


@pytest.mark.parametrize("white", [1.0, 200.0, 255.0, 4095.0, 65535.0, 1e6])
@pytest.mark.parametrize("dtype", ["float32", "int32", "uint16"])
def test_grey_values_of_any_depth_are_the_same_digit(
    dtype: str, white: float, tmp_path: Path
) -> None:
    if (dtype != "float32" and white == 1) or (dtype == "uint16" and white > 65535):
        pytest.skip("two shades only, or beyond the dtype")
    images = _digits()[0][:5]
    draw = lambda a: Image.fromarray((_large(a) / 255 * white).astype(dtype))
    wanted = _images(_read(lambda a: Image.fromarray(_large(a)), tmp_path / "bytes.png", images))
    found = _images(_read(draw, tmp_path / "deep.tiff", images))
    assert np.square(found - wanted).mean() < 2e-3


@pytest.mark.parametrize("inverted", [False, True])
def test_a_digit_of_mnist_is_itself(inverted: bool, tmp_path: Path) -> None:
    images, _ = _digits()
    draw = (lambda a: Image.fromarray(255 - a)) if inverted else Image.fromarray
    pages = _read(draw, tmp_path / "digit.png", images)
    np.testing.assert_allclose(_images(pages), images / 255, atol=0.01)
    assert "28 x 28 already" in pages[0].done


# Strokes as a person draws them with a mouse, in a square of 150.
STROKES = {
    0: [[(75, 15), (45, 45), (45, 105), (75, 135), (105, 105), (105, 45), (75, 15)]],
    1: [[(75, 15), (75, 135)]],
    2: [[(45, 45), (60, 20), (90, 20), (105, 45), (95, 70), (45, 135), (110, 135)]],
    3: [[(45, 25), (85, 15), (105, 40), (70, 70), (105, 100), (85, 135), (45, 125)]],
    4: [[(85, 15), (40, 90), (115, 90)], [(90, 55), (90, 135)]],
    7: [[(40, 15), (110, 15), (70, 135)]],
}


@pytest.mark.parametrize("size", [150, 900])
@pytest.mark.parametrize("pen", [2, 10])
def test_strokes_of_any_pen_are_as_wide_as_mnists(pen: int, size: int, tmp_path: Path) -> None:
    pages = []
    for digit, strokes in STROKES.items():
        page = Image.new("RGB", (size, size), "white")
        for stroke in strokes:
            points = [(x * size / 150, y * size / 150) for x, y in stroke]
            ImageDraw.Draw(page).line(points, (20, 20, 120), max(1, pen * size // 150), "curve")
        page.save(tmp_path / f"{digit}.png")
        pages.append(_page(tmp_path / f"{digit}.png"))
    assert all(30 < image.sum() < 170 for image in _images(pages))  # MNIST's: 95 on average
    right = [page.text == str(digit) for page, digit in zip(pages, STROKES, strict=True)]
    assert sum(right) >= len(STROKES) - 1


def _reason(read: Callable[[], Page], otherwise: str = "") -> str:
    """Why nothing was read; where something was, it is digits with probabilities."""
    try:
        page = read()
    except ValueError as error:
        return str(error)
    for mark in page.marks:
        assert mark.image.shape == (28, 28)
        assert 0 <= mark.image.min() <= mark.image.max() <= 1
        assert mark.probabilities.sum() == pytest.approx(1)
        left, top, right, bottom = mark.box
        assert 0 <= left < right <= page.picture.shape[1]
        assert 0 <= top < bottom <= page.picture.shape[0]
    return otherwise


@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(0, 3).map(lambda n: (None, 1, 3, 4)[n]),
    st.integers(0, 2**32),
)
def test_any_picture_gives_a_digit_or_a_reason(
    height: int, width: int, channels: int | None, seed: int
) -> None:
    shape = (height, width) if channels is None else (height, width, channels)
    page = np.random.default_rng(seed).random(shape).astype("float32")
    reason = _reason(lambda: read_page(page, network.classify))
    assert not reason or "no digit" in reason


def _rotated(path: Path) -> None:
    page = _on_a_corner(_digits()[0][0]).convert("RGB")
    exif = page.getexif()
    exif[0x0112] = 8  # lies on its side
    page.transpose(Image.Transpose.ROTATE_270).save(path, exif=exif)


def test_a_telephones_turned_picture_is_turned_back(tmp_path: Path) -> None:
    _rotated(tmp_path / "turned.jpg")
    found = _images([_page(tmp_path / "turned.jpg")])
    assert np.square(found - _digits()[0][0] / 255).mean() < 0.02


BAD: dict[str, tuple[Callable[[Path], Any], type[Exception], str]] = {
    "missing": (lambda p: None, FileNotFoundError, "there is no file"),
    "a folder": (lambda p: p.mkdir(), IsADirectoryError, "is a folder"),
    "empty": (lambda p: p.write_bytes(b""), ValueError, "no picture"),
    "text": (lambda p: p.write_text("seven"), ValueError, "no picture"),
    "one shade": (lambda p: Image.new("RGB", (50, 50), "white").save(p), ValueError, "one shade"),
    "transparent all over": (
        lambda p: Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(p),
        ValueError,
        "one shade",
    ),
    "a pipe": (lambda p: os.mkfifo(p), ValueError, "is a pipe"),
    "grey values that are no numbers": (
        lambda p: Image.fromarray(np.full((9, 9), np.nan, "float32")).save(p, format="TIFF"),
        ValueError,
        "not all numbers",
    ),
    "a line": (lambda p: Image.new("L", (5000, 1)).save(p), ValueError, "one shade"),
    "a strip": (lambda p: Image.new("L", (25, 5000)).save(p), ValueError, "one shade"),
    "one pixel": (lambda p: Image.new("L", (1, 1)).save(p), ValueError, "one shade"),
    "huge": (lambda p: Image.new("1", (9000, 9000)).save(p), ValueError, "64,000,000 pixels"),
    "a bomb": (lambda p: Image.new("1", (20000, 20000)).save(p), ValueError, "64,000,000 pixels"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_digit_is_named(name: str, tmp_path: Path) -> None:
    make, error, message = BAD[name]
    path = tmp_path / "picture.png"
    make(path)
    with pytest.raises(error, match=message) as caught:
        _page(path)
    if message != "one shade":  # of what is no picture; the page does not know its file
        assert str(path) in str(caught.value)


@given(data=st.data())
def test_a_damaged_picture_is_read_or_refused(data: Any, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("damaged") / data.draw(st.sampled_from(["a.png", "a.jpg"]))
    _inverted(_digits()[0][0]).save(path)
    raw = bytearray(path.read_bytes())
    raw = raw[: data.draw(st.integers(0, len(raw)))]
    for _ in range(data.draw(st.integers(0, 3)) if raw else 0):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    assert str(path) in _reason(lambda: _page(path), str(path)) + str(path)


def _animation(path: Path) -> None:
    frames = [_inverted(image) for image in _digits()[0][:3]]
    frames[0].save(path, format="GIF", save_all=True, append_images=frames[1:])


ODD: dict[str, Callable[[Path], None]] = {
    "CMYK": lambda p: _inverted(_digits()[0][0]).convert("CMYK").save(p, format="JPEG"),
    "a palette": lambda p: _inverted(_digits()[0][0]).convert("P").save(p),
    "black and white": lambda p: _inverted(_digits()[0][0]).convert("1").save(p),
    "an animation": _animation,
    "lossy": lambda p: _inverted(_digits()[0][0]).save(p, format="WEBP", quality=40),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_are_read(name: str, tmp_path: Path) -> None:
    ODD[name](tmp_path / "odd.png")
    assert _page(tmp_path / "odd.png").text == "7"


def test_only_the_formats_that_are_named_are_tried(tmp_path: Path) -> None:
    _animation(tmp_path / "a.gif")
    with pytest.raises(ValueError, match="no picture"):
        open_picture(tmp_path / "a.gif", formats=("PNG", "JPEG"))
