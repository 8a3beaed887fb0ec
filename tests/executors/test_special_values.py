"""Special values through every record on every executor: they are what the forward says.

Where the forward itself leaves a choice, it is listed here: the sign of a zero that is the larger of two
zeros, or a sum of zeros; results below the smallest normal number, which XLA flushes to zero, and native programs
where the setting says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae.base import settings
from narae.base.arrays import as_integers
from narae.base.dtypes import DTYPES, HALVES, standardize_dtype
from narae.engine import config
from narae.engine.compiled import compile_function
from narae.executors.native.lower.fallbacks import OPERATIONS
from narae.graph.ir import Op, Spec, run
from narae.primitives.record import RECORDS

Case = tuple[list[np.ndarray], dict[str, Any]]

ZERO_OF_EITHER_SIGN = {"maximum", "minimum", "relu", "sign"}
# Their results for what is no number are LAPACK's; one wants numbers in order; the others' bodies are graphs
# of these records.
NOT_HERE = {
    *OPERATIONS["LAPACK's work"],
    "custom_gradient",
    "while",
    "scan",
    "switch",
    "iota",
    "lay",
}
NUMBERS = [
    0.0,
    0.5,
    1.0,
    1.5,
    2.0,
    2.5,
    3.0,
    7.5,
    88.8,
    100.5,
    128.0,
    300.0,
    1e-3,
    3e9,
    1e19,
    np.inf,
]
WHOLE = [0, 1, 2, 3, 7, -1, -2, -3, -7]


def specials(dtype: str, subnormal: bool) -> np.ndarray:
    """Zeros, infinities, NaN, the ends of the range, and numbers at which functions turn."""
    if dtype == "bool":
        return np.array([False, True])
    if np.dtype(dtype).kind in "iu":
        info = np.iinfo(dtype)
        ends = [info.max, info.max - 1, info.min, info.min + 1]
        return np.array([n for n in WHOLE + ends if info.min <= n <= info.max], dtype)
    info = np.finfo(dtype)
    small = [info.tiny, info.tiny / 2, info.smallest_subnormal] if subnormal else []
    found = np.array([*NUMBERS, float(info.max), *small], dtype)
    return np.concatenate([found, -found, np.array([np.nan], dtype)])


def elementwise_cases(op: Op, subnormal: bool) -> list[Case]:
    """All combinations of specials, for every combination of dtypes that the record takes."""
    found: dict[Any, Case] = {}
    for given, params in op.samples(np.random.default_rng(0)):
        kinds = [np.asarray(a).dtype.name for a in given]
        for dtype in DTYPES:
            dtypes = [dtype if kind == kinds[-1] else kind for kind in kinds]
            if any(d in HALVES for d in dtypes) or not _takes(op, dtypes, params):
                continue
            rows = 40 if len(dtypes) < 3 else 9
            values = [_few(specials(d, subnormal), rows) for d in dtypes]
            grid = [np.ascontiguousarray(g.reshape(-1)) for g in np.meshgrid(*values)]
            found[(*dtypes, repr(params))] = grid, params
    return list(found.values())


def _few(values: np.ndarray, most: int) -> np.ndarray:
    return values[:: -(-len(values) // most)]


def _takes(op: Op, dtypes: list[str], params: dict[str, Any]) -> bool:
    try:
        op.rule(*(Spec((1,), d) for d in dtypes), **params)
    except (ValueError, TypeError):
        return False
    return True


def other_cases(op: Op) -> list[Case]:
    """The samples, with every third number a special one; and whole numbers at the ends of the range."""
    found = []
    for given, params in op.samples(np.random.default_rng(0)):
        arrays = [np.asarray(a) for a in given]
        for special in (np.nan, np.inf, -np.inf, -0.0, None):
            changed = [_with(a, special) for a in arrays]
            specs = [Spec(a.shape, standardize_dtype(a.dtype)) for a in changed]
            if all(a is b for a, b in zip(changed, arrays, strict=True)):
                continue
            try:
                op.rule(*specs, **params)
            except (ValueError, TypeError):
                continue
            found.append((changed, params))
    return found


def _with(array: np.ndarray, special: float | None) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    if special is None:
        ends = np.iinfo("int32")
        even = np.arange(array.size).reshape(array.shape) % 2 == 0
        return np.where(even, ends.max, ends.min).astype("int32")
    changed = array.copy()
    changed.reshape(-1)[::3] = special
    return changed


def check(op: Op, cases: list[Case], executor: str) -> None:
    """All cases as one program, against the forward on NumPy."""
    arrays = [a for given, _ in cases for a in given]

    def function(*values: Any) -> list[Any]:
        left = iter(values)
        return [op(*(next(left) for _ in given), **params) for given, params in cases]

    program = compile_function(function, *(Spec(a.shape, a.dtype.name) for a in arrays))
    for buffer, array in zip(program.inputs, arrays, strict=True):
        np.copyto(buffer, array)
    for (given, params), got in zip(cases, program(), strict=True):
        want = run(op, given, params)
        for g, w in zip(got if isinstance(got, tuple) else (got,), want, strict=True):
            assert g.dtype == w.dtype
            wrong = ~alike(g, w, executor, op.name)
            if wrong.any():
                at = np.flatnonzero(wrong)[0]
                inputs = [a.reshape(-1)[at] if a.shape == w.shape else "..." for a in given]
                raise AssertionError(
                    f"{op.name}{inputs} {params} of {[a.dtype.name for a in given]} on {executor}: "
                    f"{g.reshape(-1)[at]!r} for {w.reshape(-1)[at]!r}, and {wrong.sum()} of {w.size}"
                )


def check_flushed(op: Op, cases: list[Case]) -> None:
    """Where subnormal numbers are flushed, a result is one of what there would be with them, or with zeros in the
    places of the operands that are; and where that is 0 or subnormal, any number that counts for zero."""
    assert cases
    for given, params in cases:
        zeros = [_flushed(a) for a in given]
        function = lambda *values, params=params: op(*values, **params)
        program = compile_function(function, *(Spec(a.shape, a.dtype.name) for a in given))
        for buffer, array in zip(program.inputs, given, strict=True):
            np.copyto(buffer, array)
        result = program()
        both = zip(run(op, given, params), run(op, zeros, params), strict=True)
        for got, (exact, other) in zip(
            result if isinstance(result, tuple) else (result,), both, strict=True
        ):
            right = np.zeros(got.shape, bool)
            for want in (exact, other):
                right |= alike(got, want, "native", op.name)
                if want.dtype.kind == "f":
                    tiny = np.finfo(want.dtype).tiny
                    right |= (np.abs(got) < tiny) & (np.abs(want) <= tiny)
            if not right.all():
                at = np.flatnonzero(~right)[0]
                inputs = [a.reshape(-1)[at] for a in given if a.shape == got.shape]
                flat = [a.reshape(-1)[at] for a in (got, exact, other)]
                raise AssertionError(f"{op.name}{inputs} {params}: {flat}, {(~right).sum()} wrong")


def _flushed(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    return np.where(np.abs(array) < np.finfo(array.dtype).tiny, np.copysign(0, array), array)


def alike(got: np.ndarray, want: np.ndarray, executor: str, name: str) -> np.ndarray:
    if want.dtype.kind not in "f":
        return got == want
    info = np.finfo(want.dtype)
    with np.errstate(all="ignore"):
        # functions are within 64 last places of NumPy's, which has some of its own
        size = np.abs(want)
        if name.startswith("attention"):  # a difference of sums is rounded as these are
            size = np.maximum(size, np.minimum(1, size[np.isfinite(size)].max(initial=0)))
        near = np.abs(got - want) <= 64 * info.eps * size + 4 * info.smallest_subnormal
        near &= np.isfinite(want) & (want != 0)
    either = name in ZERO_OF_EITHER_SIGN or name in OTHERS
    equal = (got == want) & ((np.signbit(got) == np.signbit(want)) | either)
    found = equal | near | (np.isnan(got) & np.isnan(want))
    if executor == "xla":
        found |= (got == 0) & (np.abs(want) < info.tiny)
    return found


ELEMENTWISE = [n for n, op in sorted(RECORDS.items()) if op.elementwise and op.samples is not None]
OTHERS = [
    n
    for n, op in sorted(RECORDS.items())
    if not op.elementwise and op.samples is not None and n not in NOT_HERE
]


# On XLA those whose code is narae's own there; the others, which take JAX long to compile, when asked for.
OWN_ON_XLA = ("floor_divide", "remainder", "gcd", "lcm", "power", "cast")
BOTH = [pytest.param(e, n, id=f"{e}-{n}") for n in ELEMENTWISE for e in ("native", "numpy")]
XLA = [
    pytest.param("xla", n, id=f"xla-{n}", marks=[] if n in OWN_ON_XLA else pytest.mark.slow)
    for n in ELEMENTWISE
]


@pytest.mark.parametrize(("executor", "name"), BOTH + XLA)
def test_elementwise_records(executor: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", [executor])
    monkeypatch.setitem(settings._values, "flush_subnormals", False)
    op = RECORDS[name]
    cases = elementwise_cases(op, subnormal=executor != "xla")
    assert cases or name == "bitcast", "no dtype that it takes"
    if cases:
        check(op, cases, executor)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_records_where_subnormal_numbers_are_flushed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setitem(settings._values, "flush_subnormals", True)
    op = RECORDS[name]
    cases = [c for c in elementwise_cases(op, subnormal=True) if _has_floats(c)]
    if cases:
        check_flushed(op, cases)


def _has_floats(case: Case) -> bool:
    return any(a.dtype.kind == "f" for a in case[0])


@pytest.mark.parametrize("name", OTHERS)
def test_other_records(name: str, own_executor: str) -> None:
    cases = other_cases(RECORDS[name])
    if cases:
        check(RECORDS[name], cases, own_executor)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in OTHERS if n not in ("conv", "fft")])
def test_other_records_on_xla(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """But convolutions and transforms, whose way decides which zeros meet an infinity."""
    monkeypatch.setattr(config, "_chosen", ["xla"])
    cases = other_cases(RECORDS[name])
    if cases:
        check(RECORDS[name], cases[:40], "xla")


WHOLES = [d for d in DTYPES if d.startswith(("int", "uint"))]


@pytest.mark.parametrize("dtype", WHOLES)
@pytest.mark.parametrize("source", ["float16", "float32", "float64"])
def test_floats_become_the_nearest_integer_there_is(
    source: str, dtype: str, each_executor: str
) -> None:
    """On every processor: C says nothing of what is out of range."""
    info = np.iinfo(dtype)
    with np.errstate(all="ignore"):
        ends = np.array([info.min, info.max], np.float64)
        around = [ends - 1, ends, ends + 1, ends * 2, ends - 0.5, ends + 0.5]
        x = np.concatenate([*around, [np.inf, -np.inf, np.nan, 0.9, -0.9, 1.5, -1.5]]).astype(
            source
        )
    want = [
        0 if np.isnan(v) else min(max(int(v), info.min), info.max) if np.isfinite(v)
        else info.max if v > 0 else info.min
        for v in x
    ]  # fmt: skip
    assert as_integers(x, np.dtype(dtype)).tolist() == want
    program = compile_function(
        lambda v: RECORDS["cast"](v, dtype=dtype), Spec(x.shape, standardize_dtype(x.dtype))
    )
    np.copyto(program.inputs[0], x)
    assert program().tolist() == want
    assert run(RECORDS["cast"], [x], {"dtype": dtype})[0].tolist() == want
