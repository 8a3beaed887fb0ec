"""Networks that read drawings from the start: trained once, kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

import narae
from narae import initializers, layers
from narae.app.digits import digits
from narae.base.files import cache_dir
from narae.callbacks import Callback
from narae.saving import load_model

if TYPE_CHECKING:
    from narae.layers.base import Layer
    from narae.models.model import Model

T = TypeVar("T")
_EDITION = 1  # counts up when a recipe changes: older files are left aside then


@dataclass(frozen=True)
class Recipe:
    """How a network is made: its layers after the images (28, 28, 1), which of them are shown, and
    how long it is trained on how many images."""

    layers: Callable[[], list[Any]]
    epochs: int
    samples: int


def _seeded(kind: Callable[..., Layer], *args: Any, seed: int, **kwargs: Any) -> Any:
    return kind(*args, kernel_initializer=initializers.GlorotUniform(seed=seed), **kwargs)


def _dense() -> list[Any]:
    return [
        layers.Flatten(),
        layers.Dropout(0.1, seed=1),
        _seeded(layers.Dense, 256, activation="relu", seed=1),
        layers.Dropout(0.2, seed=2),
        _seeded(layers.Dense, 64, activation="relu", seed=2),
        _seeded(layers.Dense, 10, activation="softmax", seed=3),
    ]


def _conv() -> list[Any]:
    return [
        _seeded(layers.Conv2D, 8, 3, activation="relu", seed=1),
        layers.MaxPooling2D(),
        _seeded(layers.Conv2D, 16, 3, activation="relu", seed=2),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.2, seed=1),
        _seeded(layers.Dense, 10, activation="softmax", seed=3),
    ]


RECIPES: Mapping[str, Recipe] = {
    "dense": Recipe(_dense, epochs=5, samples=50000),
    "conv": Recipe(_conv, epochs=3, samples=50000),
}


class Library:
    """The pretrained networks by name. `start` makes those that are not in the cache, in a thread.

    tell: called, in that thread, with a message whenever there is news.
    """

    def __init__(self, recipes: Mapping[str, Recipe] = RECIPES, folder: Path | None = None) -> None:
        self._recipes, self._folder = recipes, folder
        self.tell: Callable[[dict[str, Any]], None] = lambda message: None
        self._readers: dict[str, Reader] = {}
        self._news = {n: {"epoch": 0, "epochs": r.epochs} for n, r in recipes.items()}
        self._failed: dict[str, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._make_all, name="narae-library", daemon=True)

    def start(self) -> None:
        """Begin to make the networks."""
        self._thread.start()

    def stop(self) -> None:
        """Break off what is being made, and wait for that."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def wait(self, timeout: float) -> bool:
        """Wait until all are made; whether they are."""
        self._thread.join(timeout)
        return len(self._readers) == len(self._recipes)

    def get(self, name: str) -> Reader | None:
        """A network that is ready, None while it is not."""
        return self._readers.get(name)

    def news(self) -> dict[str, Any]:
        """How far each network is."""
        return {
            "type": "library",
            "networks": {
                name: {
                    **self._news[name],
                    "ready": name in self._readers,
                    "failed": self._failed.get(name),
                }
                for name in self._recipes
            },
        }

    def _make_all(self) -> None:
        for name in self._recipes:
            try:
                reader = self._made(name)
            except Exception as error:  # the page says so; the other networks still come
                self._failed[name] = f"{type(error).__name__}: {error}"
            else:
                if self._stop.is_set():
                    return
                self._readers[name] = reader
            self.tell(self.news())

    def _made(self, name: str) -> Reader:
        recipe = self._recipes[name]
        folder = cache_dir() if self._folder is None else self._folder
        path = folder / f"playground-{name}-{_EDITION}.keras"
        # A file that is not there, or damaged, is made anew.
        with contextlib.suppress(OSError, ValueError, KeyError):
            return Reader(load_model(path))
        model = narae.Sequential([narae.Input((28, 28, 1)), *recipe.layers()])
        model.compile("adam", "sparse_categorical_crossentropy")
        data, count = digits(), recipe.samples
        hooks = _Hooks(self, name)
        x = data.x[:count].reshape(-1, 28, 28, 1)
        model.fit(x, data.y[:count], 128, recipe.epochs, verbose=0, callbacks=[hooks])
        if not self._stop.is_set():
            with contextlib.suppress(OSError):  # no folder to write to: it is made again next time
                path.parent.mkdir(parents=True, exist_ok=True)
                model.save(path)
        return Reader(model)

    def note(self, name: str, epoch: int) -> None:
        """Count an epoch."""
        self._news[name]["epoch"] = epoch
        self.tell(self.news())

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()


class _Hooks(Callback):
    def __init__(self, library: Library, name: str) -> None:
        super().__init__()
        self._library, self._name = library, name

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Break off when the server ends."""
        self.model.stop_training = self._library.stopping

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Tell of an epoch."""
        self._library.note(self._name, epoch + 1)


class Reader:
    """A trained network that any thread may ask, one at a time."""

    def __init__(self, model: Model) -> None:
        shown = [layer for layer in model.layers if layer.trainable_weights]
        self._model = model
        self._view = narae.Model(model.inputs, [layer.output for layer in shown])
        self._lock = threading.Lock()
        self.layers(np.zeros((1, 28, 28), np.float32))  # the first call compiles

    def layers(self, images: np.ndarray) -> list[np.ndarray]:
        """The outputs of every layer that has weights, for images (n, 28, 28); the last is the
        probabilities (n, 10)."""
        with self._lock:
            return [np.asarray(out) for out in self._view.predict_on_batch(images[..., np.newaxis])]

    def ask(self, function: Callable[[Model], T]) -> T:
        """What a function gives of the model, while nobody else asks."""
        with self._lock:
            return function(self._model)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """The probabilities (n, 10) for images (n, 28, 28)."""
        with self._lock:
            return np.asarray(self._model.predict_on_batch(images[..., np.newaxis]))
