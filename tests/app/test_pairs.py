"""Two networks beside each other: in turn, and each as it would be alone; and the knobs that are compared."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
from tests.app.conftest import PATIENCE, Session
from tests.app.test_experiments import compared

from narae.app.knobs import check_knobs
from narae.app.lab import Lab
from narae.app.messages import Compare, Train
from narae.app.networks import build
from narae.app.planes import SURFACES
from narae.app.shuffling import deal, shuffled
from narae.app.targets import Target
from narae.app.tasks import TASKS
from narae.app.turns import Round

KNOBS = {"data": "moons", "points": 60, "units": [6], "batch_size": 20, "epochs": 4, "dropout": 0.2}


def alone(knobs: dict[str, Any]) -> list[np.ndarray]:
    done, lab = threading.Event(), None

    def send(said: dict[str, Any]) -> None:
        if said.get("state") in ("done", "stopped"):
            done.set()

    lab = Lab("plane", send)
    lab.ask(Train("plane", check_knobs("plane", knobs), False))
    assert done.wait(PATIENCE)
    weights = lab.call(lambda network: network.model.get_weights()).result(PATIENCE)
    lab.close()
    assert lab.join(PATIENCE)
    return weights


def test_each_of_two_is_bit_for_bit_what_it_is_alone(session: Session) -> None:
    a, b = KNOBS, {**KNOBS, "units": [5, 4], "batch_size": 7, "optimizer": "sgd"}
    session.send("compare", task="plane", a=a, b=b)
    pictures: dict[str, Any] = {}
    while (message := session.next())["type"] != "outcome":
        if message["type"] == "progress" and "boundary" in message:
            pictures[message["side"]] = message["boundary"]
    assert message["outcome"] is message["experiment"] is None
    for side, knobs in (("a", a), ("b", b)):
        checked = check_knobs("plane", knobs)
        network = build(checked, 2, Target(2))
        network.model.set_weights(alone(knobs))
        data = TASKS["plane"](checked)
        assert data.pictures(network)["boundary"] == pictures[side]
        answers = np.asarray(network.model.predict(data.validation_x, verbose=0)).argmax(axis=1)
        assert message[side]["val_accuracy"] == (answers == data.validation_y).mean()


def test_the_same_knobs_give_the_same_curves() -> None:
    knobs = check_knobs("plane", KNOBS)
    found = compared(Compare("plane", (knobs, knobs), False, None))
    assert len(found["a"]["points"]) == 5
    assert found["a"] == found["b"]


def test_turns_go_by_how_much_of_the_data_was_seen() -> None:
    order: list[int] = []
    turns = Round(lambda side: None, lambda: None)
    for side, per_epoch in zip(turns.sides, (1, 4), strict=True):
        side.begun(per_epoch)
    for _ in range(10):
        number = next(i for i, side in enumerate(turns.sides) if side.mine())
        order.append(number)
        turns.sides[number].stepped()
    assert order == [0, 1, 1, 1, 1, 0, 1, 1, 1, 1]
    turns.sides[0].ended()
    assert turns.sides[1].mine()


def test_steps_are_in_turn_and_a_pause_leaves_both_at_the_same_step(session: Session) -> None:
    session.send("speed", task="compare", delay=0)
    assert session.wait("error")["code"] == "no_network"
    session.send("compare", task="plane", a=KNOBS, b={**KNOBS, "epochs": 4}, paused=True)
    at = {"a": 0, "b": 0}
    for step in (1, 2, 3):
        session.send("control", task="compare", action="step")
        while at != {"a": step, "b": step}:
            message = session.wait("progress")
            at[message["side"]] = message["step"]
            assert 0 <= at["a"] - at["b"] <= 1
    time.sleep(0.2)
    session.send("control", task="compare", action="resume")
    session.wait("outcome")
    session.send("control", task="compare", action="resume")  # what has ended stays so
    session.send("compare", task="plane", a=KNOBS, b=KNOBS, paused=True)
    assert session.wait("status", state="building")["run"] == 2


def test_another_comparison_takes_the_place_of_one_that_runs(session: Session) -> None:
    session.send("compare", task="plane", a={**KNOBS, "epochs": 2000}, b={**KNOBS, "epochs": 2000})
    session.wait("measured")
    session.send("compare", task="plane", a=KNOBS, b=KNOBS)
    assert session.wait("outcome")["a"]["epoch"] == 4


@pytest.mark.parametrize(
    "fields",
    [{"experiment": "alchemy"}, {"task": "plane", "a": {"units": [0]}}, {"task": "music"}],
)
def test_a_bad_comparison_is_refused(session: Session, fields: dict[str, Any]) -> None:
    session.send("compare", **fields)
    assert session.wait("error")["code"] == "bad_message"


def test_early_stopping_ends_a_training_and_brings_back_the_best_weights(session: Session) -> None:
    few = {"data": "moons", "points": 40, "noise": 0.3, "units": [128], "epochs": 300}
    session.send("train", task="plane", knobs={**few, "patience": 5})
    seen = []
    while (message := session.next()).get("state") != "stopped":
        if message["type"] == "progress":
            seen.append(message)
    assert message["best"] == seen[-1]["epoch"] - 5
    assert seen[-1]["val_loss"] <= min(m["val_loss"] for m in seen if "val_loss" in m)


@pytest.mark.parametrize("scale", ["one", "bytes"])
def test_initial_weights_and_scale_are_what_they_say(scale: str) -> None:
    def first(**knobs: Any) -> Any:
        return build(check_knobs("plane", {"units": [50], "scale": scale, **knobs}), 2, Target(2))

    spread = {name: first(initial=name).first_weights() for name in ("glorot", "he", "large")}
    assert np.abs(spread["large"]).max() == pytest.approx(10 * np.abs(spread["glorot"]).max())
    assert np.abs(spread["he"]).max() > np.abs(spread["glorot"]).max()
    assert not any(w.numpy().any() for w in first(initial="zeros").model.trainable_weights)
    point = np.ones((1, 2), np.float32)
    hidden = np.asarray(first(initial="he", activation="linear").view.predict_on_batch(point)[0])
    expected = spread["he"].sum(axis=1) * (255 if scale == "bytes" else 1)
    np.testing.assert_allclose(hidden[0], expected, rtol=1e-5)


def test_momentum_is_the_optimizers() -> None:
    optimizers = {
        name: build(
            check_knobs("plane", {"optimizer": name, "momentum": 0.8}), 2, Target(2)
        ).model.optimizer
        for name in ("sgd", "rmsprop", "adam")
    }
    assert optimizers["sgd"].momentum == optimizers["rmsprop"].momentum == 0.8
    assert not hasattr(optimizers["adam"], "momentum")


def test_labels_are_dealt_out_among_themselves() -> None:
    labels = np.repeat(np.arange(10), 50)
    for share in (0.0, 0.3, 1.0):
        dealt = deal(labels, share, seed=1)
        assert sorted(dealt) == list(labels)
        # a tenth of those that are dealt come back to their place
        assert (dealt != labels).mean() == pytest.approx(0.9 * share, abs=0.05)
    knobs = check_knobs("plane", {"shuffled": 1.0, "points": 60})
    plain = TASKS["plane"](knobs)
    data = shuffled(plain, knobs)
    assert (data.y != plain.y).any()
    assert data.opening["labels"][:60] == data.y.tolist()  # the page shows what is learned
    np.testing.assert_array_equal(data.validation_y, plain.validation_y)


def test_numbers_are_compared_by_the_variance_they_explain() -> None:
    knobs = {**KNOBS, "data": SURFACES[0], "dropout": 0.0, "epochs": 3}
    sides = check_knobs("plane", knobs), check_knobs("plane", {**knobs, "units": []})
    found = compared(Compare("plane", sides, False, None))
    for side in ("a", "b"):
        assert set(found[side]) == {"epoch", "loss", "r2", "val_loss", "val_r2", "points"}
