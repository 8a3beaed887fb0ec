"""Bidirectional: merges, layers of every kind, states, masks, configs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.cases_masks import carried
from tests.grid.grid import Case
from tests.grid.probing import attempt, numbers, told, unknown, weighted

_X = numbers((2, 3, 4)) / 2
_MASK = np.array([[True, False, True], [False, False, False]])
_MERGES = ("concat", "sum", "ave", "mul", None)


def _cell(k: Any) -> Any:
    """A cell of one's own, with two states of other widths than its output."""

    class Own(k.layers.Layer):
        state_size = (2, 3)
        output_size = 2

        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight((shape[-1], 2), name="kernel")
            self.built = True

        def call(self, x: Any, states: Any) -> Any:
            h = k.ops.tanh(k.ops.matmul(x, self.kernel) + states[0])
            return h * 2, [h, states[1] + 1]

        def get_config(self) -> Any:
            return {}

    return Own()


def _quickly(k: Any) -> dict[str, bool]:
    """Keras on JAX compiles each loop anew, and what it writes out only once: most of a case's time."""
    return {"unroll": k.__name__ == "keras"}


_KINDS: dict[str, Callable[..., Any]] = {
    "SimpleRNN": lambda k, **o: k.layers.SimpleRNN(2, name="rnn", **o),
    "GRU": lambda k, **o: k.layers.GRU(2, name="gru", **o),
    "LSTM": lambda k, **o: k.layers.LSTM(2, name="lstm", **o),
    "RNN of two cells": lambda k, **o: k.layers.RNN(
        [k.layers.GRUCell(3), k.layers.SimpleRNNCell(2)], name="rnn", **o
    ),
}


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def _bare(config: Any) -> Any:
    """A config without what names the module that wrote it."""
    if isinstance(config, dict):
        skipped = ("module", "registered_name", "build_config")
        return {key: _bare(value) for key, value in config.items() if key not in skipped}
    return [_bare(value) for value in config] if isinstance(config, (list, tuple)) else config


def _merged(kind: str, **options: Any) -> Callable[[Any], Any]:
    """Outputs of each merge from one set of weights."""

    def code(k: Any) -> Any:
        found = []
        for merge in _MERGES:
            layer = k.layers.Bidirectional(
                _KINDS[kind](k, **_quickly(k), **options), merge_mode=merge, name="both"
            )
            layer.build(_X.shape)
            weighted(layer)
            mask = k.ops.convert_to_tensor(_MASK)
            found.append([_plain(layer(_X)), _plain(layer.compute_mask(_X, mask)), told(layer)])
        return found

    return code


def _masked(kind: str, **options: Any) -> Callable[[Any], Any]:
    """Both outputs, states and masks of steps of which some, or all, are left out."""

    def code(k: Any) -> Any:
        layer = k.layers.Bidirectional(_KINDS[kind](k, **options), merge_mode=None)
        layer.build(_X.shape)
        weighted(layer)
        out = layer(_X, mask=_MASK)
        return [_plain(out), carried(_plain(out))]

    return code


def _of_symbols(kind: str, **options: Any) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        found = {}
        for merge in ("concat", None):
            for shape in unknown(_X.shape):
                layer = k.layers.Bidirectional(_KINDS[kind](k, **options), merge_mode=merge)
                out = attempt(lambda layer=layer, s=shape: _plain(layer(k.KerasTensor(s))), False)
                shapes = attempt(
                    lambda layer=layer, s=shape: _plain(layer.compute_output_shape(s)), False
                )
                found[f"{merge} {shape}"] = [out, shapes]
        return found

    return code


def _trained(k: Any) -> Any:
    """A step of training changes the weights of both."""
    start = k.Input((3, 4))
    x = k.layers.Bidirectional(k.layers.LSTM(2, return_sequences=True))(k.layers.Masking()(start))
    x = k.layers.Bidirectional(k.layers.GRU(2), merge_mode="sum")(x)
    model = k.Model(start, x)
    for layer in model.layers:
        weighted(layer)
    model.compile(k.optimizers.SGD(0.1), "mse")
    data = np.where(_MASK[..., None], _X, 0)
    losses = model.fit(data, numbers((2, 2)), epochs=2, verbose=0).history["loss"]
    return [losses, model.get_weights(), model.predict(data, verbose=0)]


def _started(kind: str, states: int, how: str) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        layer = k.layers.Bidirectional(_KINDS[kind](k, return_state=True, **_quickly(k)))
        layer.build(_X.shape)
        weighted(layer)
        first = [k.ops.ones((2, 2)) * (i + 1) for i in range(states)]
        x = k.layers.Masking()(np.where(_MASK[..., None], _X, 0)) if how == "masked" else _X
        given: Any = tuple(first) if how == "tuple" else first
        return attempt(lambda: _plain(layer(x, initial_state=given)))

    return code


def _stateful(k: Any) -> Any:
    layer = k.layers.Bidirectional(
        k.layers.GRU(2, stateful=True, return_sequences=True, **_quickly(k))
    )
    before = layer.states
    layer.build(_X.shape)
    weighted(layer)
    layer.reset_state()
    outs = [layer(_X), layer(_X)]
    states = _plain(layer.states)
    layer.reset_states()
    return [
        before,
        outs,
        states,
        layer(_X),
        layer.stateful,
        len(layer.weights),
        len(layer.non_trainable_variables),
    ]


def _configured(k: Any) -> Any:
    layer = k.layers.Bidirectional(
        k.layers.LSTM(2, name="inner", dropout=0.1, return_sequences=True),
        merge_mode="sum",
        name="both",
    )
    config = layer.get_config()
    again = k.layers.Bidirectional.from_config(config)
    return [
        _bare(config),
        _bare(again.get_config()),
        again.forward_layer.name,
        again.backward_layer.name,
    ]


