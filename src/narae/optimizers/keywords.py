"""The keyword arguments that all optimizers take besides their own, by name and type: for type checkers.

A constructor says `**options: Unpack[OptimizerOptions]`, and a misspelt argument is an error in an editor.
"""

from __future__ import annotations

from typing import TypedDict


class DecayedOptions(TypedDict, total=False):
    """For an optimizer with `weight_decay` among its own arguments."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class OptimizerOptions(DecayedOptions, total=False):
    """For all others."""

    weight_decay: float | None
