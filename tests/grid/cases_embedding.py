"""Embedding and ReversibleEmbedding: every option, dtypes of indices, masks, additions of low rank, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.grid.grid import Case, shown
from tests.grid.probing import attempt, case, numbers, refused, told, unknown_case, weighted

IDS = np.array([[1, 0, 3], [3, 2, 0]], "int32")
TABLE = numbers((4, 2))
VECTORS = numbers((2, 3, 2))
SIZE = {"input_dim": 4, "output_dim": 2}

_COMMON: list[tuple[dict[str, Any], Any]] = [
    ({}, IDS),
    ({"mask_zero": True}, IDS),
    ({"embeddings_initializer": "ones", "embeddings_regularizer": "l2"}, IDS),
    ({"embeddings_constraint": "max_norm", "activity_regularizer": "l1"}, IDS),
    ({"trainable": False, "name": "table"}, IDS),
    *(({"dtype": d}, IDS) for d in ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")),
]
_PLAIN: list[tuple[dict[str, Any], Any]] = [
    *(({"mask_zero": True}, IDS.astype(d)) for d in ("uint8", "int16", "uint32", "float32")),
    ({}, IDS.astype("float32") + np.float32(0.7)),
    ({"dtype": "float16"}, IDS.astype("float32")),
    *(
        ({"mask_zero": True}, IDS[0, :n].reshape(s))
        for n, s in ((1, ()), (3, (3,)), (2, (1, 1, 2)))
    ),
    ({}, IDS > 0),
    ({"weights": TABLE}, IDS),
    ({"weights": [TABLE]}, IDS),
    ({"lora_rank": 2}, IDS),
    ({"lora_rank": 0}, IDS),
    ({"lora_rank": 3, "embeddings_regularizer": "l2", "mask_zero": True}, IDS),
]
_BACK: list[dict[str, Any]] = [
    {},
    {"tie_weights": False},
    {"tie_weights": False, "embeddings_regularizer": "l2", "embeddings_initializer": "ones"},
    {"logit_soft_cap": 0.5},
    {"reverse_dtype": "float16"},
    {"dtype": "mixed_float16"},
    {"dtype": "mixed_bfloat16", "reverse_dtype": "float32", "logit_soft_cap": 2},
    {"mask_zero": True},
    {"lora_rank": 2},
]


def _both_ways(options: dict[str, Any]) -> Case:
    def run(k: Any) -> Any:
        layer = k.layers.ReversibleEmbedding(4, 2, **options)
        layer(IDS)
        weighted(layer)
        there, back = layer(IDS), layer(VECTORS, reverse=True)
        symbols = k.KerasTensor((None, None), "int32"), k.KerasTensor((None, 5, 2))
        made = layer(symbols[0]), layer(symbols[1], reverse=True)
        return {
            "there": there,
            "back": back,
            "masks": [getattr(t, "_keras_mask", None) for t in (there, back)],
            "shapes": [m.shape for m in made],
            "computed": [
                list(layer.compute_output_shape((None, 2), reverse=r)) for r in (False, True)
            ],
            "config": layer.get_config(),
            "weights": told(layer),
        }

    return Case(f"layers.ReversibleEmbedding both ways ({shown(options)})", run)


def _low_rank(name: str, options: dict[str, Any], enable: dict[str, Any]) -> Case:
    """An addition that is enabled later: weights, outputs with numbers in it, config."""

    def run(k: Any) -> Any:
        layer = getattr(k.layers, name)(4, 2, **options)
        layer.build()
        layer.enable_lora(**enable)
        weighted(layer)
        out, summed = layer(IDS), layer.embeddings
        k.ops.convert_to_tensor(summed)
        layer.trainable = False
        frozen = told(layer)
        layer.trainable = True
        return {
            "out": out,
            "sum": summed,
            "weights": told(layer),
            "frozen": frozen,
            "told": [layer.lora_enabled, layer.lora_rank, layer.lora_alpha],
            "config": layer.get_config(),
            "losses": list(layer.losses),
        }

    return Case(f"layers.{name}({shown(options)}).enable_lora({shown(enable)})", run)


def _refused(what: str, code: Any) -> Case:
    return Case(f"layers.Embedding refuses {what}", lambda k: attempt(lambda: code(k)))


def _twice(k: Any) -> None:
    layer = k.layers.Embedding(4, 2)
    layer.build()
    layer.enable_lora(1)
    layer.enable_lora(1)


def _constrained(k: Any) -> None:
    layer = k.layers.Embedding(4, 2, embeddings_constraint="non_neg")
    layer.build()
    layer.enable_lora(1)


def _stored(k: Any, lora: bool) -> Any:
    """What a layer writes, with an addition or without, and what it is after reading it."""
    layer = k.layers.Embedding(4, 2)
    layer.build()
    if lora:
        layer.enable_lora(2, lora_alpha=3.0)
    weighted(layer)
    store: dict[str, Any] = {}
    layer.save_own_variables(store)
    stored = {name: np.asarray(value) for name, value in store.items()}
    layer.load_own_variables(stored)
    return {"stored": stored, "weights": layer.get_weights(), "out": layer(IDS)}


def _symbolic(k: Any) -> Any:
    """What a model of steps with an open length says and gives."""
    i = k.Input((None,), dtype="int32")
    model = k.Model(
        i, k.layers.GlobalAveragePooling1D()(k.layers.Embedding(4, 2, mask_zero=True)(i))
    )
    weighted(model)
    return {"shape": model.output_shape, "out": model(IDS), "longer": model(np.tile(IDS, 2))}


def _frozen(k: Any) -> Any:
    """A variable that is frozen by itself keeps its place among the weights."""
    layer = k.layers.Dense(2)
    layer.build((None, 3))
    layer.kernel.trainable = False
    names = [w.name for w in layer.weights]
    return [names, [w.name for w in layer.trainable_weights], told(layer)]


CASES = [
    *(
        case(name, {**SIZE, **options}, x)
        for name in ("Embedding", "ReversibleEmbedding")
        for options, x in _COMMON
    ),
    *(case("Embedding", {**SIZE, **options}, x) for options, x in _PLAIN),
    unknown_case("Embedding", {**SIZE, "mask_zero": True}, IDS),
    *map(_both_ways, _BACK),
    *(
        _low_rank(name, options, enable)
        for name in ("Embedding", "ReversibleEmbedding")
        for options, enable in (
            ({}, {"rank": 2}),
            ({"embeddings_regularizer": "l2"}, {"rank": 1, "lora_alpha": 3.0}),
            (
                {"dtype": "mixed_float16"},
                {"rank": 2, "a_initializer": "ones", "b_initializer": "ones"},
            ),
        )
    ),
    *(
        refused("Embedding", **{**SIZE, **odd})
        for odd in (
            *({"input_dim": n} for n in (0, -1, 2.5, True, None, "a")),
            *({"output_dim": n} for n in (0, -1, 2.5, True, None, "a")),
            {"weights": TABLE[:3]},
            {"embeddings_initializer": "none"},
        )
    ),
    *(
        _refused(
            f"a config with {odd}",
            lambda k, odd=odd: k.layers.Embedding.from_config({**SIZE, **odd}),
        )
        for odd in ({"input_dim": 3.7}, {"output_dim": 0}, {"other": 1})
    ),
    Case(
        "layers.Dense refuses a config with units -1",
        lambda k: attempt(lambda: k.layers.Dense.from_config({"units": -1})),
    ),
    _refused("a second addition", _twice),
    _refused("an addition under a constraint", _constrained),
    _refused("an addition before it is built", lambda k: k.layers.Embedding(4, 2).enable_lora(2)),
    _refused("its table before it is built", lambda k: k.layers.Embedding(4, 2).embeddings),
    Case(
        "layers.Embedding(4, 2, input_length=3)",
        lambda k: k.layers.Embedding(4, 2, input_length=3).name,
    ),
    Case("layers.Embedding stores its table", lambda k: _stored(k, False)),
    Case("layers.Embedding stores its sum", lambda k: _stored(k, True)),
    Case("layers.Embedding of open lengths", _symbolic),
    Case(
        "layers.Embedding of an index out of range",
        lambda k: k.layers.Embedding(4, 2, weights=TABLE)(IDS + 2),
    ),
    Case("layers.Dense with a frozen kernel", _frozen),
]
