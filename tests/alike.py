"""The same code on narae and on Keras: the same values, or an error of the same class."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import narae
from narae.base.names import reset_names


def plain(value: Any) -> Any:
    """Tensors as rounded numbers with their dtype, symbolic ones as shape and dtype, trees by their items."""
    if isinstance(value, (bool, int, str, type(None))):
        return value
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if type(value).__name__ == "KerasTensor":
        return ["symbolic", list(value.shape), value.dtype]
    array = np.asarray(value)
    return [array.dtype.name, np.round(array.astype("float64"), 4).tolist()]


def _outcome(code: Callable[[Any], Any], module: Any) -> tuple[Any, Exception | None]:
    """What the code gives on one of the two, or its error; names count from the beginning."""
    reset_names()
    if module is not narae:
        module.backend.clear_session()
    module.utils.set_random_seed(0)
    try:
        with warnings.catch_warnings():
            if module is not narae:
                warnings.simplefilter("ignore")
            return plain(code(module)), None
    except Exception as error:
        return None, error


def _differences(a: Any, b: Any, path: str = "") -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        keys = sorted({*a, *b}, key=str)
        return [d for k in keys for d in _differences(a.get(k, "?"), b.get(k, "?"), f"{path}.{k}")]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = enumerate(zip(a, b, strict=True))
        return [d for i, (x, y) in pairs for d in _differences(x, y, f"{path}[{i}]")]
    return [] if a == b else [f"{path}: narae {a!r:.300}, Keras {b!r:.300}"]


def alike(code: Callable[[Any], Any], keras: Any) -> None:
    """Fail unless narae and Keras give the same, or refuse with errors of the same class."""
    wanted, refused = _outcome(code, keras)
    got, ours = _outcome(code, narae)
    if refused is None:
        if ours is not None:
            raise ours
        assert not _differences(got, wanted), "\n".join(_differences(got, wanted))
    else:
        assert isinstance(ours, type(refused)), f"Keras: {refused!r}; narae: {ours!r}, {got}"
