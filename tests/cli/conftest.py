"""A small MNIST, and what `narae train mnist` makes of it, trained once for all tests here."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from narae.cli import main
from narae.cli.job import Job
from narae.cli.train import train_mnist
from narae.datasets import mnist

(X, Y), (TX, TY) = mnist.load_data()
JOB = Job(
    epochs=2,
    batch_size=128,
    units=96,
    optimizer="adam",
    learning_rate=0.002,
    seed=1,
    out=Path(),
    plot=True,
)


@dataclass(frozen=True)
class Trained:
    folder: Path
    printed: str

    @property
    def model(self) -> Path:
        return self.folder / "mnist.keras"


def small_data(path: str = "mnist.npz") -> Any:
    """`mnist.load_data`, of 12,000 and 500 digits."""
    return (X[:12000], Y[:12000]), (TX[:500], TY[:500])


@pytest.fixture(scope="session")
def trained(tmp_path_factory: Any) -> Trained:
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("trained") / "new"
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setattr(mnist, "load_data", small_data)
        train_mnist(Job(**{**JOB.__dict__, "out": folder}))
    return Trained(folder, out.getvalue())


@pytest.fixture(autouse=True)
def _small(monkeypatch: Any) -> None:
    monkeypatch.setattr(mnist, "load_data", small_data)


@pytest.fixture
def narae_(monkeypatch: Any, capsys: Any) -> Any:
    """Run `narae` with words; (exit code, standard output, standard error)."""

    def run(*words: Any, columns: int = 100) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "argv", ["narae", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        done = capsys.readouterr()
        return code, done.out, done.err

    return run
