"""Random numbers: every function and option: shapes, dtypes, ranges, refusals, what a seed fixes, and laws.

The numbers need not be Keras's: a case gives their shape, dtype and range, and whether mean and variance lie
within five standard errors of the distribution's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.grid import Case, shown

_SHAPED: dict[str, dict[str, Any]] = {
    "uniform": {},
    "normal": {},
    "truncated_normal": {},
    "randint": {"minval": 0, "maxval": 5},
    "gamma": {"alpha": 2.0},
    "beta": {"alpha": 2.0, "beta": 3.0},
    "binomial": {"counts": 4.0, "probabilities": 0.5},
}
_MANY = (4000,)


def _array(k: Any, x: Any) -> np.ndarray:
    return np.asarray(k.ops.convert_to_numpy(x))


def _seen(k: Any, x: Any) -> list[Any]:
    """A result without its numbers."""
    values = _array(k, x).astype("float64")
    return [list(x.shape), k.backend.standardize_dtype(x.dtype), bool(np.isfinite(values).all())]


def _call(name: str, options: dict[str, Any], shape: Any = (2, 3), slow: bool = False) -> Case:
    """Shape and dtype, or the error."""

    def code(k: Any) -> Any:
        return _seen(k, getattr(k.random, name)(shape, **{**_SHAPED[name], **options}))

    given = "" if shape == (2, 3) else f"{shape!r}, "
    return Case(f"random.{name}({given}{shown(options)})", code, slow=slow)


def _moments(x: np.ndarray, mean: float, variance: float) -> list[bool]:
    """Whether mean and variance of the numbers are the distribution's, within five standard errors."""
    spread = np.sqrt(variance / x.size)
    fourth = np.mean((x - x.mean()) ** 4)
    error = np.sqrt(max(fourth - x.var() ** 2, 1e-12) / x.size)
    return [bool(abs(x.mean() - mean) <= 5 * spread), bool(abs(x.var() - variance) <= 5 * error)]


def _law(
    name: str,
    options: dict[str, Any],
    mean: float,
    variance: float,
    *ends: float,
    slow: bool = False,
) -> Case:
    """Mean, variance, and the ends that no number passes."""

    def code(k: Any) -> Any:
        drawn = getattr(k.random, name)(_MANY, **{**_SHAPED[name], **options}, seed=11)
        x = _array(k, drawn).astype("float64")
        inside = bool(x.min() >= ends[0] and x.max() <= ends[1]) if ends else True
        return [_seen(k, drawn), _moments(x, mean, variance), inside]

    return Case(f"random.{name}({shown(options)}) law", code, slow=slow)


# the variance of a normal number within two standard deviations
_TRUNCATED = 0.7737413
_LAWS = [
    _law("uniform", {}, 0.5, 1 / 12, 0, 1),
    _law("uniform", {"minval": -3.0, "maxval": 1.0}, -1, 16 / 12, -3, 1),
    _law("uniform", {"minval": 2, "maxval": 6}, 4, 16 / 12, 2, 6),
    _law("normal", {}, 0, 1),
    _law("normal", {"mean": 3.0, "stddev": 0.5}, 3, 0.25),
    _law("normal", {"mean": -2, "stddev": 2}, -2, 4),
    _law("truncated_normal", {}, 0, _TRUNCATED, -2, 2),
    _law("truncated_normal", {"mean": 3.0, "stddev": 0.5}, 3, _TRUNCATED / 4, 2, 4),
    _law("randint", {"minval": 0, "maxval": 5}, 2, 2, 0, 4),
    _law("randint", {"minval": -7, "maxval": -2}, -5, 2, -7, -3),
    _law("randint", {"minval": 3, "maxval": 4}, 3, 0, 3, 3),
    _law("gamma", {"alpha": 2.0}, 2, 2, 0, np.inf, slow=True),
    _law("gamma", {"alpha": 0.5}, 0.5, 0.5, 0, np.inf),
    _law("beta", {"alpha": 2.0, "beta": 3.0}, 0.4, 0.04, 0, 1),
    _law("binomial", {"counts": 100, "probabilities": 0.5}, 50, 25, 0, 100),
    _law("binomial", {"counts": 100, "probabilities": 1.0}, 100, 0, 100, 100, slow=True),
]

