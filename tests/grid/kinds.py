"""Dtypes of the grid, arrays of them, and many calls in one case.

Keras on JAX compiles each call anew for each dtype: of calls that only differ in dtypes its shapes and dtypes
are asked for by tracing, and numbers are compared where one dtype is as good as another.
"""

from __future__ import annotations

import functools
import itertools
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tests.alike import EngineError
from tests.grid.grid import Case, shown

import narae

# JAX has 64 bits only when told so.
DTYPES = [
    *("bool", "uint8", "uint16", "uint32", "int8", "int16", "int32"),
    *("bfloat16", "float16", "float32"),
]


def array(values: Any, dtype: str) -> np.ndarray:
    """A NumPy array of any of the dtypes."""
    if dtype == "bfloat16":
        import ml_dtypes

        return np.asarray(values).astype(ml_dtypes.bfloat16)
    return np.asarray(values).astype(dtype)


def _shape_and_dtype(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return [_shape_and_dtype(item) for item in value]
    return [list(value.shape), narae.backend.standardize_dtype(value.dtype)]


def _traced(call: Callable[[], Any]) -> Any:
    import jax

    kept: list[Any] = []
    shapes = jax.eval_shape(
        lambda: kept.append(found := call()) or (0 if isinstance(found, str) else found)
    )
    return kept[0] if isinstance(kept[0], str) else shapes


def _refused(error: Exception) -> str:
    """The class of an error of the language, by its name."""
    kinds = (TypeError, ValueError, IndexError, AttributeError, NotImplementedError)
    return next((kind.__name__ for kind in kinds if isinstance(error, kind)), type(error).__name__)


def results(k: Any, calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """The shape and dtype of each call's result, or the class of its error."""

    def one(call: Callable[[], Any]) -> Any:
        try:
            return _shape_and_dtype(call() if k is narae else _traced(call))
        except Exception as error:
            return _refused(error)

    return [one(call) for call in calls]


def refusing(k: Any, call: Callable[[], Any]) -> Any:
    """The call's result. An error that JAX raises, or of a list that Keras takes for an array, is an
    EngineError: it says nothing of Keras."""
    try:
        return call()
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        inside = trace.tb_frame.f_code.co_filename if trace is not None else ""
        deliberate = "/keras/src/" in inside.replace("\\", "/") and not isinstance(
            error, AttributeError
        )
        if k is narae or deliberate:
            raise
        raise EngineError(str(error)) from error


Row = tuple[str, tuple[Any, ...], dict[str, Any]]


def each(names: str, *rows: tuple[Any, ...], **options: Any) -> list[Row]:
    """A row for each operation and each arguments, with the same options."""
    return [(name, row, options) for name in names.split() for row in rows]


def over(names: str, row: tuple[Any, ...], **options: Sequence[Any]) -> list[Row]:
    """A row for each operation and each combination of the options' values."""
    products = itertools.product(*options.values())
    found = [dict(zip(options, values, strict=True)) for values in products]
    return [(name, row, kwargs) for name in names.split() for kwargs in found]


def cases(family: str, rows: Sequence[Row], inputs: dict[str, Any], terms: int = 64) -> list[Case]:
    """Cases of public operations. '$x' among a row's arguments and options is the input of that name."""

    def filled(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("$"):
            return inputs[value[1:]]
        if type(value) in (list, tuple):
            return type(value)(filled(item) for item in value)
        return value

    def made(row: Row) -> Case:
        name, args, options = row
        given = [repr(a).replace("'$", "").replace("'", "") for a in args]
        shown_as = ", ".join([*given, *([shown(options)] if options else [])])

        def code(k: Any) -> Any:
            function = functools.reduce(getattr, name.split("."), getattr(k, family))
            kwargs = {key: filled(value) for key, value in options.items()}
            return refusing(k, lambda: function(*filled(args), **kwargs))

        label = f"{family}.{name}({shown_as})"
        # JAX compiles each anew: every other one, whichever it is, waits for `make test-all`
        return Case(label, code, terms, slow=zlib.crc32(label.encode()) % 2 == 1)

    return list({case.id: case for case in map(made, rows)}.values())
