"""Nobody starves: what one session asks for is bounded, and others are answered while it floods."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
import urllib.request

import pytest
from tests.app.conftest import Served, Session, until

from narae.app.budget import Budget
from narae.app.messages import Draw, Evaluate, Train, parse

INK = base64.b64encode(bytes([255]) * 128 * 128).decode()
DRAW = {"type": "draw", "size": 128, "image": INK, "network": "conv"}
FLOOD = [
    DRAW,
    {"type": "train", "task": "digits", "knobs": {"units": [256, 256]}},
    {"type": "train", "task": "plane", "knobs": {"points": 2000}},
    {"type": "evaluate", "network": "dense"},
    {"type": "control", "task": "plane", "action": "resume"},
    {"type": "nonsense"},
]


def test_a_session_has_a_budget_that_fills_again() -> None:
    now = [0.0]
    budget = Budget(lambda: now[0])
    train = parse(json.dumps(FLOOD[1]))
    assert isinstance(train, Train)
    waits = [budget.lacks(train) for _ in range(30)]
    assert waits[:10] == [0.0] * 10  # a burst
    assert waits[29] == pytest.approx(4.0)  # thirty cost 6 s, 2 were saved up
    assert budget.warns(train)
    assert not budget.warns(train)  # told once
    now[0] = 100.0
    assert budget.lacks(Evaluate("dense")) == 0


def test_a_hand_that_draws_never_waits() -> None:
    now = [0.0]
    budget = Budget(lambda: now[0])
    drawing = parse(json.dumps(DRAW))
    assert isinstance(drawing, Draw)
    for _ in range(600):  # ten seconds of 60 pictures a second
        assert budget.lacks(drawing) == 0
        now[0] += 1 / 60


def test_others_are_answered_while_a_session_floods_and_never_reads(served: Served) -> None:
    """A page is sent, a drawing read; what was not taken does not pile up; and the page is told."""
    ends = threading.Event()

    def flood() -> None:
        with contextlib.suppress(Exception):
            while not ends.is_set():
                for message in FLOOD:
                    loud.socket.send(json.dumps(message))

    with served.session() as loud, served.session() as other:
        other.wait("library")
        other.send("train", task="plane", knobs={"points": 2000, "epochs": 2000})
        other.wait("progress")
        reading = threading.Thread(target=_drain, args=(other, ends), daemon=True)
        flooding = threading.Thread(target=flood, daemon=True)
        reading.start()
        flooding.start()
        times = []
        until_then = time.monotonic() + 3
        while time.monotonic() < until_then:
            began = time.perf_counter()
            with urllib.request.urlopen(served.url + "/main.js", timeout=30) as answer:
                assert answer.read()
            times.append(time.perf_counter() - began)
        waiting = [session._out.qsize() for session in served.playground.sessions]
        ends.set()
        seen = [json.loads(loud.socket.recv(timeout=30)) for _ in range(12)]
        reading.join(30)
        flooding.join(0.1)
    times.sort()
    print(f"GET under the flood: median {times[len(times) // 2]:.4f} s, worst {times[-1]:.4f} s")
    assert times[len(times) // 2] <= 0.2
    assert max(waiting) < 100
    assert any(m["type"] == "error" for m in seen)
    until(lambda: not served.playground.sessions)


def _drain(session: Session, ends: threading.Event) -> None:
    while not ends.is_set():
        session.next()
