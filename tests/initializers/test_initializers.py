"""Initializers: what they promise of their numbers, and Keras's names, values and configs."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from narae import initializers
from narae.base.errors import ShapeError
from narae.engine.variable import Variable
from narae.initializers.scaling import fans
from narae.random.keys import SeedGenerator
from narae.utils import set_random_seed

# class, arguments
CONFIGS: list[tuple[str, dict[str, Any]]] = [
    ("Zeros", {}),
    ("Ones", {}),
    ("Constant", {"value": 2.5}),
    ("Constant", {"value": np.arange(3.0)}),
    ("Identity", {}),
    ("STFT", {}),
    ("STFT", {"side": "imag", "window": None, "scaling": None, "periodic": True}),
    ("STFT", {"window": np.arange(8.0)}),
    *(
        (name, arguments)
        for arguments in ({}, {"seed": 3})
        for name in (
            *("RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Orthogonal"),
            *("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform"),
            *("LecunNormal", "LecunUniform"),
        )
    ),
    ("RandomNormal", {"mean": 1.0, "stddev": 0.5}),
    ("RandomUniform", {"minval": 0.0, "maxval": 3.0}),
    ("Orthogonal", {"gain": 2.0}),
    ("VarianceScaling", {"scale": 2.0, "mode": "fan_avg", "distribution": "Normal"}),
    ("GlorotUniform", {"input_axes": (0,), "output_axes": (1, 2)}),
]
RANDOM = [name for name, arguments in CONFIGS if arguments == {"seed": 3}]
SHAPE = (8, 30, 40, 50)


def named(row: tuple[str, dict[str, Any]]) -> str:
    return f"{row[0]}-{'-'.join(row[1])}"


def test_the_table_has_every_initializer() -> None:
    others = {"Initializer", "IdentityInitializer", "OrthogonalInitializer", "STFTInitializer"}
    classes = {name for name in initializers.__all__ if name[0].isupper()}
    assert {name for name, _ in CONFIGS} == classes - others


@pytest.mark.oracle
def test_no_name_of_keras_is_missing(keras: Any) -> None:
    names = {name for name in dir(keras.initializers) if not name.startswith("_")}
    assert {name for name in names if not hasattr(initializers, name)} == set()


# -- configurations ------------------------------------------------------------------------------


def plain(config: Any) -> Any:
    """What a file holds of it: JSON has no tuples."""
    return json.loads(json.dumps(config))


@pytest.mark.oracle
@pytest.mark.parametrize("row", CONFIGS, ids=named)
def test_configs_are_kerass_both_ways(keras: Any, row: tuple[str, dict]) -> None:
    name, arguments = row
    ours = initializers.serialize(getattr(initializers, name)(**arguments))
    theirs = keras.initializers.serialize(getattr(keras.initializers, name)(**arguments))
    assert plain(ours) == plain(theirs)
    assert type(initializers.deserialize(theirs)).__name__ == name
    assert plain(initializers.serialize(initializers.deserialize(theirs))) == plain(ours)
    again = keras.initializers.serialize(keras.initializers.deserialize(ours))
    assert plain(again) == plain(theirs)


def test_the_gain_of_an_identity_survives_though_keras_forgets_it() -> None:
    again = initializers.deserialize(initializers.serialize(initializers.Identity(3.0)))
    assert again((2, 2)).tolist() == [[3.0, 0.0], [0.0, 3.0]]


@pytest.mark.oracle
def test_a_seed_generator_is_written_whole(keras: Any) -> None:
    def config(house: Any) -> Any:
        generator = house.random.SeedGenerator(5, name="mine")
        return house.initializers.serialize(house.initializers.HeNormal(seed=generator))

    import narae

    written = config(narae)
    assert written == config(keras)
    again = initializers.deserialize(written)
    assert isinstance(again.seed, SeedGenerator)
    assert again((3,)).tolist() == initializers.HeNormal(seed=SeedGenerator(5))((3,)).tolist()


@pytest.mark.oracle
def test_every_string_of_keras_answers(keras: Any) -> None:
    from keras.src.initializers import ALL_OBJECTS_DICT

    strings = set(ALL_OBJECTS_DICT) - {"Initializer", "initializer"}
    assert len(strings) > 30
    for string in strings:
        wanted = {type(initializers.get(string)).__name__}
        assert wanted == {ALL_OBJECTS_DICT[string].__name__}


def test_get_takes_classes_objects_arrays_and_functions() -> None:
    one = initializers.Ones()
    assert initializers.get(None) is None
    assert initializers.get(one) is one
    assert initializers.get(len) is len
    assert isinstance(initializers.get(initializers.Zeros), initializers.Zeros)
    assert isinstance(initializers.get({"class_name": "zeros", "config": {}}), initializers.Zeros)
    values = initializers.get(np.arange(3))
    assert values((3,), dtype="float16").dtype == "float16"
    assert values((3,)).tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("glorot_unifrm", "Did you mean 'glorot_uniform'"),
        (3, "cannot interpret 3"),
        ({"a": 1}, "cannot interpret"),
    ],
)
def test_get_refuses_what_is_no_initializer(identifier: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        initializers.get(identifier)


# -- values without chance -----------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float16", "float32", "int32", "bool"])
@pytest.mark.parametrize("name", ["Zeros", "Ones", "Constant", "Identity"])
def test_values_are_kerass(keras: Any, name: str, dtype: str) -> None:
    arguments = {"value": 2.5} if name == "Constant" else {}
    wanted = getattr(keras.initializers, name)(**arguments)((2, 3), dtype)
    found = getattr(initializers, name)(**arguments)((2, 3), dtype)
    np.testing.assert_array_equal(found.numpy(), np.asarray(wanted))
    assert found.dtype == dtype


@pytest.mark.oracle
@pytest.mark.parametrize("scaling", ["density", "spectrum", None])
@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize(
    "window", [None, "hann", "flattop", "blackmanharris", tuple(np.arange(6.0))]
)
@pytest.mark.parametrize("side", ["real", "imag"])
def test_stft_kernels_are_kerass(
    keras: Any, side: str, window: Any, periodic: bool, scaling: Any
) -> None:
    window = np.array(window) if isinstance(window, tuple) else window
    wanted = keras.initializers.STFT(side, window, scaling, periodic)((6, 1, 5))
    found = initializers.STFT(side, window, scaling, periodic)((6, 1, 5))
    # Keras computes its angles in float32
    room = 2e-6 * abs(found.numpy()).max()
    np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=1e-5, atol=room)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (initializers.Identity(), (3,)),
        (initializers.Orthogonal(), (3,)),
        (initializers.STFT(), (8, 2, 5)),
        (initializers.STFT(window=np.ones(3)), (8, 1, 5)),
        (initializers.Constant(np.ones((4, 1))), (2, 3)),
        (initializers.VarianceScaling(input_axes=(7,), output_axes=(0,)), (2, 3)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(make: Any, shape: tuple) -> None:
    with pytest.raises(ShapeError):
        make(shape)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("VarianceScaling", {"scale": 0.0}, "scale is positive"),
        ("VarianceScaling", {"mode": "fan"}, "mode is"),
        ("VarianceScaling", {"distribution": "gamma"}, "distribution is"),
        ("STFT", {"side": "left"}, "side is"),
        ("STFT", {"window": "han"}, "Did you mean 'hann'"),
        ("STFT", {"scaling": "power"}, "scaling is"),
        ("HeNormal", {"seed": "one"}, "seed is"),
        ("HeNormal", {"seed": 1.5}, "seed is"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(name: str, arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(initializers, name)(**arguments)


# -- chance --------------------------------------------------------------------------------------


def drawn(make: Any, shape: tuple = SHAPE) -> np.ndarray:
    return np.asarray(make(shape), "float64").ravel()


@pytest.mark.parametrize(
    ("mode", "scale", "arguments", "count"),
    [
        ("fan_in", 1.0, {}, 8 * 30 * 40),
        ("fan_out", 3.0, {}, 8 * 30 * 50),
        ("fan_avg", 1.0, {}, 8 * 30 * 45),
        ("fan_in", 1.0, {"input_axes": (0, -1), "output_axes": (1,)}, 400),
        ("fan_out", 1.0, {"input_axes": (0, -1), "output_axes": (1,)}, 30),
        ("fan_in", 1.0, {"input_axes": (0,)}, 8 * 30 * 40),
    ],
)
@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal", "uniform"])
def test_scaled_variance_is_scale_over_fan(
    distribution: str, mode: str, scale: float, arguments: Any, count: float
) -> None:
    make = initializers.VarianceScaling(scale, mode, distribution, 1, **arguments)
    x = drawn(make)
    deviation = math.sqrt(scale / count)
    assert abs(x.mean()) < 5 * deviation / math.sqrt(x.size)
    assert x.std() == pytest.approx(deviation, rel=0.01)
    furthest = {"truncated_normal": 2 / 0.87962566, "uniform": math.sqrt(3)}
    if distribution in furthest:
        assert abs(x).max() == pytest.approx(furthest[distribution] * deviation, rel=1e-3)
        assert abs(x).max() <= furthest[distribution] * deviation * (1 + 1e-6)
    else:
        assert abs(x).max() > 4 * deviation


@pytest.mark.oracle
@pytest.mark.parametrize("name", [name for name in RANDOM if name != "Orthogonal"])
def test_distributions_are_kerass(keras: Any, name: str) -> None:
    """The largest distance of the two empirical distributions (Kolmogorov and Smirnov)."""
    shape = (10, 100, 50)
    a = np.sort(drawn(getattr(initializers, name)(seed=1), shape))
    b = np.sort(drawn(getattr(keras.initializers, name)(seed=1), shape))
    places = np.concatenate([a, b])
    distance = abs(np.searchsorted(a, places) - np.searchsorted(b, places)).max() / a.size
    assert distance < 1.95 * math.sqrt(2 / a.size)  # exceeded by one pair in 1,000


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (3, 2, 4), (1, 2, 3, 4)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    w = np.asarray(initializers.Orthogonal(2.0, seed=1)(shape), "float64").reshape(-1, shape[-1])
    gram = w @ w.T if w.shape[0] < w.shape[1] else w.T @ w
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-5)


def test_orthogonal_matrices_have_no_favourite_direction() -> None:
    # Without the sign of R's diagonal, the first entry of Q would never be positive.
    first = [np.asarray(initializers.Orthogonal(seed=i)((3, 3)))[0, 0] for i in range(40)]
    assert 8 < sum(x > 0 for x in first) < 32


@pytest.mark.parametrize("name", RANDOM)
def test_one_object_gives_one_set_of_numbers(name: str) -> None:
    make = getattr(initializers, name)()
    again = make((4, 5)).tolist()
    assert make((4, 5)).tolist() == again
    assert getattr(initializers, name)(seed=make.seed)((4, 5)).tolist() == again
    assert make.clone()((4, 5)).tolist() != again
    seeded = getattr(initializers, name)(seed=7)
    assert seeded.clone()((4, 5)).tolist() == seeded((4, 5)).tolist()


def test_a_seed_generator_gives_new_numbers_each_time() -> None:
    make = initializers.RandomNormal(seed=SeedGenerator(1))
    assert make((3,)).tolist() != make((3,)).tolist()


def test_set_random_seed_fixes_what_has_no_seed() -> None:
    set_random_seed(3)
    first = initializers.GlorotUniform()((3, 3)).tolist()
    second = initializers.GlorotUniform()((3, 3)).tolist()
    set_random_seed(3)
    assert initializers.GlorotUniform()((3, 3)).tolist() == first
    assert first != second


@pytest.mark.parametrize("name", [*RANDOM, "Zeros", "Ones", "Constant", "Identity"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_variables_start_from_them(name: str, dtype: str) -> None:
    v = Variable(getattr(initializers, name)(), shape=(4, 4), dtype=dtype)
    assert (v.shape, v.dtype) == ((4, 4), dtype)
    assert np.isfinite(v.numpy()).all()


def test_no_floats_come_as_integers() -> None:
    with pytest.raises(ValueError, match="float dtype, got int32"):
        initializers.RandomNormal()((3,), "int32")


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((), (1, 1)), ((5,), (5, 5)), ((4, 6), (4, 6)), ((3, 3, 8, 16), (72, 144))],
)
def test_fans(shape: tuple[int, ...], wanted: tuple[int, int]) -> None:
    assert fans(shape) == wanted
