"""Normalization learns the same from the same numbers, in whatever form and parts they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import narae

DATA = (np.arange(96) * 37 % 101 / 25).astype("float32").reshape(8, 3, 4)
PARTS = [DATA[:3], DATA[3:6], DATA[6:]]


class Numbered(narae.utils.PyDataset):
    """Batches of x and targets, by number; their length is all that ends them."""

    def __len__(self) -> int:
        return len(PARTS)

    def __getitem__(self, i: int) -> Any:
        return PARTS[i % len(PARTS)], np.zeros(len(PARTS[i % len(PARTS)]))


def generated() -> Iterator[np.ndarray]:
    yield from PARTS


FORMS: dict[str, Callable[[], Any]] = {
    "tensor": lambda: narae.ops.convert_to_tensor(DATA),
    "list": lambda: PARTS,
    "tuple": lambda: tuple(PARTS),
    "one batch": lambda: [DATA],
    "generator": generated,
    "with targets": lambda: [(x, np.zeros(len(x))) for x in PARTS],
    "with weights": lambda: ((x, np.zeros(len(x)), np.ones(len(x))) for x in PARTS),
    "tensors": lambda: [narae.ops.convert_to_tensor(x) for x in PARTS],
    "dataset": Numbered,
    "an empty batch among them": lambda: [DATA[:0], *PARTS],
}


@pytest.mark.parametrize("axis", [-1, None, 1, (1, 2), [2, 1]])
@pytest.mark.parametrize("form", FORMS)
def test_parts_teach_what_the_whole_does(form: str, axis: Any) -> None:
    layer = narae.layers.Normalization(axis=axis)
    layer.adapt(FORMS[form]())
    kept = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    over = tuple(a for a in range(3) if a not in {k % 3 for k in kept})
    # the mean of n numbers below 4 in float64, rounded to float32 once
    bound = {"rtol": 4 * np.finfo("float32").eps, "atol": 4 * np.finfo("float32").eps}
    wide = DATA.astype("float64")
    np.testing.assert_allclose(layer.mean, wide.mean(over, keepdims=True), **bound)
    np.testing.assert_allclose(layer.variance, wide.var(over, keepdims=True), **bound)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ([], ValueError),
        ([DATA[:0]], ValueError),
        ([[]], TypeError),
        ([[1.0, 2.0]], TypeError),
        ({"x": DATA}, TypeError),
        (3, TypeError),
        ("ab", TypeError),
        ([DATA, DATA[..., :2]], ValueError),
        ([DATA, DATA[0]], ValueError),
    ],
)
def test_what_holds_no_batches_is_refused(data: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="Normalization"):
        narae.layers.Normalization().adapt(data)


def test_a_dataset_without_end_is_refused() -> None:
    class Endless(narae.utils.PyDataset):
        def __getitem__(self, i: int) -> Any:
            return DATA

    with pytest.raises(ValueError, match="without end"):
        narae.layers.Normalization().adapt(Endless())


def test_adapting_again_begins_anew_and_a_model_sees_it() -> None:
    layer = narae.layers.Normalization()
    model = narae.Sequential([narae.Input((3, 4)), layer])
    for data in (DATA, DATA * 5 + 2):
        layer.adapt(data)
        out = model.predict(data, verbose=0)
        np.testing.assert_allclose(out.mean((0, 1)), np.zeros(4), atol=1e-5)
        np.testing.assert_allclose(out.std((0, 1)), np.ones(4), atol=1e-5)
