"""Weights in several files: exchanged with Keras, damaged, hostile."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae.saving.paths import CorruptFile

SIZE = 3000 / 1024**3  # the largest variable has 2,400 bytes
X, Y = np.ones((2, 3), "float32"), np.ones((2, 30), "float32")


def _model(k: Any) -> Any:
    model = k.Sequential([k.Input((3,)), k.layers.Dense(20), k.layers.Dense(30)])
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    return model


@pytest.mark.oracle
def test_keras_reads_what_narae_writes_and_the_other_way(keras: Any, tmp_path: Path) -> None:
    for number, (one, other) in enumerate([(narae, keras), (keras, narae), (narae, narae)]):
        path = tmp_path / f"m{number}.weights.json"
        given, taken = _model(one), _model(other)
        given.save_weights(path, max_shard_size=SIZE)
        taken.load_weights(path)
        for a, b in zip(given.get_weights(), taken.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(given.optimizer.variables, taken.optimizer.variables, strict=True):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
        assert len(list(tmp_path.glob(f"m{number}_*.weights.h5"))) > 2


@pytest.mark.oracle
def test_the_index_is_keras_s(keras: Any, tmp_path: Path) -> None:
    found = []
    for k in (keras, narae):
        path = tmp_path / k.__name__ / "m.weights.json"
        path.parent.mkdir()
        k.utils.clear_session()
        _model(k).save_weights(path, max_shard_size=SIZE)
        found.append(json.loads(path.read_text()))
    assert found[0]["metadata"] == found[1]["metadata"]
    assert found[0]["weight_map"] == found[1]["weight_map"]


def test_endings_and_sizes(tmp_path: Path) -> None:
    model = _model(narae)
    with pytest.warns(UserWarning, match=r"written as 'm.weights.json'"):
        model.save_weights(tmp_path / "m.weights.h5", max_shard_size=1)
    assert sorted(os.listdir(tmp_path)) == ["m.weights.json", "m_00000.weights.h5"]
    for name, size, message in (
        ("m.h5", 1, "ends in `.weights.json`"),
        ("m.weights.json", None, "ends in `.weights.h5`"),
        ("m.weights.json", 0, "above 0"),
        ("n.weights.json", 100 / 1024**3, "max_shard_size is 100 bytes"),
    ):
        with pytest.raises(ValueError, match=message):
            model.save_weights(tmp_path / name, max_shard_size=size)
    assert not list(tmp_path.glob("n*"))


def _index(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def done(path: Path) -> None:
        told = json.loads(path.read_text())
        path.write_text(json.dumps(change(told["weight_map"]) or told))

    return done


WRONG: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no JSON": (lambda path: path.write_text("{"), "is no index of weights"),
    "too deep": (lambda path: path.write_text("[" * 100_000), "is no index of weights"),
    "no map": (_index(lambda told: {"metadata": {}}), "has no weight_map"),
    "another folder": (
        _index(lambda told: told.update({"/layers/dense/vars": "../m_00000.weights.h5"})),
        "are no files of weights beside it",
    ),
    "numbers": (
        _index(lambda told: told.update({"/layers/dense/vars": [3]})),
        "are no files of weights beside it",
    ),
    "a file cut off": (
        lambda path: (path.with_name("m_00000.weights.h5")).write_bytes(b"\x89HDF"),
        "no sound HDF5 file",
    ),
    "a file that is gone": (
        lambda path: (path.with_name("m_00000.weights.h5")).unlink(),
        "m_00000.weights.h5",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_damaged_or_hostile_is_refused(case: str, tmp_path: Path) -> None:
    damage, message = WRONG[case]
    model, path = _model(narae), tmp_path / "m.weights.json"
    model.save_weights(path, max_shard_size=SIZE)
    damage(path)
    with pytest.raises((CorruptFile, FileNotFoundError), match=message):
        model.load_weights(path)
