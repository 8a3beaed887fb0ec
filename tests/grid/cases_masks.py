"""Masks: who gets them, who passes them on, known and symbolic, through models, losses and metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.grid import Case
from tests.grid.probing import attempt, numbers, weighted

_X = numbers((2, 3, 4))
_X[:, 2] = 0
_X[1] = 0  # a row that is masked wholly
_IDS = np.array([[3, 1, 0], [0, 0, 0]], "int32")
_STEPS = np.array([[True, True, False], [True, False, True]])
_Q = numbers((2, 3, 4)) + 1


def carried(x: Any) -> Any:
    """The masks of what a call gave."""
    if isinstance(x, dict):
        return {key: carried(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [carried(item) for item in x]
    return getattr(x, "_keras_mask", None)


def _masked(k: Any, x: Any = _X) -> Any:
    return k.layers.Masking()(x)


def _seeing(k: Any, call: Callable[..., Any], **attributes: Any) -> Any:
    return type("Seeing", (k.layers.Layer,), {"call": call, **attributes})()


def _bools(mask: Any) -> Any:
    if isinstance(mask, (list, tuple)):
        return [_bools(item) for item in mask]
    if isinstance(mask, dict):
        return {key: _bools(item) for key, item in mask.items()}
    return None if mask is None else np.asarray(mask)


# -- what `call` is given: the arguments of the call, and the call -----------------------------

_ARGUMENTS: dict[str, Callable[[Any], tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "one": lambda k: ((_masked(k),), {}),
    "one without": lambda k: ((_Q,), {}),
    "a list": lambda k: (([_masked(k), k.ops.ones((2, 3))],), {}),
    "a list without": lambda k: (([_Q, _Q],), {}),
    "a tuple": lambda k: (((_masked(k), _masked(k, _Q)),), {}),
    "a dict": lambda k: (({"b": _masked(k), "a": k.ops.ones((2, 3))},), {}),
    "two": lambda k: ((_masked(k), _masked(k, _Q)), {}),
    "two by name": lambda k: ((_masked(k),), {"y": _masked(k, _Q)}),
    "the second alone": lambda k: ((_masked(k),), {"y": _Q}),
    "one given": lambda k: ((_masked(k),), {"mask": k.ops.convert_to_tensor(_STEPS)}),
    "an array given": lambda k: ((_masked(k),), {"mask": _STEPS}),
    "the second given": lambda k: ((_masked(k), _Q), {"y_mask": _STEPS}),
    "of another dtype": lambda k: ((k.ops.cast(_masked(k), "float16"),), {}),
}


def _call_mask(self: Any, x: Any, mask: Any = None) -> Any:
    self.seen = {"mask": _bools(mask)}
    return x if isinstance(x, (list, tuple, dict)) else x * 2


def _call_masks(
    self: Any, x: Any, y: Any = None, mask: Any = None, x_mask: Any = None, y_mask: Any = None
) -> Any:
    self.seen = {"mask": _bools(mask), "x": _bools(x_mask), "y": _bools(y_mask)}
    return x if isinstance(x, (list, tuple, dict)) else x * 2


def _call_none(self: Any, x: Any, y: Any = None) -> Any:
    self.seen = None
    return x if isinstance(x, (list, tuple, dict)) else x * 2


def _call_all(self: Any, *args: Any, **kwargs: Any) -> Any:
    self.seen = {key: _bools(value) for key, value in kwargs.items()}
    return args[0] if isinstance(args[0], (list, tuple, dict)) else args[0] * 2


def _call_two(self: Any, x: Any, mask: Any = None) -> Any:
    self.seen = {"mask": _bools(mask)}
    return x * 2, x[:, 0]


_KINDS: dict[str, dict[str, Any]] = {
    "mask": {"call": _call_mask, "supports_masking": True},
    "masks": {"call": _call_masks, "supports_masking": True},
    "masks, none passed": {"call": _call_masks},
    "none": {"call": _call_none},
    "none, passed": {"call": _call_none, "supports_masking": True},
    "all": {"call": _call_all, "supports_masking": True},
    "two outputs": {"call": _call_two, "supports_masking": True},
    "two masks": {
        "call": _call_two,
        "compute_mask": lambda self, x, mask=None: [None, None if mask is None else mask[:, 0]],
    },
    "told": {
        "call": _call_mask,
        "compute_mask": lambda self, x, previous_mask=None: setattr(
            self, "told", _bools(previous_mask)
        ),
    },
}


def _called(kind: str, arguments: str) -> Case:
    def code(k: Any) -> Any:
        layer = _seeing(k, **_KINDS[kind])
        args, kwargs = _ARGUMENTS[arguments](k)
        out = attempt(lambda: layer(*args, **kwargs))
        told, seen = getattr(layer, "told", None), getattr(layer, "seen", None)
        return [carried(out), seen, told, layer.supports_masking, isinstance(out, str)]

    return Case(f"masks.a layer of {kind}, called on {arguments}", code)


# -- layers of Keras: numbers and masks, symbolic and in a model --------------------------------

_PASSED: dict[str, Callable[[Any], Any]] = {
    "Activation": lambda k: k.layers.Activation("relu"),
    "BatchNormalization": lambda k: k.layers.BatchNormalization(),
    "Dense": lambda k: k.layers.Dense(2, kernel_initializer="ones"),
    "Dropout": lambda k: k.layers.Dropout(0.5),
    "EinsumDense": lambda k: k.layers.EinsumDense(
        "abc,cd->abd", (None, 2), kernel_initializer="ones"
    ),
    "Flatten": lambda k: k.layers.Flatten(),
    "GaussianNoise": lambda k: k.layers.GaussianNoise(0.1),
    "GlobalAveragePooling1D": lambda k: k.layers.GlobalAveragePooling1D(keepdims=True),
    "GlobalMaxPooling1D": lambda k: k.layers.GlobalMaxPooling1D(),
    "Identity": lambda k: k.layers.Identity(),
    "Lambda": lambda k: k.layers.Lambda(lambda x: x * 2),
    "Lambda, mask": lambda k: k.layers.Lambda(lambda x: x * 2, mask=lambda x, mask: mask),
    "Lambda that takes one": lambda k: k.layers.Lambda(
        lambda x, mask=None: x if mask is None else k.ops.where(mask[..., None], x, 7.0),
        mask=lambda x, mask: mask,
    ),
    "LayerNormalization": lambda k: k.layers.LayerNormalization(),
    "Masking": lambda k: k.layers.Masking(-2.0),
    "Permute": lambda k: k.layers.Permute((2, 1)),
    "PReLU": lambda k: k.layers.PReLU(),
    "Rescaling": lambda k: k.layers.Rescaling(2.0),
    "Reshape": lambda k: k.layers.Reshape((4, 3)),
    "Softmax": lambda k: k.layers.Softmax(axis=1),
    "SpatialDropout1D": lambda k: k.layers.SpatialDropout1D(0.5),
    "UnitNormalization": lambda k: k.layers.UnitNormalization(),
    "ZeroPadding1D": lambda k: k.layers.ZeroPadding1D(1),
}
_TAKEN = {"Softmax": numbers((2, 3, 1))}  # its mask broadcasts to (B, T), so that T is 1


def _passes(name: str) -> Case:
    """A layer after Masking, called on numbers, and on a symbolic tensor of which a model is made."""

    def code(k: Any) -> Any:
        layer = _PASSED[name](k)
        x = _TAKEN.get(name, _X)
        known = layer(_masked(k, x)) if name != "Softmax" else None
        start = k.Input((x.shape[1], x.shape[2]))
        out = attempt(lambda: layer(k.layers.Masking()(start)))
        if isinstance(out, str):
            return [known, carried(known), out]
        model = k.Model(start, out)
        found = [
            type(op).__name__ if isinstance(op, k.layers.Layer) else "op" for op in model.operations
        ]
        y = model(x)
        return [known, carried(known), carried(out), found, y, carried(y), layer.supports_masking]

    return Case(f"masks.{name} after Masking", code)


# -- models ------------------------------------------------------------------------------------


def _stack(k: Any) -> Any:
    return [k.layers.Masking(), k.layers.Dense(2, kernel_initializer="ones")]


def _pool(k: Any) -> Any:
    return k.layers.GlobalAveragePooling1D()


def _functional(k: Any, masked: bool = True) -> Any:
    start = k.Input((3, 4), name="steps")
    x = start
    for layer in _stack(k)[0 if masked else 1 :]:
        x = layer(x)
    return k.Model(start, [x, _pool(k)(x)])


def _nested(k: Any) -> Any:
    start = k.Input((3, 4))
    inner = k.Sequential([k.Input((3, 4)), k.layers.Dense(2, kernel_initializer="ones")])
    return k.Model(start, _pool(k)(inner(k.layers.Masking()(start))))


def _made_within(k: Any) -> Any:
    start = k.Input((3, 4))
    inner = k.Sequential([k.Input((3, 4)), *_stack(k)])
    return k.Model(start, _pool(k)(inner(start)))


def _two_inputs(k: Any) -> Any:
    a, b = k.Input((3, 4), name="a"), k.Input((3, 4), name="b")
    both = k.layers.Concatenate(axis=1)([k.layers.Masking()(a), b])
    return k.Model({"b": b, "a": a}, [both, _pool(k)(both)])


def _subclass(k: Any) -> Any:
    class Own(k.Model):
        def __init__(self) -> None:
            super().__init__()
            self.masking, self.dense = _stack(k)
            self.pool = _pool(k)

        def call(self, x: Any, mask: Any = None) -> Any:
            steps = self.dense(self.masking(x))
            return steps, self.pool(steps), self.pool(x, mask=mask)

    return Own()


_MODELS: dict[str, Callable[[Any], Any]] = {
    "a functional one": lambda k: _functional(k)(_X),
    "a functional one, twice": lambda k: [m := _functional(k), m(_X), m(_X)][1:],
    "a functional one and a mask": lambda k: _functional(k, False)(_X, mask=_STEPS),
    "a functional one and a list of masks": lambda k: _functional(k, False)(_X, mask=[_STEPS]),
    "a functional one on masked steps": lambda k: _functional(k, False)(_masked(k)),
    "a functional one on steps with a mask": lambda k: _functional(k, False)(
        _masked(k), mask=_STEPS
    ),
    "one of two inputs": lambda k: _two_inputs(k)({"a": _X, "b": _Q}),
    "one of two inputs and masks": lambda k: _two_inputs(k)(
        {"a": _X, "b": _Q}, mask={"a": None, "b": _STEPS}
    ),
    "one within": lambda k: _nested(k)(_X),
    "one that masks within": lambda k: _made_within(k)(_X),
    "a sequential one": lambda k: k.Sequential([*_stack(k), _pool(k)])(_X),
    "a sequential one that was built": lambda k: k.Sequential([k.Input((3, 4)), *_stack(k)])(_X),
    "a sequential one and a mask": lambda k: k.Sequential([k.Input((3, 4)), _pool(k)])(
        _X, mask=_STEPS
    ),
    "a sequential one on masked steps": lambda k: k.Sequential([_stack(k)[1], _pool(k)])(
        _masked(k)
    ),
    "a subclass": lambda k: _subclass(k)(_X),
    "a subclass and a mask": lambda k: _subclass(k)(_X, mask=_STEPS),
    "a subclass on masked steps": lambda k: _subclass(k)(_masked(k)),
}


def _modelled(name: str) -> Case:
    def code(k: Any) -> Any:
        out = _MODELS[name](k)
        return [out, carried(out)]

    return Case(f"masks.of {name}", code)


def _written(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The operations of a model's config, and the names of the arguments of each call."""

    def code(k: Any) -> Any:
        config = make(k).get_config()
        rows = [
            [row["class_name"], *(sorted(n["kwargs"]) for n in row["inbound_nodes"])]
            for row in config["layers"]
        ]
        return [sorted(map(str, rows)), make(k).from_config(config)(_X)]

    return code


