"""Initializers, regularizers and constraints: options, shapes, dtypes, configs and what they refuse.

Random numbers need not be Keras's: their shape, dtype, range and moments are compared.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from tests.grid.grid import Case, shown

_EXACT: dict[str, list[dict[str, Any]]] = {
    "Zeros": [{}],
    "Ones": [{}],
    "Constant": [{}, {"value": 3}, {"value": -0.5}, {"value": True}],
    "Identity": [{}, {"gain": 2.0}],
}
_SHAPES = [(2, 3), (3, 3), (4,), (), (0, 2), (2, 0), (1, 2, 2), [2, 3], 3]
_STFT = [
    *({"side": side, "window": window} for side in ("real", "imag") for window in ("hann", None)),
    {"window": "hamming", "scaling": "spectrum"},
    {"window": "blackman", "periodic": True, "scaling": None},
    {"window": "boxcar"},
    {"window": np.array([1.0, 2.0, 3.0, 4.0], "float32"), "scaling": "spectrum"},
]
_RANDOM: dict[str, list[dict[str, Any]]] = {
    "RandomNormal": [{}, {"mean": 2.0, "stddev": 0.5}],
    "RandomUniform": [{}, {"minval": 1.0, "maxval": 3.0}],
    "TruncatedNormal": [{}, {"mean": 2.0, "stddev": 0.5}],
    "VarianceScaling": [
        {},
        *(
            {"scale": 2.0, "mode": mode, "distribution": distribution}
            for mode in ("fan_in", "fan_out", "fan_avg")
            for distribution in ("uniform", "truncated_normal", "untruncated_normal", "normal")
        ),
        {"input_axes": [0], "output_axes": [1]},
    ],
    "GlorotUniform": [{}],
    "GlorotNormal": [{}],
    "HeUniform": [{}],
    "HeNormal": [{}],
    "LecunUniform": [{}, {"input_axes": [0], "output_axes": [1]}],
    "LecunNormal": [{}],
    "Orthogonal": [{}, {"gain": 2.0}],
}


def _exact(name: str, options: dict[str, Any], shape: Any, dtype: Any) -> Case:
    return Case(
        f"initializers.{name}({shown(options)})({shape}, {dtype})",
        lambda k: getattr(k.initializers, name)(**options)(shape, dtype=dtype),
    )


def _described(family: str, name: str, options: dict[str, Any]) -> Case:
    """Config, its round trips and attributes."""

    def code(k: Any) -> Any:
        module = getattr(k, family)
        thing = getattr(module, name)(**options)
        again = type(thing).from_config(thing.get_config())
        written = module.serialize(thing)
        read = module.deserialize(module.serialize(thing))
        held = [getattr(thing, key) for key in options]
        # Keras keeps some numbers as tensors
        seen = [float(v) if getattr(v, "shape", None) == () else v for v in held]
        extra = [thing.clone().get_config()] if hasattr(thing, "clone") else []
        configs = [thing.get_config(), again.get_config(), written, read.get_config(), *extra]
        return [configs, seen]

    return Case(f"{family}.{name}({shown(options)}) config", code)


def _moments(name: str, options: dict[str, Any], shape: Any, dtype: Any = None) -> Case:
    """Shape and dtype, and what 20,000 numbers tell of the distribution."""

    def code(k: Any) -> Any:
        made = getattr(k.initializers, name)(seed=3, **options)
        first, second = made(shape, dtype=dtype), made(shape, dtype=dtype)
        x = np.asarray(k.ops.convert_to_numpy(first)).astype("float64")
        same = bool((x == np.asarray(k.ops.convert_to_numpy(second)).astype("float64")).all())
        kept = [str(first.dtype).rsplit(".", 1)[-1], list(first.shape), same]
        if x.size < 1000:
            return kept
        limit = options.get("mean", 0.0)
        # within a fortieth: five standard errors of 20,000 numbers
        spread = round(float(np.log(x.std()) * 20)) / 20
        return [*kept, bool(abs(x.mean() - limit) < 5 * x.std() / x.size**0.5) or "off", spread]

    return Case(f"initializers.{name}({shown(options)})({shape}, {dtype}) moments", code)


def _random() -> list[Case]:
    rows = []
    for name, table in _RANDOM.items():
        for options in table:
            if name not in ("RandomUniform", "Orthogonal"):
                rows.append(_moments(name, options, (100, 200)))
            rows.append(_described("initializers", name, {"seed": 3, **options}))
        rows += [
            _moments(name, {}, shape) for shape in ((2, 3), (2, 3, 4), (2, 0), (2, 2, 3, 4, 2))
        ]
        rows += [_moments(name, {}, (2, 3), dtype) for dtype in ("float16", "bfloat16")]
        rows.append(_described("initializers", name, {}))
        if name != "Orthogonal":
            rows += [_moments(name, {}, shape) for shape in ((5,), ())]
        rows.append(
            Case(
                f"initializers.{name} seed generator",
                lambda k, n=name: getattr(k.initializers, n)(
                    seed=k.random.SeedGenerator(3)
                ).get_config()["seed"]["class_name"],
            )
        )
    laws = {
        "tall": (6, 3),
        "wide": (3, 6),
        "deep": (2, 3, 4),
    }
    for tag, shape in laws.items():

        def code(k: Any, shape: Any = shape) -> Any:
            w = np.asarray(k.initializers.Orthogonal(gain=2.0, seed=1)(shape)).reshape(
                -1, shape[-1]
            )
            w = w if w.shape[0] >= w.shape[1] else w.T
            return np.round(w.T @ w, 3) + 0.0

        rows.append(Case(f"initializers.Orthogonal {tag}", code))
    return rows


def _refused_initializers() -> list[Case]:
    rows: list[tuple[str, dict[str, Any]]] = [
        ("VarianceScaling", {"scale": 0.0}),
        ("VarianceScaling", {"scale": -1.0}),
        ("VarianceScaling", {"mode": "fan"}),
        ("VarianceScaling", {"distribution": "gauss"}),
        ("STFT", {"side": "left"}),
        ("STFT", {"window": "nothing"}),
        ("STFT", {"scaling": "l2"}),
        ("HeNormal", {"seed": "x"}),
        ("HeNormal", {"nothing": 1}),
    ]
    cases = [
        Case(
            f"initializers.{name}({shown(row)}) refused",
            lambda k, n=name, row=row: getattr(k.initializers, n)(**row).get_config(),
        )
        for name, row in rows
    ]
    array = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    return [
        *cases,
        Case("initializers.Orthogonal of a vector", lambda k: k.initializers.Orthogonal()((3,))),
        Case("initializers.Initializer", lambda k: k.initializers.Initializer()((3,))),
        Case("initializers.get(array)", lambda k: k.initializers.get(array)((2, 2))),
        Case(
            "initializers.get(array) float16",
            lambda k: k.initializers.get(array)((2, 2), "float16"),
        ),
        Case("initializers.get(array) of another shape", lambda k: k.initializers.get(array)((4,))),
        Case("initializers.get(tensor)", lambda k: k.initializers.get(k.ops.ones((2,)))((2,))),
        Case(
            "initializers.get(function)",
            lambda k: k.initializers.get(lambda s, dtype: s)((2,), "x"),
        ),
        Case("initializers.Constant(array)", lambda k: k.initializers.Constant(array)((2, 2))),
        Case("initializers.Constant(row)", lambda k: k.initializers.Constant(array[0])((3, 2))),
        _described("initializers", "Constant", {"value": 3.0}),
        _described("initializers", "Constant", {"value": array}),
    ]


_W = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]], "float32")
_CUBE = np.arange(12, dtype="float32").reshape(2, 2, 3) - 5
_REGULARIZERS: dict[str, list[dict[str, Any]]] = {
    "L1": [{}, {"l1": 0.5}, {"l1": 0}, {"l1": None}, {"l1": 1}],
    "L2": [{}, {"l2": 0.5}, {"l2": 0}, {"l2": None}, {"l2": 1}],
    "L1L2": [{}, {"l1": 0.5}, {"l2": 0.25}, {"l1": 0.5, "l2": 0.25}, {"l1": None, "l2": None}],
    "OrthogonalRegularizer": [{}, {"factor": 0.5}, {"mode": "columns"}, {"factor": 0}],
}
_CONSTRAINTS: dict[str, list[dict[str, Any]]] = {
    "MaxNorm": [{}, {"max_value": 1}, {"axis": 1}, {"axis": [0, 1], "max_value": 0.5}],
    "NonNeg": [{}],
    "UnitNorm": [{}, {"axis": 1}, {"axis": [0, 1]}],
    "MinMaxNorm": [
        {},
        {"min_value": 2.0, "max_value": 3.0},
        {"rate": 0.5, "axis": 1},
        {"min_value": 0.5, "max_value": 1.0, "rate": 0.25, "axis": [0, 1]},
    ],
}


def _applied(family: str, name: str, options: dict[str, Any]) -> list[Case]:
    spell = f"{family}.{name}({shown(options)})"

    def run(k: Any, w: Any) -> Any:
        return getattr(getattr(k, family), name)(**options)(w)

    cases = [
        Case(spell, lambda k: run(k, k.ops.convert_to_tensor(_W))),
        Case(f"{spell} array", lambda k: run(k, _W)),
        Case(f"{spell} variable", lambda k: run(k, k.Variable(_W))),
        Case(f"{spell} bfloat16", lambda k: run(k, k.ops.cast(_W, "bfloat16"))),
    ]
    if None not in options.values():
        cases.append(_described(family, name, options))
    if options.get("axis") != [0, 1]:
        cases.append(Case(f"{spell} 3d", lambda k: run(k, k.ops.convert_to_tensor(_CUBE))))
    return cases


def _refused_regularizers() -> list[Case]:
    rows: list[tuple[str, str, dict[str, Any]]] = [
        *(
            ("regularizers", "L1", {"l1": v})
            for v in (-1.0, "x", float("nan"), float("inf"), [0.1])
        ),
        *(("regularizers", "L2", {"l2": v}) for v in (-1.0, "x", float("nan"))),
        *(("regularizers", "L1L2", row) for row in ({"l1": -1}, {"l2": "x"})),
        ("regularizers", "OrthogonalRegularizer", {"mode": "x"}),
        ("regularizers", "OrthogonalRegularizer", {"factor": -1.0}),
        ("regularizers", "OrthogonalRegularizer", {"factor": None}),
        ("constraints", "MaxNorm", {"nothing": 1}),
    ]
    cases = [
        Case(
            f"{family}.{name}({shown(row)}) refused",
            lambda k, f=family, n=name, row=row: getattr(getattr(k, f), n)(**row).get_config(),
        )
        for family, name, row in rows
    ]
    one = np.array([[3.0, 4.0]], "float32")
    return [
        *cases,
        Case("regularizers.Regularizer", lambda k: k.regularizers.Regularizer()(_W)),
        Case(
            "regularizers.Regularizer config", lambda k: k.regularizers.Regularizer().get_config()
        ),
        Case("constraints.Constraint", lambda k: k.constraints.Constraint()(_W)),
        Case("constraints.Constraint config", lambda k: k.constraints.Constraint().get_config()),
        Case(
            "regularizers.OrthogonalRegularizer of one row",
            lambda k: k.regularizers.OrthogonalRegularizer()(one),
        ),
        *(
            Case(
                f"constraints.{name} zeros",
                lambda k, n=name: getattr(k.constraints, n)()(np.zeros((2, 3), "float32")),
            )
            for name in _CONSTRAINTS
        ),
    ]


_ALL = [
    *(
        _exact(name, options, shape, dtype)
        for name, table in _EXACT.items()
        for options in table
        for shape, dtype in [
            *((shape, None) for shape in _SHAPES),
            *(((2, 3), dtype) for dtype in ("float16", "int32", "bool", "float7")),
        ]
    ),
    *(
        _described("initializers", name, options)
        for name in ("Zeros", "Ones")
        for options in _EXACT[name]
    ),
    *(_exact("STFT", options, (4, 1, 3), None) for options in _STFT),
    *(_described("initializers", "STFT", options) for options in _STFT[1:6]),
    *_random(),
    *_refused_initializers(),
    *(
        case
        for family, table in (("regularizers", _REGULARIZERS), ("constraints", _CONSTRAINTS))
        for name, rows in table.items()
        for options in rows
        for case in _applied(family, name, options)
    ),
    *_refused_regularizers(),
]
CASES = [replace(case, slow="float16" in case.id) for case in _ALL]
