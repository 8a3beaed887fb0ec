"""The arithmetic of docs/scale.md: the simulation and the formula agree, the page shows what they give."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import scale_simulation as scale

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


@pytest.mark.parametrize("hosts", [1, 2, 3, 8, 17])
@pytest.mark.parametrize("size", [4.0, 1e5, 1e8])
def test_without_differences_the_simulation_is_the_formula(hosts: int, size: float) -> None:
    network = scale.Network(10 * scale.GBIT)
    ready = [[0.25]] * hosts
    wanted = 0.25 + scale.ring(hosts, size, network)
    assert scale.simulated(network, size, ready) == pytest.approx(wanted)


@pytest.mark.parametrize("hosts", [2, 8])
def test_pieces_are_never_faster_than_the_line(hosts: int) -> None:
    network = scale.Network(10 * scale.GBIT, latency=0.0)
    line = scale.ring(hosts, 1e8, network)
    whole = scale.simulated(network, 1e8, [[0.1]] * hosts)
    found = scale.simulated(network, 1e8, scale.computed(hosts, 0.1, 8, 0.0))
    assert max(line, 0.1) < found < whole


def test_a_slow_host_holds_all_up() -> None:
    network = scale.Network(10 * scale.GBIT)
    ready = [[0.1]] * 7 + [[0.3]]
    found = scale.simulated(network, 1e8, ready)
    exchange = scale.ring(8, 1e8, network)
    assert 0.3 + exchange / 2 < found <= 0.3 + exchange + 1e-9


def test_the_page_shows_what_the_tool_gives() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == scale.written(page), "python tools/scale_simulation.py docs/scale.md"
    assert all(f"<!-- scale {name} -->\n|" in page for name in scale.TABLES)