def _own_backward(k: Any) -> Any:
    layer = k.layers.Bidirectional(
        k.layers.GRU(2, name="there", return_sequences=True, **_quickly(k)),
        backward_layer=k.layers.SimpleRNN(
            2,
            name="back",
            return_sequences=True,
            go_backwards=True,
            activation="relu",
            **_quickly(k),
        ),
    )
    layer.build(_X.shape)
    weighted(layer)
    return [layer(_X), told(layer)[:2]]


def _attributes(k: Any) -> Any:
    inner = k.layers.LSTM(2, return_sequences=True, name="forward_x", zero_output_for_mask=False)
    layer = k.layers.Bidirectional(inner, trainable=True)
    names = [layer.forward_layer.name, layer.backward_layer.name]
    flags = [layer.forward_layer.go_backwards, layer.backward_layer.go_backwards]
    zeros = [layer.forward_layer.zero_output_for_mask, inner.zero_output_for_mask]
    kept = [layer.stateful, layer.return_sequences, layer.return_state, layer.merge_mode]
    layer.trainable = False
    layer(_X)
    seen = [layer.supports_masking, layer.states, len(layer.trainable_weights), inner.built]
    return [names, flags, zeros, kept, seen, type(layer.input_spec).__name__]


def _backwards(k: Any) -> Any:
    """A layer that goes backwards itself: both go the same way."""
    return attempt(lambda: k.layers.Bidirectional(k.layers.LSTM(2, go_backwards=True)))


def _mixed(policy: str) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        layer = k.layers.Bidirectional(
            k.layers.GRU(2, return_state=True, dtype=policy, **_quickly(k)), dtype=policy
        )
        layer.build(_X.shape)
        weighted(layer)
        return [_plain(layer(_X)), layer.forward_layer.cell.kernel.dtype]

    return code


def _own_cells(k: Any) -> Any:
    with k.saving.custom_object_scope({"Own": type(cell := _cell(k))}):
        layer = k.layers.Bidirectional(
            k.layers.RNN(cell, return_sequences=True, return_state=True, **_quickly(k)),
            merge_mode="mul",
        )
    layer.build(_X.shape)
    weighted(layer)
    return _plain(layer(_X))


def _with_dropout(k: Any) -> Any:
    layer = k.layers.Bidirectional(
        k.layers.LSTM(2, dropout=0.5, recurrent_dropout=0.5, seed=1, **_quickly(k))
    )
    layer.build(_X.shape)
    weighted(layer)
    return [layer(_X, training=False), layer(_X), len(layer.non_trainable_variables)]


_PRODUCT = [(s, r) for s in (False, True) for r in (False, True)]

_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "trained": _trained,
    "stateful": _stateful,
    "config": _configured,
    "a backward layer": _own_backward,
    "attributes": _attributes,
    "of a layer that goes backwards": _backwards,
    "of cells of one's own": _own_cells,
    "of dropout": _with_dropout,
    **{f"of {policy}": _mixed(policy) for policy in ("mixed_float16", "mixed_bfloat16")},
    **{
        f"of {kind} from {n} states, {how}": _started(kind, n, how)
        for kind, n, how in (
            ("LSTM", 4, "list"),
            ("LSTM", 4, "masked"),
            ("GRU", 2, "tuple"),
            ("LSTM", 2, "list"),
            ("GRU", 4, "list"),
        )
    },
    "of no layer": lambda k: attempt(lambda: k.layers.Bidirectional("LSTM")),
    "of a Dense": lambda k: attempt(lambda: k.layers.Bidirectional(k.layers.Dense(2))),
    "of an unknown merge": lambda k: attempt(
        lambda: k.layers.Bidirectional(k.layers.LSTM(2), merge_mode="max")
    ),
    "with no backward layer": lambda k: attempt(
        lambda: k.layers.Bidirectional(k.layers.LSTM(2), backward_layer=3)
    ),
    "with one that goes the same way": lambda k: attempt(
        lambda: k.layers.Bidirectional(k.layers.LSTM(2), backward_layer=k.layers.LSTM(2))
    ),
    "with one that gives less": lambda k: attempt(
        lambda: k.layers.Bidirectional(
            k.layers.LSTM(2, return_sequences=True),
            backward_layer=k.layers.LSTM(2, go_backwards=True),
        )
    ),
    "reset without states": lambda k: attempt(
        lambda: k.layers.Bidirectional(k.layers.LSTM(2)).reset_state()
    ),
    "of an unknown batch, stateful": lambda k: attempt(
        lambda: k.layers.Bidirectional(k.layers.LSTM(2, stateful=True))(k.Input((3, 4)))
    ),
    "of two axes": lambda k: attempt(lambda: k.layers.Bidirectional(k.layers.LSTM(2))(_X[0])),
}

CASES = [
    *(
        Case(
            f"bidirectional.{kind}, return_sequences={s}, return_state={r}",
            _merged(kind, return_sequences=s, return_state=r),
        )
        for kind in _KINDS
        for s, r in _PRODUCT
        if r or kind == "LSTM"
    ),
    *(
        Case(
            f"bidirectional.{kind} masked, return_sequences={s}",
            _masked(kind, return_sequences=s, return_state=True),
        )
        for kind, s in (("LSTM", True), ("LSTM", False), ("RNN of two cells", True), ("GRU", True))
    ),
    *(
        Case(
            f"bidirectional.{kind} of unknown lengths, return_sequences={s}, return_state={r}",
            _of_symbols(kind, return_sequences=s, return_state=r),
        )
        for kind in ("LSTM", "RNN of two cells")
        for s, r in _PRODUCT
    ),
    *(Case(f"bidirectional.{name}", code) for name, code in _SPECIAL.items()),
]
