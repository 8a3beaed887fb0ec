"""Pages whose code runs: the blocks of a Markdown file, run in order, with what they print held to what the page shows.

    python tools/pages.py docs/learn/*/[0-9]*.md              run the pages, say what differs
    python tools/pages.py --update PAGE...                    write what the code printed into the pages
    python tools/pages.py --figures docs/learn/figures PAGE...   where their pictures go, in a folder for each language

A block marked `python` is run; a block marked `text` after it is what it prints, compared as doctest does: "..."
stands for anything, and amounts of blanks do not count. In a `text` block with a title, `text title="numbers may
differ a little"` or such, they may by 0.02 and 5 %: what training gives depends in the last digits on the machine's
arithmetic. What a block draws with pyplot is written to the pictures that the page shows after it, in their order.

A block in a comment that begins with `<!-- hidden` is run too, but neither the site nor the notebook shows it: drawings
that are not the lesson. It sees what the page has defined, and what it defines itself the page doesn't see, so that the
visible code runs without it.
"""

from __future__ import annotations

import argparse
import contextlib
import doctest
import io
import itertools
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LEARN = ROOT / "docs" / "learn"
LANGUAGES = ("en", "ko")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
COLOURS = 128  # of a picture's palette: enough for these drawings, a quarter of the bytes

FENCE = re.compile(r"^```(\w*)( title=[^\n]*)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HIDDEN = re.compile(r"^<!-- hidden\n.*?^-->\n", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"!\[([^\]]*)\]\((?:\.\./)*(?:learn/)?figures/([\w./-]+)\)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_PART = re.compile(r"-?\d+(?:\.\d+)?|\.\.\.|\s+|.")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, title and text, the number of its first line, and where the text lies in the page.

    hidden: whether readers don't see it.
    """

    language: str
    title: str
    text: str
    line: int
    span: tuple[int, int]
    hidden: bool = False


@dataclass(frozen=True)
class Example:
    """A block of code, what it prints when the page shows that, and the pictures (en/1-digits.png) that it draws."""

    code: Block
    shown: Block | None
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What an example printed."""

    example: Example
    printed: str

    @property
    def right(self) -> bool:
        """Whether the page shows what was printed."""
        return self.exact or shows(self.example.shown, self.printed)

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
    hidden = [found.span() for found in HIDDEN.finditer(page)]
    return [
        Block(
            found[1],
            (found[2] or "").removeprefix(" title=").strip('"'),
            found[3],
            page.count("\n", 0, found.start(3)) + 1,
            found.span(3),
            any(start < found.start() < end for start, end in hidden),
        )
        for found in FENCE.finditer(page)
    ]


def examples(page: str) -> list[Example]:
    """The blocks to run, each with the `text` block that follows it, if the next block is one."""
    found = blocks(page)
    starts = [block.span[0] for block in found if block.language == "python"] + [len(page)]
    ends = dict(itertools.pairwise(starts))
    return [
        Example(
            block,
            after if after is not None and after.language == "text" else None,
            tuple(shown[2] for shown in PICTURE.finditer(page, block.span[1], ends[block.span[0]])),
        )
        for block, after in zip(found, [*found[1:], None][: len(found)], strict=True)
        if block.language == "python"
    ]


def visible(page: str) -> str:
    """The page as a reader sees it, without hidden blocks.

    >>> visible("a\\n<!-- hidden\\n```python\\nx = 1\\n```\\n-->\\nb\\n")
    'a\\nb\\n'
    """
    return HIDDEN.sub("", page)


def pictures(page: str) -> dict[str, str]:
    """The figures that a page shows: file name -> its description."""
    return {name: description for description, name in PICTURE.findall(page)}


def exercises(page: str) -> list[tuple[str, str]]:
    """The exercises of a page, each as its question and its solution, which stands folded below it.

    >>> exercises("## Exercises\\n\\nAdd 1 and 1.\\n\\n<details>\\n2\\n</details>\\n\\n## End\\n")
    [('Add 1 and 1.', '<details>\\n2\\n</details>')]
    """
    part = re.search(
        r"^## (?:Exercises|연습 문제)$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL
    )
    folded = r"(.*?)^(<details.*?^</details>)$"
    found = re.findall(folded, part[1] if part else "", re.MULTILINE | re.DOTALL)
    return [(question.strip(), solution) for question, solution in found]


def shows(block: Block | None, printed: str) -> bool:
    """Whether what was printed is what a block shows; roughly, where the block has a title."""
    if block is not None and block.title and about(block.text, printed):
        return True
    return doctest.OutputChecker().check_output(block.text if block else "", printed, FLAGS)


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


def language_of(path: Path) -> str:
    """The language of a page, by its folder: "ko", else "en"."""
    return "ko" if path.parent.name == "ko" else "en"


def run(path: Path, figures: Path) -> Iterator[Outcome]:
    """Run a page's examples in one namespace, as a person would who types them in; pictures go to `figures`.

    What an example raises passes through, with the page's own line numbers in the traceback. Raises ValueError for a
    block that draws another number of figures than the page shows after it, MissingFont for a Korean page with
    pictures where no font has Hangul.
    """
    page = path.read_text(encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with _language(language_of(path)), _drawing(language_of(path), bool(pictures(page))):
        for example in examples(page):
            lines = "\n" * (example.code.line - 1)
            seen = dict(namespace) if example.code.hidden else namespace
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(lines + example.code.text, str(path), "exec"), seen)
            _keep_figures(example, figures, path)
            yield Outcome(example, printed.getvalue())


@contextlib.contextmanager
def _language(name: str) -> Iterator[None]:
    """narae's messages in the page's language."""
    from narae.base import language

    language.set_language(name)
    try:
        yield
    finally:
        language.set_language(None)


@contextlib.contextmanager
def _drawing(language: str, draws: bool) -> Iterator[None]:
    """pyplot without a window, `show` without effect, labels in the page's language; all as before at the end."""
    if not draws:
        yield
        return
    import matplotlib

    matplotlib.use("Agg")
    from docs.learn import drawing
    from matplotlib import pyplot

    shown, pyplot.show = pyplot.show, lambda *_, **__: None
    family = ["DejaVu Sans"] if language == "en" else [drawing.hangul(), "DejaVu Sans"]
    try:
        with matplotlib.rc_context({"font.family": family}):
            yield
    finally:
        pyplot.show = shown
        pyplot.close("all")


def _keep_figures(example: Example, folder: Path, path: Path) -> None:
    """Write what a block drew as the pictures that the page shows after it: small PNGs of a palette."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    drawn = [pyplot.figure(number) for number in pyplot.get_fignums()] if pyplot else []
    if len(drawn) != len(example.pictures):
        raise ValueError(
            f"{path}, line {example.code.line}: {len(drawn)} figures are drawn, {len(example.pictures)} shown after it"
        )
    for figure, name in zip(drawn, example.pictures):
        from PIL import Image

        from narae.base.files import atomic_write

        written = io.BytesIO()
        figure.savefig(written, format="png", dpi=100)
        picture = Image.open(written).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / name) as file:
            picture.save(file, format="png", optimize=True)
    if drawn:
        pyplot.close("all")


def update(path: Path, outcomes: list[Outcome]) -> None:
    """Write what was printed into the page, wherever it shows something else."""
    page = path.read_text(encoding="utf-8")
    for outcome in reversed(outcomes):
        if outcome.right:
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
    from docs.learn.drawing import MissingFont

    wrong = 0
    for path in arguments.pages:
        try:
            outcomes = list(run(path, arguments.figures))
        except MissingFont as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
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
