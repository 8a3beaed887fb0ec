"""Data sets that ship with narae."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from narae.base.errors import nearest

if TYPE_CHECKING:
    from narae.datasets import mnist

__all__ = ["mnist"]

_OF_KERAS = (
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imdb",
    "reuters",
)


def __getattr__(name: str) -> Any:
    if name == "mnist":
        return importlib.import_module("narae.datasets.mnist")
    if name in _OF_KERAS:
        # An AttributeError's message would be lost in `from narae.datasets import cifar10`.
        raise ImportError(
            f"narae.datasets has no {name}: only mnist ships with narae, which downloads nothing. "
            f"Get the arrays with Keras (keras.datasets.{name}.load_data()), np.savez them, and "
            "np.load them here"
        )
    raise AttributeError(f"narae.datasets has no {name!r}. {nearest(name, ['mnist', *_OF_KERAS])}")
