"""A model's variables as one nest of dicts, by the parts of their paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from narae.base.errors import unknown_name

if TYPE_CHECKING:
    from narae.models.model import Model

_FORMATS = ("backend_tensor", "numpy_array")


def state_tree(model: Model, value_format: str) -> dict[str, Any]:
    """The values of all variables. Raises ValueError for two variables of one path, and for a format
    that is none."""
    if value_format not in _FORMATS:
        raise unknown_name("value_format", value_format, _FORMATS)
    kinds = _kinds(model)
    return {kind: _nested(variables, value_format) for kind, variables in kinds.items()}


def assign_state_tree(model: Model, tree: dict[str, Any]) -> None:
    """Assign the values of a tree, which may be a part of the model's. Raises ValueError for a kind or a
    path that the model has not."""
    kinds = _kinds(model)
    for kind, values in tree.items():
        if kind not in kinds:
            raise unknown_name("kind of variables", kind, kinds)
        known = {v.path: v for v in kinds[kind]}
        for path, value in _flat(values).items():
            if path not in known:
                raise unknown_name(f"variable of {kind}", path, known)
            known[path].assign(value)


def _kinds(model: Model) -> dict[str, list[Any]]:
    optimizer = model.optimizer
    return {
        "trainable_variables": model.trainable_variables,
        "non_trainable_variables": model.non_trainable_variables,
        "optimizer_variables": [] if optimizer is None else list(optimizer.variables),
        "metrics_variables": model.metrics_variables,
    }


def _nested(variables: list[Any], value_format: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    seen: set[str] = set()
    for v in variables:
        if v.path in seen:
            raise ValueError(
                f"two variables of the model have the path {v.path!r}: give its layers names of their own"
            )
        seen.add(v.path)
        *above, last = v.path.split("/")
        place = out
        for part in above:
            place = place.setdefault(part, {})
        place[last] = v.numpy() if value_format == "numpy_array" else v.value
    return out


def _flat(tree: dict[str, Any], before: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            out |= _flat(value, f"{before}{key}/")
        else:
            out[f"{before}{key}"] = value
    return out
