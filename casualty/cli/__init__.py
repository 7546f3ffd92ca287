"""The command line: one screen each, words of the pages and modules. Heavy libraries are imported by the command that needs them."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from casualty.errors import CasualtyError, Interrupted

__all__ = ["app", "hoisted", "main", "run"]

# Commands of a group; whatever else follows the group's name is what its own command takes: intake FILE, review CODE.
GROUPS = {
    "intake": ("file", ("propose", "list", "withdraw", "file", "--help")),
    "review": ("judge", ("queue", "assign", "pairs", "draw", "agreement", "judge", "--help")),
}


def __getattr__(name: str) -> Any:
    """The tree of commands is loaded by whoever asks for it: a scan of a parameter file does without."""
    if name == "app":
        from casualty.cli.commands import app

        return app
    raise AttributeError(name)


def hoisted(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with --db and --as before the command, and `intake FILE`, `review CODE` as what they stand for."""
    front: list[str] = []
    rest: list[str] = []
    pending = list(arguments)
    while pending:
        part = pending.pop(0)
        if part == "--":
            rest += [part, *pending]
            break
        if part in ("--db", "--as") and pending:
            front += [part, pending.pop(0)]
        elif part.startswith(("--db=", "--as=")):
            front.append(part)
        else:
            rest.append(part)
    own, others = GROUPS.get(rest[0], ("", ())) if rest[1:] else ("", ())
    if own and rest[1] not in others:
        rest.insert(1, own)
    return front + rest


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; a user's error is told in words, never as a traceback."""
    try:
        _command(hoisted(arguments))
    except CasualtyError as told:
        print(f"casualty: {told}", file=sys.stderr)
        return told.exit_code
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except KeyboardInterrupt:
        return Interrupted.exit_code
    return 0


def _command(arguments: list[str]) -> None:
    if arguments[:2] == ["patterns", "scan"] and any(part.split("=")[0] == "--prm" for part in arguments):
        from casualty.cli import parameters

        parameters.command(arguments[2:])
        return
    from casualty.cli.commands import app

    app(arguments, prog_name="casualty")


def main() -> None:
    """Entry of the `casualty` command."""
    code = run(sys.argv[1:])
    if frame := sys.modules.get("casualty.cli.frame"):
        for store in frame.OPENED:
            store.close()  # SQLite then folds its log into the one file that people copy
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.stderr.flush()
    # Nothing is left to be done: taking the interpreter apart piece by piece would cost a quarter of a second.
    os._exit(code)
