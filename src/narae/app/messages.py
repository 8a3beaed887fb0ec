"""The messages of a session: JSON both ways, each of a known type, each field within its bounds."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from narae.app.bounds import BadMessage, Bound, Choice, Flag, Number, shown
from narae.app.experiments import EXPERIMENTS
from narae.app.inside.requests import Edit, Look, Sample, read_edit, read_look, read_sample
from narae.app.knobs import DEFAULTS, KNOBS, check_knobs
from narae.app.map_requests import Stop, read_map, read_place
from narae.app.tables.requests import Columns, Upload, read_columns, read_upload
from narae.base.types import Json, TensorLike

LONGEST = 64 * 1024  # characters of a message; a drawing of 128 x 128 has 22,000
NETWORKS = ("dense", "conv", "mine")
TASK = Choice(tuple(DEFAULTS))
TRAINED = Choice((*DEFAULTS, "compare"))  # what buttons are for


@dataclass(frozen=True)
class Draw:
    """A drawing to be read by a network: ink (size, size) of bytes, 0 where the paper is."""

    image: np.ndarray
    network: str


@dataclass(frozen=True)
class Train:
    """Make a network anew and train it; paused: stop before the first step."""

    task: str
    knobs: Mapping[str, Any]
    paused: bool


@dataclass(frozen=True)
class Compare:
    """Make two networks anew and train them beside each other; experiment: the one of the table, or None."""

    task: str
    knobs: tuple[Mapping[str, Any], Mapping[str, Any]]
    paused: bool
    experiment: str | None


@dataclass(frozen=True)
class Control:
    """What the buttons say to a training."""

    task: str
    action: str


@dataclass(frozen=True)
class Speed:
    """Seconds to wait after each step."""

    task: str
    delay: float


@dataclass(frozen=True)
class Rate:
    """Another learning rate, from the next step on."""

    task: str
    learning_rate: float


@dataclass(frozen=True)
class Code:
    """The knobs as a script of Keras."""

    task: str
    knobs: Mapping[str, Any]


@dataclass(frozen=True)
class Save:
    """The network of a task as a file, with the knobs it was trained by."""

    task: str
    knobs: Mapping[str, Any]


@dataclass(frozen=True)
class Evaluate:
    """Test a network on MNIST's test images."""

    network: str


Message = (
    Draw
    | Train
    | Compare
    | Control
    | Speed
    | Rate
    | Evaluate
    | Look
    | Edit
    | Sample
    | Code
    | Save
    | Upload
    | Columns
)


def _draw(given: dict[str, Any]) -> Draw:
    size = Number(8, 128).check("size", given.get("size"))
    return Draw(_picture(given.get("image"), size), _field(given, "network", Choice(NETWORKS)))


def _picture(text: Json, size: int) -> np.ndarray:
    if not isinstance(text, str):
        raise BadMessage(f"image: expected bytes in base64, got {shown(text)}")
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage(f"image: expected bytes in base64, got {shown(text)}") from None
    if len(raw) != size * size:
        raise BadMessage(f"image: expected {size} x {size} bytes, got {len(raw)}")
    return np.frombuffer(raw, np.uint8).reshape(size, size)


def _train(given: dict[str, Any]) -> Train:
    task = _field(given, "task", TASK)
    paused = _field({"paused": False, **given}, "paused", Flag())
    return Train(task, check_knobs(task, given.get("knobs", {})), paused)


def _knobs_of(kind: type) -> Callable[[dict[str, Any]], Any]:
    """A reader of a message about a task with its knobs."""

    def read(given: dict[str, Any]) -> Any:
        task = _field(given, "task", TASK)
        return kind(task, check_knobs(task, given.get("knobs", {})))

    return read


def _compare(given: dict[str, Any]) -> Compare:
    paused = _field({"paused": False, **given}, "paused", Flag())
    if "experiment" in given:
        name = _field(given, "experiment", Choice(tuple(EXPERIMENTS)))
        seed = _field({"seed": 1, **given}, "seed", KNOBS["seed"])
        return Compare(EXPERIMENTS[name].task, EXPERIMENTS[name].knobs(seed), paused, name)
    task = _field(given, "task", TASK)
    a, b = (check_knobs(task, given.get(side, {})) for side in ("a", "b"))
    return Compare(task, (a, b), paused, None)


def _field(given: dict[str, Any], name: str, bound: Bound) -> Any:
    return bound.check(name, given.get(name))


def _plain(kind: type, **bounds: Bound) -> Callable[[dict[str, Any]], Any]:
    """A reader of a message that is its fields and no more."""
    return lambda given: kind(*(_field(given, name, bound) for name, bound in bounds.items()))


SCHEMA: dict[str, Callable[[dict[str, Any]], Message]] = {
    "draw": _draw,
    "train": _train,
    "compare": _compare,
    "control": _plain(Control, task=TRAINED, action=Choice(("pause", "resume", "step"))),
    "speed": _plain(Speed, task=TRAINED, delay=Number(0, 2, whole=False)),
    "rate": _plain(Rate, task=TASK, learning_rate=KNOBS["learning_rate"]),
    "code": _knobs_of(Code),
    "save": _knobs_of(Save),
    "evaluate": _plain(Evaluate, network=Choice(NETWORKS)),
    "look": lambda given: read_look(given, TASK),
    "edit": lambda given: read_edit(given, TASK),
    "map": lambda given: read_map(given, NETWORKS),
    "stop": lambda given: Stop(),
    "place": lambda given: read_place(given, _picture),
    "upload": read_upload,
    "columns": read_columns,
    "sample": lambda given: read_sample(given, _picture),
}


def parse(text: str) -> Message:
    """A message from its text. Raises BadMessage that says what is wrong with it.

    >>> parse('{"type": "control", "task": "plane", "action": "pause"}')
    Control(task='plane', action='pause')
    >>> parse('{"type": ["dance"]}')  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    narae.app.bounds.BadMessage: type: expected one of draw, train, compare, ...; got ['dance']
    """
    if len(text) > LONGEST:
        raise BadMessage(f"a message has at most {LONGEST:,} characters, got {len(text):,}")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage(f"expected JSON, got {shown(text)}") from None
    if not isinstance(given, dict):
        raise BadMessage(f"expected an object, got {shown(given)}")
    return SCHEMA[Choice(tuple(SCHEMA)).check("type", given.get("type"))](given)


def text_of(message: dict[str, Any]) -> str:
    """A message as JSON that browsers read: what is no finite number is null.

    >>> text_of({"type": "progress", "loss": float("nan")})
    '{"type":"progress","loss":null}'
    """
    return json.dumps(_finite(message), separators=(",", ":"), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    if isinstance(value, float):  # NumPy's float64 is one as well
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return _finite(value.item())
    return value


def packed(values: TensorLike, low: float = 0.0, high: float = 1.0) -> str:
    """Numbers as bytes in base64, `low` as 0 and `high` as 255: a quarter of their text.

    >>> packed([0.0, 0.5, 1.0])
    'AID/'
    """
    share = (np.asarray(values, np.float32) - low) / max(high - low, 1e-12)
    bytes_ = np.rint(np.clip(np.nan_to_num(share), 0, 1) * 255).astype(np.uint8)
    return base64.b64encode(bytes_.tobytes()).decode()
