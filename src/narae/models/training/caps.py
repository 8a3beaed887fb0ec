"""The limits of training that `narae.config` sets, to try a program quickly."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from typing import Any

from narae.base.settings import max_epochs, max_steps_per_epoch


def capped(options: Any) -> Any:
    """The options of a fit within the limits, with a warning where they were beyond."""
    epochs, most = options.epochs, max_epochs()
    if most and most < epochs:
        _tell(f"epochs are limited to {most} by narae.config.set_max_epochs()")
        epochs = most
    steps, validation_steps = capped_steps(options.steps_per_epoch), options.validation_steps
    if options.validation_data is not None or options.validation_split:
        validation_steps = capped_steps(validation_steps)
    return replace(options, epochs=epochs, steps_per_epoch=steps, validation_steps=validation_steps)


def capped_steps(steps: int | None) -> int | None:
    """The steps of an epoch within the limit; None for all that there are."""
    most = max_steps_per_epoch()
    if not most or (steps and steps <= most):
        return steps
    _tell(f"steps per epoch are limited to {most} by narae.config.set_max_steps_per_epoch()")
    return most


def _tell(text: str) -> None:
    warnings.warn(text, stacklevel=levels_out())


def levels_out() -> int:
    """The stacklevel with which a warning of the caller points at the line outside of narae that led here."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("narae."):
        frame, level = frame.f_back, level + 1
    return level