# -- graphs: which operations a model has, and what it computes ---------------------------------


def _ids(k: Any, **options: Any) -> Any:
    start = k.Input((3,), dtype="int32", name="ids")
    table = np.arange(20, dtype="float32").reshape(5, 4) / 10
    constant = type("Table", (k.initializers.Initializer,), {"__call__": lambda *_, **__: table})()
    layer = k.layers.Embedding(5, 4, mask_zero=True, embeddings_initializer=constant, **options)
    return start, layer, layer(start)


def _mean(k: Any) -> Any:
    return k.layers.GlobalAveragePooling1D(name="mean")


def _explicit(k: Any) -> Any:
    start, layer, x = _ids(k)
    return k.Model(start, _mean(k)(x, mask=layer.compute_mask(start)))


def _read(k: Any) -> Any:
    start, _, x = _ids(k)
    return k.Model(start, _mean(k)(x * 2, mask=x._keras_mask))


def _lost(k: Any) -> Any:
    start, _, x = _ids(k)
    return k.Model(start, _mean(k)(x * 2))


def _mask_input(k: Any) -> Any:
    x, mask = k.Input((3, 4), name="x"), k.Input((3,), dtype="bool", name="m")
    return k.Model([x, mask], _mean(k)(x, mask=mask))


def _added(k: Any) -> Any:
    start, _, x = _ids(k)
    return k.Model(start, _mean(k)(k.layers.Add()([x, k.layers.Dropout(0.5)(x)])))


