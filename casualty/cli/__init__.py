"""The command line: one screen each, words of the pages and modules. Heavy libraries are imported by the command that needs them."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from casualty.cli import accounts, intake, keeping, reading, reviewing
from casualty.cli.frame import OPENED, app, say
from casualty.errors import CasualtyError, Interrupted

__all__ = ["accounts", "app", "hoisted", "intake", "keeping", "main", "reading", "reviewing", "run"]

# Commands of a group; whatever else follows the group's name is what its own command takes: intake FILE, review CODE.
GROUPS = {
    "intake": ("file", ("propose", "list", "withdraw", "file", "--help")),
    "review": ("judge", ("queue", "assign", "pairs", "draw", "agreement", "judge", "--help")),
}


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
        app(hoisted(arguments), prog_name="casualty")
    except CasualtyError as told:
        say(f"casualty: {told}")
        return told.exit_code
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except KeyboardInterrupt:
        return Interrupted.exit_code
    return 0


def main() -> None:
    """Entry of the `casualty` command."""
    code = run(sys.argv[1:])
    for store in OPENED:
        store.close()  # SQLite then folds its log into the one file that people copy
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.stderr.flush()
    # Nothing is left to be done: taking the interpreter apart piece by piece would cost a quarter of a second.
    os._exit(code)
