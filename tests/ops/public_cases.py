"""Calls of public operations that must give what Keras gives: rows of (name, arguments, keywords)."""

from __future__ import annotations

from typing import Any

import numpy as np

Case = tuple[str, tuple[Any, ...], dict[str, Any]]
_rng = np.random.default_rng(0)


def _f(*shape: int) -> Any:
    return _rng.normal(size=shape).astype("float32")


def _p(*shape: int) -> Any:
    return _rng.uniform(0.5, 2, size=shape).astype("float32")


def _i(*shape: int) -> Any:
    return _rng.integers(-5, 6, shape).astype("int32")


def _spd(n: int) -> Any:
    a = _f(n, n)
    return a @ a.T + np.eye(n, dtype="float32")


x, y, whole, counts = _f(3, 4), _f(3, 4), _i(3, 4), np.abs(_i(3, 4))
truth = _rng.integers(0, 2, (3, 4)).astype(bool)
labels, chances = np.array([0, 2, 3]), _p(3, 4)
hot = np.eye(4, dtype="float32")[:3]


def _each(names: str, *rows: tuple[Any, ...], **kwargs: Any) -> list[Case]:
    return [(name, row, kwargs) for name in names.split() for row in rows]


ELEMENTWISE: list[Case] = [
    *_each(
        "exp exp2 expm1 sin cos tan sinh cosh tanh arcsinh arctan floor ceil sign absolute negative square erf relu "
        "relu6 sigmoid softplus softsign silu log_sigmoid leaky_relu hard_sigmoid hard_silu hard_tanh elu selu gelu "
        "celu tanh_shrink hard_shrink soft_shrink squareplus sparse_plus sparse_sigmoid softmax log_softmax sparsemax "
        "trunc round sinc isnan isfinite isinf nan_to_num deg2rad rad2deg signbit isposinf isreal angle glu",
        (x * 3,),
    ),
    *_each(
        "exp sin floor ceil sign absolute negative square sqrt log1p relu softmax tanh trunc round isnan",
        (counts,),
    ),
    *_each("sqrt log log2 log10 log1p rsqrt reciprocal cbrt", (_p(3, 4),)),
    *_each("arcsin arccos arctanh erfinv", (_rng.uniform(-0.9, 0.9, 5).astype("float32"),)),
    *_each(
        "add subtract multiply true_divide maximum minimum arctan2 hypot logaddexp logaddexp2 equal less greater_equal "
        "not_equal isclose heaviside divide_no_nan",
        (x, y),
        (x, _i(4)),
    ),
    *_each(
        "add subtract multiply maximum minimum equal floor_divide mod true_divide",
        (whole, np.abs(_i(4)) + 1),
        (x, 2),
        (whole, 2.5),
        (truth, counts + 1),
    ),
    *_each("power", (_p(3, 4), y), (counts, counts), (x, 2)),
    *_each("bitwise_and bitwise_or bitwise_xor", (whole, _i(3, 4))),
    *_each("left_shift right_shift", (counts, 2)),
    *_each("bitwise_not", (whole,)),
    *_each("clip", (x, -0.5, 0.5), (whole, -1, 1)),
    ("where", (truth, x, y), {}),
    ("where", (truth, x, 1), {}),
    ("select", ([truth, ~truth], [x, y]), {}),
    ("ldexp", (x, whole), {}),
    ("threshold", (x, 0.1, -2.0), {}),
    ("saturate_cast", (x * 300, "uint8"), {}),
    ("cast", (x, "int32"), {}),
]

