"""Configurations of older Keras as today's: names of arguments, calls as lists, what compile was given."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from narae import losses, metrics, optimizers
from narae.base.errors import ConfigError
from narae.base.registry import custom_object_scope, family
from narae.saving.operation_names import op_of

if TYPE_CHECKING:
    from narae.base.types import CustomObjects

# Arguments that layers had once and have no more.
_GONE = frozenset(
    {
        *(
            "time_major",
            "fused",
            "virtual_batch_size",
            "renorm",
            "renorm_clipping",
            "renorm_momentum",
        ),
        "input_length",
        *("adjustment", "implementation", "_keras_api_names", "_keras_api_names_v1", "ragged"),
        *("function_type", "module", "output_shape_type", "output_shape_module", "mask_type"),
    }
)
_MODELS = ("Functional", "Model", "Sequential")
_POLICIES = {"Policy": "DTypePolicy", "PolicyV1": "DTypePolicy"}


def upgraded(config: object) -> Any:
    """A model's or layer's configuration of an `.h5` file as `.keras` files have it. Raises ConfigError for
    what is none."""
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ConfigError("the configuration names no class")
    inner = config.get("config")
    name = config["class_name"]
    if name == "Sequential" and isinstance(inner, list):  # of Keras 1
        inner = {"layers": inner}
    if not isinstance(inner, dict):
        raise ConfigError(f"the config of {name!r:.80} is no dictionary")
    inner = copy.copy(inner)
    if name in _MODELS and isinstance(inner.get("layers"), list):
        first = [] if "input_layers" in inner else _input(inner["layers"])
        inner["layers"] = first + [_row(row) for row in inner["layers"]]
        if "input_layers" in inner:
            name = "Functional"
            _renumber(inner)
    elif "module" not in config:
        inner = _layer(name, inner)
    if name == "Functional":
        module = "keras.src.models.functional"
        return {"module": module, **config, "class_name": name, "config": inner}
    return {**config, "class_name": name, "config": inner}


def _input(rows: list[Any]) -> list[Any]:
    """The InputLayer of a Sequential model whose first layer says what shape goes in."""
    row = rows[0] if rows and isinstance(rows[0], dict) else {}
    config = row.get("config")
    if row.get("class_name") == "InputLayer" or not isinstance(config, dict):
        return []
    shape = config.get("batch_input_shape")
    if not isinstance(shape, list):
        return []
    dtype = config["dtype"] if isinstance(config.get("dtype"), str) else None
    made = {"batch_shape": shape, "dtype": dtype}
    return [{"module": "keras.layers", "class_name": "InputLayer", "config": made}]


def _row(row: object) -> Any:
    """One layer of a model, in the form that says where its class is if it has none."""
    if not isinstance(row, dict):
        raise ConfigError(f"a layer of the configuration is no dictionary: {row!r:.80}")
    if isinstance(row.get("module"), str) and row.get("class_name") not in _MODELS:
        return row
    made = upgraded(row)
    if "module" not in row and _is_operation(made):
        made["module"] = "keras.ops"
    if isinstance(row.get("inbound_nodes"), list):
        made["inbound_nodes"] = [_call(node) for node in row["inbound_nodes"]]
    return made


def _is_operation(row: dict[str, Any]) -> bool:
    """Whether a row is a call of an operation: by its class, or by tensors that come one by one."""
    name, nodes = row["class_name"], row.get("inbound_nodes")
    if not isinstance(nodes, list) or not nodes or not isinstance(nodes[0], dict):
        return False
    args = nodes[0].get("args")
    single = isinstance(args, list) and len(args) > 1 and not isinstance(args[0], list)
    return op_of(name) is not None and (name not in family("keras.layers") or single)


def _layer(name: str, config: dict[str, Any]) -> dict[str, Any]:
    """A layer's arguments under today's names."""
    config = {k: _member(k, v) for k, v in config.items() if k not in _GONE}
    shape = config.pop("batch_input_shape", None)
    if isinstance(shape, list) and name == "InputLayer":
        config["batch_shape"] = shape
    axis = config.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    function = config.get("function")
    if name == "Lambda" and isinstance(function, list):
        config["function"] = {"class_name": "__lambda__", "config": {"value": function}}
    for key in {"layer", "backward_layer", "cell"} & config.keys():
        config[key] = _inside(config[key])
    if isinstance(config.get("cells"), list):
        config["cells"] = [_inside(cell) for cell in config["cells"]]
    return config


def _inside(layer: object) -> Any:
    """A layer within another one."""
    old = isinstance(layer, dict) and "module" not in layer
    return upgraded(layer) if old else layer


def _member(key: str, value: object) -> Any:
    """An initializer, a policy and their like among a layer's arguments."""
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
        return value
    name, inner = value["class_name"], value.get("config")
    if name in _POLICIES:
        return {"module": "keras", "class_name": _POLICIES[name], "config": inner}
    if key.endswith("_initializer") and isinstance(inner, dict) and "module" not in value:
        inner = {k: v for k, v in inner.items() if k != "dtype"}
        return {**value, "module": "keras.initializers", "config": inner}
    return value


