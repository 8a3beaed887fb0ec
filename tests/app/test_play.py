"""`narae play`: it says where it is, serves, and ends by Ctrl-C."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from narae.app.server import bind
from narae.base.errors import MissingExtra
from narae.cli.play import play

COMMAND = [sys.executable, "-m", "narae", "play", "--no-open"]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_it_says_where_it_is_and_ends_by_ctrl_c(folder: Path, served: Any) -> None:
    # the cache folder of these tests has trained networks: nothing is trained here
    environment = {**os.environ, "NARAE_HOME": str(folder)}
    with subprocess.Popen(
        [*COMMAND, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        url = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert url, line
        with urllib.request.urlopen(url.group()) as answer:
            assert "나래" in answer.read().decode()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().decode()
        assert process.wait(60) == 0
        assert rest == ""


def test_a_port_that_is_taken_is_said_in_a_line() -> None:
    taken = bind("127.0.0.1", 0)
    port = str(taken.getsockname()[1])
    done = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, check=False)
    taken.close()
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"cannot listen on 127.0.0.1, port {port}" in done.stderr


@pytest.mark.parametrize("name", ["starlette", "uvicorn", "websockets", "PIL"])
def test_a_missing_part_is_named_with_its_mend(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == name else found(n))
    with pytest.raises(MissingExtra, match=r"pip install 'narae\[app\]'"):
        play("127.0.0.1", 0, False)
