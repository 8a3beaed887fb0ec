"""The server of the playground: a page, its files, and one WebSocket per browser tab."""

from __future__ import annotations

import contextlib
import gc
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from narae.app.messages import LONGEST, text_of
from narae.app.paper import PaperReader
from narae.app.pretrained import Library
from narae.app.security import Guard
from narae.app.session import Session

STATIC = Path(__file__).parent / "static"
SESSIONS = 16
CONNECTIONS = 256  # beyond it a request is answered by 503
SWITCHING = 0.0005  # seconds after which a thread that computes lets another have the interpreter


class Playground:
    """All sessions of a server, and the networks that they share."""

    def __init__(self, library: Library, most: int) -> None:
        self.library, self._most = library, most
        self.sessions: set[Session] = set()
        library.tell = self._tell

    def _tell(self, message: dict[str, Any]) -> None:
        for session in tuple(self.sessions):
            session.tell(message)

    async def connect(self, socket: WebSocket) -> None:
        """Serve a browser tab for as long as it is there."""
        await socket.accept()
        if len(self.sessions) >= self._most:
            text = f"this server has {self._most} sessions, and takes no more: close another tab"
            await socket.send_text(text_of({"type": "error", "code": "full", "message": text}))
            await socket.close(1013)
            return
        session = Session(socket, self.library)
        self.sessions.add(session)
        try:
            await session.run()
        finally:
            self.sessions.discard(session)


def create_app(
    library: Library | None = None, names: Iterable[str] = (), sessions: int = SESSIONS
) -> Starlette:
    """The application: `library` holds the networks that are trained beforehand (narae's own when not
    given), `names` are host names to answer to beside localhost and addresses."""
    playground = Playground(Library() if library is None else library, sessions)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # labs hold the interpreter for its switching interval each, 5 ms, before the event loop has its turn
        interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCHING)
        gc.freeze()  # modules and code stay: the collector, which stops all threads, need not walk them
        try:
            playground.library.start()
            yield
            await run_in_threadpool(playground.library.stop)
        finally:
            sys.setswitchinterval(interval)
            gc.unfreeze()

    app = Starlette(
        routes=[
            WebSocketRoute("/session", playground.connect),
            Route("/paper", PaperReader().post, methods=["POST"]),
            Mount("/", StaticFiles(directory=STATIC, html=True)),
        ],
        middleware=[Middleware(Guard, names=tuple(names))],
        lifespan=lifespan,
    )
    app.state.playground = playground
    return app


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises OSError that says what to do when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(64)
    except OSError as error:
        listening.close()
        fix = "--port 0 takes a free one" if port else "is the host one of this machine's?"
        raise OSError(f"cannot listen on {host}, port {port}: {error.strerror}; {fix}") from None
    return listening


def new_server(app: Starlette) -> uvicorn.Server:
    """A server for the application, quiet and with bounded messages."""
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=LONGEST,
        limit_concurrency=CONNECTIONS,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def serve(host: str, port: int, browse: bool) -> None:
    """Serve the playground until Ctrl-C; browse: open the page in the user's browser."""
    with contextlib.closing(bind(host, port)) as listening:
        url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        print(f"the playground: {url}  (Ctrl-C ends it)", flush=True)
        if (
            browse
        ):  # some browsers are waited for, so in a thread; requests wait in the socket's queue
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            new_server(create_app(names=[host, socket.gethostname()])).run(sockets=[listening])
