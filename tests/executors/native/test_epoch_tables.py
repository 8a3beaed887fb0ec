"""The tables of a run over an epoch stay from one to the next; only where its rows and results lie is told anew."""

from __future__ import annotations

import numpy as np
import pytest

import narae
from narae import layers
from narae.executors.native.run import phases, program


def model(state: int = 0) -> narae.Sequential:
    narae.utils.set_random_seed(state)
    made = narae.Sequential([narae.Input((5,)), layers.Dense(4, "relu"), layers.Dense(2)])
    made.compile("sgd", "mse")
    return made


def data(seed: int, dtype: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return (9 * rng.random((36, 5))).astype(dtype), rng.random((36, 2)).astype("float32")


def test_epochs_of_other_arrays_sizes_and_dtypes_train_on_their_own_rows() -> None:
    """One model that sees them in turn, so that tables are told anew, and one whose programs are forgotten between."""
    kept, anew = model(), model()
    for turn, dtype in enumerate(("float32", "float32", "uint8", "float32", "uint8")):
        x, y = data(turn, dtype)
        rows = 36 - 4 * turn
        for one in (kept, anew):
            one.fit(x[:rows], y[:rows], batch_size=4, epochs=2, shuffle=False, verbose=0)
        anew.compile(anew.optimizer, "mse")
        for a, b in zip(kept.get_weights(), anew.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_an_epoch_like_the_last_one_makes_no_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    trained, made = model(), []

    class Counted(phases.Tables):
        def __init__(self, *given: object) -> None:
            made.append(given)
            super().__init__(*given)  # type: ignore[arg-type]

    trained.fit(*data(0), batch_size=4, verbose=0)
    monkeypatch.setattr(program, "Tables", Counted)
    trained.fit(*data(1), batch_size=4, epochs=3, verbose=0)
    assert made == []
