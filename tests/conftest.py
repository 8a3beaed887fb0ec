"""What all tests share: the Keras oracle, seeds, Hypothesis's profile."""

from __future__ import annotations

import os
import signal

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["NARAE_LANG"] = "en"  # whatever the machine's locale: tests match English messages

import gc
import itertools
import random
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import hypothesis
import numpy as np
import pytest
from tests import compiling
from tests.leftovers import nothing_left

# Everybody's `make test` tries the same examples, so that it is green or red for all; `make test-all`
# looks for new ones.
hypothesis.settings.register_profile("narae", deadline=None, derandomize=True, max_examples=30)
hypothesis.settings.register_profile("searching", deadline=None, max_examples=100)
hypothesis.settings.load_profile("narae")


@pytest.fixture(scope="session")
def keras() -> Any:
    """Real Keras on JAX: the oracle."""
    oracle = pytest.importorskip("keras")
    for part in (
        "scipy.special",
        "scipy.signal",
    ):  # loaded by Keras when first needed: they add filters of warnings
        pytest.importorskip(part)
    _set_aside()
    return oracle


@pytest.fixture
def rng() -> np.random.Generator:
    """NumPy's generator, always the same."""
    return np.random.default_rng(0)


@pytest.fixture(params=["native", "numpy", "xla"])
def each_executor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs on every executor."""
    from narae.engine import config

    monkeypatch.setattr(config, "_chosen", [request.param])
    return request.param


@pytest.fixture(params=["native", "numpy"])
def own_executor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs on the executors that are narae's own: XLA takes long to compile a program."""
    from narae.engine import config

    monkeypatch.setattr(config, "_chosen", [request.param])
    return request.param


@pytest.fixture(scope="session", autouse=True)
def _temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Temporary files go to a folder of this process's own, where nobody else's are."""
    folder = str(tmp_path_factory.mktemp("temporary"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "tempdir", folder)
        patched.setenv("TMPDIR", folder)
        yield


@pytest.fixture(scope="session", autouse=True)
def _many_cores() -> Iterator[None]:
    """Programs run on as many threads as a test asks for, also where there are fewer cores."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("narae.executors.native.run.threads.cores", lambda: 64)
        patched.setattr("narae.base.machine._ran", [-1.0])  # no run measures the machine
        yield


@pytest.fixture(autouse=True)
def _nothing_left(_temporary: None) -> Iterator[None]:
    """A test that leaves something behind fails; it would decide what the tests after it see."""
    with nothing_left():
        yield


@pytest.fixture(autouse=True)
def _fixed(_nothing_left: None) -> None:
    """Every test begins with the same seeds and the same names, whatever ran before it."""
    from narae.base.names import reset_names
    from narae.random.keys import reset_global_seed

    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    reset_names()
    reset_global_seed()


def _set_aside() -> None:
    """What there is now stays until the end: no later collection of garbage walks through it. Half a second for
    each otherwise, with the oracle's modules and twenty thousand tests."""
    gc.collect()
    gc.freeze()


def pytest_collection_finish() -> None:
    """The tests themselves are no garbage."""
    _set_aside()


_ran = itertools.count(1)
_MANY = 500


def pytest_runtest_teardown() -> None:
    """JAX keeps every program that it compiled, some MB of the oracle's for each kind of test: let them go
    now and then, for machines with little memory."""
    if next(_ran) % _MANY == 0 and "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--all`: the slow tests too, and examples that nobody has tried."""
    parser.addoption("--all", action="store_true", help="the slow tests too, with new examples")


def pytest_configure(config: pytest.Config) -> None:
    """Choose Hypothesis's profile, and how XLA compiles: well where all is tested, or XLA is what is chosen."""
    # begun by nohup: tests of Ctrl-C would wait for ever
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    everything = config.getoption("--all")
    compiling.set_flags(quick=not everything and os.environ.get("NARAE_EXECUTOR") != "xla")
    if everything:
        hypothesis.settings.load_profile("searching")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long runs with `--all`, or when it is asked for by `-m slow` or `-m exhaustive`."""
    asked = set(re.findall(r"\w+", config.option.markexpr))
    left = {"slow", "exhaustive"} - asked
    if config.getoption("--all"):
        left.discard("slow")
    out = [item for item in items if any(item.get_closest_marker(name) for name in left)]
    if out:
        config.hook.pytest_deselected(items=out)
        gone = {id(item) for item in out}
        items[:] = [item for item in items if id(item) not in gone]
