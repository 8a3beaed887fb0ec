"""What a test may leave behind: state that is pushed, settings, threads, files, environment."""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from narae.base import changes, limits, names, registry, settings
from narae.base.context import Stack
from narae.distributed import distribution
from narae.engine import config, scope
from narae.graph import recording
from narae.layers import calling, policy

_STACKS: dict[str, Stack[Any]] = {
    "traces and tapes": recording._around,
    "places of nodes": recording.places,
    "names": names._path,
    "custom objects": registry._scopes,
    "objects being made": changes._making,
    "dtypes of variables": scope._dtypes,
    "distributions": distribution._scopes,
    "limits": limits.ACTIVE,
    "calls of layers": calling._training,
}


def pushed() -> dict[str, Any]:
    """What is pushed in this thread, by what it is."""
    return {name: stack.values() for name, stack in _STACKS.items() if stack.values()}


# Lists and dicts that are settings of the process: they can be compared, and put back.
_SETTINGS: dict[str, Any] = {
    "executor": config._chosen,
    "number of threads": config._threads,
    "settings of narae.config": settings._values,
    "distribution in use": distribution._current,
}
_ROOT = Path(__file__).parent.parent
_WAIT = 2.0  # seconds that threads have to end


class State:
    """All that a test must leave as it was."""

    def __init__(self) -> None:
        self.environment = _environment()
        self.folder = os.getcwd()
        self.threads = set(threading.enumerate())
        self.files = _files(_ROOT)
        self.temporary = _files(Path(tempfile.gettempdir()))
        self.settings = {name: _copied(value) for name, value in _SETTINGS.items()}
        self.others = _others()

    def changes(self) -> Iterator[str]:
        """What is otherwise now, in words."""
        for name, values in pushed().items():
            yield f"{name} still pushed: {values}"
        for name, value in _SETTINGS.items():
            if value != self.settings[name]:
                yield f"{name}: {self.settings[name]} is now {value}"
        for name, value in _others().items():
            if name in self.others and value != self.others[name]:
                yield f"{name}: {self.others[name]} is now {value}"
        environment = _environment()
        if environment != self.environment:
            known = {*environment, *self.environment}
            changed = [k for k in known if environment.get(k) != self.environment.get(k)]
            yield f"environment variables: {sorted(changed)}"
        if os.getcwd() != self.folder:
            yield f"working folder: {os.getcwd()}"
        for what, before, path in (
            ("files in the repository", self.files, _ROOT),
            ("temporary files", self.temporary, Path(tempfile.gettempdir())),
        ):
            if _files(path) != before:
                yield f"{what}: {sorted(_files(path) ^ before)}"
        running = self._running()
        if running:
            yield f"threads: {[thread.name for thread in running]}"

    def _running(self) -> list[threading.Thread]:
        """Threads that were not there, after a moment to end."""
        new = [t for t in threading.enumerate() if t not in self.threads and not _may_stay(t)]
        if new:
            gc.collect()  # a generator that nobody ended holds its threads
        until = time.monotonic() + _WAIT
        for thread in new:
            thread.join(max(0.0, until - time.monotonic()))
        return [thread for thread in new if thread.is_alive()]

    def restore(self) -> None:
        """Put back what can be put back, for the tests that follow."""
        for stack in _STACKS.values():
            stack.entries.clear()
        for name, value in _SETTINGS.items():
            before = self.settings[name]
            value.clear()
            value.update(before) if isinstance(value, dict) else value.extend(before)
        for key in os.environ.keys() - self.environment.keys() - _NOT_OURS:
            del os.environ[key]
        os.environ.update(self.environment)
        os.chdir(self.folder)
        settings.DEFAULT_POLICY.clear()


@contextmanager
def nothing_left() -> Iterator[None]:
    """Raises AssertionError for what was left behind within it, and puts it back."""
    before = State()
    yield
    left = list(before.changes())
    if left:
        before.restore()
        raise AssertionError("the test leaves behind: " + "; ".join(left))


# Set by pytest, and by JAX when it is loaded.
_NOT_OURS = {
    *("PYTEST_CURRENT_TEST", "PYTEST_VERSION"),
    *("TF_CPP_MIN_LOG_LEVEL", "TF_FORCE_GPU_ALLOW_GROWTH"),
    *("TPU_SKIP_MDS_QUERY", "TPU_ML_PLATFORM", "TPU_ML_PLATFORM_VERSION"),
}


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in _NOT_OURS}


def _files(folder: Path) -> set[str]:
    return {name for name in os.listdir(folder) if name not in _MADE_BY_TOOLS}


_MADE_BY_TOOLS = {".pytest_cache", ".ruff_cache", ".hypothesis", "__pycache__", ".coverage"}


def _may_stay(thread: threading.Thread) -> bool:
    """Threads of other libraries that serve the whole process, and those that Python knows of only because
    they ran Python."""
    return isinstance(thread, threading._DummyThread) or thread.name.startswith(_SERVANTS)  # type: ignore[attr-defined]


_SERVANTS = ("AnyIO worker thread",)


def _copied(value: Any) -> Any:
    return value.copy()


def _others() -> dict[str, Any]:
    """Settings of Python, NumPy and Keras."""
    found: dict[str, Any] = {
        "the dtype policy": policy.dtype_policy().name,
        "NumPy's errors": np.geterr(),
        "the trace function": sys.gettrace(),
        "the handler of Ctrl-C": signal.getsignal(signal.SIGINT),
        "the number of warnings' filters": len(warnings.filters),
        "the limit of recursion": sys.getrecursionlimit(),
    }
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "config"):
        found["Keras's floatx"] = keras.config.floatx()
        found["Keras's data format"] = keras.config.image_data_format()
        found["Keras's policy"] = keras.config.dtype_policy().name
    return found
