"""Activations: every name, on ordinary numbers and at the edges of its pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.grid.grid import Case, shown

_X = np.array([[-7, -2, -1, -0.5, 0], [0.5, 1, 2, 5, 7]], "float32")

_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "celu": [{"alpha": 0.5}],
    "elu": [{"alpha": 0.5}],
    "gelu": [{"approximate": True}],
    "glu": [{"axis": 0}],
    "hard_shrink": [{"threshold": 1.0}],
    "leaky_relu": [{"negative_slope": 0.3}],
    "log_softmax": [{"axis": 0}],
    "relu": [{"negative_slope": 0.1}, {"max_value": 1.0}, {"threshold": 1.0}, {"threshold": 5.0}],
    "soft_shrink": [{"threshold": 1.0}],
    "softmax": [{"axis": 0}],
    "sparsemax": [{"axis": 0}],
    "squareplus": [{"b": 2}],
}
_PLAIN = [
    *("celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu"),
    *("hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish"),
    *("relu", "relu6", "selu", "sigmoid", "silu", "swish", "soft_shrink", "softmax"),
    *("softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus"),
    *("tanh", "tanh_shrink"),
]


def _case(name: str, options: dict[str, Any]) -> Case:
    x = _X[:, :4] if name == "glu" else _X
    return Case(
        f"activations.{name}({shown(options)})",
        lambda k: getattr(k.activations, name)(k.ops.convert_to_tensor(x), **options),
    )


CASES = [
    *(_case(name, {}) for name in _PLAIN),
    *(_case(name, options) for name, rows in _OPTIONS.items() for options in rows),
    *(
        Case(f"activations.get({name!r})", lambda k, name=name: k.activations.get(name))
        for name in [*_PLAIN, None, "nothing"]
    ),
]
