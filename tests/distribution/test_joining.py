"""Who a process is: from arguments, and from what launchers leave in the environment."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae.distributed import processes
from narae.distribution import joining

SLURM = {"SLURM_NTASKS": "8", "SLURM_PROCID": "3", "SLURM_JOB_ID": "4711"}
NARAE = {"NARAE_COORDINATOR": "a:1", "NARAE_NUM_PROCESSES": "4", "NARAE_PROCESS_ID": "2"}
FOUND: dict[str, tuple[tuple[Any, Any, Any], dict[str, str], tuple[Any, Any, Any]]] = {
    "arguments": (("h:5", 2, 1), {}, ("h:5", 2, 1)),
    "all addresses": (("a:1, b:2", None, 1), {}, ("a:1", 2, 1)),
    "narae's": ((None, None, None), NARAE, ("a:1", 4, 2)),
    "arguments first": (("h:5", None, 0), NARAE, ("h:5", 4, 0)),
    "narae's before Slurm's": ((None, None, None), NARAE | SLURM, ("a:1", 4, 2)),
    "Keras's": (
        (None, None, None),
        {
            "KERAS_DISTRIBUTION_JOB_ADDRESSES": "a:1,b:2",
            "KERAS_DISTRIBUTION_NUM_PROCESSES": "2",
            "KERAS_DISTRIBUTION_PROCESS_ID": "1",
        },
        ("a:1", 2, 1),
    ),
    "Slurm's": (
        (None, None, None),
        SLURM | {"SLURM_STEP_NODELIST": "gpu[007-010,12],other3"},
        ("gpu007:24711", 8, 3),
    ),
    "one name": (
        (None, None, None),
        SLURM | {"SLURM_JOB_NODELIST": "login-1,gpu2"},
        ("login-1:24711", 8, 3),
    ),
    "Kubernetes's": (
        (None, None, None),
        {
            "NARAE_COORDINATOR": "job-0.job:1234",
            "NARAE_NUM_PROCESSES": "4",
            "JOB_COMPLETION_INDEX": "3",
        },
        ("job-0.job:1234", 4, 3),
    ),
    "one process": ((None, 1, None), {}, (None, 1, 0)),
    "nothing: for JAX to find": ((None, None, None), {}, (None, None, None)),
}


@pytest.mark.parametrize("case", FOUND)
def test_identity(case: str) -> None:
    given, environment, wanted = FOUND[case]
    assert joining.identity(*given, environment) == wanted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("a:1", 2, None), "NARAE_PROCESS_ID"),
        ((None, 2, 0), "NARAE_COORDINATOR"),
        (("a:1", None, 0), "NARAE_NUM_PROCESSES"),
        (("a", 2, 0), '"host:port"'),
        (("a:1", 2, 2), "from 0 to 1"),
        (("a:1,b:1", 3, 0), "num_processes is 3"),
    ],
)
def test_what_is_missing_is_said(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        joining.identity(*given, {})


def test_numbers_in_the_environment_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="NARAE_NUM_PROCESSES is a whole number, got 'two'"):
        joining.identity(None, None, None, NARAE | {"NARAE_NUM_PROCESSES": "two"})
    monkeypatch.setenv("NARAE_HEARTBEAT", "1.5")
    with pytest.raises(ValueError, match="NARAE_HEARTBEAT is a whole number of seconds"):
        joining.initialize("a:1", 2, 0)


class Board:
    """What stands for JAX's runtime: keys that all see."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}

    def tell(self, key: str, text: str) -> None:
        assert key not in self.keys
        self.keys[key] = text

    def wait_for(self, key: str, seconds: float) -> str:
        return self.keys[key]


@pytest.fixture
def as_process(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that makes this process the one of that number, of two."""
    board = Board()
    monkeypatch.setattr(processes, "runtime", lambda: board)
    told = {0: type(processes._told)(), 1: type(processes._told)()}

    def become(index: int) -> Board:
        monkeypatch.setattr(processes, "_place", [index, 2])
        monkeypatch.setattr(processes, "_told", told[index])
        return board

    return become


def test_random_state_is_that_of_process_0(as_process: Any) -> None:
    from narae.random.keys import global_seed_generator

    drawn = []
    for index in (0, 1):
        as_process(index)
        random.seed(index)
        joining._share_random_state()
        drawn.append((random.random(), global_seed_generator().state.numpy().tolist()))
    assert drawn[0] == drawn[1]


def test_process_0_writes_and_the_others_hear_of_it(as_process: Any) -> None:
    for _ in range(2):  # each time has a word of its own
        for index in (0, 1):
            as_process(index)
            with processes.written_once("a.keras") as here:
                assert here == (index == 0)


def test_what_hinders_process_0_is_an_error_everywhere(as_process: Any) -> None:
    as_process(0)

    def write() -> None:
        with processes.written_once("a.keras"):
            raise OSError("the disk is full")

    with pytest.raises(OSError, match=r"^the disk is full"):
        write()
    as_process(1)
    with (
        pytest.raises(
            OSError, match=r"process 0 could not write a\.keras: OSError: the disk is full"
        ),
        processes.written_once("a.keras"),
    ):
        pass


def test_a_write_of_one_process_alone_does_not_mix_up_others(as_process: Any) -> None:
    as_process(0)
    with processes.written_once("mine.keras"):
        pass
    test_process_0_writes_and_the_others_hear_of_it(as_process)


def test_backups_of_a_process_that_lags_behind(as_process: Any, tmp_path: Path) -> None:
    x = np.zeros((8, 2))
    for index in (0, 1):  # process 0 is through before the other begins
        as_process(index)
        model = narae.Sequential([narae.layers.Dense(1)])
        model.compile("sgd", "mse")
        keep = narae.callbacks.BackupAndRestore(tmp_path, save_freq=1, delete_checkpoint=False)
        shared = keep._check_shared
        keep._check_shared = lambda backups, shared=shared: shared([])
        keep._restore = lambda backup: None
        model.fit(x, x[:, :1], batch_size=2, epochs=2, callbacks=[keep], verbose=0)
    assert (tmp_path / "training_metadata.json").exists()


def test_only_process_0_shows_progress(as_process: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from narae.utils.progbar import emit

    for index in (0, 1):
        as_process(index)
        emit(f"from {index}\n")
    assert capsys.readouterr().out == "from 0\n"
