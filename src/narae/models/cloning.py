"""clone_model: the same layers once more, with weights of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from narae.base import trees
from narae.base.errors import entry, unknown_arguments
from narae.layers.base import Layer
from narae.layers.input import Input, InputLayer
from narae.metrics import Metric
from narae.models.functional import Functional
from narae.models.graph_order import given_of
from narae.models.model import Model
from narae.models.sequential import Sequential
from narae.tensor.symbolic import KerasTensor

if TYPE_CHECKING:
    from narae.base.types import Tensors, Tree

T = TypeVar("T")


@entry
def clone_model(
    model: Model,
    input_tensors: Tree[KerasTensor] | None = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Model:
    """A model of new layers with the configurations of the old ones; weights start anew. What is compiled is compiled
    alike, with the optimizer's state anew.

    Args:
        model: the model to make again.
        input_tensors: KerasTensors to begin at, in the model's structure; None: Inputs like its own.
        clone_function: layer -> new layer, for each layer but the inputs'; None: from its configuration.
        call_function: (new layer, *args, **kwargs) -> outputs, in place of the call itself (functional models).
        recursive: whether clone_function is called for the layers of models within too.

    Returns:
        The new model.

    Raises:
        ValueError: an argument is not for this kind of model, or clone_function gives no layer.

    >>> import narae
    >>> model = narae.Sequential([narae.Input((3,)), narae.layers.Dense(2)])
    >>> clone_model(model).count_params()
    8
    """
    if kwargs:
        raise unknown_arguments("clone_model", kwargs, clone_model)
    if not isinstance(model, Model):
        raise ValueError(f"clone_model takes a Model, got {model!r:.80}")

    def made(layer: Layer) -> Layer:
        if isinstance(layer, (Functional, Sequential)) and recursive:
            return clone_model(layer, None, clone_function, None, True)
        return _same(layer) if clone_function is None else _checked(clone_function, layer)

    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError("clone_model(call_function=...) is for functional models")
        return _compiled_as(model, _sequential(model, input_tensors, made))
    if isinstance(model, Functional):
        call = call_function or _plain_call
        return _compiled_as(model, _functional(model, input_tensors, made, call))
    if input_tensors is not None or clone_function is not None or call_function is not None:
        raise ValueError(
            f"{type(model).__name__} is a subclass of Model with a call of its own: clone_model makes it again "
            "from its get_config(), and takes no input_tensors, clone_function or call_function"
        )
    return _compiled_as(model, _same(model))


def _compiled_as(model: Model, clone: Model) -> Model:
    """The clone, compiled as the model is: with an optimizer and metrics of its own."""
    if model.compiled:
        given = dict(model._compile_state.config)
        optimizer = given["optimizer"]
        given["optimizer"] = None if optimizer is None else _same(optimizer)
        for kind in ("metrics", "weighted_metrics"):
            given[kind] = trees.map_tree(_renewed, given[kind])
        clone.compile(**given)
        if clone.optimizer is not None and clone.built:
            clone.optimizer.build(clone.trainable_variables)
    return clone


def _renewed(metric: T) -> T:
    return _same(metric) if isinstance(metric, Metric) else metric


def _same(thing: T) -> T:
    """A new one with the same configuration."""
    made: Any = thing
    return type(made).from_config(made.get_config())


def _plain_call(layer: Layer, *args: Tensors, **kwargs: Any) -> Any:
    return layer(*args, **kwargs)


def _checked(clone_function: Callable[[Layer], Layer], layer: Layer) -> Layer:
    found = clone_function(layer)
    if not isinstance(found, Layer):
        raise ValueError(f"clone_function gave {found!r} for {layer.name!r}: it gives layers")
    return found


def _sequential(
    model: Sequential, inputs: Tree[KerasTensor] | None, made: Callable[[Layer], Layer]
) -> Sequential:
    given = [] if inputs is None else trees.flatten(inputs)
    if len(given) > 1 or not all(isinstance(t, KerasTensor) for t in given):
        raise ValueError(f"a Sequential model takes one KerasTensor as input, got {inputs!r}")
    first: list[Any] = [layer for layer in model._stack if isinstance(layer, InputLayer)]
    if given:
        history = given[0].history
        known = history is not None and isinstance(history.target, InputLayer)
        first = [given[0] if known else Input(batch_shape=given[0].shape, dtype=given[0].dtype)]
    elif first:
        first = [_same(first[0])]
    done: dict[int, Layer] = {}
    for layer in model.layers:
        if id(layer) not in done:
            done[id(layer)] = made(layer)
    layers = [done[id(layer)] for layer in model.layers]
    return Sequential([*first, *layers], name=model.name, trainable=model.trainable)


def _functional(
    model: Functional,
    inputs: Tree[KerasTensor] | None,
    made: Callable[[Layer], Layer],
    call: Callable[..., Any],
) -> Functional:
    given = (
        [_same(layer).output for layer in model._input_layers]
        if inputs is None
        else trees.flatten(inputs)
    )
    if len(given) != len(model.inputs) or not all(isinstance(t, KerasTensor) for t in given):
        raise ValueError(
            f"model {model.name!r} has {len(model.inputs)} input(s): input_tensors are as many KerasTensors, got "
            f"{inputs!r}"
        )
    wanted = model._struct[0]
    if inputs is not None and trees.is_nested(wanted) and not trees.same_structure(wanted, inputs):
        raise ValueError(
            f"`input_tensors` must have the same structure as the inputs of {model.name!r}: "
            f"{trees.map_tree(lambda t: t.name, wanted)}, got {type(inputs).__name__}"
        )
    env = {id(old): new for old, new in zip(model.inputs, given, strict=True)}
    done: dict[int, Any] = {}

    def renewed(leaf: object) -> Any:
        return env[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

    for old in model._graph_calls.items:
        args, kwargs = trees.map_tree(renewed, (old.args, given_of(old)))
        target = old.target
        if isinstance(target, Layer):
            if id(target) not in done:
                done[id(target)] = made(target)
            target = done[id(target)]
            out = call(target, *args, **kwargs)
        else:
            out = target(*args, **kwargs)
        pairs = zip(trees.flatten(old.outputs), trees.flatten(out), strict=True)
        env.update((id(symbol), tensor) for symbol, tensor in pairs)
    struct = (trees.pack_as(model._struct[0], given), trees.map_tree(renewed, model._struct[1]))
    clone = Functional(*struct, name=model.name)
    if not model.trainable:
        clone.trainable = False
    return clone
