"""Recurrent layers: values, gradients, states, masks and configs, over the options; cells of one's own."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from tests.grid.grid import Case, shown
from tests.grid.probing import attempt, numbers, refused

import narae

# few shapes: Keras on JAX compiles each operation for each
X = numbers((2, 4, 3)) / 2
UNITS = 3
_MASK = np.array([[True, False, True, True], [False, True, False, False]])
_LATE = np.array([[False, True, True, False], [True, False, False, True]])
_H, _C = numbers((2, 3)) / 2, numbers((2, 3))[::-1] / 3
_STATES = {"SimpleRNN": 1, "GRU": 1, "LSTM": 2}


def _plainly(k: Any) -> Any:
    """Keras on JAX compiles each loop anew; without programs a loop is its operations, which are compiled already."""
    if k is narae:
        return contextlib.nullcontext()
    import jax

    return jax.disable_jit()


def _weights(layer: Any) -> None:
    """Numbers of both signs, small enough for no gate to be at its end."""
    layer.set_weights([numbers(w.shape, "float32") / 3 for w in layer.weights])


def _gradients(k: Any, layer: Any, call: dict[str, Any]) -> list[Any]:
    """Of a sum of all that the layer gives, to the inputs and the weights."""

    def total(outputs: Any) -> Any:
        leaves = k.tree.flatten(outputs)
        sums = [k.ops.sum(y * k.ops.convert_to_tensor(numbers(y.shape))) for y in leaves]
        return sum(sums[1:], sums[0])

    if k is narae:
        with narae.GradientTape() as tape:
            x = k.ops.convert_to_tensor(X)
            tape.watch(x)
            loss = total(layer(x, **call))
        return tape.gradient(loss, [x, *layer.trainable_variables])
    import jax

    other = [v.value for v in layer.non_trainable_variables]

    def loss_of(x: Any, values: Any) -> Any:
        return total(layer.stateless_call(values, other, x, **call)[0])

    values = [v.value for v in layer.trainable_variables]
    by_input, by_weight = jax.grad(loss_of, (0, 1))(k.ops.convert_to_tensor(X), values)
    return [by_input, *by_weight]


def _probe(k: Any, name: str, options: dict[str, Any], calls: list[dict[str, Any]]) -> Any:
    with _plainly(k):
        kind = getattr(k.layers, name)
        layer = kind(**options)
        layer.build(X.shape)
        _weights(layer)
        config = layer.get_config()
        return {
            "config": config,
            "again": kind.from_config(dict(config)).get_config() == config,
            "weights": [
                [w.path.split("/")[-2:], tuple(w.shape), w.dtype, w.trainable]
                for w in layer.weights
            ],
            "build": layer.get_build_config(),
            "parameters": layer.count_params(),
            "sizes": [layer.state_size, layer.cell.state_size, layer.cell.output_size],
            "calls": [_called(k, layer, call) for call in calls],
            "losses": list(layer.losses),
        }


def _called(k: Any, layer: Any, call: dict[str, Any]) -> Any:
    outputs = layer(k.ops.convert_to_tensor(X), **call)
    masks = [getattr(y, "_keras_mask", None) for y in k.tree.flatten(outputs)]
    halves = layer.compute_dtype in ("float16", "bfloat16")
    differentiated = {"mask", "initial_state"} <= {*call} and not halves
    return [outputs, masks, _gradients(k, layer, call) if differentiated else None]


def _calls(name: str) -> list[dict[str, Any]]:
    first = [_H, _C][: _STATES[name]]
    return [{}, {"mask": _MASK}, {"initial_state": first}, {"initial_state": first, "mask": _LATE}]


_ALL = {"return_sequences": True, "return_state": True}
_MORE: list[dict[str, Any]] = [  # what the others have already, in other company
    {"return_sequences": True},
    {"return_state": True},
    {"unroll": True, "go_backwards": True, "use_bias": False},
    {"activation": "relu", "trainable": False, "name": "named"},
]
_OPTIONS: dict[str, list[dict[str, Any]]] = {
    name: [
        {},
        *_MORE,
        _ALL,
        {"go_backwards": True},
        {**_ALL, "go_backwards": True},
        {**_ALL, "zero_output_for_mask": True},
        {"unroll": True, **_ALL},
        {"unroll": True, "zero_output_for_mask": True, **_ALL},
        {"use_bias": False, "activation": None, **_ALL},
        {"activity_regularizer": "l2", **_ALL},
    ]
    for name in _STATES
}
_CONFIGS: list[dict[str, Any]] = [
    {"dropout": 0.5, "recurrent_dropout": 0.25, "seed": 3},
    {"dropout": 2.0, "recurrent_dropout": -1},
    {"dropout": 1, "implementation": 1, "reset_after": False, "unit_forget_bias": False},
    {"dtype": "mixed_bfloat16", "stateful": True, "unroll": True, "go_backwards": True},
    {
        "kernel_initializer": "ones",
        "recurrent_initializer": "he_normal",
        "bias_initializer": "zeros",
        "kernel_regularizer": "l1",
        "recurrent_regularizer": "l2",
        "bias_regularizer": "l2",
        "kernel_constraint": "max_norm",
        "recurrent_constraint": "non_neg",
        "bias_constraint": "unit_norm",
    },
]
_HALVES = {"dtype": "mixed_float16", **_ALL}
_OPTIONS["LSTM"].append(_HALVES)
_OPTIONS["GRU"] += [
    {"reset_after": False, **_ALL},
    {"reset_after": False, "use_bias": False, "recurrent_activation": "hard_sigmoid"},
    {"implementation": 1, "recurrent_activation": None, "use_cudnn": False},
]
_OPTIONS["LSTM"] += [
    {"unit_forget_bias": False, **_ALL},
    {"implementation": 1, "recurrent_activation": "hard_sigmoid", "use_cudnn": False},
]


def _case(name: str, options: dict[str, Any]) -> Case:
    given = {"units": UNITS, **options}
    return Case(
        f"layers.{name}({shown(given)}) over {X.shape}",
        lambda k: _probe(k, name, given, _calls(name)),
        terms=256,  # sums over times and units, and halves add each in theirs
        slow=options in _MORE,
    )


def _config(k: Any, name: str, options: dict[str, Any]) -> Any:
    """Settings, and the weights that they give, without a call."""
    own = {"implementation": "GRU LSTM", "reset_after": "GRU", "unit_forget_bias": "LSTM"}
    given = {key: v for key, v in options.items() if name in own.get(key, name)}
    kind = getattr(k.layers, name)
    layer = kind(UNITS, **given)
    config = layer.get_config()
    again = kind.from_config(dict(config))
    with _plainly(k):
        again.build((2, None, 3))
        _weights(again)
    kept = [[getattr(w, s) is None for s in ("regularizer", "constraint")] for w in again.weights]
    cell = layer.cell.get_config()
    return [config, again.get_config() == config, cell, kept, list(again.losses), again.states]


# -- masks of dropout ----------------------------------------------------------------------------


def _dropped(k: Any, name: str, options: dict[str, Any]) -> Any:
    """With masks that are given, since the two draw other numbers; the cell alone, for one time."""
    with _plainly(k):
        cell = getattr(k.layers, name)(UNITS, **options)
        cell.build((2, 3))
        _weights(cell)
        x, h = (k.ops.convert_to_tensor(v) for v in (X[:, 0], _H))
        states = [h, k.ops.convert_to_tensor(_C)] if "LSTM" in name else [h]
        drawn = [cell.get_dropout_mask(x), cell.get_recurrent_dropout_mask(h)]
        kinds = [[tuple(m.shape) for m in k.tree.flatten(d) if m is not None] for d in drawn]
        count = getattr(cell, "dropout_mask_count", None)
        masks = [
            None if d is None else [numbers(s.shape) * (i + 1) for i, s in enumerate(_listed(d))]
            for d in drawn
        ]
        given = [
            m if m is None else [k.ops.convert_to_tensor(v) for v in m] if count else m[0]
            for m in masks
        ]
        cell._dropout_mask, cell._recurrent_dropout_mask = given
        found = [cell(x, states, training=mode) for mode in (True, False)]
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
        return [kinds, count, found, cell._dropout_mask, cell._recurrent_dropout_mask]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_DROPOUT = [
    {"dropout": 0.5},
    {"recurrent_dropout": 0.5},
    {"dropout": 0.25, "recurrent_dropout": 0.5},
    {"dropout": 1.0},
    {},
]
_MASKS = [
    *((f"{name}Cell", options) for name in _STATES for options in _DROPOUT),
    ("LSTMCell", {"dropout": 0.5, "implementation": 1}),
    ("GRUCell", {"dropout": 0.5, "implementation": 1, "reset_after": False}),
    ("GRUCell", {"dropout": 0.5, "recurrent_dropout": 0.5, "reset_after": False}),
]


# -- cells ---------------------------------------------------------------------------------------


def _cell(k: Any, name: str, options: dict[str, Any]) -> Any:
    with _plainly(k):
        cell = getattr(k.layers, name)(UNITS, **options)
        states = cell.get_initial_state(2)
        out = cell(k.ops.convert_to_tensor(X[:, 0]), states)
        _weights(cell)
        given = [k.ops.convert_to_tensor(v) for v in (_H, _C)][: len(states)]
        config = cell.get_config()
        return [
            config,
            type(cell).from_config(dict(config)).get_config() == config,
            [w.path for w in cell.weights],
            k.tree.map_structure(lambda t: (tuple(t.shape), t.dtype), states),
            cell(k.ops.convert_to_tensor(X[:, 0]), given),
            cell.state_size,
            cell.output_size,
            len(out),
            cell.get_build_config(),
        ]


_CELLS = [
    *((f"{name}Cell", options) for name in _STATES for options in _OPTIONS[name][9:13]),
    *(("GRUCell", o) for o in ({"reset_after": False}, {"implementation": 1})),
    *(("LSTMCell", o) for o in ({"unit_forget_bias": False}, {"implementation": 1})),
]
_CELLS = [(n, {k: v for k, v in o.items() if not k.startswith("return")}) for n, o in _CELLS]


def _minimal(k: Any, **given: Any) -> Any:
    """A cell as people write it: one product, attributes and methods as given."""

    class Minimal(k.layers.Layer):
        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = self.state_size = units
            for key, value in given.items():
                if not callable(value):
                    setattr(self, key, value)

        def build(self, input_shape: Any) -> None:
            shape = (input_shape[-1], self.units)
            self.kernel = self.add_weight(shape=shape, initializer="ones", name="kernel")

        def call(self, inputs: Any, states: Any) -> Any:
            h = k.ops.tanh(k.ops.matmul(inputs, self.kernel) / 4 + states[0] / 2)
            return h, [h]

    for key, value in given.items():
        if callable(value):
            setattr(Minimal, key, value)
    return Minimal()


def _two(self: Any, inputs: Any, states: Any, training: bool = False) -> Any:
    a, b = states
    scale = 2.0 if training else 1.0
    return a * scale + inputs, [a + inputs, b - a]


def _ones(self: Any, batch_size: Any = None) -> Any:
    k = narae if type(self).__mro__[1] is narae.layers.Layer else __import__("keras")
    return k.ops.ones((batch_size, 3))


def _bare(self: Any, inputs: Any, states: Any) -> Any:
    h = inputs + states[0]
    return h, h


def _wide(self: Any, inputs: Any, states: Any) -> Any:
    h = inputs + states[0]
    return h[:, :2] * 2, [h]


_OWN: dict[str, Any] = {
    "plain": (lambda k: _minimal(k), {}),
    "of two states": (lambda k: _minimal(k, state_size=[3, 3], call=_two), {}),
    "of a tuple of states": (lambda k: _minimal(k, state_size=(3, 3), call=_two), _ALL),
    "with an initial state": (lambda k: _minimal(k, get_initial_state=_ones), _ALL),
    "that gives a bare state": (lambda k: _minimal(k, call=_bare), _ALL),
    "of another width": (lambda k: _minimal(k, call=_wide, output_size=2), _ALL),
    "in a list": (lambda k: [_minimal(k), _minimal(k)], _ALL),
    "in a stack of others": (
        lambda k: [k.layers.LSTMCell(3), _minimal(k), k.layers.GRUCell(3)],
        _ALL,
    ),
    "backwards": (lambda k: _minimal(k), {**_ALL, "go_backwards": True}),
    "of a part of its state, written out": (
        lambda k: _minimal(k, call=_wide, output_size=2),
        {"unroll": True, **_ALL},
    ),
    "written out": (lambda k: [_minimal(k), k.layers.LSTMCell(3)], {"unroll": True, **_ALL}),
    "of a dtype of its own": (
        lambda k: k.layers.LSTMCell(3, dtype="float32"),
        {"dtype": "mixed_float16", **_ALL},
    ),
    "of zeros for masks": (lambda k: _minimal(k), {**_ALL, "zero_output_for_mask": True}),
}


def _own(k: Any, name: str) -> Any:
    cell, options = _OWN[name]
    with _plainly(k):
        layer = k.layers.RNN(cell(k), **options)
        layer.build(X.shape)
        _weights(layer)
        x = k.ops.convert_to_tensor(X)
        shapes = k.tree.map_structure(
            lambda t: (tuple(t.shape), t.dtype),
            k.layers.RNN(cell(k), **options)(k.Input((None, 3))),
        )
        calls = [{}, {"training": True}, *([] if "width" in name else [{"mask": _MASK}])]
        return [
            [layer(x, **call) for call in calls],
            layer.state_size,
            layer.single_state,
            shapes,
            [w.path for w in layer.weights],
            layer.get_initial_state(2),
        ]


# -- symbols, files of arguments, refusals ---------------------------------------------------------


def _symbols(k: Any, name: str) -> Any:
    found: dict[str, Any] = {}
    count = _STATES.get(name, 1)

    def made(**options: Any) -> Any:
        if name == "RNN":
            return k.layers.RNN(k.layers.GRUCell(UNITS), **options)
        return getattr(k.layers, name)(UNITS, **options)

    for shape in ((None, None, 3), (2, 4, 3)):
        for options in ({}, {"return_sequences": True}, _HALVES):
            key = f"{shape} {options}"
            x = k.Input(batch_shape=shape)
            states = [k.Input(batch_shape=(shape[0], UNITS)) for _ in range(count)]
            found[key] = [
                made(**options)(x),
                made(**options)(x, initial_state=states),
                k.tree.map_structure(str, made(**options).compute_output_shape(shape)),
            ]
    return found


def _seq2seq(k: Any, name: str) -> Any:
    """An encoder's states begin a decoder, in a functional model."""
    with _plainly(k):
        i, j = k.Input((4, 3)), k.Input((None, 3))
        kind = getattr(k.layers, name)
        _, *states = kind(UNITS, return_state=True)(i)
        out = kind(UNITS, return_sequences=True)(j, initial_state=states)
        model = k.Model([i, j], k.layers.Dense(3)(out))
        _weights(model)
        x = [k.ops.convert_to_tensor(X), k.ops.convert_to_tensor(X[:, ::-1].copy())]
        again = k.Model.from_config(model.get_config())
        again.set_weights(model.get_weights())
        return [model(x), again(x), [tuple(s.shape) for s in states]]


