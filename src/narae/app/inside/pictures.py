"""Pictures of a network's units and edges, for its diagram; and one unit whole."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from narae import layers, ops
from narae.app.inside.edits import Hand, bias_of
from narae.app.inside.requests import Look
from narae.app.messages import packed
from narae.app.networks import Network
from narae.app.planes import grid
from narae.app.tasks import Task
from narae.base.types import TensorLike

_LARGE = 60  # cells on a side of the map of the unit that is looked at
_SEEN, _BEST = 500, 8  # validation images that units are judged by; those a unit answers to most
_MANY = 100  # units beyond which maps are coarser


def floats(values: TensorLike) -> str:
    """Numbers as float32 in base64, exactly.

    >>> floats([1.0])
    'AACAPw=='
    """
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def inside(network: Network, data: Task, look: Look, hand: Hand) -> dict[str, Any]:
    """What `look` asks for: {"network": ..., "unit": ...}, each where it is wanted."""
    found: dict[str, Any] = {"hand": hand.state()}
    if look.open:
        found["network"] = diagram(network, data, look.most, hand)
    dense = _dense(network)
    if look.unit is not None and look.unit[0] < len(dense):
        layer, unit = look.unit
        if unit < dense[layer].kernel.shape[1]:
            found["unit"] = whole(network, data, layer, unit, hand)
    return found


def diagram(network: Network, data: Task, most: int, hand: Hand) -> dict[str, Any]:
    """Layers from the inputs to the outputs, up to `most` units of each hidden one with a picture, and the weights
    between those (none from the 784 pixels: they are the pictures of the first layer)."""
    dense = _dense(network)
    shown = [min(most, layer.kernel.shape[1]) for layer in dense[:-1]]
    shown.append(dense[-1].kernel.shape[1])
    inputs = dense[0].kernel.shape[0]
    seen = _pictures(network, data, shown)
    off = hand.off()
    rows: list[dict[str, Any]] = [{"of": inputs, **_inputs(network, data, seen["side"])}]
    for i, layer in enumerate(dense):
        last = i == len(dense) - 1
        rows.append(
            {
                "of": layer.kernel.shape[1],
                "count": shown[i],
                "activation": _activation(layer),
                "off": [] if last else [u for u in off[i] if u < shown[i]],
                "hidden_off": 0 if last else sum(u >= shown[i] for u in off[i]),
                **seen["layers"][i],
            }
        )
    kernels = [layer.kernel.numpy() for layer in dense]
    before = [0 if _of_digits(data) else inputs, *shown]
    edges = [floats(k[:a, :b]) for k, a, b in zip(kernels, before, shown, strict=False)]
    return {"layers": rows, "edges": edges}


def whole(network: Network, data: Task, layer: int, unit: int, hand: Hand) -> dict[str, Any]:
    """One unit: its bias, all weights into it and out of it, and what it answers to."""
    dense = _dense(network)
    last = layer == len(dense) - 1
    kernel = dense[layer].kernel.numpy()
    found = {
        "layer": layer,
        "unit": unit,
        "output": last,
        "before_output": layer == len(dense) - 2,
        "activation": _activation(dense[layer]),
        "off": not last and unit in hand.off()[layer],
        "edited": hand.edited(layer, unit),
        "bias": float(bias_of(dense[layer]).numpy()[unit]),
        "into": floats(kernel[:, unit]),
        "out": None if last else floats(dense[layer + 1].kernel.numpy()[unit]),
    }
    if not _of_digits(data):
        values = _answers(network, network.inputs(grid(_LARGE)), layer, unit)
        low, high = float(values.min()), float(values.max())
        return found | {"map": _maps(values, _LARGE), "low": low, "high": high}
    x, y = data.validation_x[:_SEEN], data.validation_y[:_SEEN]
    values = _answers(network, x, layer, unit)
    best = np.argsort(-values, kind="stable")[:_BEST]
    return found | {
        "means": _means(values[:, None], y)[0].tolist(),
        "best": [
            {"image": packed(x[i]), "label": int(y[i]), "value": float(values[i])} for i in best
        ],
        "low": float(values.min()),
        "high": float(values.max()),
    }


def _pictures(network: Network, data: Task, shown: list[int]) -> dict[str, Any]:
    """A picture of each unit: its map over the plane; of digits its weights, and from the second layer on the
    mean of what it gives for each of the ten."""
    if not _of_digits(data):
        side = 20 if sum(shown) <= _MANY else 12
        outputs = _outputs(network, network.inputs(grid(side)))
        return {"side": side, "layers": [_maps(o[:, :n].T, side) for o, n in zip(outputs, shown)]}
    weights = network.first_weights()[: shown[0]]
    outputs = _outputs(network, data.validation_x[:_SEEN])[1:]
    y = data.validation_y[:_SEEN]
    rows = [_signed(weights) | {"kind": "weights", "side": 28}]
    for values, count in zip(outputs, shown[1:], strict=True):
        rows.append(_signed(_means(values[:, :count], y)) | {"kind": "means"})
    return {"side": 28, "layers": rows}


def _inputs(network: Network, data: Task, side: int) -> dict[str, Any]:
    if _of_digits(data):
        return {"kind": "image", "count": 0}
    maps = network.inputs(grid(side)).T
    return {"count": len(maps), "names": network.features, **_maps(maps, side)}


def _maps(values: np.ndarray, side: int) -> dict[str, Any]:
    return _signed(values) | {"kind": "map", "side": side}


def _signed(values: np.ndarray) -> dict[str, Any]:
    """Bytes around 128 for 0, which a unit may give everywhere."""
    largest = max(float(np.abs(values).max(initial=0)), 1e-9)
    return {"values": packed(values, -largest, largest), "largest": largest}


def _means(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n, units), (n,) -> (units, 10): the mean of each unit over the images of each digit."""
    return np.stack([values[labels == digit].mean(axis=0) for digit in range(10)], axis=1)


def _outputs(network: Network, x: np.ndarray) -> list[np.ndarray]:
    """The outputs of all layers with weights."""
    found = network.view.predict_on_batch(x)
    return [np.asarray(out) for out in (found if isinstance(found, list) else [found])]


def _answers(network: Network, x: np.ndarray, layer: int, unit: int) -> np.ndarray:
    """What a unit gives for each row of x, when it is switched off too."""
    own = _dense(network)[layer]
    if layer > 0:
        return np.asarray(own(_outputs(network, x)[layer - 1]))[:, unit]
    value = ops.convert_to_tensor(x)
    for before in network.model.layers[1 : network.model.layers.index(own)]:
        value = before(value)  # inputs may be scaled within the network
    return np.asarray(own(value))[:, unit]


def _dense(network: Network) -> list[layers.Dense]:
    return [layer for layer in network.model.layers if isinstance(layer, layers.Dense)]


def _activation(layer: layers.Dense) -> str:
    return layer.get_config()["activation"]


def _of_digits(data: Task) -> bool:
    return data.x.shape[1] == 784
