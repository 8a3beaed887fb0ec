"""Who may talk to the server: pages that it served itself, under a name that cannot be rebound.

A page of another site can make a browser send requests to 127.0.0.1. Its WebSocket carries its own
Origin, which is refused. With DNS rebinding its name comes to mean 127.0.0.1, and its Origin would fit;
but then that name is in the Host header, and is refused. (Addresses in numbers cannot be rebound.)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # another version of narae has other files under the same names
}


def host_name(netloc: str) -> str | None:
    """The name in a Host header, lower case, without port and brackets; None for what is none.

    >>> host_name("[::1]:8765"), host_name("LocalHost"), host_name("a b")
    ('::1', 'localhost', None)
    """
    if not netloc or set(netloc) & set(" \t/\\@?#;'\",<>"):
        return None
    try:
        parts = urlsplit(f"//{netloc}")
        return parts.hostname if parts.port is None or parts.port >= 0 else None
    except ValueError:
        return None


def is_address(name: str) -> bool:
    """Whether a name is an address in numbers."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_own(headers: Mapping[str, str]) -> bool:
    """Whether a request was sent by a page of this server, by its Origin; scripts without a browser have none.

    >>> is_own({"host": "localhost:8765", "origin": "http://localhost:8765"}), is_own({"host": "localhost:8765"})
    (True, True)
    >>> is_own({"host": "localhost:8765", "origin": "https://elsewhere.example"})
    False
    """
    host, origin = headers.get("host", "").lower(), headers.get("origin", "").lower()
    return not origin or origin in (f"http://{host}", f"https://{host}")


class Guard:
    """Refuses hosts that are not ours and WebSockets of other pages; adds the headers of safety.

    names: host names beside localhost that the server answers to.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what is allowed."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        allowed = self._is_ours(host)
        if scope["type"] == "websocket":
            origin = headers.get("origin", "").lower()
            same = origin in (f"http://{host.lower()}", f"https://{host.lower()}")
            if allowed and same:
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return
        if not allowed:
            refusal = PlainTextResponse("narae: this host name is not served here", 400)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, _with_headers(send, host))

    def _is_ours(self, host: str) -> bool:
        name = host_name(host)
        return name is not None and (name in self._names or is_address(name))


def _with_headers(send: Send, host: str) -> Any:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value.format(host=host)
        await send(message)

    return sent
