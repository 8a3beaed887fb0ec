"""Order, scattering, and the Fourier pairs: ties, repeats and edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae.base.errors import DtypeError, ShapeError
from narae.engine.tape import GradientTape
from narae.primitives.records.fourier import fft, ifft, irfft, rfft
from narae.primitives.records.index import add_at, take
from narae.primitives.records.scatter import dynamic_slice, dynamic_update, extreme_at, set_at
from narae.primitives.records.sort import argsort, searchsorted, sort, top_k
from narae.tensor.tensor import tensor_of


def pull(op: Any, inputs: list[Any], ct: Any, **params: Any) -> list[Any]:
    moving = [x for x in inputs if x.dtype.startswith("float")]
    with GradientTape() as tape:
        tape.watch(moving)
        out = op(*inputs, **params)
    return [g.tolist() for g in tape.gradient(out, moving, ct)]


def floats(*values: Any) -> Any:
    return tensor_of(np.asarray(values[0] if len(values) == 1 else values, "float64"))


def ints(*values: Any) -> Any:
    return tensor_of(np.asarray(values, "int32"))


def test_order_is_stable_and_nan_is_last() -> None:
    x = floats(3, np.nan, 1, 3, -np.inf, 1)
    assert argsort(x, axis=0).tolist() == [4, 2, 5, 0, 3, 1]
    np.testing.assert_array_equal(sort(x, axis=0).numpy(), [-np.inf, 1, 1, 3, 3, np.nan])


def test_top_k_takes_the_first_of_equals() -> None:
    values, index = top_k(floats(1, 3, 2, 3, 2), k=4)
    assert (values.tolist(), index.tolist()) == ([3, 3, 2, 2], [1, 3, 2, 4])
    values, index = top_k(tensor_of(np.array([[0, 255, 7]], "uint8")), k=2)
    assert (values.tolist(), index.tolist()) == ([[255, 7]], [[1, 2]])
    with pytest.raises(ShapeError, match="top 4"):
        top_k(floats(1, 2, 3), k=4)


def test_the_gradient_of_sorting_goes_back_to_its_place() -> None:
    assert pull(sort, [floats(3, 1, 1)], floats(10, 20, 30), axis=0) == [[30, 10, 20]]


def test_searching_checks_its_list() -> None:
    assert searchsorted(floats(1, 2, 2, 5), floats(2, 6), side="left").tolist() == [1, 4]
    with pytest.raises(ShapeError, match="rank 1"):
        searchsorted(floats([[1, 2]]), floats(2, 3), side="left")
    with pytest.raises(DtypeError, match="one dtype"):
        searchsorted(ints(1, 2), floats(2, 3), side="left")


def test_of_repeated_writes_the_last_stays_and_has_the_gradient() -> None:
    x, index, updates = floats(1, 2, 3), ints(2, 0, 2), floats(10, 20, 30)
    assert set_at(x, index, updates, axis=0).tolist() == [20, 2, 30]
    ct = floats(5, 6, 7)
    assert pull(set_at, [x, index, updates], ct, axis=0) == [[0, 6, 0], [0, 5, 7]]


def test_the_extreme_of_nothing_is_the_limit() -> None:
    params = {"axis": 0, "shape": (3,)}
    assert extreme_at(ints(0, 0), floats(1, 2), kind="max", **params).tolist() == [
        2,
        *[-np.inf] * 2,
    ]
    limits = extreme_at(ints(0, 0), ints(1, 2), kind="min", **params).tolist()
    assert limits == [1, *[2**31 - 1] * 2]
    tied = pull(extreme_at, [ints(0, 0, 1), floats(2, 2, 1)], floats(6, 5, 4), kind="max", **params)
    assert tied == [[3, 3, 5]]


def test_a_box_is_moved_to_lie_within() -> None:
    x = tensor_of(np.arange(12.0).reshape(3, 4))
    np.testing.assert_array_equal(
        dynamic_slice(x, ints(2, -5), shape=(2, 3)).numpy(), x.numpy()[1:, :3]
    )
    out = dynamic_update(x, ints(9, 9), floats([[-1.0]])).numpy()
    assert out[2, 3] == -1
    assert x.numpy()[2, 3] == 11
    with pytest.raises(ShapeError, match="does not fit"):
        dynamic_slice(x, ints(0, 0), shape=(4, 4))
    with pytest.raises(ShapeError, match="2 starts"):
        dynamic_slice(x, ints(0), shape=(1, 1))


def test_an_index_out_of_range_is_an_error() -> None:
    with pytest.raises(IndexError, match="index 3 is out of range for an axis of length 3"):
        take(floats(1, 2, 3), ints(0, 3), axis=0)
    with pytest.raises(IndexError, match="index -4"):
        set_at(floats(1, 2, 3), ints(-4), floats([0.0]), axis=0)
    with pytest.raises(DtypeError, match="integer indices"):
        take(floats(1, 2, 3), floats(0, 1), axis=0)


def test_adding_sums_repeats() -> None:
    out = add_at(ints(1, 1, -1), floats(1, 2, 4), axis=0, shape=(3,))
    assert out.tolist() == [0, 3, 4]


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9])
def test_real_transforms_equal_numpy_and_come_back(n: int) -> None:
    x = np.random.default_rng(n).normal(size=(2, n))
    real, imag = rfft(tensor_of(x))
    np.testing.assert_allclose(real.numpy() + 1j * imag.numpy(), np.fft.rfft(x), atol=1e-12)
    np.testing.assert_allclose(irfft(real, imag, n).numpy(), x, atol=1e-12)


def test_the_inverse_transform_comes_back() -> None:
    rng = np.random.default_rng(0)
    a, b = tensor_of(rng.normal(size=(3, 4))), tensor_of(rng.normal(size=(3, 4)))
    back = ifft(*fft(a, b, axes=(0, 1), inverse=False), axes=(0, 1))
    np.testing.assert_allclose([t.numpy() for t in back], [a.numpy(), b.numpy()], atol=1e-12)
    with pytest.raises(ShapeError, match="3 frequencies"):
        irfft(a, b, 5)
