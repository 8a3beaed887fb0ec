"""Pictures as arrays, and back, as Keras makes them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narae import utils
from narae.base.errors import ShapeError

pytest.importorskip("PIL")


@pytest.fixture
def picture(tmp_path: Path, rng: Any) -> Path:
    """A picture of 12 times 20 points in four channels."""
    path = tmp_path / "picture.png"
    utils.save_img(path, rng.integers(0, 256, (12, 20, 4)), scale=False)
    return path


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_writing_and_reading_is_the_identity(
    tmp_path: Path, rng: Any, channels: int, data_format: str
) -> None:
    x = rng.integers(0, 256, (5, 7, channels))
    x = x.transpose(2, 0, 1) if data_format == "channels_first" else x
    path = tmp_path / "x.png"
    utils.save_img(path, x, data_format, scale=False)
    mode = {1: "grayscale", 3: "rgb", 4: "rgba"}[channels]
    found = utils.img_to_array(utils.load_img(path, mode), data_format)
    np.testing.assert_array_equal(found, x)
    assert found.dtype == "float32"
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]


@pytest.mark.oracle
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"color_mode": "grayscale"},
        {"color_mode": "rgba"},
        {"target_size": (6, 5)},
        {"target_size": (6, 5), "interpolation": "bilinear"},
        {"target_size": (30, 9), "interpolation": "lanczos", "keep_aspect_ratio": True},
        {"target_size": (3, 17), "interpolation": "bicubic", "keep_aspect_ratio": True},
        {"target_size": (12, 20)},
    ],
)
def test_pictures_are_read_as_in_keras(keras: Any, picture: Path, arguments: dict) -> None:
    wanted = np.asarray(keras.utils.load_img(picture, **arguments))
    np.testing.assert_array_equal(np.asarray(utils.load_img(picture, **arguments)), wanted)
    with picture.open("rb") as file:
        again = np.asarray(utils.load_img(file, **arguments))
    np.testing.assert_array_equal(again, wanted)


@pytest.mark.oracle
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("shape", [(4, 5, 1), (4, 5, 3), (4, 5, 4)])
def test_arrays_become_pictures_as_in_keras(
    keras: Any, shape: tuple, scale: bool, rng: Any
) -> None:
    x = rng.uniform(3, 250, shape)
    wanted = keras.utils.array_to_img(x, scale=scale)
    found = utils.array_to_img(x, scale=scale)
    assert found.mode == wanted.mode
    # one step of brightness for another order of the same roundings
    assert abs(np.asarray(found, int) - np.asarray(wanted, int)).max() <= 1


def test_flat_and_deep_pictures() -> None:
    assert np.asarray(utils.array_to_img(np.full((2, 2, 1), 7.0))).max() == 0
    deep = utils.array_to_img(np.full((2, 2, 1), 300.0), scale=False)
    assert (deep.mode, np.asarray(deep).max()) == ("I", 300)


def test_jpeg_leaves_transparency_out(tmp_path: Path) -> None:
    utils.save_img(tmp_path / "x.jpg", np.zeros((3, 3, 4)))
    file = io.BytesIO()
    utils.save_img(file, np.zeros((3, 3, 4)), file_format="jpg")
    for source in (tmp_path / "x.jpg", io.BytesIO(file.getvalue())):
        assert utils.load_img(source).mode == "RGB"


def test_refusals(tmp_path: Path, picture: Path) -> None:
    with pytest.raises(ValueError, match="Did you mean 'rgb"):
        utils.load_img(picture, color_mode="rgbb")
    with pytest.raises(ValueError, match="Did you mean 'bilinear'"):
        utils.load_img(picture, interpolation="bilnear")
    with pytest.raises(TypeError, match="path or an open file"):
        utils.load_img(3)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        utils.load_img(tmp_path / "none.png")
    with pytest.raises(ValueError, match="file_format"):
        utils.save_img(tmp_path / "x.unknown", np.zeros((2, 2, 3)))
    for shape in ((2, 2), (2, 2, 2)):
        with pytest.raises(ShapeError):
            utils.array_to_img(np.zeros(shape))
    with pytest.raises(ShapeError, match="rank 2 or 3"):
        utils.img_to_array(np.zeros((1, 2, 2, 3)))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["picture.png"]
