"""Convolution and pooling against XLA's, in values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae.base.errors import DtypeError, ShapeError
from narae.engine.tape import GradientTape
from narae.primitives.records.conv import conv
from narae.primitives.records.window import fold_windows, reduce_window, windows
from narae.tensor.tensor import Tensor, tensor_of

# spatial lengths, window, channels, filters, and what differs from the plain convolution
CONVS: list[tuple[Any, ...]] = [
    ((7,), (3,), 2, 4, {}),
    ((8, 7), (3, 2), 4, 6, {"strides": (2, 3), "padding": ((1, 2), (0, 1)), "groups": 2}),
    ((7, 6), (3, 2), 5, 3, {"strides": (2, 1), "rhs_dilation": (1, 2)}),  # many channels
    ((6, 6), (3, 3), 3, 3, {"padding": ((1, 1), (1, 1)), "groups": 3}),  # depthwise
    ((6, 6), (3, 3), 3, 6, {"padding": ((1, 1), (1, 1)), "groups": 3}),  # with a multiplier
    ((5, 4), (3, 3), 2, 3, {"lhs_dilation": (2, 3), "padding": ((2, 2), (1, 3))}),  # transposed
    ((9, 8), (3, 2), 2, 2, {"rhs_dilation": (2, 3), "strides": (1, 2)}),
    ((5, 6), (2, 2), 1, 2, {"padding": ((-1, 2), (3, -2))}),
    ((3, 4, 5), (2, 2, 3), 2, 4, {"strides": (1, 2, 1), "padding": ((1, 0),) * 3}),
]


def full_params(rank: int, changed: dict[str, Any]) -> dict[str, Any]:
    ones = (1,) * rank
    return {
        "strides": ones,
        "padding": ((0, 0),) * rank,
        "lhs_dilation": ones,
        "rhs_dilation": ones,
        "groups": 1,
        **changed,
    }


def pull(op: Any, arrays: list[np.ndarray], params: Any, ct: np.ndarray) -> list[np.ndarray]:
    inputs = [tensor_of(a) for a in arrays]
    with GradientTape() as tape:
        tape.watch(inputs)
        out = op(*inputs, **params)
    return [g.numpy() for g in tape.gradient(out, inputs, ct)]


@pytest.mark.oracle
@pytest.mark.parametrize(("space", "window", "channels", "filters", "changed"), CONVS)
def test_conv_equals_xla(
    space: Any, window: Any, channels: int, filters: int, changed: dict[str, Any]
) -> None:
    jax = pytest.importorskip("jax")
    rng = np.random.default_rng(0)
    params = full_params(len(space), changed)
    x = rng.normal(size=(2, *space, channels)).astype("float32")
    w = rng.normal(size=(*window, channels // params["groups"], filters)).astype("float32")
    letters = "DHW"[-len(space) :]
    layout = (f"N{letters}C", f"{letters}IO", f"N{letters}C")

    def theirs(x: Any, w: Any) -> Any:
        return jax.lax.conv_general_dilated(
            x,
            w,
            params["strides"],
            params["padding"],
            params["lhs_dilation"],
            params["rhs_dilation"],
            dimension_numbers=layout,
            feature_group_count=params["groups"],
            precision="highest",
        )

    wanted, backward = jax.vjp(theirs, x, w)
    got = conv(tensor_of(x), tensor_of(w), **params)
    np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-4, atol=1e-5)
    ct = rng.normal(size=wanted.shape).astype("float32")
    for a, b in zip(pull(conv, [x, w], params, ct), backward(ct), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


POOLS: list[tuple[Any, ...]] = [
    ((2, 6, 6, 3), (1, 2), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
    ((2, 7, 5, 2), (1, 2), (3, 2), (2, 1), ((1, 1), (0, 1)), (1, 1)),
    ((2, 3, 9), (2,), (4,), (3,), ((2, 1),), (2,)),
    ((5,), (0,), (7,), (1,), ((3, 3),), (1,)),
]


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["sum", "max", "min"])
@pytest.mark.parametrize(("shape", "axes", "window", "strides", "padding", "dilation"), POOLS)
def test_pooling_equals_xla_ties_included(
    kind: str, shape: Any, axes: Any, window: Any, strides: Any, padding: Any, dilation: Any
) -> None:
    jax = pytest.importorskip("jax")
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, shape).astype("float32")  # few values: many ties

    def spread(values: Any, other: Any) -> list[Any]:
        out = [other] * len(shape)
        for a, v in zip(axes, values, strict=True):
            out[a] = v
        return out

    init, combine = {
        "sum": (0.0, jax.lax.add),
        "max": (-np.inf, jax.lax.max),
        "min": (np.inf, jax.lax.min),
    }[kind]

    def theirs(x: Any) -> Any:
        return jax.lax.reduce_window(
            x,
            init,
            combine,
            spread(window, 1),
            spread(strides, 1),
            spread(padding, (0, 0)),
            window_dilation=spread(dilation, 1),
        )

    params = {
        "kind": kind,
        "axes": axes,
        "window": window,
        "strides": strides,
        "padding": padding,
        "dilation": dilation,
    }
    np.testing.assert_allclose(reduce_window(tensor_of(x), **params).numpy(), theirs(x), rtol=1e-6)
    if kind != "sum" and any(d != 1 for d in dilation):
        return  # XLA has no gradient of a dilated max: the generated tests check ours
    wanted, backward = jax.vjp(theirs, x)
    ct = rng.normal(size=wanted.shape).astype("float32")
    (got,) = pull(reduce_window, [x], params, ct)
    np.testing.assert_allclose(got, backward(ct)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("window", "stride", "dilation"), [(3, 1, 1), (9, 2, 1), (2, 3, 4)])
def test_folding_is_the_transpose_of_windows(window: int, stride: int, dilation: int) -> None:
    """<windows(x), y> = <x, fold(y)>, whichever of window and count is the longer."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 17, 3))
    params: dict[str, Any] = {
        "axes": (1,),
        "window": (window,),
        "strides": (stride,),
        "dilation": (dilation,),
    }
    seen: Tensor = windows(tensor_of(x), **params)
    y = rng.normal(size=seen.shape)
    back: Tensor = fold_windows(tensor_of(y), shape=x.shape, **params)
    np.testing.assert_allclose((seen.numpy() * y).sum(), (x * back.numpy()).sum())
    for o in range(seen.shape[1]):
        part = x[:, o * stride : o * stride + (window - 1) * dilation + 1 : dilation]
        np.testing.assert_array_equal(seen.numpy()[:, o], np.moveaxis(part, 1, -1))


