"""Data parallelism on paper and as a simulation: the tables of docs/scale.md.

    python tools/scale_simulation.py docs/scale.md      # writes its tables anew
    python tools/scale_simulation.py                    # prints them

The formula: a step takes the time of its computation and that of an all-reduce of the gradients
around a ring, 2 (N - 1) rounds of 1/N of the bytes each (Patarasuk and Yuan 2009). The simulation
has each host, each round and each message: hosts of unequal speed, and gradients that are sent in
several pieces while the rest are computed.
"""

from __future__ import annotations

import heapq
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GBIT = 1e9 / 8  # bytes per second
HOSTS = (2, 4, 8, 16, 64, 256)
SPEEDS = {"1 Gbit/s": 1 * GBIT, "10 Gbit/s": 10 * GBIT, "100 Gbit/s": 100 * GBIT}
MODELS = {"0.4 M": 407_050, "25 M": 25_000_000, "1 B": 1_000_000_000}
LATENCY = 20e-6  # seconds from sending a message to having it, beside its length


@dataclass(frozen=True)
class Network:
    """bandwidth: of each host, each way, in bytes per second. latency: of a message, in seconds."""

    bandwidth: float
    latency: float = LATENCY


def ring(hosts: int, size: float, network: Network) -> float:
    """Seconds of an all-reduce of `size` bytes, by the formula."""
    return 2 * (hosts - 1) * (size / hosts / network.bandwidth + network.latency)


def simulated(network: Network, size: float, ready: list[list[float]]) -> float:
    """Seconds until all hosts have the sum, of which host h has piece p at ready[h][p].

    The pieces are equally large, and go around one after another: in each round a host sends a part
    of one to the next host, when it has what the one before sent it in the round before.
    """
    hosts, count = len(ready), len(ready[0])
    if hosts == 1:
        return max(ready[0])
    rounds, length = 2 * (hosts - 1), size / count / hosts / network.bandwidth
    free = [0.0] * hosts  # when a host's line is free to send
    # (time at which it can be sent, piece, round, host that sends it)
    waiting = [(ready[h][p], p, 0, h) for h in range(hosts) for p in range(count)]
    heapq.heapify(waiting)
    last = 0.0
    while waiting:
        time, piece, number, host = heapq.heappop(waiting)
        if free[host] > time:  # the line is in use: again when it is free
            heapq.heappush(waiting, (free[host], piece, number, host))
            continue
        free[host] = time + length
        there = free[host] + network.latency
        last = max(last, there)
        if number + 1 < rounds:
            receiver = (host + 1) % hosts
            begin = max(there, ready[receiver][piece])  # its own part is added to what came
            heapq.heappush(waiting, (begin, piece, number + 1, receiver))
    return last


def computed(
    hosts: int, compute: float, pieces: int, spread: float, seed: int = 0
) -> list[list[float]]:
    """When each host has each piece of its gradient: the forward pass is a third of a step, and the
    pieces are ready one after another in the rest. spread: standard deviation of the hosts' speeds."""
    rng = random.Random(seed)
    times = [compute * max(0.5, rng.gauss(1.0, spread)) for _ in range(hosts)]
    return [[t * (1 / 3 + 2 / 3 * (p + 1) / pieces) for p in range(pieces)] for t in times]


# -- the tables ------------------------------------------------------------------------------------


def shown(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> shown(0.00123), shown(0.0456), shown(12.3)
    ('1.23 ms', '45.6 ms', '12.3 s')
    """
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1e3:.3g} ms"


def row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def formula_table() -> Iterator[str]:
    """The time of the exchange alone: what computation must take longer than."""
    yield row(["parameters", "network", *(f"{n} hosts" for n in HOSTS)])
    yield "|---|---|" + "---:|" * len(HOSTS)
    for model, parameters in MODELS.items():
        for speed, bandwidth in SPEEDS.items():
            times = [shown(ring(n, 4 * parameters, Network(bandwidth))) for n in HOSTS]
            yield row([model, speed, *times])


def reach_table() -> Iterator[str]:
    """How long a host must compute on a batch so that the exchange among 256 hosts is a tenth of the
    step."""
    yield row(["parameters", "network", "float32", "bfloat16", "4 batches per exchange", "both"])
    yield "|---|---|" + "---:|" * 4
    for model, parameters in MODELS.items():
        for speed, bandwidth in SPEEDS.items():
            network = Network(bandwidth)
            cells = [
                shown(9 * ring(256, width * parameters, network) / batches)
                for width, batches in ((4, 1), (2, 1), (4, 4), (2, 4))
            ]
            yield row([model, speed, *cells])


def simulation_table() -> Iterator[str]:
    """A step that computes for 100 ms, of 25 M parameters at 10 Gbit/s."""
    network, size, compute = Network(10 * GBIT), 100e6, 0.1
    yield row(["hosts", "formula", "simulated", "speeds ± 5 %", "in 8 pieces", "both"])
    yield "|---:|" + "---:|" * 5
    for hosts in HOSTS:
        ways = [(1, 0.0), (1, 0.05), (8, 0.0), (8, 0.05)]
        times = [simulated(network, size, computed(hosts, compute, p, s)) for p, s in ways]
        yield row([str(hosts), *map(shown, [compute + ring(hosts, size, network), *times])])


TABLES = {"exchange": formula_table, "reach": reach_table, "simulation": simulation_table}


def written(page: str) -> str:
    """A page with the tables between its marks made anew."""
    for name, table in TABLES.items():
        marks = rf"(<!-- scale {name} -->\n).*?(<!-- /scale -->)"
        text = "\n".join(table())
        page = re.sub(marks, lambda m, text=text: f"{m[1]}{text}\n{m[2]}", page, flags=re.DOTALL)
    return page


def main() -> None:
    """Print the tables, or write them into pages."""
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
    if not sys.argv[1:]:
        for name, table in TABLES.items():
            print(name, *table(), "", sep="\n")


if __name__ == "__main__":
    main()
