"""Hostile files take no more than 3 times their own bytes and 100 MB, and 5 s: measured in a process of their own."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import narae
from narae import layers

MEASURE = """
import resource, sys, time
from narae.saving import load_model
import h5py
paths = sys.argv[1:]
for path in paths:
    low = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    try:
        load_model(path)
        said = "loads"
    except ValueError as error:
        said = str(error)
    took = time.process_time() - start
    high = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(took, (high - low) * 1024, said.replace("\\n", " "), sep="|")
"""


def _tensor(name: str, node: int = 0) -> dict[str, Any]:
    config = {"shape": [None, 4], "dtype": "float32", "keras_history": [name, node, 0]}
    return {"class_name": "__keras_tensor__", "config": config}


CONSTANT = {"class_name": "__tensor__", "config": {"value": [1.0] * 4, "dtype": "float32"}}


def _graph() -> bytes:
    inputs = narae.Input((4,), name="i")
    model = narae.Model(inputs, layers.Dense(2, name="d")(inputs))
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "m.keras")
        return (Path(folder) / "m.keras").read_bytes()


def _with(change: Callable[[dict[str, Any]], None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_graph())) as sound, zipfile.ZipFile(out, "w") as file:
        for name in sound.namelist():
            data = sound.read(name)
            if name == "config.json":
                config = json.loads(data)
                change(config)
                data = json.dumps(config).encode()
            file.writestr(name, data)
    return out.getvalue()


def _op(name: str, settings: dict[str, Any], args: list[Any]) -> Callable[[dict[str, Any]], None]:
    """A graph with a call of an operation in it."""

    def change(config: dict[str, Any]) -> None:
        config["config"]["layers"].append(
            {
                "module": "keras.src.ops.numpy",
                "class_name": name,
                "config": {"name": "x", **settings},
                "registered_name": name,
                "name": "x",
                "inbound_nodes": [{"args": args, "kwargs": {}}],
            }
        )
        config["config"]["output_layers"] = ["x", 0, 0]

    return change


def _lying() -> bytes:
    """The zip's directory says that the weights have 4 GB, and the layer has as many units."""
    raw = bytearray(_with(lambda c: c["config"]["layers"][1]["config"].update(units=2 * 10**8)))
    for sign, at in ((b"PK\x01\x02", 20), (b"PK\x03\x04", 18)):
        place = raw.find(sign)
        while place >= 0:
            names = {b"PK\x01\x02": 46, b"PK\x03\x04": 30}[sign]
            if raw[place + names : place + names + 16] == b"model.weights.h5":
                struct.pack_into("<II", raw, place + at, 0xFFFFFFF0, 0xFFFFFFF0)
            place = raw.find(sign, place + 4)
    return bytes(raw)


def _relu() -> dict[str, Any]:
    config = {"module": "builtins", "class_name": "function", "config": "relu"}
    return {**config, "registered_name": "function"}


FILES: dict[str, Callable[[], bytes]] = {
    "sizes that lie": _lying,
    "a constant repeated": lambda: _with(_op("Repeat", {"repeats": 3 * 10**8}, [CONSTANT])),
    "an input repeated": lambda: _with(_op("Repeat", {"repeats": 3 * 10**8}, [_tensor("i")])),
    "a loop without end": lambda: _with(
        _op("WhileLoop", {"cond": _relu(), "body": _relu()}, [[CONSTANT]])
    ),
    "a loop over an input": lambda: _with(
        _op("WhileLoop", {"cond": _relu(), "body": _relu()}, [[_tensor("i")]])
    ),
    "a huge one-hot": lambda: _with(_op("OneHot", {"num_classes": 10**9}, [_tensor("i")])),
    "a huge difference": lambda: _with(_op("Diff", {"n": 10**8}, [_tensor("i")])),
    "parts without number": lambda: _with(
        _op("Split", {"indices_or_sections": 10**9}, [_tensor("i")])
    ),
    "two of one name": lambda: _with(
        lambda c: c["config"]["layers"].append(c["config"]["layers"][1])
    ),
    "a circle": lambda: _with(_op("Absolute", {}, [_tensor("x")])),
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: Any) -> dict[str, tuple[float, int, str]]:
    folder = tmp_path_factory.mktemp("hostile")
    paths = []
    for i, make in enumerate(FILES.values()):
        paths.append(folder / f"{i}.keras")
        paths[-1].write_bytes(make())
    command = [sys.executable, "-c", MEASURE, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|", 2) for line in done.stdout.splitlines()]
    return {
        name: (float(took), int(more), said)
        for name, (took, more, said) in zip(FILES, rows, strict=True)
    }


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_takes_little(name: str, measured: Any) -> None:
    took, more, said = measured[name]
    assert took < 5
    assert more < 100 << 20
    assert said == "loads" or ".keras" in said
