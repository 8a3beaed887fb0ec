"""Reports count what they say; images are turned, moved and spoilt by what is said."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from narae.app.evaluation import CHANGES, evaluate, noisy, rotated, shifted

RNG = np.random.default_rng(0)
IMAGES = RNG.random((40, 28, 28)).astype(np.float32)
LABELS = np.arange(40, dtype=np.int32) % 10


def test_right_angles_are_exact() -> None:
    for degrees, turns in ((90, 1), (-90, -1), (180, 2), (0, 0)):
        turned = np.rot90(IMAGES, turns, axes=(1, 2))
        np.testing.assert_allclose(rotated(IMAGES, degrees), turned, atol=1e-4)


def test_turning_back_gives_back_the_middle() -> None:
    y, x = np.indices((28, 28)) - 13.5
    smooth = np.exp(-(((x - 3) / 4) ** 2) - ((y + 2) / 3) ** 2)[None].astype(np.float32)
    back = rotated(rotated(smooth, 30), -30)
    assert np.abs(back - smooth)[:, 4:-4, 4:-4].max() < 0.08
    assert np.abs(rotated(smooth, 30) - smooth).max() > 0.3


def test_turning_agrees_with_pillow() -> None:
    image = pytest.importorskip("PIL.Image")
    bilinear = image.Resampling.BILINEAR
    turned = np.asarray(image.fromarray(IMAGES[0]).rotate(25, resample=bilinear))
    difference = np.abs(rotated(IMAGES[:1], 25)[0] - turned)
    assert np.median(difference) < 1e-3


def test_moving_loses_what_leaves() -> None:
    np.testing.assert_array_equal(shifted(shifted(IMAGES, 3), -3)[:, :, :-3], IMAGES[:, :, :-3])
    assert not shifted(IMAGES, 3)[:, :, :3].any()
    assert not shifted(IMAGES, -3)[:, :, -3:].any()
    np.testing.assert_array_equal(shifted(IMAGES, 0), IMAGES)


def test_noise_has_its_deviation_and_is_the_same_each_time() -> None:
    grey = np.full((40, 28, 28), 0.5, np.float32)
    assert noisy(grey, 0.1).std() == pytest.approx(0.1, rel=0.02)
    np.testing.assert_array_equal(noisy(grey, 0.1), noisy(grey, 0.1))


def _oracle(wrong: dict[int, tuple[int, float]]) -> object:
    """Reads images of these tests by heart, but for some: index -> (what it says, how surely)."""
    known = {image.tobytes(): i for i, image in enumerate(IMAGES)}

    def predict(images: np.ndarray) -> np.ndarray:
        out = np.full((len(images), 10), 1e-6)
        for row, image in zip(out, images, strict=True):
            i = known.get(image.tobytes())
            digit, share = (0, 0.5) if i is None else wrong.get(i, (LABELS[i], 0.9))
            row[digit] = share
        return out

    return predict


def test_a_report_counts_right_and_wrong_and_shows_the_surest_first() -> None:
    report = evaluate(_oracle({4: (7, 0.6), 11: (2, 0.8)}), IMAGES, LABELS)  # type: ignore[arg-type]
    assert report["accuracy"] == pytest.approx(38 / 40)
    matrix = np.array(report["matrix"])
    assert (matrix.sum(axis=1) == 4).all()
    assert (matrix[4, 7], matrix[1, 2], np.trace(matrix)) == (1, 1, 38)
    told = [(m["index"], m["true"], m["guess"], m["probability"]) for m in report["mistakes"]]
    assert told == [(11, 1, 2, 0.8), (4, 4, 7, 0.6)]
    shown = np.frombuffer(base64.b64decode(report["mistakes"][1]["image"]), np.uint8)
    np.testing.assert_allclose(shown.reshape(28, 28) / 255, IMAGES[4], atol=1 / 500)
    log = -(38 * np.log(0.9) + 2 * np.log(1e-6)) / 40
    assert report["loss"] == pytest.approx(log)


def test_curves_are_whole_where_nothing_is_changed() -> None:
    report = evaluate(_oracle({}), IMAGES, LABELS)  # type: ignore[arg-type]
    assert set(report["curves"]) == set(CHANGES)
    for curve in report["curves"].values():
        at = dict(zip(curve["x"], curve["y"], strict=True))
        assert at.pop(0) == 1.0
        assert all(share == 0.1 for share in at.values())  # the oracle knows no changed image
