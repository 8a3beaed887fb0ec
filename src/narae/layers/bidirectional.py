"""Bidirectional: a recurrent layer, and its twin that goes over the sequence from its end."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Self, Unpack

from narae import ops
from narae.base.registry import builtin, custom_object_scope
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, CustomObjects, Shape, TensorLike, Tensors, Tree
from narae.layers.base import Layer
from narae.layers.calling import signature_of
from narae.layers.options import LayerOptions
from narae.layers.rnn import RNN
from narae.tensor.tensor import Tensor

_MERGES: dict[str | None, Any] = {
    "concat": lambda y, back: ops.concatenate([y, back], axis=-1),
    "sum": lambda y, back: y + back,
    "ave": lambda y, back: (y + back) / 2,
    "mul": lambda y, back: y * back,
    None: lambda y, back: (y, back),
}
_ALIKE = ("stateful", "return_sequences", "return_state")  # in both layers


@builtin("keras.layers")
class Bidirectional(Layer):
    """A recurrent layer over a sequence from both of its ends, each with weights of its own.

    sequences: (B, T, ...) -> the outputs of both, merged: (B, 2 · units) by "concat", (B, units) by the others, a pair
    by None; with `return_sequences` an axis T as well, in the order of the sequence. With `return_state` the last
    states follow, the forward layer's first. mask: (B, T), False for times that are left out, whose outputs are 0.

    The call takes `initial_state`, a list: the first half is the forward layer's.

    Args:
        layer: a recurrent layer, or another one of sequences with `go_backwards`, `return_sequences`, `return_state`
            and `stateful`. The layers inside are made of its configuration.
        merge_mode: how the two outputs become one: "concat", "sum", "ave", "mul"; None: both are given.
        weights: what the weights begin with, the forward layer's first; None: as the layers' initializers say.
        backward_layer: the layer that goes from the end, taken as it is; None: one like `layer` that goes the other
            way.

    Raises:
        ValueError: a layer is none, the merge mode is unknown, both layers go the same way, or they differ in
            `stateful`, `return_sequences` or `return_state`.
        TypeError: the layer has no `go_backwards`.

    Source: Schuster & Paliwal 1997.

    >>> import narae
    >>> layer = Bidirectional(narae.layers.LSTM(4, return_sequences=True))
    >>> layer(narae.ops.ones((2, 5, 3))).shape
    (2, 5, 8)
    """

    def __init__(
        self,
        layer: Layer,
        merge_mode: str | None = "concat",
        weights: Sequence[TensorLike] | None = None,
        backward_layer: Layer | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        _require_layers(layer, backward_layer)
        if merge_mode not in _MERGES:
            known = ", ".join(map(repr, _MERGES))
            raise ValueError(f"Bidirectional: merge_mode is one of {known}, got {merge_mode!r}")
        super().__init__(**kwargs)
        self.forward_layer = _made_again(layer, "forward_")
        self.backward_layer = (
            _made_again(layer, "backward_", go_backwards=True)
            if backward_layer is None
            else backward_layer
        )
        _require_a_pair(self.forward_layer, self.backward_layer)
        chosen = getattr(layer, "use_cudnn", None)  # which no configuration has
        if chosen is not None:
            self.forward_layer.use_cudnn = self.backward_layer.use_cudnn = chosen
        for one in (self.forward_layer, self.backward_layer):
            if getattr(one, "zero_output_for_mask", None) is not None:
                one.zero_output_for_mask = one.return_sequences
        self.merge_mode = merge_mode
        self._first_weights = None if weights is None else list(weights)
        self.stateful = self.forward_layer.stateful
        self.return_sequences = self.forward_layer.return_sequences
        self.return_state = self.forward_layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec

    forward_layer: Any
    backward_layer: Any

    def build(self, sequences_shape: Shape, initial_state_shape: Tree[Shape] | None = None) -> None:
        """Build both layers."""
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
                layer.built = True
        if self._first_weights:
            half = len(self._first_weights) // 2
            self.forward_layer.set_weights(self._first_weights[:half])
            self.backward_layer.set_weights(self._first_weights[half:])

    def compute_output_shape(
        self, sequences_shape: Shape, initial_state_shape: Tree[Shape] | None = None
    ) -> Any:
        """The shape of the merged outputs, or of both; with `return_state` followed by those of the states."""
        found = self.forward_layer.compute_output_shape(sequences_shape)
        output, states = (found[0], tuple(found[1:])) if self.return_state else (found, ())
        output = tuple(output)
        if self.merge_mode == "concat":
            width = output[-1]
            output = (*output[:-1], None if width is None else 2 * width)
        outputs = (output, output) if self.merge_mode is None else (output,)
        if self.return_state:
            return (*outputs, *states, *states)
        return outputs if self.merge_mode is None else output

    def compute_mask(self, inputs: Tensors, previous_mask: Tensors | None = None) -> Any:
        """The mask of the inputs for outputs of all times; none for last outputs and for states."""
        mask = previous_mask[0] if isinstance(previous_mask, list) else previous_mask
        mask = mask if self.return_sequences else None
        return (mask, mask) if self.merge_mode is None else mask

    def call(
        self,
        sequences: Tensor,
        initial_state: Tensors | None = None,
        mask: Tensors | None = None,
        training: bool | None = None,
    ) -> Any:
        """The merged outputs, and the last states where asked for."""
        first: tuple[Any, Any] = (None, None)
        if initial_state is not None:
            given: Any = initial_state
            half = len(given) // 2
            first = given[:half], given[half:]
        takes = signature_of(self.forward_layer.call).names
        options = {
            name: value for name, value in (("training", training), ("mask", mask)) if name in takes
        }
        pair = zip((self.forward_layer, self.backward_layer), first, strict=True)
        y, back = (layer(sequences, initial_state=state, **options) for layer, state in pair)
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*y[1:], *back[1:])
            y, back = y[0], back[0]
        y, back = ops.cast(y, self.compute_dtype), ops.cast(back, self.compute_dtype)
        if self.return_sequences:
            back = ops.flip(back, axis=1)
        output = _MERGES[self.merge_mode](y, back)
        if not self.return_state:
            return output
        return (*output, *states) if self.merge_mode is None else (output, *states)

    # -- states ------------------------------------------------------------------------------

    @property
    def states(self) -> tuple[Any, ...] | None:
        """The states that stateful layers keep, the forward layer's first; None before they are made."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return (*forward, *backward) if forward and backward else None

    def reset_state(self) -> None:
        """Bring the states of stateful layers to 0.

        Raises:
            AttributeError: the layers are not stateful.
        """
        if not self.stateful:
            raise AttributeError(
                f"{self.name!r} keeps no states: its layers are made without stateful=True"
            )
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """`reset_state` by its older name."""
        self.reset_state()

    # -- config ------------------------------------------------------------------------------

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Self:
        """The layer that `get_config` described."""
        inside = {
            key: deserialize_keras_object(config[key], custom_objects)
            for key in ("layer", "backward_layer")
            if config.get(key) is not None
        }
        return super().from_config({**config, **inside})


