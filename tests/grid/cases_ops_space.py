"""Operations on space, time and labels: convolution, pooling, attention, signals, normalization, CTC, control flow."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.grid.grid import Case
from tests.grid.kinds import Row, cases, each, over

_rng = np.random.default_rng(1)


def _f(*shape: int) -> Any:
    return _rng.normal(size=shape).astype("float32")


_ROWS = np.arange(4)[:, None]
INPUTS: dict[str, Any] = {
    "x1": _f(1, 7, 4),
    "k1": _f(3, 4, 2),
    "k1g": _f(3, 2, 4),
    "x2": _f(1, 6, 5, 2),
    "k2": _f(3, 2, 2, 2),
    "c2": _f(1, 2, 6, 5),
    "x3": _f(1, 4, 4, 3, 2),
    "k3": _f(2, 2, 2, 2, 3),
    "d1": _f(3, 4, 2),
    "d2": _f(3, 2, 2, 2),
    "p1": _f(1, 8, 3),
    "p2": _f(1, 1, 4, 3),
    "t2": _f(1, 3, 4, 2),
    "i2": _rng.integers(-9, 9, (1, 6, 5, 2)).astype("int32"),
    "h2": _f(1, 6, 5, 2).astype("float16"),
    **{f"s{k}": _f(k, 1, 2) for k in (1, 2, 3, 4, 5)},
    "seq": _f(1, 4, 2),
    "q": _f(2, 4, 4, 3),
    "kv": _f(2, 5, 2, 3),
    "kv4": _f(2, 5, 4, 3),
    "qh": _f(2, 4, 4, 3).astype("float16"),
    "kvh": _f(2, 5, 4, 3).astype("float16"),
    "bias": _f(2, 4, 4, 5),
    "bias1": _f(1, 1, 4, 5),
    "mask": np.broadcast_to(_ROWS != 2, (2, 4, 4, 5)).copy(),  # one row wholly masked
    "mask1": np.broadcast_to(np.arange(5) - 1 <= _ROWS, (1, 1, 4, 5)).copy(),
    "maski": np.ones((2, 1, 4, 5), "int32"),
    "w": _f(12),
    "w2": _f(2, 12),
    "wi": np.arange(12, dtype="int32"),
    "ii": np.arange(40, dtype="int32").reshape(2, 4, 5),
    "re": _f(2, 4, 5),
    "im": _f(2, 4, 5),
    "win": np.abs(_f(4)),
    "v": _f(5),
    "b": _f(3, 5),
    "pos": np.abs(_f(5)) + 0.5,
    "labels": np.array([[1, 2, 1, 0], [1, 2, 0, 2]], "int32"),
    "scores": _f(2, 6, 4),
    "lens": np.array([3, 4], "int32"),
    "steps": np.array([6, 4], "int32"),
    "few": np.array([2, 1], "int32"),
    "truth": np.eye(5, dtype="float32")[[0, 3, 1]],
    "guess": np.abs(_f(3, 5)) + 0.1,
    "cls": np.array([0, 3, 1], "int32"),
}

_SPANS = ("strides", "padding", "dilation_rate", "data_format")
CONV: list[Row] = [
    *over("conv", ("$x1", "$k1"), strides=[1, 2], padding=["valid", "same", "SAME"]),
    *over("conv", ("$x1", "$k1"), dilation_rate=[2, (3,)], padding=["valid", "same"]),
    *over(
        "conv", ("$x1", "$k1"), strides=[2], dilation_rate=[2], padding=["valid", "causal", "other"]
    ),
    *over("conv", ("$x1", "$k1g"), strides=[1, 2], padding=["valid", "same"]),
    *over(
        "conv", ("$x2", "$k2"), strides=[(2, 1), 3], padding=["valid", "same"], dilation_rate=[1]
    ),
    *over(
        "conv",
        ("$c2", "$k2"),
        data_format=["channels_first"],
        padding=["valid", "same"],
        strides=[1, 2],
    ),
    *each(
        "conv",
        ("$x3", "$k3"),
        ("$x2", "$k1"),
        ("$x1", "$k2"),
        ("$i2", "$k2"),
        ("$h2", "$k2"),
        ("$x2", "$d1"),
    ),
    *each("conv", ("$x2", "$k2"), data_format="other"),
    *over("depthwise_conv", ("$x1", "$d1"), strides=[1, 2], padding=["valid", "same"]),
    *over("depthwise_conv", ("$x2", "$d2"), strides=[1, 2, (2, 2)], padding=["valid", "same"]),
    *over("depthwise_conv", ("$x2", "$d2"), dilation_rate=[2, (1, 2)], padding=["valid", "same"]),
    *over("depthwise_conv", ("$c2", "$d2"), data_format=["channels_first"], padding=["same"]),
    *over("separable_conv", ("$x1", "$d1", "$p1"), strides=[1, 2], padding=["valid", "same"]),
    *over("separable_conv", ("$x2", "$d2", "$p2"), strides=[1, 2], padding=["valid", "same"]),
    *over("separable_conv", ("$x2", "$d2", "$p2"), dilation_rate=[2], padding=["valid", "same"]),
    *(
        row
        for k in (1, 2, 3, 4, 5)
        for row in over(
            "conv_transpose",
            ("$seq", f"$s{k}"),
            strides=[1, 2, 3, 4],
            padding=["valid", "same"],
            output_padding=[None, 0, 1],
        )
    ),
    *over(
        "conv_transpose",
        ("$seq", "$s3"),
        strides=[1, 2],
        padding=["valid", "same"],
        output_padding=[None, 0, 1],
        dilation_rate=[2],
    ),
    *over(
        "conv_transpose",
        ("$t2", "$d2"),
        strides=[2, (3, 1)],
        padding=["valid", "same"],
        output_padding=[None],
    ),
    *over(
        "conv_transpose",
        ("$t2", "$d2"),
        strides=[(3, 2)],
        padding=["same"],
        output_padding=[0, 1, (2, 0)],
    ),
    *over(
        "conv_transpose",
        ("$c2", "$d2"),
        data_format=["channels_first"],
        strides=[2],
        padding=["same", "other"],
    ),
    *each("conv_transpose", ("$x1", "$s3"), ("$h2", "$d2")),
]

POOL: list[Row] = [
    *over(
        "max_pool average_pool", ("$x2", 2), strides=[None, 1, (2, 1), 3], padding=["valid", "same"]
    ),
    *over(
        "max_pool average_pool",
        ("$c2", (3, 2)),
        strides=[2],
        padding=["valid", "same"],
        data_format=["channels_first"],
    ),
    *each(
        "max_pool average_pool",
        ("$x1", 3),
        ("$x3", 2),
        ("$i2", 2),
        ("$h2", 2),
        ("$x2", 7),
        ("$x2", 0),
    ),
    *over("max_pool average_pool", ("$x2", 2), padding=["other", "SAME"]),
    *over(
        "adaptive_average_pool adaptive_max_pool",
        ("$x2", (4, 3)),
        data_format=["channels_last", "channels_first"],
    ),
    *each(
        "adaptive_average_pool adaptive_max_pool",
        ("$x1", 3),
        ("$x3", 2),
        ("$x2", 6),
        ("$x2", 1),
        ("$x2", (4, 3, 2)),
    ),
    *each("unfold", ("$c2", 2), ("$c2", (3, 2), 2, 1, 2), ("$c2", 2, 1, 0, (3, 1))),
    *each("space_to_depth depth_to_space", ("$q", 2), ("$q", 3)),
    *each("space_to_depth depth_to_space", ("$q", 2), data_format="channels_first"),
]

ATTENTION: list[Row] = [
    *over(
        "dot_product_attention",
        ("$q", "$kv4", "$kv4"),
        bias=[None, "$bias"],
        mask=[None, "$mask"],
        is_causal=[False, True],
    ),
    *over("dot_product_attention", ("$q", "$kv", "$kv"), mask=[None, "$mask1"], scale=[None, 0.3]),
    *over(
        "dot_product_attention",
        ("$q", "$kv4", "$kv4"),
        bias=["$bias1"],
        mask=["$mask1"],
        scale=[1.0],
    ),
    *over(
        "dot_product_attention",
        ("$qh", "$kvh", "$kvh"),
        mask=[None, "$mask", "$mask1"],
        bias=[None, "$bias"],
    ),
    *each(
        "dot_product_attention",
        ("$qh", "$kv4", "$kv4"),
        ("$q", "$kv4", "$kv"),
        ("$x1", "$x1", "$x1"),
    ),
    *each("dot_product_attention", ("$q", "$kv4", "$kv4"), flash_attention=True),
    *each("dot_product_attention", ("$q", "$kv4", "$kv4"), flash_attention=False),
]

SIGNALS: list[Row] = [
    *each("fft ifft2 fft2", (("$re", "$im"),), (("$x1", "$x1"),)),
    *over("rfft", ("$w2",), fft_length=[None, 8, 15, 1]),
    *over("irfft", (("$re", "$im"),), fft_length=[None, 8, 5, 12]),
    *each("fft rfft", ("$w",), ("$wi",)),
    *each("fft fft2 ifft2 irfft", (("$ii", "$ii"),), (("$re", "$ii"),)),
    *each("extract_sequences", ("$w2", 4, 2), ("$w", 5, 3), ("$w", 13, 1), ("$wi", 4, 2)),
    *over(
        "stft",
        ("$w2", 4, 2, 8),
        window=["hann", "hamming", None, "$win", "other"],
        center=[True, False],
    ),
    *each("stft", ("$w", 4, 2, 4), ("$wi", 4, 2, 4), ("$w", 8, 2, 4)),
    *over(
        "istft",
        (("$re", "$im"), 4, 2, 8),
        window=["hann", "hamming", None, "$win"],
        center=[True, False],
        length=[None, 7],
    ),
]

NORMS: list[Row] = [
    *over(
        "batch_normalization",
        ("$b", "$v", "$pos"),
        axis=[-1, 1],
        offset=[None, "$v"],
        scale=[None, "$pos"],
    ),
    *each("batch_normalization", ("$b", "$v", "$pos", 1), epsilon=0.5),
    *each("batch_normalization", ("$b", "$v", "$pos", 0), ("$b", "$v", "$win", 1)),
    *over(
        "layer_normalization",
        ("$b",),
        gamma=[None, "$pos"],
        beta=[None, "$v"],
        axis=[-1, 1],
        epsilon=[1e-3],
    ),
    *over("layer_normalization", ("$re",), axis=[(1, 2), (0,), 0]),
    *over("rms_normalization", ("$b",), scale=[1, None, "$pos"], axis=[-1, 0], epsilon=[None, 0.1]),
    *each("psnr", ("$b", "$guess", 1.0), ("$b", "$b", 2)),
    *over(
        "binary_crossentropy categorical_crossentropy",
        ("$truth", "$guess"),
        from_logits=[True, False],
    ),
    *over(
        "sparse_categorical_crossentropy", ("$cls", "$guess"), from_logits=[True, False], axis=[-1]
    ),
    *each("categorical_crossentropy", ("$truth", "$guess"), axis=0),
    *each(
        "binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy",
        ("$v", "$guess"),
        ("$cls", "$b"),
    ),
]

CTC: list[Row] = [
    *over("ctc_loss", ("$labels", "$scores", "$lens", "$steps"), mask_index=[0, 3]),
    *each(
        "ctc_loss", ("$labels", "$scores", "$few", "$steps"), ("$labels", "$re", "$lens", "$steps")
    ),
    *over(
        "ctc_decode", ("$scores", "$steps"), merge_repeated=[True, False], mask_index=[None, 0, 3]
    ),
    *over(
        "ctc_decode",
        ("$scores", "$steps", "beam_search"),
        beam_width=[3, 20],
        top_paths=[1, 3],
        merge_repeated=[True, False],
    ),
    *each("ctc_decode", ("$scores", "$steps", "other")),
]


def _flow(name: str, code: Any) -> Case:
    return Case(f"ops.flow.{name}", code)


_X = _f(4, 3)
FLOW = [
    _flow(
        "cond",
        lambda k: [
            k.ops.cond(k.ops.sum(_X) > c, lambda: k.ops.sin(_X), lambda: k.ops.cos(_X))
            for c in (-99, 99)
        ],
    ),
    _flow("cond of ints", lambda k: k.ops.cond(1, lambda: 1.0, lambda: 2.0)),
    _flow("switch", lambda k: [k.ops.switch(i, [k.ops.sin, k.ops.cos], _X) for i in (0, 1)]),
    _flow(
        "switch out of range",
        lambda k: [k.ops.switch(i, [k.ops.sin, k.ops.cos], _X) for i in (-3, 7)],
    ),
    _flow(
        "while_loop",
        lambda k: k.ops.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (0, _X)),
    ),
    _flow("while_loop of one", lambda k: k.ops.while_loop(lambda i: i < 3, lambda i: i + 1, 0)),
    _flow("while_loop, list", lambda k: k.ops.while_loop(lambda i: i < 3, lambda i: [i + 1], [0])),
    _flow(
        "while_loop, limit",
        lambda k: k.ops.while_loop(lambda i: i < 9, lambda i: (i + 1,), (0,), maximum_iterations=4),
    ),
    _flow("fori_loop", lambda k: k.ops.fori_loop(1, 4, lambda i, x: x * i, _X)),
    *(
        _flow(
            f"scan({reverse}, {unroll})",
            lambda k, r=reverse, u=unroll: k.ops.scan(
                lambda c, x: (c + x, c * x), _X[0], _X, reverse=r, unroll=u
            ),
        )
        for reverse in (False, True)
        for unroll in (1, True, 3, False)
    ),
    _flow(
        "scan of a dict",
        lambda k: k.ops.scan(lambda c, x: (c, {"y": x["a"] + c}), _X[0], {"a": _X}),
    ),
    _flow("scan without xs", lambda k: k.ops.scan(lambda c, _: (c * 2, c), 1.0, length=3)),
    _flow("scan of another length", lambda k: k.ops.scan(lambda c, x: (c, x), 1.0, _X, length=3)),
    _flow("scan of no function", lambda k: k.ops.scan(3, 1.0, _X)),
    _flow("scan, unroll", lambda k: k.ops.scan(lambda c, x: (c, x), 1.0, _X, unroll=-1)),
    _flow("scan, ints and floats", lambda k: k.ops.scan(lambda c, x: (c + 1, x), 0, _X)),
    _flow("map", lambda k: k.ops.map(lambda x: (x, k.ops.sum(x)), _X)),
    _flow(
        "map of a dict", lambda k: k.ops.map(lambda x: {"s": x["a"] + x["b"]}, {"a": _X, "b": _X})
    ),
    _flow("vectorized_map", lambda k: k.ops.vectorized_map(lambda x: k.ops.sum(x) * x, _X)),
    _flow("vectorized_map of two", lambda k: k.ops.vectorized_map(lambda x: x[0] + x[1], (_X, _X))),
    *(
        _flow(
            f"associative_scan({reverse}, {axis})",
            lambda k, r=reverse, a=axis: k.ops.associative_scan(k.ops.add, _X, reverse=r, axis=a),
        )
        for reverse in (False, True)
        for axis in (0, 1)
    ),
    _flow(
        "associative_scan of a dict",
        lambda k: k.ops.associative_scan(lambda a, b: {"m": a["m"] * b["m"]}, {"m": _X}),
    ),
    _flow("associative_scan of no function", lambda k: k.ops.associative_scan(3, _X)),
    _flow("vectorize", lambda k: k.ops.vectorize(lambda x: k.ops.sum(x), signature="(n)->()")(_X)),
    _flow(
        "vectorize, excluded", lambda k: k.ops.vectorize(lambda x, n: x * n, excluded={1})(_X, 2.0)
    ),
    _flow(
        "jvp",
        lambda k: k.ops.jvp(
            lambda x: x * x, (k.ops.array([2.0, 3.0]),), (k.ops.array([1.0, 0.5]),)
        ),
    ),
]

CASES = [
    *cases("ops", [*CONV, *POOL, *NORMS], INPUTS, 128),
    *cases("ops", [*ATTENTION, *CTC], INPUTS, 256),
    *cases("ops", SIGNALS, INPUTS, 512),
    *FLOW,
]
