"""Public operations on numbers: every one, its options one by one and in pairs, ranks, edges, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.grid.kinds import cases, each, over

_rng = np.random.default_rng(0)


def _f(*shape: int) -> Any:
    return _rng.normal(size=shape).astype("float32")


_X, _EDGE = _f(3, 4), np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-30, 3e38, -1.0], "float32")
_W = _rng.integers(-5, 6, (3, 4)).astype("int32")
_T = _rng.integers(0, 2, (3, 4)).astype(bool)
INPUTS: dict[str, Any] = {
    "x": _X,
    "y": _f(3, 4),
    "p": _rng.uniform(0.5, 2, (3, 4)).astype("float32"),
    "u": _rng.uniform(-0.9, 0.9, (3, 4)).astype("float32"),
    "w": _W,
    "n": np.abs(_W) + 1,
    "c": np.abs(_W),
    "u8": np.abs(_W).astype("uint8"),
    "t": _T,
    "h": _X.astype("float16"),
    "holes": np.where(_T, _X, np.nan).astype("float32"),
    "list": [[1.0, 2.0], [3.0, -4.0]],
    "tuple": ((1, 2), (3, -4)),
    "edge": _EDGE,
    "edge2": _EDGE[::-1].copy(),
    "ends": np.array([2**31 - 1, -(2**31), 0, -1, 1, 7], "int32"),
    "ends2": np.array([-1, -1, 3, 2**31 - 1, -(2**31), 2], "int32"),
    "v": _f(4),
    "v3": _f(3),
    "wv": np.array([3, 0, -2, 5], "int32"),
    "tv": np.array([True, False, True, True]),
    "cube": _f(2, 3, 4),
    "one": _f(2, 1, 3),
    "s": np.float32(0.7),
    "empty": np.zeros((0, 4), "float32"),
    "four": _f(2, 3, 4, 2),
    "five": _f(1, 2, 3, 2, 2),
    "m": _f(3, 3),
    "ms": _f(2, 3, 3),
    "ids": np.array([0, 2, 1], "int32"),
    "ids2": np.array([[0, 3], [2, -1]], "int32"),
    "far": np.array([0, 7, -9], "int32"),
    "sorted": np.array([-1.0, 0.0, 0.5, 2.0], "float32"),
    "v6": _f(6),
    "f46": _f(1, 4, 6),
    "f44": _f(1, 4, 4),
    "a23": _f(2, 3),
    "b23": _f(2, 3),
    "a22": _f(2, 2),
    "zero22": np.zeros((2, 2), "float32"),
}

_UNARY = (
    "abs absolute angle arccos arccosh arcsin arcsinh arctan arctanh bitwise_invert bitwise_not cbrt ceil celu conj "
    "conjugate cos cosh deg2rad elu erf erfc erfinv exp exp2 expm1 fabs floor gelu glu hard_shrink hard_sigmoid "
    "hard_silu hard_swish hard_tanh i0 imag isfinite isinf isnan isneginf isposinf isreal leaky_relu log log10 "
    "log1p log2 log_sigmoid log_softmax logical_not nan_to_num negative rad2deg real reciprocal relu relu6 "
    "round rsqrt selu sigmoid sign signbit silu sin sinc sinh soft_shrink softmax softplus softsign sparse_plus "
    "sparse_sigmoid sparsemax sqrt square squareplus swish tan tanh tanh_shrink trunc"
)
_BINARY = (
    "add subtract multiply divide true_divide divide_no_nan floor_divide mod fmod power maximum minimum fmax fmin "
    "arctan2 hypot logaddexp logaddexp2 heaviside nextafter equal not_equal less less_equal greater greater_equal "
    "logical_and logical_or logical_xor isclose"
)
_BITS = "bitwise_and bitwise_or bitwise_xor left_shift right_shift bitwise_left_shift bitwise_right_shift"
ELEMENTWISE = [
    *each(_UNARY, ("$x",), ("$w",), ("$t",), ("$list",)),
    *each(
        _UNARY.replace("glu ", "").replace("sparsemax", "").replace(" log_softmax", ""), ("$edge",)
    ),
    *each("arccosh arcsin arccos arctanh erfinv log sqrt rsqrt reciprocal log1p", ("$p",), ("$u",)),
    *each(_BINARY, ("$x", "$y"), ("$w", "$n"), ("$x", 2), ("$w", 2.5), ("$edge", "$edge2")),
    *each(
        _BINARY, ("$n", "$v"), (2, "$n"), ("$t", "$t"), ("$tuple", "$list"), (3, 2), ("$x", "$v3")
    ),
    *each(
        "add multiply floor_divide mod equal less", ("$cube", "$x"), ("$s", "$v"), ("$empty", "$v")
    ),
    *each(f"{_BITS} gcd lcm", ("$c", "$n"), ("$u8", 2), ("$c", "$t"), ("$wv", 1), ("$x", 1)),
    *each(
        "bitwise_and bitwise_or bitwise_xor floor_divide mod fmod add multiply", ("$ends", "$ends2")
    ),
    *each("ldexp", ("$x", "$w"), ("$w", 2), ("$x", 3)),
    *each("celu elu", ("$x",), alpha=0.5),
    *each("leaky_relu", ("$x",), negative_slope=0.3),
    *each("hard_shrink soft_shrink", ("$x",), threshold=1.0),
    *each("gelu", ("$x",), approximate=False),
    *each("squareplus", ("$x",), b=2),
    *over("glu sparsemax", ("$cube",), axis=[0, -1, 5]),
    *over("softmax log_softmax", ("$cube",), axis=[0, 1, -1, (0, 2), None, 3]),
    *over("softmax log_softmax", ("$empty",), axis=[0, 1, None]),
    *each("threshold", ("$x", 0.1, -2.0), ("$w", 1, 0), ("$x", 5, 5)),
    *over("nan_to_num", ("$edge",), nan=[0.0, 2.0], posinf=[None, 9.0], neginf=[None, -9.0]),
    *over("round", ("$x",), decimals=[0, 1, 2, -1]),
    *each("round", ("$w",), decimals=-1),
    *each(
        "clip", ("$x", -0.5, 0.5), ("$w", -1, 2), ("$w", 0.5, 2.5), ("$x", "$v", 1), ("$t", 0, 1)
    ),
    *each("clip", ("$x", None, 0.5), ("$x", 1, -1), ("$x", -1, None)),
    *over("isclose allclose", ("$x", "$y"), rtol=[1e-5, 2.0], atol=[1e-8, 1.0]),
    *over("isclose allclose", ("$edge", "$edge"), equal_nan=[True, False]),
    *each(
        "where",
        ("$t", "$x", "$y"),
        ("$t", "$x", 1),
        ("$t", 1, 2.5),
        ("$x", "$w", 0),
        ("$tv", "$x", "$y"),
    ),
    *each("where", ("$t",), ("$t", "$x"), ("$t", "$x", "$v3")),
    *each("select", (["$t", "$t"], ["$x", "$y"]), (["$t"], ["$w"], 7), (["$t"], ["$x", "$y"])),
    *over("cast saturate_cast", ("$x",), dtype=["int32", "uint8", "bool", "float16", "bfloat16"]),
    *over("saturate_cast", ("$edge",), dtype=["int8", "uint8", "float16", "int32"]),
    *over("saturate_cast", ("$ends",), dtype=["int8", "uint8", "float16", "uint32", "bool"]),
    *over("cast", ("$t",), dtype=["int32", "float32", int, float, bool]),
    *each("cast", ("$x", "nothing"), ("$x", None)),
    *over("convert_to_tensor", ("$list",), dtype=[None, "int32", "float16", "bool", "nothing"]),
    *each(
        "convert_to_tensor",
        (3,),
        (2.5,),
        (True,),
        ("$t",),
        ([1, 2.5],),
        ([True, 2],),
        ([],),
        (None,),
    ),
    *each("convert_to_tensor", ([[1, 2], [3]],), ("$h",), ("$s",), ([np.float32(1), 2],)),
    *each("isin", ("$w", "$wv"), ("$x", "$v"), ("$w", 3)),
    *over("isin", ("$w", "$wv"), assume_unique=[True, False], invert=[True, False]),
    *each(
        "view",
        ("$x", "int32"),
        ("$x", "uint8"),
        ("$w", "float16"),
        ("$t", "int8"),
        ("$u8", "int32"),
    ),
    *each("signbit sign", ("$ends",)),
    *each("stop_gradient copy ravel", ("$x",), ("$w",)),
    *each("shape size ndim dtype is_tensor", ("$x",), ("$list",), (3,)),
    *each("convert_to_numpy", ("$x",), ("$list",)),
    *each("one_hot", ("$ids", 3), ("$ids2", 4), (2, 3), ("$far", 4)),
    *over("one_hot", ("$ids2", 4), axis=[-1, 0, 1], dtype=[None, "int32", "bool", "float16"]),
    *each("one_hot multi_hot", ("$ids", 3), sparse=True),
    *each("multi_hot", ("$ids2", 4), ("$ids", 3), (2, 3)),
    *over("multi_hot", ("$ids2", 4), axis=[-1, 0, 1], dtype=[None, "int32"]),
]

_REDUCED = "sum mean var std max min prod any all amax amin ptp median logsumexp count_nonzero"
_NAN = "nansum nanprod nanmean nanstd nanvar nanmax nanmin nanmedian"
REDUCTIONS = [
    *over(_REDUCED, ("$cube",), axis=[None, 1, -1, (0, 2), 3], keepdims=[False, True]),
    *each("sum mean max any all", ("$cube",), axis=()),
    *each("sum prod max min mean any", (3,), (2.5,), ("$list",), ("$tuple",)),
    *each("sum max mean", ("$cube",), axis=(1, 1)),
    *each(f"{_REDUCED} {_NAN}", ("$w",), ("$t",), ("$holes",), ("$u8",), ("$h",)),
    *each("sum mean var std prod any all count_nonzero logsumexp", ("$empty",), ("$empty", 0)),
    *each("max min argmax median ptp", ("$empty",), ("$empty", 0)),
    *over("max min", ("$x",), axis=[None, 1], keepdims=[True, False], initial=[0.5, 3]),
    *each("max min", ("$empty",), axis=0, initial=2.0),
    *over(_NAN, ("$holes",), axis=[0, 1, (0, 1)], keepdims=[True, False]),
    *over(
        "argmax argmin nanargmax nanargmin", ("$holes",), axis=[None, 0, -1], keepdims=[True, False]
    ),
    *each("argmax argmin", ("$t",), ("$w",), axis=1),
    *each("argmax argmin", ("$x",), axis=2),
    *over("average", ("$x",), axis=[None, 0, 1, (0, 1)], weights=[None, "$p"]),
    *each("average", ("$x",), axis=1, weights="$v"),
    *each("average", ("$x",), weights="$v"),
    *each("average", ("$w",), axis=0, weights="$v3"),
    *over(
        "cumsum cumprod nancumsum nancumprod",
        ("$holes",),
        axis=[None, 0, 1],
        dtype=[None, "float16"],
    ),
    *over("cumsum cumprod nancumsum", ("$t",), axis=[0], dtype=[None, "int32", "float32"]),
    *each("cumsum cumprod", ("$u8",), ("$w",), axis=1),
    *over("quantile nanquantile", ("$holes", 0.3), axis=[None, 0, (0, 1)], keepdims=[True, False]),
    *over(
        "quantile percentile",
        ("$x", [0.1, 0.75]),
        axis=[1],
        method=["linear", "lower", "higher", "midpoint", "nearest", "other"],
        keepdims=[True, False],
    ),
    *each(
        "quantile nanquantile percentile nanpercentile",
        ("$w", 0.5),
        ("$x", 1.5),
        ("$x", 1),
        ("$t", 0.5),
    ),
    *over(
        "norm",
        ("$x",),
        ord=[None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf],
        keepdims=[True, False],
    ),
    *over("norm", ("$x",), ord=[None, 0, 1, 2, 3, -2, 0.5, np.inf, -np.inf, "fro"], axis=[1]),
    *over("norm", ("$cube",), ord=[None, "fro", 2, 3], axis=[(0, 2), None, (1,)]),
    *each("norm", ("$w",), ("$v",), ("$cube",)),
    *over("normalize", ("$x",), axis=[-1, 0], order=[2, 1, 3, np.inf, 0]),
    *each("normalize", ("$w",), ("$x", None), ("$v",)),
    *over("moments", ("$cube", [0, 1]), keepdims=[True, False], synchronized=[False]),
    *each("moments", ("$h", 0), ("$w", [0]), ("$x", -1)),
    *over("diff", ("$x",), n=[0, 1, 2, 3, 4], axis=[0, -1]),
    *each("diff", ("$t",), ("$w",)),
    *over("trapezoid", ("$x",), dx=[1.0, 0.5], axis=[0, -1]),
    *each("trapezoid", ("$x", "$sorted"), ("$x", "$y"), ("$w",)),
    *each("corrcoef", ("$x",), ("$v",), ("$w",)),
    *each("bincount", ("$ids",), ("$c",), (np.array([1, 1, 2], "uint8"),)),
    *over("bincount", ("$ids",), weights=[None, "$v3"], minlength=[0, 2, 6]),
    *over("histogram", ("$v6",), bins=[3, 10], range=[None, (-1, 1)]),
    *each("histogram", ("$x", 4), ("$w",), ("$x", 0), ("$x", 2, (1, 0))),
]

SHAPES = [
    *each(
        "reshape",
        ("$x", (2, 6)),
        ("$x", (-1,)),
        ("$x", -1),
        ("$x", (2, -1, 3)),
        ("$x", (5, 2)),
        ("$x", (-1, -1)),
    ),
    *each(
        "reshape",
        ("$x", [4, 3]),
        ("$s", (1, 1)),
        ("$empty", (4, 0)),
        ("$x", (0, -1)),
        ("$x", (-2, 6)),
    ),
    *over(
        "transpose", ("$cube",), axes=[None, (1, 2, 0), (0, -1, 1), (0, 1), (0, 0, 1), [2, 1, 0]]
    ),
    *each("transpose", ("$v",), ("$s",), ("$five",)),
    *each("swapaxes moveaxis", ("$cube", 0, 2), ("$cube", -1, 0), ("$cube", 1, 1), ("$cube", 0, 3)),
    *each("moveaxis", ("$cube", (0, 1), (1, 0)), ("$cube", [0, 2], [-1, 0]), ("$cube", (0, 1), 0)),
    *each(
        "expand_dims",
        ("$x", 0),
        ("$x", -1),
        ("$x", 1),
        ("$x", (0, 2)),
        ("$x", 3),
        ("$x", -4),
        ("$s", 0),
    ),
    *over("squeeze", ("$one",), axis=[None, 1, -2, (1,), 0, 5]),
    *each(
        "concatenate stack hstack vstack dstack", (["$x", "$y"],), (("$x", "$w"),), (["$v", "$v"],)
    ),
    *over("concatenate stack", (["$cube", "$cube"],), axis=[0, 1, -1, 3, None]),
    *each("concatenate stack hstack", (["$x", "$v"],), ([],), (["$x"],), ([1, 2.5],)),
    *each("append", ("$x", "$y"), ("$x", "$v"), ("$w", 2.5)),
    *over("append", ("$x", "$y"), axis=[0, 1, -1, 2]),
    *over("split array_split", ("$x", 2), axis=[0, 1, -1, 2]),
    *over("split array_split", ("$x", [1, 2]), axis=[0, 1]),
    *each(
        "split array_split",
        ("$x", 3),
        ("$x", 0),
        ("$x", ()),
        ("$v6", [2, 9]),
        ("$v6", [4, 2]),
        ("$v6", 4),
    ),
    *each("hsplit vsplit dsplit", ("$four", 2), ("$four", [1]), ("$v6", 2), ("$s", 1)),
    *each(
        "tile",
        ("$x", 2),
        ("$x", (2, 1)),
        ("$x", (2, 1, 3)),
        ("$cube", (2,)),
        ("$s", 3),
        ("$x", ()),
        ("$x", (0, 1)),
    ),
    *over("repeat", ("$x", 2), axis=[None, 0, 1, -1, 2]),
    *each(
        "repeat",
        ("$x", [1, 2, 0], 0),
        ("$x", "$ids", 0),
        ("$s", 3),
        ("$x", [2, 1], 0),
        ("$x", 0),
        ("$x", -1),
    ),
    *over("flip", ("$cube",), axis=[None, 0, -1, (0, 2), 3, ()]),
    *each("fliplr flipud", ("$x",), ("$cube",), ("$v",)),
    *each(
        "roll",
        ("$x", 1),
        ("$x", -2, 0),
        ("$x", (1, 2), (0, 1)),
        ("$x", 5, 1),
        ("$x", 1, 2),
        ("$x", 2, (0, 1)),
    ),
    *over("rot90", ("$x",), k=[0, 1, 2, 3, -1, 5]),
    *each("rot90", ("$cube",), k=1, axes=(1, 2)),
    *each("rot90", ("$cube",), axes=(1, 1)),
    *each("rot90", ("$v",)),
    *over(
        "pad",
        ("$x", ((1, 2), (0, 1))),
        mode=["constant", "reflect", "symmetric", "wrap", "edge", "other"],
    ),
    *over(
        "pad",
        ("$cube", 1),
        mode=["constant", "reflect", "symmetric", "linear_ramp", "maximum", "mean"],
    ),
    *each(
        "pad",
        ("$x", 1),
        ("$x", (1, 2)),
        ("$x", ((1, 1),)),
        ("$x", [[0, 1], [2, 0]]),
        ("$w", 1),
        ("$x", ((1, 1, 1),)),
    ),
    *each("pad", ("$x", 1), ("$w", ((0, 1), (1, 0))), constant_values=3),
    *each("pad", ("$x", 1), mode="reflect", constant_values=3),
    *each("pad", ("$x", -1), ("$x", ((1, 1), (1, 1), (1, 1)))),
    *each(
        "broadcast_to",
        ("$v", (3, 4)),
        ("$s", (2, 2)),
        ("$x", (2, 3, 4)),
        ("$v", (4, 3)),
        ("$x", (4,)),
        ("$v3", (3, 1)),
    ),
    *over("diagonal trace", ("$cube",), offset=[0, 1, -1], axis1=[0, 1], axis2=[2]),
    *each("diagonal trace", ("$x",), ("$m",), ("$v",)),
    *each("diagonal trace", ("$cube",), axis1=1, axis2=1),
    *each("trace", ("$t",), ("$u8",)),
    *over("tril triu", ("$x",), k=[0, 1, -1, 5]),
    *each("tril triu", ("$cube",), ("$v",), ("$t",)),
    *over("diag diagflat", ("$v",), k=[0, 1, -2]),
    *over("diag", ("$x",), k=[0, 1, -1]),
    *each("diag diagflat", ("$cube",), ("$s",), ("$x",)),
    *over("meshgrid", ("$v", "$v3"), indexing=["xy", "ij", "other"]),
    *each("meshgrid", ("$v",), ("$v", "$v3", "$wv"), ("$v3", "$v3")),
    *over("unstack", ("$cube",), axis=[0, 1, -1], num=[None]),
    *each("unstack", ("$cube", 2), ("$cube", 5)),
    *over("vander", ("$v",), N=[None, 2, 5, 0], increasing=[True, False]),
    *each("vander", ("$wv",), ("$x",)),
    *each("rearrange", ("$cube", "a b c -> c a b"), ("$cube", "a b -> b a")),
    *each("take", ("$x", "$ids"), ("$x", 5), ("$x", "$far"), ("$v", "$ids2"), ("$w", [0, 1])),
    *over("take", ("$cube", "$ids2"), axis=[None, 0, 1, -1, 3]),
    *each("take", ("$x", "$far"), axis=0),
    *each("take", ("$x", 1), axis=1),
    *over("take_along_axis", ("$x", np.zeros((3, 1), "int32")), axis=[1, -1]),
    *each(
        "take_along_axis",
        ("$x", "$ids"),
        ("$v", "$ids", 0),
        ("$x", "$ids2", 0),
        ("$x", np.zeros((1, 4), "int32"), 0),
    ),
    *each(
        "get_item",
        ("$cube", 0),
        ("$cube", (..., -1)),
        ("$cube", (0, slice(None, None, 2))),
        ("$cube", None),
        ("$cube", 5),
    ),
    *each(
        "get_item",
        ("$cube", "$ids2"),
        ("$x", ("$ids", 0)),
        ("$x", "$t"),
        ("$cube", (slice(None), "$ids")),
    ),
    *each(
        "slice",
        ("$x", (1, 1), (2, 2)),
        ("$x", [0, 2], [3, -1]),
        ("$x", (2, 2), (2, 2)),
        ("$x", (0,), (2,)),
    ),
    *each(
        "slice_update", ("$x", (1, 1), "$list"), ("$w", (0, 0), "$tuple"), ("$x", (2, 3), "$list")
    ),
    *each(
        "scatter", (np.array([[0], [2], [0]]), "$x", (4, 4)), (np.array([[0, 1]]), [3.0], (2, 2))
    ),
    *over(
        "scatter_update",
        ("$x", np.array([[0], [2], [0]]), "$y"),
        reduction=[None, "add", "max", "min", "mul", "other"],
    ),
    *each(
        "scatter_update", ("$x", np.array([[0, 1], [2, 2]]), [1.0, 2.0]), ("$w", [[0, 1]], [7.5])
    ),
    *each("nonzero", ("$t",), ("$w",), ("$s",)),
    *over("sort argsort", ("$cube",), axis=[-1, 0, 1, None, 3]),
    *each("sort argsort", ("$edge",), ("$holes",), ("$t",), ("$w",), ("$s",)),
    *over("top_k", ("$x",), k=[1, 3, 4, 5], sorted=[True, False]),
    *each("top_k", ("$w", 2), ("$h", 2), ("$v", 0)),
    *over("in_top_k", ("$ids", "$x"), k=[1, 2, 4]),
    *over("searchsorted", ("$sorted", "$v"), side=["left", "right", "other"]),
    *each("searchsorted", ("$sorted", 0.5), ("$sorted", "$x"), ("$x", "$v"), ("$wv", "$w")),
    *each("digitize", ("$x", "$sorted"), ("$w", [0, 2]), ("$x", [1.0, 0.0]), ("$s", "$sorted")),
    *over(
        "unique",
        ("$w",),
        return_inverse=[True, False],
        return_index=[True, False],
        return_counts=[True, False],
    ),
    *over("unique", ("$ids2",), axis=[0, 1], return_inverse=[True, False]),
    *over("unique", ("$w",), size=[3, 20], fill_value=[None, 9], sorted=[True, False]),
    *over(
        "segment_sum segment_max segment_min segment_prod",
        ("$x", "$ids"),
        num_segments=[None, 2, 4],
        sorted=[False],
    ),
    *each("segment_sum segment_max", ("$x", [0, 1, 1]), sorted=True),
    *each("segment_sum segment_max", ("$v3", "$far"), ("$w", [0, 0, 0]), ("$x", "$ids2")),
    *each("unravel_index", ("$ids", (3, 4)), (7, (3, 4)), ("$far", (2, 3))),
    *each("fold", ("$f46", (4, 3), 2), ("$f44", (4, 4), 2, 1, 0, 2)),
]

MADE = [
    *each(
        "arange",
        (5,),
        (1, 6),
        (1, 6, 2),
        (1.0, 2.0, 0.25),
        (5, 0, -2),
        (0,),
        (3, 1),
        (2.5,),
        (0, 1, 0),
    ),
    *over("arange", (4,), dtype=[None, "float32", "int8", "bool", "float16"]),
    *over("linspace", (0, 2), num=[1, 5, 0], endpoint=[True, False], retstep=[True, False]),
    *over("linspace logspace", ("$v", 1), num=[3], axis=[0, -1], dtype=[None, "int32", "float16"]),
    *over("linspace", (0, 10), num=[4], dtype=["int32"], endpoint=[True, False]),
    *each("linspace logspace geomspace", (1, 2, -3), (1, 2), ("$v3", "$p", 2)),
    *over("logspace", (0, 2), num=[4], endpoint=[True, False], base=[10, 2.0]),
    *over("geomspace", (1, 1000), num=[4], endpoint=[True, False], dtype=[None, "float16"]),
    *over("eye", (3,), M=[None, 4], k=[0, 1, -1], dtype=[None, "int32", "bool"]),
    *each("eye identity", (0,), (2,), (2.5,), (-1,)),
    *over("tri", (3,), M=[None, 4], k=[0, -1], dtype=[None, "int32", "bool"]),
    *over("zeros ones empty", ((2, 3),), dtype=[None, "int32", "bool", "float16", "nothing"]),
    *each("zeros ones", (3,), ((),), ([2],), ((-1,),), ((2.0,),)),
    *over("full", ((2, 2), 3), dtype=[None, "float32", "bool"]),
    *each("full", ((2,), 2.5), ((2, 4), "$v"), (3, True), ((3,), "$v")),
    *over("zeros_like ones_like empty_like", ("$w",), dtype=[None, "float16", "bool"]),
    *over("full_like", ("$w", 2.5), dtype=[None, "float32"]),
    *each("bartlett blackman hamming hanning", (5,), (1,), (0,), (6,)),
    *each("kaiser", (5, 2.0), (1, 3), (4, 0.0)),
    *each("array", ("$list",), (3,), ("$x",)),
]

PRODUCTS = [
    *each(
        "matmul dot",
        ("$x", "$v"),
        ("$v", "$v"),
        ("$m", "$x"),
        ("$x", "$m"),
        ("$ms", "$x"),
        ("$w", "$wv"),
        ("$x", "$wv"),
    ),
    *each(
        "matmul dot",
        ("$s", "$v"),
        (2, 3),
        ("$t", "$tv"),
        ("$list", "$tuple"),
        ("$u8", "$tv"),
        ("$v", "$cube"),
    ),
    *each(
        "inner outer vdot",
        ("$v", "$v"),
        ("$x", "$y"),
        ("$w", 2),
        ("$v", "$wv"),
        ("$v", "$v3"),
        ("$x", "$v"),
    ),
    *over("tensordot", ("$cube", "$cube"), axes=[3, 0, ([0, 1], [0, 1]), ([2], [2]), 1, 4]),
    *each("tensordot", ("$x", "$v", 1), ("$w", "$wv", 1)),
    *each("kron", ("$list", "$tuple"), ("$v", "$v3"), ("$x", "$list"), ("$s", "$v"), ("$w", "$t")),
    *each("cross", ("$a23", "$b23"), ("$v", "$v"), ("$a22", "$a23"), ("$a22", "$list")),
    *over("cross", ("$m", "$spd"), axis=[0], axisa=[-1], axisb=[-1], axisc=[-1]),
    *over("correlate", ("$v6", "$v3"), mode=["valid", "same", "full", "other"]),
    *each("correlate", ("$v3", "$v6"), ("$wv", "$wv"), ("$x", "$v"), mode="same"),
    *each(
        "einsum",
        ("ij,kj->ik", "$x", "$y"),
        ("ij->ji", "$x"),
        ("ii", "$m"),
        ("ij,j", "$x", "$v"),
        ("i,j->ij", "$v", "$wv"),
    ),
    *each(
        "einsum",
        ("bij,bjk->bik", "$ms", "$ms"),
        ("...ij,...jk", "$ms", "$m"),
        ("ij,jk", "$x", "$y"),
        ("ijk->", "$cube"),
    ),
    *each(
        "einsum",
        ("ij,ij->i", "$w", "$w"),
        ("ij,ij->i", "$t", "$w"),
        ("ij", "$cube"),
        ("ij,kl->", "$x", "$x"),
    ),
    *each("cdist", ("$x", "$y"), ("$ms", "$ms"), ("$x", "$v")),
    *each(
        "det inv slogdet logdet cholesky eigh qr svd lu_factor pinv matrix_rank",
        ("$m",),
        ("$ms",),
        ("$x",),
        ("$v",),
    ),
    *each("linalg.det linalg.inv linalg.norm", ("$m",)),
    *each("det inv slogdet", ("$w",), ("$zero22",)),
    *over("qr", ("$x",), mode=["reduced", "complete", "other"]),
    *over("svd", ("$x",), full_matrices=[True, False], compute_uv=[False]),
    *each("solve", ("$m", "$m"), ("$m", "$v3"), ("$ms", "$ms"), ("$x", "$v"), ("$m", "$v")),
    *over("solve_triangular", ("$m", "$v3"), lower=[True, False]),
    *each("lstsq", ("$y", "$v3"), ("$x", "$m"), ("$m", "$v3")),
    *each("matrix_rank", ("$x",), ("$m",)),
]
INPUTS["spd"] = np.array([[4, 1, 0.5], [1, 3, 0.2], [0.5, 0.2, 2]], "float32")
PRODUCTS += [
    *over("cholesky", ("$spd",), upper=[True, False]),
    *over("cholesky_inverse", ("$spd",), upper=[True, False]),
    *each("logdet slogdet eigh", ("$spd",)),
]

CASES = [
    *cases("ops", [*ELEMENTWISE, *MADE], INPUTS, 64),
    *cases("ops", [*REDUCTIONS, *SHAPES], INPUTS, 64),
    *cases("ops", PRODUCTS, INPUTS, 512),
]
