"""Which network and which sample a `sample` message means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae import Model
from narae.app.digits import digits
from narae.app.drawing import seen_by_network
from narae.app.features import features_of
from narae.app.inside.requests import Sample
from narae.app.inside.sample import carry


def carried(model: Model, asked: Sample, features: Sequence[str] = ("x", "y")) -> dict[str, Any]:
    """The message for the sample that is asked for, carried through a model. Of a test image the target is
    its label where none is given. features: what the network is given of a point. Raises BadMessage."""
    x, label = _sample(asked)
    if asked.point is not None and x is not None:
        x = features_of(x[np.newaxis], features)[0]
    if x is None:
        return {"type": "sample", "network": asked.network, "empty": True}
    shape = tuple(int(n or 0) for n in model.inputs[0].shape[1:])
    target = label if asked.target is None else asked.target
    return {**carry(model, x.reshape(shape), target, asked), "label": label, "empty": False}


def _sample(asked: Sample) -> tuple[np.ndarray | None, float | None]:
    """The sample, None for an empty drawing, and its label where that is known."""
    if asked.point is not None:
        return np.array(asked.point, np.float32), None
    if asked.image is not None:
        return seen_by_network(asked.image), None
    data, index = digits(), asked.index or 0
    return data.test_x[index], float(data.test_y[index])