def _joined(k: Any) -> Any:
    start, _, x = _ids(k)
    return k.Model(start, _mean(k)(k.layers.Concatenate(axis=1)([x, x * 2])))


def _shared(k: Any) -> Any:
    start, layer, x = _ids(k)
    other = k.Input((3,), dtype="int32", name="others")
    mean = _mean(k)
    return k.Model([start, other], [mean(x), mean(layer(other))])


def _recurrent(k: Any) -> Any:
    start, _, x = _ids(k)
    x = k.layers.Bidirectional(
        k.layers.GRU(2, kernel_initializer="ones", recurrent_initializer="ones", unroll=True)
    )(x)
    return k.Model(start, x)


def _from_states(k: Any) -> Any:
    """With two tensors in the call, `mask` is filled for none."""
    start, _, x = _ids(k)
    state = k.Input((2,), name="state")
    rnn = k.layers.SimpleRNN(
        2, kernel_initializer="ones", recurrent_initializer="ones", unroll=True
    )
    return k.Model([start, state], rnn(x, initial_state=state))


def _from_within(k: Any) -> Any:
    start, _, x = _ids(k)
    inner = k.Sequential([k.Input((3, 4)), k.layers.Activation("relu"), _mean(k)])
    return k.Model(start, inner(x))


_GIVEN = {"ids": _IDS, "others": _IDS[::-1].copy(), "x": _X, "m": _STEPS, "state": _Q[:, 0, :2]}
_GRAPHS = {
    f.__name__.strip("_").replace("_", " "): f
    for f in (
        *(_explicit, _read, _lost, _mask_input, _added, _joined, _shared, _recurrent),
        *(_from_states, _from_within),
    )
}


