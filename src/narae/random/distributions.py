"""Further distributions, made of uniform and normal numbers, whose bits are everywhere the same as well."""

from __future__ import annotations

from collections.abc import Sequence

from narae import ops
from narae.base.arguments import lengths
from narae.base.dtypes import standardize_dtype
from narae.base.types import DTypeLike, TensorLike
from narae.primitives.record import normalize_axis
from narae.primitives.records import reproducible as R
from narae.random.basic import float_dtype, normal, subkey, uniform, unit, wide_of
from narae.random.keys import SeedLike, draw_key
from narae.tensor.tensor import Tensor, as_tensor

# Marsaglia and Tsang's method rejects fewer than 5 in 100 draws: 12 tries fail once in 10^15.
_TRIES = 12
# Binomial trials that are drawn one by one.
_TRIALS = 32


def categorical(
    logits: TensorLike,
    num_samples: int,
    dtype: DTypeLike | None = "int32",
    seed: SeedLike = None,
) -> Tensor:
    """Classes drawn with the probabilities softmax(logits): the largest of logits plus Gumbel noise.

    logits: (n, classes) -> (n, num_samples).

    Args:
        logits: scores of the classes, a row for each draw.
        num_samples: classes to draw for each row, with repeats.
        dtype: the dtype of the classes; None: floatx.
        seed: a whole number: the same classes at each call; a SeedGenerator, or a key of its `next`; None: others at
            each call, from the generator that `narae.utils.set_random_seed` fixes.

    Raises:
        ValueError: logits have not two axes, num_samples is below 0, or seed is none of these.
        TypeError: num_samples is no whole number.

    Source: Gumbel 1954.

    >>> categorical([[0.0, 100.0]], 3, seed=1).tolist()
    [[1, 1, 1]]
    """
    x = as_tensor(logits)
    if x.ndim != 2:
        raise ValueError(f"categorical takes logits (n, classes), got shape {x.shape}")
    (samples,) = lengths("categorical", (num_samples,))
    noise = _positive(draw_key(seed), (x.shape[0], samples, x.shape[1]), "float32")
    gumbel = -R.log(-R.log(noise))
    found = ops.argmax(ops.expand_dims(ops.cast(x, "float32"), 1) + gumbel, axis=-1)
    return ops.cast(found, standardize_dtype(dtype))


def shuffle(x: TensorLike, axis: int = 0, seed: SeedLike = None) -> Tensor:
    """x in another order along an axis: sorted by random numbers.

    x: any shape -> the same shape and dtype.

    Args:
        x: a tensor of at least one axis.
        axis: the axis along which slices change places.
        seed: a whole number: the same order at each call; a SeedGenerator, or a key of its `next`; None: another at
            each call, from the generator that `narae.utils.set_random_seed` fixes.

    Raises:
        ShapeError: x has no such axis.
        ValueError: seed is none of these.

    >>> sorted(shuffle([1, 2, 3], seed=1).tolist())
    [1, 2, 3]
    """
    x = as_tensor(x)
    axis = normalize_axis(axis, x.ndim)
    order = ops.argsort(uniform((x.shape[axis],), seed=seed))
    return ops.take(x, order, axis=axis)


def _positive(key: Tensor, shape: Sequence[int], wide: str) -> Tensor:
    """Uniform numbers whose logarithm is finite."""
    return ops.maximum(unit(key, shape, wide), 1e-37)


def gamma(
    shape: Sequence[int], alpha: TensorLike, dtype: DTypeLike | None = None, seed: SeedLike = None
) -> Tensor:
    """Numbers from the gamma distribution, with the density x^(alpha - 1) e^-x / Γ(alpha).

    Args:
        shape: the lengths of the result's axes.
        alpha: the distribution's parameter, above 0, or a tensor of them that broadcasts to the shape.
        dtype: a float dtype (default: floatx).
        seed: a whole number: the same numbers at each call; a SeedGenerator, or a key of its `next`; None: others at
            each call, from the generator that `narae.utils.set_random_seed` fixes.

    Returns: the numbers, of the shape and dtype.

    Raises:
        ValueError: dtype is no float's, seed is none of these, or a length is below 0.
        TypeError: a length is no whole number.

    Source: Marsaglia & Tsang 2000.

    >>> bool((gamma((5,), 2.0, seed=1).numpy() > 0).all())
    True
    """
    name, shape = float_dtype(dtype), lengths("gamma", shape)
    return ops.cast(R.exp(_log_gamma(shape, alpha, draw_key(seed), wide_of(name))), name)


