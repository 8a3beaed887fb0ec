"""Labels, sequences, batches, seeds and settings, against Keras where it has them right."""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import narae
from narae import backend, config, ops, utils
from narae.base import settings
from narae.base.errors import NotYet

FAMILIES = (
    *("activations", "initializers", "regularizers", "constraints", "random"),
    *("backend", "config", "dtype_policies", "mixed_precision", "utils"),
)
# Parameters that narae names otherwise, or lacks on purpose.
OTHER_NAMES: set[tuple[str, str]] = set()


@pytest.mark.oracle
@pytest.mark.parametrize("family", FAMILIES)
def test_signatures_are_kerass(keras: Any, family: str) -> None:
    def parameters(thing: Any) -> list:
        found = inspect.signature(thing).parameters.values()
        return [(p.name, p.default, p.kind) for p in found]

    different = []
    for name in dir(getattr(keras, family)):
        theirs, ours = (getattr(getattr(m, family), name, None) for m in (keras, narae))
        if name.startswith("_") or ours is None or not callable(theirs):
            continue
        if parameters(ours) != parameters(theirs):
            different.append((family, name))
    assert {*different} <= OTHER_NAMES


@pytest.mark.parametrize("family", ["config", "utils"])
def test_an_unknown_name_gets_the_nearest_one(family: str) -> None:
    name = {"config": "flotx", "utils": "to_categoricl"}[family]
    with pytest.raises(AttributeError, match="Did you mean"):
        getattr(getattr(narae, family), name)


# -- labels and vectors --------------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("labels", "classes"),
    [([0, 2], None), ([[0], [2]], None), ([[0, 1], [2, 1]], 5), (3, None), ([1.0, 0.0], 2)],
)
def test_to_categorical_is_kerass(keras: Any, labels: Any, classes: Any) -> None:
    wanted = keras.utils.to_categorical(labels, classes)
    found = utils.to_categorical(labels, classes)
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == wanted.dtype


def test_to_categorical_of_a_tensor_is_one() -> None:
    found = utils.to_categorical(ops.convert_to_tensor([0, 2]))
    assert ops.is_tensor(found)
    assert found.dtype == "float32"
    assert found.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert utils.to_categorical([]).shape == (0, 0)