def _graph(name: str) -> Case:
    def code(k: Any) -> Any:
        model = _GRAPHS[name](k)
        data = [_GIVEN[x.name] for x in model.inputs]
        data = data if len(data) > 1 else data[0]
        kinds = [
            type(op).__name__ if isinstance(op, k.layers.Layer) else "op" for op in model.operations
        ]
        cloned = k.models.clone_model(model)
        cloned.set_weights(model.get_weights())
        return [sorted(kinds), model(data), model.predict(data, verbose=0), cloned(data)]

    return Case(f"masks.graph: {name}", code)


# -- masks of odd inputs -------------------------------------------------------------------------


def _masking(value: float, x: Any, **options: Any) -> Callable[[Any], Any]:
    def code(k: Any) -> Any:
        out = k.layers.Masking(value, **options)(k.ops.convert_to_tensor(x))
        return [out, carried(out), out.dtype if isinstance(out.dtype, str) else out.dtype.name]

    return code


_INF = np.where(_X == 0, np.inf, _X).astype("float32")
_NAN = np.where(_X == 0, np.nan, _X).astype("float32")
_ODD: dict[str, Callable[[Any], Any]] = {
    "Masking of infinite numbers": _masking(np.inf, _INF),
    "Masking of NaN": _masking(np.nan, _NAN),
    "Masking of whole numbers": _masking(0, _IDS[..., None]),
    "Masking of whole numbers of their dtype": _masking(0, _IDS[..., None], dtype="int32"),
    "Masking of a matrix": _masking(0.0, _X[0]),
    "Masking of a vector": _masking(0.0, _X[0, 0]),
    "Masking of rank 5": _masking(0.0, _X.reshape(1, 2, 3, 2, 2)),
    "Masking of halves": _masking(0.0, _X, dtype="mixed_float16"),
    "Masking of a tensor as value": lambda k: [
        out := k.layers.Masking(k.ops.convert_to_tensor(0.0))(_X),
        carried(out),
    ][1:],
    "a mean of masked NaN": lambda k: _pool(k)(_masked(k, np.where(_X == 0, 0, _X)) * 1.0),
    "a mean, NaN masked": lambda k: k.layers.GlobalAveragePooling1D()(
        np.where(_STEPS[..., None], _Q, np.nan), mask=_STEPS
    ),
    "a mean of nothing": lambda k: _pool(k)(_Q, mask=np.zeros((2, 3), bool)),
    "a mean, a mask of numbers": lambda k: _pool(k)(_Q, mask=_STEPS.astype("float32")),
    "statistics, NaN masked": lambda k: k.layers.BatchNormalization()(
        np.where(_STEPS[..., None], _Q, np.nan), training=True, mask=_STEPS
    )[:, 0],
    "statistics of nothing": lambda k: k.layers.BatchNormalization()(
        _Q, training=True, mask=np.zeros((2, 3), bool)
    ),
    "a mask that is put on": lambda k: [
        x := k.ops.convert_to_tensor(_Q),
        setattr(x, "_keras_mask", k.ops.convert_to_tensor(_STEPS)),
        carried(k.layers.Dense(2)(x)),
        carried(k.ops.add(x, 1)),
        _pool(k)(x),
    ][2:],
}


