"""Sequential, Model and Functional: what is trained."""

from narae.models.functional import Functional
from narae.models.model import Model, model_from_json
from narae.models.sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "model_from_json"]
