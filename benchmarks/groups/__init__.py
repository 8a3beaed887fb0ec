"""All groups of measurements, and what they have together: rows, bars, what a quick run leaves out.

A row is added where its group is: its name and peers in `rows`, a task of that name in each peer's
script, a `Line` for the table, a `Bar` if something must hold.
"""

from __future__ import annotations

from groups import eager, gemm, halves, inference, networks, sequences
from rows import PEERS, Bar, Group

GROUPS: dict[str, Group] = {
    "networks": networks.GROUP,
    "sequences": sequences.GROUP,
    "inference": inference.GROUP,
    "products": gemm.GROUP,
    "eager": eager.GROUP,
    "halves": halves.GROUP,
}
# Peers take turns in the order of a row; narae's kernel cache starts empty in every row.
ROWS: dict[str, tuple[str, ...]] = {"limits": ("machine",)}
EXTRA: dict[str, tuple[str, ...]] = {}
BARS: list[Bar] = []
for _group in GROUPS.values():
    ROWS.update(_group.rows)
    EXTRA.update(_group.extra)
    BARS.extend(_group.bars)


def of(name: str) -> tuple[str, ...]:
    """The rows of a group, or the row of that name."""
    return tuple(GROUPS[name].rows) if name in GROUPS else (name,)


def most_rounds(row: str) -> int:
    """How often a row is run at most: the machine's limits each time."""
    return next((group.rounds for group in GROUPS.values() if row in group.rows), 100)


def command(row: str, peer: str) -> str:
    """The script of a peer for a row, with its first arguments."""
    scripts = next((group.scripts for group in GROUPS.values() if row in group.rows), {})
    return scripts.get(peer, PEERS[peer].command)