def _require_layers(layer: object, backward_layer: object) -> None:
    if not isinstance(layer, Layer):
        raise ValueError(f"Bidirectional wraps a recurrent layer, got {layer!r:.80}")
    if backward_layer is not None and not isinstance(backward_layer, Layer):
        raise ValueError(
            f"Bidirectional takes a layer as `backward_layer`, got {backward_layer!r:.80}"
        )
    for one in (layer, backward_layer):
        if one is not None and not hasattr(one, "go_backwards"):
            raise TypeError(
                f"Bidirectional wraps layers of sequences with `go_backwards`, as LSTM, GRU or RNN(cell) have it: "
                f"{type(one).__name__} {one.name!r} has none"
            )


def _require_a_pair(forward: RNN, backward: RNN) -> None:
    if forward.go_backwards == backward.go_backwards:
        raise ValueError(
            f"Bidirectional takes a layer for each way, got go_backwards={forward.go_backwards} of both "
            f"{forward.name!r} and {backward.name!r}"
        )
    for name in _ALIKE:
        one, other = getattr(forward, name), getattr(backward, name)
        if one != other:
            raise ValueError(
                f"Bidirectional takes two layers of the same `{name}`, got {one} of {forward.name!r} and {other} of "
                f"{backward.name!r}"
            )


def _made_again(layer: Layer, prefix: str, **changed: bool) -> Any:
    """A layer of the configuration of another one, without its weights."""
    config = serialize_keras_object(layer)
    config["config"] = {
        **config["config"],
        **changed,
        "name": prefix + layer.name.removeprefix(prefix),
    }
    with custom_object_scope(_own_objects(layer)):
        return deserialize_keras_object(config)


def _own_objects(layer: Layer) -> dict[str, Any]:
    """Classes and functions that a layer and its cells are made of, by name: a cell of one's own, an activation."""
    cell = getattr(layer, "cell", None)
    parts = [*layer._flatten_layers(), cell, *getattr(cell, "cells", ())]
    values = [v for part in parts if part is not None for v in (part, *vars(part).values())]
    found = {type(v).__name__: type(v) for v in values if hasattr(v, "get_config")}
    return {**found, **{v.__name__: v for v in values if inspect.isfunction(v)}}