def _stateful(k: Any, name: str) -> Any:
    with _plainly(k):
        layer = getattr(k.layers, name)(UNITS, stateful=True, return_sequences=True)
        layer.build(X.shape)
        _weights(layer)
        x = k.ops.convert_to_tensor(X)
        found: list[Any] = [layer(x), layer(x), list(layer.states)]
        found += [layer(x, mask=_MASK), list(layer.states)]
        layer.reset_state()
        found += [list(layer.states), layer(x)]
        layer.reset_states()
        first = [_H, _C][: _STATES[name]]
        found += [layer(x, initial_state=first), list(layer.states)]
        states = [[s.path, s.dtype, s.trainable] for s in layer.states]
        found += [states, len(layer.weights), len(layer.variables), layer.get_config()]
        found.append(attempt(lambda: layer(x[:1])))
        unknown = getattr(k.layers, name)(UNITS, stateful=True)
        found.append(attempt(lambda: unknown(k.Input((4, 3)))))
        return found


_REFUSED = [
    *(refused(name, 0) for name in (*_STATES, "LSTMCell", "GRUCell", "SimpleRNNCell")),
    *(refused(name, -3) for name in _STATES),
    *(refused(name, 3, time_major=True) for name in _STATES),
    *(refused(name, 3, recurrent=True) for name in _STATES),
    *(refused(name, 3, use_cudnn="maybe") for name in ("GRU", "LSTM")),
    *(refused(name, 3, activation="nothing") for name in _STATES),
    refused("SimpleRNN", 3, implementation=1),
    refused("RNN", 3),
    refused("RNN", "LSTM"),
    refused("RNN", [3]),
    refused("StackedRNNCells", [3]),
]


