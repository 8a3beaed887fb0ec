"""Every case of the grid: narae is like Keras, or docs/differences.md says why it is not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.grid.grid import Case, cases_of, excepted, families, found, patterns

_CASES = [case for family in families() for case in cases_of(family)]


def _params() -> list[Any]:
    return [
        pytest.param(case, id=case.id, marks=[pytest.mark.slow] if case.slow else [])
        for case in _CASES
    ]


@pytest.mark.oracle
@pytest.mark.parametrize("case", _params())
def test_narae_is_like_keras_or_the_difference_is_listed(case: Case, keras: Any) -> None:
    differs = found(case, keras)
    if excepted(case):
        assert differs, f"{case.id} is like Keras now: take it out of docs/differences.md"
    else:
        assert not differs, "\n".join(differs)


def test_ids_are_unique() -> None:
    assert not [name for name, n in Counter(case.id for case in _CASES).items() if n > 1]


@pytest.mark.parametrize("pattern", patterns())
def test_a_listed_difference_has_a_case(pattern: str) -> None:
    assert any(patterns()[pattern].fullmatch(case.id) for case in _CASES), (
        f"no case of the grid is named {pattern}: docs/differences.md lists it"
    )
