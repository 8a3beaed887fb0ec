"""Pages whose code runs: the blocks of a Markdown file, run in order, with what they print held to what the page shows.

    python tools/pages.py docs/learn/en/*.md                  run the pages, say what differs
    python tools/pages.py --update PAGE...                    write what the code printed into the pages
    python tools/pages.py --figures docs/learn/figures PAGE...   where their pictures go

A block marked `python` is run; a block marked `text` after it is what it prints, compared as doctest does: "..."
stands for anything, and amounts of blanks do not count. In a block with a title, `text title="numbers may
differ a little"` or such, they may by 0.02 and 5 %: what training gives depends in the last digits on the machine's
arithmetic.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import doctest
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

_FENCE = re.compile(r"^```(\w*)( title=[^\n]*)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_PART = re.compile(r"-?\d+(?:\.\d+)?|\.\.\.|\s+|.")
_PICTURE = re.compile(r"!\[([^\]]*)\]\((?:\.\./)*(?:learn/)?figures/([\w.-]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the number of its first line, and where the text lies in the page.

    about: whether its numbers are approximate.
    """

    language: str
    about: bool
    text: str
    line: int
    span: tuple[int, int]


@dataclass(frozen=True)
class Example:
    """A block of code and, when the page shows it, what it prints."""

    code: Block
    shown: Block | None


@dataclass(frozen=True)
class Outcome:
    """What an example printed."""

    example: Example
    printed: str

    @property
    def right(self) -> bool:
        """Whether the page shows what was printed."""
        block = self.example.shown
        loosely = block is not None and block.about and about(block.text, self.printed)
        return loosely or self.exact

    @property
    def exact(self) -> bool:
        """The same, without the tolerance of blocks with a title."""
        block = self.example.shown
        shown = block.text if block else ""
        return doctest.OutputChecker().check_output(shown, self.printed, FLAGS)

    def __str__(self) -> str:
        shown = self.example.shown.text if self.example.shown else "(nothing)\n"
        return (
            f"line {self.example.code.line}: the page shows\n{shown}the code prints\n{self.printed}"
        )


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page.

    >>> [(block.language, block.text) for block in blocks("A.\\n```python\\nx = 1\\n```\\n")]
    [('python', 'x = 1\\n')]
    """
    return [
        Block(
            found[1],
            bool(found[2]),
            found[3],
            page.count("\n", 0, found.start(3)) + 1,
            found.span(3),
        )
        for found in _FENCE.finditer(page)
    ]


def examples(page: str) -> list[Example]:
    """The blocks to run, each with the `text` block that follows it, if the next block is one."""
    found = blocks(page)
    return [
        Example(block, after if after is not None and after.language == "text" else None)
        for block, after in zip(found, [*found[1:], None], strict=True)
        if block.language == "python"
    ]


def pictures(page: str) -> dict[str, str]:
    """The figures that a page shows: file name -> its description."""
    return {name: description for description, name in _PICTURE.findall(page)}


def about(shown: str, printed: str) -> bool:
    """Whether two texts are the same but for small differences of their numbers.

    >>> about("loss 0.31 ... 2 epochs", "loss 0.32 after 2 epochs"), about("loss 0.31", "loss 0.62")
    (True, False)
    """
    pattern = "".join(_loosely(part) for part in _PART.findall(shown.strip()))
    found = re.fullmatch(pattern, printed.strip(), re.DOTALL)
    if found is None:
        return False
    wanted = [float(part) for part in _PART.findall(shown) if _NUMBER.fullmatch(part)]
    pairs = zip(wanted, map(float, found.groups()), strict=True)
    return all(abs(got - want) <= 0.02 + 0.05 * abs(want) for want, got in pairs)


def _loosely(part: str) -> str:
    """The pattern that a part of a shown text stands for."""
    if _NUMBER.fullmatch(part):
        return f"({_NUMBER.pattern})"
    return {"...": ".*?"}.get(part, r"\s+" if part.isspace() else re.escape(part))


def bare_code(code: str) -> str:
    """Code without comments and docstrings, so that two pages may have these each in its own language.

    >>> bare_code("x = 1  # one\\n") == bare_code("x = 1  # 하나\\n")
    True
    """
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


def run(path: Path, figures: Path) -> Iterator[Outcome]:
    """Run a page's examples in one namespace, as a person would who types them in; pictures go to `figures`.

    What an example raises passes through, with the page's own line numbers in the traceback.
    """
    from docs.learn import drawing

    drawing.folder = figures
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for example in examples(path.read_text(encoding="utf-8")):
        lines = "\n" * (example.code.line - 1)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(lines + example.code.text, str(path), "exec"), namespace)
        yield Outcome(example, printed.getvalue())


def update(path: Path, outcomes: list[Outcome]) -> None:
    """Write what was printed into the page, wherever it shows something else."""
    page = path.read_text(encoding="utf-8")
    for outcome in reversed(outcomes):
        if outcome.exact:
            continue
        printed = "\n".join(line.rstrip() for line in outcome.printed.splitlines()) + "\n"
        if outcome.example.shown:
            start, end = outcome.example.shown.span
            page = page[:start] + printed + page[end:]
        else:
            end = outcome.example.code.span[1] + len("```\n")
            page = f"{page[:end]}\n```text\n{printed}```\n{page[end:]}"
    path.write_text(page, encoding="utf-8")


def main() -> int:
    """Run the pages named; 1 when one shows what its code does not print."""
    parser = argparse.ArgumentParser(description="Run the code of Markdown pages.")
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--figures", type=Path, default=Path("figures"))
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    wrong = 0
    for path in arguments.pages:
        outcomes = list(run(path, arguments.figures))
        bad = [outcome for outcome in outcomes if not outcome.right]
        print(f"{path}: {len(outcomes)} blocks run, {len(bad)} differ")
        if arguments.update:
            update(path, outcomes)
        else:
            sys.stdout.writelines(f"{outcome}\n" for outcome in bad)
            wrong += len(bad)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
