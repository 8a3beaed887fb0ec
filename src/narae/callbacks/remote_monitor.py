"""RemoteMonitor: the metrics of every epoch sent to a server."""

from __future__ import annotations

import json
from urllib.parse import urlencode, urlsplit

import numpy as np

from narae.base.errors import warn_user
from narae.callbacks.base import Callback, Logs
from narae.distributed.processes import leads

_PATIENCE = 10  # seconds that an answer may take: training waits


class RemoteMonitor(Callback):
    """Sends `epoch` and the metrics by name after each epoch, by POST to `root + path`.

    A server that does not answer is warned of, and training goes on.

    Args:
        root: the server's address, http:// or https://.
        path: the path on the server.
        field: the form's field that holds the metrics as JSON.
        headers: headers of the request; None for none.
        send_as_json: whether the JSON is the whole body, of type application/json, rather than a form.

    Raises:
        ValueError: root is no address of http or https.

    >>> RemoteMonitor("http://localhost:9000").path
    '/publish/epoch/end/'
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        if urlsplit(root).scheme not in ("http", "https"):
            raise ValueError(f"RemoteMonitor sends to http:// or https:// addresses, got {root!r}")
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Send the epoch's metrics: from process 0, when there are several."""
        if not leads():
            return
        import urllib.error  # start-up: these load some forty modules
        import urllib.request

        text = json.dumps({"epoch": epoch, **{k: _plain(v) for k, v in (logs or {}).items()}})
        body = text if self.send_as_json else urlencode({self.field: text})
        kind = "json" if self.send_as_json else "x-www-form-urlencoded"
        headers = {"Content-Type": f"application/{kind}", **(self.headers or {})}
        request = urllib.request.Request(self.root + self.path, body.encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE):
                pass
        except urllib.error.HTTPError as error:
            error.close()  # it got there: what the server thinks of it is the server's matter
        except OSError as error:
            warn_user(f"Could not reach RemoteMonitor root server at {self.root}: {error}")


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
