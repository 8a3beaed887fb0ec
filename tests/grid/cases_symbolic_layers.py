"""Unknown lengths of layers' inputs: what a call and compute_output_shape give with one, two and all unknown."""

from __future__ import annotations

import itertools
from typing import Any

from tests.grid.grid import Case, shown

import narae

_ROW, _STEPS, _IMAGE, _VOLUME = (2, 6), (2, 8, 4), (2, 8, 9, 3), (2, 5, 6, 7, 3)
_ACCIDENTS = (TypeError, AttributeError, IndexError)

# names of layers: shapes of their inputs (a list: of several), options
_Rows = list[tuple[str, list[Any], list[dict[str, Any]]]]
_PADDED = [{"padding": p, "strides": s} for p in ("valid", "same") for s in (1, 2)]
_FORMATS = [{"data_format": "channels_first"}, {"keepdims": True}]


def _with(options: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**options, **row} for row in rows]


_ROWS: _Rows = [
    ("ReLU LeakyReLU ELU Softmax Flatten Identity UnitNormalization", [_ROW, _STEPS], [{}]),
    ("BatchNormalization LayerNormalization RMSNormalization", [_ROW, _STEPS, _IMAGE], [{}]),
    ("Masking ActivityRegularization", [_STEPS], [{}]),
    ("GaussianNoise", [_STEPS], [{"stddev": 0.5}]),
    ("Dropout AlphaDropout SpatialDropout1D", [_STEPS], [{"rate": 0.5}]),
    ("GroupNormalization", [(2, 8, 9, 4)], [{"groups": 2}]),
    ("Dense", [_ROW, _STEPS], [{"units": 5}]),
    ("EinsumDense", [_STEPS], [{"equation": "abc,cd->abd", "output_shape": (None, 5)}]),
    ("EinsumDense", [_STEPS], [{"equation": "...c,cd->...d", "output_shape": (5,)}]),
    ("Reshape", [_STEPS], [{"target_shape": s} for s in ((4, 8), (-1,), (-1, 4), (8, -1))]),
    ("Permute", [_STEPS], [{"dims": (2, 1)}]),
    ("RepeatVector", [_ROW], [{"n": 3}]),
    (
        "Conv1D SeparableConv1D Conv1DTranspose",
        [_STEPS],
        _with({"filters": 5, "kernel_size": 3}, [*_PADDED, _FORMATS[0]]),
    ),
    (
        "Conv2D SeparableConv2D Conv2DTranspose",
        [_IMAGE],
        _with({"filters": 5, "kernel_size": 3}, [*_PADDED, _FORMATS[0]]),
    ),
    ("Conv1D", [_STEPS], [{"filters": 5, "kernel_size": 3, "padding": "causal"}]),
    ("Conv2D", [_IMAGE], [{"filters": 5, "kernel_size": 3, "dilation_rate": 2}]),
    ("Conv3D", [_VOLUME], [{"filters": 5, "kernel_size": 2}]),
    ("DepthwiseConv2D", [_IMAGE], _with({"kernel_size": 3}, _PADDED)),
    ("MaxPooling1D AveragePooling1D", [_STEPS], _with({"pool_size": 2}, _PADDED)),
    ("MaxPooling2D AveragePooling2D", [_IMAGE], _with({"pool_size": 3}, _PADDED)),
    ("MaxPooling3D", [_VOLUME], [{"pool_size": 2}]),
    ("GlobalMaxPooling1D GlobalAveragePooling1D", [_STEPS], [{}, *_FORMATS]),
    ("GlobalMaxPooling2D GlobalAveragePooling2D", [_IMAGE], [{}, *_FORMATS]),
    ("AdaptiveAveragePooling2D AdaptiveMaxPooling2D", [_IMAGE], [{"output_size": 2}]),
    ("UpSampling1D", [_STEPS], [{"size": 2}]),
    ("UpSampling2D", [_IMAGE], [{"size": (2, 3)}]),
    ("ZeroPadding1D", [_STEPS], [{"padding": 1}]),
    ("ZeroPadding2D", [_IMAGE], [{"padding": ((1, 2), (0, 1))}]),
    ("Cropping1D", [_STEPS], [{"cropping": 1}]),
    ("Cropping2D", [_IMAGE], [{"cropping": ((1, 2), (0, 1))}]),
    (
        "Add Subtract Multiply Average Maximum Minimum",
        [[_STEPS, _STEPS], [_STEPS, (2, 1, 4)], [_ROW, (2, 8, 6)]],
        [{}],
    ),
    ("Concatenate", [[_STEPS, _STEPS]], [{}, {"axis": 0}]),
    ("Concatenate", [[_STEPS, (2, 5, 4)]], [{"axis": 1}]),
    ("Dot", [[_STEPS, _STEPS]], [{"axes": 2}, {"axes": 1, "normalize": True}]),
    ("Rescaling", [_IMAGE], [{"scale": 2.0}]),
]


class _Layer:
    """A layer on every choice of unknown lengths; what Keras stops at by accident is left out for both."""

    def __init__(self, name: str, shapes: Any, options: dict[str, Any]) -> None:
        self.name, self.options = name, options
        self.many = isinstance(shapes, list)
        self.shapes = shapes if self.many else [shapes]
        places = [(i, axis) for i, s in enumerate(self.shapes) for axis in range(len(s))]
        pairs = itertools.combinations(places, 2)
        self.choices = [(), *((p,) for p in places), *pairs, tuple(p for p in places if p[1] < 2)]
        self.accidents: set[tuple[int, bool]] = set()

    def __call__(self, k: Any) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for (n, unknown), calls in itertools.product(enumerate(self.choices), (True, False)):
            if k is narae and (n, calls) in self.accidents:
                continue
            shapes = [
                tuple(None if (i, axis) in unknown else n for axis, n in enumerate(shape))
                for i, shape in enumerate(self.shapes)
            ]
            try:
                out[f"{unknown} {calls}"] = self._made(k, shapes, calls)
            except ValueError:
                out[f"{unknown} {calls}"] = "refused"
            except _ACCIDENTS:
                if k is narae:
                    raise
                self.accidents.add((n, calls))
        return out

    def _made(self, k: Any, shapes: list[Any], calls: bool) -> Any:
        layer = getattr(k.layers, self.name)(**self.options)
        if not calls:
            return list(layer.compute_output_shape(shapes if self.many else shapes[0]))
        symbols = [k.KerasTensor(shape) for shape in shapes]
        return layer(symbols if self.many else symbols[0])


CASES = [
    Case(
        f"symbolic_layers.{name}({shapes}, {shown(options)})",
        _Layer(name, shapes, options),
        warnings=False,
        slow=options is not rows[0],
    )
    for names, inputs, rows in _ROWS
    for name in names.split()
    for shapes in inputs
    for options in rows
]
