"""Attention: every option of its layers, masks that are given and those that inputs carry, scores, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.grid.grid import Case, shown
from tests.grid.probing import attempt, numbers, refused, told, weighted

Q, V, K = numbers((2, 4, 6)), numbers((2, 3, 6)), numbers((2, 3, 5))
SAME = numbers((2, 3, 6))
_NOTHING = np.zeros((2, 0, 6), "float32")
HIGH, HIGH_V = numbers((2, 2, 4, 6)), numbers((2, 2, 3, 6))
_Q_MASK = np.array([[True, True, True, False], [True, False, False, False]])
_V_MASK = np.array([[True, True, False], [True, False, False]])
_SCORES = np.array([[[(i + j + b) % 3 > 0 for j in range(3)] for i in range(4)] for b in range(2)])
_HEAD_SCORES = np.stack([_SCORES, ~_SCORES], 1)
_WEIGHTS: dict[str, Any] = {
    "kernel_initializer": "ones",
    "bias_initializer": "ones",
    "kernel_regularizer": "l2",
    "bias_regularizer": "l2",
    "activity_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "bias_constraint": "non_neg",
}
_MHA, _GQA = (
    {"num_heads": 2, "key_dim": 3},
    {
        "head_dim": 3,
        "num_query_heads": 2,
        "num_key_value_heads": 1,
    },
)
_HALVES = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")
_TOLD = {"return_attention_scores": True}

# name -> (options, arguments, keywords of the call)
_ROWS: dict[str, list[tuple[dict[str, Any], tuple[Any, ...], dict[str, Any]]]] = {
    "MultiHeadAttention": [
        (_MHA, (Q, V), {}),
        (_MHA, (Q, V), _TOLD),
        (_MHA, (Q, V, K), _TOLD),
        (_MHA, (SAME, SAME), {"use_causal_mask": True}),
        (_MHA, (SAME, SAME), {"use_causal_mask": True, **_TOLD}),
        (_MHA, (Q, V), {"use_causal_mask": True, **_TOLD}),
        ({**_MHA, "value_dim": 5}, (Q, V), _TOLD),
        ({**_MHA, "use_bias": False}, (Q, V), {}),
        ({**_MHA, "output_shape": 5}, (Q, V), {}),
        ({**_MHA, "output_shape": (2, 5)}, (Q, V), _TOLD),
        ({**_MHA, "output_shape": [5]}, (Q, V), {}),
        ({**_MHA, "attention_axes": 1}, (Q, V), {}),
        ({**_MHA, "attention_axes": (2,)}, (HIGH, HIGH_V), _TOLD),
        ({**_MHA, "attention_axes": -2}, (HIGH, HIGH_V), {}),
        ({**_MHA, "attention_axes": [1]}, (HIGH_V, HIGH_V), {"use_causal_mask": True, **_TOLD}),
        ({**_MHA, "attention_axes": (1, 2)}, (HIGH, HIGH_V), _TOLD),
        (_MHA, (HIGH, HIGH_V), _TOLD),
        ({**_MHA, "sliding_window": 2}, (SAME, SAME), _TOLD),
        ({**_MHA, "sliding_window": 1}, (SAME, SAME), {}),
        ({**_MHA, "sliding_window": 2}, (Q, V), {"use_causal_mask": True}),
        ({**_MHA, "sliding_window": 2}, (SAME, SAME), {"use_causal_mask": True, **_TOLD}),
        ({**_MHA, "use_gate": True}, (Q, V, K), _TOLD),
        ({**_MHA, "use_gate": True, "use_bias": False}, (Q, V), _TOLD),
        ({**_MHA, "dropout": 0.5, "seed": 3}, (Q, V), {"training": False}),
        ({**_MHA, "dropout": 0.5}, (SAME, SAME), {"use_causal_mask": True}),
        ({**_MHA, "flash_attention": False}, (Q, V), {}),
        ({**_MHA, **_WEIGHTS}, (Q, V), {}),
        ({**_MHA, "name": "named", "trainable": False, "use_gate": True}, (Q, V), {}),
        *(({**_MHA, "dtype": d}, (Q, V), c) for d in _HALVES for c in ({}, _TOLD)),
        (_MHA, (Q, V), {"attention_mask": _SCORES, **_TOLD}),
        (_MHA, (Q, V), {"attention_mask": _SCORES}),
        (_MHA, (Q, V), {"attention_mask": _SCORES[0]}),
        (_MHA, (Q, V), {"attention_mask": _HEAD_SCORES, **_TOLD}),
        (_MHA, (Q, V), {"attention_mask": _HEAD_SCORES}),
        (_MHA, (Q, V), {"attention_mask": _SCORES.astype("int32")}),
        (_MHA, (Q, V), {"attention_mask": _SCORES.astype("float32"), **_TOLD}),
        (_MHA, (Q, V), {"attention_mask": _SCORES, "use_causal_mask": True}),
        (_MHA, (Q, V), {"attention_mask": np.zeros((2, 4, 3), bool), **_TOLD}),
        (_MHA, (Q, V), {"attention_mask": np.zeros((2, 4, 3), bool)}),
        (_MHA, (Q, V), {"query_mask": _Q_MASK, **_TOLD}),
        (_MHA, (Q, V), {"value_mask": _V_MASK}),
        (_MHA, (Q, V, K), {"value_mask": _V_MASK, "key_mask": ~_V_MASK, **_TOLD}),
        (_MHA, (Q, V), {"value_mask": _V_MASK, "use_causal_mask": True, **_TOLD}),
        (_MHA, (Q, V), {"value_mask": _V_MASK, "attention_mask": _SCORES}),
        (
            {**_MHA, "attention_axes": 2},
            (HIGH, HIGH_V),
            {"attention_mask": np.stack([_SCORES] * 2, 1), **_TOLD},
        ),
        *((_MHA, ends, c) for ends in ((Q, _NOTHING), (_NOTHING, V)) for c in ({}, _TOLD)),
        (_MHA, (Q, V, Q), {}),
        (_MHA, (Q,), {}),
    ],
    "GroupQueryAttention": [
        (_GQA, (Q, V), {}),
        (_GQA, (Q, V, K), _TOLD),
        ({**_GQA, "num_query_heads": 4, "num_key_value_heads": 2}, (Q, V), _TOLD),
        ({**_GQA, "num_query_heads": 4, "num_key_value_heads": 2}, (Q, V), {}),
        ({**_GQA, "num_key_value_heads": 2}, (Q, V), {}),
        (_GQA, (SAME, SAME), {"use_causal_mask": True}),
        (_GQA, (Q, V), {"use_causal_mask": True, **_TOLD}),
        ({**_GQA, "use_bias": False, "use_gate": True}, (Q, V), _TOLD),
        ({**_GQA, "sliding_window": 2}, (SAME, SAME), {"use_causal_mask": True}),
        ({**_GQA, "sliding_window": 2}, (Q, V), _TOLD),
        ({**_GQA, "dropout": 0.5, "seed": 3}, (Q, V), {}),
        ({**_GQA, **_WEIGHTS}, (Q, V), {}),
        *(({**_GQA, "dtype": d}, (Q, V), c) for d in _HALVES[::3] for c in ({}, _TOLD)),
        (_GQA, (Q, V), {"attention_mask": _SCORES, **_TOLD}),
        (_GQA, (Q, V), {"attention_mask": _HEAD_SCORES}),
        (_GQA, (Q, V), {"query_mask": _Q_MASK, **_TOLD}),
        (_GQA, (Q, V), {"query_mask": _Q_MASK, "value_mask": _V_MASK}),
        (_GQA, (Q, V, K), {"key_mask": _V_MASK, "use_causal_mask": True}),
        (_GQA, (Q, V, Q), {}),
        (_GQA, (HIGH, HIGH_V), {}),
    ],
    "Attention": [
        ({}, ([Q, V],), {}),
        ({}, ([Q, V],), _TOLD),
        *(({}, ([Q, _NOTHING],), c) for c in ({}, _TOLD)),
        ({}, ([Q, K, V],), _TOLD),
        ({"use_scale": True}, ([Q, V],), {}),
        ({"use_scale": True}, ([Q, V],), _TOLD),
        ({"score_mode": "concat"}, ([Q, V],), _TOLD),
        ({"score_mode": "concat", "use_scale": True}, ([Q, K, V],), {}),
        ({"dropout": 0.5, "seed": 3}, ([Q, V],), {"training": False}),
        ({}, ([SAME, SAME],), {"use_causal_mask": True}),
        ({}, ([Q, V],), {"use_causal_mask": True, **_TOLD}),
        ({}, ([HIGH, HIGH_V],), _TOLD),
        ({}, ([HIGH, HIGH_V],), {}),
        *(({"dtype": d}, ([Q, V],), c) for d in _HALVES for c in ({}, _TOLD)),
        ({}, ([Q, V],), {"mask": [_Q_MASK, _V_MASK], **_TOLD}),
        ({}, ([Q, V],), {"mask": [_Q_MASK, _V_MASK]}),
        ({}, ([Q, V],), {"mask": [None, _V_MASK], "use_causal_mask": True}),
        ({}, ([Q, V],), {"mask": [_Q_MASK, None]}),
        ({}, ([Q, K, V],), {"mask": [_Q_MASK, _V_MASK, _V_MASK], **_TOLD}),
        ({"dtype": "float16"}, ([Q, V],), {"mask": [_Q_MASK, _V_MASK], **_TOLD}),
        ({}, ([Q, V],), {"mask": [None, np.zeros((2, 3), bool)]}),
        ({}, ([Q, V],), {"mask": [_Q_MASK]}),
        ({}, ([Q, V],), {"mask": _Q_MASK}),
        ({}, ([Q],), {}),
        ({}, ((Q, V),), {}),
        ({}, (Q,), {}),
        ({}, ([Q, V, V, V],), {}),
    ],
    "AdditiveAttention": [
        ({}, ([Q, V],), {}),
        ({}, ([Q, K, V],), _TOLD),
        ({"use_scale": False}, ([Q, V],), _TOLD),
        ({"dropout": 0.5, "seed": 3}, ([Q, V],), {}),
        ({"dtype": "mixed_float16"}, ([Q, V],), _TOLD),
        ({}, ([Q, V],), {"mask": [_Q_MASK, _V_MASK], "use_causal_mask": True, **_TOLD}),
        ({}, ([Q],), {}),
    ],
}


def _slow(options: dict[str, Any], args: Any) -> bool:
    """Whether Keras has to compile much of its own for a row."""
    new = options.get("dtype") in ("float16", "bfloat16", "mixed_bfloat16") or "seed" in options
    heads = options.get("num_query_heads", 2) > 2 or "value_dim" in options
    many = getattr(args[0], "ndim", 3) == 4
    shape = "output_shape" in options or options.get("attention_axes") == [1]
    return new or heads or shape or (many and options.get("attention_axes") not in (-2, (1, 2)))


def _probe(k: Any, name: str, options: dict[str, Any], args: Any, call: dict[str, Any]) -> Any:
    """All of a layer that is compared on a call's arguments."""
    kind = getattr(k.layers, name)
    layer = kind(**options)
    born = [layer.built, layer.get_config()]
    layer(*args, **call)
    weighted(layer)
    made = layer.get_config()
    out = layer(*args, **call)
    return {
        "born": born,
        "built": layer.built,
        "config": made,
        "again": kind.from_config(made).get_config() == made,
        "weights": told(layer),
        "variables": [[v.path.split("/")[-1], tuple(v.shape)] for v in layer.variables],
        "build": layer.get_build_config(),
        "masks": [layer.supports_masking, layer.supports_jit],
        "arguments": list(layer.call_signature_parameters),
        "out": out,
        "losses": list(layer.losses),
    }


