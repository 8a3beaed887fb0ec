"""What is no file of data is told at once: nothing waits at a pipe or reads a device without end."""

from __future__ import annotations

import gc
import os
import socket
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae import callbacks, layers
from narae.saving import archive, load_model

X = np.ones((4, 2), "float32")


def _model() -> Any:
    model = narae.Sequential([narae.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def _odd(folder: Path, ending: str) -> dict[str, Path]:
    """Paths that lead to something else than a file, under names with an ending."""
    folder.mkdir()
    made = {kind: folder / f"{kind}{ending}" for kind in ("pipe", "folder", "device", "broken")}
    os.mkfifo(made["pipe"])
    made["folder"].mkdir()
    made["device"].symlink_to("/dev/zero")
    made["broken"].symlink_to(folder / "nowhere")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder)  # a socket's path is short
        try:
            server.bind(f"socket{ending}")
        finally:
            os.chdir(here)
    made["socket"] = folder / f"socket{ending}"
    made["empty"] = folder / f"empty{ending}"
    made["empty"].touch()
    made["missing"] = folder / f"missing{ending}"
    return made


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_reading_what_is_no_file(ending: str, tmp_path: Path) -> None:
    model = _model()
    for kind, path in _odd(tmp_path / "odd", ending).items():
        calls = (
            [model.load_weights] if ending == ".weights.h5" else [model.load_weights, load_model]
        )
        for call in calls:
            for given in (path, str(path)):
                with pytest.raises((ValueError, OSError), match=path.name) as caught:
                    call(given)
                if kind in ("broken", "missing"):
                    assert isinstance(caught.value, FileNotFoundError)
                    assert isinstance(caught.value, ValueError)  # as Keras


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_writing_to_what_is_no_file(ending: str, tmp_path: Path) -> None:
    model = _model()
    save = model.save_weights if ending == ".weights.h5" else model.save
    for kind, path in _odd(tmp_path / "odd", ending).items():
        if kind in ("broken", "missing", "empty"):
            save(path)
            assert path.is_file()
            continue
        with pytest.raises((ValueError, OSError), match=path.name):
            save(path)
        assert not path.is_file()


def test_home_and_pathlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    model = _model()
    for given in (
        "~/m.keras",
        Path("~/m.keras"),
        tmp_path / "m.h5",
        os.fsencode(tmp_path / "b.keras"),
    ):
        model.save(given)
        np.testing.assert_array_equal(load_model(given)(X), model(X))
    assert (tmp_path / "m.keras").is_file()
    with pytest.raises(TypeError, match="a path is a string"):
        load_model(3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    _model().save(path)
    path.chmod(0)
    with pytest.raises(PermissionError, match=r"m\.keras"):
        load_model(path)


def test_callbacks_that_write(tmp_path: Path) -> None:
    odd = _odd(tmp_path / "odd", ".keras")
    for kind in ("pipe", "folder", "socket"):
        for callback in (
            callbacks.CSVLogger(odd[kind]),
            callbacks.CSVLogger(odd[kind], append=True),
            callbacks.ModelCheckpoint(odd[kind]),
        ):
            with pytest.raises((ValueError, OSError), match=kind):
                _model().fit(X, X[:, :1], verbose=0, callbacks=[callback])
    folder = tmp_path / "backup"
    folder.mkdir()
    names = [n for n in vars(sys.modules["narae.callbacks.backup"]).values() if isinstance(n, str)]
    pointer = next(n for n in names if n.endswith(".json"))
    os.mkfifo(folder / pointer)
    with pytest.raises(ValueError, match=pointer):
        _model().fit(X, X[:, :1], verbose=0, callbacks=[callbacks.BackupAndRestore(folder)])


def test_a_pipe_with_a_reader_gets_the_log(tmp_path: Path) -> None:
    pipe = tmp_path / "log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        _model().fit(X, X[:, :1], verbose=0, callbacks=[callbacks.CSVLogger(pipe)])
        assert os.read(reader, 1000).startswith(b"epoch,")
    finally:
        os.close(reader)


def test_an_archive_whose_file_is_gone_is_let_go_in_silence(tmp_path: Path) -> None:
    """As after an interrupt between its opening and its block: CPython's own raises in `__del__`."""
    with open(tmp_path / "m.keras", "wb") as target:
        file = archive.Written(target, "w")
        file.writestr("a", b"1")
    del file
    gc.collect()
