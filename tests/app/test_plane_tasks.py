"""The plane's tasks: own points, features, penalties, shares of test data, and answers judged by their kind."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from tests.app.conftest import Session

from narae.app.bounds import BadMessage
from narae.app.features import FEATURES, features_of
from narae.app.knobs import check_knobs
from narae.app.networks import Network, build
from narae.app.own import split
from narae.app.targets import Target
from narae.app.tasks import TASKS, Task, plane_maps

TRIANGLE = [[0.5, 0, 0], [0.4, 0, 0], [-0.5, 0, 1], [-0.4, 0, 1], [0, 0.5, 2], [0, 0.4, 2]]
OWN = {"kind": "classes", "points": TRIANGLE, "names": ["a", "b", "다"], "table": None}


def made(**knobs: Any) -> tuple[Task, Network]:
    checked = check_knobs("plane", knobs)
    data = TASKS["plane"](checked)
    return data, build(checked, data.x.shape[1], data.target)


def test_the_share_of_test_data_is_what_was_asked_for() -> None:
    for share in (0.1, 0.25, 0.5, 0.8):
        data, _ = made(points=200, test_share=share)
        assert len(data.x) == 200
        tested = len(data.validation_x)
        assert tested / (200 + tested) == pytest.approx(share, abs=0.003)


def test_own_points_come_as_they_were_placed() -> None:
    data, network = made(data="own", own=OWN)
    assert (len(data.x), len(data.validation_x), data.target.classes) == (3, 3, 3)
    both = np.concatenate([data.x, data.validation_x])
    order = data.opening["order"]
    assert sorted(order) == list(range(6))
    np.testing.assert_allclose(both, np.array(TRIANGLE, "f4")[order, :2])
    assert data.opening["labels"] == [TRIANGLE[i][2] for i in order]
    assert network.model.outputs[0].shape == (None, 3)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "at least two classes"),
        ([[0, 0, 1], [1, 1, 1]], "at least two classes"),
        ([[0, 0, 8]], r"own.points\[0\]: .* from 0 to 7, got 8"),
        ([[0, 9, 0]], r"own.points\[0\]: .* to 1.2, got 9"),
        ([[0, 0]], r"own.points\[0\]: expected \[x, y, target\]"),
        ([[0, 0, 0]] * 2001, "at most 2,000"),
    ],
)
def test_own_points_that_nothing_can_be_learned_from_are_refused(points: Any, message: str) -> None:
    with pytest.raises(BadMessage, match=message):
        made(data="own", own={**OWN, "points": points})


def test_a_split_keeps_every_class_in_training_and_is_a_seeds() -> None:
    rng = np.random.default_rng(1)
    points = [[0, 0, int(c)] for c in rng.integers(0, 3, size=90)] + [[0, 0, 3]]
    own = {"kind": "classes", "points": points}
    training, testing = split(own, 0.3, seed=4)
    labels = np.array(points)[:, 2]
    assert sorted([*training, *testing]) == list(range(91))
    assert set(labels[training]) == {0, 1, 2, 3}
    for c in range(3):
        assert (labels[testing] == c).sum() == round(0.3 * (labels == c).sum())
    np.testing.assert_array_equal(split(own, 0.3, seed=4)[0], training)
    assert split(own, 0.3, seed=5)[0].tolist() != training.tolist()


def test_features_are_the_networks_inputs() -> None:
    points = np.array([[0.5, -0.25]], "f4")
    sines = np.sin(np.pi * points[0])
    expected = [0.5, -0.25, 0.25, 0.0625, -0.125, *sines]
    np.testing.assert_allclose(features_of(points, FEATURES)[0], expected, rtol=1e-6)
    data, network = made(features=["y", "x2"], points=20)
    assert data.opening["features"] == ("x2", "y")[::-1]
    assert network.model.inputs[0].shape == (None, 2)
    raw = np.array(data.opening["points"][:20])
    np.testing.assert_allclose(data.x, np.stack([raw[:, 1], raw[:, 0] ** 2], 1), atol=2e-4)


def test_a_product_as_an_input_parts_xor_without_hidden_layers() -> None:
    def right(features: list[str]) -> float:
        data, network = made(data="xor", features=features, units=[], noise=0, learning_rate=0.1)
        network.model.fit(data.x, data.y, epochs=30, verbose=0)
        answers = np.asarray(network.model.predict(data.validation_x, verbose=0))
        return network.target.report(answers, data.validation_y)["accuracy"]

    assert right(["x", "y"]) < 0.7
    assert right(["xy"]) > 0.95


def test_penalties_shrink_weights_and_are_no_part_of_the_loss_that_is_told() -> None:
    sizes, zeros, losses = [], [], []
    for l1, l2 in ((0, 0), (0, 0.1), (0.1, 0)):
        data, network = made(l1=l1, l2=l2, units=[8], noise=0.2, points=100)
        first = network.model.train_on_batch(data.x, data.y, return_dict=True)
        losses.append(float(first["loss"]))
        network.model.fit(data.x, data.y, epochs=60, verbose=0)
        weights = network.first_weights()
        sizes.append(np.square(weights).sum())
        zeros.append((np.abs(weights) < 0.02).mean())
    np.testing.assert_allclose(losses, losses[0], rtol=1e-5)  # weights are the same before a step
    assert sizes[1] < 0.5 * sizes[0]
    assert zeros[2] > max(0.5, zeros[0])


def test_the_map_of_classes_is_the_likeliest_one_and_its_probability() -> None:
    data, network = made(data="blobs", classes=4, points=200)
    network.model.fit(data.x, data.y, epochs=20, verbose=0)
    found = plane_maps(network)["boundary"]
    best = np.frombuffer(base64.b64decode(found["best"]), np.uint8).reshape(60, 60)
    share = np.frombuffer(base64.b64decode(found["values"]), np.uint8).reshape(60, 60)
    for (x, y), label in zip(data.opening["points"], data.opening["labels"], strict=True):
        row, column = int((1.2 - y) / 2.4 * 60), int((x + 1.2) / 2.4 * 60)
        assert best[row, column] == label or share[row, column] < 200
    assert share.min() >= 63  # of four classes the likeliest has a quarter


def test_the_score_of_numbers_is_the_share_of_variance_explained() -> None:
    data, network = made(data="hills", points=300, units=[16, 16], learning_rate=0.02)
    target = network.target
    mean = np.full_like(data.y, data.y.mean())
    assert target.report(mean, data.y)["r2"] == pytest.approx(0, abs=1e-5)
    assert target.report(data.y, data.y) == {"loss": 0.0, "r2": 1.0}
    network.model.fit(data.x, data.y, epochs=80, verbose=0)
    answers = np.asarray(network.model.predict(data.validation_x, verbose=0))
    assert target.report(answers, data.validation_y)["r2"] > 0.9
    logs = network.model.train_on_batch(data.x, data.y, return_dict=True)
    assert float(logs["r2"]) == pytest.approx(1 - float(logs["loss"]) / data.y.var(), rel=1e-4)
    assert (target.outputs, target.loss) == (1, "mean_squared_error")
    assert Target(3).activation == "softmax"


@pytest.mark.parametrize(
    "knobs", [{"data": "own", "own": OWN}, {"data": "saddle", "features": ["x2", "y2"]}]
)
def test_sessions_train_them_live(session: Session, knobs: dict[str, Any]) -> None:
    session.send("train", task="plane", knobs={**knobs, "epochs": 3, "points": 40})
    begun = session.wait("begun")
    score = "accuracy" if begun["targets"] == "classes" else "r2"
    assert len(begun["points"]) == len(begun["labels"])
    session.wait("status", state="running")
    last: dict[str, Any] = {}
    while (message := session.next()).get("state") != "done":
        assert message.get("state") != "failed", message
        last |= message
    assert {"loss", score, "val_loss", f"val_{score}"} <= set(last)


def test_what_cannot_be_learned_from_is_said_and_the_session_goes_on(session: Session) -> None:
    session.send("train", task="plane", knobs={"data": "own"})
    assert "two classes" in session.wait("status", state="failed")["reason"]
    session.send("train", task="plane", knobs={"epochs": 1, "points": 40})
    session.wait("status", state="done")