def _called(value: Any) -> Any:
    """A mask as its dtype, shape and how much of it counts."""
    if isinstance(value, list):
        return [_called(one) for one in value]
    return (
        value if not hasattr(value, "shape") else f"{value.dtype}{value.shape}:{int(value.sum())}"
    )


def _case(name: str, options: dict[str, Any], args: Any, call: dict[str, Any]) -> Case:
    first = args[0] if not isinstance(args[0], (list, tuple)) else args[0][0]
    masks = {key: _called(value) for key, value in call.items()}
    kinds = ", ".join(
        f"{type(a).__name__} of {', '.join(str(x.shape) for x in a)}"
        if isinstance(a, (list, tuple))
        else str(a.shape)
        for a in args
    )
    return Case(
        f"attention.{name}({shown(options)}) of {first.shape} {kinds}, {shown(masks)}",
        lambda k: _probe(k, name, options, args, call),
        slow=_slow(options, args),
    )


def _symbolic(name: str, options: dict[str, Any], listed: bool, told: bool = False) -> Case:
    """Unknown lengths: what a call and compute_output_shape give."""
    shapes = [
        ((None, 4, 6), (None, 3, 6)),
        ((None, None, 6), (None, 3, 6)),
        ((None, 4, 6), (None, None, 6)),
        ((2, None, 6), (2, None, 6), (2, None, 6)),
    ]

    def code(k: Any) -> Any:
        found = []
        for each in shapes:
            inputs = [k.KerasTensor(shape) for shape in each]
            call = {"return_attention_scores": True} if told else {}
            layer = getattr(k.layers, name)(**options)
            found.append(layer(inputs, **call) if listed else layer(*inputs, **call))
            layer = getattr(k.layers, name)(**options)
            shape = (
                layer.compute_output_shape(list(each))
                if listed
                else layer.compute_output_shape(*each)
            )
            found.append(list(shape))
        return found

    return Case(f"attention.{name}({shown(options)}) of unknown lengths, scores {told}", code)


