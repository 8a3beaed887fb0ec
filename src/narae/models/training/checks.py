"""What is checked before data go through a step: that they fit the model, and the labels the loss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from narae.models.data.batches import Batch, Source
from narae.models.data.checks import leaves_by_name
from narae.models.training.dependencies import is_plain
from narae.models.training.step_programs import StepPrograms
from narae.models.training.trainable import Kind, Trainable


@dataclass
class _Checked:
    """A source's name in errors, and the kinds of steps for which its whole arrays were checked."""

    source: Source  # held: ids are used again
    name: str | None = None
    kinds: set[Kind] = field(default_factory=set)


class Checks:
    """The checks of one fit, evaluate or predict: each is made once."""

    def __init__(self, programs: StepPrograms) -> None:
        self._programs = programs
        self._sources: dict[int, _Checked] = {}

    def _of(self, source: Source) -> _Checked:
        return self._sources.setdefault(id(source), _Checked(source))

    def validation(self, source: Source | None) -> None:
        """See that validation data fit the model, before any training. Raises what the step would
        raise, which then begins with "validation_data"."""
        if source is None:
            return
        programs, model = self._programs, self._programs.model
        self._of(source).name = "validation_data"
        if not model.run_eagerly:
            self.batch("test", source, source.peek())
        elif not has_own_step(model, "test") and is_plain(model):
            with naming(source, "validation_data"):
                programs.traced("test", source.peek().specs())

    def batch(self, kind: Kind, source: Source, batch: Batch) -> None:
        """Compile the step for a batch and validate its labels, before the step sees them: arrays in memory
        once, as a whole, other sources batch by batch. Raises ValueError that names the data."""
        model, known = self._programs.model, self._of(source)
        whole = source.arrays()
        if model.run_eagerly or (whole is not None and kind in known.kinds):
            return
        known.kinds.add(kind)
        with naming(source, known.name):
            self._programs.program(kind, batch)  # the predictions' shapes are known from here on
            loss = model._compile_state.loss
            if loss is not None and kind != "predict":
                _, labels, _ = batch.tree() if whole is None else whole
                if labels is not None:
                    loss.validate(labels)


@contextmanager
def naming(source: Source | None, name: str | None = None) -> Iterator[None]:
    """An error about data begins with their name, where they have one, and ends with the shapes of
    the whole arrays: the model has seen those of a batch."""
    try:
        yield
    except (ValueError, TypeError) as error:
        if error.args and isinstance(error.args[0], str) and not hasattr(error, _NAMED):
            before = f"{name}: " if name else ""
            error.args = (f"{before}{error.args[0]}{_whole(source)}", *error.args[1:])
            setattr(error, _NAMED, True)
        raise


_NAMED = "_narae_named"  # on an error that says already which data it is about


def _whole(source: Source | None) -> str:
    """The shapes of data that are arrays."""
    arrays = None if source is None else source.arrays()
    if source is None or arrays is None:
        return ""
    named = zip(("x", "y", "sample_weight"), arrays, strict=True)
    shapes = [f"{n} {a.shape}" for name, tree in named for n, a in leaves_by_name(tree, name)]
    several = (source.samples or 0) > (source.batch_size or 0)
    batches = f"; in batches of {source.batch_size}" if several else ""
    return f" (the data: {', '.join(shapes)}{batches})"


def has_own_step(model: Trainable, kind: Kind) -> bool:
    """Whether a model has a step of its own, and not the one that narae gives it."""
    step = getattr(model, f"{kind}_step")
    return not getattr(step, "__module__", "").startswith("narae.")
