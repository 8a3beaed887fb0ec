"""ConvLSTM1D, ConvLSTM2D, ConvLSTM3D: options, states, masks, shapes, configs, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.cases_masks import carried
from tests.grid.grid import Case, shown
from tests.grid.probing import attempt, numbers, told, unknown

_MASK = np.array([[True, False], [False, False]])


def _x(rank: int, first: bool = False) -> np.ndarray:
    space = (4, 3, 3)[:rank]
    return numbers((2, 2, 2, *space) if first else (2, 2, *space, 2)) / 4


_FIRST = {"data_format": "channels_first"}
_OPTIONS: list[tuple[int, dict[str, Any]]] = [
    (1, {}),
    (1, {"strides": 2, "padding": "same", "return_state": True}),
    (1, {"dilation_rate": 2, "kernel_size": 2, "return_sequences": True}),
    (1, {**_FIRST, "use_bias": False, "go_backwards": True, "return_sequences": True}),
    (2, {}),
    (2, {"kernel_size": (3, 2), "strides": (2, 1), "padding": "SAME", "return_sequences": True}),
    (2, {**_FIRST, "padding": "same", "return_state": True, "activation": "relu"}),
    (2, {"dilation_rate": (2, 1), "recurrent_activation": "hard_sigmoid", "return_state": True}),
    (2, {"kernel_regularizer": "l2", "recurrent_regularizer": "l1", "unit_forget_bias": False}),
    (2, {"bias_regularizer": "l2", "activity_regularizer": "l2", "kernel_constraint": "max_norm"}),
    (2, {"dropout": 1.0, "recurrent_dropout": 0.0, "seed": 3, "dtype": "mixed_bfloat16"}),
    (3, {}),
    (
        3,
        {**_FIRST, "padding": "same", "strides": 2, "return_sequences": True, "return_state": True},
    ),
]


def _made(k: Any, rank: int, options: dict[str, Any]) -> Any:
    """unroll: Keras on JAX compiles each loop anew, and what it writes out only once."""
    given = {"filters": 2, "kernel_size": 2, "unroll": k.__name__ == "keras", **options}
    return getattr(k.layers, f"ConvLSTM{rank}D")(**given, name="conv")


def _set(layer: Any) -> None:
    layer.set_weights([numbers(w.shape) / 3 for w in layer.weights])


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def _of(rank: int, options: dict[str, Any]) -> Case:
    """Numbers, weights and config."""

    def code(k: Any) -> Any:
        layer = _made(k, rank, options)
        x = _x(rank, "data_format" in options)
        config = layer.get_config()
        layer.build(x.shape)
        fresh = layer.get_weights()[2] if layer.use_bias else None
        _set(layer)
        config.pop("unroll")
        return {
            "out": _plain(layer(x, training=False)),
            "bias": fresh,
            "config": config,
            "weights": told(layer),
            "losses": list(layer.losses),
            "again": type(layer).from_config(layer.get_config()).get_config() == layer.get_config(),
        }

    return Case(f"conv_lstm.ConvLSTM{rank}D({shown(options)})", code)


def _of_unknown(rank: int, options: dict[str, Any]) -> Case:
    def code(k: Any) -> Any:
        found = {}
        for shape in unknown(_x(rank, "data_format" in options).shape):
            called = _made(k, rank, options)
            asked = _made(k, rank, options)
            found[str(shape)] = [
                attempt(lambda c=called, s=shape: _plain(c(k.KerasTensor(s))), False),
                attempt(lambda c=asked, s=shape: _plain(c.compute_output_shape(s)), False),
            ]
        return found

    return Case(f"conv_lstm.ConvLSTM{rank}D({shown(options)}) of unknown lengths", code)


def _masked(sequences: bool) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        layer = _made(k, 1, {"return_sequences": sequences, "return_state": True})
        layer.build((2, 2, 4, 2))
        _set(layer)
        out = layer(_x(1), mask=_MASK)
        return [_plain(out), carried(_plain(out))]

    return code


def _started(k: Any) -> Any:
    layer = _made(k, 1, {"padding": "same"})
    layer.build((2, 2, 4, 2))
    _set(layer)
    states = [numbers((2, 4, 2)), numbers((2, 4, 2)) + 1]
    first = [tuple(s.shape) for s in layer.get_initial_state(3)]
    return [layer(_x(1), initial_state=[k.ops.convert_to_tensor(s) for s in states]), first]


def _stateful(k: Any) -> Any:
    layer = _made(k, 1, {"stateful": True})
    layer.build((2, 2, 4, 2))
    _set(layer)
    found = [layer(_x(1)), layer(_x(1)), _plain(layer.states)]
    layer.reset_states()
    return [*found, layer(_x(1)), len(layer.weights)]


def _trained(k: Any) -> Any:
    start = k.Input((2, 4, 3, 2))
    x = k.layers.Bidirectional(_made(k, 2, {"return_sequences": True, "padding": "same"}))(start)
    x = k.layers.TimeDistributed(k.layers.GlobalAveragePooling2D())(x)
    model = k.Model(start, k.layers.Dense(1, name="last")(x))
    for layer in model.layers:
        if layer.weights:
            _set(layer)
    model.compile(k.optimizers.SGD(0.1), "mse")
    losses = model.fit(_x(2), numbers((2, 2, 1)), epochs=2, verbose=0).history["loss"]
    return [losses, model.get_weights(), model.predict(_x(2), verbose=0), model.output_shape]


def _attributes(k: Any) -> Any:
    layer = _made(k, 2, {"strides": (2, 1), "padding": "Same"})
    names = [
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "data_format",
        "dilation_rate",
        "use_bias",
        "dropout",
    ]
    cell = layer.cell
    layer.build((None, None, 4, 3, 2))
    kept = [layer.supports_masking, layer.states, layer.return_state, layer.stateful, layer.unroll]
    shapes = [tuple(v.shape) for v in (cell.kernel, cell.recurrent_kernel, cell.bias)]
    return [
        [getattr(layer, n) for n in names],
        [getattr(cell, n) for n in names],
        [layer.activation.__name__, layer.recurrent_activation.__name__, cell.name, cell.built],
        kept[:-1],
        shapes,
        cell.compute_output_shape((3, 4, 3, 2))[0],
        layer.unit_forget_bias,
        type(layer.kernel_initializer).__name__,
        layer.kernel_constraint,
    ]


def _refused(rank: int, shape: Any = None, **options: Any) -> Case:
    def code(k: Any) -> Any:
        def made() -> Any:
            layer = _made(k, rank, options)
            return layer.name if shape is None else layer(k.KerasTensor(shape))

        return attempt(made)

    return Case(f"conv_lstm.ConvLSTM{rank}D refuses {shown(options)} {shape or ''}", code)


CASES = [
    *(_of(rank, options) for rank, options in _OPTIONS),
    *(
        _of_unknown(rank, options)
        for rank, options in (
            (1, {"return_sequences": True}),
            (2, {"padding": "same", "return_state": True}),
            (2, {**_FIRST, "return_sequences": True, "return_state": True}),
        )
    ),
    *(
        Case(f"conv_lstm.ConvLSTM1D masked, return_sequences={s}", _masked(s))
        for s in (False, True)
    ),
    Case("conv_lstm.ConvLSTM1D from states", _started),
    Case("conv_lstm.ConvLSTM1D stateful", _stateful),
    Case("conv_lstm.ConvLSTM2D trained, both ways", _trained),
    Case("conv_lstm.ConvLSTM2D attributes", _attributes),
    _refused(2, strides=2, dilation_rate=2),
    _refused(2, padding="causal"),
    _refused(2, kernel_size=(2, 2, 2)),
    _refused(1, data_format="last"),
    _refused(2, (2, 2, 4, 2)),
    _refused(2, (2, 2, None, 3, 2)),
    _refused(2, (2, 2, 4, 3, None)),
    _refused(1, (None, 2, 4, 2), stateful=True),
]