_SHAPES: list[tuple[Any, ...]] = [
    ((2, 4, 8), (2, 3, 8)),
    ([2, 4, 8], [2, 3, 8], [2, 3, 5]),
    ((2, 4, 8), (2, 3, 7)),
    ((2, 4, 8), (2, 3, 8), (2, 2, 8)),
    ((2, 5, 4, 8), (2, 5, 3, 8)),
]


def _shapes(name: str, options: dict[str, Any], shapes: Any) -> Case:
    def code(k: Any) -> Any:
        layer = getattr(k.layers, name)(**options)
        return attempt(lambda: list(layer.compute_output_shape(*shapes)))

    return Case(f"attention.{name}({shown(options)}).compute_output_shape({shapes})", code)


def _gradient(
    name: str, options: dict[str, Any], args: Any, call: dict[str, Any], way: str
) -> Case:
    """Gradients by inputs and weights through a step of training: what the weights become."""

    def code(k: Any) -> Any:
        flat = args[0] if isinstance(args[0], list) else args
        inputs = [k.Input(a.shape[1:]) for a in flat]
        layer = getattr(k.layers, name)(**options)
        first = [
            k.layers.Dense(a.shape[-1], kernel_initializer="identity")(i)
            for a, i in zip(flat, inputs, strict=True)
        ]
        out = layer(first, **call) if isinstance(args[0], list) else layer(*first, **call)
        parts = list(out) if isinstance(out, (tuple, list)) else [out]
        model = k.Model(inputs, [k.layers.Flatten()(part) for part in parts])
        weighted(layer)
        layer.set_weights([w / 5 for w in layer.get_weights()])  # far from where softmax is flat
        model.compile("sgd", "mse")
        targets = [np.ones((2, int(np.prod(part.shape[1:]))), "float32") for part in parts]
        model.fit(list(flat), targets, batch_size=2, epochs=2, verbose=0, shuffle=False)
        return [w.numpy() if hasattr(w, "numpy") else np.asarray(w) for w in model.get_weights()]

    return Case(f"attention.{name}({shown(options)}) trained, {way}", code, terms=512, slow=True)


