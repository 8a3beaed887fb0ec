"""Random numbers: functions of key and place, with the distributions they are named after."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import ops, random
from narae.engine.jit import jit
from narae.random.keys import draw_key
from narae.utils import set_random_seed

N = 20_000

# draw, mean, variance, smallest, largest
LAWS: dict[str, tuple[Callable[..., Any], float, float, float, float]] = {
    "uniform": (lambda **k: random.uniform((N,), -1.0, 3.0, **k), 1.0, 16 / 12, -1.0, 3.0),
    "normal": (lambda **k: random.normal((N,), 2.0, 0.5, **k), 2.0, 0.25, -math.inf, math.inf),
    "truncated_normal": (
        *(lambda **k: random.truncated_normal((N,), 2.0, 0.5, **k), 2.0),
        *(0.25 * 0.87962566103423978**2, 1.0, 3.0),
    ),
    "randint": (lambda **k: random.randint((N,), -3, 4, **k), 0.0, 4.0, -3, 3),
    "gamma": (lambda **k: random.gamma((N,), 2.5, **k), 2.5, 2.5, 0, math.inf),
    "gamma below 1": (lambda **k: random.gamma((N,), 0.5, **k), 0.5, 0.5, 0, math.inf),
    "beta": (lambda **k: random.beta((N,), 2.0, 3.0, **k), 0.4, 0.04, 0, 1),
    "beta near the ends": (lambda **k: random.beta((N,), 0.01, 0.01, **k), 0.5, 0.25 / 1.02, 0, 1),
    "binomial": (lambda **k: random.binomial((N,), 10, 0.3, **k), 3.0, 2.1, 0, 10),
    "binomial of many": (lambda **k: random.binomial((N,), 100, 0.9, **k), 90, 9, 0, 100),
    "categorical": (
        *(lambda **k: random.categorical(np.log([[1.0, 2.0, 1.0]]), N, **k)[0], 1.0),
        *(0.5, 0, 2),
    ),
}


@pytest.mark.oracle
def test_no_name_of_keras_is_missing(keras: Any) -> None:
    names = {name for name in dir(keras.random) if not name.startswith("_")}
    assert {name for name in names if not hasattr(random, name)} == set()


@pytest.mark.parametrize("law", LAWS)
def test_moments_and_bounds(law: str) -> None:
    draw, mean, variance, smallest, largest = LAWS[law]
    x = np.asarray(draw(seed=11), "float64")
    assert abs(x.mean() - mean) < 5 * math.sqrt(variance / N)
    # the error of a variance comes from the fourth moment: of the numbers themselves
    spread = ((x - mean) ** 2).std() / math.sqrt(N)
    assert abs(((x - mean) ** 2).mean() - variance) < 5 * spread
    assert x.min() >= smallest
    assert x.max() <= largest
    if law in ("randint", "categorical"):
        assert set(x) == set(range(int(smallest), int(largest) + 1))


@pytest.mark.parametrize("law", LAWS)
def test_same_key_same_bits(law: str) -> None:
    draw = LAWS[law][0]
    first = draw(seed=3).numpy()
    np.testing.assert_array_equal(draw(seed=3).numpy(), first)
    np.testing.assert_array_equal(draw(seed=draw_key(3)).numpy(), first)
    assert (draw(seed=4).numpy() != first).mean() > 0.05
    generator = random.SeedGenerator(3)
    np.testing.assert_array_equal(draw(seed=generator).numpy(), first)
    assert (draw(seed=generator).numpy() != first).mean() > 0.05


FURTHER: dict[str, Callable[..., Any]] = {
    "uniform of no round ends": lambda **k: random.uniform((N,), -0.37, 0.61, **k),
    "uniform around 0": lambda **k: random.uniform((N,), -0.07, 0.07, **k),
    "uniform in halves": lambda **k: random.uniform((N,), -1.0, 2.0, dtype="bfloat16", **k),
    "uniform in float64": lambda **k: random.uniform((N,), -0.3, 0.9, dtype="float64", **k),
    "normal in float64": lambda **k: random.normal((N,), 1.0, 0.3, dtype="float64", **k),
    "truncated in float64": lambda **k: random.truncated_normal((N,), 1.0, dtype="float64", **k),
    "normal in halves": lambda **k: random.normal((N,), 1.0, 0.3, dtype="float16", **k),
    "dropout": lambda **k: random.dropout(np.ones(N, "float32"), 0.3, **k),
    "shuffle": lambda **k: random.shuffle(np.arange(1000), **k),
    "words of 64 bits": lambda **k: random.randint((N,), 0, 2**40, "int64", **k),
}
DRAWS = {**{name: law[0] for name, law in LAWS.items()}, **FURTHER}
# Made of many tries of normal numbers: XLA compiles each for seconds.
TRIED = [name for name in LAWS if name.startswith(("gamma", "beta", "binomial of many"))]
SMALL = "gamma below 1"


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([name for name in DRAWS if name not in TRIED], id="others"),
        pytest.param([SMALL], id=SMALL),
        *(pytest.param([n], id=n, marks=pytest.mark.slow) for n in TRIED if n != SMALL),
    ],
)
def test_executors_draw_the_same_bits(names: list[str], each_executor: str) -> None:
    together = jit(lambda key: {name: DRAWS[name](seed=key) for name in names})
    for name, got in together(draw_key(5)).items():
        want = DRAWS[name](seed=5).numpy()
        assert got.numpy().dtype == want.dtype
        np.testing.assert_array_equal(got.numpy(), want, err_msg=name)


# Digests of the numbers of each law, as they came on the machine that this was written on.
BITS = {
    "uniform": "50fb314db1a7",
    "normal": "3361f35c8b63",
    "truncated_normal": "fd6662b82177",
    "randint": "cbf77213f67b",
    "gamma": "b19c1c8bb86c",
    "gamma below 1": "e9710d9a4369",
    "beta": "3887c3653bc9",
    "beta near the ends": "5c6b8095c36f",
    "binomial": "1b2ac126154d",
    "binomial of many": "fcf8d4a1f549",
    "categorical": "08e775a17988",
    "uniform of no round ends": "37ff781521e9",
    "uniform around 0": "aa46191353ff",
    "uniform in halves": "0819d3561580",
    "uniform in float64": "7667a5bcbd89",
    "normal in float64": "069dfe54ecd6",
    "truncated in float64": "9c2d82c837f1",
    "normal in halves": "c4be78a4bde3",
    "dropout": "3cf249f63aac",
    "shuffle": "e8d05096f966",
    "words of 64 bits": "def1a48e18de",
}


def test_other_machines_draw_the_same_bits() -> None:
    for name, want in BITS.items():
        x = DRAWS[name](seed=5).numpy()
        assert hashlib.sha256(x.tobytes()).hexdigest()[:12] == want, name


@pytest.mark.parametrize("function", ["normal", "uniform"])
def test_numbers_that_follow_each_other_are_unrelated(function: str) -> None:
    x = getattr(random, function)((N,), seed=1).numpy()
    y = getattr(random, function)((N,), seed=2).numpy()
    for a, b in ((x[:-1], x[1:]), (x, y), (x[: N // 2], x[N // 2 :])):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / math.sqrt(len(a))


def test_uniform_and_normal_fit_their_curves() -> None:
    """Kolmogorov and Smirnov's distance to the exact distribution."""
    u = np.sort(random.uniform((N,), seed=1).numpy())
    z = np.sort(random.normal((N,), seed=1).numpy())
    phi = np.array([0.5 * (1 + math.erf(x / math.sqrt(2))) for x in z])
    steps = np.arange(N) / N
    for found in (u, phi):
        assert abs(found - steps).max() < 1.95 / math.sqrt(N)  # exceeded once in 1,000


