"""Dtypes by name, and Keras's promotion rules as a lattice."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np

from narae.base.errors import DtypeError
from narae.base.settings import floatx

HALVES = ("bfloat16", "float16")
FLOATS = (*HALVES, "float32", "float64")
INTS = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
DTYPES = (*FLOATS, *INTS, "bool")

# What a score of attention becomes that a mask hides, of the width of float32 in float64 too: the softmax of a row of
# nothing else is the mean, and a sum of few of them stays finite.
HIDDEN = -0.7 * float(np.finfo(np.float32).max)

# The direct successors of each dtype in the promotion lattice (the JAX type promotion lattice,
# which Keras adopts). "int" and "float" are Python scalars: weak, they take the other's width.
_SUCCESSORS = {
    "bool": ("int",),
    "int": ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64",),
    "float64": (),
}
_PYTHON = {bool: "bool", int: "int", float: "float"}


def _upper(name: str) -> frozenset[str]:
    found, todo = {name}, [name]
    while todo:
        for above in _SUCCESSORS[todo.pop()]:
            if above not in found:
                found.add(above)
                todo.append(above)
    return frozenset(found)


_UPPER = {name: _upper(name) for name in _SUCCESSORS}


@cache
def np_dtype(name: str) -> np.dtype:
    """The NumPy dtype of a name. bfloat16 needs the ml_dtypes package.

    >>> np_dtype("float32")
    dtype('float32')
    """
    if name != "bfloat16":
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        raise DtypeError(
            "NumPy holds bfloat16 only with the package ml_dtypes: pip install ml_dtypes"
        ) from None
    return np.dtype(ml_dtypes.bfloat16)


_CANONICAL = {np.dtype(name): name for name in DTYPES if name != "bfloat16"}


def standardize_dtype(dtype: object) -> str:
    """The canonical name of a dtype.

    Args:
        dtype: a name, a NumPy dtype, a type, or None for floatx.

    Returns: the name, "float32".

    Raises:
        ValueError: it is no dtype of narae.

    >>> standardize_dtype(np.float32), standardize_dtype(int), standardize_dtype(None)
    ('float32', 'int32', 'float32')
    """
    if dtype is None:
        return floatx()
    if isinstance(dtype, str) and dtype in _KNOWN:
        return dtype
    if isinstance(dtype, np.dtype) and dtype in _CANONICAL:
        return _CANONICAL[dtype]
    if isinstance(dtype, type) and dtype in _PYTHON:
        return _concrete(_PYTHON[dtype])
    name = str(getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or dtype)
    name = name.rsplit(".", 1)[-1]  # 'torch.float32'
    name = "int32" if name == "int" else name
    if name not in _KNOWN:
        raise ValueError(f"Invalid dtype: {dtype!r}. narae has {', '.join(DTYPES)}.")
    return name


_KNOWN = frozenset(DTYPES)


def _concrete(name: str) -> str:
    return {"int": "int32", "float": floatx()}.get(name, name)


@cache
def _join(names: frozenset[str]) -> str:
    common = frozenset.intersection(*(_UPPER[name] for name in names))
    # The least common ancestor: the one from which all other common ancestors are reached.
    return next(name for name in common if _UPPER[name] == common)


_WIDE = {"int64": "int32", "uint64": "uint32", "float64": "float32"}


def result_type(*dtypes: object) -> str:
    """The dtype in which operands of these dtypes meet. Python's int and float are weak, None is floatx.

    Operands of 32 bits or fewer never meet in 64. Those of 64 keep them: `keras_result_type` is Keras's
    rule, in which nothing has 64 bits.

    >>> result_type("int32", "float16"), result_type("float32", float), result_type(int)
    ('float16', 'float32', 'int32')
    >>> result_type("int8", "uint8"), result_type("int16", "uint32"), result_type()
    ('int16', 'int32', 'float32')
    """
    names = frozenset(
        _PYTHON[d] if isinstance(d, type) and d in _PYTHON else _name(d) for d in dtypes
    )
    if len(names) < 2:
        return _concrete(next(iter(names))) if names else floatx()
    met = _concrete(_join(names))
    return _WIDE[met] if met in _WIDE and not names & _WIDE.keys() and met != floatx() else met


def keras_result_type(*dtypes: object) -> str:
    """`result_type` as Keras has it on JAX: 64 bits become 32.

    >>> keras_result_type("int64", "int8"), keras_result_type("float64")
    ('int32', 'float32')
    """
    met = result_type(*dtypes)
    return _WIDE.get(met, met)


def _name(dtype: object) -> str:
    return dtype if isinstance(dtype, str) and dtype in _KNOWN else standardize_dtype(dtype)


def is_float(dtype: str) -> bool:
    """True for float16, bfloat16, float32, float64."""
    return dtype in FLOATS


def is_int(dtype: str) -> bool:
    """True for the signed and unsigned integers (bool is none)."""
    return dtype in INTS


def limits(dtype: str) -> tuple[float, float]:
    """The smallest and the largest number of a dtype, without infinities.

    >>> limits("int8"), limits("float16")
    ((-128, 127), (-65504.0, 65504.0))
    """
    if dtype == "bfloat16":
        return -(2 - 2.0**-7) * 2.0**127, (2 - 2.0**-7) * 2.0**127
    info = np.finfo(dtype) if dtype in FLOATS else np.iinfo(dtype)
    kind = float if dtype in FLOATS else int
    return kind(info.min), kind(info.max)


def as_float(dtype: str) -> str:
    """The dtype itself when it is a float, else floatx: the result of a division or a mean."""
    return dtype if dtype in FLOATS else floatx()


def names(dtypes: Iterable[object]) -> tuple[str, ...]:
    """The canonical names of several dtypes."""
    return tuple(standardize_dtype(d) for d in dtypes)
