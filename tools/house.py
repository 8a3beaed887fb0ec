"""The house in figures: lengths of files and functions, types, who imports whom, what an addition touches.

`python tools/house.py` prints the figures of this tree; `python tools/house.py OTHER` those of another tree beside them
(a checkout of an older commit, or any folder that has `src/narae`).
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
# What somebody adds -> the names of one that is there: files that have one of them as a name or a string are touched.
ADDITIONS: Mapping[str, tuple[str, ...]] = {
    "an elementwise operation": ("log1p",),
    "an operation like conv": ("conv",),
    "an operation with lowerings": ("cumprod",),
    "a loss": ("log_cosh", "LogCosh", "logcosh"),
    "a layer": ("UnitNormalization",),
    "an optimizer": ("Lion", "lion"),
}
# Places that hold the names of all things: they are read, or written by a tool, not by hand.
LISTS = ("docs/", "CHANGELOG.md", "tests/grid/", "README")
WRITTEN = "This file is written by"  # in files that a tool writes


@dataclass(frozen=True)
class Import:
    """One import of a module of ours, or of another's."""

    line: int
    target: str
    late: bool  # within a function
    typing: bool  # under TYPE_CHECKING


@dataclass(frozen=True)
class Tree:
    """The modules of a source tree, parsed."""

    root: Path
    modules: Mapping[str, ast.Module]
    files: Mapping[str, Path]

    @classmethod
    def read(cls, root: Path) -> Tree:
        """Parse all of `root/src/narae`."""
        files = {_name(p, root / "src"): p for p in sorted((root / "src" / "narae").rglob("*.py"))}
        parsed = {name: ast.parse(p.read_text(encoding="utf-8")) for name, p in files.items()}
        return cls(root, parsed, files)


def _name(path: Path, top: Path) -> str:
    parts = path.relative_to(top).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# -- sizes -----------------------------------------------------------------------------------


def file_lines(tree: Tree) -> list[int]:
    """Lines of each file, ascending."""
    return sorted(len(p.read_text(encoding="utf-8").splitlines()) for p in tree.files.values())


def function_lines(tree: Tree) -> list[int]:
    """Lines of each function, its docstring included, ascending."""
    return sorted(
        (n.end_lineno or n.lineno) - n.lineno + 1
        for m in tree.modules.values()
        for n in _functions(m)
    )


