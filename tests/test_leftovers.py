"""The check that fails tests which leave something behind, on tests that do."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.leftovers import nothing_left

import narae
from narae.base.names import name_scope
from narae.engine.scope import autocast, tracing
from narae.graph import recording

_END = threading.Event()


def _thread() -> None:
    threading.Thread(target=_END.wait, name="forgotten", daemon=True).start()


def _policy() -> None:
    narae.config.set_dtype_policy("mixed_bfloat16")


def _executor() -> None:
    narae.config.set_executor("native" if narae.config.executor() == "numpy" else "numpy")


LEAVES: dict[str, Callable[[], object]] = {
    "traces and tapes": lambda: tracing().__enter__(),
    "traces and tapes still": lambda: narae.GradientTape().__enter__(),
    "places of nodes": lambda: recording.places.pushed(recording.Place()).__enter__(),
    "names": lambda: name_scope("forgotten").__enter__(),
    "custom objects": lambda: narae.saving.custom_object_scope({"a": 1}).__enter__(),
    "dtypes of variables": lambda: autocast("float16").__enter__(),
    "executor": _executor,
    "threads": _thread,
    "dtype policy": _policy,
    "floatx": lambda: narae.config.set_floatx("float64"),
    "environment variables": lambda: os.environ.update(FORGOTTEN="1"),
    "working folder": lambda: os.chdir("/"),
    "temporary files": lambda: tempfile.mkdtemp(),
    "limit of recursion": lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 1),
}


@pytest.mark.parametrize("what", LEAVES)
def test_it_says_what_is_left_and_puts_it_back(
    what: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.leftovers._WAIT", 0.01)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    limit = sys.getrecursionlimit()
    _END.clear()
    try:
        with pytest.raises(AssertionError, match=what), nothing_left():
            LEAVES[what]()
        with nothing_left():
            assert narae.Variable(1.0).path.startswith("variable")
    finally:
        _END.set()
        sys.setrecursionlimit(limit)


_TESTS = """
import narae

def test_leaves():
    narae.config.set_floatx("float64")

def test_is_not_hit_by_it():
    assert narae.config.floatx() == "float32"
"""


def test_a_test_that_leaves_something_fails_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "test_of_somebody.py"
    path.write_text(_TESTS)
    root = Path(__file__).parent.parent
    options = ["-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    options += ["--basetemp", str(tmp_path / "base")]
    options += ["-c", os.devnull, str(path)]
    path_ = os.pathsep.join([str(root), str(Path(narae.__file__).parent.parent)])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path_, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "float64" in done.stdout
