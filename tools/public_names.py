"""Write the `__init__.py` of rooms whose names are entered where they are defined: operations and losses.

`python tools/public_names.py --write` after a public function was added, renamed or taken out; without --write it says
which files would change. Names are read from the source: a file that is out of date does not stand in its own way.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"

OPS = '''"""narae.ops: Keras's `keras.ops` names on narae's tensors.

This file is written by `make names`.
"""

from narae.base.missing import explain_missing
from narae.ops import linalg, nn, numpy
from narae.ops import rules as _rules  # noqa: F401  (fills the table)
{imports}from narae.primitives import records as _records  # noqa: F401  (fills the table)

__all__ = [
{names}]

explain_missing(__name__, __all__)
'''
LOSSES = '''"""narae.losses: Keras's `keras.losses`, as functions and as classes.

This file is written by `make names`.
"""

from narae.base.missing import explain_missing
{imports}
__all__ = [
{names}]

explain_missing(__name__, __all__)
'''
OBJECTIVES = '''"""How far predictions are from truths: the formulas that losses and metrics share.

y_true, y_pred: (..., d) -> (...), one number per sample, but where a formula says otherwise.

This file is written by `make names`.
"""

{imports}
__all__ = [
{names}]
'''
LOSS = "builtin('keras.losses')"
LOOKUP = {"narae.losses.lookup": ["deserialize", "get", "serialize"]}


def main() -> int:
    """Write the files, or say which are out of date."""
    stale = {path: text for path, text in files().items() if path.read_text("utf-8") != text}
    for path, text in stale.items():
        state = "written" if "--write" in sys.argv else "out of date: run `make names`"
        print(f"{path.relative_to(ROOT)}: {state}")
        if "--write" in sys.argv:
            path.write_text(text, "utf-8")
    return 0 if "--write" in sys.argv else len(stale)


def files() -> Mapping[Path, str]:
    """The files and what should be in them."""
    package = SOURCE / "narae"
    objectives = _losses(package / "ops/objectives")
    losses = {**objectives, **_losses(package / "losses"), **LOOKUP}
    return {
        package / "ops/__init__.py": _written(OPS, _operations(), ("linalg", "nn", "numpy")),
        package / "ops/objectives/__init__.py": _written(OBJECTIVES, objectives),
        package / "losses/__init__.py": _written(LOSSES, losses),
    }


def _written(template: str, found: Mapping[str, list[str]], modules: tuple[str, ...] = ()) -> str:
    imports = "".join(
        f"from {module} import (\n"
        + "".join(f"    {name},\n" for name in sorted(names, key=_natural))
        + ")\n"
        for module, names in sorted(found.items())
    )
    every = sorted([*modules, *(name for names in found.values() for name in names)], key=_order)
    return template.format(imports=imports, names="".join(f'    "{name}",\n' for name in every))


def _order(name: str) -> tuple[bool, str]:
    """Classes before functions."""
    return (name.islower(), name)


def _natural(name: str) -> tuple[bool, list[str | int]]:
    """The order of sorted imports: log2 before log10."""
    parts = re.split(r"(\d+)", name)
    return (name.islower(), [int(p) if p.isdigit() else p for p in parts])


def _operations() -> dict[str, list[str]]:
    """By module: functions that are decorated, and those that are made from a row with their name."""
    found = {}
    for path in sorted((SOURCE / "narae/ops").glob("*.py")):
        body = ast.parse(path.read_text("utf-8")).body
        names = [*_decorated(body, ("public", "exported")), *_made(body)]
        if names:
            found[_module(path)] = names
    return found


def _losses(folder: Path) -> dict[str, list[str]]:
    """By module: what is decorated as one of Keras's losses."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        names = list(_decorated(ast.parse(path.read_text("utf-8")).body, (LOSS,)))
        if names:
            found[_module(path)] = names
    return found


def _decorated(body: list[ast.stmt], decorators: tuple[str, ...]) -> Iterator[str]:
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        if any(ast.unparse(one) in decorators for one in node.decorator_list):
            yield node.name


def _made(body: list[ast.stmt]) -> Iterator[str]:
    """Names of assignments whose right side is given the name: `exp = unary("exp", ...)`."""
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            (target, *_), given = node.targets, [ast.unparse(a) for a in node.value.args[:2]]
            # a name of a type, F = TypeVar("F"), is no function's
            if isinstance(target, ast.Name) and target.id.islower() and repr(target.id) in given:
                yield target.id


def _module(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


if __name__ == "__main__":
    sys.exit(main())
