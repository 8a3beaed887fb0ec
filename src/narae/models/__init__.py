"""Sequential, Model and Functional: what is trained."""

from narae.models.cloning import clone_model
from narae.models.functional import Functional
from narae.models.model import Model, model_from_json
from narae.models.sequential import Sequential
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
