"""Every number of one sample's arithmetic, against NumPy alone."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
import pytest
from tests.app.conftest import Session
from tests.app.test_sessions import drawing

import narae
from narae import layers
from narae.app.bounds import BadMessage
from narae.app.digits import digits
from narae.app.inside.requests import Sample
from narae.app.inside.sample import carry
from narae.app.knobs import check_knobs
from narae.app.networks import OPTIMIZERS, build
from narae.app.switches import switches_of
from narae.app.targets import Target

KNOBS = {"units": [5, 4], "activation": "tanh", "seed": 3, "learning_rate": 0.05}
POINT = np.array([0.6, -0.3], "f4")


def asking(**fields: Any) -> Sample:
    empty = dict.fromkeys(("point", "index", "image", "target", "layer", "unit", "source", "place"))
    return Sample(**{**empty, "network": "plane", **fields})


def numbers(text: str, *shape: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape or -1)


def trained(optimizer: str = "adam", **knobs: Any) -> narae.Model:
    if optimizer == "momentum":
        optimizer, knobs = "sgd", {**knobs, "momentum": 0.9}
    network = build(check_knobs("plane", {**KNOBS, **knobs, "optimizer": optimizer}), 2, Target(3))
    rng = np.random.default_rng(1)
    network.model.fit(rng.normal(size=(90, 2)).astype("f4"), np.arange(90) % 3, verbose=0)
    return network.model


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max())
    return e / e.sum()


def test_a_dense_network_forwards_and_back() -> None:
    model = trained(dropout=0.2)
    switches_of(model)[0].turn(1, on=False)
    on = np.array([1, 0, 1, 1, 1])
    w1, b1, w2, b2, w3, b3 = (w.numpy().astype("f8") for w in model.trainable_weights)
    z1 = POINT @ w1 + b1
    h1 = np.tanh(z1) * on
    z2 = h1 @ w2 + b2
    h2 = np.tanh(z2)
    z3 = h2 @ w3 + b3
    p = softmax(z3)
    d3 = p - np.eye(3)[2]
    d2 = (w3 @ d3) * (1 - h2**2)
    d1 = (w2 @ d2) * on * (1 - np.tanh(z1) ** 2)

    found = carry(model, POINT, 2.0, asking(layer=3, unit=1, source=0))
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
    kinds = [stage["kind"] for stage in found["stages"]]
    assert kinds == ["dense", "switches", "dropout"] * 2 + ["dense"]
    for i, value in enumerate([np.tanh(z1), h1, h1, h2, h2, h2, p]):
        close(numbers(found["stages"][i]["output"]), value)
    for i, value in {0: z1, 3: z2, 6: z3}.items():
        close(numbers(found["stages"][i]["sums"]), value)
    assert found["stages"][1]["off"] == [1]

    total = found["focus"]["sum"]
    products = h1 * w2[:, 1]
    order = [i for i in np.argsort(-abs(products)) if products[i]]
    assert [term[0] for term in total["terms"]] == order
    for i, x, w, product in total["terms"]:
        close([x, w, product], [h1[i], w2[i, 1], products[i]])
    assert (total["others"], total["zeros"]) == (0, 1)
    close([total["total"], total["bias"], total["z"]], [products.sum(), b2[1], z2[1]])
    close(total["output"], np.tanh(z2[1]))

    end = found["end"]
    close(end["z"], z3)
    close(end["max"], z3.max())
    close(end["shifted"], z3 - z3.max())
    close(end["powers"], np.exp(z3 - z3.max()))
    close(end["total"], np.exp(z3 - z3.max()).sum())
    close(end["p"], p)
    close([end["loss"], end["penalty"]], [-math.log(p[2]), 0])
    close(end["delta"], d3)

    back = found["back"]
    close([back["x"], back["delta"], back["gradient"]], [h1[0], d2[1], h1[0] * d2[1]])
    chain = back["chain"]
    close([chain["upstream"], chain["slope"]], [w3[1] @ d3, 1 - h2[1] ** 2])
    close(chain["sum"]["total"], w3[1] @ d3)
    for k, delta, weight, product in chain["sum"]["terms"]:
        close([delta, weight, product], [d3[k], w3[1, k], d3[k] * w3[1, k]])

    first = carry(model, POINT, 2.0, asking(layer=0, unit=2, source=1))["back"]
    close([first["delta"], first["gradient"]], [d1[2], POINT[1] * d1[2]])
    last = carry(model, POINT, 2.0, asking(layer=6, unit=0, source=3))["back"]
    close(last["gradient"], h2[3] * d3[0])
    assert "chain" not in last
    off = carry(model, POINT, 2.0, asking(layer=0, unit=1))["back"]
    assert (off["gradient"], off["chain"]["upstream"]) == (0, 0)


def after(name: str, n: dict[str, float]) -> dict[str, float]:
    """The update by its formula in the optimizers' papers, in Python's own numbers."""
    w, g, rate, t = n["w"], n["g"], n["η"], n["t"]
    if name == "sgd":
        return {"w′": w - rate * g}
    if name == "momentum":
        m = 0.9 * n["m"] - rate * g
        return {"m′": m, "w′": w + m}
    if name == "rmsprop":
        v = 0.9 * n["v"] + 0.1 * g * g
        return {"v′": v, "w′": w - rate * g / math.sqrt(v + 1e-7)}
    if name == "adagrad":
        return {"a′": n["a"] + g * g, "w′": w - rate * g / math.sqrt(n["a"] + g * g + 1e-7)}
    m, v = 0.9 * n["m"] + 0.1 * g, 0.999 * n["v"] + 0.001 * g * g
    if name in ("adam", "adamw"):
        if name == "adamw":
            w -= rate * 0.004 * w
        alpha = rate * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        more = {"u": w} if name == "adamw" else {}
        return {"m′": m, "v′": v, "α": alpha, "w′": w - alpha * m / (math.sqrt(v) + 1e-7), **more}
    now, then = (0.9 * (1 - 0.5 * 0.96**s) for s in (t, t + 1))
    product = n["Π"] * now
    d = then * m / (1 - then * product) + (1 - now) * g / (1 - product)
    new = w - rate * d / (math.sqrt(v / (1 - 0.999**t)) + 1e-7)
    return {"m′": m, "v′": v, "μ": now, "μ₊": then, "Π′": product, "d": d, "w′": new}


@pytest.mark.parametrize("name", [*OPTIMIZERS, "momentum"])
def test_an_update_is_the_optimizers_own_by_the_formula_that_is_shown(name: str) -> None:
    model = trained(name)
    before = [v.numpy().copy() for v in (*model.weights, *model.optimizer.variables)]
    found = carry(model, POINT, 1.0, asking(layer=2, unit=2, source=4))["back"]["update"]
    now = [v.numpy() for v in (*model.weights, *model.optimizer.variables)]
    assert all((a == b).all() for a, b in zip(before, now, strict=True))  # nothing changed
    n = found["numbers"]
    assert n["t"] == 4
    for symbol, value in after(name, n).items():
        assert n[symbol] == pytest.approx(value, rel=1e-4, abs=1e-7), symbol
    for line in found["lines"]:  # each line, with its numbers, gives the number it names
        assert value_of(line["formula"], n) == pytest.approx(n[line["name"]], rel=1e-4, abs=1e-7)
    # and a step with this sample alone makes of the weight what was said
    model.train_on_batch(POINT[None], np.array([1]))
    assert model.trainable_weights[2].numpy()[4, 2] == pytest.approx(n["w′"], rel=1e-5)


def value_of(formula: str, n: dict[str, float]) -> float:
    """A formula as the page shows it, read by Python."""
    text = formula.replace("²", "**2").replace("^", "**").replace("·", "*").replace("−", "-")
    text = text.replace("√(", "math.sqrt(").replace("√{v′}", "math.sqrt({v′})")
    for symbol, value in n.items():
        text = text.replace("{" + symbol + "}", f"({value!r})")
    return float(eval(text, {"math": math}))


def conv_model() -> narae.Model:
    narae.utils.set_random_seed(4)
    model = narae.Sequential(
        [
            narae.Input((8, 8, 1)),
            layers.Conv2D(2, 3, activation="relu", bias_initializer="random_normal"),
            layers.MaxPooling2D(),
            layers.Conv2D(3, 2, padding="same", activation="tanh"),
            layers.Flatten(),
            layers.Dense(4, "softmax", kernel_regularizer="l2"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def test_a_convolution_a_pooling_and_a_kernels_gradient() -> None:
    model = conv_model()
    x = np.random.default_rng(2).random((8, 8, 1)).astype("f4")
    k1, b1, k2, b2, w, b = (v.numpy().astype("f8") for v in model.trainable_weights)
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)

    def windows(image: np.ndarray, size: int) -> np.ndarray:
        seen = np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(0, 1))
        return np.moveaxis(seen, 2, -1)  # (rows, columns, size, size, channels)

    z1 = np.einsum("rcijk,ijku->rcu", windows(x, 3), k1) + b1
    h1 = np.maximum(z1, 0)
    pool = h1.reshape(3, 2, 3, 2, 2).max(axis=(1, 3))
    padded = np.pad(pool, ((0, 1), (0, 1), (0, 0)))
    z2 = np.einsum("rcijk,ijku->rcu", windows(padded, 2), k2) + b2
    h2 = np.tanh(z2)
    p = softmax(h2.ravel() @ w + b)

    found = carry(model, x, 3.0, asking(network="conv", layer=0, unit=1, place=(2, 4)))
    kinds = [stage["kind"] for stage in found["stages"]]
    assert kinds == ["conv", "pool", "conv", "flatten", "dense"]
    for stage, value in zip(found["stages"], (h1, pool, h2, h2.ravel(), p), strict=True):
        assert stage["shape"] == list(value.shape)
        close(numbers(stage["output"], *value.shape), value)
    focus = found["focus"]
    assert (focus["place"], focus["origin"]) == ((2, 4), (2, 4))
    under = x[2:5, 4:7, 0]
    close(numbers(focus["under"], 3, 3), under)
    close(numbers(focus["kernel"], 3, 3), k1[:, :, 0, 1])
    close(numbers(focus["products"], 3, 3), under * k1[:, :, 0, 1])
    close(focus["sums"], [(under * k1[:, :, 0, 1]).sum()])
    close([focus["bias"], focus["z"], focus["output"]], [b1[1], z1[2, 4, 1], h1[2, 4, 1]])

    pooling = carry(model, x, 3.0, asking(network="conv", layer=1, unit=0, place=(1, 2)))["focus"]
    close(numbers(pooling["under"], 2, 2), h1[2:4, 4:6, 0])
    close(pooling["output"], h1[2:4, 4:6, 0].max())

    edge = carry(model, x, 3.0, asking(network="conv", layer=2, unit=2, place=(2, 2)))["focus"]
    close(numbers(edge["under"], 2, 2, 2), np.moveaxis(padded[2:4, 2:4], -1, 0))
    close(edge["sums"], np.einsum("ijk,ijk->k", padded[2:4, 2:4], k2[..., 2]))
    close(edge["z"], z2[2, 2, 2])

    # the way back: dense, tanh, convolution of 'same', the maximum's places, relu
    d3 = p - np.eye(4)[3]
    d2 = (w @ d3).reshape(h2.shape) * (1 - h2**2)
    dpad = np.zeros_like(padded)
    for i in range(2):
        for j in range(2):
            dpad[i : i + 3, j : j + 3] += d2 @ k2[i, j].T
    best = h1.reshape(3, 2, 3, 2, 2) == pool[:, None, :, None]
    d1 = (best * dpad[:3, :3][:, None, :, None]).reshape(h1.shape) * (z1 > 0)
    back = carry(model, x, 3.0, asking(network="conv", layer=0, unit=1, source=5))["back"]
    expected = (x[1:7, 2:8, 0] * d1[..., 1]).sum()
    close([back["gradient"], back["places"]["total"]], [expected] * 2)
    assert back["places"]["element"] == [1, 2, 0]
    for r, c, seen, delta, product in back["places"]["terms"]:
        close([seen, delta], [x[r + 1, c + 2, 0], d1[r, c, 1]])
        close(product, seen * delta)
    second = carry(model, x, 3.0, asking(network="conv", layer=2, unit=0, source=7))["back"]
    close(second["gradient"], (padded[1:, 1:, 1] * d2[..., 0]).sum())

    # a regularizer's part of a gradient, and of the loss
    last = carry(model, x, 3.0, asking(network="conv", layer=4, unit=1, source=2))
    close(last["end"]["penalty"], 0.01 * (w**2).sum())
    close(last["end"]["loss"], -math.log(p[3]))
    close(last["back"]["penalty"], 0.02 * w[2, 1])
    close(last["back"]["gradient"], h2.ravel()[2] * d3[1] + 0.02 * w[2, 1])


def test_a_number_is_learned_by_its_square() -> None:
    narae.utils.set_random_seed(4)
    model = narae.Sequential([narae.Input((2,)), layers.Dense(3, "relu"), layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    w1, b1, w2, b2 = (w.numpy().astype("f8") for w in model.trainable_weights)
    h = np.maximum(POINT @ w1 + b1, 0)
    y = (h @ w2 + b2)[0]
    found = carry(model, POINT, 0.5, asking(layer=1, unit=0, source=1))
    assert found["end"]["loss"] == pytest.approx((y - 0.5) ** 2, rel=1e-5)
    assert found["end"]["p"] == pytest.approx([y], rel=1e-5)
    assert found["end"]["delta"] == pytest.approx([2 * (y - 0.5)], rel=1e-5)
    assert found["back"]["gradient"] == pytest.approx(2 * (y - 0.5) * h[1], rel=1e-5)
    assert carry(model, POINT, None, asking())["end"]["loss"] == 0


@pytest.mark.parametrize(
    "wrong",
    [{"target": 4.0}, {"target": 1.5}, {"layer": 9}, {"unit": 2}, {"source": 9}, {"place": (6, 0)}],
)
def test_what_a_model_has_not_is_said(wrong: dict[str, Any]) -> None:
    target = wrong.pop("target", 0.0)
    asked = asking(network="conv", **{"layer": 0, **wrong})
    with pytest.raises(BadMessage, match=r"expected a class|this (model|layer|unit|map) has"):
        carry(conv_model(), np.zeros((8, 8, 1), "f4"), target, asked)


def test_sessions_carry_test_images_drawings_and_points_through(session: Session) -> None:
    data = digits()
    for network in ("dense", "conv"):
        session.send("sample", network=network, index=7)
        found = session.wait("sample", network=network)
        assert (found["label"], found["target"], found["classes"]) == (data.test_y[7],) * 2 + (10,)
        np.testing.assert_array_equal(numbers(found["input"]), data.test_x[7])
        assert sum(found["end"]["p"]) == pytest.approx(1, abs=1e-5)
    session.send("sample", network="conv", target=3, **drawing(data.test_x[0]))
    assert session.wait("sample")["target"] == 3
    session.send("sample", network="conv", **drawing(np.zeros(784)))
    assert session.wait("sample")["empty"]
    for network, fields in {"mine": {"index": 1}, "plane": {"point": [0.5, 0]}}.items():
        session.send("sample", network=network, **fields)
        assert session.wait("error")["code"] == "no_network"
    session.send("train", task="plane", knobs={"units": [3]}, paused=True)
    session.wait("status", state="paused")
    session.send("sample", network="plane", point=[0.5, -0.25], target=1)
    found = session.wait("sample")
    assert numbers(found["input"]).tolist() == [0.5, -0.25]
    assert (found["label"], found["target"]) == (None, 1)
    session.send("sample", network="plane", index=3)
    assert session.wait("error")["code"] == "bad_message"
    session.send("sample", network="plane", point=[0.5, 0], layer=7)
    assert session.wait("error")["code"] == "bad_message"
    session.send("train", task="digits", knobs={"units": [8], "samples": 100}, paused=True)
    session.wait("status", state="paused", task="digits")
    session.send("sample", network="mine", index=3)
    assert session.wait("sample")["shape"] == [784]
