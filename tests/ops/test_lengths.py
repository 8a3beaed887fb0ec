"""Unknown lengths: what two traces tell, what errors teach, and that no number that stands in is seen."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import narae
from narae import ops
from narae.layers.calling import shapes_of
from narae.tensor.lengths import Unknown
from narae.tensor.symbolic import infer

K = narae.KerasTensor


def _shape(function: Any, *symbols: Any) -> Any:
    return infer(function, symbols, {}).shape


@pytest.mark.parametrize(
    ("function", "shapes", "gives"),
    [
        # never known where another length gives another one
        (lambda x: x[:, :3], [(2, None)], (2, None)),
        (lambda x: x[:, :100], [(2, None)], (2, None)),
        (lambda x: x[:, ::1000], [(2, None)], (2, None)),
        (lambda x, y: ops.ones((max(0, x.shape[0] - y.shape[0]),)), [(None,), (None,)], (None,)),
        (lambda x, y: ops.ones((min(x.shape[0], y.shape[0]),)), [(None,), (None,)], (None,)),
        # known where it must be: from another argument, through a product, by what divides it
        (lambda x, y: x + y, [(None, 3), (2, None)], (2, 3)),
        (lambda x, y: ops.ravel(x) + y, [(None, 4), (12,)], (12,)),
        (lambda x, y: x + y, [(None, 3), (None, 3)], (None, 3)),
        (lambda x, y, z: x + y + z, [(None,), (None,), (7,)], (7,)),
        (lambda x: ops.reshape(x, (-1, 10)), [(None, 4)], (None, 10)),
        (lambda x: x[:, 500], [(2, None)], (2,)),
        # a length beside a length that stands in for one
        (lambda x, y: x + y, [(None, 83), (2, None)], (2, 83)),
        (lambda x, y: x + y, [(None,), (1201,)], (1201,)),
    ],
)
def test_lengths(function: Any, shapes: Any, gives: Any) -> None:
    assert _shape(function, *map(K, shapes)) == gives


def test_two_unknown_lengths_are_two() -> None:
    pairs = infer(lambda x: (ops.transpose(x), ops.ravel(x)), (K((None, None)),), {})
    assert [t.shape for t in pairs] == [(None, None), (None,)]
    assert ops.matmul(K((None, 5)), K((5, None))).shape == (None, None)
    assert ops.outer(K((None,)), K((None,))).shape == (None, None)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.add(K((None, None, 3)), K((None, 4))),
        lambda: ops.reshape(K((None, 4)), (-1, 0)),
        lambda: ops.matmul(K((None, None, 3)), K((None, 4, 5))),
        lambda: ops.top_k(K((3, None, 2)), 5),
        lambda: ops.einsum("ij,jk->ik", K((None, 3)), K((4, None))),
        lambda: ops.conv(K((None, None, 3)), K((3, 4, None))),
    ],
)
def test_no_number_that_stands_in_is_said(call: Any) -> None:
    with pytest.raises(ValueError) as found:
        call()
    assert "None" in str(found.value)
    assert not re.search(r"\d{2,}", str(found.value))


def test_a_layer_that_is_built_within_a_trace_sees_none() -> None:
    seen = []
    infer(lambda x: seen.append(shapes_of(x)) or x, (K((None, 3)),), {})
    assert set(seen) == {(None, 3)}


def test_what_stands_in_is_a_number_of_no_dtype() -> None:
    assert infer(lambda x: x * x.shape[0], (K((None,), "float16"),), {}).dtype == "float16"
    assert (repr(Unknown(5) * 2 + 1), Unknown(5) * 2 + 1) == ("None", 11)


def test_data_dependent_lengths_in_a_model() -> None:
    x = narae.Input(batch_shape=(None, 2))
    model = narae.Model(x, ops.nonzero(x))
    assert [t.shape for t in model.outputs] == [(None,), (None,)]
    rows, columns = model(np.array([[0, 2], [3, 0]], "float32"))
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [1, 0])
