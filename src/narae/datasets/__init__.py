"""Data sets that ship with narae."""

from __future__ import annotations

from typing import Any

from narae.base.errors import NotYet, nearest

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
        import narae.datasets.mnist as mnist

        return mnist
    if name in _OF_KERAS:
        raise NotYet(
            f"narae.datasets has no {name}: only mnist ships with narae, which downloads nothing. Get the arrays "
            f"with Keras (keras.datasets.{name}.load_data()), np.savez them, and np.load them here"
        )
    raise AttributeError(f"narae.datasets has no {name!r}. {nearest(name, ['mnist', *_OF_KERAS])}")
