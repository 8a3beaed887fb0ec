"""Rows for the tables: layers over space and normalization, on odd lengths, with strides, dilation, groups."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

_rng = np.random.default_rng(1)
Row = tuple[str, dict[str, Any], Any]


def x(*shape: int) -> np.ndarray:
    return _rng.normal(size=shape).astype("float32")


LINE, IMAGE, VOLUME = x(4, 7, 4), x(4, 7, 6, 4), x(4, 5, 4, 3, 2)
FIRST = {"data_format": "channels_first"}
ALL = {
    "kernel_initializer": "he_normal",
    "bias_initializer": "ones",
    "kernel_regularizer": "l2",
    "bias_regularizer": "l2",
    "activity_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "bias_constraint": "non_neg",
}

_CONVOLUTIONS: list[Row] = [
    ("Conv1D", {"filters": 3, "kernel_size": 2}, LINE),
    ("Conv1D", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "causal"}, LINE),
    (
        "Conv1D",
        {"filters": 4, "kernel_size": 2, "dilation_rate": 3, "padding": "causal", "groups": 2},
        LINE,
    ),
    ("Conv1D", {"filters": 3, "kernel_size": 3, "padding": "causal", **FIRST}, LINE),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "activation": "relu"}, IMAGE),
    (
        "Conv2D",
        {"filters": 3, "kernel_size": (3, 2), "strides": 2, "padding": "SAME", **ALL},
        IMAGE,
    ),
    ("Conv2D", {"filters": 6, "kernel_size": 4, "padding": "same", "groups": 2}, IMAGE),
    ("Conv2D", {"filters": 2, "kernel_size": 2, "dilation_rate": (2, 3)}, IMAGE),
    ("Conv2D", {"filters": 2, "kernel_size": 3, "dilation_rate": 2, "padding": "same"}, IMAGE),
    ("Conv2D", {"filters": 2, "kernel_size": (2, 3), "strides": (1, 3), **FIRST}, IMAGE),
    ("Conv2D", {"filters": 2, "kernel_size": 1, "use_bias": False}, IMAGE),
    ("Conv3D", {"filters": 3, "kernel_size": (2, 3, 1), "strides": (1, 2, 1)}, VOLUME),
    ("Conv3D", {"filters": 2, "kernel_size": 2, "padding": "same", "groups": 2}, VOLUME),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2, "strides": 2}, LINE),
    ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same", "strides": 2}, IMAGE),
    ("DepthwiseConv2D", {"kernel_size": (2, 3), "depth_multiplier": 3, **FIRST}, IMAGE),
    (
        "DepthwiseConv2D",
        {
            "kernel_size": 2,
            "dilation_rate": 2,
            "activation": "tanh",
            "depthwise_initializer": "he_normal",
            "depthwise_regularizer": "l2",
            "depthwise_constraint": "non_neg",
        },
        IMAGE,
    ),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 2, "depth_multiplier": 2}, LINE),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 3, "padding": "same"}, IMAGE),
    (
        "SeparableConv2D",
        {
            "filters": 2,
            "kernel_size": (3, 2),
            "strides": 2,
            "activation": "relu",
            "pointwise_initializer": "he_normal",
            "pointwise_regularizer": "l2",
            "depthwise_constraint": "non_neg",
            "pointwise_constraint": "max_norm",
            **FIRST,
        },
        IMAGE,
    ),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 2, "strides": 3}, LINE),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "dilation_rate": 2}, LINE),
    (
        "Conv1DTranspose",
        {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
        LINE,
    ),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "activation": "relu"}, IMAGE),
    (
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": (3, 4), "strides": 2, "padding": "same", **ALL},
        IMAGE,
    ),
    (
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": 2, "strides": (2, 3), "output_padding": (0, 2), **FIRST},
        IMAGE,
    ),
    ("Conv3DTranspose", {"filters": 3, "kernel_size": 2, "strides": (1, 2, 2)}, VOLUME),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 3, "padding": "same"}, VOLUME),
]

_POOLING: list[Row] = [
    *(
        (f"{kind}Pooling{len(v.shape) - 2}D", options, v)
        for kind in ("Max", "Average")
        for options, v in [
            ({"pool_size": 2}, LINE),
            ({"pool_size": 3, "strides": 2, "padding": "same"}, LINE),
            ({"pool_size": (2, 3), "padding": "same"}, IMAGE),
            ({"pool_size": (3, 2), "strides": 1, "padding": "same", **FIRST}, IMAGE),
            ({"pool_size": 2, "strides": (2, 1, 1), "padding": "same"}, VOLUME),
        ]
    ),
    ("MaxPooling2D", {}, IMAGE),
    *(
        (f"Global{kind}Pooling{len(v.shape) - 2}D", options, v)
        for kind in ("Max", "Average")
        for options, v in [({}, LINE), ({"keepdims": True, **FIRST}, IMAGE), ({}, VOLUME)]
    ),
    *(
        (f"Adaptive{kind}Pooling{len(v.shape) - 2}D", options, v)
        for kind in ("Max", "Average")
        for options, v in [
            ({"output_size": (3,)}, LINE),
            ({"output_size": (3, 4)}, IMAGE),
            ({"output_size": 2, **FIRST}, VOLUME),
        ]
    ),
]

_BORDERS: list[Row] = [
    ("ZeroPadding1D", {"padding": (1, 2)}, LINE),
    ("ZeroPadding1D", {"padding": 2, **FIRST}, LINE),
    ("ZeroPadding2D", {}, IMAGE),
    ("ZeroPadding2D", {"padding": (0, 2), **FIRST}, IMAGE),
    ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, IMAGE),
    ("ZeroPadding3D", {"padding": (0, 1, 2)}, VOLUME),
    ("ZeroPadding3D", {"padding": ((1, 0), (2, 3), (0, 1)), **FIRST}, VOLUME),
    ("Cropping1D", {}, LINE),
    ("Cropping1D", {"cropping": (2, 0)}, LINE),
    ("Cropping2D", {"cropping": 1}, IMAGE),
    ("Cropping2D", {"cropping": ((1, 0), (0, 2)), **FIRST}, IMAGE),
    ("Cropping3D", {}, VOLUME),
    ("Cropping3D", {"cropping": ((1, 2), (2, 1), (0, 0))}, VOLUME),
    ("UpSampling1D", {"size": 3}, LINE),
    ("UpSampling2D", {"size": (1, 3), **FIRST}, IMAGE),
    ("UpSampling3D", {"size": (1, 2, 3)}, VOLUME),
    ("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, IMAGE),
]

_AFFINE = {
    "beta_initializer": "ones",
    "gamma_initializer": "random_normal",
    "beta_regularizer": "l2",
    "gamma_regularizer": "l2",
    "beta_constraint": "non_neg",
    "gamma_constraint": "max_norm",
}

_NORMALIZATION: list[Row] = [
    ("BatchNormalization", {}, x(4, 5)),
    (
        "BatchNormalization",
        {
            "axis": 1,
            "momentum": 0.9,
            "epsilon": 1e-2,
            "moving_mean_initializer": "ones",
            "moving_variance_initializer": "random_uniform",
            **_AFFINE,
        },
        IMAGE,
    ),
    ("BatchNormalization", {"center": False}, LINE),
    ("BatchNormalization", {"scale": False, "renorm": True}, LINE),
    ("BatchNormalization", {"renorm": True, "renorm_clipping": {"rmax": 2.0}}, LINE),
    ("LayerNormalization", {}, LINE),
    ("LayerNormalization", {"axis": (2, 1), "epsilon": 1e-2, **_AFFINE}, LINE),
    ("LayerNormalization", {"axis": [-1, -2], "center": False, "scale": False}, IMAGE),
    ("GroupNormalization", {"groups": 2}, IMAGE),
    ("GroupNormalization", {"groups": -1, "axis": 1, "epsilon": 1e-2, **_AFFINE}, IMAGE),
    ("GroupNormalization", {"groups": 3, "axis": -2, "center": False}, IMAGE),
    ("GroupNormalization", {"groups": 1, "scale": False}, x(4, 6)),
    ("RMSNormalization", {}, LINE),
    ("RMSNormalization", {"axis": (2, 1), "epsilon": 0.1}, LINE),
]


def _named(rows: list[Row]) -> dict[str, Row]:
    """Each row under its class and arguments."""
    out = {}
    for row in rows:
        options = ",".join(f"{k}={v}" for k, v in row[1].items()).replace(" ", "")
        out[f"{row[0]}({options})"] = row
    assert len(out) == len(rows)
    return out


ROWS = _named([*_CONVOLUTIONS, *_POOLING, *_BORDERS, *_NORMALIZATION])
# The operations' own gradients are tested where they are: one row of each kind is enough here.
DIFFERENTIATED = {re.sub(r"\dD", "", row[0]): name for name, row in ROWS.items()}.values()
