"""Layers of windows and borders: every option, and those that act together."""

from __future__ import annotations

import itertools
from typing import Any

from tests.grid.grid import Case
from tests.grid.probing import case, numbers, refused, unknown_case

# one input for each rank and order of axes: what Keras compiles for one case serves the others
_IN = {
    (1, "channels_last"): numbers((2, 7, 4)),
    (1, "channels_first"): numbers((2, 4, 7)),
    (2, "channels_last"): numbers((1, 6, 5, 4)),
    (2, "channels_first"): numbers((1, 4, 6, 5)),
    (3, "channels_last"): numbers((1, 4, 5, 4, 2)),
    (3, "channels_first"): numbers((1, 2, 4, 5, 4)),
}
_WEIGHTS = {
    "kernel_initializer": "ones",
    "bias_initializer": "ones",
    "kernel_regularizer": "l2",
    "bias_regularizer": "l1",
    "activity_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "bias_constraint": "non_neg",
}


def _rows(options: list[dict[str, Any]], *products: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Single options, then all pairings of some of them."""
    made = list(options)
    for table in products:
        made += [dict(zip(table, row, strict=True)) for row in itertools.product(*table.values())]
    return made


def _layers(name: str, rank: int, base: dict[str, Any], rows: list[dict[str, Any]]) -> list[Case]:
    """Each row on numbers, and on unknown lengths where the options are not of weights."""
    made = []
    for row in rows:
        options = {**base, **row}
        x = _IN[rank, options.get("data_format") or "channels_last"]
        made.append(case(name, options, x, terms=256))
        if not set(row) & set(_WEIGHTS) and "activation" not in row and "dtype" not in row:
            made.append(unknown_case(name, options, x))
    unique: dict[str, Case] = {c.id: c for c in made}
    return list(unique.values())


_WINDOWS = {"padding": ["valid", "same"], "strides": [1, 2]}
_ORDER = {"data_format": ["channels_first"], "padding": ["valid", "same"]}
_CONV = _rows(
    [
        {"use_bias": False, "activation": "relu", "name": "named"},
        {"dtype": "mixed_float16"},
        {"dilation_rate": 2},
        {"dilation_rate": 2, "padding": "same"},
        {"groups": 2},
        {"groups": 2, "padding": "same", "strides": 2},
        _WEIGHTS,
    ],
    _WINDOWS,
    _ORDER,
)
_SEPARABLE = _rows(
    [
        {"use_bias": False, "activation": "relu"},
        {"dilation_rate": 2},
        {"dilation_rate": 2, "padding": "same"},
        {"depth_multiplier": 2},
        {"depth_multiplier": 2, "padding": "same", "strides": 2},
        {"bias_initializer": "ones", "bias_regularizer": "l1", "bias_constraint": "non_neg"},
        {
            "depthwise_regularizer": "l2",
            "depthwise_initializer": "ones",
            "depthwise_constraint": "non_neg",
        },
    ],
    _WINDOWS,
    _ORDER,
)
_TRANSPOSED = _rows(
    [
        {"use_bias": False, "activation": "relu", "padding": "same"},
        {"dilation_rate": 2},
        {"dilation_rate": 2, "padding": "same"},
        {"strides": 2, "output_padding": 1, "data_format": "channels_first", "padding": "same"},
        {"dtype": "mixed_bfloat16"},
        _WEIGHTS,
    ],
    _WINDOWS,
    {"padding": ["valid", "same"], "strides": [2, 3, 4], "output_padding": [None, 0, 1]},
    _ORDER,
)
_POOLED = _rows(
    [{"pool_size": 3, "strides": 2}, {"dtype": "float16"}, {"pool_size": 3, "padding": "same"}],
    {"padding": ["valid", "same"], "strides": [None, 1, 3]},
    _ORDER,
)


def _by_rank(kind: str, ranks: tuple[int, ...], base: dict[str, Any], rows: Any) -> list[Case]:
    return [c for r in ranks for c in _layers(kind.format(r), r, base, rows)]


_FORMATS = [{}, {"data_format": "channels_first"}, {"keepdims": True}]
_FORMATS += [{"data_format": "channels_first", "keepdims": True}]
_SIZES = {1: [1, (0, 2), [2, 1]], 2: [1, (0, 2), ((1, 0), (0, 2))]}
_SIZES[3] = [1, (0, 1, 1), ((1, 0), (0, 2), (0, 1))]
_BORDERS = [
    c
    for rank in (1, 2, 3)
    for kind, argument in (("ZeroPadding", "padding"), ("Cropping", "cropping"))
    for c in _layers(
        f"{kind}{rank}D",
        rank,
        {},
        [
            {},
            *({argument: size} for size in _SIZES[rank]),
            *(
                {argument: _SIZES[rank][1], "data_format": "channels_first"}
                for _ in range((kind, rank) != ("Cropping", 1))
            ),
        ],
    )
]
_UP = [
    *_layers("UpSampling1D", 1, {}, [{}, {"size": 3}]),
    *_layers(
        "UpSampling2D",
        2,
        {},
        _rows(
            [{}, {"size": 3}],
            {
                "size": [(1, 2), [2, 3]],
                "interpolation": ["nearest", "bilinear"],
                "data_format": ["channels_last", "channels_first"],
            },
        ),
    ),
    *_layers(
        "UpSampling2D", 2, {}, [{"interpolation": i} for i in ("bicubic", "lanczos3", "lanczos5")]
    ),
    *_layers("UpSampling3D", 3, {}, [{}, {"size": (1, 2, 1)}, {"data_format": "channels_first"}]),
]
_STEPS = numbers((2, 7, 4))
_HALF = numbers((2, 7)) > 0

CASES = [
    *_by_rank("Conv{}D", (1, 2, 3), {"filters": 4, "kernel_size": 2}, _CONV[:6] + _CONV[7:]),
    *_layers("Conv1D", 1, {"filters": 4, "kernel_size": 3}, [_WEIGHTS, {"padding": "causal"},
             {"padding": "causal", "dilation_rate": 2}, {"padding": "causal", "strides": 2}]),
    *_layers("Conv2D", 2, {"filters": 4}, [{"kernel_size": (1, 3), "strides": (2, 1)},
             {"kernel_size": [3, 2], "dilation_rate": (1, 2)}, {"kernel_size": 7}]),
    *_by_rank("DepthwiseConv{}D", (1, 2), {"kernel_size": 2}, _SEPARABLE),
    *_by_rank("SeparableConv{}D", (1, 2), {"filters": 3, "kernel_size": 2}, _SEPARABLE),
    *_by_rank("Conv{}DTranspose", (1,), {"filters": 2, "kernel_size": 3}, _TRANSPOSED),
    *_by_rank("Conv{}DTranspose", (1,), {"filters": 2, "kernel_size": 4},
              [{"padding": "same", "strides": s, "output_padding": o} for s in (2, 3, 4) for o in (0, 1)]),
    *_by_rank("Conv{}DTranspose", (2,), {"filters": 2, "kernel_size": (3, 2)}, _TRANSPOSED),
    *_by_rank("Conv{}DTranspose", (3,), {"filters": 2, "kernel_size": 2}, _TRANSPOSED[:8]),
    *(c for n in ("MaxPooling{}D", "AveragePooling{}D") for c in _by_rank(n, (1, 2), {"pool_size": 2}, _POOLED)),
    *(c for n in ("MaxPooling{}D", "AveragePooling{}D") for c in _by_rank(n, (3,), {"pool_size": 2}, _POOLED[:5])),
    *(c for n in ("GlobalMaxPooling{}D", "GlobalAveragePooling{}D") for c in _by_rank(n, (1, 2, 3), {}, _FORMATS)),
    *(
        case("GlobalAveragePooling1D", options, x, {"mask": _HALF})
        for options, x in (({}, _STEPS), ({"keepdims": True}, _STEPS),
                           ({"data_format": "channels_first"}, numbers((2, 4, 7))))
    ),
    *(c for n in ("AdaptiveMaxPooling{}D", "AdaptiveAveragePooling{}D")
      for c in _by_rank(n, (1, 2, 3), {}, [{"output_size": 2}, {"output_size": 3, "data_format": "channels_first"}])),
    *_BORDERS,
    *_UP,
    *(refused(n, filters=f, kernel_size=2) for n in ("Conv1D", "Conv2D", "Conv2DTranspose", "SeparableConv2D")
      for f in (0, -1)),
    *(refused("Conv2D", filters=4, kernel_size=2, **o) for o in (
        {"strides": 0}, {"strides": (1, 2, 3)}, {"padding": "foo"}, {"padding": "causal"}, {"groups": 3},
        {"groups": 0}, {"groups": -1}, {"data_format": "foo"}, {"dilation_rate": 0}, {"strides": 2, "dilation_rate": 2},
        {"activation": "foo"})),
    *(refused("Conv2D", filters=4, kernel_size=s) for s in (0, (1, 2, 3), "ab", (1, 0), None)),
    *(refused("Conv2DTranspose", filters=4, kernel_size=2, **o) for o in (
        {"padding": "causal"}, {"strides": 2, "dilation_rate": 2}, {"strides": 2, "output_padding": 2},
        {"output_padding": 1}, {"strides": 0})),
    *(refused("DepthwiseConv2D", kernel_size=2, **o) for o in (
        {"depth_multiplier": 0}, {"strides": 0}, {"padding": "causal"})),
    *(refused("MaxPooling2D", **o) for o in (
        {"pool_size": 0}, {"strides": 0}, {"padding": "foo"}, {"pool_size": (1, 2, 3)},
                                             {"data_format": "foo"})),
    *(refused("ZeroPadding2D", padding=p) for p in (-1, (1, 2, 3), ((1, 2), (1, 2, 3)), None, "ab")),
    *(refused("Cropping2D", cropping=p) for p in (-1, (1, 2, 3), None)),
    *(refused("Cropping1D", cropping=p) for p in (-1, (1, 2, 3), None)),
    *(refused("UpSampling2D", **o) for o in ({"size": 0}, {"size": (1, 2, 3)}, {"interpolation": "foo"})),
    *(refused("AdaptiveMaxPooling2D", output_size=s) for s in (0, (1, 2, 3), "a", None)),
]  # fmt: skip
