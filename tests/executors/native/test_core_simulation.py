"""The simulation of more cores: laws of its schedule, and that it simulates programs as they are."""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pytest
from tools import core_simulation as simulation

import narae
from narae import layers
from narae.base import machine
from narae.base.machine import USUAL, Machine
from narae.base.machine import USUAL_CACHES as CACHES
from narae.engine import config

PAGE = Path(__file__).parents[3] / "docs" / "performance.md"
HERE = Machine(2, CACHES, USUAL)


def test_doctests() -> None:
    assert doctest.testmod(simulation).failed == 0


@pytest.mark.parametrize("cores", simulation.CORES)
def test_a_schedule_lies_between_its_bounds(cores: int, rng: np.random.Generator) -> None:
    for count in (1, 2, 7, 64, 300):
        tiles = list(rng.random(count))
        end = simulation.phase_end(tiles, cores, 0.0)
        assert max(max(tiles), sum(tiles) / cores) <= end + 1e-12
        # Graham 1966: no greedy schedule is later than this
        assert end <= sum(tiles) / cores + (1 - 1 / cores) * max(tiles) + 1e-12
        assert end <= simulation.phase_end(tiles, cores, 0.1)
        assert simulation.phase_end(tiles, cores, 0.1) >= 0.1 * count


def test_one_core_does_all_of_the_work_and_meets_nobody() -> None:
    phases = [simulation.Phase((1.0, 2.0), 8.0), simulation.Phase((3.0,), 8.0)]
    one = simulation.Hardware(1, 1e9, 1e9, 0.5, 0.5)
    cost = simulation.simulated(phases, one, 16.0)
    assert cost.step == 6.0
    assert (cost.work, cost.alone) == (3.0, 3.0)


def test_where_the_time_of_a_step_goes() -> None:
    phases = [simulation.Phase((1.0, 2.0), 8.0), simulation.Phase((3.0,), 8.0)]
    two = simulation.Hardware(2, 1.0, 1e9, 0.25, 0.0)
    cost = simulation.simulated(phases, two, 16.0)
    assert (cost.work, cost.alone, cost.uneven, cost.memory) == (1.5, 3.0, 0.5, 0.0)
    assert cost.meet == pytest.approx(0.25)
    # eight bytes at one a second are longer than the phase, where they are in no cache
    assert simulation.simulated(phases, two, 1e10).memory == pytest.approx(8.0 - 2.25)


@pytest.mark.parametrize("cores", simulation.CORES[1:])
def test_a_server_grows_with_its_cores(cores: int) -> None:
    more, less = simulation.server(cores, HERE), simulation.server(cores // 2, HERE)
    assert more.memory >= less.memory
    assert more.cache > less.cache
    assert more.memory <= 1e9 * max(simulation.SERVER, USUAL.shared)


def test_a_programs_phases_are_simulated_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(config, "_threads", [1])
    monkeypatch.setattr(machine, "_known", [HERE])
    model = narae.Sequential([narae.Input((40,)), layers.Dense(300, "relu"), layers.Dense(3)])
    make = lambda: (model, (40,), (3,), 64)
    program, fit = simulation.program_of(make)
    phases = simulation.phases_of(program)
    assert [len(p.tiles) for p in phases] == [
        len(tiles) for part in program._parts for tiles in part.phases if tiles
    ]
    assert all(t > 0 for p in phases for t in p.tiles)
    cost = simulation.simulated(phases, simulation.server(1, HERE), simulation.held(program))
    assert cost.step == pytest.approx(sum(sum(p.tiles) for p in phases))
    assert fit() > 0


def test_the_page_has_the_tables() -> None:
    text = PAGE.read_text()
    for name in ("speedups", "losses", "threads"):
        begin = text.index(f"<!-- cores {name} -->")
        table = text[begin : text.index("<!-- /cores -->", begin)]
        for make in simulation.PROGRAMS:
            assert (make.__doc__ or "").rstrip(".") in table
