"""Pictures that are sent to the playground: read as `narae predict` does, and bounded."""

from __future__ import annotations

import asyncio
import json
import time
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from narae.app import paper
from narae.app.pretrained import Library
from narae.app.server import create_app
from narae.datasets import mnist


@pytest.fixture(scope="module")
def client(tmp_path_factory: Any) -> TestClient:
    """A server without networks of its own; it is not started."""
    return TestClient(
        create_app(Library({}, tmp_path_factory.mktemp("none"))), base_url="http://localhost"
    )


def sheet(kind: str = "PNG", mode: str = "RGB") -> bytes:
    """The first three test digits, 7, 2 and 1, in a row."""
    _, (digits, _) = mnist.load_data()
    page = np.full((100, 240), 255, np.uint8)
    for i in range(3):
        page[20:76, 20 + 65 * i : 76 + 65 * i] -= digits[i].repeat(2, 0).repeat(2, 1)
    out = BytesIO()
    Image.fromarray(page).convert(mode).save(out, kind)
    return out.getvalue()


def small(size: tuple[int, int], kind: str = "PNG") -> bytes:
    out = BytesIO()
    Image.new("1", size).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", paper.FORMATS)
def test_a_picture_is_read(client: TestClient, kind: str) -> None:
    answer = client.post("/paper", content=sheet(kind))
    assert answer.status_code == 200
    found = answer.json()
    assert found["text"] == "721"
    assert [mark["digit"] for mark in found["rows"][0]] == [7, 2, 1]
    lefts = [mark["box"][0] for mark in found["rows"][0]]
    assert lefts == sorted(lefts)
    assert 0 <= lefts[0] < found["width"]


REFUSED = {
    "nothing": (b"", 200, "no_picture"),
    "text": (b"seven", 200, "no_picture"),
    "another format": (small((9, 9), "GIF"), 200, "no_picture"),
    "a bomb": (small((20_000, 20_000)), 200, "too_large"),
    "too many pixels": (small((6000, 6000)), 200, "too_large"),
    "a blank one": (small((90, 90)), 200, "no_digit"),
    "one pixel": (small((1, 1)), 200, "no_digit"),
    "too many bytes": (bytes(paper.MOST_BYTES + 1), 413, "too_large"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_said(client: TestClient, name: str) -> None:
    raw, status, code = REFUSED[name]
    answer = client.post("/paper", content=raw)
    assert (answer.status_code, answer.json()) == (status, {"error": code})


def test_a_page_of_another_site_is_refused(client: TestClient) -> None:
    answer = client.post("/paper", content=sheet(), headers={"origin": "https://elsewhere.example"})
    assert (answer.status_code, answer.json()) == (403, {"error": "foreign"})


def test_few_wait_and_one_is_read_at_a_time(monkeypatch: Any) -> None:
    reading: list[int] = []
    most: list[int] = []

    def read(raw: bytes) -> dict[str, int]:
        reading.append(1)
        most.append(len(reading))
        time.sleep(0.02)
        reading.pop()
        return {}

    class Request:
        headers = Headers()

        async def stream(self) -> Any:
            yield b"picture"

    async def all_at_once() -> list[int]:
        reader = paper.PaperReader()
        answers = await asyncio.gather(*(reader.post(Request()) for _ in range(12)))  # type: ignore[arg-type]
        return [answer.status_code for answer in answers]

    monkeypatch.setattr(paper, "read_bytes", read)
    codes = asyncio.run(all_at_once())
    assert sorted(set(codes)) == [200, 503]
    assert codes.count(200) == 8
    assert max(most) == 1


def test_a_picture_that_does_not_arrive_is_given_up(monkeypatch: Any) -> None:
    class Request:
        headers = Headers()

        async def stream(self) -> Any:
            await asyncio.sleep(60)
            yield b""

    monkeypatch.setattr(paper, "_ARRIVAL", 0.05)
    answer = asyncio.run(paper.PaperReader().post(Request()))  # type: ignore[arg-type]
    assert (answer.status_code, json.loads(bytes(answer.body))) == (408, {"error": "slow"})
