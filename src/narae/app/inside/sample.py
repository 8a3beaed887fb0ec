"""One sample's arithmetic for the page: every number of each step, by the model's own tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae import GradientTape, Model, layers, ops
from narae.app.bounds import BadMessage
from narae.app.inside.pictures import floats
from narae.app.inside.requests import Sample
from narae.app.inside.updates import update
from narae.app.inside.walk import Stage, Walk, walk
from narae.app.inside.windows import convolved, gradient_terms, pooled
from narae.app.switches import Switches
from narae.layers.base import Layer

_TERMS = 12  # of a sum, those of the largest size; the others are added up


def carry(model: Model, x: np.ndarray, target: float | None, asked: Sample) -> dict[str, Any]:
    """The message for a sample x, of the shape that the model takes: all layers, the layer in focus, the loss,
    and the way back to one weight and its update. Raises BadMessage for a target or focus that is not there."""
    guess = np.asarray(model.predict_on_batch(x[np.newaxis]))[0]
    classes = len(guess)
    own = float(guess.argmax()) if classes > 1 else float(guess[0])
    target = own if target is None else target
    if classes > 1 and not (target == int(target) and 0 <= target < classes):
        raise BadMessage(f"target: expected a class from 0 to {classes - 1}, got {target:g}")
    done = walk(model, x, target)
    stages = [_stage(stage, i) for i, stage in enumerate(done.stages)]
    place = _focus(done, asked)
    return {
        "type": "sample",
        "network": asked.network,
        "target": target,
        "classes": classes,
        "shape": list(x.shape),
        "input": floats(x),
        "stages": stages,
        "focus": {"layer": place, **_focused(done.stages[place], asked)},
        "end": _end(done, target),
        "back": _back(model, done, place, asked),
    }


def _focus(done: Walk, asked: Sample) -> int:
    """The layer that is looked at: the one asked for, else the first one that has weights."""
    if asked.layer is None:
        return next(i for i, stage in enumerate(done.stages) if stage.weighted)
    if asked.layer >= len(done.stages):
        raise BadMessage(f"layer: this model has {len(done.stages)}, got {asked.layer}")
    return asked.layer


def kind_of(layer: Layer) -> str:
    """What the page has a picture for."""
    kinds = {
        layers.Dense: "dense",
        layers.Conv2D: "conv",
        layers.MaxPooling2D: "pool",
        layers.Flatten: "flatten",
        layers.Dropout: "dropout",
        Switches: "switches",
    }
    return next((name for kind, name in kinds.items() if isinstance(layer, kind)), "other")


def _stage(stage: Stage, number: int) -> dict[str, Any]:
    layer = stage.layer
    found = {
        "kind": kind_of(layer),
        "layer": number,
        "class": type(layer).__name__,
        "shape": list(stage.output.shape),
        "output": floats(stage.output),
    }
    if stage.weighted:
        found |= {"activation": layer.get_config()["activation"], "sums": floats(stage.sums)}
    if isinstance(layer, layers.Conv2D):
        found |= {"window": layer.kernel_size, "strides": layer.strides}
    if isinstance(layer, layers.MaxPooling2D):
        found |= {"window": layer.pool_size, "strides": layer.strides}
    if isinstance(layer, Switches):
        found["off"] = layer.off()
    return found


def _focused(stage: Stage, asked: Sample) -> dict[str, Any]:
    """The numbers of one unit, or of one place of a map."""
    unit = _unit(stage, asked)
    if isinstance(stage.layer, layers.Dense):
        return {"unit": unit, "sum": _sum(stage, unit)}
    if isinstance(stage.layer, layers.Conv2D):
        return {"unit": unit, **convolved(stage, unit, asked.place)}
    if isinstance(stage.layer, layers.MaxPooling2D):
        return {"unit": unit, **pooled(stage, unit, asked.place)}
    return {"unit": unit}


def _unit(stage: Stage, asked: Sample) -> int:
    """The unit asked for, else the one that is the most active."""
    units = stage.output.shape[-1]
    if asked.unit is None:
        return int(stage.output.reshape(-1, units).max(axis=0).argmax())
    if asked.unit >= units:
        raise BadMessage(f"unit: this layer has {units}, got {asked.unit}")
    return asked.unit


def _sum(stage: Stage, unit: int) -> dict[str, Any]:
    """A dense unit: x · w, the largest products first, the bias, the sum, what the activation makes of it."""
    layer = stage.layer
    weights = layer.kernel.numpy()[:, unit]
    return {
        **added(stage.input, weights),
        "bias": 0.0 if layer.bias is None else float(layer.bias.numpy()[unit]),
        "z": float(stage.sums[unit]),
        "output": float(stage.output[unit]),
    }


def added(x: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """The terms of a sum of products: [index, x, w, x w], those that are left, and how many are 0.

    >>> added(np.array([2, 0], "f4"), np.array([3, 9], "f4"))
    {'terms': [[0, 2.0, 3.0, 6.0]], 'others': 0, 'rest': 0.0, 'zeros': 1, 'total': 6.0}
    """
    products = x * weights
    order = np.argsort(-np.abs(products), kind="stable")
    order = order[products[order] != 0]
    first, others = order[:_TERMS], order[_TERMS:]
    return {
        "terms": [
            [int(i), float(x[i]), float(weights[i]), float(products[i])] for i in first.tolist()
        ],
        "others": len(others),
        "rest": float(products[others].sum(dtype=np.float64)),
        "zeros": len(products) - len(order),
        "total": float(products.sum(dtype=np.float64)),
    }


def _end(done: Walk, target: float) -> dict[str, Any]:
    """From the last sums to the loss: z - max, exp, their sum, quotients, -log; or a squared difference."""
    last = done.stages[-1]
    z, p = last.sums.astype(np.float32), last.output
    found: dict[str, Any] = {
        "activation": last.layer.get_config()["activation"],
        "z": z.tolist(),
        "p": p.tolist(),
        "loss": done.loss,
        "penalty": done.penalty,
        "delta": last.delta.tolist(),
    }
    if found["activation"] == "softmax":
        powers = np.asarray(ops.exp(z - z.max()))
        found |= {"max": float(z.max()), "shifted": (z - z.max()).tolist()}
        found |= {"powers": powers.tolist(), "total": float(powers.sum())}
    return found


def _back(model: Model, done: Walk, place: int, asked: Sample) -> dict[str, Any] | None:
    """The gradient of one weight of the layer in focus, how it comes about, and the weight's update."""
    stage = done.stages[place]
    if not stage.weighted:
        return None
    layer, unit = stage.layer, _unit(stage, asked)
    kernel = done.gradients[id(layer.kernel)]
    columns = kernel[..., unit].ravel()
    source = int(np.abs(columns).argmax()) if asked.source is None else asked.source
    if source >= len(columns):
        raise BadMessage(f"source: this unit has {len(columns)} weights, got {source}")
    where = np.unravel_index(source, kernel.shape[:-1])
    where = (*(int(i) for i in where), unit)
    gradient = float(kernel[where])
    found: dict[str, Any] = {"layer": place, "unit": unit, "source": source, "gradient": gradient}
    if isinstance(layer, layers.Dense):
        found |= {"x": float(stage.input[source]), "delta": float(stage.delta[unit])}
        data = found["x"] * found["delta"]
        if place < len(done.stages) - 1:
            found["chain"] = _chain(done, place, unit)
    else:
        terms = gradient_terms(stage, where)
        data = terms["total"]
        found["places"] = terms
    found["penalty"] = gradient - data if done.penalty else 0.0
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_weights)
    step = update(model.optimizer, layer.kernel, where, gradient)
    lines = [{"name": name, "formula": formula} for name, formula in step.lines]
    return found | {
        "update": {"optimizer": step.optimizer, "lines": lines, "numbers": step.numbers}
    }


def _chain(done: Walk, place: int, unit: int) -> dict[str, Any]:
    """How a hidden unit's delta comes of those of the next dense layer: the sum of w δ, times the slope of the
    activation; the factors of what lies between (0 of a unit that is off) are in the sum."""
    stage = done.stages[place]
    following = next(s for s in done.stages[place + 1 :] if s.weighted)
    found: dict[str, Any] = {"upstream": float(stage.upstream[unit])}
    found["slope"] = _slope(stage, unit)
    found["delta"] = float(stage.delta[unit])
    if isinstance(following.layer, layers.Dense):
        found["sum"] = added(following.delta, following.layer.kernel.numpy()[unit])
    return found


def _slope(stage: Stage, unit: int) -> float:
    """The derivative of the activation at the unit's sum."""
    if stage.layer.activation is None:
        return 1.0
    z = ops.convert_to_tensor(stage.sums[np.newaxis])
    with GradientTape() as tape:
        tape.watch(z)
        out = stage.layer.activation(z)[:, unit]
    return float(np.asarray(tape.gradient(out, z))[0, unit])