def _masked(name: str, options: dict[str, Any], how: str, listed: bool = False) -> Case:
    """Masks that inputs carry: numbers, the outputs' mask, and what is left on the inputs."""

    def code(k: Any) -> Any:
        q, v = np.where(_Q_MASK[..., None], Q, 0), np.where(_V_MASK[..., None], V, 0)

        def made() -> Any:  # anew for each call: MultiHeadAttention takes the masks off
            marks, plain = k.layers.Masking(), k.ops.convert_to_tensor
            parts = [
                (marks if "query" in how else plain)(q),
                (marks if "value" in how else plain)(v),
            ]
            if how.endswith("key"):
                parts.append(marks(np.where(_V_MASK[..., None], V + 3, 0)))
            return (parts,) if listed else parts

        call = {"use_causal_mask": True} if "causal" in how else {}
        layer = getattr(k.layers, name)(**options)
        layer(*made(), **call)
        weighted(layer)
        last = made()
        out = layer(*last, **call)
        marked = [out, *(last[0] if listed else last)]
        return [out, *(getattr(x, "_keras_mask", None) for x in marked)]

    return Case(
        f"attention.{name}({shown(options)}) of {how} that has a mask", code, warnings=False
    )


def _residual(name: str, options: dict[str, Any], pooled: bool) -> Case:
    """Masks past residual connections in a functional model, to a second layer and a mean that heeds them."""

    def code(k: Any) -> Any:
        i = k.Input((3, 6))
        h = k.layers.Masking()(i)
        for _ in range(2):
            layer = getattr(k.layers, name)(**options)
            h = k.layers.Add()([h, layer(h, h)])
            weighted(layer)
            layer.set_weights([w / 5 for w in layer.get_weights()])
        out = k.layers.GlobalAveragePooling1D()(h) if pooled else h
        return k.Model(i, out)(np.where(_V_MASK[..., None], V, 0).astype("float32"))

    return Case(f"attention.{name} past residuals, pooled={pooled}", code, warnings=False)