# -- dtypes and shapes ---------------------------------------------------------------------------

FLOAT_DRAWS: dict[str, Callable[..., Any]] = {
    "uniform": lambda **k: random.uniform((50, 2), **k),
    "normal": lambda **k: random.normal((50, 2), **k),
    "truncated_normal": lambda **k: random.truncated_normal((50, 2), **k),
    "gamma": lambda **k: random.gamma((50, 2), [0.5, 3.0], **k),
    "beta": lambda **k: random.beta((50, 2), [0.5, 3.0], 2.0, **k),
    "binomial": lambda **k: random.binomial((50, 2), [5, 100], [0.5, 0.1], **k),
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", FLOAT_DRAWS)
def test_floats_come_as_asked(name: str, dtype: str) -> None:
    pytest.importorskip("ml_dtypes")
    x = FLOAT_DRAWS[name](dtype=dtype, seed=1)
    assert (x.shape, x.dtype) == ((50, 2), dtype)
    assert np.isfinite(x.numpy().astype("float64")).all()
    assert FLOAT_DRAWS[name](seed=1).dtype == "float32"


@pytest.mark.parametrize("name", FLOAT_DRAWS)
def test_continuous_numbers_are_no_integers(name: str) -> None:
    with pytest.raises(ValueError, match="float dtype, got int32"):
        FLOAT_DRAWS[name](dtype="int32")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_rounding_never_reaches_the_end(dtype: str) -> None:
    pytest.importorskip("ml_dtypes")
    assert random.uniform((N * 5,), dtype=dtype, seed=1).numpy().max() < 1


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [
        (0, 250, "uint8"),
        (-128, 127, "int8"),
        (-(2**31), 2**31 - 1, "int32"),
        (0, 2**32 - 1, "uint32"),
        (-(2**40), 2**41, "int64"),
    ],
)
def test_whole_numbers_fill_their_range(low: int, high: int, dtype: str) -> None:
    x = random.randint((N,), low, high, dtype, seed=1)
    assert x.dtype == dtype
    values = x.numpy().astype("float64")
    assert low <= values.min()
    assert values.max() < high
    assert abs(values.mean() - (low + high - 1) / 2) < 5 * (high - low) / math.sqrt(12 * N)
    assert np.ptp(values) > 0.99 * (high - low - 1)