@pytest.mark.parametrize(
    ("labels", "message"), [([0, 3], "0 to 3"), ([-1, 1], "-1 to 1"), ([0.5], "fractions")]
)
def test_to_categorical_refuses_labels_out_of_range(labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        utils.to_categorical(labels, 3)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_normalized_vectors_have_length_one(order: int, axis: int, rng: Any) -> None:
    x = rng.normal(size=(3, 4, 5)).astype("float32")
    x[:, 0, 0], x[0, :, 0], x[0, 0, :] = 0, 0, 0
    array, tensor = (utils.normalize(a, axis, order) for a in (x, ops.convert_to_tensor(x)))
    np.testing.assert_allclose(tensor.numpy(), array, rtol=1e-5, atol=1e-6)
    length = (abs(array) ** order).sum(axis)
    zero = (x == 0).all(axis)
    np.testing.assert_allclose(length, np.where(zero, 0, 1), atol=1e-5)
    assert array.dtype == x.dtype


def test_normalize_needs_a_whole_order() -> None:
    for order in (0, 1.5, np.inf):
        with pytest.raises(ValueError, match="order"):
            utils.normalize([[1.0]], order=order)  # type: ignore[arg-type]


# -- sequences and batches -----------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"maxlen": 2},
        {"maxlen": 2, "truncating": "post", "padding": "post"},
        {"maxlen": 5, "padding": "post", "value": -1},
        {"dtype": "float32", "value": -1.5},
        {"dtype": object, "value": "a"},
    ],
)
@pytest.mark.parametrize(
    "sequences", [[[1], [], [2, 3], [4, 5, 6]], [[[1, 2]], [], [[3, 4], [5, 6], [7, 8]]]]
)
def test_pad_sequences_is_kerass(keras: Any, sequences: Any, arguments: dict) -> None:
    wanted = keras.utils.pad_sequences(sequences, **arguments)
    found = utils.pad_sequences(sequences, **arguments)
    np.testing.assert_array_equal(found, wanted)
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sequences": 3}, "list of sequences"),
        ({"sequences": [1, 2]}, "sequence 0 is none"),
        ({"sequences": [[[1, 2]], [[3, 4, 5]]]}, "sequence 1 has items of shape"),
        ({"sequences": [[1]], "padding": "left"}, "padding is"),
        ({"sequences": [[1]], "truncating": "left"}, "truncating is"),
        ({"sequences": [[1]], "value": "a"}, "dtype=object"),
    ],
)
def test_pad_sequences_refuses(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        utils.pad_sequences(**arguments)


@pytest.mark.oracle
def test_batches_are_packed_and_unpacked_as_in_keras(keras: Any) -> None:
    for data in (1, (1,), (1, 2), [1, 2], (1, 2, 3), None):
        found = utils.unpack_x_y_sample_weight(data)
        assert found == keras.utils.unpack_x_y_sample_weight(data)
    for parts in ((1,), ([1],), (1, 2), (1, 2, 3)):
        found = utils.pack_x_y_sample_weight(*parts)
        assert found == keras.utils.pack_x_y_sample_weight(*parts)
        assert utils.unpack_x_y_sample_weight(found) == (*parts, None, None)[:3]
    for wrong in ((), (1, 2, 3, 4)):
        with pytest.raises(ValueError, match=f"tuple of {len(wrong)}"):
            utils.unpack_x_y_sample_weight(wrong)


def test_no_room_leaves_nothing() -> None:
    assert utils.pad_sequences([[1], [2, 3]], maxlen=0).shape == (2, 0)  # Keras fails here
    assert utils.pad_sequences([]).shape == (0, 0)


# -- seeds and settings --------------------------------------------------------------------------


def test_set_random_seed_fixes_all_three() -> None:
    def numbers() -> tuple:
        return (
            random.random(),
            np.random.rand(),  # noqa: NPY002  what it fixes
            narae.random.uniform(()).item(),
        )

    utils.set_random_seed(9)
    first, second = numbers(), numbers()
    utils.set_random_seed(9)
    assert numbers() == first
    assert all(a != b for a, b in zip(first, second, strict=True))
    for wrong in (-1, 1.0, "a", True):
        with pytest.raises(ValueError, match="whole number"):
            utils.set_random_seed(wrong)  # type: ignore[arg-type]


def test_clear_session_begins_names_anew() -> None:
    for _ in range(2):
        utils.clear_session()
        assert narae.Variable(0.0).name == "variable"
        assert [backend.get_uid("a"), backend.get_uid("a"), backend.get_uid()] == [1, 2, 1]


@pytest.fixture
def restored() -> Iterator[None]:
    before = config.floatx(), config.epsilon(), config.image_data_format(), config.dtype_policy()
    yield
    for name, value in zip(
        ("floatx", "epsilon", "image_data_format", "dtype_policy"), before, strict=True
    ):
        getattr(config, f"set_{name}")(value)


@pytest.mark.usefixtures("restored")
def test_settings_are_one_set_for_all_doors() -> None:
    config.set_floatx("float64")
    backend.set_epsilon(1e-3)
    config.set_image_data_format("channels_first")
    assert (backend.floatx(), config.epsilon()) == ("float64", 1e-3)
    assert backend.image_data_format() == "channels_first"
    assert ops.convert_to_tensor(1.0).dtype == "float64"
    assert narae.initializers.Zeros()((1,)).dtype == "float64"
    for name, wrong in (("floatx", "int32"), ("image_data_format", "channels_middle")):
        with pytest.raises(ValueError, match=name):
            getattr(config, f"set_{name}")(wrong)


def test_narae_is_its_own_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    assert backend.backend() == config.backend() == "narae"
    config.set_backend("narae")
    with pytest.raises(ValueError, match="set_executor"):
        config.set_backend("jax")
    monkeypatch.setitem(settings._values, "flash_attention", None)
    config.disable_flash_attention()
    assert not config.is_flash_attention_enabled()
    assert config.is_interactive_logging_enabled()
    assert not config.is_nnx_enabled()
    with pytest.raises(NotYet, match="never run code"):
        config.enable_unsafe_deserialization


def test_dtypes_by_name() -> None:
    assert utils.standardize_dtype(np.float32) == backend.standardize_dtype("float32") == "float32"
    assert backend.is_float_dtype("bfloat16")
    assert not backend.is_int_dtype("bool")
    assert utils.is_keras_tensor(narae.Input((3,)))
    assert not utils.is_keras_tensor(ops.ones(3))


def test_custom_objects_are_found_within_their_scope() -> None:
    def tripled(x: Any) -> Any:
        return 3 * x

    with utils.CustomObjectScope(custom_objects={"tripled": tripled}):
        assert narae.activations.get("tripled") is tripled
        assert utils.get_registered_object("tripled") is tripled
    with pytest.raises(ValueError, match="Unknown activation"):
        narae.activations.get("tripled")
