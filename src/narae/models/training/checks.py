"""What is looked at before data go through a step: that they fit the model, and the labels the loss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from narae.models.data.checks import leaves_by_name
from narae.models.training import direct


class Checks:
    """The checks of one fit or evaluate: each is made once."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._done: set[str] = set()
        self._names: dict[int, str] = {}
        self.told_nan = False

    def validation(self, source: Any) -> None:
        """See that validation data fit the model, before any training. Raises what the step would
        raise, which then begins with "validation_data"."""
        if source is None:
            return
        model = self._model
        self._names[id(source)] = "validation_data"
        if not model.run_eagerly:
            self.labels("test", source, source.peek())
        elif not own_step(model, "test") and direct.is_plain(model):
            with naming(source, "validation_data"):
                model._steps().traced("test", source.peek().specs())

    def labels(self, kind: str, source: Any, batch: Any) -> None:
        """Labels out of range and their like are told before a compiled step sees them: arrays once,
        as a whole, other sources batch by batch."""
        model = self._model
        whole = getattr(source, "arrays", None)
        key = f"{kind}{id(source)}"
        if model.run_eagerly or (whole is not None and key in self._done):
            return
        self._done.add(key)
        with naming(source, self._names.get(id(source))):
            model._steps().program(kind, batch)  # the predictions' shapes are known from here on
            if model._trained.loss is not None:
                tree = batch.tree() if whole is None else whole()
                if tree[1] is not None:
                    model._trained.loss.validate(tree[1])


@contextmanager
def naming(source: Any, name: str | None = None) -> Iterator[None]:
    """An error about data begins with their name, where they have one, and ends with the shapes of
    the whole arrays: the model has seen those of a batch."""
    try:
        yield
    except (ValueError, TypeError) as error:
        if error.args and isinstance(error.args[0], str) and not hasattr(error, "_named"):
            before = f"{name}: " if name else ""
            error.args = (f"{before}{error.args[0]}{_whole(source)}", *error.args[1:])
            error._named = True  # type: ignore[union-attr]
        raise


def _whole(source: Any) -> str:
    """The shapes of data that are arrays."""
    arrays = getattr(source, "arrays", None)
    if arrays is None:
        return ""
    named = zip(("x", "y", "sample_weight"), arrays(), strict=True)
    shapes = [f"{n} {a.shape}" for name, tree in named for n, a in leaves_by_name(tree, name)]
    batches = f"; in batches of {source.batch_size}" if source.samples > source.batch_size else ""
    return f" (the data: {', '.join(shapes)}{batches})"


def own_step(model: Any, kind: str) -> bool:
    """Whether a model has a step of its own, and not the one that narae gives it."""
    step = getattr(model, f"{kind}_step")
    return not getattr(step, "__module__", "").startswith("narae.")