def _log_gamma(shape: Sequence[int], alpha: TensorLike, key: Tensor, wide: str) -> Tensor:
    """Logarithms of gamma numbers: those of a small alpha are too small for floats themselves."""
    a = ops.broadcast_to(ops.cast(alpha, wide), tuple(shape))
    small = a < 1.0
    # below 1: drawn for alpha + 1, then scaled by u^(1/alpha)
    d = ops.where(small, a + 1.0, a) - 1 / 3
    c = ops.sqrt(1.0 / (d * 9.0))
    drawn, found = d, ops.zeros(tuple(shape), "bool")
    for i in range(_TRIES):
        z = normal(shape, dtype=wide, seed=subkey(key, 2 * i))
        u = _positive(subkey(key, 2 * i + 1), shape, wide)
        v = ops.maximum(R.product(c, z) + 1.0, 0.0)
        v = R.product(v * v, v)
        log_v = R.log(ops.maximum(v, 1e-37))
        bound = R.product(z, z) * 0.5 + d - R.product(d, v) + R.product(d, log_v)
        good = ops.logical_and(v > 0, R.log(u) < bound)
        drawn = ops.where(ops.logical_and(good, ops.logical_not(found)), d * v, drawn)
        found = ops.logical_or(found, good)
    u = _positive(subkey(key, 2 * _TRIES), shape, wide)
    # not log(u) / a: a compiler may take the product with 1/a for a quotient by a constant
    return R.log(drawn) + ops.where(small, R.product(R.log(u), 1.0 / a), 0.0)


def beta(
    shape: Sequence[int],
    alpha: TensorLike,
    beta: TensorLike,
    dtype: DTypeLike | None = None,
    seed: SeedLike = None,
) -> Tensor:
    """Numbers in [0, 1] from the beta distribution: x / (x + y) of gamma numbers x of alpha and y of beta.

    Args:
        shape: the lengths of the result's axes.
        alpha: the first parameter, above 0, or a tensor of them that broadcasts to the shape.
        beta: the second parameter, above 0, or a tensor of them that broadcasts to the shape.
        dtype: a float dtype (default: floatx).
        seed: a whole number: the same numbers at each call; a SeedGenerator, or a key of its `next`; None: others at
            each call, from the generator that `narae.utils.set_random_seed` fixes.

    Returns: the numbers, of the shape and dtype.

    Raises:
        ValueError: dtype is no float's, seed is none of these, or a length is below 0.
        TypeError: a length is no whole number.

    >>> bool((beta((5,), 2.0, 3.0, seed=1).numpy() < 1).all())
    True
    """
    name, shape, key = float_dtype(dtype), lengths("beta", shape), draw_key(seed)
    wide = wide_of(name)
    difference = _log_gamma(shape, alpha, subkey(key, 100), wide) - _log_gamma(
        shape, beta, subkey(key, 200), wide
    )
    small = R.exp(-ops.abs(difference))  # of both: the other is 1
    return ops.cast(ops.where(difference < 0, small, 1.0) / (small + 1.0), name)


def binomial(
    shape: Sequence[int],
    counts: TensorLike,
    probabilities: TensorLike,
    dtype: DTypeLike | None = None,
    seed: SeedLike = None,
) -> Tensor:
    """How many of `counts` trials succeed.

    Many trials are halved: of n uniform numbers the k-th smallest, k = ⌊n/2⌋ + 1, has the beta distribution
    (k, n + 1 - k) and says on which side of it the probability lies. Few are counted, one uniform number a trial.

    Args:
        shape: the lengths of the result's axes.
        counts: the numbers of trials, whole and of at least 0, known at the call; a tensor broadcasts to the shape.
        probabilities: the probabilities of a trial to succeed, in [0, 1]; a tensor broadcasts to the shape.
        dtype: a float dtype (default: floatx).
        seed: a whole number: the same numbers at each call; a SeedGenerator, or a key of its `next`; None: others at
            each call, from the generator that `narae.utils.set_random_seed` fixes.

    Returns: whole numbers, of the shape and dtype.

    Raises:
        ValueError: counts are traced, dtype is no float's, seed is none of these, or a length is below 0.
        TypeError: a length is no whole number.

    Source: Devroye 1986, section X.4.3.

    >>> binomial((2,), 10, 1.0, seed=1).tolist()
    [10.0, 10.0]
    """
    name, shape, key = float_dtype(dtype), lengths("binomial", shape), draw_key(seed)
    concrete = as_tensor(counts).data
    if concrete is None:
        raise ValueError("binomial draws as many numbers as `counts` says: it must not be traced")
    most = max(int(concrete.max(initial=0)), 0)
    n = ops.broadcast_to(ops.cast(counts, "float32"), tuple(shape))
    p = ops.broadcast_to(ops.cast(probabilities, "float32"), tuple(shape))
    sure, step = ops.zeros(tuple(shape), "float32"), 0
    while most > _TRIALS:
        k = ops.floor(n / 2.0) + 1.0
        x = beta(shape, k, n + 1.0 - k, seed=subkey(key, step + 1))
        above, small = x <= p, n <= _TRIALS
        rest = ops.where(above, (p - x) / ops.maximum(1.0 - x, 1e-37), p / ops.maximum(x, 1e-37))
        sure = sure + ops.where(small, 0.0, ops.where(above, k, 0.0))
        p = ops.where(small, p, ops.clip(rest, 0.0, 1.0))
        n = ops.where(small, n, ops.where(above, n - k, k - 1.0))
        most, step = most // 2, step + 1
    trial = ops.arange(most, dtype="float32")
    counted = ops.logical_and(
        uniform((*shape, most), seed=subkey(key, 0)) < ops.expand_dims(p, -1),
        trial < ops.expand_dims(n, -1),
    )
    return ops.cast(sure + ops.sum(ops.cast(counted, "float32"), axis=-1), name)
