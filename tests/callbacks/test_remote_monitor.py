"""RemoteMonitor: what a server gets, and a server that is not there."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import pytest

from narae import callbacks


@pytest.fixture
def server() -> Iterator[tuple[str, list[Any]]]:
    """A server's address, and what it was sent: path, headers, body."""
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            seen.append((self.path, dict(self.headers), body))
            self.send_response(404 if "lost" in self.path else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}", seen
        listening.shutdown()
        thread.join()


LOGS = {"loss": 0.5, "mae": np.float32(0.25), "each": np.array([1.0, 2.0])}
SENT = {"epoch": 3, "loss": 0.5, "mae": 0.25, "each": [1.0, 2.0]}


def test_a_form_and_a_body_of_json(server: tuple[str, list[Any]]) -> None:
    root, seen = server
    callbacks.RemoteMonitor(root).on_epoch_end(3, LOGS)
    callbacks.RemoteMonitor(
        root, path="/lost", headers={"X-Key": "k"}, send_as_json=True
    ).on_epoch_end(3, LOGS)
    (path, headers, body), (path2, headers2, body2) = seen
    assert (path, path2) == ("/publish/epoch/end/", "/lost")
    assert json.loads(urllib.parse.parse_qs(body)["data"][0]) == SENT
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert json.loads(body2) == SENT
    assert (headers2["Content-Type"], headers2["X-Key"]) == ("application/json", "k")


def test_a_server_that_is_not_there_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="Could not reach RemoteMonitor"):
        callbacks.RemoteMonitor("http://127.0.0.1:9").on_epoch_end(0, {})
    with pytest.raises(ValueError, match="http"):
        callbacks.RemoteMonitor("ftp://localhost")