# -- attention: a mask for each of its inputs ------------------------------------------------------


def _attending(name: str, masked: tuple[bool, ...], **call: Any) -> Case:
    def code(k: Any) -> Any:
        layer = {
            "MultiHeadAttention": lambda: k.layers.MultiHeadAttention(2, 3),
            "GroupQueryAttention": lambda: k.layers.GroupQueryAttention(2, 4, 2),
            "Attention": lambda: k.layers.Attention(use_scale=True),
            "AdditiveAttention": lambda: k.layers.AdditiveAttention(),
        }[name]()
        listed = name in ("Attention", "AdditiveAttention")
        kept = [np.where(_STEPS[..., None], _Q, 0), np.where(~_STEPS[..., None], _Q, 0), _Q]
        xs = [_masked(k, x) if m else x + 0 for x, m in zip(kept, masked, strict=False)]
        xs = [k.ops.convert_to_tensor(x) if isinstance(x, np.ndarray) else x for x in xs]
        args = [xs] if listed else xs
        layer(*args, **call)
        weighted(layer)
        out = layer(*args, **call)
        starts = [k.Input((3, 4)) for _ in xs]
        steps = [k.layers.Masking()(s) if m else s for s, m in zip(starts, masked, strict=False)]
        symbol = layer(*([steps] if listed else steps), **call)
        model = k.Model(starts, symbol)
        return [out, carried(out), carried(symbol), model(kept[: len(xs)])]

    # Keras warns of the products within GroupQueryAttention, which has used the masks
    warns = name != "GroupQueryAttention"
    return Case(f"masks.{name} of {masked}, {sorted(call)}", code, warnings=warns)


_ATTENDING = [
    *(
        _attending(name, masked)
        for name in ("MultiHeadAttention", "GroupQueryAttention", "Attention", "AdditiveAttention")
        for masked in ((True, True), (False, True), (True, False), (True, True, True))
    ),
    _attending("MultiHeadAttention", (True, True), use_causal_mask=True),
    _attending("Attention", (True, True), use_causal_mask=True),
    _attending("MultiHeadAttention", (False, True), return_attention_scores=True),
]


# -- losses, metrics, weights ------------------------------------------------------------------


def _evaluated(weights: Any, reduction: str) -> Callable[[Any], Any]:
    """The loss and metrics of a model whose outputs have a mask, and the loss of its first step."""

    def code(k: Any) -> Any:
        model = k.Sequential([k.Input((3, 4)), *_stack(k)])
        loss = k.losses.MeanSquaredError(reduction=reduction)
        model.compile(k.optimizers.SGD(0.01), loss, metrics=["mae"], weighted_metrics=["mse"])
        y = numbers((2, 3, 2))
        tested = model.evaluate(_X, y, sample_weight=weights, verbose=0, return_dict=True)
        trained = model.fit(_X, y, sample_weight=weights, verbose=0).history["loss"]
        return [tested, trained, model.get_weights(), model.predict(_X, verbose=0)]

    return code


_TRAINED = {
    "mean": _evaluated(None, "sum_over_batch_size"),
    "mean, weights of steps": _evaluated(
        np.array([[1.0, 2, 3], [1, 0, 2]], "float32"), "sum_over_batch_size"
    ),
    "sum, weights of samples": _evaluated(np.array([[1.0], [2]], "float32"), "sum"),
    "mean_with_sample_weight": _evaluated(None, "mean_with_sample_weight"),
}


CASES = [
    *(
        _called(kind, arguments)
        for kind in _KINDS
        for arguments in _ARGUMENTS
        if not (
            kind.startswith("two")
            and ("list" in arguments or "tuple" in arguments or "dict" in arguments)
        )
    ),
    *map(_passes, _PASSED),
    *map(_modelled, _MODELS),
    Case("masks.a functional model as data", _written(_functional)),
    Case("masks.a model that masks within as data", _written(_made_within)),
    Case("masks.a model within as data", _written(_nested)),
    *map(_graph, _GRAPHS),
    *_ATTENDING,
    *(Case(f"masks.{name}", code) for name, code in _ODD.items()),
    *(Case(f"masks.trained, {name}", code) for name, code in _TRAINED.items()),
]
