"""Damaged and hostile files are refused: with an error, fast, without memory, without running anything."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import narae
from narae import layers
from narae.saving import load_model
from narae.saving.paths import CorruptFile


def _model() -> Any:
    model = narae.Sequential(
        [narae.Input((6,)), layers.Dense(4, name="a"), layers.Dense(2, name="b")]
    )
    model.compile("adam", "mse")
    return model


def _bytes() -> bytes:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"narae-test-{os.getpid()}.keras"
    _model().save(path)
    data = path.read_bytes()
    path.unlink()
    return data


SOUND = _bytes()


def _members(data: bytes = SOUND) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def _zipped(members: dict[str, bytes], kind: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return out.getvalue()


def _with_config(change: Callable[[dict[str, Any]], Any]) -> bytes:
    members = _members()
    config = json.loads(members["config.json"])
    changed = change(config)
    members["config.json"] = json.dumps(config if changed is None else changed).encode()
    return _zipped(members)


def _with_weights(change: Callable[[Any], None]) -> bytes:
    import h5py

    members = _members()
    buffer = io.BytesIO(members["model.weights.h5"])
    with h5py.File(buffer, "r+") as file:
        change(file)
    members["model.weights.h5"] = buffer.getvalue()
    return _zipped(members)


def _dense(config: dict[str, Any]) -> dict[str, Any]:
    return config["config"]["layers"][1]


def _lie(file: Any) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_dataset(
        "0", shape=(10**6, 10**6), chunks=(1000, 1000), dtype="f4"
    )


def _link(file: Any) -> None:
    import h5py

    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/")


def _soft(file: Any) -> None:
    import h5py

    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.SoftLink("/layers/dense_1/vars/0")


def _external(file: Any) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_dataset("0", (6, 4), "f4", external=[("/etc/passwd", 0, 96)])


def _virtual(file: Any) -> None:
    import h5py

    del file["layers/dense/vars/0"]
    layout = h5py.VirtualLayout((6, 4), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (6, 4))
    file["layers/dense/vars"].create_virtual_dataset("0", layout)


def _other(shape: Any, dtype: str) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars"].create_dataset("0", data=np.zeros(shape, dtype))

    return change


def _group(file: Any) -> None:
    del file["layers/dense/vars/0"]
    file.create_group("layers/dense/vars/0")


def _object(file: Any) -> None:
    import h5py

    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_dataset("0", (6, 4), h5py.string_dtype())


def _deep(_: Any) -> Any:
    out: Any = {}
    for _i in range(500):
        out = {"config": out}
    return {"class_name": "Sequential", "module": "keras", "config": out}


HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no sound `.keras` file"),
    "not a zip": (b"weights" * 100, "no sound `.keras` file"),
    "no members": (_zipped({}), "has no config.json"),
    "an escaping name": (_zipped({**_members(), "../evil": b"x"}), "points out of it"),
    "an absolute name": (_zipped({**_members(), "/tmp/evil": b"x"}), "points out of it"),
    "config no JSON": (_zipped({**_members(), "config.json": b"{nope"}), "no sound JSON"),
    "config a list": (_zipped({**_members(), "config.json": b"[1]"}), "describes no model"),
    "deep JSON": (_with_config(_deep), "nested more than"),
    "a zip bomb": (
        _zipped({**_members(), "config.json": b" " * (65 << 20) + b"{}"}, zipfile.ZIP_DEFLATED),
        "more than any model needs",
    ),
    "a weights bomb": (
        _zipped({**_members(), "model.weights.h5": bytes(64 << 20)}, zipfile.ZIP_DEFLATED),
        "would unpack",
    ),
    "weights no HDF5": (_zipped({**_members(), "model.weights.h5": b"x" * 500}), "no sound HDF5"),
    "a billion units": (
        _with_config(lambda c: _dense(c)["config"].update(units=10**9)),
        "more than its weights file",
    ),
    "layers by the million": (
        _with_config(
            lambda c: c["config"].update(layers=[{"class_name": "ReLU", "config": {}}] * 10**5)
        ),
        "more parts than any model",
    ),
    "lists by the million": (
        _zipped({**_members(), "config.json": b"[" + b"[]," * 10**6 + b"1]"}),
        "more parts than any model",
    ),
    "an array of long texts": (
        _with_config(
            lambda c: _dense(c)["config"].update(
                activation={
                    "class_name": "__numpy__",
                    "config": {"value": "x", "dtype": "U100000000"},
                }
            )
        ),
        "numbers are expected",
    ),
    "another packing": (
        _zipped({**_members(), "config.json": b" " * (1 << 16) + b"{}"}, zipfile.ZIP_BZIP2),
        "is packed in a way",
    ),
    "a name that is no text": (
        _with_config(lambda c: _dense(c).update(class_name=["a"])),
        "a class is named by a text",
    ),
    "a registered name of os": (
        _with_config(lambda c: _dense(c).update(class_name="a", registered_name="os>system")),
        "Unknown class 'a'",
    ),
    "no layers": (
        _with_config(lambda c: c["config"].pop("layers") and None),
        "has no list of layers",
    ),
    "a class of os": (
        _with_config(
            lambda c: _dense(c).update(module="os", class_name="system", config={"command": "true"})
        ),
        "Unknown class 'system'",
    ),
    "a class of builtins": (
        _with_config(lambda c: _dense(c).update(module="builtins", class_name="eval", config={})),
        "Unknown class 'eval'",
    ),
    "byte code": (
        _with_config(
            lambda c: _dense(c)["config"].update(
                activation={"class_name": "__lambda__", "config": {"value": "x"}}
            )
        ),
        "never runs code from a file",
    ),
    "a function by name": (
        _with_config(
            lambda c: _dense(c)["config"].update(
                activation={
                    "module": "os",
                    "class_name": "function",
                    "config": "system",
                    "registered_name": "system",
                }
            )
        ),
        "Unknown function 'system'",
    ),
    "a shape that lies": (_with_weights(_lie), "claims shape"),
    "an external link": (_with_weights(_link), "is a link"),
    "a soft link": (_with_weights(_soft), "is a link"),
    "external data": (_with_weights(_external), "outside of the file"),
    "virtual data": (_with_weights(_virtual), "outside of the file"),
    "a group for an array": (_with_weights(_group), "0 is no array"),
    "another shape": (_with_weights(_other((4, 6), "f4")), r"\(4, 6\)"),
    "text for numbers": (_with_weights(_other((6, 4), "S4")), "holds no numbers"),
    "a variable more": (
        _with_weights(lambda f: f.create_dataset("layers/dense/vars/2", data=np.zeros(3))),
        "has 2 variables of its own",
    ),
    "objects": (_with_weights(_object), "holds no numbers"),
    "a missing variable": (
        _with_weights(lambda f: f.__delitem__("layers/dense/vars/1")),
        "has 2 variables of its own",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_fast_and_without_memory(name: str, tmp_path: Path) -> None:
    data, message = HOSTILE[name]
    path = tmp_path / "model.keras"
    path.write_bytes(data)
    before = set(sys.modules)
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(ValueError, match=message):
        load_model(path)
    taken, (_, peak) = time.perf_counter() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 2
    assert peak < 16 << 20
    assert not {
        m for m in set(sys.modules) - before if not m.startswith(("narae", "h5py", "json", "xml"))
    } & {"evil", "antigravity"}


@settings(max_examples=60)
@given(data=st.data())
def test_a_file_cut_or_changed_anywhere_is_refused_or_read(
    data: Any, tmp_path_factory: Any
) -> None:
    raw = bytearray(SOUND)
    if data.draw(st.booleans()):
        raw = raw[: data.draw(st.integers(0, len(raw) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("changed") / "model.keras"
    path.write_bytes(raw)
    with contextlib.suppress(ValueError, OSError):
        load_model(path)


def test_nothing_is_imported_by_a_name_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text("raise SystemExit('the planted code ran')\n")
    path = tmp_path / "model.keras"
    path.write_bytes(
        _with_config(
            lambda c: _dense(c).update(module="planted", class_name="Layer", registered_name="x>y")
        )
    )
    code = f"""
