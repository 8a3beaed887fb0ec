"""Units looked at, switched off and edited while a network trains."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from tests.app.conftest import Session

from narae.app.bounds import BadMessage
from narae.app.inside.edits import Hand
from narae.app.inside.pictures import inside
from narae.app.inside.requests import Edit, Look
from narae.app.knobs import check_knobs
from narae.app.networks import Network, build
from narae.app.switches import without_switches
from narae.app.tasks import TASKS, Task

KNOBS = {"points": 100, "batch_size": 50, "epochs": 3, "units": [4, 3]}


def made(task: str = "plane", **knobs: Any) -> tuple[Network, Task, Hand]:
    checked = check_knobs(task, knobs)
    data, hand = TASKS[task](checked), Hand()
    network = build(checked, data.x.shape[1], data.target)
    hand.take(network.model)
    return network, data, hand


def edit(action: str, layer: int = 0, unit: int = 0, source: int = 0, value: float = 0) -> Edit:
    return Edit("plane", action, layer, unit, source, value)


def numbers(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def by_hand(network: Network, x: np.ndarray, off: dict[int, list[int]]) -> np.ndarray:
    """The probabilities by NumPy, with units off: relu, then softmax."""
    kernels = [w.numpy() for w in network.model.trainable_weights]
    for i in range(0, len(kernels), 2):
        x = x @ kernels[i] + kernels[i + 1]
        if i + 2 < len(kernels):
            x = np.maximum(x, 0)
            x[:, off.get(i // 2, [])] = 0
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_a_unit_that_is_off_gives_0_learns_nothing_and_comes_back() -> None:
    network, data, hand = made(**KNOBS, dropout=0.2)
    first = np.asarray(network.model.predict_on_batch(data.x))
    hand.do(edit("off", 0, 2), 0)
    hand.do(edit("off", 1, 1), 0)
    now = np.asarray(network.model.predict_on_batch(data.x))
    np.testing.assert_allclose(now, by_hand(network, data.x, {0: [2], 1: [1]}), atol=1e-6)
    before = [w.numpy().copy() for w in network.model.trainable_weights]
    network.model.fit(data.x, data.y, verbose=0)
    after = [w.numpy() for w in network.model.trainable_weights]
    moved = [a != b for a, b in zip(after, before, strict=True)]
    assert not moved[0][:, 2].any()
    assert not moved[1][2]
    assert not moved[2][2].any()
    assert moved[2][[0, 1, 3]][:, [0, 2]].any()
    plain = without_switches(network.model)
    np.testing.assert_allclose(
        plain.predict_on_batch(data.x), network.model.predict_on_batch(data.x), atol=1e-6
    )
    assert hand.state() == {"undo": 2, "off": 2}
    hand.do(edit("all_on"), 0)
    network.model.trainable_weights[0].assign(before[0])
    for weight, value in zip(network.model.trainable_weights, before, strict=True):
        weight.assign(value)
    np.testing.assert_allclose(network.model.predict_on_batch(data.x), first, atol=1e-6)


def test_what_is_undone_and_put_back_is_as_it_was() -> None:
    network, _, hand = made(**KNOBS)
    weights = lambda: [w.numpy().copy() for w in network.model.weights]
    start = weights()
    for value in (0.5, 1.0, 1.5):  # a slider that is dragged is one change
        hand.do(edit("weight", 1, 2, 3, value), 7)
    hand.do(edit("bias", 1, 2, value=-2.0), 7)
    hand.do(edit("off", 1, 2), 7)
    hand.do(edit("off", 1, 2), 7)  # is off already
    assert network.model.weights[3].numpy()[3, 2] == 1.5
    assert hand.state() == {"undo": 3, "off": 1}
    assert hand.edited(1, 2) == [-1, 3]
    hand.do(edit("restore", 1, 2), 7)
    assert all((a == b).all() for a, b in zip(weights(), start, strict=True))
    hand.do(edit("undo"), 7)
    assert network.model.weights[3].numpy()[3, 2] == 1.5
    for _ in range(5):
        hand.do(edit("undo"), 7)
    assert all((a == b).all() for a, b in zip(weights(), start, strict=True))
    assert hand.state() == {"undo": 0, "off": 0}
    hand.do(edit("weight", value=1.0), 7)
    hand.do(edit("weight", value=2.0), 8)  # a step came between
    hand.do(edit("undo"), 8)
    assert network.model.weights[0].numpy()[0, 0] == 1.0


def test_units_stay_off_in_the_network_that_comes_next_as_far_as_it_has_them() -> None:
    _, _, hand = made(**KNOBS)
    hand.do(edit("off", 0, 3), 0)
    hand.do(edit("off", 1, 0), 0)
    hand.do(edit("weight", value=9.0), 0)
    other, _, _ = made(**{**KNOBS, "units": [3, 3]}, seed=9)
    hand.take(other.model)
    assert hand.off() == [[], [0]]
    assert hand.state() == {"undo": 0, "off": 1}
    assert other.model.weights[0].numpy()[0, 0] != 9.0


@pytest.mark.parametrize(
    "wrong", [edit("off", 2), edit("off", 0, 4), edit("weight", 0, 0, 2), edit("bias", 3)]
)
def test_what_a_network_has_not_is_said(wrong: Edit) -> None:
    _, _, hand = made(**KNOBS)
    with pytest.raises(BadMessage, match=r"layer: |unit: |source: "):
        hand.do(wrong, 0)
    assert hand.state() == {"undo": 0, "off": 0}


@pytest.mark.parametrize("task", ["plane", "digits"])
def test_the_diagram_has_the_networks_own_numbers(task: str) -> None:
    units = [6, 5] if task == "plane" else [40, 12]
    network, data, hand = made(task, units=units)
    hand.do(edit("off", 1, 4), 0)
    seen = inside(network, data, Look(task, True, 8, (1, 2)), hand)
    rows, unit = seen["network"]["layers"], seen["unit"]
    classes = data.target.outputs
    assert [row["of"] for row in rows] == [data.x.shape[1], *units, classes]
    assert [row["count"] for row in rows[1:]] == [*(min(8, n) for n in units), classes]
    assert [row["off"] for row in rows[1:]] == [[], [4], []]
    kernels = [w.numpy() for w in network.model.trainable_weights[::2]]
    for i, (edges, kernel) in enumerate(zip(seen["network"]["edges"], kernels, strict=True)):
        rows_in = kernel[: 0 if (task, i) == ("digits", 0) else 8]
        rows_in = rows_in if i == 2 else rows_in[:, :8]
        np.testing.assert_array_equal(numbers(edges), rows_in.ravel())
    np.testing.assert_array_equal(numbers(unit["into"]), kernels[1][:, 2])
    np.testing.assert_array_equal(numbers(unit["out"]), kernels[2][2])
    pixels = {"plane": 20 * 20, "digits": 784}[task]
    assert len(base64.b64decode(rows[1]["values"])) == min(8, units[0]) * pixels
    if task == "digits":
        assert len(base64.b64decode(rows[2]["values"])) == 8 * 10
        assert unit["best"][0]["value"] == unit["high"]
        outputs = network.view.predict_on_batch(data.validation_x[:500])[1]
        mean = outputs[data.validation_y[:500] == 3].mean(axis=0)[2]
        assert unit["means"][3] == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("scale", ["one", "bytes"])
@pytest.mark.parametrize("layer", [0, 1])
def test_what_a_unit_answers_to_is_what_it_gives_when_it_is_on(scale: str, layer: int) -> None:
    network, data, hand = made("digits", units=[6, 5], scale=scale)
    outputs = network.view.predict_on_batch(data.validation_x[:500])[layer][:, 2]
    hand.do(edit("off", layer, 2), 0)
    unit = inside(network, data, Look("digits", False, 8, (layer, 2)), hand)["unit"]
    assert unit["off"]
    np.testing.assert_allclose(
        [unit["low"], unit["high"]], [outputs.min(), outputs.max()], rtol=1e-5
    )


def test_a_session_sees_and_edits_between_steps(session: Session) -> None:
    send = lambda action, **fields: session.send("edit", task="plane", action=action, **fields)
    session.send("train", task="plane", knobs=KNOBS, paused=True)
    session.wait("status", state="paused")
    assert "network" not in session.wait("progress")["inside"]
    session.send("look", task="plane", open=True, most=16, unit=[1, 0])
    first = session.wait("progress")
    assert first["inside"]["unit"]["unit"] == 0
    send("weight", layer=1, unit=0, source=2, value=2.5)
    changed = session.wait("progress")
    assert numbers(changed["inside"]["unit"]["into"])[2] == 2.5
    assert changed["val_loss"] != first["val_loss"]
    assert changed["boundary"] != first["boundary"]
    send("off", layer=0, unit=1)
    assert session.wait("progress")["inside"]["network"]["layers"][1]["off"] == [1]
    send("off", layer=5, unit=1)
    assert session.wait("error")["code"] == "bad_message"
    session.send("control", task="plane", action="resume")
    session.wait("status", state="done")
    send("on", layer=0, unit=1)  # after the end too
    assert session.wait("progress", step=6)["inside"]["hand"]["off"] == 0
    send("off", layer=0, unit=1)
    session.send("train", task="plane", knobs={**KNOBS, "seed": 5}, paused=True)
    session.wait("begun")
    assert session.wait("progress")["inside"]["network"]["layers"][1]["off"] == [1]
