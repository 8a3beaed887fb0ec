"""Types as a user's editor sees them: what is right passes, and each of many mistakes is reported where it is."""

from __future__ import annotations

import importlib.util
import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import narae

SCRIPTS = Path(__file__).parent / "typing"
SOURCE = Path(__file__).parents[1] / "src"
MARK = re.compile(r'# wrong: "(.*)"$')
Reports = dict[str, dict[int, str]]  # of each script, by the line


def _public() -> dict[str, list[str]]:
    """The public modules and their names, the package's own first."""
    modules = {"narae": narae, "narae.optimizers.schedules": narae.optimizers.schedules}
    modules |= {f"narae.{name}": getattr(narae, name) for name in narae.__all__}
    return {
        path: list(module.__all__)
        for path, module in modules.items()
        if isinstance(module, ModuleType) and hasattr(module, "__all__")
    }


def _generated() -> dict[str, list[str]]:
    """Scripts that go over all there is: names, a misspelt name of each module, objects of each class."""
    imports = [*(f"import {path}" for path in _public()), "from typing import Any"]
    head = [*imports, "args: tuple[Any, ...] = ()", "options: dict[str, Any] = {}"]
    names, misspelt, made = [*head], [*head], [*head]
    for path, known in _public().items():
        misspelt.append(f"{path}.no_such_name")
        for name in known:
            names.append(f"{path}.{name}")
            if inspect.isclass(getattr(sys.modules[path], name)):
                made.append(f"reveal_type({path}.{name}(*args, **options))")
    return {"names.py": names, "misspelt.py": misspelt, "made.py": made}


GENERATED = _generated()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """What pyright says of each script, by the line, as an editor without settings does."""
    pytest.importorskip("pyright")
    folder = tmp_path_factory.mktemp("pyright")
    for script in SCRIPTS.glob("*.py"):
        shutil.copy(script, folder)
    for name, lines in GENERATED.items():
        (folder / name).write_text("\n".join(lines))
    settings = {"extraPaths": [str(SOURCE)], "reportUnusedExpression": False}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "-p", str(folder), "--outputjson"]
    done = subprocess.run(
        [*command, "--pythonpath", sys.executable], capture_output=True, text=True, timeout=300
    )
    report = json.loads(done.stdout)
    scripts = [path.name for path in folder.glob("*.py")]
    assert report["summary"]["filesAnalyzed"] == len(scripts), done.stderr
    found: Reports = {name: {} for name in scripts}
    for error in report["generalDiagnostics"]:
        line = error["range"]["start"]["line"] + 1
        found[Path(error["file"]).name].setdefault(line, error["message"])
    return found


def test_right_uses_pass(reports: Reports) -> None:
    assert reports["right.py"] == {}


def test_right_uses_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is called right is right."""
    spec = importlib.util.spec_from_file_location("right", SCRIPTS / "right.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path)


def test_each_mistake_is_reported(reports: Reports) -> None:
    lines = (SCRIPTS / "mistakes.py").read_text().splitlines()
    marks = {n: m.group(1) for n, line in enumerate(lines, 1) if (m := MARK.search(line))}
    assert len(marks) >= 12
    found = reports["mistakes.py"]
    silent = {n: lines[n - 1] for n in marks if n not in found}
    assert silent == {}, "mistakes that a checker lets pass"
    assert found.keys() == marks.keys()
    unclear = {n: found[n] for n, what in marks.items() if what not in found[n]}
    assert unclear == {}, "the message does not name what is wrong"


def test_every_public_name_is_known(reports: Reports) -> None:
    lines = GENERATED["names.py"]
    assert {lines[n - 1]: said for n, said in reports["names.py"].items()} == {}


def test_a_misspelt_name_is_reported_in_every_module(reports: Reports) -> None:
    asked = {n for n, line in enumerate(GENERATED["misspelt.py"], 1) if "no_such" in line}
    assert reports["misspelt.py"].keys() == asked


def test_a_constructor_gives_its_own_class(reports: Reports) -> None:
    wrong = {}
    for n, said in reports["made.py"].items():
        path = GENERATED["made.py"][n - 1].removeprefix("reveal_type(").split("(")[0]
        module, _, name = path.rpartition(".")
        own = getattr(sys.modules[module], name).__name__  # some classes have several names
        if not re.search(rf'is "{own}(\[.*\])?"$', said):
            wrong[path] = said
    assert wrong == {}
    assert len(reports["made.py"]) > 200
