"""Further distributions, made of uniform and normal numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from narae import ops
from narae.base.dtypes import standardize_dtype
from narae.engine.keys import draw_key
from narae.engine.random import _float_dtype, normal, uniform
from narae.ops.tensor import Tensor, as_tensor

Shape = Sequence[int]

# Marsaglia and Tsang's method rejects fewer than 5 in 100 draws: 12 tries fail once in 10^15.
_TRIES = 12


def _subkey(key: Tensor, number: int) -> Tensor:
    """Another key, a function of a key and a number: the words of the key enciphered by themselves."""
    from narae.ops.record import constant
    from narae.ops.records.bits import threefry

    first, second = (ops.get_item(key, i) for i in (0, 1))
    words = threefry(first, second, constant(0x9E3779B9, "uint32"), constant(number, "uint32"))
    return ops.stack(list(words))


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Classes drawn with probabilities softmax(logits): (n, classes) -> (n, num_samples).

    By the largest of logits plus Gumbel noise (Gumbel 1954).

    >>> categorical([[0.0, 100.0]], 3, seed=1).tolist()
    [[1, 1, 1]]
    """
    x = as_tensor(logits)
    if x.ndim != 2:
        raise ValueError(f"categorical takes logits (n, classes), got shape {x.shape}")
    noise = uniform((x.shape[0], num_samples, x.shape[1]), seed=seed)
    gumbel = -ops.log(-ops.log(ops.maximum(noise, 1e-37)))
    found = ops.argmax(ops.expand_dims(ops.cast(x, "float32"), 1) + gumbel, axis=-1)
    return ops.cast(found, standardize_dtype(dtype))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """x in another order along an axis: sorted by random numbers.

    >>> sorted(shuffle([1, 2, 3], seed=1).tolist())
    [1, 2, 3]
    """
    x = as_tensor(x)
    order = ops.argsort(uniform((x.shape[axis],), seed=seed))
    return ops.take(x, order, axis=axis)


def gamma(shape: Shape, alpha: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers from the gamma distribution of shape alpha and scale 1 (Marsaglia & Tsang 2000).

    >>> bool((gamma((5,), 2.0, seed=1).numpy() > 0).all())
    True
    """
    name, key = _float_dtype(dtype), draw_key(seed)
    a = ops.broadcast_to(ops.cast(alpha, "float32"), tuple(shape))
    small = a < 1.0
    d = (
        ops.where(small, a + 1.0, a) - 1 / 3
    )  # below 1: drawn for alpha + 1, then scaled by u^(1/alpha)
    c = 1.0 / ops.sqrt(d * 9.0)
    drawn, found = d, ops.zeros(tuple(shape), "bool")
    for i in range(_TRIES):
        z = normal(shape, seed=_subkey(key, 2 * i))
        u = ops.maximum(uniform(shape, seed=_subkey(key, 2 * i + 1)), 1e-37)
        v = ops.power(ops.maximum(c * z + 1.0, 0.0), 3)
        good = ops.logical_and(
            v > 0, ops.log(u) < z * z * 0.5 + d - d * v + d * ops.log(ops.maximum(v, 1e-37))
        )
        drawn = ops.where(ops.logical_and(good, ops.logical_not(found)), d * v, drawn)
        found = ops.logical_or(found, good)
    u = ops.maximum(uniform(shape, seed=_subkey(key, 2 * _TRIES)), 1e-37)
    return ops.cast(ops.where(small, drawn * ops.power(u, 1.0 / a), drawn), name)


def beta(shape: Shape, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers from the beta distribution: x / (x + y) of two gamma numbers.

    >>> bool((beta((5,), 2.0, 3.0, seed=1).numpy() < 1).all())
    True
    """
    name, key = _float_dtype(dtype), draw_key(seed)
    x = gamma(shape, alpha, "float32", _subkey(key, 100))
    y = gamma(shape, beta, "float32", _subkey(key, 200))
    return ops.cast(x / (x + y), name)


def binomial(
    shape: Shape, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None
) -> Tensor:
    """How many of `counts` trials succeed. counts: concrete numbers; one uniform number a trial.

    >>> binomial((2,), 10, 1.0, seed=1).tolist()
    [10.0, 10.0]
    """
    import numpy as np

    name = _float_dtype(dtype)
    n = np.asarray(as_tensor(counts)._known("binomial's counts"))
    most = int(n.max()) if n.size else 0
    wanted = ops.cast(ops.broadcast_to(as_tensor(counts), tuple(shape)), "float32")
    p = ops.expand_dims(ops.broadcast_to(ops.cast(probabilities, "float32"), tuple(shape)), -1)
    trial = ops.arange(most, dtype="float32")
    counted = ops.logical_and(
        uniform((*shape, most), seed=seed) < p, trial < ops.expand_dims(wanted, -1)
    )
    return ops.sum(ops.cast(counted, name), axis=-1)