def _call(node: object) -> Any:
    """A call that is a list of [layer, call, output, keywords] in today's form."""
    if isinstance(node, dict) or not isinstance(node, list):
        return node
    places, keywords = [], {}
    for place in node:
        if not isinstance(place, list) or len(place) not in (3, 4):
            raise ConfigError(f"a call in the configuration is no list of places: {place!r:.80}")
        places.append({"class_name": "__keras_tensor__", "config": {"keras_history": place[:3]}})
        if len(place) == 4 and isinstance(place[3], dict):
            keywords = {k: v for k, v in place[3].items() if v is not None}
    return {"args": places if len(places) == 1 else [places], "kwargs": keywords, "old": True}


def _renumber(model: dict[str, Any]) -> None:
    """Older Keras counts the calls of a model within a model from 1, its own graph being 0; today's counts
    from 0 but among the outputs of the model around."""
    inner = {
        str(row.get("name")): row["class_name"]
        for row in model["layers"]
        if row.get("class_name") in _MODELS
    }
    calls = [n for row in model["layers"] for n in row.get("inbound_nodes") or []]
    places = [
        p
        for call in calls
        if isinstance(call, dict) and call.pop("old", False)
        for p in _places(call)
    ]
    for name in inner:
        found = [p for p in places if p[0] == name and isinstance(p[1], int)]
        if found and min(p[1] for p in found) > 0:
            for place in found:
                place[1] -= 1
            places_out = [p for p in _lists(model.get("output_layers")) if p[0] == name]
            for place in places_out:
                if inner[name] == "Sequential" and isinstance(place[1], int):
                    place[1] = max(place[1] - 1, 0)
    if not places:
        return
    for place in _lists(model.get("output_layers")):
        sequential = inner.get(place[0]) == "Sequential"
        rows = [r for r in model["layers"] if r.get("name") == place[0]]
        count = len(rows[0].get("inbound_nodes") or []) if rows else 0
        if sequential and isinstance(place[1], int) and place[1] >= count > 0:
            place[1] = count - 1


def _places(call: dict[str, Any]) -> list[list[Any]]:
    args = call["args"][0] if isinstance(call["args"][0], list) else call["args"]
    return [arg["config"]["keras_history"] for arg in args]


def _lists(tree: object) -> list[list[Any]]:
    if isinstance(tree, list) and len(tree) == 3 and isinstance(tree[0], str):
        return [tree]
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [place for item in items for place in _lists(item)]


# -- compile ---------------------------------------------------------------------------------


def compile_arguments(
    training: dict[str, Any], custom_objects: CustomObjects | None
) -> dict[str, Any]:
    """The arguments of `compile` that a `training_config` tells. Raises ConfigError for one that tells none."""
    with custom_object_scope(custom_objects or {}):
        return {
            "optimizer": _optimizer(training.get("optimizer_config")),
            "loss": _each(training.get("loss"), _loss),
            "metrics": _flat(_each(training.get("metrics"), _metric)),
            "weighted_metrics": _flat(_each(training.get("weighted_metrics"), _metric)),
            "loss_weights": training.get("loss_weights"),
        }


def _optimizer(config: Any) -> Any:
    """An optimizer, arguments that it has no more left out."""
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ConfigError("the optimizer's configuration names no class")
    inner = dict(config.get("config") or {})
    if "lr" in inner:
        inner.setdefault("learning_rate", inner.pop("lr"))
    name = config["class_name"].rsplit(">", 1)[-1]
    known = {each.lower(): cls for each, cls in family("keras.optimizers").items()}
    cls = known.get(name.lower())
    if cls is not None:
        takes = _arguments(cls)
        inner = {k: v for k, v in inner.items() if k in takes}
        if inner.get("weight_decay") is False:
            inner["weight_decay"] = None
        return optimizers.deserialize({"class_name": cls.__name__, "config": inner})
    return optimizers.deserialize({**config, "config": inner})


def _arguments(cls: type) -> set[str]:
    return {
        name
        for each in cls.__mro__
        if "__init__" in each.__dict__ and each is not object
        for name in inspect.signature(each.__init__).parameters  # type: ignore[misc]
    } - {"self", "kwargs", "args"}


def _each(config: object, made: Callable[[Any], Any]) -> Any:
    if config is None:
        return None
    if isinstance(config, str) or (isinstance(config, dict) and "class_name" in config):
        return made(config)
    if isinstance(config, dict):
        return {key: _each(value, made) for key, value in config.items()}
    if isinstance(config, list):
        return [_each(item, made) for item in config]
    raise ConfigError(f"what compile was given is not understood: {config!r:.80}")


def _flat(nest: object) -> Any:
    """A list of one list as the list: older Keras has one for each output."""
    if isinstance(nest, list) and len(nest) == 1 and isinstance(nest[0], list):
        return nest[0]
    return nest


def _loss(config: Any) -> Any:
    if isinstance(config, dict) and isinstance(config.get("config"), dict):
        inner = {k: v for k, v in config["config"].items() if k != "fn"}
        if inner.get("reduction") == "auto":
            inner["reduction"] = "sum_over_batch_size"
        config = {**config, "config": inner}
    return losses.deserialize(config)


def _metric(config: Any) -> Any:
    if config in ("accuracy", "acc", "crossentropy", "ce"):
        return config  # which kind it is the outputs tell
    if isinstance(config, dict) and config.get("class_name") == "MeanMetricWrapper":
        inner = config.get("config") or {}
        function = inner.get("fn")
        if isinstance(function, str):
            return "accuracy" if inner.get("name") == "accuracy" else metrics.get(function)
    return metrics.deserialize(config)
