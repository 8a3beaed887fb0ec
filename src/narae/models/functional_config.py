"""A functional model as data, in Keras's format: layers, and for each the calls that feed it."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import narae.ops
from narae.base import trees
from narae.base.errors import ConfigError
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.layers.base import Layer
from narae.layers.calling import signature_of
from narae.layers.input import InputLayer
from narae.models.graph_order import operation_of
from narae.saving.operation_names import class_name_of, module_of, op_of
from narae.tensor.symbolic import Call, KerasTensor, any_symbolic
from narae.tensor.tensor import as_tensor

if TYPE_CHECKING:
    from narae.base.types import CustomObjects
    from narae.models.functional import Functional

Place: TypeAlias = (
    "Sequence[Any]"  # of a tensor in a file: operation's name, which call of it, which output
)

# Parameters that Keras passes when it calls an operation; the others belong to its configuration.
_PASSED_NAMES = """x x1 x2 xs y a b inputs key condition indices values updates target output targets
    predictions kernel query value bias mask mean variance offset scale data segment_ids weights condlist
    choicelist operands fill_value q gamma beta"""
_PASSED = frozenset(_PASSED_NAMES.split())


def functional_config(model: Functional) -> dict[str, Any]:
    """The config of a Functional model."""
    calls = _by_operation(model)
    names = {key: found[0].name for key, found in calls.items()}
    histories = places_of(model)
    rows = [
        _row(op, [], histories, op.name)
        if isinstance(op, InputLayer)
        else _row(calls[id(op)][0].target, calls[id(op)], histories, names[id(op)])
        for op in model._operations.items
    ]

    targets = {names[key]: found[0].target for key, found in calls.items()}

    def places(tree: Any) -> Any:
        packed = trees.map_tree(lambda t: _Place(_shifted(histories[id(t)], targets, 1)), tree)
        return _unplaced(packed)

    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": rows,
        "input_layers": places(model._struct[0]),
        "output_layers": places(model._struct[1]),
    }


def places_of(model: Functional) -> dict[int, list[Any]]:
    """Where each tensor of a model comes from, by its id: the operation, which call of it, which output."""
    places = {
        id(t): [found[0].name, node, i]
        for found in _by_operation(model).values()
        for node, call in enumerate(found)
        for i, t in enumerate(trees.flatten(call.outputs))
    }
    inputs = zip(model._input_layers, model._inputs, strict=True)
    return {**places, **{id(t): [layer.name, 0, 0] for layer, t in inputs}}


def _shifted(place: Place, targets: dict[str, Any], by: int) -> list[Any]:
    """A place among a model's outputs. Keras counts there a call more of a functional model: its own graph."""
    name, node, index = place
    inner = hasattr(targets.get(name), "_graph_calls")
    return [name, max(node + by, 0) if inner else node, index]


class _Place(list):
    pass


def _unplaced(tree: Sequence[Any] | dict[str, Any]) -> Any:
    if isinstance(tree, _Place):
        return list(tree)
    if isinstance(tree, dict):
        return {k: _unplaced(v) for k, v in tree.items()}
    items = [_unplaced(item) for item in tree]
    return tuple(items) if isinstance(tree, tuple) else items


def _by_operation(model: Functional) -> dict[int, list[Call]]:
    """The model's calls by layer; each call of a public op is an operation of its own."""
    out: dict[int, list[Call]] = {}
    for call in model._graph_calls.items:
        out.setdefault(id(operation_of(call)), []).append(call)
    return out


def _row(
    target: Layer | Callable[..., Any], calls: list[Call], histories: dict[int, Any], name: str
) -> dict[str, Any]:
    if isinstance(target, Layer):
        row = serialize_keras_object(target)
    else:
        class_name = class_name_of(target.__name__)
        row = {
            "module": module_of(target.__name__),
            "class_name": class_name,
            "config": {"name": name, **serialize_keras_object(_settings(calls[0]))},
            "registered_name": class_name,
        }
    row["name"] = name
    row["inbound_nodes"] = [_node(call, histories) for call in calls]
    return row


def _bound(call: Call) -> dict[str, Any]:
    """An op's arguments by name; those that Keras passes are there even if they were left out."""
    bound = inspect.signature(call.target).bind(*call.args, **call.kwargs)
    given = set(bound.arguments)
    bound.apply_defaults()
    return {k: v for k, v in bound.arguments.items() if k in given or k in _PASSED}


def _settings(call: Call) -> dict[str, Any]:
    """The arguments of an op that are no tensors and not passed like some: axis, keepdims, ..."""
    return {k: v for k, v in _bound(call).items() if k not in _PASSED and not any_symbolic(v)}


