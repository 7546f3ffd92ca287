"""`python -m casualty` is the `casualty` command."""

from casualty.cli import main

main()
