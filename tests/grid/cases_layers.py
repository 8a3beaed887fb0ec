"""Layers that keep or change shapes without windows: activations, core, merging, noise, reshaping, norms."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from tests.grid.grid import Case
from tests.grid.probing import case, numbers, refused, unknown_case

X2, X3, X4 = numbers((2, 4)), numbers((2, 3, 4)), numbers((2, 3, 4, 4))
_INTS = numbers((2, 3, 4), "int32")
_MASK = np.array([[True, True, False], [False, False, False]])
_WIDE = np.broadcast_to(_MASK[..., None], X3.shape)

# name -> (options, inputs, arguments of the call); the inputs X3 where none are named
_ROWS: dict[str, list[tuple[Any, ...]]] = {
    "Activation": [
        *(({"activation": a}, X3) for a in ("relu", "softmax", "linear", None)),
        ({"activation": "tanh", "dtype": "mixed_float16"}, X3),
    ],
    "ReLU": [
        ({}, X3),
        ({"max_value": 1.0}, X3),
        ({"negative_slope": 0.25}, X3),
        ({"threshold": 0.5}, X3),
        ({"max_value": 1.5, "negative_slope": 0.5, "threshold": 0.5}, X3),
        ({"max_value": 0.0}, X3),
        ({"dtype": "float16"}, X3),
    ],
    "LeakyReLU": [({}, X3), ({"negative_slope": 0.5}, X3), ({"alpha": 0.2}, X3)],
    "ELU": [({}, X3), ({"alpha": 0.5}, X3)],
    "PReLU": [
        ({}, X3),
        ({"shared_axes": [1]}, X3),
        ({"shared_axes": 2}, X3),
        (
            {"alpha_initializer": "ones", "alpha_regularizer": "l2", "alpha_constraint": "non_neg"},
            X3,
        ),
    ],
    "Softmax": [
        ({}, X3),
        ({"axis": 1}, X3),
        ({"axis": (1, 2)}, X3),
        ({"axis": [2]}, X3),
        *(({"dtype": d}, X3, {"mask": _WIDE}) for d in ("float32", "float16", "bfloat16")),
        ({}, X3, {"mask": _MASK[..., None]}),
        ({}, X3, {"mask": np.array([1.0, 0.4, 0.6, 0.0], "float32")}),
        ({"axis": (1, 2)}, X3, {"mask": _WIDE}),
        ({}, X3, {"mask": np.ones((3, 3), bool)}),
        ({}, X3, {"mask": np.ones((1, 2, 3, 4), bool)}),
    ],
    "Identity": [({}, X3), ({}, _INTS), ({"dtype": "float16"}, X3), ({"trainable": False}, X3)],
    "Masking": [({}, np.where(_WIDE, X3, 0)), ({"mask_value": 2.0}, np.where(_WIDE, X3, 2))],
    "ActivityRegularization": [({}, X3), ({"l1": 0.5}, X3), ({"l1": 0.5, "l2": 0.25}, X3)],
    "UnitNormalization": [({}, X3), ({"axis": 1}, X3), ({"axis": [1, 2]}, X3), ({"axis": 3}, X3)],
    "Dense": [
        ({"units": 3}, X2),
        ({"units": 3}, X3),
        ({"units": 3}, X4),
        ({"units": 3, "use_bias": False}, X2),
        ({"units": 3, "activation": "relu", "name": "named"}, X2),
        (
            {
                "units": 3,
                "kernel_regularizer": "l1",
                "bias_regularizer": "l2",
                "activity_regularizer": "l2",
                "kernel_constraint": "max_norm",
                "bias_constraint": "non_neg",
                "kernel_initializer": "ones",
                "bias_initializer": "ones",
            },
            X2,
        ),
        *(({"units": 3, "dtype": d}, X2) for d in ("float16", "mixed_float16", "mixed_bfloat16")),
        ({"units": 3, "trainable": False}, X2),
        ({"units": 3}, numbers((2, 4), "int32")),
        ({"units": 3}, numbers((4,))),
    ],
    "EinsumDense": [
        ({"equation": "ab,bc->ac", "output_shape": 5}, X2),
        ({"equation": "ab,bc->ac", "output_shape": 5, "bias_axes": "c"}, X2),
        ({"equation": "abc,cd->abd", "output_shape": (None, 5), "bias_axes": "d"}, X3),
        ({"equation": "abc,cde->abde", "output_shape": (None, 2, 5), "bias_axes": "de"}, X3),
        ({"equation": "...x,xy->...y", "output_shape": 5, "bias_axes": "y"}, X3),
        ({"equation": "abc,bcd->ad", "output_shape": (5,)}, X3),
        ({"equation": "ab,b->a", "output_shape": ()}, X2),
        ({"equation": "ab,bc->ac", "output_shape": 5, "activity_regularizer": "l1"}, X2),
        ({"equation": "abc,dc,error->abc", "output_shape": 5}, X2),
        ({"equation": "ab,cd->ad", "output_shape": 5}, X2),
        ({"equation": "ab,bc->ac", "output_shape": 5, "bias_axes": "b"}, X2),
    ],
    "Flatten": [
        ({}, X3),
        ({}, X4),
        ({"data_format": "channels_first"}, X4),
        ({"data_format": "channels_first"}, X3),
        ({}, numbers((3,))),
        ({}, _INTS),
    ],
    "Reshape": [
        ({"target_shape": (4, 3)}, X3),
        ({"target_shape": (-1,)}, X3),
        ({"target_shape": (2, -1, 3)}, X3),
        ({"target_shape": (12,)}, _INTS),
        ({"target_shape": (5,)}, X3),
        ({"target_shape": [6, 2]}, X3),
        ({"target_shape": ()}, numbers((2, 1))),
    ],
    "Permute": [({"dims": (2, 1)}, X3), ({"dims": [3, 1, 2]}, X4), ({"dims": (2, 1)}, X4)],
    "RepeatVector": [({"n": 3}, X2), ({"n": 1}, X2), ({"n": 2}, X3)],
    "BatchNormalization": [
        *(({}, x, {"training": t}) for x in (X2, X3) for t in (True, False)),
        ({"axis": 1}, X3, {"training": True}),
        ({"axis": 1}, X4, {"training": False}),
        ({"center": False}, X2, {"training": True}),
        ({"scale": False, "momentum": 0.5, "epsilon": 0.5}, X2, {"training": True}),
        ({"center": False, "scale": False}, X2, {"training": False}),
        ({"dtype": "mixed_float16"}, X2, {"training": True}),
        ({"dtype": "float16"}, X2, {"training": True}),
        ({"trainable": False}, X2, {"training": True}),
        ({}, X3, {"training": True, "mask": _MASK}),
        ({"axis": 1}, X3, {"training": True, "mask": _MASK}),
        ({}, X3, {"training": True, "mask": _MASK[:, :2]}),
        (
            {
                "beta_initializer": "ones",
                "gamma_initializer": "zeros",
                "moving_mean_initializer": "ones",
                "moving_variance_initializer": "zeros",
                "beta_regularizer": "l2",
                "gamma_regularizer": "l1",
                "beta_constraint": "non_neg",
                "gamma_constraint": "non_neg",
            },
            X2,
            {"training": False},
        ),
        ({"renorm": True}, X2, {"training": True}),
        (
            {
                "renorm": True,
                "renorm_clipping": {"rmax": 2.0, "rmin": 0.5, "dmax": 1.0},
                "renorm_momentum": 0.9,
            },
            X2,
            {"training": True},
        ),
        ({"axis": 5}, X2),
    ],
    "LayerNormalization": [
        ({}, X3),
        ({"axis": 1}, X3),
        ({"axis": (1, 2)}, X3),
        ({"axis": [-1, -2]}, X3),
        ({"epsilon": 0.5, "center": False}, X3),
        ({"scale": False}, X3),
        ({"dtype": "mixed_float16"}, X3),
        ({"dtype": "float16"}, X3),
        (
            {
                "beta_initializer": "ones",
                "gamma_initializer": "zeros",
                "beta_regularizer": "l2",
                "gamma_regularizer": "l1",
                "beta_constraint": "non_neg",
                "gamma_constraint": "non_neg",
            },
            X3,
        ),
        ({"rms_scaling": True}, X3),
        ({"axis": 4}, X3),
    ],
    "RMSNormalization": [
        ({}, X3),
        ({"axis": 1}, X3),
        ({"axis": (1, 2)}, X3),
        ({"epsilon": 0.5}, X3),
        ({"dtype": "mixed_bfloat16"}, X3),
    ],
    "GroupNormalization": [
        ({"groups": 2}, X3),
        ({"groups": -1}, X3),
        ({"groups": 1}, X4),
        ({"groups": 3, "axis": 1}, X3),
        ({"groups": 2, "center": False, "epsilon": 0.5}, X4),
        ({"groups": 2, "scale": False, "dtype": "mixed_float16"}, X4),
        ({"groups": 3}, X3),
        ({"groups": 32}, X3),
        (
            {
                "groups": 2,
                "beta_initializer": "ones",
                "gamma_regularizer": "l1",
                "beta_constraint": "non_neg",
            },
            X3,
        ),
    ],
    "Rescaling": [
        ({"scale": 0.5}, X3),
        ({"scale": 0.5, "offset": -1.0}, _INTS),
        ({"scale": [1.0, 2.0, 3.0, 4.0], "offset": [0.0, 1.0, 2.0, 3.0]}, X3),
        ({"scale": 2, "dtype": "float16"}, X3),
        ({"scale": 2, "dtype": "uint8"}, numbers((2, 3), "uint8")),
        ({"scale": (1.0, 2.0)}, X3),
    ],
    "Normalization": [
        ({}, X2),
        ({"axis": None}, X2),
        ({"axis": (1, 2)}, X3),
        ({"axis": 1}, X3),
        ({"axis": 0}, X2),
        ({"axis": [-1]}, X2),
        ({"mean": 1.0, "variance": 4.0}, X3),
        ({"mean": 1.0, "variance": 4.0, "axis": None}, X3),
        ({"mean": [1.0, 2.0, 3.0, 4.0], "variance": [4.0, 1.0, 1.0, 1.0]}, X3),
        ({"mean": [1.0, 2.0, 3.0], "variance": [4.0, 1.0, 1.0], "axis": 1}, X3),
        ({"mean": [1.0, 2.0, 3.0, 4.0], "variance": [4.0, 1.0, 1.0, 0.0], "axis": (1, 2)}, X3),
        ({"mean": [[1.0], [2.0], [3.0]], "variance": [[4.0], [1.0], [1.0]], "axis": (1, 2)}, X3),
        ({"mean": 1.0, "variance": 4.0, "invert": True}, X3),
        ({"mean": 1.0, "variance": 4.0, "dtype": "float16"}, X3),
        ({"mean": 1.0, "variance": 4.0}, _INTS),
        ({"mean": [1.0, 2.0], "variance": [4.0, 1.0]}, X3),
        ({"axis": 3}, X3),
        ({"axis": -4}, X3),
    ],
    "SpectralNormalization": [],
}

_NOISE = [
    ("Dropout", {"rate": 0.5}),
    ("Dropout", {"rate": 0.0}),
    ("Dropout", {"rate": 0.5, "noise_shape": (None, 1, 4), "seed": 3}),
    ("Dropout", {"rate": 0.5, "noise_shape": [2, 1, 4], "name": "d", "trainable": False}),
    ("AlphaDropout", {"rate": 0.25, "noise_shape": (2, 1, 4), "seed": 3}),
    ("GaussianDropout", {"rate": 0.25, "seed": 3}),
    ("GaussianNoise", {"stddev": 0.25, "seed": 3}),
    ("GaussianNoise", {"stddev": 0}),
    ("SpatialDropout1D", {"rate": 0.25, "seed": 3}),
]

_MERGED = {
    "equal": [X3, X3 + 1],
    "three": [X3, X3 + 1, X3 * 2],
    "broadcast": [X3, X3[:, :1]],
    "ranks": [X3, X2],
    "one": [X3],
    "integers": [_INTS, _INTS],
    "mixed": [X3, _INTS],
    "misfit": [X3, X3[:, :2]],
    "batches": [X3, X3[:1]],
}
_MERGES = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")


def _merges() -> list[Case]:
    made = [
        Case(f"{c.id}, {how}", c.code)
        for name in _MERGES
        for how, inputs in _MERGED.items()
        for c in [case(name, {}, inputs)]
    ]
    made += [
        Case(f"{c.id}, {how}", c.code)
        for name in _MERGES
        for how in ("equal", "broadcast", "ranks", "misfit")
        for c in [unknown_case(name, {}, _MERGED[how])]
    ]
    made += [case("Concatenate", {"axis": axis}, _MERGED["equal"]) for axis in (0, 1, 2, -2, 3)]
    made += [unknown_case("Concatenate", {"axis": axis}, _MERGED["misfit"]) for axis in (1, 2)]
    misfit = case("Concatenate", {"axis": 1}, _MERGED["misfit"])
    made += [Case(f"{misfit.id}, misfit", misfit.code)]
    dots = [
        *({"axes": a} for a in (1, 2, -1, (1, 1), (2, 2), (1, 2), [2, 1], 0, 3)),
        {"axes": 2, "normalize": True},
    ]
    made += [case("Dot", options, _MERGED["equal"]) for options in dots]
    made += [unknown_case("Dot", options, _MERGED["equal"]) for options in dots[:7]]
    made += [case("Dot", {"axes": (2, 1)}, [X3, X2]), case("Dot", {"axes": -1}, [X2, X2])]
    return made


def _masked(name: str) -> Case:
    """Inputs with masks, without, and one with: numbers and masks that come out."""

    def code(k: Any) -> Any:
        found = []
        for marked in ((True, True), (True, False), (False, False)):
            inputs = []
            for x, mark in zip((np.where(_WIDE, X3, 0), X3 + 1), marked, strict=True):
                inputs.append(k.layers.Masking()(x) if mark else k.ops.convert_to_tensor(x))
            out = getattr(k.layers, name)()(inputs)
            found.append([out, getattr(out, "_keras_mask", None)])
        return found

    return Case(f"layers.{name} of masked inputs", code)


def _mask_of(name: str, inputs: str, mask: Any, **options: Any) -> Case:
    def code(k: Any) -> Any:
        x = k.ops.convert_to_tensor(X3)
        given = {"list": [x, x], "one": x, "short": [x]}[inputs]
        return getattr(k.layers, name)(**options).compute_mask(given, mask)

    kind = [m if m is None else "array" for m in mask] if isinstance(mask, list) else type(mask)
    return Case(f"layers.{name}({options}).compute_mask({inputs}, {kind})", code)


_MASKS = [
    _mask_of(name, inputs, mask, **({"axes": 1} if name == "Dot" else {}))
    for name in (*_MERGES, "Dot")
    for inputs, mask in (
        ("list", None),
        ("list", [None, None]),
        ("list", [_MASK, None]),
        ("list", [_MASK, ~_MASK]),
        ("list", _MASK),
        ("one", [None, None]),
        ("short", [None, None]),
    )
] + [_mask_of("Concatenate", "list", [_MASK, None], axis=1)]

_REFUSED = [
    *(refused("Dense", units=u) for u in (0, -1, 2.5, "3", None)),
    *(refused("Dense", units=3, trainable=t) for t in ("yes", 1, 0, None)),
    *(refused("Dense", units=3, name=n) for n in (5, "a/b", ["a"])),
    *(refused("Dense", units=3, dtype=d) for d in ("foo", 5, [], {}, {"a": 1})),
    *(refused("Dense", units=3, activation=a) for a in ("foo", 5, [1], {"a": 1})),
    *(
        refused("Dense", units=3, **{f"{role}_{kind}": value})
        for role, kind in itertools.product(
            ("kernel", "bias"), ("initializer", "regularizer", "constraint")
        )
        for value in ("foo", 5, [1], {"a": 1})
    ),
    refused("Dense", units=3, bogus=1),
    refused("Dense", units=3, activity_regularizer=[1]),
    *(
        refused(n, rate=r)
        for n in ("Dropout", "AlphaDropout", "GaussianDropout")
        for r in (-0.1, 1.5)
    ),
    *(
        refused("Dropout", rate=0.5, noise_shape=s)
        for s in ("ab", 3, (0, 1), (-1,), (1.5, 2), [None])
    ),
    refused("GaussianNoise", stddev=-1.0),
    *(refused("RepeatVector", n=n) for n in (0, -1, 2.5, "3", True)),
    *(refused("Reshape", target_shape=s) for s in ((-2,), (-1, -1), ("a",), (2.5,))),
    *(refused("Permute", dims=d) for d in ((1, 3), (0, 1), (1, 1))),
    *(
        refused("ReLU", **{a: v})
        for a in ("max_value", "negative_slope", "threshold")
        for v in (-1.0,)
    ),
    *(refused("ReLU", **{a: None}) for a in ("negative_slope", "threshold")),
    refused("LeakyReLU", negative_slope=None),
    *(refused("Dot", axes=a) for a in ("a", (1,), (1, "b"), None, 1.5)),
    *(
        refused("Normalization", mean=m, variance=v)
        for m, v in ((1.0, None), (1.0, [1.0]), ([[1.0]], [[1.0]]))
    ),
    refused("LayerNormalization", axis="a"),
    *(refused("UnitNormalization", axis=a) for a in ("a", None, {"a": 1})),
    *(refused("GroupNormalization", groups=g) for g in (0, -2)),
    refused("BatchNormalization", renorm=True, renorm_clipping={"foo": 1}),
    refused("BatchNormalization", renorm=True, renorm_clipping={"rmax": 0.5, "rmin": 2.0}),
    refused("Lambda", function=3),
    refused("Flatten", data_format="foo"),
    *(
        refused("Input", **o)
        for o in (
            {},
            {"shape": 3},
            {"shape": (2,), "batch_shape": (1, 2)},
            {"shape": (-1,)},
            {"batch_size": 2, "batch_shape": (1, 2)},
            {"tensor": 3},
            {"shape": (2,), "dtype": "foo"},
        )
    ),
]

CASES = [
    *(case(name, *row) for name, rows in _ROWS.items() for row in rows),
    *(
        unknown_case(name, row[0], row[1])
        for name, rows in _ROWS.items()
        for row in rows
        if len(row) == 2 and "dtype" not in row[0] and len(row[1].shape) > 1
    ),
    *(case(name, options, X3, {"training": False}) for name, options in _NOISE),
    *(unknown_case(name, options, X3) for name, options in _NOISE),
    *_merges(),
    *map(_masked, _MERGES),
    *_MASKS,
    *_REFUSED,
]