def _misused(k: Any, name: str) -> Any:
    """Calls that Keras refuses."""
    kind = getattr(k.layers, name)
    with _plainly(k):
        ones = k.ops.ones
        return [
            attempt(lambda: kind(3)(ones((2, 4)))),
            attempt(lambda: kind(3)(ones((2, 3, 4, 5)))),
            attempt(lambda: kind(3)(k.Input((4,)))),
        ]


CASES = [
    *(_case(name, options) for name in _STATES for options in _OPTIONS[name]),
    *(
        Case(
            f"layers.{n}({shown({'units': UNITS, **o})}) with given masks",
            lambda k, n=n, o=o: _dropped(k, n, o),
        )
        for n, o in _MASKS
    ),
    *(
        Case(
            f"layers.{n}({shown({'units': UNITS, **o})}) by config",
            lambda k, n=n, o=o: _config(k, n, o),
        )
        for n in _STATES
        for o in _CONFIGS
    ),
    *(
        Case(
            f"layers.{n}({shown({'units': UNITS, **o})}) for one time",
            lambda k, n=n, o=o: _cell(k, n, o),
        )
        for n, o in _CELLS
    ),
    *(Case(f"layers.RNN(a cell {n})", lambda k, n=n: _own(k, n)) for n in _OWN),
    *(Case(f"layers.{n} of symbols", lambda k, n=n: _symbols(k, n)) for n in (*_STATES, "RNN")),
    *(
        Case(f"layers.{n} from a state to a sequence", lambda k, n=n: _seq2seq(k, n))
        for n in _STATES
    ),
    *(Case(f"layers.{n}(stateful=True)", lambda k, n=n: _stateful(k, n)) for n in _STATES),
    *(Case(f"layers.{n} misused", lambda k, n=n: _misused(k, n)) for n in _STATES),
    *_REFUSED,
]
