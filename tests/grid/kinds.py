"""Dtypes of the grid, arrays of them, and many calls in one case.

Keras on JAX compiles each call anew for each dtype: of calls that only differ in dtypes its shapes and dtypes
are asked for by tracing, and numbers are compared where one dtype is as good as another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

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