def _functions(module: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


# -- types -----------------------------------------------------------------------------------


def untyped(tree: Tree) -> dict[str, tuple[int, int]]:
    """By room: arguments that are `Any` or have no type, and all arguments; without self, cls and **kwargs."""
    counts: dict[str, list[int]] = {}
    for name, module in tree.modules.items():
        found = counts.setdefault(_room(tree, name), [0, 0])
        for function in _functions(module):
            for argument in _arguments(function.args):
                found[0] += _says_nothing(argument.annotation)
                found[1] += 1
    return {room: (loose, all_) for room, (loose, all_) in sorted(counts.items())}


def _room(tree: Tree, name: str) -> str:
    parts = name.split(".")
    if tree.files[name].name == "__init__.py":
        parts.append("")
    return ".".join(parts[1:3] if parts[1:2] == ["executors"] and len(parts) > 3 else parts[1:2])


def _arguments(args: ast.arguments) -> Iterator[ast.arg]:
    for argument in [*args.posonlyargs, *args.args, *args.kwonlyargs]:
        if argument.arg not in ("self", "cls"):
            yield argument
    if args.vararg:
        yield args.vararg


def _says_nothing(annotation: ast.expr | None) -> bool:
    """Whether a type is Any, or a union that has Any and so is Any."""
    if annotation is None:
        return True
    if isinstance(annotation, ast.BinOp):
        return _says_nothing(annotation.left) or _says_nothing(annotation.right)
    return isinstance(annotation, ast.Name) and annotation.id == "Any"


# -- imports ---------------------------------------------------------------------------------


def imports(tree: Tree) -> dict[str, list[Import]]:
    """By module: what it imports; `from package import module` counts as the module."""
    return {name: list(_imports(tree, module)) for name, module in tree.modules.items()}


def _imports(tree: Tree, module: ast.Module) -> Iterator[Import]:
    late = {id(n) for f in _functions(module) for n in ast.walk(f)}
    typing = {
        id(n)
        for test in ast.walk(module)
        if isinstance(test, ast.If) and "TYPE_CHECKING" in ast.unparse(test.test)
        for part in test.body
        for n in ast.walk(part)
    }
    for node in ast.walk(module):
        for target in _targets(tree, node):
            yield Import(node.lineno, target, id(node) in late, id(node) in typing)  # type: ignore[attr-defined]


def _targets(tree: Tree, node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom) or not node.module:
        return []
    full = [f"{node.module}.{alias.name}" for alias in node.names]
    return sorted({name if name in tree.modules else node.module for name in full})


def late_imports(tree: Tree) -> list[tuple[str, str]]:
    """(module, what it imports within a function), of ours and of others', the standard library's left out."""
    return sorted(
        {
            (name, i.target if i.target.startswith("narae") else i.target.split(".")[0])
            for name, found in imports(tree).items()
            for i in found
            if i.late and i.target.split(".")[0] not in sys.stdlib_module_names
        }
    )


def cycles(tree: Tree, late: bool = True) -> list[list[str]]:
    """Sets of modules that import each other (Tarjan 1972). late: with imports within functions."""
    graph = {
        name: {i.target for i in found if not i.typing and (late or not i.late)}
        & set(tree.modules) - {name}
        for name, found in imports(tree).items()
    }
    return sorted(sorted(c) for c in _components(graph) if len(c) > 1)


def _components(graph: Mapping[str, set[str]]) -> list[list[str]]:
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in graph[name]:
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            at = stack.index(name)
            found.append(stack[at:])
            del stack[at:]

    for name in graph:
        if name not in index:
            visit(name)
    return found


# -- what an addition touches ----------------------------------------------------------------


def touched(root: Path, names: Sequence[str]) -> list[str]:
    """Files that have one of the names, as a name or a string of their code; and how often they have it."""
    found = []
    for path in sorted([*(root / "src").rglob("*.py"), *(root / "tests").rglob("*.py")]):
        relative = path.relative_to(root).as_posix()
        if not relative.startswith(LISTS) and _has(path, names):
            found.append(relative)
    return found


def _has(path: Path, names: Sequence[str]) -> bool:
    text = path.read_text(encoding="utf-8")
    if WRITTEN in text or not any(name in text for name in names):
        return False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and token.string in names:
            return True
        if token.type == tokenize.STRING and token.string.strip("rbfu\"'") in names:
            return True
    return False


# -- the table -------------------------------------------------------------------------------


def figures(tree: Tree) -> dict[str, str]:
    """All figures by name."""
    files, functions = file_lines(tree), function_lines(tree)
    loose, arguments = (sum(column) for column in zip(*untyped(tree).values(), strict=True))
    late = late_imports(tree)
    ours = [target for _, target in late if target.startswith("narae")]
    out = {
        "files, lines": f"{len(files)}, {sum(files):,}",
        "lines of a file: median, 95 %, most": _spread(files),
        "lines of a function: median, 95 %, most": _spread(functions),
        "arguments that are Any": f"{loose} of {arguments}, {loose / arguments:.1%}",
        "import cycles, the largest": _cycles(cycles(tree)),
        "import cycles but for imports in functions": _cycles(cycles(tree, late=False)),
        "imports in functions, of our modules": f"{len(late)}, {len(ours)}",
    }
    for what, names in ADDITIONS.items():
        places = Counter(name.split("/")[0] for name in touched(tree.root, names))
        out[f"files that {what} touches: source, tests"] = f"{places['src']}, {places['tests']}"
    return out


def _spread(sizes: Sequence[int]) -> str:
    return f"{sizes[len(sizes) // 2]}, {sizes[int(len(sizes) * 0.95)]}, {sizes[-1]}"


def _cycles(found: Sequence[Sequence[str]]) -> str:
    return f"{len(found)}, {max(map(len, found), default=0)} modules"


def main() -> None:
    """Print the table, and the rooms' shares of Any."""
    trees = [Tree.read(root) for root in [*map(Path, sys.argv[1:]), ROOT]]
    tables = [figures(tree) for tree in trees]
    for name in tables[-1]:
        print(f"{name:52}", *(f"{table[name]:>22}" for table in tables))
    print("\narguments that are Any, by room")
    for room, (loose, all_) in untyped(trees[-1]).items():
        print(f"  {room or 'narae':50} {loose:5} of {all_:5} {loose / max(all_, 1):6.1%}")


if __name__ == "__main__":
    main()
