"""model_from_json: what `to_json` gave, and texts that describe no model or ask for too much."""

from __future__ import annotations

import time

import numpy as np
import pytest

import narae
from narae.models import model_from_json
from narae.saving.paths import CorruptFile


def _text() -> str:
    return narae.Sequential([narae.Input((3,)), narae.layers.Dense(2)]).to_json()


def test_a_model_has_weights_of_its_own() -> None:
    kernel, bias = model_from_json(_text()).get_weights()
    assert kernel.shape == (3, 2)
    assert kernel.std() > 0
    assert not np.any(bias)


WRONG = {
    "nested too deep": "[" * 100_000,
    "is no JSON": "{",
    "describes no model": "3",
    "it has no class_name": '{"a": 1}',
    "memory for": _text().replace('"units": 2', '"units": 1000000000000000'),
    "Unknown class 'Dens'": _text().replace('"Dense"', '"Dens"'),
}


@pytest.mark.parametrize("message", WRONG)
def test_other_texts_are_refused_at_once(message: str) -> None:
    begin = time.process_time()
    with pytest.raises(CorruptFile, match=f"the JSON text.*{message}"):
        model_from_json(WRONG[message])
    assert time.process_time() - begin < 2


def test_what_is_no_text() -> None:
    with pytest.raises(TypeError, match="takes the text of to_json, got int"):
        model_from_json(5)  # type: ignore[arg-type]
