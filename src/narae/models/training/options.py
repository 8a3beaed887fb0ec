"""The arguments of `fit` that are not data, and the limits on them that `narae.config` sets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from narae.base.settings import max_epochs, max_steps_per_epoch
from narae.base.warn import warn_user

if TYPE_CHECKING:
    from narae.base.types import CallbackLike
    from narae.callbacks import CallbackList
    from narae.models.data.batches import ClassWeights, DataLike, Shuffle

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
                raise ValueError(f"{name} is a whole number of at least 0, got {value!r}")

    def limited(self) -> FitOptions:
        """The same within the limits of `narae.config`, with a warning where they were beyond."""
        epochs, most = self.epochs, max_epochs()
        if most and most < epochs:
            warn_user(f"epochs are limited to {most} by narae.config.set_max_epochs()")
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
                f"validation_freq is a number of epochs of at least 1, or a list of epochs, got {freq!r}"
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
    warn_user(f"steps per epoch are limited to {most} by narae.config.set_max_steps_per_epoch()")
    return most
