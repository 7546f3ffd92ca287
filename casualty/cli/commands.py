"""The whole tree of commands: every module that adds to it is imported here."""

from casualty.cli import (
    accounts,
    calibrating,
    converting,
    extracting,
    intake,
    keeping,
    patterns,
    publishing,
    reading,
    releasing,
    reporting,
    reviewing,
    running,
    scanning,
)
from casualty.cli.frame import app

__all__ = [
    "accounts",
    "app",
    "calibrating",
    "converting",
    "extracting",
    "intake",
    "keeping",
    "patterns",
    "publishing",
    "reading",
    "releasing",
    "reporting",
    "reviewing",
    "running",
    "scanning",
]