def test_whole_numbers_of_an_empty_range_are_its_start() -> None:
    for low in (5, ops.convert_to_tensor(5)):
        assert random.randint((2,), low, 2, seed=1).tolist() == [5, 5]
    with pytest.raises(ValueError, match="integer dtype"):
        random.randint((2,), 0, 2, "float32")


def test_shuffle_keeps_rows_together() -> None:
    x = np.arange(300).reshape(100, 3)
    mixed = random.shuffle(x, seed=1).numpy()
    assert (mixed != x).any()
    np.testing.assert_array_equal(mixed[np.argsort(mixed[:, 0])], x)
    across = random.shuffle(x, axis=1, seed=1).numpy()
    np.testing.assert_array_equal(np.sort(across, axis=1), x)


def test_every_order_is_as_likely() -> None:
    orders = [tuple(random.shuffle([0, 1, 2], seed=i).tolist()) for i in range(600)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert max(counts) < 100 + 5 * math.sqrt(100)
    assert min(counts) > 100 - 5 * math.sqrt(100)


def test_categorical_follows_the_logits_of_each_row() -> None:
    logits = np.log([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    drawn = random.categorical(logits, N, "int64", seed=1)
    assert (drawn.shape, drawn.dtype) == ((2, N), "int64")
    shares = np.stack([np.bincount(row, minlength=3) / N for row in drawn.numpy()])
    np.testing.assert_allclose(shares, np.exp(logits), atol=5 * math.sqrt(0.25 / N))
    with pytest.raises(ValueError, match=r"\(n, classes\)"):
        random.categorical(logits[0], 3)


def test_binomial_needs_numbers_to_count() -> None:
    draws = jit(lambda n: random.binomial((2,), n, 0.5, seed=1))
    with pytest.raises(ValueError, match="must not be traced"):
        draws(ops.convert_to_tensor(3))


# -- dropout -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9])
def test_dropout_keeps_the_mean(rate: float) -> None:
    x = random.dropout(ops.ones((N,)), rate, seed=1).numpy()
    kept = x != 0
    np.testing.assert_allclose(x[kept], 1 / (1 - rate), rtol=1e-6)
    assert abs(kept.mean() - (1 - rate)) < 5 * math.sqrt(0.25 / N)


def test_dropout_of_a_noise_shape_drops_whole_rows() -> None:
    x = random.dropout(ops.ones((50, 4)), 0.5, noise_shape=(None, 1), seed=1).numpy()
    assert set(x.sum(1)) == {0.0, 8.0}
    assert random.dropout(ops.ones(3), 1.0, seed=1).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="noise_shape"):
        random.dropout(ops.ones((2, 2)), 0.5, noise_shape=(1,))


# -- seeds ---------------------------------------------------------------------------------------


def test_set_random_seed_fixes_what_has_no_seed() -> None:
    set_random_seed(5)
    first = [random.normal((3,)).tolist() for _ in range(2)]
    set_random_seed(5)
    assert [random.normal((3,)).tolist() for _ in range(2)] == first
    assert first[0] != first[1]


def test_the_numbers_of_a_seed_are_these() -> None:
    """Seeds mean the same in every version and on every machine."""
    assert random.randint((4,), 0, 1000, seed=42).tolist() == [457, 260, 234, 746]
    drawn = random.uniform((3,), seed=42).tolist()
    assert drawn == [0.8690483570098877, 0.15063238143920898, 0.5203206539154053]


@pytest.mark.parametrize("seed", ["one", 1.5, True, [1, 2, 3]])
def test_seeds_are_whole_numbers_generators_or_keys(seed: Any) -> None:
    with pytest.raises(ValueError, match="a seed is"):
        random.normal((2,), seed=seed)


def test_a_seed_generator_counts_and_is_configured() -> None:
    generator = random.SeedGenerator(7, name="mine")
    assert generator.get_config() == {"seed": 7, "name": "mine"}
    assert [generator.next().tolist() for _ in range(2)] == [[7, 0], [7, 1]]
    again = random.SeedGenerator.from_config(generator.get_config())
    assert again.next().tolist() == [7, 0]
    assert narae.random.SeedGenerator(1).name == "seed_generator"
    for wrong in ("a", -1, True, 1.0):
        with pytest.raises(ValueError, match="whole number"):
            random.SeedGenerator(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown arguments"):
        random.SeedGenerator(1, sed=2)
