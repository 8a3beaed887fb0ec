"""Any text is a message within its bounds, or is refused with what was expected."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narae.app.bounds import BadMessage
from narae.app.knobs import DEFAULTS, KNOBS, check_knobs
from narae.app.messages import LONGEST, SCHEMA, Draw, Train, packed, parse, text_of

PIXELS = base64.b64encode(bytes(64)).decode()
DRAW = {"type": "draw", "size": 8, "image": PIXELS, "network": "dense"}
TRAIN = {"type": "train", "task": "digits", "paused": False, "knobs": {}}
PLANE = {**TRAIN, "task": "plane"}

BAD: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "expected JSON"),
    "deep": ("[" * 20000, "expected JSON"),
    "long": (" " * (LONGEST + 1), "at most 65,536 characters"),
    "a list": ([], "expected an object"),
    "no type": ({}, "type: expected one of draw, "),
    "another type": ({"type": ["draw"]}, "type: expected one of"),
    "size as text": ({**DRAW, "size": "8"}, "size: expected a whole number from 8 to 128"),
    "size true": ({**DRAW, "size": True}, "size: expected a whole number"),
    "too large": ({**DRAW, "size": 129}, "from 8 to 128, got 129"),
    "too few bytes": ({**DRAW, "size": 9}, "9 x 9 bytes, got 64"),
    "no base64": ({**DRAW, "image": "*" * 88}, "bytes in base64"),
    "image missing": ({**DRAW, "image": None}, "bytes in base64"),
    "network": ({**DRAW, "network": "huge"}, "network: expected one of dense, conv, mine"),
    "task": ({**TRAIN, "task": "chess"}, "task: expected one of digits, plane"),
    "paused": ({**TRAIN, "paused": 1}, "paused: expected true or false"),
    "knobs": ({**TRAIN, "knobs": [1]}, "knobs: expected an object"),
    "a knob of another task": ({**TRAIN, "knobs": {"noise": 0.1}}, "'noise' is none of"),
    "seven layers": ({**TRAIN, "knobs": {"units": [1] * 7}}, "at most 6 numbers"),
    "wide layer": ({**TRAIN, "knobs": {"units": [8, 1025]}}, r"units\[1\]: .* from 1 to 1024"),
    "half a unit": ({**TRAIN, "knobs": {"units": [1.5]}}, r"units\[0\]: expected a whole number"),
    "epochs": ({**TRAIN, "knobs": {"epochs": 10**9}}, "epochs: .* from 1 to 2000"),
    "batch": ({**TRAIN, "knobs": {"batch_size": 0}}, "batch_size: .* from 1 to 1024"),
    "dropout": ({**TRAIN, "knobs": {"dropout": 1}}, "dropout: expected a number from 0 to 0.9"),
    "NaN": (json.dumps(TRAIN)[:-3] + '{"dropout": NaN}}', "dropout: expected a number"),
    "infinity": (json.dumps(PLANE)[:-3] + '{"noise": 1e999}}', "noise: expected a number"),
    "larger than any float": (
        json.dumps(PLANE)[:-3] + '{"noise": 1' + "0" * 400 + "}}",
        "noise: expected a number",
    ),
    "code": ({**TRAIN, "knobs": {"activation": "__import__"}}, "activation: expected one of relu"),
    "action": ({"type": "control", "task": "plane", "action": "stop"}, "action: expected one of"),
    "delay": ({"type": "speed", "task": "plane", "delay": 3}, "delay: .* from 0 to 2"),
    "rate": ({"type": "rate", "task": "plane", "learning_rate": -1}, "learning_rate: "),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_message_is_named(name: str) -> None:
    given, message = BAD[name]
    with pytest.raises(BadMessage, match=message) as caught:
        parse(given if isinstance(given, str) else json.dumps(given))
    assert len(str(caught.value)) < 300  # whatever came is not sent back whole


def test_a_drawing_comes_as_it_was() -> None:
    image = np.arange(144, dtype=np.uint8).reshape(12, 12)
    text = base64.b64encode(image.tobytes()).decode()
    message = parse(json.dumps({**DRAW, "size": 12, "image": text}))
    assert isinstance(message, Draw)
    np.testing.assert_array_equal(message.image, image)


def test_the_largest_drawing_fits_into_a_message() -> None:
    image = base64.b64encode(bytes(128 * 128)).decode()
    assert isinstance(parse(json.dumps({**DRAW, "size": 128, "image": image})), Draw)


def test_knobs_that_are_not_given_stand_as_at_first() -> None:
    message = parse(json.dumps({**PLANE, "knobs": {"units": [], "noise": 0}}))
    assert isinstance(message, Train)
    assert message.knobs == {**check_knobs("plane", {}), "units": (), "noise": 0.0}


@pytest.mark.parametrize("task", DEFAULTS)
def test_knobs_at_first_are_within_their_bounds_and_among_their_marks(task: str) -> None:
    for name, value in check_knobs(task, {}).items():
        bound = KNOBS[name].described()
        assert json.loads(text_of(bound))["kind"] == bound["kind"]
        assert not bound.get("marks") or value in bound["marks"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
FIELDS = ["task", "knobs", "paused", "size", "image", "network", "action", "delay", "learning_rate"]


@given(
    st.sampled_from(sorted(SCHEMA)),
    st.dictionaries(st.sampled_from(FIELDS), ANYTHING | st.sampled_from(["digits", "dense"])),
)
def test_anything_is_a_message_or_is_refused(kind: str, fields: dict[str, Any]) -> None:
    with contextlib.suppress(BadMessage):
        assert type(parse(json.dumps({"type": kind, **fields}))).__name__.lower() == kind


@given(st.text(max_size=60))
def test_any_text_is_refused_or_read(text: str) -> None:
    with pytest.raises(BadMessage):
        parse(text)


def test_bytes_are_within_half_a_step_of_the_numbers() -> None:
    values = np.linspace(-3, 3, 500)
    back = np.frombuffer(base64.b64decode(packed(values, -3, 3)), np.uint8) / 255 * 6 - 3
    assert np.abs(back - values).max() <= 6 / 255 / 2 + 1e-6
    assert packed([np.nan, -9, 9], 0, 1) == base64.b64encode(bytes([0, 0, 255])).decode()


def test_numbers_that_json_has_not_are_null() -> None:
    text = text_of({"a": [float("inf"), np.float32("nan"), np.int32(3)], "b": (1.5, None, True)})
    assert json.loads(text) == {"a": [None, None, 3], "b": [1.5, None, True]}
