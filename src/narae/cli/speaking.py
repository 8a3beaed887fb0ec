"""The libraries of the command line in the language of messages: typer's own words, and lines of Hangul."""

from __future__ import annotations

import gettext
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from rich.cells import cell_len
from rich.text import Text

from narae.base.language import DOMAIN, FOLDER, language, mark

# What typer asks gettext for.
TYPER = (
    *(
        mark("[default: {}]"),
        mark("[required]"),
        mark("Arguments"),
        mark("Options"),
        mark("Commands"),
    ),
    *(mark("Error"), mark("Aborted."), mark("Missing command."), mark("No such command {name!r}.")),
    mark("Try [blue]'{command_path} {help_option}'[/] for help."),
)


@contextmanager
def libraries_speak() -> Iterator[None]:
    """Within it gettext answers typer from narae's catalogue, and lines are measured in a terminal's cells.

    gettext reads the language from the environment, which is as before afterwards.
    """
    before, domain, strip = os.environ.get("LANGUAGE"), gettext.textdomain(), Text.rstrip_end
    os.environ["LANGUAGE"] = language()
    gettext.bindtextdomain(DOMAIN, str(FOLDER))
    gettext.textdomain(DOMAIN)
    Text.rstrip_end = _rstrip_end  # type: ignore[method-assign]
    try:
        yield
    finally:
        Text.rstrip_end = strip  # type: ignore[method-assign]
        gettext.textdomain(domain)
        if before is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = before


def _rstrip_end(text: Text, size: int) -> None:
    """Blanks at a line's end go where it is too wide. Rich counts letters, of which Hangul's take two cells: it leaves
    the blank, and then cuts off the last letter."""
    blanks = re.search(r"\s+$", text.plain)
    excess = cell_len(text.plain) - size
    if excess > 0 and blanks is not None:
        text.right_crop(min(len(blanks[0]), excess))