REDUCTIONS: list[Case] = [
    *_each(
        "sum mean var std max min prod logsumexp ptp argmax argmin any all median count_nonzero",
        (x,),
    ),
    *_each(
        "sum mean var std max min prod logsumexp ptp argmax argmin any all median count_nonzero",
        (x,),
        axis=1,
    ),
    *_each(
        "sum mean var std max min prod logsumexp any all median",
        (_f(2, 3, 4),),
        axis=(0, 2),
        keepdims=True,
    ),
    *_each("nansum nanmax nanmin nanmean nanvar", (np.where(truth, x, np.nan),), axis=1),
    *_each("sum mean var max", (whole,)),
    *_each("sum max mean", (truth,)),
    *_each("sum prod", (whole.astype("int8"),), (counts.astype("uint8"),)),
    *_each("cumsum cumprod", (x,), axis=1),
    *_each("cumsum", (truth,), axis=0),
    ("average", (x,), {"axis": 1, "weights": _p(4)}),
    ("quantile", (x, 0.3), {"axis": 1}),
    ("quantile", (x, np.array([0.1, 0.5], "float32")), {}),
    ("histogram", (_f(20),), {"bins": 5}),
    ("diff", (x,), {"n": 2}),
    ("trapezoid", (x,), {}),
    *_each("norm", (x,)),
    ("norm", (x,), {"axis": 1, "ord": 1}),
    ("norm", (x,), {"ord": "nuc"}),
    ("norm", (x,), {"ord": np.inf, "axis": (0, 1)}),
    ("normalize", (x,), {"axis": 0}),
    ("moments", (x, [0]), {}),
    ("batch_normalization", (x, _f(4), _p(4), -1), {"offset": _f(4), "scale": _f(4)}),
    *_each("layer_normalization rms_normalization", (x,)),
    ("psnr", (x, y, 1.0), {}),
]

SHAPES: list[Case] = [
    ("reshape", (x, (2, -1)), {}),
    ("transpose", (_f(2, 3, 4), (1, 2, 0)), {}),
    ("swapaxes", (_f(2, 3, 4), 0, 2), {}),
    ("moveaxis", (_f(2, 3, 4), 0, -1), {}),
    ("expand_dims", (x, 1), {}),
    ("squeeze", (_f(2, 1, 3),), {}),
    ("concatenate", ([x, whole],), {"axis": -1}),
    ("stack", ([x, y],), {"axis": 1}),
    *_each("hstack vstack", ([x, y],)),
    ("split", (x, 2), {"axis": 1}),
    ("split", (x, [1, 3]), {"axis": 1}),
    ("array_split", (x, 3), {"axis": 1}),
    ("tile", (x, (2, 1, 3)), {}),
    ("repeat", (x, 3), {"axis": 1}),
    ("repeat", (x, 2), {}),
    ("flip", (x,), {"axis": 1}),
    ("roll", (x, 2), {}),
    ("roll", (x, (1, 2)), {"axis": (0, 1)}),
    ("rot90", (x,), {}),
    ("pad", (x, ((1, 2), (0, 1))), {}),
    ("pad", (x, ((1, 2), (0, 1))), {"constant_values": 3.0}),
    ("pad", (x, 1), {"mode": "reflect"}),
    ("pad", (x, 1), {"mode": "symmetric"}),
    ("broadcast_to", (_f(4), (3, 4)), {}),
    ("ravel", (x,), {}),
    ("diagonal", (_f(3, 4, 5),), {"offset": 1, "axis1": 0, "axis2": 2}),
    ("tril", (x,), {"k": 1}),
    ("triu", (x,), {"k": -1}),
    ("diag", (_f(4),), {"k": -1}),
    ("diag", (x,), {}),
    ("trace", (_f(3, 3),), {}),
    ("meshgrid", (_f(3), _f(2)), {}),
    ("meshgrid", (_f(3), _f(2)), {"indexing": "ij"}),
    ("unstack", (x,), {"axis": 1}),
    ("arange", (5,), {}),
    ("arange", (1.0, 4.0, 0.5), {}),
    ("linspace", (0.0, 1.0, 7), {}),
    ("logspace", (0.0, 2.0, 4), {}),
    ("eye", (3,), {"k": 1}),
    ("tri", (3, 4), {}),
    ("zeros", ((2, 3),), {}),
    ("full", ((2,), 3), {}),
    ("full_like", (x, 2), {}),
    ("ones_like", (_i(3),), {}),
]

