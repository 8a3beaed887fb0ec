"""The command `narae`: train, evaluate, predict."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable

from narae.base.language import ENGLISH, language, tr
from narae.base.language import speaking as in_language  # a module here has the name
from narae.base.names import printable


def main() -> None:
    """Run the command line. Errors a person can mend are one line, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name in another script must not end a training
            stream.reconfigure(errors="backslashreplace")
    with in_language(language() if _can_be_written() else ENGLISH):
        from narae.cli import commands  # its helps are texts of the language

        if language() == ENGLISH:
            _run(commands.app)
        else:
            with commands.libraries_speak():
                _run(commands.app)


def _can_be_written() -> bool:
    """Whether the terminal's encoding has the letters of the language, by a word of it."""
    try:
        for stream in (sys.stdout, sys.stderr):
            tr("Arguments").encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _run(app: Callable[[], object]) -> None:
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: _tell(str(message))
            app()
    except BrokenPipeError:  # the reader (`| head`) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except MemoryError as error:
        short = tr("not enough memory")
        _stop(f"{short}: {error}" if str(error) else short)
    except OSError as error:
        where = "" if error.filename is None else f": {error.filename}"
        _stop(f"{error.strerror}{where}" if error.strerror else str(error))
    except (ValueError, TypeError, ImportError) as error:
        _stop(str(error))


def _stop(message: str) -> None:
    _tell(message)
    sys.exit(1)


def _tell(message: str) -> None:
    print("narae:", printable(" ".join(message.split())), file=sys.stderr)


if __name__ == "__main__":
    main()