def _passed(call: Call) -> tuple[list[Any], dict[str, Any]]:
    """What a call passes: everything to a layer, tensors and their like to an op."""
    if isinstance(call.target, Layer):
        return list(call.args), call.kwargs
    kept, out = _settings(call), []
    for name, value in _bound(call).items():
        if name not in kept:
            several = inspect.signature(call.target).parameters[name].kind
            out += value if several is inspect.Parameter.VAR_POSITIONAL else [value]
    return out, {}


# Keras writes the default of `training` as if it were given. A node with this key has been given what is
# equal to the default; Keras reads over it.
_OWN = "own_training"


def _is_default(target: Layer | Callable[..., Any], kwargs: dict[str, Any]) -> bool:
    """Whether the mode that a call in a file has is what it is called with when none is given."""
    if not isinstance(target, Layer) or "training" not in kwargs:
        return False
    return kwargs["training"] == signature_of(target.call).default_training


def _given(
    target: Layer | Callable[..., Any], kwargs: dict[str, Any], node: dict[str, Any]
) -> dict[str, Any]:
    """What a call in a file gives by name."""
    if node.get(_OWN) is True or not _is_default(target, kwargs):
        return kwargs
    return {name: value for name, value in kwargs.items() if name != "training"}


def _node(call: Call, histories: dict[int, Any]) -> dict[str, Any]:
    def written(tree: Any) -> Any:
        if isinstance(tree, KerasTensor):
            config = {
                "shape": list(tree.shape),
                "dtype": tree.dtype,
                "keras_history": histories[id(tree)],
            }
            return {"class_name": "__keras_tensor__", "config": config}
        if isinstance(tree, (list, tuple)):
            return [written(item) for item in tree]
        if isinstance(tree, dict):
            return {key: written(value) for key, value in tree.items()}
        return serialize_keras_object(tree)

    args, kwargs = _passed(call)
    node = {"args": [written(arg) for arg in args], "kwargs": written(kwargs)}
    own = call.own_training and _is_default(call.target, kwargs)
    return {**node, _OWN: True} if own else node


def functional_from_config(
    cls: type, config: dict[str, Any], custom_objects: CustomObjects | None = None
) -> Any:
    """The model of a config. Raises ValueError for a config that names calls or layers that are not there."""
    rows = _checked_rows(config)
    operations = {row["name"]: _operation(row, custom_objects) for row in rows}
    outputs: dict[tuple[str, int], list[Any]] = {
        (name, 0): [op.output] for name, op in operations.items() if isinstance(op, InputLayer)
    }
    nodes = {(row["name"], i): node for row in rows for i, node in enumerate(row["inbound_nodes"])}
    for (name, i), node in _in_order(nodes, outputs):
        args, kwargs = _read_node(node, outputs, custom_objects)
        if not any_symbolic(args, kwargs):  # loading computes nothing
            raise ConfigError(
                f"the model's config is broken: {name!r} is called on no output of another layer"
            )
        target = operations[name]
        found = trees.flatten(target(*args, **_given(target, kwargs, node)))
        if not found or not all(isinstance(leaf, KerasTensor) for leaf in found):
            raise ConfigError(f"the model's config is broken: {name!r} gives no symbolic output")
        outputs[name, i] = found
        if found[0].history is not None:
            found[0].history.name = name

    def tensors(places: Any) -> Any:
        if _is_place(places) and isinstance(places[1], int):
            return _at(_shifted(places, operations, -1), outputs)
        if isinstance(places, dict) and places.get("class_name") == "__tuple__":
            places = tuple(places["items"])
        if isinstance(places, dict):
            return {key: tensors(value) for key, value in places.items()}
        if not isinstance(places, (list, tuple)):
            raise ConfigError(
                f"the model's config is broken: {places!r:.80} is no output of a layer"
            )
        found = [tensors(item) for item in places]
        return tuple(found) if isinstance(places, tuple) else found

    model = cls(
        tensors(config["input_layers"]), tensors(config["output_layers"]), name=config.get("name")
    )
    if not config.get("trainable", True):
        model.trainable = False
    return model


