"""The same code on narae and on Keras: the same values, or an error of the same class.

Numbers are compared with a tolerance that follows from their dtype and from how many terms were
added up, never by their digits: another processor adds in another order.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

import narae
from narae.base.names import reset_names

Code = Callable[[Any], Any]


@dataclass(frozen=True)
class Outcome:
    """What code gave: a tree of plain values, or its error; and whether it warned."""

    value: Any = None
    error: Exception | None = None
    warned: tuple[str, ...] = ()


def plain(value: Any) -> Any:
    """Tensors as arrays, symbolic ones as shape and dtype, trees by their items."""
    if isinstance(value, (bool, int, str, float, complex, type(None), np.ndarray)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if type(value).__name__ == "KerasTensor":
        return ["symbolic", list(value.shape), value.dtype]
    if isinstance(value, (type, np.dtype)):
        return np.dtype(value).name
    if callable(value) and not hasattr(value, "__array__"):
        return f"callable {getattr(value, '__name__', type(value).__name__)}"
    return np.asarray(value)


class EngineError(Exception):
    """The oracle's own engine refused, and not Keras: that says nothing of what narae does."""


# What the oracle's own engine says of itself, which is not Keras's behaviour.
_ENGINE = (
    "Explicitly requested dtype",
    "scatter inputs have incompatible",
    "os.fork",
    "__array__ implementation",
)


def outcome(code: Code, module: Any) -> Outcome:
    """What the code gives on one of the two; names count from the beginning, seeds are set."""
    reset_names()
    if module is not narae:
        module.backend.clear_session(free_memory=False)
    module.utils.set_random_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value, error = plain(code(module)), None
        except Exception as found:
            value, error = None, found
    # what NumPy says of the oracle's own code is nothing that a user is told
    engine = DeprecationWarning if module is narae else (DeprecationWarning, RuntimeWarning)
    told = (w for w in caught if not issubclass(w.category, engine))
    said = tuple(str(w.message) for w in told)
    return Outcome(value, error, tuple(s for s in said if not s.startswith(_ENGINE)))


def _epsilon(dtype: np.dtype) -> float:
    # Keras on JAX computes float64 in float32 unless told otherwise.
    return float(ml_dtypes.finfo(dtype).eps) if dtype != np.float64 else 2.0**-23


def _inexact(dtype: np.dtype) -> bool:
    return np.issubdtype(dtype, np.inexact) or dtype.name == "bfloat16" or "float8" in dtype.name


def _numbers(a: np.ndarray, b: np.ndarray, terms: int, path: str) -> list[str]:
    if (a.shape, a.dtype.name) != (b.shape, b.dtype.name):
        return [f"{path}: narae {a.dtype.name}{a.shape}, Keras {b.dtype.name}{b.shape}"]
    if not _inexact(a.dtype):
        same = np.array_equal(a, b)
    else:
        wide = np.complex128 if a.dtype.kind == "c" else np.float64
        x, y = a.astype(wide), b.astype(wide)
        size = np.abs(y[np.isfinite(y)])
        bound = terms * _epsilon(np.dtype(a.dtype.type(0).real.dtype))
        same = np.allclose(
            x, y, rtol=bound, atol=bound * size.max(initial=0.0) + 1e-30, equal_nan=True
        )
    return [] if same else [f"{path}: narae {a.tolist()!r:.300}, Keras {b.tolist()!r:.300}"]


def differences(a: Any, b: Any, terms: int = 64, path: str = "") -> list[str]:
    """Where two plain trees differ; numbers by more than `terms` roundings of the largest of them."""
    if isinstance(a, dict) and isinstance(b, dict):
        keys = sorted({*a, *b}, key=str)
        return [
            d
            for k in keys
            for d in differences(a.get(k, "absent"), b.get(k, "absent"), terms, f"{path}.{k}")
        ]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = enumerate(zip(a, b, strict=True))
        return [d for i, (x, y) in pairs for d in differences(x, y, terms, f"{path}[{i}]")]
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return _numbers(a, b, terms, path)
    if type(a) is float and type(b) is float:  # results that were computed in float32
        return _numbers(np.array(a), np.array(b), terms, path)
    same = type(a) is type(b) and not isinstance(a, np.ndarray) and bool(a == b)
    return [] if same else [f"{path}: narae {a!r:.300}, Keras {b!r:.300}"]


def compared(ours: Outcome, theirs: Outcome, terms: int = 64) -> list[str]:
    """How two outcomes differ: in their values, or in the class of their errors."""
    if isinstance(theirs.error, EngineError):
        return []
    if theirs.error is None and ours.error is None:
        return differences(ours.value, theirs.value, terms)
    if theirs.error is None or ours.error is None:
        return [
            f"narae {ours.error or ours.value!r:.500}, Keras {theirs.error or theirs.value!r:.300}"
        ]
    if isinstance(ours.error, type(theirs.error)):
        return []
    return [f"narae {ours.error!r:.300}, Keras {theirs.error!r:.300}"]


def alike(code: Code, keras: Any, terms: int = 64) -> None:
    """Fail unless narae and Keras give the same, or refuse with errors of the same class."""
    theirs, ours = outcome(code, keras), outcome(code, narae)
    found = compared(ours, theirs, terms)
    if found and ours.error is not None and theirs.error is None:
        raise ours.error
    assert not found, "\n".join(found)
