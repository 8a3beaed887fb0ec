"""Wherever a file is damaged, it is read or refused as damaged: never another error."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import narae
from narae import layers
from narae.saving import load_model

CONFIG, WEIGHTS = "config.json", "model.weights.h5"


@cache
def _members(folder: Path) -> dict[str, bytes]:
    """The members of a functional model's file, compiled."""
    inputs = narae.Input((6,))
    hidden = layers.Dense(4, "relu", kernel_regularizer="l2")(inputs)
    outputs = layers.Dense(2)(layers.Dropout(0.5)(layers.Add()([hidden, hidden * 2])))
    model = narae.Model(inputs, outputs)
    model.compile("adam", "mse", metrics=["mae"])
    path = folder / "sound.keras"
    model.save(path)
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def _load(members: dict[str, bytes], folder: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    path = folder / "changed.keras"
    path.write_bytes(out.getvalue())
    with contextlib.suppress(ValueError, OSError):
        load_model(path)


def _places(item: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    pairs = (
        item.items()
        if isinstance(item, dict)
        else enumerate(item if isinstance(item, list) else ())
    )
    for key, value in pairs:
        yield from _places(value, (*at, key))


ODD = st.sampled_from(
    [
        *(None, True, -1, 0, 10**9, 10**30, 1.5, float("nan"), "", "relu", "float16", [], [1], {}),
        *([10**5, 10**5], {"class_name": "Dense", "config": {}}, {"class_name": ["a"]}),
        *({"class_name": "__tuple__"}, {"class_name": "function", "config": ["a"]}),
        {"class_name": "__slice__", "config": {}},
        {"class_name": "__numpy__", "config": {"value": 0, "dtype": "object"}},
    ]
)


@settings(max_examples=80)
@given(data=st.data())
def test_a_configuration_changed_anywhere(data: Any, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.getbasetemp()
    members = _members(folder)
    config = json.loads(members[CONFIG])
    place = data.draw(st.sampled_from(list(_places(config))))
    item = config
    for key in place[:-1]:
        item = item[key]
    if data.draw(st.booleans()):
        item[place[-1]] = data.draw(ODD)
    else:
        del item[place[-1]]
    _load({**members, CONFIG: json.dumps(config).encode()}, folder)


@settings(max_examples=80)
@given(data=st.data())
def test_weights_changed_in_any_byte(data: Any, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.getbasetemp()
    members = _members(folder)
    raw = bytearray(members[WEIGHTS])
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    _load({**members, WEIGHTS: bytes(raw)}, folder)