def test_pooling_keeps_nan_and_integers() -> None:
    plain: dict[str, Any] = {
        "axes": (0,),
        "window": (2,),
        "strides": (2,),
        "padding": ((1, 1),),
        "dilation": (1,),
    }
    x = tensor_of(np.array([1.0, np.nan, 3.0, 4.0]))
    np.testing.assert_array_equal(reduce_window(x, kind="max", **plain).numpy(), [1, np.nan, 4])
    x = tensor_of(np.array([-5, -7, -9, -8], "int8"))
    assert reduce_window(x, kind="max", **plain).tolist() == [-5, -7, -8]
    assert reduce_window(x, kind="min", **plain).tolist() == [-5, -9, -8]


@pytest.mark.parametrize(
    ("x", "w", "changed", "error", "says"),
    [
        ((1, 5, 3), (2, 2, 4), {}, ShapeError, "3 channels"),
        ((1, 5, 4), (2, 2, 3), {"groups": 2}, ShapeError, "2 group"),
        ((1, 5, 5, 4), (2, 4, 3), {}, ShapeError, "equal rank"),
    ],
)
def test_conv_says_what_does_not_fit(x: Any, w: Any, changed: Any, error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        conv(tensor_of(np.zeros(x)), tensor_of(np.zeros(w)), **full_params(1, changed))


def test_conv_takes_one_dtype() -> None:
    x, w = tensor_of(np.zeros((1, 5, 3))), tensor_of(np.zeros((2, 3, 4), "float32"))
    with pytest.raises(DtypeError, match="float64 and float32"):
        conv(x, w, **full_params(1, {}))
