"""Drawing a graph in rows: each node below what it needs, few edges crossing (Sugiyama, Tagawa and
Toda 1981: longest-path ranks, then rows ordered by the mean place of their neighbours)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SWEEPS = 8


@dataclass(frozen=True)
class Rows:
    """rows: the nodes of each row, from the left. Numbers from the count of nodes on are bends: places
    that an edge passes in rows between its ends. chains: each edge's way, its ends included."""

    rows: tuple[tuple[int, ...], ...]
    chains: Mapping[tuple[int, int], tuple[int, ...]]


def in_rows(count: int, edges: Sequence[tuple[int, int]]) -> Rows:
    """Put the nodes 0 to count - 1 in rows. An edge that closes a circle points upwards.

    >>> found = in_rows(4, [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)])
    >>> found.rows, found.chains[0, 3]
    (((0,), (1, 2, 4), (3,)), (0, 4, 3))
    """
    edges = list(dict.fromkeys((a, b) for a, b in edges if a != b))
    down = _without_circles(count, edges)
    ranks = _ranks(count, down)
    rows: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for node in range(count):
        rows[ranks[node]].append(node)
    chains, total = {}, count
    for a, b in edges:
        low, high = sorted((a, b), key=lambda n: ranks[n])
        between = list(range(total, total + max(0, ranks[high] - ranks[low] - 1)))
        total += len(between)
        for i, bend in enumerate(between, ranks[low] + 1):
            rows[i].append(bend)
        way = [low, *between, high]
        chains[a, b] = tuple(way if low == a else way[::-1])
    _order(rows, chains)
    return Rows(tuple(map(tuple, rows)), chains)


def _without_circles(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The edges but for those that lead back to where a walk along edges came from."""
    after: dict[int, list[int]] = defaultdict(list)
    for a, b in edges:
        after[a].append(b)
    state, kept = [0] * count, []
    for start in range(count):
        todo = [(start, iter(after[start]))] if not state[start] else []
        state[start] = max(state[start], 1)
        while todo:
            node, rest = todo[-1]
            following = next(rest, None)
            if following is None:
                state[node] = 2
                todo.pop()
            elif state[following] != 1:
                kept.append((node, following))
                if not state[following]:
                    state[following] = 1
                    todo.append((following, iter(after[following])))
    return kept


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The longest way to each node; a node that needs nothing stands just above what needs it."""
    before: dict[int, list[int]] = defaultdict(list)
    after: dict[int, list[int]] = defaultdict(list)
    for a, b in edges:
        before[b].append(a)
        after[a].append(b)
    ranks, waiting = [0] * count, [len(before[n]) for n in range(count)]
    ready = [n for n in range(count) if not waiting[n]]
    while ready:
        node = ready.pop()
        for following in after[node]:
            ranks[following] = max(ranks[following], ranks[node] + 1)
            waiting[following] -= 1
            if not waiting[following]:
                ready.append(following)
    for node in range(count):
        if after[node] and not before[node]:
            ranks[node] = min(ranks[n] for n in after[node]) - 1
    return ranks


def _order(rows: list[list[int]], chains: Mapping[tuple[int, int], tuple[int, ...]]) -> None:
    above, below = _neighbours(rows, chains)
    place = {node: i for row in rows for i, node in enumerate(row)}
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        near = above if downwards else below
        for row in rows if downwards else reversed(rows):
            row.sort(key=lambda n: (_mean([place[m] for m in near[n]], place[n]), place[n]))
            place.update((node, i) for i, node in enumerate(row))


def _neighbours(
    rows: Sequence[Sequence[int]], chains: Mapping[tuple[int, int], tuple[int, ...]]
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """For each node those in the row above, and below, that an edge leads to."""
    rank = {node: i for i, row in enumerate(rows) for node in row}
    above: dict[int, list[int]] = defaultdict(list)
    below: dict[int, list[int]] = defaultdict(list)
    for way in chains.values():
        for a, b in itertools.pairwise(way):
            low, high = sorted((a, b), key=lambda n: rank[n])
            above[high].append(low)
            below[low].append(high)
    return above, below


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def placed(
    found: Rows, widths: Sequence[float], heights: Sequence[float], gap: tuple[float, float]
) -> tuple[dict[int, tuple[float, float]], tuple[float, float]]:
    """The centre of each node and bend, from the left and from the top, and the picture's width and
    height. gap: between neighbours in a row, and between rows. A bend has no size.

    >>> placed(in_rows(2, [(0, 1)]), [10, 20], [4, 4], (5, 6))
    ({0: (10.0, 2.0), 1: (10.0, 12.0)}, (20.0, 14.0))
    """
    count = len(widths)
    width = {n: widths[n] if n < count else 0.0 for row in found.rows for n in row}
    above, below = _neighbours(found.rows, found.chains)
    x: dict[int, float] = {}
    for row in found.rows:
        left = 0.0
        for node in row:
            x[node] = left + width[node] / 2
            left += width[node] + gap[0]
    for sweep in range(_SWEEPS):
        near = above if sweep % 2 == 0 else below
        for row in found.rows if sweep % 2 == 0 else found.rows[::-1]:
            wanted = [_mean([x[m] for m in near[n]], x[n]) for n in row]
            x.update(zip(row, _apart(wanted, [width[n] for n in row], gap[0]), strict=True))
    left = min((x[n] - width[n] / 2 for n in x), default=0.0)
    right = max((x[n] + width[n] / 2 for n in x), default=0.0)
    places, top = {}, 0.0
    for row in found.rows:
        height = max((heights[n] for n in row if n < count), default=0.0)
        places.update((n, (x[n] - left, top + height / 2)) for n in row)
        top += height + gap[1]
    return places, (right - left, max(0.0, top - gap[1]))


def _apart(wanted: Sequence[float], widths: Sequence[float], gap: float) -> list[float]:
    """Places in the given order near those that are wanted, with room between them: neighbours that
    would meet stand side by side around the mean of what they want."""
    blocks: list[list[float]] = []  # [sum of wanted starts, members, width, first index]
    for i, (at, width) in enumerate(zip(wanted, widths, strict=True)):
        blocks.append([at - width / 2, 1, width, i])
        while len(blocks) > 1:
            (sum1, n1, w1, i1), (sum2, n2, w2, _) = blocks[-2:]
            if sum1 / n1 + w1 + gap <= sum2 / n2:
                break
            blocks[-2:] = [[sum1 + sum2 - n2 * (w1 + gap), n1 + n2, w1 + gap + w2, i1]]
    places: list[float] = []
    for start_sum, members, _, first in blocks:
        at = start_sum / members
        for i in range(int(first), int(first + members)):
            places.append(at + widths[i] / 2)
            at += widths[i] + gap
    return places
