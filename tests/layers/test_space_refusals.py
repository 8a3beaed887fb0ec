"""What layers over space refuse, with messages that say why; Keras refuses it too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.alike import alike

import narae

IMAGE = np.ones((1, 3, 3, 2), "float32")

# class, arguments, whether it is called on IMAGE -> the error's class and a part of its message
Row = tuple[str, dict[str, Any], bool, type[Exception], str]
REFUSED: list[Row] = [
    ("Conv2D", {"filters": 0, "kernel_size": 1}, False, ValueError, "`filters`, got 0"),
    ("Conv2D", {"filters": 1, "kernel_size": 0}, False, ValueError, "`kernel_size` as a whole"),
    ("Conv2D", {"filters": 1, "kernel_size": 1.5}, False, ValueError, "or 2 of them, got 1.5"),
    ("Conv2D", {"filters": 1, "kernel_size": (1, 2, 3)}, False, ValueError, r"got \(1, 2, 3\)"),
    ("Conv2D", {"filters": 1, "kernel_size": ("a", 1)}, False, ValueError, "`kernel_size`"),
    ("Conv1D", {"filters": 1, "kernel_size": 1, "strides": 0}, False, ValueError, "`strides`"),
    (
        "Conv2D",
        {"filters": 1, "kernel_size": 1, "strides": 2, "dilation_rate": 2},
        False,
        ValueError,
        "strides or dilation, not both",
    ),
    (
        "Conv2D",
        {"filters": 1, "kernel_size": 1, "padding": "causal"},
        False,
        ValueError,
        "one of valid, same, got 'causal'",
    ),
    ("Conv1D", {"filters": 1, "kernel_size": 1, "padding": "smae"}, False, ValueError, "'same'"),
    (
        "Conv2D",
        {"filters": 1, "kernel_size": 1, "data_format": "channel_last"},
        False,
        ValueError,
        "channels_last, channels_first",
    ),
    ("Conv2D", {"filters": 1, "kernel_size": 1, "groups": 0}, False, ValueError, "`groups`, got 0"),
    (
        "Conv2D",
        {"filters": 3, "kernel_size": 1, "groups": 2},
        False,
        ValueError,
        "3 filters, 2 groups",
    ),
    (
        "Conv2D",
        {"filters": 3, "kernel_size": 1, "groups": 3},
        True,
        ValueError,
        "2 channels, 3 groups",
    ),
    ("Conv2D", {"filters": 1, "kernel_size": 5}, True, ValueError, "a smaller window"),
    (
        "Conv2D",
        {"filters": 1, "kernel_size": 2, "dilation_rate": 3},
        True,
        ValueError,
        r"with dilation \(3, 3\) fits the lengths \(3, 3\)",
    ),
    ("Conv1D", {"filters": 1, "kernel_size": 1}, True, ValueError, "ndim=3"),
    ("Conv3D", {"filters": 1, "kernel_size": 1}, True, ValueError, "a batch axis missing"),
    ("Conv2D", {"filters": 1, "kernel_size": 1, "lora": 2}, False, ValueError, "arguments: lora"),
    ("DepthwiseConv2D", {"kernel_size": 4}, True, ValueError, "no window of"),
    (
        "DepthwiseConv1D",
        {"kernel_size": 1, "depth_multiplier": 0},
        False,
        ValueError,
        "`depth_multiplier`, got 0",
    ),
    (
        "DepthwiseConv1D",
        {"kernel_size": 1, "padding": "causal"},
        False,
        ValueError,
        "one of valid, same",
    ),
    ("SeparableConv2D", {"filters": -1, "kernel_size": 1}, False, ValueError, "`filters`, got -1"),
    ("SeparableConv2D", {"filters": 1, "kernel_size": 4}, True, ValueError, "no window of"),
    ("Conv2DTranspose", {"filters": 0, "kernel_size": 1}, False, ValueError, "`filters`"),
    (
        "Conv2DTranspose",
        {"filters": 1, "kernel_size": 3, "strides": 2, "output_padding": 2},
        False,
        ValueError,
        "`output_padding` below the strides",
    ),
    (
        "Conv2DTranspose",
        {"filters": 1, "kernel_size": 1, "strides": 2, "dilation_rate": 2},
        False,
        ValueError,
        "not both",
    ),
    ("MaxPooling2D", {"pool_size": 0}, False, ValueError, "`pool_size`"),
    ("MaxPooling1D", {"pool_size": (2, 3)}, False, ValueError, "or 1 of them"),
    ("AveragePooling2D", {}, False, TypeError, "pool_size"),
    ("AveragePooling2D", {"pool_size": 2, "padding": "full"}, True, ValueError, "`padding`"),
    ("MaxPooling1D", {"pool_size": 2}, True, ValueError, "ndim=3"),
    ("GlobalMaxPooling1D", {}, True, ValueError, "ndim=3"),
    ("GlobalMaxPooling2D", {"data_format": "nhwc"}, False, ValueError, "got 'nhwc'"),
    ("AdaptiveMaxPooling2D", {"output_size": (1, 2, 3)}, False, TypeError, "2 numbers"),
    ("AdaptiveMaxPooling1D", {"output_size": (1, 2)}, False, ValueError, "`output_size`"),
    ("AdaptiveAveragePooling1D", {"output_size": "a"}, False, TypeError, "got 'a'"),
    ("AdaptiveMaxPooling1D", {"output_size": 1}, True, ValueError, "ndim=3"),
    ("ZeroPadding1D", {"padding": -1}, False, ValueError, "of at least 0"),
    ("ZeroPadding2D", {"padding": -1}, True, ValueError, "of at least 0"),
    ("ZeroPadding2D", {"padding": (1, 2, 3)}, False, ValueError, "2 pairs"),
    ("ZeroPadding3D", {"padding": "abc"}, False, ValueError, "got 'abc'"),
    ("ZeroPadding2D", {"padding": None}, False, ValueError, "got None"),
    ("Cropping2D", {"cropping": -1}, False, ValueError, "of at least 0"),
    ("Cropping2D", {"cropping": ((1, 2), (3,))}, False, ValueError, r"got \(3,\)"),
    ("Cropping2D", {"cropping": 2}, True, ValueError, "leaves nothing of an axis of length 3"),
    ("UpSampling1D", {"size": (2,)}, False, TypeError, "`size` as a whole number"),
    ("UpSampling1D", {"size": 0}, False, ValueError, "at least 1"),
    ("UpSampling2D", {"size": (1, 2, 3)}, False, ValueError, "or 2 of them"),
    ("UpSampling2D", {"interpolation": "bilinaer"}, True, ValueError, "mean 'bilinear'"),
    ("BatchNormalization", {"axis": [3]}, False, TypeError, "whole number"),
    ("BatchNormalization", {"synchronized": True}, False, ValueError, "leave it False"),
    (
        "BatchNormalization",
        {"renorm": True, "renorm_clipping": {"max": 1.0}},
        False,
        ValueError,
        r"got \['max'\]",
    ),
    (
        "BatchNormalization",
        {"renorm": True, "renorm_clipping": {"rmin": 2.0, "rmax": 1.0}},
        False,
        ValueError,
        "rmax of at least rmin",
    ),
    (
        "BatchNormalization",
        {"renorm": True, "renorm_clipping": {"dmax": -1.0}},
        False,
        ValueError,
        "dmax of at least 0",
    ),
    ("LayerNormalization", {"axis": "a"}, False, TypeError, "got 'a'"),
    ("GroupNormalization", {"groups": 0}, False, ValueError, "got 0"),
    ("GroupNormalization", {"groups": 1.5}, False, ValueError, "got 1.5"),
    ("GroupNormalization", {}, True, ValueError, "2 channels .*, 32 groups"),
]


@pytest.mark.parametrize(("name", "arguments", "called", "kind", "message"), REFUSED)
def test_the_message_says_why(
    name: str, arguments: Any, called: bool, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        _made(narae, name, arguments, called)


def _made(k: Any, name: str, arguments: Any, called: bool) -> Any:
    layer = getattr(k.layers, name)(**arguments)
    return layer(IMAGE) if called else layer.name


@pytest.mark.oracle
def test_keras_refuses_the_same(keras: Any) -> None:
    for name, arguments, called, kind, _ in REFUSED:
        with pytest.raises(kind):
            _made(keras, name, arguments, called)


def _later(k: Any) -> Any:
    layer = k.layers.Conv2D(1, 3)
    layer(IMAGE)
    return layer(IMAGE[:, :2])


# What needs more than a constructor and a call.
CODE: list[tuple[Any, type[Exception], str]] = [
    (_later, ValueError, r"fits the lengths \(2, 3\)"),
    (lambda k: k.layers.MaxPooling2D(4)(k.Input((3, 3, 1))), ValueError, "no window of"),
    (lambda k: k.layers.Conv2D(1, 1).kernel, AttributeError, "kernel"),
    (lambda k: k.layers.BatchNormalization()(k.Input((3, None))), ValueError, "unknown"),
    (lambda k: k.layers.LayerNormalization()(k.Input((3, None))), ValueError, "unknown"),
    (lambda k: k.layers.GroupNormalization(1)(k.Input((3, None))), ValueError, "unknown"),
    (
        lambda k: k.layers.LayerNormalization(axis=3).compute_output_shape((None, 3)),
        ValueError,
        "axis 3 is not in",
    ),
    (
        lambda k: k.layers.BatchNormalization()(IMAGE, mask=np.ones((1, 3), bool)),
        ValueError,
        "without the last axis",
    ),
    (lambda k: k.layers.Wrapper(3), ValueError, "wraps a layer, got 3"),
    (
        lambda k: k.layers.SpectralNormalization(k.layers.Dense(1), 0),
        ValueError,
        "`power_iterations`, got 0",
    ),
    (
        lambda k: k.layers.SpectralNormalization(k.layers.ReLU())(IMAGE),
        ValueError,
        "ReLU has neither",
    ),
]


@pytest.mark.parametrize(("code", "kind", "message"), CODE)
def test_the_message_of_a_call_says_why(code: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        code(narae)


@pytest.mark.oracle
def test_keras_refuses_these_calls_too(keras: Any) -> None:
    for code, _, _ in CODE:
        alike(code, keras)


def test_more_is_refused_than_keras_refuses() -> None:
    made = narae.layers
    for code, message in (
        (lambda: made.Conv2D(None, 1), "`filters`, got None"),
        (lambda: made.Conv2D(1, 1, padding=(1, 1)), "a ZeroPadding layer before it"),
        (lambda: made.Conv2D(1, 1)(narae.Input((3, 3, None))), "known number of channels"),
        (lambda: made.Conv2DTranspose(1, 1)(IMAGE[None]), "ndim=4"),
        (lambda: made.MaxPooling2D(4)(IMAGE), "no window of"),  # eager Keras gives an empty image
        (lambda: made.MaxPooling2D(2, 0), "`strides`"),
        (lambda: made.AdaptiveMaxPooling2D(0), "`output_size`"),
        (lambda: made.BatchNormalization(axis=7)(IMAGE), "axis 7 is not in"),
        (lambda: made.RMSNormalization(axis=7)(IMAGE), "axis 7 is not in"),
        (lambda: made.UpSampling2D(interpolation="area"), "interpolation"),
    ):
        with pytest.raises(ValueError, match=message):
            code()
