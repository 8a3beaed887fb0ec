"""`narae play`."""

from __future__ import annotations

import importlib.util

from narae.base.errors import MissingExtra
from narae.base.language import tr

_NEEDED = {
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "websockets": "websockets",
    "PIL": "pillow",
}


def play(host: str, port: int, browse: bool) -> None:
    """Serve the playground. Raises MissingExtra without the extra `app`, OSError for a port that is taken."""
    missing = [name for module, name in _NEEDED.items() if not importlib.util.find_spec(module)]
    if missing:
        raise MissingExtra(", ".join(missing), "app", tr("the playground"))
    from narae.app.server import serve

    serve(host, port, browse)
