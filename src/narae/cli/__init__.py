"""The command `narae`: train, evaluate, predict."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. Errors a person can mend are one line, without a traceback."""
    from narae.cli.commands import app

    try:
        app()
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(f"narae: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
