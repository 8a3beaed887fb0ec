"""`python -m narae`: the command line."""

from narae.cli import main

main()