PLACES: list[Case] = [
    ("sort", (x,), {"axis": 0}),
    ("argsort", (x,), {}),
    ("top_k", (x, 2), {}),
    ("in_top_k", (np.array([0, 1, 2]), x, 2), {}),
    ("bincount", (counts.reshape(-1),), {"minlength": 9}),
    ("searchsorted", (np.sort(_f(6)), _f(4)), {}),
    ("digitize", (_f(4), np.sort(_f(3))), {}),
    ("unique", (_i(9),), {}),
    ("segment_sum", (_f(5, 2), np.array([0, 0, 1, 2, 2])), {"num_segments": 4}),
    ("segment_max", (_f(5, 2), np.array([0, 0, 1, 2, 2])), {"num_segments": 3}),
    ("take", (x, np.array([0, 2, 1])), {"axis": 0}),
    ("take", (x, np.array([[0, 5]])), {}),
    ("take_along_axis", (x, np.argsort(x, 1)), {"axis": 1}),
    ("scatter", (np.array([[0], [2], [0]]), _f(3, 2), (4, 2)), {}),
    ("scatter_update", (x, np.array([[0, 1], [2, 2]]), _f(2)), {}),
    ("slice", (x, (1, 1), (2, 2)), {}),
    ("slice_update", (x, (1, 1), _f(2, 2)), {}),
    ("one_hot", (np.array([0, 2, 5]), 4), {}),
    ("multi_hot", (np.array([[0, 2], [1, 1]]), 4), {}),
    ("get_item", (x, (slice(None, None, -1), 2)), {}),
    ("get_item", (_f(3, 4, 5), (np.array([0, 2]), slice(1, 3), np.array([1, 1]))), {}),
    ("get_item", (_f(3, 4, 5), (Ellipsis, None, 1)), {}),
    ("get_item", (_f(3, 4, 5), (slice(None), np.array([[0, 2]]))), {}),
]

PRODUCTS: list[Case] = [
    *_each(
        "matmul",
        (x, _f(4, 2)),
        (_f(2, 3, 4), _f(4, 5)),
        (_f(2, 3, 4), _f(2, 4, 5)),
        (_f(4), _f(2, 4, 5)),
    ),
    *_each("matmul", (_f(2, 3, 4), _f(4)), (_i(3, 4), _i(4, 2))),
    ("dot", (_f(2, 3, 4), _f(5, 4, 2)), {}),
    ("tensordot", (_f(2, 3, 4), _f(4, 3, 5)), {"axes": ([2, 1], [0, 1])}),
    *_each("inner outer vdot", (x, y)),
    ("kron", (_f(2, 2), _f(3, 2)), {}),
    *_each("cross", (_f(4, 3), _f(4, 3)), (_f(4, 2), _f(4, 2))),
    *_each("correlate", (_f(5), _f(3)), (_f(3), _f(5)), mode="same"),
    *_each("correlate", (_f(5), _f(3)), mode="full"),
    *_each(
        "einsum",
        ("ij,jk->ik", x, _f(4, 2)),
        ("bij,bjk->bik", _f(2, 3, 4), _f(2, 4, 5)),
        ("...ij,jk->...ik", _f(2, 3, 4), _f(4, 5)),
        ("ii->i", _f(3, 3)),
        ("ij->j", x),
        ("ij,jk,kl->il", _f(2, 3), _f(3, 4), _f(4, 5)),
        ("ij,ij->", x, y),
        ("abc,cde->abde", _f(2, 3, 4), _f(4, 5, 2)),
        ("ij,jk", x, _f(4, 2)),
    ),
    *_each("det inv cholesky slogdet eigh logdet lu_factor", (_spd(3),)),
    ("solve", (_spd(3), _f(3, 2)), {}),
    ("solve_triangular", (np.tril(_spd(3)), _f(3, 2)), {"lower": True}),
    ("svd", (x,), {"compute_uv": False}),
    ("qr", (_f(4, 3),), {}),
    ("lstsq", (_f(5, 3), _f(5)), {}),
    ("pinv", (x,), {}),
]