def _checked_rows(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a config. Raises ConfigError for what is none, and for two of one name."""
    rows = config["layers"]
    if not isinstance(rows, list):
        raise ConfigError("the model's config is broken: its layers are no list")
    seen: set[str] = set()
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("name"), str):
            raise ConfigError("the model's config is broken: a layer in it has no name")
        if not isinstance(row.get("inbound_nodes"), list):
            raise ConfigError(f"the model's config is broken: {row['name']!r} has no list of nodes")
        if row["name"] in seen:
            raise ConfigError(f"the model's config is broken: two layers are named {row['name']!r}")
        seen.add(row["name"])
    return rows


def _in_order(
    nodes: dict[tuple[str, int], Any], known: Any
) -> Iterator[tuple[tuple[str, int], Any]]:
    """The calls, each after those that it needs: their inputs' and the same layer's before it. Raises
    ConfigError for calls that wait for each other, or for one that is not there."""
    needs = {key: _needed(key, node) for key, node in nodes.items()}
    waiting: dict[tuple[str, int], list[tuple[str, int]]] = {}
    count: dict[tuple[str, int], int] = {}
    ready: deque[tuple[str, int]] = deque()
    for key, needed in needs.items():
        open_ones = [one for one in needed if one not in known]
        count[key] = len(open_ones)
        for one in open_ones:
            waiting.setdefault(one, []).append(key)
        if not open_ones:
            ready.append(key)
    done = 0
    while ready:
        key = ready.popleft()
        yield key, nodes[key]
        done += 1
        for other in waiting.get(key, ()):
            count[other] -= 1
            if not count[other]:
                ready.append(other)
    if done < len(nodes):
        names = sorted({name for (name, i), n in count.items() if n})
        raise ConfigError(f"the model's config is broken: no inputs for {names!s:.200}")


def _needed(key: tuple[str, int], node: Any) -> set[tuple[str, int]]:
    if not isinstance(node, dict) or not isinstance(node.get("args"), list):
        raise ConfigError(f"the model's config is broken: a call of {key[0]!r} has no arguments")
    found = {(name, i) for name, i, _ in _histories([node["args"], node.get("kwargs") or {}])}
    return found | ({(key[0], key[1] - 1)} if key[1] else set())


def _operation(row: dict[str, Any], custom_objects: CustomObjects | None) -> Any:
    module = str(row.get("module") or "")
    if module.startswith("keras.src.ops") or module == "keras.ops":
        name = op_of(str(row["class_name"]))
        if not isinstance(row.get("config"), dict):
            raise ConfigError(f"the model's config is broken: {row['name']!r} has no config")
        if name is None:
            raise ConfigError(
                f"the model uses the operation {row['class_name']!r}, which narae.ops has not"
            )
        extra = {k: v for k, v in row["config"].items() if k != "name" and (k != "dtype" or v)}
        return _with_settings(getattr(narae.ops, name), deserialize_keras_object(extra))
    return deserialize_keras_object(row, custom_objects)


def _with_settings(function: Callable[..., Any], settings: dict[str, Any]) -> Any:
    """An op whose settings are given, and whose other arguments come in the order of its signature."""

    def op(*args: Any, **kwargs: Any) -> Any:
        rest, given = list(args), {**settings, **kwargs}
        leading: list[Any] = []
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                return function(*leading, *rest, **given)
            if name in given and not rest:
                break
            if name in given:
                leading.append(given.pop(name))
            elif rest:
                leading.append(rest.pop(0))
        return function(*leading, *rest, **given)

    return op


def _is_place(value: object) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 3 and isinstance(value[0], str)


def _at(place: Place, outputs: dict[tuple[str, int], list[Any]]) -> Any:
    name, node, index = place
    try:
        return outputs[name, node][index]
    except (KeyError, IndexError, TypeError):
        raise ConfigError(
            f"the model's config is broken: there is no output {place!r:.80}"
        ) from None


def _histories(tree: Any) -> Any:
    if isinstance(tree, dict):
        if tree.get("class_name") == "__keras_tensor__":
            place = tree.get("config", {}).get("keras_history")
            if not _is_place(place) or not isinstance(place[1], int):
                raise ConfigError(
                    f"the model's config is broken: {place!r:.80} is no output of a layer"
                )
            yield place
        else:
            for value in tree.values():
                yield from _histories(value)
    elif isinstance(tree, (list, tuple)):
        for item in tree:
            yield from _histories(item)


def _read_node(
    node: dict[str, Any], outputs: Any, custom_objects: CustomObjects | None
) -> tuple[list[Any], dict[str, Any]]:
    def read(tree: Any) -> Any:
        if isinstance(tree, dict):
            kind = tree.get("class_name")
            if kind == "__keras_tensor__":
                return _at(tree["config"]["keras_history"], outputs)
            if kind == "__tuple__":
                return tuple(read(item) for item in tree["items"])
            if kind == "__tensor__":
                return as_tensor(deserialize_keras_object(tree, custom_objects))
            if kind is not None:
                return deserialize_keras_object(tree, custom_objects)
            return {key: read(value) for key, value in tree.items()}
        return [read(item) for item in tree] if isinstance(tree, (list, tuple)) else tree

    return [read(arg) for arg in node["args"]], read(node.get("kwargs") or {})
