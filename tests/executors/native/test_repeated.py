"""Operands whose numbers lie in memory once and count many times: broadcast, or constants of one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import ops
from narae.engine import config

Make = Callable[[tuple[int, ...]], Any]

MAKES: dict[str, Make] = {
    "one number": lambda shape: ops.multiply(ops.ones(shape), 2.0),
    "a constant": ops.ones,
    "by rows": lambda shape: ops.broadcast_to(np.arange(1, shape[-1] + 1, dtype="float32"), shape),
    "by columns": lambda shape: ops.broadcast_to(
        np.arange(1, shape[-2] + 1, dtype="float32")[:, None], shape
    ),
}
USES: dict[str, Callable[[Make, Any], Any]] = {
    "right": lambda make, x: ops.matmul(x, make((6, 5))),
    "left": lambda make, x: ops.matmul(make((5, 7)), x),
    "one row": lambda make, x: ops.matmul(x[:1], make((6, 5))),
    "one column": lambda make, x: ops.matmul(x, make((6, 1))),
    "both": lambda make, x: ops.matmul(make((4, 3)), make((3, 9))) + x[0, 0],
    "batches": lambda make, x: ops.einsum("ij,bjk->bik", x, make((2, 6, 5))),
    "summed": lambda make, x: ops.tensordot(x, make((7, 6)), 2),
    "conv1d": lambda make, x: ops.conv(x[None], make((3, 6, 4)), padding="same"),
    "conv1d of it": lambda make, x: ops.conv(
        make((1, 7, 6)), ops.transpose(x[None, :4, :6], (0, 2, 1))
    ),
    "conv2d": lambda make, x: ops.conv(x[None, :, :, None], make((2, 2, 1, 9))),
    "depthwise": lambda make, x: ops.depthwise_conv(x[None, :, :, None], make((2, 2, 1, 3))),
    "transposed": lambda make, x: ops.conv_transpose(x[None], make((3, 4, 6)), strides=2),
    "reduced": lambda make, x: ops.sum(make((7, 6)) * x, axis=0) + ops.max(make((9, 6)), axis=0),
    "gathered": lambda make, x: ops.take(make((9, 6)), np.array([1, 8]), axis=0) * x[:2],
    "softmax": lambda make, x: ops.softmax(make((7, 6)) * x[:, :1]),
}


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("use", USES)
def test_it_is_what_numpy_gives(use: str, make: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(7, 6)).astype("float32")
    found = []
    for executor in ("numpy", "native"):
        monkeypatch.setattr(config, "_chosen", [executor])
        found.append(narae.jit(lambda x: USES[use](MAKES[make], x))(x).numpy())
    # sums of up to 42 products of x and whole numbers up to 9
    tolerance = 42 * 9 * np.abs(x).max() * 2.0**-23
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=tolerance)
