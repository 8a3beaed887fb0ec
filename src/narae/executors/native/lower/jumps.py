"""Loops and choices whose bodies are large, as phases of the program: all threads take part in each.

Between the phases are jumps: tiles that say where the program goes on. A phase is known by the list of its tiles; an
empty list stands for whatever comes next.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.kernel_record import KernelRecord
from narae.executors.native.jit.compiler import Build
from narae.executors.native.kernels import jumps
from narae.executors.native.lower.moving import Following, Moving
from narae.executors.native.lower.tiles import Tile, address

Phases = list[list[Tile]]


def is_large(phases: Sequence[Sequence[Tile]]) -> bool:
    """Whether a body is work enough for threads to meet in it."""
    work = sum(tile.work for phase in phases for tile in phase)
    return work >= tuning.LOOP_PHASES and any(len(phase) > 1 for phase in phases)


def _jump(
    key: str, build: Build, record: KernelRecord[int], on: Sequence[tuple[int, list[Tile]]]
) -> Tile:
    return Tile(key, build, record.numbers(), jumps=list(on))


def _worked(phases: Phases, times: int) -> None:
    for phase in phases:
        for tile in phase:
            tile.work *= times


def rounds_of(rounds: int, body: Phases, moving: Sequence[Moving]) -> Phases:
    """The phases of a loop of so many rounds; what moves is elsewhere in each."""
    end = list[Tile]()
    _worked(body, rounds)
    following = Following([tile for phase in body for tile in phase], moving)
    record = jumps.Rounds(
        counter=0,
        rounds=rounds,
        body=0,
        end=0,
        moving_count=following.moving_count,
        last_count=following.last_count,
        starts=following.starts,
        steps=following.steps,
        lasts=following.lasts,
    )
    again = _jump("again", jumps.build_again, record, [(2, body[0]), (3, end)])
    again.places = following.places(jumps.Rounds.word_count(moving=0, last=0))
    return [[_begin("begin", jumps.build_begin, again, body[0])], *body, [again], end]


def _begin(key: str, build: Build, counts: Tile, on: list[Tile]) -> Tile:
    """counts: the tile whose record begins with the counter."""
    begin = _jump(key, build, jumps.Begin(counter=0, on=0), [(1, on)])
    begin.places = [(0, counts, 0)]
    return begin


def rounds_while(test: Phases, holds: np.ndarray, limit: int, body: Phases) -> Phases:
    """The phases of a loop that goes on while what a test wrote to `holds` is True."""
    end = list[Tile]()
    _worked([*test, *body], tuning.LOOP_UNKNOWN)
    record = jumps.Check(counter=0, holds=address(holds), limit=limit, body=0, end=0)
    check = Tile("check", jumps.build_check, record.numbers())
    tested = [*test, [check]]
    back = _go(tested[0])
    inside = [*body, [back]]
    check.jumps = [(3, inside[0]), (4, end)]
    return [[_begin("reset", jumps.build_reset, check, tested[0])], *tested, *inside, end]


def one_of(index: np.ndarray, branches: Sequence[Phases]) -> Phases:
    """The phases of several branches, of which an index chooses one."""
    end = list[Tile]()
    bodies = [[*phases, [_go(end)]] for phases in branches]
    count, dtype = len(bodies), index.dtype.name
    record = jumps.Choose(index=address(index), count=count, on=[0] * count)
    build = partial(jumps.build_choose, dtype=dtype)
    first = jumps.Choose.word_count(branches=0)
    on = [(first + i, body[0]) for i, body in enumerate(bodies)]
    return [
        [_jump(f"choose {dtype}", build, record, on)],
        *(phase for body in bodies for phase in body),
        end,
    ]


def _go(on: list[Tile]) -> Tile:
    return _jump("go", jumps.build_go, jumps.Go(on=0), [(0, on)])
