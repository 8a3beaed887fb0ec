"""The arguments of `fit`, validated; and what is checked before data go through a step.

Data have to fit the model, and labels the loss.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from narae.base.errors import warn_user
from narae.base.language import tr
from narae.base.settings import max_epochs, max_steps_per_epoch
from narae.losses.base import ending_of, ends
from narae.models.data.batches import Batch, Source
from narae.models.data.checks import leaves_by_name
from narae.models.training.dependencies import is_plain
from narae.models.training.step_programs import StepPrograms
from narae.models.training.trainable import Kind, Trainable

if TYPE_CHECKING:
    from narae.base.types import CallbackLike
    from narae.callbacks import CallbackList
    from narae.models.data.batches import ClassWeights, DataLike, Shuffle
    from narae.models.model import Model

Verbose: TypeAlias = "Literal['auto', 0, 1, 2] | str | int"
Callbacks: TypeAlias = "CallbackLike | CallbackList | None"


@dataclass(frozen=True)
class FitOptions:
    """How `fit` goes: the arguments of `Trainer.fit` but for its data.

    Raises ValueError for epochs and frequencies that are none.
    """

    batch_size: int | None
    epochs: int
    verbose: Verbose
    callbacks: Callbacks
    validation_split: float
    validation_data: DataLike
    shuffle: Shuffle
    class_weight: ClassWeights | None
    initial_epoch: int
    steps_per_epoch: int | None
    validation_steps: int | None
    validation_batch_size: int | None
    validation_freq: int | Collection[int]

    def __post_init__(self) -> None:
        for name, value in (("epochs", self.epochs), ("initial_epoch", self.initial_epoch)):
            if isinstance(value, bool) or not hasattr(value, "__index__") or value < 0:
                raise ValueError(
                    tr(
                        "{name} is a whole number of at least 0, got {value!r}",
                        name=name,
                        value=value,
                    )
                )

    def limited(self) -> FitOptions:
        """The same within the limits of `narae.config`, with a warning where they were beyond."""
        epochs, most = self.epochs, max_epochs()
        if most and most < epochs:
            warn_user(
                tr("epochs are limited to {most} by narae.config.set_max_epochs()", most=most)
            )
            epochs = most
        steps, validation_steps = limited_steps(self.steps_per_epoch), self.validation_steps
        if self.validation_data is not None or self.validation_split:
            validation_steps = limited_steps(validation_steps)
        return replace(
            self, epochs=epochs, steps_per_epoch=steps, validation_steps=validation_steps
        )

    def require_frequency(self) -> None:
        """Raise ValueError for a `validation_freq` that is none."""
        freq = self.validation_freq
        several = isinstance(freq, Collection) and not isinstance(freq, str)
        if freq is True or not (freq >= 1 if isinstance(freq, int) else several):
            raise ValueError(
                tr(
                    "validation_freq is a number of epochs of at least 1, or a list of epochs, got {freq!r}",
                    freq=freq,
                )
            )

    def validates(self, epoch: int) -> bool:
        """Whether there is a validation after an epoch, if there are data for it."""
        freq = self.validation_freq
        return (epoch + 1) % freq == 0 if isinstance(freq, int) else epoch + 1 in freq


def limited_steps(steps: int | None) -> int | None:
    """The steps of an epoch within the limit of `narae.config`; None for all that there are."""
    most = max_steps_per_epoch()
    if not most or (steps and steps <= most):
        return steps
    warn_user(
        tr(
            "steps per epoch are limited to {most} by narae.config.set_max_steps_per_epoch()",
            most=most,
        )
    )
    return most


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
    listed = ", ".join(shapes)
    if not several:
        return tr(" (the data: {shapes})", shapes=listed)
    size = source.batch_size
    return tr(" (the data: {shapes}; in batches of {size})", shapes=listed, size=size)


def has_own_step(model: Trainable, kind: Kind) -> bool:
    """Whether a model has a step of its own, and not the one that narae gives it."""
    step = getattr(model, f"{kind}_step")
    return not getattr(step, "__module__", "").startswith("narae.")


def warn_of_ending(model: Trainable) -> None:
    """Warn, once for each `compile`, of a last activation that does not go with the loss: training would go on, and
    learn little. (`narae.callbacks.Diagnose` tells more, of labels too.)"""
    state = model._compile_state
    if state.looked_at_ending or not _is_odd(cast("Model", model)):
        return
    state.looked_at_ending = True
    ending = ending_of(cast("Model", model))
    for said, mends in () if ending is None else ends(ending):
        warn_user(f"{said}: {', '.join(mends)}")


def _is_odd(model: Model) -> bool:
    """Whether a cross-entropy gets logits for probabilities, or the other way round, from a layer that says so."""
    loss, outputs = model.loss, getattr(model, "outputs", None) or []
    named = loss if isinstance(loss, str) else getattr(loss, "name", None)
    if len(outputs) != 1 or not isinstance(named, str) or not named.endswith("crossentropy"):
        return False
    call = outputs[0].history
    last = None if call is None else call.target
    activation = getattr(getattr(last, "activation", None), "__name__", "")
    if not activation or not model.layers or model.layers[-1] is not last:
        return False
    from_logits = bool(getattr(loss, "_fn_kwargs", {}).get("from_logits"))
    return (activation in ("softmax", "sigmoid")) == from_logits