def _seeded(k: Any) -> Any:
    """Scores that are dropped: whole numbers of them, others rescaled, none outside of training."""
    found = []
    for name, options, args in (
        ("MultiHeadAttention", {**_MHA, "dropout": 0.5, "seed": 1}, (Q, V)),
        ("Attention", {"dropout": 0.5, "seed": 1}, ([Q, V],)),
    ):
        layer = getattr(k.layers, name)(**options)
        plain = layer(*args)
        weighted(layer)
        plain, first, second = (np.asarray(layer(*args, training=t)) for t in (False, True, True))
        found += [bool((plain != first).any()), bool((first != second).any())]
    return found


_BAD_MHA = [
    *({"num_heads": n} for n in (0, -1, 1.5, "2", None)),
    *({"key_dim": n} for n in (0, -1, 1.5, "2", None)),
    *({"value_dim": n} for n in (0, -1, 1.5, "2")),
    *({"sliding_window": n} for n in (0, -1, 1.5, "2")),
    *({"attention_axes": a} for a in ("a", 1.5)),
    {"output_shape": 2.5},
    {"flash_attention": True, "dropout": 0.5},
    {"kernel_initializer": "foo"},
    {"bias_constraint": "foo"},
    {"activity_regularizer": "foo"},
    {"bogus": 1},
]
_BAD_GQA = [
    {"num_query_heads": 3},
    *({"sliding_window": n} for n in (0, -1, 1.5)),
    {"flash_attention": True, "dropout": 0.5},
    {"kernel_initializer": "foo"},
]

CASES = [
    *(_case(name, *row) for name, rows in _ROWS.items() for row in rows),
    *(
        _symbolic(name, options, listed, scores)
        for name, options, listed in (
            ("MultiHeadAttention", _MHA, False),
            ("MultiHeadAttention", {**_MHA, "output_shape": (2, 5)}, False),
            ("GroupQueryAttention", _GQA, False),
            ("Attention", {}, True),
            ("AdditiveAttention", {}, True),
        )
        for scores in (False, True)
    ),
    *(
        _shapes("MultiHeadAttention", o, s)
        for o in (_MHA, {**_MHA, "output_shape": 5})
        for s in _SHAPES
    ),
    *(_shapes("GroupQueryAttention", _GQA, s) for s in _SHAPES[:4]),
    _gradient("MultiHeadAttention", _MHA, (Q, V), {}, "plain"),
    _gradient(
        "MultiHeadAttention",
        {**_MHA, "use_gate": True},
        (SAME, SAME),
        {"use_causal_mask": True, **_TOLD},
        "scores",
    ),
    _gradient("MultiHeadAttention", {**_MHA, "attention_axes": (1, 2)}, (HIGH, HIGH_V), {}, "axes"),
    _gradient("MultiHeadAttention", _MHA, (SAME, SAME), {"use_causal_mask": True}, "causal"),
    _gradient("GroupQueryAttention", _GQA, (Q, V), {}, "plain"),
    _gradient("Attention", {"use_scale": True}, ([Q, V],), {}, "plain"),
    _gradient("Attention", {"score_mode": "concat"}, ([Q, V],), _TOLD, "sums"),
    _gradient("AdditiveAttention", {}, ([Q, V],), {}, "plain"),
    *(
        _masked(name, options, how, listed)
        for name, options, listed in (
            ("MultiHeadAttention", _MHA, False),
            ("MultiHeadAttention", {**_MHA, "dropout": 0.5}, False),
            ("GroupQueryAttention", _GQA, False),
            ("Attention", {}, True),
            ("AdditiveAttention", {}, True),
        )
        for how in (
            "query",
            "value",
            "query and value",
            "causal query and value",
            "query, value, key",
        )
    ),
    *(_residual("MultiHeadAttention", _MHA, pooled) for pooled in (False, True)),
    *(_residual("GroupQueryAttention", _GQA, pooled) for pooled in (False, True)),
    Case("attention.dropout of scores", _seeded, slow=True),
    *(refused("MultiHeadAttention", **{**_MHA, **bad}) for bad in _BAD_MHA),
    *(refused("GroupQueryAttention", **{**_GQA, **bad}) for bad in _BAD_GQA),
    *(refused("Attention", score_mode=m) for m in ("foo", None, 3)),
    refused("Attention", bogus=1),
    refused("AdditiveAttention", bogus=1),
]
