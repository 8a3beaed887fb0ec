"""Files: whole or not at all; the cache folder where the user wants it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from narae.base import files
from narae.base.files import atomic_write, cache_dir


@pytest.mark.parametrize(("mode", "content"), [("wb", b"a\n\xff"), ("w", "나래 × 1\n")])
@pytest.mark.parametrize("sync", [True, False])
def test_writes_what_was_given(tmp_path: Path, mode: str, content: bytes | str, sync: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with atomic_write(path, mode, sync=sync) as file:
        file.write(content)
        assert path.read_bytes() == b"old"
    got = path.read_bytes() if mode == "wb" else path.read_text(encoding="utf-8")
    assert got == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_alone(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def stopped_halfway() -> None:
        with atomic_write(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        stopped_halfway()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_to_replace_cleans_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises(PermissionError), atomic_write(tmp_path / "file") as file:
        file.write(b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_the_error_of_open(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "absent" / "file"):
        pytest.fail("the block ran")


@pytest.mark.parametrize("mode", ["a", "r", "r+", "x"])
def test_only_whole_files(tmp_path: Path, mode: str) -> None:
    with pytest.raises(ValueError, match='"wb" or "w"'), atomic_write(tmp_path / "file", mode):
        pytest.fail("the block ran")


@pytest.mark.skipif(os.name != "posix", reason="links and permissions of POSIX")
def test_links_and_permissions_are_as_open_leaves_them(tmp_path: Path) -> None:
    real, link, plain = (tmp_path / name for name in ("real", "link", "plain"))
    link.symlink_to(real)
    with atomic_write(link) as file:
        file.write(b"through the link")
    plain.write_bytes(b"")
    assert link.is_symlink()
    assert real.read_bytes() == b"through the link"
    assert real.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize(
    ("narae", "xdg", "expected"),
    [
        ("/a/b", "/c", "/a/b"),
        ("", "/c", "/c/narae"),
        ("", "relative", "/h/.cache/narae"),
        ("", "", "/h/.cache/narae"),
        ("~/x", "", "/h/x"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="HOME is POSIX's")
def test_cache_folder(monkeypatch: pytest.MonkeyPatch, narae: str, xdg: str, expected: str) -> None:
    for name, value in {"NARAE_HOME": narae, "XDG_CACHE_HOME": xdg, "HOME": "/h"}.items():
        monkeypatch.setenv(name, value)
    assert cache_dir() == Path(expected)


KILLED = """
import os, signal, sys
from narae.base.files import atomic_write
with atomic_write(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    print("written", flush=True)
    sys.stdin.read(1)
"""


def test_what_a_killed_writer_left_goes_at_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    command = [sys.executable, "-c", KILLED, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as dead, subprocess.Popen(command, **pipes) as lives:
        assert dead.stdout is not None
        assert lives.stdout is not None
        assert lives.stdin is not None
        dead.stdout.readline(), lives.stdout.readline()
        dead.kill()
        dead.wait()
        left = {p.name for p in tmp_path.iterdir()}
        assert len(left) == 2
        (tmp_path / ".other.keras.01234567.tmp").write_bytes(b"of another file")
        with atomic_write(path) as file:
            file.write(b"whole")
        now = {p.name for p in tmp_path.iterdir()}
        # the one of the process that lives is there, and takes the place of the file when it is done
        assert len(now & left) == 1
        assert path.read_bytes() == b"whole"
        lives.stdin.close()
        assert lives.wait() == 0
    assert path.read_bytes() == b"half"
    assert {p.name for p in tmp_path.iterdir()} == {"m.keras", ".other.keras.01234567.tmp"}
