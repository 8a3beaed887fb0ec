"""The map of digits: PCA and t-SNE over a session, and a drawing placed in it."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from tests.app.conftest import Session
from tests.app.test_sessions import QUICK, drawing

from narae.app.digits import digits
from narae.app.maps import COUNT


def points(message: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(message["points"]), "<f4").reshape(-1, 2)


def test_pixels_by_pca_are_the_principal_components(session: Session) -> None:
    session.send("map", network="dense", layer=-1, method="pca", images=True)
    found = session.wait("map")
    rows = digits().test_x[:COUNT].astype("f8")
    centred = rows - rows.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    expected = np.abs(centred @ vectors[:, :-3:-1])
    np.testing.assert_allclose(np.abs(points(found)), expected, atol=1e-3)
    np.testing.assert_allclose(found["shares"], values[:-3:-1] / values.sum(), rtol=1e-4)
    assert found["labels"] == digits().test_y[:COUNT].tolist()
    assert np.mean(np.array(found["labels"]) == found["guesses"]) > 0.9
    assert len(base64.b64decode(found["images"])) == COUNT * 784


@pytest.mark.parametrize("network", ["dense", "mine"])
def test_a_drawing_lies_where_its_image_lies(session: Session, network: str) -> None:
    if network == "mine":
        session.send("train", task="digits", knobs=QUICK)
        session.wait("status", state="done")
    session.send("map", network=network, layer=0, method="pca")
    found = session.wait("map")
    assert "images" not in found
    span = np.ptp(points(found), axis=0).max()
    session.send("place", **drawing(digits().test_x[0]))
    placed = session.wait("placed")
    assert np.linalg.norm(np.array(placed["point"]) - points(found)[0]) < 0.15 * span
    assert placed["guess"] == found["guesses"][0]
    session.send("place", **drawing(np.zeros(784)))
    assert session.wait("placed")["point"] is None


def test_tsne_goes_in_steps_lets_others_in_and_stops(session: Session) -> None:
    session.send("map", network="dense", layer=1, method="tsne", perplexity=30)
    opening = session.wait("map")
    assert opening["of"] == 500
    first = session.wait("moved")
    session.send("draw", network="dense", **drawing(digits().test_x[0]))
    assert session.wait("prediction")["digit"] == 7
    second = session.wait("moved")
    assert second["step"] > first["step"]
    assert not np.array_equal(points(first), points(second))
    session.send("place", **drawing(digits().test_x[0]))
    assert "only PCA" in session.wait("error")["message"]
    session.send("stop")
    session.send("map", network="dense", layer=-1, method="pca")
    session.wait("map")
    session.send("draw", network="dense", **drawing(digits().test_x[0]))
    while (message := session.next())["type"] != "prediction":
        assert message["type"] != "moved"


def test_a_layer_that_is_not_there_is_named(session: Session) -> None:
    session.send("map", network="dense", layer=9, method="pca")
    assert "layer: this network has 3, got 9" in session.wait("error")["message"]
    session.send("map", network="mine", layer=0, method="pca")
    codes = {session.wait("error")["code"]}
    if codes == {"too_many"}:  # two maps are all that a session has saved up: the second may wait
        codes = {session.wait("error")["code"]}
    assert codes == {"no_network"}
