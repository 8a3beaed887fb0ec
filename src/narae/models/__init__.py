"""Sequential, Model and Functional: what is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from narae.base.missing import missing
from narae.models.cloning import clone_model
from narae.models.functional import Functional
from narae.models.model import Model, files, model_from_json
from narae.models.sequential import Sequential

if TYPE_CHECKING:
    from narae.saving import load_model, save_model

__all__ = [
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]


if not TYPE_CHECKING:  # a checker would take it that every name is there

    def __getattr__(name: str) -> Any:
        """Files are read and written by a room that many programs never enter: it loads when first used."""
        if name in ("load_model", "save_model"):
            globals().update(load_model=files().load_model, save_model=files().save_model)
            return globals()[name]
        raise missing(__name__, name, __all__)
