"""Whatever is wrong with a file, it loads or is refused by name, in words, within bounds of time and memory."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from tests.saving.fuzzing import check, seeds, spoiled

FEW, MANY = 1_000, 100_000


def _held(first: int, last: int, folder: Path) -> None:
    result = check(first, last, folder)
    assert not result["bad"], result["bad"][:20]
    assert result["loads"] + result["refused"] == last - first
    # a fuzzer whose files all load, or are all refused, tries nothing
    assert min(result["loads"], result["refused"]) > (last - first) // 10


def test_a_thousand_wrong_files(tmp_path: Path) -> None:
    _held(0, FEW, tmp_path)


@pytest.mark.slow
def test_a_hundred_thousand_wrong_files(tmp_path: Path) -> None:
    _held(FEW, MANY, tmp_path)


def test_the_files_depend_on_their_number_alone(tmp_path: Path) -> None:
    found = seeds(tmp_path)
    for i in range(20):
        # the time of writing is in a zip file's directory
        ending, n, data = spoiled(i, found)
        again = spoiled(i, found)
        assert (ending, n, len(data)) == (again[0], again[1], len(again[2]))


def test_the_bounds_are_those_of_the_process(tmp_path: Path) -> None:
    """A file whose loading takes memory or time beyond the law is found."""
    from tests.saving import fuzzing

    before = resource.getrlimit(resource.RLIMIT_AS)
    try:
        fuzzing._bound(1000)
        with pytest.raises(MemoryError):
            bytearray(fuzzing.SPARE + (64 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