_ROW = np.array([1.0, 2.0, 3.0], "float32")
_COLUMN = np.array([[1.0], [5.0]], "float32")
_BROADCAST: list[tuple[str, dict[str, Any]]] = [
    ("uniform", {"minval": _ROW, "maxval": 4.0}),
    ("uniform", {"minval": 0.0, "maxval": _COLUMN}),
    ("normal", {"mean": _ROW, "stddev": _COLUMN}),
    ("normal", {"mean": np.ones((4, 1, 1), "float32")}),
    ("normal", {"mean": np.ones(4, "float32")}),
    ("truncated_normal", {"mean": _ROW, "stddev": _COLUMN}),
    ("randint", {"minval": np.array([0, 1, 2]), "maxval": 9}),
    ("randint", {"minval": 0, "maxval": np.array([[3], [4]])}),
    ("gamma", {"alpha": _ROW}),
    ("gamma", {"alpha": np.ones(4, "float32")}),
    ("beta", {"alpha": _ROW, "beta": _COLUMN}),
    ("beta", {"alpha": 1.0, "beta": np.ones(4, "float32")}),
    ("binomial", {"counts": _COLUMN, "probabilities": np.array([0.1, 0.5, 0.9], "float32")}),
    ("binomial", {"counts": np.ones(4, "float32")}),
]
_SLOW = ("gamma", "beta", "binomial")  # Keras compiles each for seconds
_DTYPES = ["float16", "bfloat16", "float64", "int32", "uint8", "bool"]


def _dtypes() -> list[Case]:
    found = []
    for name in _SHAPED:
        more = ["int8", "int64", "uint32"] if name == "randint" else []
        given = ["int32", "bool"] if name in _SLOW else [*_DTYPES, *more, None]
        found += [_call(name, {"dtype": dtype}) for dtype in given]
    found += [_call(name, {"dtype": "abc"}) for name in ("uniform", "normal", "randint")]
    return found


def _shapes() -> list[Case]:
    few: list[Any] = [(), [2, 3], (0, 2), (1,)]
    wrong: list[Any] = [(2, -1), (2, None), "ab", (2.5,)]
    return [
        *(_call(name, {}, shape) for name in ("uniform", "normal", "randint") for shape in few),
        *(_call(name, {}, 3) for name in ("uniform", "normal", "randint")),
        *(_call(name, {}, shape) for name in _SHAPED for shape in wrong),
        *(_call(name, {}, (np.int64(2), 3)) for name in ("uniform", "normal")),
    ]