from narae.saving import load_model
try:
    load_model({str(path)!r}, safe_mode=False)
except ValueError as error:
    print(error)
"""
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "the planted code ran" not in done.stdout + done.stderr


def test_lambda_layers_load_with_a_function_of_the_caller_only(tmp_path: Path) -> None:
    @narae.saving.register_keras_serializable("tests")
    def twice(x: Any) -> Any:
        return x * 2

    model = narae.Sequential([narae.Input((2,)), layers.Lambda(twice, name="double")])
    model.save(tmp_path / "named.keras")
    x = np.ones((1, 2), "float32")
    assert load_model(tmp_path / "named.keras")(x).tolist() == [[2.0, 2.0]]
    narae.Sequential([narae.Input((2,)), layers.Lambda(lambda v: v)]).save(tmp_path / "x.keras")
    with pytest.raises(ValueError, match="never runs code from a file"):
        load_model(tmp_path / "x.keras", safe_mode=False)


@pytest.mark.oracle
def test_a_lambda_of_keras_is_refused_unless_the_function_is_passed(
    keras: Any, tmp_path: Path
) -> None:
    path = tmp_path / "lambda.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda v: v * 3, name="triple")]).save(
        path
    )
    with pytest.raises(
        ValueError, match=r"never runs code from a file.*custom_objects={'triple': function}"
    ):
        load_model(path)
    model = load_model(path, custom_objects={"triple": lambda v: v * 3})
    assert model(np.ones((1, 2), "float32")).tolist() == [[3.0, 3.0]]


def test_an_interrupted_save_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(SOUND)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        _model().save(path)
    assert path.read_bytes() == SOUND
    assert [p.name for p in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda p: _model().save(p / "nowhere" / "m.keras"),
            FileNotFoundError,
            "the folder .*nowhere is not there",
        ),
        (lambda p: _model().save(p / "m.txt"), ValueError, r"ends in `\.keras`"),
        (lambda p: _model().save_weights(p / "m.h5"), ValueError, r"ends in `\.weights\.h5`"),
        (lambda p: load_model(p / "none.keras"), FileNotFoundError, "there is no file"),
        (lambda p: load_model(p), CorruptFile, "is a folder"),
        (
            lambda p: narae.Sequential([layers.Dense(1)]).save_weights(p / "a.weights.h5"),
            ValueError,
            "before it is built",
        ),
    ],
)
def test_paths_that_cannot_be_are_told(call: Any, error: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        call(tmp_path)
