"""Types as a user's editor sees them: what is right passes, and each of many mistakes is reported where it is."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "typing"
SOURCE = Path(__file__).parents[1] / "src"
MARK = re.compile(r'# wrong: "(.*)"$')


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, str]]:
    """What pyright says of each script, by the line, as an editor without settings does."""
    pytest.importorskip("pyright")
    folder = tmp_path_factory.mktemp("pyright")
    for script in SCRIPTS.glob("*.py"):
        shutil.copy(script, folder)
    settings = {"extraPaths": [str(SOURCE)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "-p", str(folder), "--outputjson"]
    done = subprocess.run(
        [*command, "--pythonpath", sys.executable], capture_output=True, text=True, timeout=300
    )
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == 2, done.stderr
    found: dict[str, dict[int, str]] = {"right.py": {}, "mistakes.py": {}}
    for error in report["generalDiagnostics"]:
        line = error["range"]["start"]["line"] + 1
        found[Path(error["file"]).name].setdefault(line, error["message"])
    return found


def test_right_uses_pass(errors: dict[str, dict[int, str]]) -> None:
    assert errors["right.py"] == {}


def test_each_mistake_is_reported(errors: dict[str, dict[int, str]]) -> None:
    lines = (SCRIPTS / "mistakes.py").read_text().splitlines()
    marks = {n: m.group(1) for n, line in enumerate(lines, 1) if (m := MARK.search(line))}
    assert len(marks) >= 12
    found = errors["mistakes.py"]
    silent = {n: lines[n - 1] for n in marks if n not in found}
    assert silent == {}, "mistakes that a checker lets pass"
    assert found.keys() == marks.keys()
    unclear = {n: found[n] for n, what in marks.items() if what not in found[n]}
    assert unclear == {}, "the message does not name what is wrong"


def test_right_uses_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is called right is right."""
    spec = importlib.util.spec_from_file_location("right", SCRIPTS / "right.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path)
