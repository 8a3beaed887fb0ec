"""Threefry against the known answers published with Random123."""

from __future__ import annotations

import numpy as np
import pytest

from narae.primitives.records.bits import threefry
from narae.tensor.tensor import tensor_of

# threefry2x32, 20 rounds: key, counter, answer.
KNOWN = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]
MASK = 0xFFFFFFFF


def plain_threefry(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """The same function in Python's integers: MIX, rotate, inject the key every four rounds."""
    rotations = [13, 15, 26, 6, 17, 29, 16, 24]
    ks = [key[0], key[1], 0x1BD11BDA ^ key[0] ^ key[1]]
    a, b = (counter[0] + ks[0]) & MASK, (counter[1] + ks[1]) & MASK
    for i in range(20):
        a = (a + b) & MASK
        r = rotations[i % 8]
        b = ((b << r | b >> (32 - r)) & MASK) ^ a
        if i % 4 == 3:
            s = i // 4 + 1
            a, b = (a + ks[s % 3]) & MASK, (b + ks[(s + 1) % 3] + s) & MASK
    return a, b


def words(*values: object) -> list:
    return [tensor_of(np.asarray(v, "uint32")) for v in values]


@pytest.mark.parametrize(("key", "counter", "answer"), KNOWN)
def test_known_answers(key: tuple, counter: tuple, answer: tuple) -> None:
    assert tuple(t.item() for t in threefry(*words(*key, *counter))) == answer
    assert plain_threefry(key, counter) == answer


def test_many_counters_equal_the_plain_function() -> None:
    rng = np.random.default_rng(0)
    key = tuple(map(int, rng.integers(0, 2**32, 2)))
    counters = rng.integers(0, 2**32, (2, 50))
    a, b = threefry(*words(*key, *counters))
    wanted = [plain_threefry(key, (int(i), int(j))) for i, j in counters.T]
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == wanted