SPACE: list[Case] = [
    ("max_pool", (_f(2, 7, 6, 3), (3, 2)), {"strides": 2, "padding": "same"}),
    ("average_pool", (_f(2, 7, 6, 3), 3), {"strides": 2, "padding": "same"}),
    ("conv", (_f(2, 7, 6, 3), _f(3, 2, 3, 4)), {"strides": 2, "padding": "same"}),
    ("conv", (_f(2, 7, 3), _f(3, 3, 4)), {"dilation_rate": 2}),
    ("conv", (_f(2, 7, 6, 4), _f(3, 2, 2, 4)), {}),
    ("conv", (_f(2, 3, 7, 6), _f(3, 2, 3, 4)), {"data_format": "channels_first"}),
    ("depthwise_conv", (_f(2, 7, 6, 3), _f(3, 2, 3, 2)), {}),
    ("separable_conv", (_f(2, 7, 6, 3), _f(3, 2, 3, 2), _f(1, 1, 6, 4)), {"padding": "same"}),
    *(
        ("conv_transpose", (_f(1, 5, 2), _f(k, 3, 2)), {"strides": s, "padding": p})
        for p in ("valid", "same")
        for s in (1, 2, 3)
        for k in (1, 2, 5)
    ),
    (
        "conv_transpose",
        (_f(1, 5, 4, 2), _f(3, 2, 3, 2)),
        {"strides": 2, "padding": "same", "output_padding": 1},
    ),
    ("dot_product_attention", (_f(2, 5, 4, 8), _f(2, 6, 2, 8), _f(2, 6, 2, 8)), {}),
    (
        "dot_product_attention",
        (_f(2, 5, 4, 8), _f(2, 5, 4, 8), _f(2, 5, 4, 8)),
        {"is_causal": True},
    ),
    (
        "binary_crossentropy",
        (truth.astype("float32"), _rng.uniform(0.1, 0.9, (3, 4)).astype("float32")),
        {},
    ),
    ("binary_crossentropy", (truth.astype("float32"), x), {"from_logits": True}),
    ("categorical_crossentropy", (hot, chances), {}),
    ("categorical_crossentropy", (hot, x), {"from_logits": True}),
    ("sparse_categorical_crossentropy", (labels, chances), {}),
    ("sparse_categorical_crossentropy", (labels, x), {"from_logits": True}),
]

