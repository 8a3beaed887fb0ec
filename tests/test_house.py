"""The house keeps its own rules: sizes, start-up, and nothing of one machine in what is committed."""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import house

import narae.layers
import narae.ops
from narae.tensor.public_names import PUBLIC

ROOT = Path(__file__).parent.parent
FILE_LINES, FUNCTION_LINES = 400, 60
# Files beyond the limit, and how far they may go: lists of names, and functions whose docstrings
# are most of their lines. Whoever splits one takes its line out.
LONG = {
    "src/narae/ops/__init__.py": 800,
}
HOUSE = house.Tree.read(ROOT)  # all sources, parsed once
HEAVY = {"matplotlib", "PIL", "pandas", "jax", "h5py", "llvmlite", "typer", "rich", "starlette"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions() -> Iterator[tuple[str, int]]:
    """Each function with its lines but for the docstring: what it explains makes it no harder to read."""
    for module, tree in HOUSE.modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if ast.get_docstring(node, clean=False) is not None:
                    lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
                yield f"{relative(HOUSE.files[module])}:{node.lineno} {node.name}", lines


def committed() -> list[Path]:
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in found.stdout.decode().split("\0") if name]


def file_lines() -> dict[str, int]:
    return {
        relative(p): len(p.read_text(encoding="utf-8").splitlines()) for p in HOUSE.files.values()
    }


def test_files_are_short() -> None:
    long = {name: n for name, n in file_lines().items() if n > LONG.get(name, FILE_LINES)}
    assert not long, f"files of more than {FILE_LINES} lines: split them {long}"


def test_exceptions_are_still_needed() -> None:
    lines = file_lines()
    assert [name for name in LONG if lines.get(name, 0) <= FILE_LINES] == []


def test_functions_are_short() -> None:
    long = {name: n for name, n in functions() if n > FUNCTION_LINES}
    assert not long, f"functions of more than {FUNCTION_LINES} lines: give their parts names {long}"


def test_most_functions_are_much_shorter() -> None:
    lengths = sorted(n for _, n in functions())
    assert lengths[len(lengths) // 2] <= 10
    assert lengths[int(len(lengths) * 0.95)] <= 30


def test_no_module_imports_itself_by_others() -> None:
    assert house.cycles(HOUSE) == []


def test_imports_within_functions_have_a_reason() -> None:
    """Those of the table, and no others: at most 36."""
    with (ROOT / "tools" / "late_imports.toml").open("rb") as file:
        rows = tomllib.load(file)["late"]
    allowed = sorted((row["module"], name) for row in rows for name in row["imports"])
    assert house.late_imports(HOUSE) == allowed
    assert len(allowed) <= 36
    assert all(row["reason"].startswith(("optional: ", "start-up: ")) for row in rows)


def test_arguments_have_types() -> None:
    """At most 5 % of them are Any, in all and in each room with many."""
    rooms = house.untyped(HOUSE)
    loose = {room: f"{n} of {all_}" for room, (n, all_) in rooms.items() if n > max(5, 0.05 * all_)}
    assert loose == {}


def test_keywords_that_all_layers_take_have_types() -> None:
    """`**kwargs: Unpack[LayerOptions]`, or a misspelt keyword is no error in an editor. InputLayer has none of them."""
    loose = []
    for name in sorted(set(narae.layers.__all__) - {"InputLayer"}):
        layer = getattr(narae.layers, name)
        if isinstance(layer, type):
            given = inspect.signature(layer.__init__).parameters.values()
            kwargs = [p for p in given if p.kind is p.VAR_KEYWORD]
            loose += [name for p in kwargs if not str(p.annotation).startswith("Unpack[")]
    assert loose == [], "write `**kwargs: Unpack[LayerOptions]` (layers/options.py)"


def loaded_by(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter has after a statement."""
    code = f"{statement}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import narae",
        "import narae; narae.Sequential([narae.layers.Dense(1)]).compile('rmsprop', 'mse')",
        "from narae.datasets import mnist",
    ],
)
def test_starting_loads_nothing_heavy(statement: str) -> None:
    assert not loaded_by(statement) & HEAVY


def test_importing_narae_loads_no_room() -> None:
    code = "import narae, sys; print(*(m for m in sys.modules if m.startswith('narae.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_model_is_made_without_what_reads_files_and_draws() -> None:
    """Each of these takes milliseconds of every start."""
    code = (
        "import sys, numpy\n"
        "before = set(sys.modules)\n"
        "import narae; narae.Sequential([narae.layers.Dense(1)]).compile('rmsprop', 'mse')\n"
        "print(*set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "narae.models" in loaded
    assert not loaded & {
        *("narae.saving", "narae.utils.images", "narae.utils.model_plot"),
        *(
            "numpy.random",
            "numpy.polynomial",
            "urllib.request",
            "argparse",
            "concurrent.futures",
            "difflib",
            "logging",
            "zipfile",
        ),
    }


def test_a_first_step_does_not_load_masked_arrays() -> None:
    code = (
        "import narae, numpy as np, sys\n"
        "model = narae.Sequential([narae.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)\n"
        "print(narae.ops.add([1, 2], np.float32(3)).tolist(), 'numpy.ma' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("] ")[-1].strip() == "False"


def test_lists_of_public_names_are_as_the_sources_say() -> None:
    """`make names` writes them."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools/public_names.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_public_operations_enter_themselves() -> None:
    modules = {"linalg", "nn", "numpy"}  # Keras's modules of operations
    assert {*PUBLIC, *modules} == set(narae.ops.__all__)
    for name, entry in PUBLIC.items():
        assert getattr(narae.ops, name) is entry.function
        assert getattr(sys.modules[entry.module], name) is entry.function


def test_every_public_name_is_there() -> None:
    import narae

    assert [name for name in narae.__all__ if getattr(narae, name, None) is None] == []


def test_version_is_stated_once_more_only() -> None:
    import narae

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert narae.__version__ == project["version"]


def test_nothing_committed_names_a_machine() -> None:
    # Put together here, so that this file does not name them either.
    words = [
        *("/" + "home/", "/" + "root/", "/" + "Users/", "/" + "work/"),
        os.sep + "tmp" + "/brief",
    ]
    pattern = re.compile("|".join(rf"(?<![\w.]){re.escape(word)}" for word in words))
    named = [
        f"{relative(path)}: {match.group()}"
        for path in committed()
        if path.suffix != ".xz" and path.exists()
        for match in pattern.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert not named


def test_shipped_data_is_what_the_build_verifies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["hooks"]["custom"]["path"] == "hatch_build.py"
    data = ROOT / "src" / "narae" / "datasets" / "data"
    sums = [line.split() for line in (data / "SHA256SUMS").read_text().splitlines()]
    assert [name for _, name in sums] == ["mnist.xz"]
    assert [hashlib.sha256((data / name).read_bytes()).hexdigest() for _, name in sums] == [
        digest for digest, _ in sums
    ]
