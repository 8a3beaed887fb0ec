"""The server gives its page to those who ask for it by its name, and talks to that page only."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from starlette import testclient
from starlette.websockets import WebSocketDisconnect

from narae.app.pretrained import Library
from narae.app.security import host_name
from narae.app.server import STATIC, bind, create_app

HOME = "http://127.0.0.1:8765"


@pytest.fixture
def page(tmp_path: Path) -> Any:
    """A client of a server without networks."""
    with testclient.TestClient(create_app(Library({}, tmp_path), ["my-host"]), HOME) as client:
        yield client


def test_the_page_and_its_files_are_served(page: Any) -> None:
    assert "나래" in page.get("/").text
    for path in STATIC.iterdir():
        assert page.get(f"/{path.name}").content == path.read_bytes()
    for missing in ("/nothing.js", "/../server.py", "/%2e%2e/server.py", "/session"):
        assert page.get(missing).status_code == 404
    assert page.post("/").status_code == 405


def test_the_page_may_load_nothing_from_elsewhere(page: Any) -> None:
    headers = page.get("/").headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://127.0.0.1:8765 wss://127.0.0.1:8765"
    assert headers["x-content-type-options"] == "nosniff"


OURS = ["127.0.0.1:8765", "localhost:8765", "LOCALHOST", "[::1]:8765", "192.168.0.7", "My-Host:1"]
OTHERS = [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example:8765",
    "",
    "a b",
    "@::1",
]
OTHERS += ["127.0.0.1@evil.example", "localhost:x", "[::1", "localhost; script-src *"]


@pytest.mark.parametrize("host", OURS)
def test_names_that_are_ours_are_answered(page: Any, host: str) -> None:
    assert page.get("/", headers={"host": host}).status_code == 200
    with page.websocket_connect(
        "ws://127.0.0.1/session", headers={"host": host, "origin": f"http://{host}"}
    ) as session:
        assert session.receive_json()["type"] == "welcome"


@pytest.mark.parametrize("host", OTHERS)
def test_other_names_are_refused(page: Any, host: str) -> None:
    found = page.get("/", headers={"host": host})
    assert found.status_code == 400
    assert "script" not in found.text
    headers = {"host": host, "origin": f"http://{host}"}
    with (
        pytest.raises(WebSocketDisconnect),
        page.websocket_connect("ws://127.0.0.1/session", headers=headers),
    ):
        pass


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://127.0.0.1:9999", "null", "", None, "http://127.0.0.1:8765.x"],
)
def test_other_pages_cannot_open_a_session(page: Any, origin: str | None) -> None:
    headers = {"host": "127.0.0.1:8765"} | ({} if origin is None else {"origin": origin})
    with (
        pytest.raises(WebSocketDisconnect),
        page.websocket_connect("ws://127.0.0.1/session", headers=headers),
    ):
        pass


def test_host_names_are_read_as_browsers_write_them() -> None:
    assert host_name("[2001:db8::1]:80") == "2001:db8::1"
    assert host_name("Example.org:443") == "example.org"
    assert host_name("localhost:99999999") is None


def test_a_port_that_is_taken_is_named() -> None:
    taken = bind("127.0.0.1", 0)
    try:
        with pytest.raises(OSError, match=r"port \d+: .*--port 0 takes a free one"):
            bind("127.0.0.1", taken.getsockname()[1])
    finally:
        taken.close()
    with pytest.raises(OSError, match="one of this machine's"):
        bind("192.0.2.1", 0)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6_is_listened_on_where_there_is_one() -> None:
    try:
        listening = bind("::1", 0)
    except OSError:
        pytest.skip("no IPv6 loopback here")
    assert listening.family == socket.AF_INET6
    listening.close()