SIGNALS: list[Case] = [
    *_each("fft fft2 ifft2", ((_f(2, 3, 5), _f(2, 3, 5)),)),
    *_each("rfft", (_f(2, 6),), (_f(2, 6), 4), (_f(2, 6), 9)),
    *_each("irfft", ((_f(2, 4), _f(2, 4)),), ((_f(2, 4), _f(2, 4)), 4), ((_f(2, 4), _f(2, 4)), 9)),
    ("extract_sequences", (_f(2, 9), 4, 2), {}),
    *_each("stft", (_f(2, 30), 5, 2, 8)),
    *_each("stft", (_f(2, 30), 5, 2, 5), window="hamming", center=False),
    *_each("stft", (_f(2, 30), 5, 2, 8), window=None),
    *_each("istft", ((_f(2, 9, 5), _f(2, 9, 5)), 5, 2, 8), window=_p(5)),
    *_each("istft", ((_f(2, 9, 3), _f(2, 9, 3)), 5, 2, 5), length=11, window="hamming"),
]
_holed = np.where(truth, x, np.nan)
NUMBERS: list[Case] = [
    *_each("fabs i0", (x,), (whole,), (truth,)),
    *_each("fabs", (counts.astype("float16"),)),
    *_each("fmax fmin", (_holed, y), (x, _holed), (whole, 2.5), (truth, ~truth)),
    *_each("fmod", (x, _f(4)), (whole, np.abs(_i(4)) + 1), (counts.astype("uint8"), 3)),
    *_each("gcd lcm", (whole, _i(4)), (whole, np.int8(6))),
    *_each("nextafter", (x, y), (whole, 2)),
    *_each("isin", (whole, _i(5)), (x, x[0]), (_holed, _holed), (whole, np.zeros((0,), "int32"))),
    *_each("isin", (whole, _i(2, 2)), invert=True),
    *_each("unravel_index", (_i(3) + 5, (3, 4)), (np.array([[7]], "uint8"), (3, 4))),
    *_each("view", (x, "int32"), (x, "uint8"), (whole.astype("int8"), "float32"), (truth, "uint8")),
]
_empty_row = np.where(np.arange(3)[:, None] == 1, np.nan, _holed).astype("float32")
STATISTICS: list[Case] = [
    *(
        (name, (data, *q), {"axis": axis, "method": method})
        for method in ("linear", "lower", "higher", "midpoint", "nearest")
        for name, data, q, axis in (
            ("percentile", x, (30,), 1),
            ("nanpercentile", _empty_row, ([10, 50.0],), 1),
            ("nanquantile", _empty_row, (0.35,), None),
            ("nanquantile", _f(2, 3, 4), (0.7,), (0, 2)),
        )
    ),
    *_each("nanmedian nanargmax nanargmin", (_empty_row,), (whole,), axis=1, keepdims=True),
    *_each("nanmedian nanargmax nancumsum", (_empty_row,), (truth,)),
    *_each("nancumsum nancumprod", (_empty_row,), (whole,), axis=0),
    *_each("corrcoef", (x,), (whole,), (_f(4),)),
]
_ids = np.array([0, 3, 0, 2, -1, 9])
SEGMENTS: list[Case] = [
    *_each(
        "segment_sum segment_prod segment_max segment_min",
        (_f(6, 2), _ids),
        (_f(6), _ids % 3),
        (_i(6, 2, 2), _ids),
        num_segments=4,
    ),
]
AXES: list[Case] = [
    ("rearrange", (_f(2, 3, 4), "a b c -> c a b"), {}),
    ("rearrange", (_f(2, 3, 4), "a b (c d) -> a c b d"), {"c": 2}),
    ("rearrange", (_f(2, 3, 8), "(a e) b (c d f) -> (d a) (e b f) c"), {"e": 2, "c": 2, "d": 2}),
    *_each("depth_to_space space_to_depth", (_f(2, 4, 6, 8), 2)),
    *_each("depth_to_space", (_f(2, 8, 4, 6), 2), data_format="channels_first"),
    *_each("space_to_depth", (_f(2, 3, 4, 6), 2), data_format="channels_first"),
    *_each("hsplit vsplit dsplit", (_f(2, 6, 2), 2), (_f(2, 6, 2), [1])),
    *_each("hsplit vsplit", (_f(4), 2)),
    *_each("vander", (x[0],), (counts[0], 6)),
    *_each("vander", (x[0], 2), increasing=True),
]
PATCHES: list[Case] = [
    *_each("unfold", (_f(2, 3, 6, 5), 2), (_i(1, 2, 4, 4), (2, 3), 1, (1, 0), (2, 1))),
    *_each("fold", (_f(2, 12, 20), (6, 5), 2), (_f(2, 12, 30), (6, 5), 2, 2, 1)),
    *_each("fold", (_f(2, 12, 18), (6, 5), 2, 1, 1, (3, 1))),
    *_each("adaptive_average_pool adaptive_max_pool", (_f(2, 6, 5, 3), (4, 3)), (_f(2, 7, 3), 3)),
    *_each("adaptive_average_pool adaptive_max_pool", (_i(2, 3, 6, 5, 4), 2)),
    *_each("adaptive_max_pool", (_f(2, 3, 6, 5), 2), data_format="channels_first"),
]
_scores, _steps = _f(2, 5, 3), np.array([5, 3], "int32")
LABELS: list[Case] = [
    *_each("ctc_decode", (_scores, _steps)),
    *_each("ctc_decode", (_scores, _steps), merge_repeated=False, mask_index=2),
    *_each("ctc_decode", (_scores, _steps, "beam_search"), beam_width=20, top_paths=9),
    *_each("ctc_decode", (_scores, _steps, "beam_search"), beam_width=2, mask_index=1),
]

CASES = [
    *ELEMENTWISE,
    *REDUCTIONS,
    *SHAPES,
    *PLACES,
    *PRODUCTS,
    *SPACE,
    *SIGNALS,
    *NUMBERS,
    *STATISTICS,
    *SEGMENTS,
    *AXES,
    *PATCHES,
    *LABELS,
]