def _seeds() -> list[Case]:
    """What a seed may be, and what the same seed gives."""

    def twice(make: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
        def code(k: Any) -> Any:
            seed, options = make(k), _SHAPED[name]
            draw = getattr(k.random, name)
            a, b = (_array(k, draw((3, 3), seed=seed, **options)) for _ in range(2))
            return bool((a == b).all())

        return code

    kinds: dict[str, Callable[[Any], Any]] = {
        "int": lambda k: 3,
        "0": lambda k: 0,
        "-1": lambda k: -1,
        "large": lambda k: 2**40,
        "None": lambda k: None,
        "SeedGenerator": lambda k: k.random.SeedGenerator(3),
        "key": lambda k: k.random.SeedGenerator(3).next(),
        "True": lambda k: True,
        "1.5": lambda k: 1.5,
        "'a'": lambda k: "a",
        "[1, 2]": lambda k: [1, 2],
        "NumPy number": lambda k: np.int32(3),
    }
    return [
        *(
            Case(f"random.normal(seed={name})", twice(make, "normal"))
            for name, make in kinds.items()
        ),
        *(
            Case(f"random.{name} again", twice(lambda k: 5, name), slow=name in _SLOW)
            for name in _SHAPED
        ),
    ]


def _generator() -> list[Case]:
    def made(*args: Any, **options: Any) -> Case:
        def code(k: Any) -> Any:
            g = k.random.SeedGenerator(*args, **options)
            config = g.get_config()
            again = k.random.SeedGenerator.from_config(config)
            return [
                config,
                again.get_config(),
                list(g.state.shape),
                g.state.dtype,
                g.state.trainable,
                g.state.path,
                g.name,
            ]

        return Case(f"random.SeedGenerator({args or ''}{shown(options)})", code)

    def states(k: Any) -> Any:
        g = k.random.SeedGenerator(7)
        first, second = _array(k, g.next()), _array(k, g.next())
        return [first, second, _array(k, g.state.value), str(first.dtype)]

    def same(k: Any) -> Any:
        def draws() -> list[np.ndarray]:
            g = k.random.SeedGenerator(7)
            return [_array(k, k.random.uniform((3,), seed=g)) for _ in range(2)]

        (a, b), (c, d) = draws(), draws()
        return [bool((a == c).all()), bool((b == d).all()), bool((a == b).any())]

    def unordered(k: Any) -> Any:
        g = k.random.SeedGenerator(7)
        return [bool((_array(k, g.next(ordered=False)) == _array(k, g.next())).all())]

    def set_seed(k: Any) -> Any:
        def draws() -> list[Any]:
            k.utils.set_random_seed(4)
            drawn = [_array(k, k.random.uniform((3,))) for _ in range(2)]
            return [*drawn, np.random.rand(), k.random.SeedGenerator().state.numpy()]  # noqa: NPY002

        return [bool(np.all(a == b)) for a, b in zip(draws(), draws(), strict=True)]

    return [
        made(),
        made(3),
        made(seed=0, name="mine"),
        made(seed=None),
        made(-1),
        made("a"),
        made(1.5),
        made(True),
        made(np.int64(3)),
        made(other=1),
        made(2**31 + 5),
        made(2**33),
        Case("random.SeedGenerator.next", states),
        Case("random.SeedGenerator same", same),
        Case("random.SeedGenerator.next(ordered=False)", unordered),
        Case("random after set_random_seed", set_seed),
    ]


_LOGITS = np.log(np.array([[0.2, 0.8], [0.5, 0.5]], "float32"))


def _categorical() -> list[Case]:
    def one(logits: Any, samples: Any, **options: Any) -> Case:
        kind = "" if logits.dtype == "float32" else logits.dtype
        return Case(
            f"random.categorical({kind}{logits.shape}, {samples}, {shown(options)})",
            lambda k: _seen(
                k, k.random.categorical(k.ops.convert_to_tensor(logits), samples, **options)
            ),
        )

    def law(k: Any) -> Any:
        drawn = k.random.categorical(k.ops.convert_to_tensor(_LOGITS), 4000, seed=2)
        x = _array(k, drawn).astype("float64")
        return [_moments(x[0], 0.8, 0.16), _moments(x[1], 0.5, 0.25)]

    return [
        one(_LOGITS, 3),
        one(_LOGITS, 1, seed=3),
        one(_LOGITS, 0),
        one(_LOGITS, 3, dtype="int64"),
        one(_LOGITS, 3, dtype="float32"),
        one(_LOGITS, 3, dtype="uint8"),
        one(_LOGITS.astype("float16"), 3),
        one(_LOGITS.astype("int32"), 3),
        one(_LOGITS[0], 3),
        one(_LOGITS[None], 3),
        one(_LOGITS, -1),
        one(_LOGITS, 1.5),
        Case("random.categorical law", law),
    ]


def _shuffle() -> list[Case]:
    cube = np.arange(24, dtype="float32").reshape(2, 3, 4)

    def one(x: Any, **options: Any) -> Case:
        def code(k: Any) -> Any:
            found = k.random.shuffle(k.ops.convert_to_tensor(x), **options)
            values = _array(k, found)
            axis = options.get("axis", 0)
            return [_seen(k, found), np.sort(values, axis=axis)]

        return Case(f"random.shuffle({x.dtype}{x.shape}, {shown(options)})", code)

    def seeded(k: Any) -> Any:
        a, b = (_array(k, k.random.shuffle(k.ops.arange(50), seed=4)) for _ in range(2))
        return [bool((a == b).all()), bool((a == np.arange(50)).all()), np.sort(a)]

    return [
        one(cube),
        *(one(cube, axis=axis) for axis in (1, 2, -1)),
        one(cube, axis=3),
        one(cube, axis=-4),
        one(np.arange(5, dtype="int32")),
        one(np.array([True, False])),
        one(np.array(3.0, "float32")),
        one(np.zeros((0, 2), "float32")),
        Case("random.shuffle(seed)", seeded),
    ]


def _dropout() -> list[Case]:
    ones = np.ones((40, 50), "float32")

    def one(x: Any, rate: Any, **options: Any) -> Case:
        def code(k: Any) -> Any:
            found = k.random.dropout(k.ops.convert_to_tensor(x), rate, **options)
            return [_seen(k, found), sorted({float(v) for v in _array(k, found).ravel()})[:3]]

        return Case(f"random.dropout({x.dtype}{x.shape}, {rate}, {shown(options)})", code)

    def noise(shape: Any) -> Case:
        """Along which axes all elements share their fate."""

        def code(k: Any) -> Any:
            x = _array(
                k,
                k.random.dropout(k.ops.convert_to_tensor(ones), 0.5, noise_shape=shape, seed=1),
            )
            return [bool((x == x[:1]).all()), bool((x == x[:, :1]).all()), list(x.shape)]

        return Case(f"random.dropout(noise_shape={shape})", code)

    def share(k: Any) -> Any:
        x = _array(k, k.random.dropout(k.ops.convert_to_tensor(ones), 0.25, seed=1))
        return _moments((x > 0).astype("float64").ravel(), 0.75, 0.1875)

    return [
        *(one(ones, rate, seed=1) for rate in (0.0, 0.5, 0.75, 1.0, 0, 1)),
        one(ones.astype("float16"), 0.5, seed=1),
        one(ones.astype("int32"), 0.0),
        *(noise(shape) for shape in (None, (1, 50), (40, 1), (None, 1), [1, None], (40,), (3, 50))),
        noise((1, 50, 1)),
        noise((1, 1)),
        Case("random.dropout law", share),
    ]


def _bounds() -> list[Case]:
    """Bounds that are equal, the wrong way round, no numbers, or out of the dtype's range."""
    return [
        _call("uniform", {"minval": 2.0, "maxval": 2.0}),
        _call("uniform", {"minval": 3.0, "maxval": 2.0}),
        _call("uniform", {"minval": "a"}),
        _call("uniform", {"minval": None}),
        _call("randint", {"minval": 3, "maxval": 3}),
        _call("randint", {"minval": 3, "maxval": 1}),
        _call("randint", {"minval": 0, "maxval": 2.5}),
        _call("randint", {"minval": 0, "maxval": "a"}),
        _call("randint", {"minval": 0, "maxval": 300, "dtype": "uint8"}),
        _call("randint", {"minval": 0, "maxval": 256, "dtype": "uint8"}),
        _call("randint", {"minval": -300, "maxval": 300, "dtype": "int8"}),
        _call("normal", {"stddev": 0.0}),
        _call("normal", {"stddev": -1.0}),
        _call("normal", {"mean": "a"}),
        _call("gamma", {"alpha": "a"}),
        _call("gamma", {"alpha": None}),
        _call("beta", {"alpha": None}),
        _call("binomial", {"probabilities": None}),
    ]


CASES = [
    *_LAWS,
    *(_call(name, options, slow=name in _SLOW) for name, options in _BROADCAST),
    *_dtypes(),
    *_shapes(),
    *_seeds(),
    *_generator(),
    *_categorical(),
    *_shuffle(),
    *_dropout(),
    *_bounds(),
]
