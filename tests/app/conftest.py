"""A server that listens, with networks that are trained once for all tests here, and sessions with it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync import client

from narae.app.pretrained import RECIPES, Library, Recipe
from narae.app.server import bind, create_app, new_server

PATIENCE = 60.0  # seconds: machines that test have other work to do


class Served:
    """The playground at an address of this machine, in a thread; it can end, and come again there."""

    def __init__(self, folder: Path, sessions: int = 16) -> None:
        self._folder, self._sessions, self.port = folder, sessions, 0
        self.start()

    def start(self) -> None:
        recipes = {
            "dense": RECIPES["dense"],
            "conv": Recipe(RECIPES["conv"].layers, epochs=1, samples=2000),
        }
        self.library = Library(recipes, self._folder)
        app = create_app(self.library, sessions=self._sessions)
        self.playground = app.state.playground
        self._listening = bind("127.0.0.1", self.port)
        self.port = self._listening.getsockname()[1]
        self._server = new_server(app)
        run = lambda: self._server.run(sockets=[self._listening])
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        until(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._listening.close()
        assert not self._thread.is_alive()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def session(self, **options: Any) -> Iterator[Session]:
        options = {"origin": self.url, "max_size": None, **options}
        with client.connect(f"ws://127.0.0.1:{self.port}/session", **options) as socket:
            yield Session(socket)


class Session:
    """A browser tab, without the browser."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    def send(self, kind: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": kind, **fields}))

    def next(self) -> dict[str, Any]:
        return json.loads(self.socket.recv(timeout=PATIENCE))

    def wait(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next message of a kind, with these fields; those between are left."""
        while True:
            message = self.next()
            if message["type"] == kind and all(message.get(k) == v for k, v in fields.items()):
                return message


def until(true: Callable[[], Any]) -> Any:
    """Wait until something is true."""
    end = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)
    return found


@pytest.fixture(scope="session")
def folder(tmp_path_factory: Any) -> Path:
    return tmp_path_factory.mktemp("playground")


@pytest.fixture(scope="session")
def served(folder: Path) -> Iterator[Served]:
    """A server whose networks are ready."""
    served = Served(folder)
    assert served.library.wait(PATIENCE)
    yield served
    served.stop()


@pytest.fixture
def session(served: Served) -> Iterator[Session]:
    with served.session() as session:
        session.wait("library")
        yield session


def labs() -> list[threading.Thread]:
    """The threads that train for sessions."""
    return [
        t
        for t in threading.enumerate()
        if t.name.startswith(("narae-digits", "narae-plane", "narae-compare"))
    ]
